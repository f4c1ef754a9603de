"""What talking to gateways cost, for `stats`: many threads count, one reads."""

from __future__ import annotations

import threading
from dataclasses import field

from wizard.records import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """The counts at one moment; subtract an earlier reading to see what a request cost."""

    connections: int = 0
    """SSH connections opened, those to jump hosts included."""
    round_trips: int = 0
    """Scripts run, each one request and one answer."""
    commands: int = 0
    """Commands in those scripts."""

    def __sub__(self, earlier: Reading) -> Reading:
        return Reading(
            self.connections - earlier.connections,
            self.round_trips - earlier.round_trips,
            self.commands - earlier.commands,
        )


@dataclass(slots=True)
class Meter:
    """Counts; safe to share between the connections of a session."""

    _reading: Reading = field(default_factory=Reading)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, *, connections: int = 0, round_trips: int = 0, commands: int = 0) -> None:
        """Adds to the counts."""
        with self._lock:
            now = self._reading
            self._reading = Reading(
                now.connections + connections, now.round_trips + round_trips, now.commands + commands
            )

    def read(self) -> Reading:
        """The counts now."""
        with self._lock:
            return self._reading
