"""How a tunnel that is up is tried out: test traffic both ways, packet sizes, names and services.

All of it is Linux's own; the daemons are only asked for SAs that came up after the gateways were read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_address, ip_network
from shlex import quote
from typing import Final

from wizard.choreography import Part, Watching
from wizard.facts.derive import path_mtu, services, tags
from wizard.facts.derive.running import tunnel_children
from wizard.facts.focus import Focus
from wizard.facts.model import End
from wizard.facts.parsers import connect, dns, xfrm
from wizard.facts.parsers.iproute import interface_holding
from wizard.facts.probes import Command, Level
from wizard.facts.snapshot import Snapshot
from wizard.platforms import linux, pings
from wizard.platforms.dialect import Dialect
from wizard.platforms.pings import Echo

LISTENING: Final = "listening on"
ETHERNET_MTU: Final = 1500
"""What a path carries unless told otherwise, bytes."""
JUMBO_MTU: Final = 9000
Dialects = Mapping[End, Dialect | None]
"""The dialect of each end; None where no IKE implementation was found."""


def traffic_parts(
    starter: End, focuses: Mapping[End, Focus], snapshots: Mapping[End, Snapshot], dialects: Dialects
) -> dict[End, Part]:
    """Pings from one end, then from the other, with the SAs' counters before, between and after.

    What only explains a loss (routes, duplicate addresses) is asked where something was lost, firewall counters
    where a rule or policy drops anything, and the daemon's SAs where there were none when the gateways were read.
    """
    parts: dict[End, Part] = {}
    for end, snapshot in snapshots.items():
        focus, dialect = focuses[end], dialects.get(end)
        there = next((one for name, one in focuses.items() if name != end), None)
        watch = Watching(
            linux.capture(tags.CAPTURE, _interface(focus, snapshot), _traffic_filter(focus), 300),
            LISTENING,
        )
        counted = dialect if snapshot.states is None else None
        before = (_states(tags.BEFORE, counted), linux.kernel_counters(tags.KERNEL_BEFORE))
        last = [_states(tags.AFTER, counted), linux.kernel_counters(tags.KERNEL)]
        if dialect is not None and not tunnel_children(snapshot, focus):
            last.append(dialect.sas(tags.SAS))
        if snapshot.ruleset is not None and snapshot.ruleset.drops:
            last.append(linux.firewall_counters(tags.RULES))
        tests, between = _tests(focus, there, snapshot), _states(tags.BETWEEN, counted, dated=True)
        if end == starter:
            parts[end] = Part((watch,), before, act=tests, after=(between,), later=tuple(last))
        else:
            parts[end] = Part((watch,), before, act=(between, *tests), after=tuple(last))
    return parts


def path_mtu_parts(
    starter: End, focuses: Mapping[End, Focus], snapshots: Mapping[End, Snapshot], dialects: Dialects
) -> dict[End, Part]:
    """Packets of several sizes that must not be fragmented, inside the tunnel and outside it, from both ends."""
    parts: dict[End, Part] = {}
    for end, snapshot in snapshots.items():
        focus = focuses[end]
        there = next((one for name, one in focuses.items() if name != end), None)
        target = _remote_target(focus, there)
        echoes = [
            Echo(f"{path_mtu.INSIDE} {size}", target, focus.probe_source, size=size)
            for size in (path_mtu.sizes_inside(snapshot, focus) if target else ())
            if target is not None
        ]
        echoes += [
            Echo(f"{path_mtu.OUTSIDE} {size}", peer, None, size=size)
            for peer in focus.peer_addresses[:1]
            for size in path_mtu.OUTSIDE_SIZES
        ]
        watch = Watching(
            linux.capture(path_mtu.CAPTURE, _interface(focus, snapshot), "icmp[0] = 3 and icmp[1] = 4", 60),
            LISTENING,
        )
        act = (pings.command(path_mtu.PINGS, echoes, timeout_s=15),) if echoes else ()
        parts[end] = Part((watch,), act=act)
    return parts


def service_parts(
    starter: End, focuses: Mapping[End, Focus], snapshots: Mapping[End, Snapshot], dialects: Dialects
) -> dict[End, Part]:
    """The inventory's name and service, tried from the gateways it names, else from the other end of the tunnel."""
    parts: dict[End, Part] = {}
    for end, focus in focuses.items():
        if end not in snapshots:
            continue
        there = next((one for name, one in focuses.items() if name != end), None)
        name = focus.name_errand if _ours(focus, there, "name") else None
        service = focus.service_errand if _ours(focus, there, "service") else None
        echoes = []
        commands: list[Command] = []
        if name is not None:
            echoes.append(Echo(services.SERVER_PING, name.server, focus.probe_source, count=2))
            commands.append(_lookup(focus, name.server, name.name, name.expect))
        if service is not None:
            echoes.append(Echo(services.HOST_PING, service.host, focus.probe_source, count=2))
            commands.append(_connection(focus, service.host, service.port))
        if echoes:
            parts[end] = Part(act=(pings.command(services.PINGS, echoes), *commands))
    return parts


def _ours(focus: Focus, there: Focus | None, kind: str) -> bool:
    """Whether this end is the one to ask: where both may, the one that reaches the server through the tunnel."""
    mine, theirs = (_host(one, kind) if one is not None else None for one in (focus, there))
    if mine is None or theirs is None or there is None:
        return mine is not None
    return _within(mine, focus.remote_networks) or not _within(mine, there.remote_networks)


def _host(focus: Focus, kind: str) -> str | None:
    if kind == "name":
        return focus.name_errand.server if focus.name_errand is not None else None
    return focus.service_errand.host if focus.service_errand is not None else None


def _lookup(focus: Focus, server: str, name: str, expect: str | None) -> Command:
    kind = "AAAA" if expect is not None and ":" in expect else "A"
    text = (
        f"SERVER={quote(server)} NAME={quote(name)} KIND={kind} SOURCE={quote(focus.probe_source or '')} "
        f"QUERY={quote(dns.octal(dns.query(name, kind)))}\n{dns.COMMAND}"
    )
    shown = f"dig @{quote(server)} {quote(name)} {kind}"
    return Command(services.LOOKUP, text, 8, show=shown, level=Level.EXERCISE, limits="none")


def _connection(focus: Focus, host: str, port: int) -> Command:
    text = f"SERVER={quote(host)} SERVICE={port} SOURCE={quote(focus.probe_source or '')}\n{connect.COMMAND}"
    return Command(
        services.CONNECT,
        text,
        8,
        show=f"nc -zv -w 2 {quote(host)} {port}",
        level=Level.EXERCISE,
        limits="none",
    )


def _tests(focus: Focus, there: Focus | None, snapshot: Snapshot) -> tuple[Command, ...]:
    """To the other gateway's inside, to a host behind it, to the peer outside, to an own host; one large one."""
    echoes: list[Echo] = []
    if focus.probe_target is not None:
        echoes.append(Echo(tags.LAN_PING, focus.probe_target, focus.probe_source))
        if focus.local_address is not None and _private_use(focus):
            echoes.append(Echo(tags.BEYOND_PING, focus.probe_target, focus.local_address, count=2))
    target = _remote_target(focus, there)
    guess = _first_host(focus.remote_networks) if focus.probe_source is not None else None
    if there is not None and target is not None:
        tag = tags.REMOTE_PING if there.probe_target is not None else tags.TUNNEL_PING
        echoes.append(Echo(tag, target, focus.probe_source))
        if focus.probe_source is not None:
            size = _first_size(focus, snapshot)
            echoes.append(Echo(tags.LARGE_PING, target, focus.probe_source, size=size, adapt=True))
    elif guess is not None:
        target = guess
        echoes.append(Echo(tags.GUESS_PING, guess, focus.probe_source))
    if not echoes:
        return ()
    return (pings.command(tags.PINGS, echoes, lost=_explained(focus, target)),)


def _private_use(focus: Focus) -> bool:
    """Whether a packet with the outside address for its source would go to the host unencrypted, as it should."""
    return focus.local_address != focus.probe_source and not _within(
        focus.local_address or "", focus.remote_networks
    )


def _explained(focus: Focus, target: str | None) -> str:
    """What is asked once a ping was not answered: routes of what was lost, and who else has our address."""
    lines: list[str] = []
    if focus.probe_target is not None:
        way = _route_look(tags.LAN_ROUTE, focus.probe_target, None)
        lines.append(f"case \" $lost \" in *' {tags.LAN_PING} '*) {way} ;; esac")
    if target is None:
        return "\n".join(lines)
    looks = [_route_look(tags.TUNNEL_ROUTE, target, focus.probe_source)]
    looks += [
        f"one {tags.OUTSIDE_PING} -c 2 {quote(peer)} || far=silent" for peer in focus.peer_addresses[:1]
    ]
    if focus.local_address is not None and focus.outside_interface is not None:
        looks.append(
            '[ "${far-}" ] && command -v arping >/dev/null 2>&1 && '
            f"{{ echo '@@ {tags.DUPLICATE}'; $SUDO arping -D -c 2 -w 1 -I {quote(focus.outside_interface)} "
            f'{quote(focus.local_address)} 2>&1; echo "@= $?"; }}'
        )
    into = "|".join(f"*' {tag} '*" for tag in (tags.TUNNEL_PING, tags.REMOTE_PING, tags.GUESS_PING))
    lines.append(f'case " $lost " in {into})\n' + "\n".join(looks) + "\n;; esac")
    return "\n".join(lines)


def _route_look(tag: str, target: str, source: str | None) -> str:
    start = f" from {quote(source)}" if source else ""
    return f"echo '@@ {tag}'; ip route get {quote(target)}{start} 2>&1; echo \"@= $?\""


def _first_size(focus: Focus, snapshot: Snapshot) -> int:
    """What the SA carries over the outside interface; the kernel says if it takes less."""
    found = interface_holding(snapshot.interfaces or (), focus.local_address or "")
    outside = min(found.mtu, JUMBO_MTU) if found is not None and found.mtu is not None else ETHERNET_MTU
    return path_mtu.carried(outside, snapshot, focus)


def _remote_target(focus: Focus, there: Focus | None) -> str | None:
    if there is None:
        return None
    return there.probe_target or there.probe_source


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


def _states(probe: str, counted: Dialect | None, *, dated: bool = False) -> Command:
    """The SAs with their counters: the kernel's, or those of a daemon where the kernel's may not be read.

    `dated` puts the time before them, where captured packets are to be told apart by it.
    """
    command = (
        counted.sas(probe)
        if counted is not None
        else Command(probe, xfrm.STATES_COMMAND, 5, show="ip -s xfrm state list nokeys", limits="bare")
    )
    return replace(command, text=f"date +%s.%N; {command.text}") if dated else command


def _interface(focus: Focus, snapshot: Snapshot) -> str | None:
    """Where to capture: everywhere when packets to the peer leave by another interface than theirs arrive at."""
    holder = interface_holding(snapshot.interfaces or (), focus.local_address or "")
    if holder is not None and holder.name != focus.outside_interface:
        return None
    return focus.outside_interface


def _traffic_filter(focus: Focus) -> str:
    """ESP, ESP in UDP and AH from and to the peer, and pings that leave for the remote network in clear."""
    esp = "esp or ah or (udp port 4500 and udp[8:4] != 0)"
    networks = " or ".join(
        f"dst net {text.partition('[')[0]}" for text in focus.remote_networks if _plain(text)
    )
    hosts = " or ".join(f"host {peer}" for peer in focus.peer_addresses)
    wire = f"({esp}) and ({hosts})" if hosts else esp
    return f"({wire})" + (f" or (icmp and ({networks}))" if networks else "")


def _plain(selector: str) -> bool:
    return "/" in selector and not selector.startswith("0.0.0.0/0") and "-" not in selector


def _within(address: str, networks: Sequence[str]) -> bool:
    try:
        own = ip_address(address)
        nets = [ip_network(text.partition("[")[0], strict=False) for text in networks]
    except ValueError:
        return False
    return any(own.version == net.version and own in net for net in nets)
