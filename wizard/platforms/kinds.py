"""All kinds of gateways: what is read of one that nobody knows yet, and which dialect it turns out to speak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from wizard.choreography import Part
from wizard.facts.derive import attempt
from wizard.facts.derive.exercise import RECENT_LOG
from wizard.facts.focus import Focus
from wizard.facts.model import End
from wizard.facts.parsers import spoken
from wizard.facts.probes import Command, Output
from wizard.facts.snapshot import Snapshot
from wizard.facts.vocabulary import IKE, TRAFFIC
from wizard.platforms import exercises, linux
from wizard.platforms.dialect import Dialect, Presence
from wizard.platforms.swanctl import SWANCTL

DIALECTS: Final[tuple[Dialect, ...]] = (SWANCTL,)
"""In the order of preference between equals."""

OBSERVE: Final[tuple[Command, ...]] = (
    *linux.OBSERVE,
    *(command for dialect in DIALECTS for command in dialect.observe),
)
"""Everything one diagnosis reads before it tries anything; what a gateway has nothing for costs it nothing."""

_LOGS: Final = frozenset({attempt.LOG, RECENT_LOG})


def read(end: End, gateway: str, outputs: Sequence[Output]) -> Snapshot:
    """One gateway's snapshot from the outputs of OBSERVE; what could not be read stays None."""
    own = {
        dialect.name: {one.command.id: one for one in outputs if one.command in dialect.observe}
        for dialect in DIALECTS
    }
    ranks = [(dialect.presence(own[dialect.name]), dialect) for dialect in DIALECTS if own[dialect.name]]
    rank, spoken_here = max(ranks, key=lambda one: one[0], default=(Presence.ABSENT, None))
    foreign = [one for dialect in DIALECTS if dialect is not spoken_here for one in dialect.observe]
    by_probe = {one.command.id: one for one in outputs if one.command not in foreign}
    fields = linux.read(by_probe)
    if spoken_here is not None:
        fields.update(spoken_here.read(own[spoken_here.name]))
    return Snapshot(
        end=end,
        gateway=gateway,
        outputs=by_probe,
        implementation=spoken_here.name if spoken_here is not None and rank > Presence.ABSENT else None,
        **fields,
    )


def dialect_of(snapshot: Snapshot) -> Dialect | None:
    """The dialect a gateway that was read speaks."""
    return next((one for one in DIALECTS if one.name == snapshot.implementation), None)


def play(
    exercise: str, starter: End, focuses: Mapping[End, Focus], snapshots: Mapping[End, Snapshot]
) -> dict[End, Part]:
    """The parts of all ends that were read; raises KeyError for an exercise nobody knows."""
    dialects = {end: dialect_of(snapshot) for end, snapshot in snapshots.items()}
    parts = {IKE: exercises.attempt_parts, TRAFFIC: exercises.traffic_parts}[exercise]
    return parts(starter, focuses, snapshots, dialects)


def presentable(output: Output, implementation: str | None) -> str:
    """What an output looks like to a person: the journal's JSON becomes the lines the daemon would write."""
    if output.command.id not in _LOGS:
        return output.stdout
    return "".join(f"{line.line}\n" for line in spoken.log(implementation, output.stdout))
