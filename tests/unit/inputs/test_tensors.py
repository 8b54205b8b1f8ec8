"""Tensors of torch: by what is in them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from inviscid import cached
from inviscid.results import digest_of

torch = pytest.importorskip("torch")
Ran = Callable[[], list[str]]


@cached
def counted(tensor: Any) -> int:
    sys.audit("test.ran", "counted")
    return int(tensor.numel())


@cached
def made(size: int) -> Any:
    sys.audit("test.ran", "made")
    return torch.arange(float(size))


def test_equal_tensors_have_one_digest() -> None:
    tensor = torch.arange(100.0)
    assert digest_of(tensor) == digest_of(tensor.clone())
    assert digest_of(tensor[5:10]) == digest_of(torch.arange(5.0, 10.0))
    assert digest_of(tensor.view(10, 10)) == digest_of(torch.arange(100.0).reshape(10, 10))
    assert digest_of(tensor.view(10, 10).T) == digest_of(tensor.clone().view(10, 10).T)
    assert digest_of(torch.nn.Parameter(tensor)) == digest_of(torch.nn.Parameter(tensor.clone()))
    torch.manual_seed(0)
    layer = torch.nn.Linear(3, 2)
    torch.manual_seed(0)
    assert digest_of(layer) == digest_of(torch.nn.Linear(3, 2))


def test_what_differs_has_another() -> None:
    tensor = torch.arange(16.0)
    asking = tensor.clone().requires_grad_()
    (asking * 2).sum().backward()
    marked = tensor.clone()
    marked.note = "a"
    others = [
        tensor[1:], tensor.view(4, 4), tensor.view(4, 4).T, tensor.view(4, 4).T.contiguous(), tensor.to(torch.bfloat16),
        tensor.to(torch.complex64), tensor.clone().requires_grad_(), asking, torch.nn.Parameter(tensor), marked,
        tensor.bool(), torch.tensor(1.0), torch.zeros(0), torch.zeros(0, 3), tensor.to_sparse(), -tensor, tensor * 1j,
        (tensor * 1j).conj(),
    ]  # fmt: skip
    assert len({digest_of(one) for one in [tensor, *others]}) == 1 + len(others)
    assert digest_of((tensor * 1j).conj()) == digest_of(tensor * -1j)


def test_results_and_arguments(ran: Ran) -> None:
    tensor = made(20)
    assert torch.equal(made(20), tensor)
    assert counted(tensor) == counted(made(20)) == counted(torch.arange(20.0)) == 20
    assert ran() == ["made", "counted"]
    tensor[0] = 5.0
    counted(tensor)
    assert torch.equal(made(20), torch.arange(20.0))
    assert ran() == ["counted"]
