"""All kinds of gateways: what is read of one that nobody knows yet, and which dialect it turns out to speak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from wizard.choreography import Part
from wizard.facts.derive import attempt
from wizard.facts.derive.exercise import RECENT_LOG
from wizard.facts.focus import Focus
from wizard.facts.model import End
from wizard.facts.parsers import spoken
from wizard.facts.probes import Command, Output
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import Configuration
from wizard.facts.vocabulary import AUTH_SERVERS, IKE, PATH_MTU, SERVICES, TRAFFIC
from wizard.platforms import exercises, linux, trials
from wizard.platforms.dialect import Dialect, Presence
from wizard.platforms.libreswan import LIBRESWAN
from wizard.platforms.stroke import STROKE
from wizard.platforms.swanctl import SWANCTL

DIALECTS: Final[tuple[Dialect, ...]] = (SWANCTL, STROKE, LIBRESWAN)
"""In the order of preference between equals."""

OBSERVE: Final[tuple[Command, ...]] = (
    *linux.OBSERVE,
    *(command for dialect in DIALECTS for command in dialect.observe),
)
"""Everything one diagnosis reads before it tries anything; what a gateway has nothing for costs it nothing."""

_PARTS: Final = {
    IKE: exercises.attempt_parts,
    TRAFFIC: trials.traffic_parts,
    PATH_MTU: trials.path_mtu_parts,
    SERVICES: trials.service_parts,
    AUTH_SERVERS: exercises.auth_server_parts,
}
_LOGS: Final = frozenset({attempt.LOG, RECENT_LOG})


def read(end: End, gateway: str, outputs: Sequence[Output]) -> Snapshot:
    """One gateway's snapshot from the outputs of OBSERVE; what could not be read stays None."""
    own = {
        dialect.name: {one.command.id: one for one in outputs if one.command in dialect.observe}
        for dialect in DIALECTS
    }
    ranks = [
        (dialect.presence(printed), _configured(dialect, printed), dialect)
        for dialect in DIALECTS
        if (printed := own[dialect.name])
    ]
    rank, _, spoken_here = max(ranks, key=lambda one: one[:2], default=(Presence.ABSENT, False, None))
    foreign = [one for dialect in DIALECTS if dialect is not spoken_here for one in dialect.observe]
    by_probe = {one.command.id: one for one in outputs if one.command not in foreign}
    fields = linux.read(by_probe)
    if spoken_here is not None:
        fields.update(spoken_here.read(by_probe))
        for probe, source in spoken_here.shared.items():
            if source in by_probe:
                command = replace(by_probe[source].command, id=probe)
                by_probe[probe] = replace(by_probe[source], command=command)
    return Snapshot(
        end=end,
        gateway=gateway,
        outputs=by_probe,
        implementation=spoken_here.name if spoken_here is not None and rank > Presence.ABSENT else None,
        **fields,
    )


def _configured(dialect: Dialect, printed: Mapping[str, Output]) -> bool:
    """Whether any connection of its own stands on disk, which decides between two that run alike."""
    disk = dialect.read(printed).get("disk")
    return isinstance(disk, Configuration) and bool(disk.connections)


def dialect_of(snapshot: Snapshot) -> Dialect | None:
    """The dialect a gateway that was read speaks."""
    return next((one for one in DIALECTS if one.name == snapshot.implementation), None)


def play(
    exercise: str, starter: End, focuses: Mapping[End, Focus], snapshots: Mapping[End, Snapshot]
) -> dict[End, Part]:
    """The parts of all ends that were read; raises KeyError for an exercise nobody knows."""
    dialects = {end: dialect_of(snapshot) for end, snapshot in snapshots.items()}
    return _PARTS[exercise](starter, focuses, snapshots, dialects)


def presentable(output: Output, implementation: str | None) -> str:
    """What an output looks like to a person: the journal's JSON becomes the lines the daemon would write."""
    if output.command.id not in _LOGS:
        return output.stdout
    return "".join(f"{line.line}\n" for line in spoken.log(implementation, output.stdout))
