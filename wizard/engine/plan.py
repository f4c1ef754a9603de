"""A change to gateways as data: a plan of steps, each with its way back.

Plans are made by the platforms, shown by the front ends, walked by `wizard.engine.course` and carried out step
by step on the gateways. They hold no secret: a step that writes one reads it from its standard input, and
the plan only says where it comes from.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from typing import Final, Literal

from wizard.facts.model import End
from wizard.flow.spec import Stops
from wizard.records import dataclass

GUARD_S: Final = 180
"""How long a guard waits for a word before it undoes everything, seconds."""

Source = Literal["generated", "read", "file"]


@dataclass(frozen=True, slots=True)
class Step:
    """One change on one gateway and what takes it back; the texts are for the gateway's POSIX shell, as root.

    They may use the words of `wizard.platforms.guard` (keep, put, give_back …), and leave with 0 when all is well.
    """

    end: End
    gateway: str
    title: str
    """What is done, in a few words for an operator, beginning with a verb."""
    apply: str
    undo: str = ""
    """Takes it back; may run twice, and after a half-done apply. Empty: there is nothing to take back."""
    requires: str = ""
    """A condition that holds as long as the gateway is as it was when the plan was made."""
    verify: str = ""
    """A condition that holds once the step is in force."""
    show: tuple[str, ...] = ()
    """The change as the operator could type it, one command a line."""
    show_undo: tuple[str, ...] = ()
    show_verify: str = ""
    diff: tuple[str, ...] = ()
    """Lines of a unified diff, secrets masked; empty where no file changes."""
    secret: str = ""
    """Name of the secret it reads as one line from standard input; empty: none."""
    undo_last: bool = False
    """Whether its undo comes after those of all other steps, as reading files again does."""
    lasts: bool = True
    """Whether it outlives a restart of the gateway; what does not is not undone after one."""
    limit_s: float = 20.0
    """After how long it counts as failed, seconds."""


@dataclass(frozen=True, slots=True)
class SecretNeed:
    """Where a secret that steps write comes from; its value lives in memory only."""

    name: str
    source: Source
    end: End | None = None
    """For "read": the gateway it is read from."""
    read: str = ""
    """For "read": what prints it there, base64 on one line, as root."""
    path: str = ""
    """For "file": the file on the operator's machine, base64 of its bytes being the secret."""


@dataclass(frozen=True, slots=True)
class Blast:
    """How much of one gateway a plan touches."""

    end: End
    gateway: str
    touched: tuple[str, ...] = ()
    """Connections that change, by name."""
    interrupted: tuple[str, ...] = ()
    """Other tunnels whose traffic stops for a moment, by name."""
    total: int = 0
    """All connections of the gateway."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that would be done for one remedy, before anything is."""

    remedy: str
    title: str
    cause: str
    tunnel: str
    impact: str
    """What it means for traffic, in one sentence."""
    verified_by: str
    """What has to be seen before it counts as mended, in one sentence."""
    stops: Stops = "nothing"
    stops_s: int = 0
    """For how long traffic stops at most, seconds."""
    steps: tuple[Step, ...] = ()
    blasts: tuple[Blast, ...] = ()
    secrets: tuple[SecretNeed, ...] = ()
    warnings: tuple[str, ...] = ()
    """What an operator should think of first, such as an algorithm that is weaker than before."""
    guard_seconds: int = GUARD_S
    refer: str = ""
    """Where nobody here can mend it: who has to act and what to tell them; there are no steps then."""
    hash: str = ""

    @property
    def touches(self) -> tuple[str, ...]:
        """Connections that change, as GATEWAY:NAME."""
        return tuple(f"{blast.gateway}:{name}" for blast in self.blasts for name in blast.touched)

    @property
    def interrupts(self) -> tuple[str, ...]:
        """Other tunnels whose traffic stops for a moment, as GATEWAY:NAME."""
        return tuple(f"{blast.gateway}:{name}" for blast in self.blasts for name in blast.interrupted)

    @property
    def gateways(self) -> tuple[str, ...]:
        """The gateways that are changed, in the order of the steps."""
        return tuple(dict.fromkeys(step.gateway for step in self.steps))

    @property
    def disruptive(self) -> bool:
        """Whether a gateway's name has to be typed before it is carried out."""
        return self.stops == "others" or bool(self.interrupts)

    def ends(self) -> tuple[End, ...]:
        """The ends that are changed, in the order of the steps."""
        return tuple(dict.fromkeys(step.end for step in self.steps))


def sealed(plan: Plan) -> Plan:
    """The plan with its hash: the same for the same change to gateways in the same state, and for no other.

    It is over everything that is carried out, and not over what is only shown, which may be redacted later.
    """
    steps = [
        (
            step.end,
            step.gateway,
            step.apply,
            step.undo,
            step.requires,
            step.verify,
            step.secret,
            step.undo_last,
            step.lasts,
        )
        for step in plan.steps
    ]
    needs = [asdict(need) for need in plan.secrets]
    text = json.dumps(
        [plan.remedy, plan.cause, plan.tunnel, plan.guard_seconds, steps, needs], sort_keys=True
    )
    return replace(plan, hash=hashlib.sha256(text.encode()).hexdigest()[:16])


def undo_order(steps: tuple[Step, ...]) -> tuple[int, ...]:
    """The numbers of the steps, from 0, in the order in which they are undone."""
    back = [number for number in range(len(steps) - 1, -1, -1) if not steps[number].undo_last]
    last = [number for number, step in enumerate(steps) if step.undo_last]
    return (*back, *last)
