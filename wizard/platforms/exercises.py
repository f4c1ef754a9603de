"""How a tunnel is tried out on two gateways, whatever IKE daemons they run.

The captures, pings and counters are Linux's; what the daemons are asked comes from the dialect of each end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_network
from typing import Final

from wizard.choreography import Part, Watching
from wizard.facts.derive import attempt, traffic
from wizard.facts.derive.exercise import RECENT_LOG
from wizard.facts.focus import Focus
from wizard.facts.model import End
from wizard.facts.parsers import charon_outlets, clock, spoken
from wizard.facts.probes import Command
from wizard.facts.snapshot import Snapshot
from wizard.platforms import auth_server_scripts, charon_journal, linux
from wizard.platforms.dialect import Dialect

_LISTENING: Final = "listening on"
Dialects = Mapping[End, Dialect | None]
"""The dialect of each end; None where no IKE implementation was found."""


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
                *(_counters(dialect, attempt.COUNTERS) if counted else ()),
                *((charon_journal.of_file(file) if file is not None else dialect.log(),) if readable else ()),
                *(gone if starts else ()),
            ),
        )
    return parts


def traffic_parts(
    starter: End, focuses: Mapping[End, Focus], snapshots: Mapping[End, Snapshot], dialects: Dialects
) -> dict[End, Part]:
    """The traffic exercise: pings from one end, with counters and both outside interfaces before and after.

    The firewall's counters are read only where a rule or a policy drops anything.
    """
    parts: dict[End, Part] = {}
    there = next((focus for end, focus in focuses.items() if end != starter), None)
    for end, snapshot in snapshots.items():
        focus = focuses[end]
        dialect = dialects.get(end)
        looks: list[tuple[Callable[[str], Command], str]] = [(linux.kernel_counters, "kernel-counters")]
        if dialect is not None:
            looks.insert(0, (dialect.sas, "sas"))
        if snapshot.ruleset is not None and snapshot.ruleset.drops:
            looks.append((linux.firewall_counters, "firewall"))
        parts[end] = Part(
            watches=(_watch(traffic.CAPTURE, focus, _traffic_filter(focus), 200),),
            before=(
                *(_own_host(focus) if end != starter else ()),
                *(look(f"{name}-before") for look, name in looks),
            ),
            act=_pings(focus, there) if end == starter else (),
            after=tuple(look(f"{name}-after") for look, name in looks),
        )
    return parts


def auth_server_parts(
    _starter: End, _focuses: Mapping[End, Focus], snapshots: Mapping[End, Snapshot], _dialects: Dialects
) -> dict[End, Part]:
    """Each gateway tries the servers that decide on its peers; nothing is watched, so there is no starter."""
    stores = [snapshot.certificates for snapshot in snapshots.values()]
    return {end: Part(after=(auth_server_scripts.command(stores),)) for end in snapshots}


def _watch(probe: str, focus: Focus, expression: str, limit: int) -> Watching:
    return Watching(linux.capture(probe, focus.outside_interface, expression, limit), _LISTENING)


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


def _pings(focus: Focus, there: Focus | None) -> tuple[Command, ...]:
    """From the gateway's inside address: to the other gateway's inside, to a host behind it, to an own host."""
    commands: list[Command] = list(_own_host(focus))
    commands += [linux.pinged(traffic.OUTSIDE_PING, peer, None, 2) for peer in focus.peer_addresses[:1]]
    if there is not None and there.probe_source is not None:
        commands.append(linux.pinged(traffic.TUNNEL_PING, there.probe_source, focus.probe_source))
    if there is not None and there.probe_target is not None:
        commands.append(linux.pinged(traffic.REMOTE_PING, there.probe_target, focus.probe_source))
    known = there is not None and (there.probe_source is not None or there.probe_target is not None)
    guess = _first_host(focus.remote_networks)
    if not known and guess is not None and focus.probe_source is not None:
        commands.append(linux.pinged(traffic.GUESS_PING, guess, focus.probe_source))
    return tuple(commands)


def _first_host(networks: Sequence[str]) -> str | None:
    """The first address of the first network, which is often a router's: better than no test packet at all."""
    for text in networks:
        try:
            network = ip_network(text.partition("[")[0], strict=False)
        except ValueError:
            continue
        if network.prefixlen:
            return str(network[1] if network.num_addresses > 1 else network[0])
    return None


def _own_host(focus: Focus) -> tuple[Command, ...]:
    if focus.probe_target is None:
        return ()
    return (linux.pinged(traffic.LAN_PING, focus.probe_target, focus.probe_source),)


def _peer_ping(focus: Focus) -> tuple[Command, ...]:
    return tuple(linux.pinged(attempt.PING, peer, None, 2) for peer in focus.peer_addresses[:1])


def _counters(dialect: Dialect, probe: str) -> tuple[Command, ...]:
    command = dialect.counters(probe)
    return () if command is None else (command,)


def _clock() -> Command:
    return Command("clock-before", clock.COMMAND, 5, show="date", limits="time")


def _ike_filter(focus: Focus) -> str:
    """IKE from or to anybody (a peer behind NAT has another address), pings from the peer."""
    ike = "udp port 500 or (udp port 4500 and udp[8:4] = 0)"
    if not focus.peer_addresses:
        return f"{ike} or icmp"
    return f"{ike} or ((icmp or icmp6) and ({_hosts(focus)}))"


def _traffic_filter(focus: Focus) -> str:
    esp = "esp or (udp port 4500 and udp[8:4] != 0)"
    networks = " or ".join(
        f"dst net {text.partition('[')[0]}" for text in focus.remote_networks if _plain(text)
    )
    wire = f"({esp}) and ({_hosts(focus)})" if focus.peer_addresses else esp
    return f"({wire})" + (f" or (icmp and ({networks}))" if networks else "")


def _hosts(focus: Focus) -> str:
    return " or ".join(f"host {peer}" for peer in focus.peer_addresses)


def _plain(selector: str) -> bool:
    return "/" in selector and not selector.startswith("0.0.0.0/0") and "-" not in selector
