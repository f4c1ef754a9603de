"""Joins the user's terminal with one of the guest's, through a pseudo-terminal of our own.

The guest's kernel never gets the user's terminal itself: it cannot stop in the background of the user's
shell, and the user's terminal is as before whatever becomes of the guest.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from types import FrameType


def size() -> tuple[int, int]:
    """Rows and columns of the user's terminal, 24 and 80 where there is none."""
    with contextlib.suppress(OSError):
        columns, rows = os.get_terminal_size(sys.stdin.fileno())
        return rows, columns
    return 24, 80


@contextlib.contextmanager
def joined() -> Iterator[tuple[int, int]]:
    """A pseudo-terminal: our end and the guest's, both closed at the end."""
    ours, guests = os.openpty()
    try:
        tty.setraw(guests)
        yield ours, guests
    finally:
        os.close(ours)
        os.close(guests)


def relay(ours: int, going_on: Callable[[], bool], resized: Callable[[int, int], None]) -> None:
    """Copy keys in and output out while something goes on; `resized` hears of each new size."""
    keys = sys.stdin.fileno()
    changed = [False]

    def note(_number: int, _frame: FrameType | None) -> None:
        changed[0] = True

    with _raw(keys), _handled(signal.SIGWINCH, note):
        sources = [ours, keys]
        while going_on():
            if changed[0]:
                changed[0] = False
                resized(*size())
            ready, _, _ = select.select(sources, [], [], 0.1)
            if ours in ready:
                os.write(sys.stdout.fileno(), os.read(ours, 65536))
            if keys in ready:
                typed = os.read(keys, 4096)
                if typed:
                    os.write(ours, typed)
                else:
                    sources.remove(keys)
        while select.select([ours], [], [], 0)[0]:
            os.write(sys.stdout.fileno(), os.read(ours, 65536))


@contextlib.contextmanager
def _raw(keys: int) -> Iterator[None]:
    if not os.isatty(keys):
        yield
        return
    before = termios.tcgetattr(keys)
    try:
        tty.setraw(keys)
        yield
    finally:
        termios.tcsetattr(keys, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _handled(number: signal.Signals, handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)
