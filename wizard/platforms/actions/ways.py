"""Which way a gateway sends packets and by which router it could: read from all its routes, rules and files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from wizard.facts.parsers.iproute import Interface, Neighbour
from wizard.facts.parsers.routes import PolicyRule, Route, Routing
from wizard.facts.probes import Command

REFUSING: Final = frozenset({"blackhole", "unreachable", "prohibit", "throw"})
_ORDER: Final = ("local", "main", "default")
_STALE_WORDS: Final = frozenset({"linkdown", "dead", "offload", "trap", "rt_trap", "rt_offload", "pervasive"})
_ADDRESS = re.compile(
    r"(?<![\w.:/])(\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})(?![\w.:])"
)

GATEWAYS: Final = Command(
    "gateways",
    r"""
grep -HsEi '^[[:space:]]*(gateway|up|post-up)[[:space:]].*' /etc/network/interfaces /etc/network/interfaces.d/*
grep -HsEi '^[[:space:]]*Gateway[[:space:]]*=' /etc/systemd/network/*.network /run/systemd/network/*.network
$SUDO grep -HsEi '^[[:space:]]*(-?[[:space:]]*via|gateway4|gateway6)[[:space:]]*:' /etc/netplan/*.yaml
$SUDO grep -HsEi '^(gateway|address[0-9]*|route[0-9]*)[[:space:]]*=' /etc/NetworkManager/system-connections/*
grep -HsEi '^GATEWAY[0-9]*=' /etc/sysconfig/network /etc/sysconfig/network-scripts/ifcfg-*
grep -HsE '^ROUTER=' /run/systemd/netif/leases/*
grep -HsE 'option routers ' /var/lib/dhcp/*.leases /var/lib/dhclient/*.leases /var/lib/NetworkManager/*.lease
:""",
    5,
    show="grep -i gateway /etc/network/interfaces /etc/netplan/*.yaml … (and the DHCP leases)",
    limits="none",
)
"""Lines of the network's configuration and leases that name a router; no other line of those files is read."""


@dataclass(frozen=True, slots=True)
class Router:
    """A router that can be the way out, and why it is thought to be one."""

    address: str
    why: str
    sure: bool = True
    """False where it was only concluded from the neighbourhood."""


def chosen(routing: Routing, address: str, source: str = "") -> Route | None:
    """The route the kernel takes for an unmarked packet; None without any.

    A route that refuses is an answer, but for throw, which passes on to the next rule.
    """
    target = ip_address(address)
    rules = [rule for rule in routing.rules if _about(rule, target.version)]
    tables = [rule for rule in sorted(rules, key=lambda one: one.priority) if _applies(rule, address, source)]
    for rule in tables or [PolicyRule(0, "from all", "lookup", table, "") for table in _ORDER]:
        fitting = [
            route
            for route in routing.routes
            if route.table == rule.table
            and "dead" not in route.flags
            and (net := ip_network(route.destination)).version == target.version
            and target in net
        ]
        best = min(
            fitting, key=lambda one: (-ip_network(one.destination).prefixlen, one.metric), default=None
        )
        if best is not None and best.kind != "throw":
            return best
    return None


def _about(rule: PolicyRule, version: int) -> bool:
    """Rules of both families stand in one list; those that name an address belong to its family."""
    found = _ADDRESS.search(rule.selector)
    return found is None or (":" in found[1]) is (version == 6)


def _applies(rule: PolicyRule, address: str, source: str) -> bool:
    words = rule.selector.split()
    if rule.action != "lookup":
        return False
    negated = words[:1] == ["not"]
    known = dict(zip(words[1 if negated else 0 :: 2], words[2 if negated else 1 :: 2], strict=False))
    answers = [
        value == "all" or (bool(given) and _in(given, value))
        for key, given in (("from", source), ("to", address))
        if (value := known.get(key)) is not None
    ]
    answers += [False for key in ("fwmark", "iif", "oif", "uidrange", "ipproto") if key in known]
    return all(answers) is not negated


def _in(address: str, network: str) -> bool:
    try:
        return ip_address(address) in ip_network(network, strict=False)
    except ValueError:
        return False


def without(routing: Routing, gone: Route) -> Routing:
    """The same without one route."""
    return replace(routing, routes=tuple(one for one in routing.routes if one.line != gone.line))


def restored(route: Route) -> list[str]:
    """What `ip route add` wants, to have the route again as it was."""
    words = [word for word in route.line.replace("\\", " ").split() if word not in _STALE_WORDS]
    for key in ("error", "expires"):
        if key in words:
            at = words.index(key)
            del words[at : at + 2]
    return words


def routers(
    interface: Interface,
    peer: str,
    routing: Routing,
    neighbours: Iterable[Neighbour],
    configured: str,
    given: Mapping[str, str],
) -> tuple[Router, ...]:
    """Routers on an interface's networks, by the best evidence there is: several where that names several."""
    nets = [one.network for one in interface.addresses]
    own = {one.address for one in interface.addresses}
    if "gateway" in given:
        return (Router(given["gateway"], "as was given"),)
    by_route = [
        one for one in routing.routes if one.interface == interface.name and _beside(one.gateway, nets)
    ]
    default = [one for one in by_route if ip_network(one.destination).prefixlen == 0]
    written = [
        (address, line.partition(":")[0])
        for line in configured.splitlines()
        for address in _ADDRESS.findall(line.partition(":")[2])
        if _beside(address, nets) and address not in own
    ]
    near = [
        one
        for one in neighbours
        if one.interface == interface.name and _beside(one.address, nets) and one.address not in {peer, *own}
    ]
    alive = [one for one in near if one.alive]
    levels = (
        [Router(one.gateway, f"as its default route goes: {one.line}") for one in default],
        [Router(one.gateway, f"as another of its routes goes: {one.line}") for one in by_route],
        [Router(address, f"as {path} says") for address, path in written],
        [Router(one.address, "a router among its neighbours", sure=False) for one in near if one.router],
        [Router(one.address, "the only neighbour there", sure=False) for one in alive],
    )
    for level in levels:
        if level:
            return tuple({one.address: one for one in level}.values())
    return ()


def _beside(address: str, nets: Iterable[IPv4Network | IPv6Network]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in net for net in nets)


def claims(routing: Routing, network: str) -> Iterator[Route]:
    """Routes for exactly this network, in any table."""
    wanted = ip_network(network, strict=False)
    for route in routing.routes:
        if ip_network(route.destination) == wanted:
            yield route
