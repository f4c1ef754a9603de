"""Ends whatever a connection has opened, at once and from any thread, so that nothing hangs on quit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress


class Cutoff:
    """What is to be closed, in the order it was opened; closed backwards, the inner before the outer."""

    def __init__(self) -> None:
        self._closers: list[Callable[[], object]] = []
        self._lock = threading.Lock()
        self._cut = threading.Event()

    @property
    def is_cut(self) -> bool:
        """Whether it has been cut; nothing that is opened afterwards stays open."""
        return self._cut.is_set()

    def add(self, closer: Callable[[], object]) -> None:
        """Remembers how to close something just opened; closes it right away when all is over."""
        with self._lock:
            if not self._cut.is_set():
                self._closers.append(closer)
                return
        _close(closer)

    def cut(self) -> None:
        """Closes everything, once. Threads that read from it wake up with the end of file."""
        with self._lock:
            self._cut.set()
            closers, self._closers = self._closers, []
        for closer in reversed(closers):
            _close(closer)


def _close(closer: Callable[[], object]) -> None:
    # Something that is broken already needs no closing, and must not keep the rest open.
    with suppress(OSError, EOFError, AttributeError, ValueError):
        closer()
