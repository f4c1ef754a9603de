"""What the engine says and hears while a gateway is changed: requests, replies and events of mending."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from wizard.engine.plan import Plan
from wizard.engine.records import NOTHING, CommandRecord, Cost
from wizard.facts.model import End
from wizard.records import dataclass


@dataclass(frozen=True, slots=True)
class Draw:
    """Make the plan of a remedy; only reads."""

    remedy: str
    cause: str
    found_at: tuple[End, ...]
    """Where the cause was found, the end a remedy calls `here` first."""
    right: End
    """The end whose settings count where the two differ."""
    given: Mapping[str, str] = field(default_factory=dict)
    """What the operator gave beside, such as "ca-file": a path on the operator's machine."""


@dataclass(frozen=True, slots=True)
class Confirm:
    """Shall this plan be carried out? Nothing has been changed yet; the answer of whoever says nothing is no."""

    plan: Plan


Move = Literal["arm", "step", "watch", "keep", "undo", "look"]
"""arm the guard; do one step; look whether other tunnels still stand; keep; undo; see what became of it."""


@dataclass(frozen=True, slots=True)
class Change:
    """Carry out one move of a plan on its gateways."""

    move: Move
    plan: Plan
    guard: str
    """The guard's name."""
    step: int = 0
    """For "step": which one, from 0."""


@dataclass(frozen=True, slots=True)
class Keep:
    """The change is verified: shall it stay? Unless somebody says so in time, the guard undoes it."""

    plan: Plan
    seen: str
    """What was verified, in one sentence."""


@dataclass(frozen=True, slots=True)
class Mend:
    """The operator wants a cause mended; answers Finish."""

    remedy: str
    cause: str = ""
    """Which of the causes found; empty: the first that the remedy mends."""
    right: End | None = None
    """The end whose settings count; None: the one the cause was not found at."""
    given: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Drawn:
    """The plan, or why there is none; answers Draw."""

    plan: Plan | None
    problem: str = ""
    records: tuple[CommandRecord, ...] = ()
    cost: Cost = NOTHING


@dataclass(frozen=True, slots=True)
class Decided:
    """Yes or no; answers Confirm and Keep."""

    yes: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """One other tunnel's CHILD SA while a gateway is changed."""

    gateway: str
    name: str
    spi_in: str
    spi_out: str


@dataclass(frozen=True, slots=True)
class Changed:
    """What came of a move; answers Change."""

    ok: bool
    said: str = ""
    """Why not, or what is worth telling; one sentence."""
    state: Mapping[str, str] = field(default_factory=dict)
    """For each gateway, what has become of its guard: armed, undone, undone-in-part, kept, gone, unknown."""
    standing: tuple[Standing, ...] = ()
    """Other tunnels' CHILD SAs, for "arm" and "watch"."""
    drops: Mapping[str, int] = field(default_factory=dict)
    """For each gateway, how many packets its kernel has dropped for IPsec reasons, for "arm" and "watch"."""
    deadline: str = ""
    """For "arm": when the guard fires, UTC."""
    records: tuple[CommandRecord, ...] = ()
    cost: Cost = NOTHING


StepState = Literal["running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Stepped:
    """A step of a plan, or one of its other moves, has come to something."""

    title: str
    gateway: str
    state: StepState
    said: str = ""
    number: int = -1
    """The step's number from 0; -1 for arming, verifying, keeping, undoing."""


Result = Literal["kept", "undone", "failed", "refused"]


@dataclass(frozen=True, slots=True)
class Mended:
    """A remedy has come to its end: kept, undone (the gateways are as before), failed (nobody knows), refused."""

    remedy: str
    result: Result
    said: str
    plan: str = ""
    """The plan's hash."""
