"""All kinds of gateways: what is read of one that nobody knows yet, and which dialect it turns out to speak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

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
from wizard.platforms import exercises, linux, surroundings, trials
from wizard.platforms.dialect import Dialect, Presence
from wizard.platforms.libreswan import LIBRESWAN
from wizard.platforms.stroke import STROKE
from wizard.platforms.swanctl import SWANCTL
from wizard.records import dataclass

DIALECTS: Final[tuple[Dialect, ...]] = (SWANCTL, STROKE, LIBRESWAN)
"""In the order of preference between equals."""

OBSERVE: Final[tuple[Command, ...]] = (
    *linux.OBSERVE,
    *(command for dialect in DIALECTS for command in dialect.observe),
)
"""Everything one diagnosis reads before it tries anything; what a gateway has nothing for costs it nothing."""

ORIENT: Final[tuple[Command, ...]] = (
    surroundings.ADDRESSES,
    *(
        command
        for command in OBSERVE
        if command.id in {"clock", "daemon", "daemon-stats", "connections", "sas", "config"}
    ),
)
"""What of it tells who speaks at a gateway, and which of its connections is the tunnel."""

apart = surroundings.apart
"""The outputs of OBSERVE as if each probe had had a command of its own."""

_PARTS: Final = {
    IKE: exercises.attempt_parts,
    TRAFFIC: trials.traffic_parts,
    PATH_MTU: trials.path_mtu_parts,
    SERVICES: trials.service_parts,
    AUTH_SERVERS: exercises.auth_server_parts,
}
_LOGS: Final = frozenset({attempt.LOG, RECENT_LOG})


def read(end: End, gateway: str, outputs: Sequence[Output]) -> Snapshot:
    """One gateway's snapshot from the outputs of OBSERVE, taken apart; what could not be read stays None."""
    found = [_heard(dialect, outputs) for dialect in DIALECTS]
    heard = max((one for one in found if one is not None), key=lambda one: one.rank, default=None)
    if heard is None:
        foreign = [command for dialect in DIALECTS for command in dialect.observe]
        by_probe = {one.command.id: one for one in outputs if one.command not in foreign}
        return Snapshot(end=end, gateway=gateway, outputs=by_probe, **linux.read(by_probe))
    by_probe = heard.outputs
    for probe, source in heard.dialect.shared.items():
        if source in by_probe:
            command = replace(by_probe[source].command, id=probe)
            by_probe[probe] = replace(by_probe[source], command=command)
    return Snapshot(
        end=end,
        gateway=gateway,
        outputs=by_probe,
        implementation=heard.dialect.name if heard.rank[0] > Presence.ABSENT else None,
        **{**linux.read(by_probe), **heard.fields},
    )


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a gateway answered in one dialect, and what was made of it."""

    dialect: Dialect
    outputs: dict[str, Output]
    """By probe; those of other dialects are not among them."""
    fields: dict[str, Any]
    rank: tuple[Presence, bool]
    """How much there is of it, then whether a connection of its own stands on disk: decides between two that run."""


def _heard(dialect: Dialect, outputs: Sequence[Output]) -> _Heard | None:
    """None where nothing was asked in that dialect."""
    own = {one.command.id: one for one in outputs if one.command in dialect.observe}
    if not own:
        return None
    foreign = [command for other in DIALECTS if other is not dialect for command in other.observe]
    by_probe = {one.command.id: one for one in outputs if one.command not in foreign}
    fields = dialect.read(by_probe)
    disk: Configuration | None = fields.get("disk")
    stored = disk is not None and bool(disk.connections)
    return _Heard(dialect, by_probe, fields, (dialect.presence(own, fields), stored))


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
