"""How a tunnel is brought up on two gateways, whatever IKE daemons they run.

The captures, pings and counters are Linux's; what the daemons are asked comes from the dialect of each end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from wizard.choreography import Part, Watching
from wizard.facts.derive import attempt
from wizard.facts.derive.exercise import RECENT_LOG
from wizard.facts.focus import Focus
from wizard.facts.model import End
from wizard.facts.parsers import charon_outlets, clock, spoken
from wizard.facts.probes import Command
from wizard.facts.snapshot import Snapshot
from wizard.platforms import auth_server_scripts, charon_journal, linux, surroundings
from wizard.platforms.dialect import ATTEMPT_S, Dialect
from wizard.platforms.trials import LISTENING, Dialects


def attempt_parts(
    initiator: End, focuses: Mapping[End, Focus], snapshots: Mapping[End, Snapshot], dialects: Dialects
) -> dict[End, Part]:
    """The four-point exercise: capture at both outsides, initiate at one, then read logs and SAs.

    Earlier attempts that still wait for an answer are ended at both ends first, because their repeated packets
    would be taken for answers. The daemon's message counters stand in only where its log may not be read: each
    command costs time.
    """
    parts: dict[End, Part] = {}
    for end, snapshot in snapshots.items():
        focus, starts, dialect = focuses[end], end == initiator, dialects.get(end)
        watch = _watch(attempt.CAPTURE, focus, _ike_filter(focus), 400)
        if dialect is None:
            parts[end] = Part(watches=(watch,), before=(_clock(),))
            continue
        readable = _log_readable(snapshot)
        file = charon_outlets.file_of(snapshot.outputs[RECENT_LOG].stdout) if readable else None
        counted = not readable or _too_quiet(snapshot)
        gone = dialect.half_open_gone(focus)
        parts[end] = Part(
            watches=(watch,),
            before=(
                *(gone if _half_open(snapshot, focus) else ()),
                *(_counters(dialect, "ike-counters-before") if counted else ()),
                *((charon_journal.mark(file),) if file is not None and not file.shared else ()),
                _clock(),
            ),
            act=(*dialect.initiate(focus), *_peer_ping(focus)) if starts else (),
            after=(
                dialect.sas("sas-after"),
                *((replace(surroundings.NEIGHBOURS, id=attempt.NEXT_HOP),) if starts else ()),
                *(_counters(dialect, attempt.COUNTERS) if counted else ()),
                *((charon_journal.of_file(file) if file is not None else dialect.log(),) if readable else ()),
                *((gone if dialect.retries else _where_it_waits(gone)) if starts else ()),
            ),
        )
    return parts


def auth_server_parts(
    _starter: End, _focuses: Mapping[End, Focus], snapshots: Mapping[End, Snapshot], _dialects: Dialects
) -> dict[End, Part]:
    """Each gateway tries the servers that decide on its peers; nothing is watched, so there is no starter."""
    stores = [snapshot.certificates for snapshot in snapshots.values()]
    return {end: Part(after=(auth_server_scripts.command(stores),)) for end in snapshots}


def _watch(probe: str, focus: Focus, expression: str, limit: int) -> Watching:
    return Watching(linux.capture(probe, focus.outside_interface, expression, limit), LISTENING)


def _log_readable(snapshot: Snapshot) -> bool:
    log = snapshot.outputs.get(RECENT_LOG)
    return log is not None and log.problem is None and log.exit_code == 0


def _too_quiet(snapshot: Snapshot) -> bool:
    return spoken.too_quiet(snapshot.implementation, snapshot.outputs[RECENT_LOG].stdout) is True


def _half_open(snapshot: Snapshot, focus: Focus) -> bool:
    """Whether an attempt of this tunnel may still wait for an answer; not knowing counts as yes."""
    if focus.connection is None:
        return False
    if snapshot.sas is None:
        return True
    return any(sa.name == focus.name and sa.state == "connecting" for sa in snapshot.sas)


def _where_it_waits(commands: Sequence[Command]) -> tuple[Command, ...]:
    """These commands, for where the attempt took so long that it may still wait for an answer."""
    seconds = "".join(str(one) for one in range(ATTEMPT_S - 1))
    return tuple(
        replace(one, needs=f'case $TOOK in *" {attempt.ATTEMPT}:"[{seconds}]" "*) false ;; esac')
        for one in commands
    )


def _peer_ping(focus: Focus) -> tuple[Command, ...]:
    return tuple(linux.pinged(attempt.PING, peer, None, 2) for peer in focus.peer_addresses[:1])


def _counters(dialect: Dialect, probe: str) -> tuple[Command, ...]:
    command = dialect.counters(probe)
    return () if command is None else (command,)


def _clock() -> Command:
    return Command("clock-before", clock.COMMAND, 5, show="date", limits="bare")


def _ike_filter(focus: Focus) -> str:
    """IKE from or to anybody (a peer behind NAT has another address), pings from the peer."""
    ike = "udp port 500 or (udp port 4500 and udp[8:4] = 0)"
    if not focus.peer_addresses:
        return f"{ike} or icmp"
    return f"{ike} or ((icmp or icmp6) and ({_hosts(focus)}))"


def _hosts(focus: Focus) -> str:
    return " or ".join(f"host {peer}" for peer in focus.peer_addresses)
