"""What came back from gateways, as it is kept: commands, how an end was reached, what it cost."""

from __future__ import annotations

from typing import Final

from wizard.facts.model import End
from wizard.records import dataclass


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """One command as it ran on one gateway, for the journal and the screen."""

    end: End
    gateway: str
    probe: str
    command: str
    stdout: str
    stderr: str
    exit_code: int | None
    elapsed_s: float
    truncated: bool = False
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class EndReport:
    """How it went at one end: reached or not, and if not, why."""

    end: End
    gateway: str
    reached: bool
    login_failed: bool = False
    managed: bool = True
    """False for an end nobody here can log in to (an address in the inventory)."""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What carrying out a request cost, for `stats`; seconds are wall-clock."""

    elapsed_s: float = 0.0
    connections: int = 0
    round_trips: int = 0
    commands: int = 0


NOTHING: Final = Cost()
"""The cost of what was not carried out."""
