"""What a flow is made of once it is loaded: trees, nodes, branches, causes.

These records are what the engine walks; how they are written as YAML stands in `docs/writing-a-flow.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final, Literal

from wizard.errors import Place
from wizard.flow.rule import Rule
from wizard.records import dataclass

Confidence = Literal["certain", "likely", "possible"]
EndsWord = Literal["here", "there", "both", "near", "far"]
SegmentWord = Literal["lan", "gateway", "wan"]
MarkWord = Literal["ok", "warn", "fail", "unknown"]
From = Literal["near", "far", "either"]
AtWord = Literal["here", "there", "near", "far", "both", "right", "wrong"]
"""Where a step is done: where the cause was found or opposite, at the end that counts as right or at the other."""
Stops = Literal["nothing", "tunnel", "others"]
"""What stops while a remedy is carried out: nothing that works, the tunnel itself, other tunnels as well."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A cause as a branch or a leaf names it."""

    cause: str
    confidence: Confidence = "certain"
    ends: EndsWord | None = None
    """Which ends it is about; None: those the rule held at (`here`), or both when it names no `here`."""
    summary: str | None = None
    """One sentence with {here}, {there}, {near}, {far}, {fact:NAME}; None: the catalogue's."""
    alternatives: tuple[str, ...] = ()
    """Causes that this evidence cannot tell apart from it; reported after it as possible."""
    excludes: tuple[str, ...] = ()
    """Causes this evidence rules out."""
    ask_peer: tuple[str, ...] = ()
    """What to ask the other end's administrator for, one sentence each."""
    collect: tuple[str, ...] = ()
    """What to collect at this end, one sentence each."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One way on from a check: where the rule holds (or None for `else`), go there."""

    rule: Rule | None
    to: str | None
    """Full id "tree.node" of the next node; None when the branch ends in a verdict."""
    verdict: Verdict | None = None
    warn: Verdict | None = None
    """Noted as a warning, then the walk goes on."""
    also: Verdict | None = None
    """Noted as a further cause, then the walk goes on."""
    mark: MarkWord | None = None
    say: str | None = None
    """The answer in plain words; None: made from the rule."""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A node that branches on facts, after an exercise where it names one."""

    id: str
    title: str
    why: str
    branches: tuple[Branch, ...]
    term: str = ""
    source: str = ""
    exercise: str | None = None
    start_from: From = "near"
    segment: SegmentWord | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer of a question, and where it leads."""

    id: str
    label: str
    to: str


@dataclass(frozen=True, slots=True)
class Question:
    """A node that asks the operator what no probe can see; `otherwise` is taken when nobody can answer."""

    id: str
    title: str
    why: str
    choices: tuple[Choice, ...]
    otherwise: str
    term: str = ""
    source: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Jump:
    """A node that goes on in another tree."""

    id: str
    to: str
    """Full id of the node it leads to."""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """A node that names the cause."""

    id: str
    verdict: Verdict
    place: Place | None = None


Node = Check | Question | Jump | Leaf


@dataclass(frozen=True, slots=True)
class Tree:
    """One topic."""

    id: str
    title: str
    source: str
    start: str
    """Full id of its first node."""
    nodes: tuple[str, ...]
    file: str = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """One entry of the catalogue."""

    id: str
    title: str
    family: str
    plain: str = ""
    """What it means, for someone who has never seen it."""
    told_apart: str = ""
    """How it is told from its neighbours."""
    check: str = ""
    """The check that decides."""
    next_step: str = ""
    summary: str = ""
    """The one sentence of a finding, with {here}, {there}, {near}, {far}."""
    excludes: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class RemedyStep:
    """One action of a remedy and where it is done."""

    action: str
    """One of wizard.platforms.actions.ACTIONS."""
    at: AtWord = "here"
    options: Mapping[str, str] = field(default_factory=dict)
    when: Rule | None = None
    """Left out where this does not hold of the diagnosis' facts."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What mends a cause: steps, what proves that they helped, and what they mean for traffic."""

    id: str
    title: str
    mends: tuple[str, ...]
    steps: tuple[RemedyStep, ...]
    impact: str
    verified_by: str
    proves: Rule | None = None
    """What holds of the facts of a fresh diagnosis once it has helped; None: that the cause is gone."""
    stops: Stops = "nothing"
    stops_s: int = 0
    chooses: bool = False
    """Whether the operator says which end is right; if nobody does, it is the one the cause was not found at."""
    asks: Mapping[str, str] = field(default_factory=dict)
    """Files it needs from the operator's machine: name (as in `fix --given NAME=PATH`) → what to ask for."""
    warning: str = ""
    """What an operator should think of first."""
    guard_s: int = 180
    source: str = ""


@dataclass(frozen=True, slots=True)
class Referral:
    """Who has to act where no remedy of ours mends a cause, and what to tell them."""

    cause: str
    who: str
    tell: str
    """With {here}, {there}, {near}, {far} and {fact:NAME}."""


ENTRIES: Final = ("triage", "log")
"""Trees a walk begins with: gateways that can be asked, a log that was pasted."""


@dataclass(frozen=True, slots=True)
class Flow:
    """All knowledge, loaded: what one diagnosis runs on."""

    trees: Mapping[str, Tree]
    nodes: Mapping[str, Node]
    """Every node by its full id "tree.node"."""
    causes: Mapping[str, Cause]
    remedies: Mapping[str, Remedy] = field(default_factory=dict)
    """In their order: of several for one cause, the smallest change comes first."""
    referrals: Mapping[str, Referral] = field(default_factory=dict)
    """By cause."""
    setbacks: frozenset[str] = frozenset()
    """Causes that, when they are found after a change, mean that it did harm."""
    start: str = "triage"
    """The tree every diagnosis begins with."""
    digest: str = ""
    """Over all files read, so that a transcript says which knowledge was used."""
    files: tuple[str, ...] = field(default_factory=tuple)
