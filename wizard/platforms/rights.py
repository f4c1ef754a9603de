"""Which commands observing, exercising and mending run as root on a gateway of a given kind.

They are not listed here: the dialects and exercises are asked for their commands, with words in place of names
and addresses, and `privileges` reads from those what root is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from wizard.engine.plan import Step
from wizard.facts.certificates import CertificateStore
from wizard.facts.derive.exercise import RECENT_LOG
from wizard.facts.focus import Focus
from wizard.facts.model import ENDS, End
from wizard.facts.parsers.charon_outlets import LogFile
from wizard.facts.probes import Command, Level, Output
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import Connection
from wizard.facts.vocabulary import AUTH_SERVERS, IKE, PATH_MTU, SERVICES, TRAFFIC
from wizard.platforms import charon_journal, kinds, linux
from wizard.platforms.dialect import Dialect
from wizard.platforms.guard import Guard
from wizard.platforms.libreswan import LIBRESWAN
from wizard.platforms.privileges import (
    ADDRESS,
    GUARD,
    INTERFACE,
    LOG,
    NAME,
    NUMBER,
    Invocation,
    distinct,
    invocations,
)
from wizard.platforms.stroke import STROKE
from wizard.platforms.swanctl import SWANCTL

DIALECTS: Final[Mapping[str, tuple[Dialect, ...]]] = {
    "auto": kinds.DIALECTS,
    "strongswan": (SWANCTL, STROKE),
    "libreswan": (LIBRESWAN,),
}
"""Platform of the inventory → the dialects a gateway of that kind may speak."""

_CONNECTION: Final = "ipsec-wizard-connection"
_CHILD: Final = "ipsec-wizard-child"
_INTERFACE: Final = "ipsec-wizard-interface"
_ADDRESS: Final = "ipsec-wizard-address"
_FILE: Final = "/var/log/ipsec-wizard-file"
_GUARD: Final = "ipsec-wizard-guard"
_STEP: Final = 700_700_700

SENTINELS: Final[Mapping[str, str]] = {
    _CONNECTION: NAME,
    _CHILD: NAME,
    _INTERFACE: INTERFACE,
    _ADDRESS: ADDRESS,
    _FILE: LOG,
    _GUARD: GUARD,
    str(_STEP): NUMBER,
}
"""Words that commands are built with here, and what may stand in their place."""

_FOCUS: Final = Focus(
    connection=Connection(name=_CONNECTION),
    local_address=_ADDRESS,
    peer_addresses=("192.0.2.1",),
    outside_interface=_INTERFACE,
    probe_source="192.0.2.2",
    probe_target="192.0.2.3",
    name=_CONNECTION,
    child_name=_CHILD,
)


class Purpose(StrEnum):
    """What a privilege is good for, so that each can be left out by itself."""

    OBSERVE = "observe"
    KEYS = "keys"
    """Reads configuration files whole, keys among them; they are turned into digests on the gateway."""
    EXERCISE = "exercise"
    MEND = "mend"


@dataclass(frozen=True, slots=True)
class Privilege:
    """One program as root, what it is for, and the command of a diagnosis it belongs to, as people know it."""

    invocation: Invocation
    purpose: Purpose
    shown: str


def observing(platform: str) -> tuple[Privilege, ...]:
    """Everything a diagnosis may run as root on a gateway of that platform; raises KeyError for another one."""
    dialects = DIALECTS[platform]
    found: dict[Invocation, Privilege] = {}
    for command in (*_read(dialects), *_tried(dialects)):
        for invocation in invocations(command.text, SENTINELS):
            found.setdefault(
                invocation, Privilege(invocation, _purpose(invocation, command), _title(command))
            )
    return tuple(found.values())


def mending() -> tuple[Privilege, ...]:
    """What carrying out a plan runs as root beside that; the same on every platform."""
    guard = Guard(_GUARD, "")
    step = Step(end="near", gateway="", title="", apply="", undo="", verify="")
    commands = (
        guard.arm([step]),
        guard.step(_STEP, step),
        guard.keep(),
        guard.undo(),
        guard.look(),
        guard.clear(),
    )
    return tuple(
        Privilege(one, Purpose.MEND, "")
        for one in distinct(one for command in commands for one in invocations(command.text, SENTINELS))
    )


def _title(command: Command) -> str:
    return command.show or command.id


def _purpose(invocation: Invocation, command: Command) -> Purpose:
    if invocation.program == "grep" and ("^",) in invocation.arguments:
        return Purpose.KEYS
    return Purpose.EXERCISE if command.level is Level.EXERCISE else Purpose.OBSERVE


def _read(dialects: Iterable[Dialect]) -> Iterator[Command]:
    yield from linux.OBSERVE
    for dialect in dialects:
        yield from dialect.observe
        yield dialect.sas("sas")
        if (counted := dialect.counters("counters")) is not None:
            yield counted
        yield dialect.log()
    if any(dialect is not LIBRESWAN for dialect in dialects):
        for shared in (False, True):
            yield charon_journal.of_file(LogFile(_FILE, 0, shared))
            yield charon_journal.mark(LogFile(_FILE, 0, shared))


def _tried(dialects: Iterable[Dialect]) -> Iterator[Command]:
    """The commands of every exercise, from either end, with a log that can be read and with none."""
    for dialect in dialects:
        yield from dialect.half_open_gone(_FOCUS)
        yield from dialect.initiate(replace(_FOCUS, child_name=""))
        for readable in (True, False):
            for exercise in (IKE, TRAFFIC, PATH_MTU, SERVICES, AUTH_SERVERS):
                for starter in ENDS:
                    yield from _parts(exercise, starter, dialect, readable=readable)


def _parts(exercise: str, starter: End, dialect: Dialect, *, readable: bool) -> Iterator[Command]:
    log = Output(Command(RECENT_LOG, ""), "", "", 0 if readable else 1, False, 0.0)
    snapshots = {
        end: Snapshot(end, end, {RECENT_LOG: log}, dialect.name, certificates=CertificateStore())
        for end in ENDS
    }
    focuses = dict.fromkeys(ENDS, _FOCUS)
    for part in kinds.play(exercise, starter, focuses, snapshots).values():
        yield from (watching.command for watching in part.watches)
        yield from (*part.before, *part.act, *part.after, *part.later)
