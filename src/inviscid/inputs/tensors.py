"""torch: tensors by dtype, shape, order, content, and whether they ask for a gradient.

    TENSOR class dtype shape order device asks digest grad attributes

`order` is empty for what is contiguous; else the dimensions from the widest stride to the narrowest. The content is
that of a contiguous copy on the CPU, which a contiguous tensor on the CPU needs not. `grad` is nil where there is none.
What a tensor was computed from is no part of it. Sparse, quantized and other layouts, and other subclasses than
parameters, are written as any other object.
"""

from __future__ import annotations

import sys
from typing import Any

from . import objects, tags
from .parts import Context, Node, Raw, Rule


def _tensor(context: Context, value: Any) -> Node | Raw:
    import torch

    plain = type(value) in (torch.Tensor, torch.nn.Parameter) and value.layout is torch.strided
    if not plain or value.is_quantized or value.device.type == "meta":
        return objects.reduce_rule(type(value)).expand(context, value)
    data = value.detach().cpu().contiguous().resolve_conj().resolve_neg().reshape(-1)
    content = context.content(data.view(torch.uint8).numpy().data if data.numel() else b"")
    strides = value.stride()
    order = () if value.is_contiguous() else tuple(sorted(range(value.dim()), key=lambda at: (-strides[at], at)))
    attributes = objects.named(context, dict(vars(value)))
    head = [context.refer(type(value)), str(value.dtype), tuple(value.shape), order, value.device.type]
    grad = value.grad if value.is_leaf else None
    return Node(tags.TENSOR, [*head, value.requires_grad, content, grad, attributes])


def families() -> dict[type | str, Rule]:
    """The rule of tensors, where torch is loaded."""
    return {"torch:Tensor": Rule(_tensor, tracked=True)} if "torch" in sys.modules else {}
