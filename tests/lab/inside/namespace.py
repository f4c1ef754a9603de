"""Does a piece of work in a node's network namespace without starting a process."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

_CLONE_NEWNET = 0x40000000
_Result = TypeVar("_Result")
_libc = ctypes.CDLL(None, use_errno=True)


def inside(node: str, work: Callable[[], _Result]) -> _Result:
    """Run `work` in a thread of its own that has entered the node's network."""

    def entered() -> _Result:
        with Path(f"/run/netns/{node}").open("rb") as namespace:
            if _libc.setns(namespace.fileno(), _CLONE_NEWNET) != 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number), node)
        return work()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(entered).result()


def read(file: str | Path) -> str:
    """The text of a small kernel file without its line end; empty when it cannot be read."""
    try:
        return Path(file).read_text(encoding="ascii").rstrip("\n")
    except OSError:
        return ""
