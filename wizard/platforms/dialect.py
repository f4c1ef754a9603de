"""What every IKE implementation is asked for, so that one diagnosis serves them all.

A dialect says what is read, how its outputs become records no vendor owns, and how one tunnel is tried out.
It decides nothing about a tunnel.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final, Protocol

from wizard.facts.derive import exercise
from wizard.facts.focus import Focus
from wizard.facts.probes import Command, Output

ATTEMPT_S: Final = 6
"""How long one attempt may take, seconds: long enough for one retransmission (charon: 4 s), far below its own 165 s."""
LOG_S: Final = 60
"""How far back the log is read after an attempt, seconds; it is cut to the attempt by the gateway's own clock."""
RECENT_S: Final = exercise.RECENT_S
"""How far back the log is read before anything is tried, seconds."""


class Presence(IntEnum):
    """How much there is of an implementation on a gateway; of several the one with the most is spoken to."""

    ABSENT = 0
    INSTALLED = 1
    CONFIGURED = 2
    """A connection of its own stands on disk."""
    RUNNING = 3
    """Its daemon answers."""
    IN_USE = 4
    """Its daemon answers and has connections loaded from its own configuration."""


class Dialect(Protocol):
    """One IKE implementation.

    Probes bear the same ids in all: daemon-stats, connections, sas, config, recent-log, ike-attempt, ike-log and
    ike-counters.
    """

    @property
    def name(self) -> str:
        """The value of the fact `implementation`."""

    @property
    def retries(self) -> bool:
        """Whether an attempt that was refused goes on by itself; else only one that took its whole time still waits."""

    @property
    def observe(self) -> tuple[Command, ...]:
        """Read-only commands, each with `needs`, so that they cost nothing where this is not installed."""

    @property
    def shared(self) -> Mapping[str, str]:
        """Probe → the probe whose output it is read from, where one command tells several things."""

    def presence(self, outputs: Mapping[str, Output], fields: Mapping[str, Any]) -> Presence:
        """How much there is of it, by the outputs of its own commands and what `read` made of them."""

    def read(self, outputs: Mapping[str, Output]) -> dict[str, Any]:
        """The snapshot's fields version, daemon_answers, daemon_line, disk, loaded and sas, as far as known.

        The outputs of the gateway's kernel and network may be among the given ones.
        """

    def initiate(self, focus: Focus) -> tuple[Command, ...]:
        """Brings the tunnel up; returns within ATTEMPT_S, whatever the peer does. The probe is `ike-attempt`."""

    def half_open_gone(self, focus: Focus) -> tuple[Command, ...]:
        """Ends attempts of this tunnel that still wait for an answer, and nothing that is established."""

    def sas(self, probe: str) -> Command:
        """Lists all SAs, to be read by `wizard.facts.parsers.spoken.sas`."""

    def counters(self, probe: str) -> Command | None:
        """The daemon's own message counters; None where it keeps none."""

    def log(self) -> Command:
        """The log of the last LOG_S seconds as probe `ike-log`, for `wizard.facts.parsers.spoken.log`."""
