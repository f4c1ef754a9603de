"""What is run on a gateway to learn something, and what came back."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from wizard.records import dataclass

Limits = Literal["all", "time", "none", "bare"]
"""all: may print without end and may hang. time: may hang, what it prints is bounded by what it reads.
none: reads what the kernel has at hand; only the batch's own deadline ends it.
bare: the same, and leaves nothing behind in a shell, so that it needs none of its own: one fixed program, no `exit`."""


class Level(StrEnum):
    """How far a command goes, so that the operator always sees whether something is only read."""

    OBSERVE = "observe"
    """Reads only."""
    EXERCISE = "exercise"
    """Sends test traffic or initiates the tunnel under test."""
    CHANGE = "change"
    """Changes the gateway; remedies only."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command for a gateway's POSIX shell; parts that need root are prefixed with `$SUDO `."""

    id: str
    """The probe it serves; unique within a batch."""
    text: str
    """What the shell gets; values in it are quoted by whoever built it."""
    timeout_s: float = 10.0
    """After how long it is ended on the gateway, seconds."""
    sensitive: bool = False
    """Whether its output may hold secrets, so that the journal keeps only its size."""
    show: str = ""
    """What the operator sees instead of `text`, where that is a script nobody would type."""
    level: Level = Level.OBSERVE
    needs: str = ""
    """A condition of the shell without which there is nothing to run, and no Output: it must cost no process.

    `$TOOK` holds ` ID:SECONDS ` for each command with a time limit that has run before it in the batch.
    """
    limits: Limits = "all"
    """What has to be held in check on the gateway: a cap costs a dozen processes, a time limit one."""


@dataclass(frozen=True, slots=True)
class Output:
    """What a command printed, or why there is nothing usable."""

    command: Command
    stdout: str
    stderr: str
    exit_code: int | None
    """None when it was killed, timed out, or the link was lost."""
    truncated: bool
    """Whether the middle was cut out because it printed too much."""
    elapsed_s: float
    problem: str | None = None
    """Why the output is not usable, as a clause without a capital; None when it is."""

    @property
    def shown(self) -> str:
        """The command as the operator could type it."""
        return self.command.show or self.command.text.replace("$SUDO ", "")
