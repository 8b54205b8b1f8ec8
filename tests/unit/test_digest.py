"""Digests of large buffers where a process was forked."""

from __future__ import annotations

import os
import signal
import time

import pytest

from inviscid.digest import digest

LARGE = bytes(8 << 20)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_hashes_what_is_large_after_its_parent_did() -> None:
    """The threads of the parent are not there in the child: who hands work to them waits for ever."""
    expected = digest(LARGE)
    child = os.fork()
    if child == 0:
        os._exit(0 if digest(LARGE) == expected else 1)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert os.waitstatus_to_exitcode(status) == 0
            return
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    pytest.fail("the child hangs")
