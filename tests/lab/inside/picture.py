"""What a node's network looks like, so that it can be compared with what it was and be put back.

Every process costs the guest tens of milliseconds, so this asks `ip` once a node and reads the rest itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.inside.namespace import inside, read
from tests.lab.inside.shell import must

_SYSCTL_FILES = (
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/net/ipv4/ip_no_pmtu_disc",
    "/proc/sys/net/ipv4/icmp_echo_ignore_all",
    "/proc/sys/net/core/xfrm_larval_drop",
)
_QUIET_QUEUES = {"noqueue"}
# strongSwan's own table of routes, which comes and goes with its SAs.
_STRONGSWAN_TABLE = "220"


@dataclass(frozen=True, slots=True)
class Picture:
    """A node's network in a form in which two of them can be compared."""

    links: frozenset[str]
    routes: frozenset[str]
    firewall: tuple[str, ...]
    sysctls: dict[str, str]


def picture(node: str) -> Picture:
    """Look at one node: links with addresses, MTU and queue, IPv4 routes and rules, firewall, sysctls."""
    asked = "address show\nroute show table all\nrule show\n"
    answers = list(_documents(must(["ip", "-n", node, "-json", "-batch", "-"], given=asked)))
    routes: list[dict[str, Any]] = [entry for answer in answers[1:] for entry in answer]
    return Picture(
        frozenset(_link(link) for link in answers[0] if link),
        frozenset(_route(r) for r in routes if str(r.get("table")) != _STRONGSWAN_TABLE and "." in str(r)),
        firewall(node),
        inside(node, _sysctls),
    )


def _documents(text: str) -> Iterator[list[dict[str, Any]]]:
    decoder = json.JSONDecoder()
    at = 0
    while (rest := text[at:].lstrip()) != "":
        found, length = decoder.raw_decode(rest)
        at = len(text) - len(rest) + length
        yield found


def _link(link: dict[str, Any]) -> str:
    addresses = [f"{a['local']}/{a['prefixlen']}" for a in link["addr_info"] if a["family"] == "inet"]
    state = "up" if "UP" in link["flags"] else "down"
    queue = link.get("qdisc", "noqueue")
    shown = "" if queue in _QUIET_QUEUES else f" queue {queue}"
    return f"{link['ifname']} {state} mtu {link['mtu']}{shown} {' '.join(addresses)}".rstrip()


def _route(route: dict[str, Any]) -> str:
    # Flags say how the link is just now (linkdown), which is the link's business.
    return " ".join(f"{key} {value}" for key, value in route.items() if key != "flags")


def firewall(node: str) -> tuple[str, ...]:
    """The rules and policies of the node's legacy iptables, without counters."""
    if not inside(node, lambda: read("/proc/thread-self/net/ip_tables_names")):
        return ()
    found: list[str] = []
    table = ""
    for line in must(["nsenter", f"--net=/run/netns/{node}", "iptables-legacy-save"]).splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith("-A") or (line.startswith(":") and " ACCEPT " not in line):
            found.append(f"{table} {line.partition(' [')[0]}")
    return tuple(found)


def _sysctls() -> dict[str, str]:
    files = [Path(name) for name in _SYSCTL_FILES]
    files += [file for folder in Path("/proc/sys/net/ipv4/conf").iterdir() for file in folder.iterdir()]
    # How long a NAT remembers: what one scenario shortens must not make the next one's tunnel die.
    files += Path("/proc/sys/net/netfilter").glob("nf_conntrack_*timeout*")
    return {str(file): text for file in files if (text := read(file))}


def put_back_sysctls(node: str, before: Picture) -> None:
    """Write the sysctls that differ from before; forwarding first, because it sets others."""

    def write() -> None:
        forward = "/proc/sys/net/ipv4/ip_forward"
        if read(forward) != before.sysctls[forward]:
            Path(forward).write_text(before.sysctls[forward], encoding="ascii")
        now = _sysctls()
        for name in now.keys() & before.sysctls.keys():
            if now[name] != before.sysctls[name]:
                Path(name).write_text(before.sysctls[name], encoding="ascii")

    inside(node, write)


def differences(before: Picture, now: Picture) -> list[str]:
    """What one of two pictures has and the other has not, one line each, the kind of thing first."""
    found: list[str] = []
    for kind in ("links", "routes", "firewall"):
        old, new = set(getattr(before, kind)), set(getattr(now, kind))
        found += [f"{kind}: gone: {line}" for line in sorted(old - new)]
        found += [f"{kind}: new: {line}" for line in sorted(new - old)]
    shared = before.sysctls.keys() & now.sysctls.keys()
    found += [
        f"sysctls: {k}: {before.sysctls[k]} is now {now.sysctls[k]}"
        for k in sorted(shared)
        if before.sysctls[k] != now.sysctls[k]
    ]
    return found
