"""Keeps the program answering while gateways are waited for: Ctrl-C works at once, and waiting is said.

A request runs in a daemon thread, because a thread that waits for a gateway would otherwise keep the process
alive after the operator has left.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final

from wizard.facts.model import End
from wizard.ssh import ChangedHostKey, NeedsSecret, Secret, UnknownHostKey
from wizard.ui.conduct import Errand, GatewaysLike, Obtained, Progress
from wizard.ui.plain.lines import Lines

STILL_EVERY_S: Final = 10.0
"""Seconds of silence after which the program says what it waits for: rarely, because it is read aloud."""


class Patient:
    """Gateways that can be left while they work; carries requests out like those it is given."""

    def __init__(self, gateways: GatewaysLike, lines: Lines, still_every_s: float = STILL_EVERY_S) -> None:
        """Says on these lines, every `still_every_s` seconds, what is being waited for."""
        self._gateways = gateways
        self._lines = lines
        self._still_every_s = still_every_s
        self._latest: dict[End, tuple[Progress, float]] = {}

    def carry_out(self, request: Errand, progress: Callable[[Progress], None]) -> Obtained:
        """See `GatewaysLike`; KeyboardInterrupt stops the gateways' work and passes on."""
        done: SimpleQueue[Obtained | BaseException] = SimpleQueue()
        self._latest.clear()

        def moved(step: Progress) -> None:
            self._latest[step.end] = (step, time.monotonic())
            progress(step)

        def work() -> None:
            try:
                done.put(self._gateways.carry_out(request, moved))
            except BaseException as problem:  # noqa: BLE001  handed to whoever waits
                done.put(problem)

        threading.Thread(target=work, name="gateways", daemon=True).start()
        try:
            result = self._result(done)
        except KeyboardInterrupt:
            self._gateways.cancel()
            raise
        if isinstance(result, BaseException):
            raise result
        return result

    def _result(self, done: SimpleQueue[Obtained | BaseException]) -> Obtained | BaseException:
        while True:
            try:
                return done.get(timeout=self._still_every_s)
            except Empty:
                for step, since in list(self._latest.values()):
                    self._lines.say(
                        f"still running on {step.gateway} after {time.monotonic() - since:.0f} of at most "
                        f"{step.limit_s:.0f} s: {_first_line(step.text)}",
                        2,
                    )

    def provide(self, need: NeedsSecret, secret: Secret) -> None:
        """See `GatewaysLike`."""
        self._gateways.provide(need, secret)

    def accept(self, key: UnknownHostKey) -> None:
        """See `GatewaysLike`."""
        self._gateways.accept(key)

    def refuse(self, obstacle: NeedsSecret | UnknownHostKey | ChangedHostKey) -> None:
        """See `GatewaysLike`."""
        self._gateways.refuse(obstacle)

    def cancel(self) -> None:
        """See `GatewaysLike`."""
        self._gateways.cancel()

    def close(self) -> None:
        """See `GatewaysLike`."""
        self._gateways.close()


def _first_line(command: str) -> str:
    first, newline, _ = command.partition("\n")
    return f"{first} …" if newline else first
