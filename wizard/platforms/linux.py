"""Linux gateways, whatever IKE daemon they run: the commands that read kernel, network and firewall."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote
from typing import Any, Final

from wizard.facts.parsers import (
    clock,
    counters,
    daemon,
    iproute,
    ping,
    routes,
    rulesets,
    sockets,
    sysctl,
    tcpdump,
    xfrm,
)
from wizard.facts.probes import Command, Level, Output
from wizard.platforms import surroundings

OBSERVE: Final[tuple[Command, ...]] = (
    Command("clock", clock.COMMAND, 5, show="date", limits="bare"),
    Command(
        "daemon",
        daemon.COMMAND,
        10,
        show="systemctl show strongswan strongswan-starter ipsec; pgrep -a charon",
        limits="time",
    ),
    Command("sockets", sockets.COMMAND, 5, limits="none"),
    surroundings.COMMAND,
    Command("sysctls", sysctl.COMMAND, 5, show="sysctl net.ipv4.ip_forward net.ipv4.conf", limits="bare"),
    Command("firewall", rulesets.COMMAND, 10, show="iptables-save -c; nft -j list ruleset", limits="time"),
    Command("xfrm-state", xfrm.STATES_COMMAND, 5, show="ip -s xfrm state list nokeys", limits="bare"),
    Command("xfrm-policy", xfrm.POLICIES_COMMAND, 5, show="ip -s xfrm policy list nosock", limits="bare"),
)
"""Read-only probes; every one may be run on a gateway in production."""

_READERS: Final[dict[str, Any]] = {
    "clock": ("clock", clock.parse),
    "daemon": ("daemon", daemon.parse),
    "sockets": ("sockets", sockets.parse),
    "addresses": ("interfaces", iproute.parse_addresses),
    "neighbours": ("neighbours", iproute.parse_neighbours),
    "route-lookups": ("lookups", routes.parse_lookups),
    "sysctls": ("sysctls", sysctl.parse),
    "firewall": ("ruleset", rulesets.parse),
    "xfrm-state": ("states", xfrm.parse_states),
    "xfrm-policy": ("policies", xfrm.parse_policies),
}
_MAY_BE_EMPTY: Final = frozenset({"sockets", "neighbours", "xfrm-state", "xfrm-policy"})
"""Probes whose empty answer means "none", not "could not look"."""


def read(outputs: Mapping[str, Output]) -> dict[str, Any]:
    """The snapshot's fields these probes yield; a probe that failed leaves its field out."""
    fields: dict[str, Any] = {}
    for probe, (name, parse) in _READERS.items():
        output = outputs.get(probe)
        if output is not None and usable(output):
            fields[name] = parse(output.stdout)
    return fields


def own_addresses(outputs: Mapping[str, Output]) -> tuple[str, ...]:
    """The gateway's addresses, which say on which side of a connection it stands."""
    listed = outputs.get("addresses")
    interfaces = iproute.parse_addresses(listed.stdout) if listed is not None else ()
    return tuple(one.address for interface in interfaces for one in interface.addresses)


def refused_files(output: Output) -> list[str]:
    """The files that `grep` may not read."""
    return [
        line.removeprefix("grep: ").removesuffix(": Permission denied")
        for line in output.stderr.splitlines()
        if line.endswith(": Permission denied")
    ]


def usable(output: Output) -> bool:
    """Whether an output says anything: a failed command that printed nothing says nothing."""
    if output.problem is not None:
        return False
    if output.stdout.strip():
        return True
    return output.command.id in _MAY_BE_EMPTY and output.exit_code == 0


def capture(probe: str, interface: str | None, expression: str, limit: int) -> Command:
    """A packet capture that ends by itself after `limit` packets or half a minute."""
    chosen = interface or "any"
    text = f"INTERFACE={quote(chosen)} FILTER={quote(expression)} LIMIT={limit}\n{tcpdump.COMMAND}"
    shown = f"tcpdump -ni {quote(chosen)} {quote(expression)}"
    return Command(probe, text, 30, show=shown, level=Level.EXERCISE, limits="none")


def pinged(probe: str, target: str, source: str | None, count: int = 3) -> Command:
    """One ping, and where it was not answered a few, quickly one after the other."""
    text = f"TARGET={quote(target)} SOURCE={quote(source or '')} COUNT={count}\n{ping.ASK}{ping.ONCE}{ping.COMMAND}"
    shown = f"ping -c {count} {f'-I {quote(source)} ' if source else ''}{quote(target)}"
    return Command(probe, text, 8, show=shown, level=Level.EXERCISE, limits="none")


def kernel_counters(probe: str) -> Command:
    """The kernel's IPsec and forwarding counters."""
    return Command(
        probe,
        counters.COMMAND,
        5,
        show="cat /proc/net/xfrm_stat /proc/net/snmp /proc/net/netstat",
        limits="bare",
    )


def firewall_counters(probe: str) -> Command:
    """All firewall rules with their packet counters."""
    return Command(probe, rulesets.COMMAND, 10, show="iptables-save -c; nft -j list ruleset", limits="none")
