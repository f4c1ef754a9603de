"""Routes of all tables, routing rules, and the kernel's own answer to "how would you reach …?"."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import Final

from wizard.facts.parsers.framed import Section, sections
from wizard.facts.parsers.words import after, whole
from wizard.records import dataclass

ROUTES_COMMAND: Final = """\
echo '@@ routes'; ip -o -4 route show table all
echo '@@ routes6'; ip -o -6 route show table all 2>/dev/null
echo '@@ rules'; ip -4 rule show
echo '@@ rules6'; ip -6 rule show 2>/dev/null
:"""
"""Reads only; `ip route show` of all tables needs no rights."""

PEERS_SCRIPT: Final = """\
[ -z "${ZSH_VERSION-}" ] || emulate sh
found=$($SUDO grep -rhE --include='*.conf' '(remote_addrs|left|right)[[:space:]]*=' /etc/swanctl /etc/strongswan \\
  /etc/ipsec.conf /etc/ipsec.d 2>/dev/null)
set -f
nl='
'
IFS=$nl asked=' ' count=0
for line in $PEERS$nl$found; do
  IFS='=,{}" \t\r'
  for peer in ${line%%#*}; do
    case $peer in
    *[!0-9A-Fa-f.:]*|*.*:*|*:*.*|.*|*.|*..*|*.*.*.*.*) continue ;;
    *.*.*.*) case $peer in *[!0-9.]*) continue ;; esac ;;
    *:*:*) ;;
    *) continue ;;
    esac
    case $asked in *" $peer "*) continue ;; esac
    [ ${#peer} -lt 40 ] && [ $count -lt 64 ] || continue
    asked="$asked$peer " count=$((count + 1))
  done
done"""
"""Puts each address in $PEERS and in the configuration on disk into $asked.

Only what looks like an address gets that far; of files only values of address settings are read.
"""

LOOKUPS_COMMAND: Final = f"""\
{PEERS_SCRIPT}
IFS=' '
for peer in $asked; do
  echo "@@ $peer"; ip route get "$peer" 2>&1; echo "@= $?"
done"""
"""Asks the kernel for the way to each of those addresses."""

_KINDS: Final = frozenset(
    {
        "unicast",
        "local",
        "broadcast",
        "multicast",
        "unreachable",
        "blackhole",
        "prohibit",
        "throw",
        "nat",
        "anycast",
    }
)
_FLAGS: Final = frozenset(
    {"linkdown", "dead", "onlink", "pervasive", "offload", "trap", "rt_trap", "rt_offload"}
)
_REFUSED: Final = {
    "no route to host": "unreachable",
    "host is unreachable": "unreachable",
    "invalid argument": "blackhole",
    "permission denied": "prohibit",
    "network is unreachable": "none",
    "network unreachable": "none",
}
"""What the kernel answers for a route of that kind: EHOSTUNREACH, EINVAL, EACCES, ENETUNREACH."""
_RULE = re.compile(r"(\d{1,10}):\s{1,9}(.{1,400})")


@dataclass(frozen=True, slots=True)
class Route:
    """One route; one with several next hops is as many records with the same line."""

    destination: str
    """A network with its prefix length; the default route is 0.0.0.0/0 or ::/0."""
    kind: str
    gateway: str
    interface: str
    source: str
    table: str
    metric: int
    protocol: str
    flags: tuple[str, ...]
    line: str


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One routing rule; `action` is "lookup" or the rule's own answer (unreachable, prohibit, blackhole)."""

    priority: int
    selector: str
    action: str
    table: str
    line: str


@dataclass(frozen=True, slots=True)
class Routing:
    """Everything that decides where the kernel sends packets."""

    routes: tuple[Route, ...] = ()
    rules: tuple[PolicyRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Lookup:
    """The kernel's answer for one address; `reachable` None when neither a way nor a refusal was printed.

    `kind` is that of the route (unicast, local, unreachable, blackhole, prohibit …), "none" without a route.
    """

    address: str
    reachable: bool | None
    kind: str
    gateway: str
    interface: str
    source: str
    error: str
    line: str


def parse_routing(text: str) -> Routing:
    """Routes and rules of both families; also takes the bare output of `ip route` or `ip rule`."""
    routes: list[Route] = []
    rules: list[PolicyRule] = []
    for part in sections(text):
        family = 6 if part.name.endswith("6") else 4
        for line in _joined(part.lines):
            rule = _rule(line) if part.name in {"", "rules", "rules6"} else None
            if rule is not None:
                rules.append(rule)
            elif not part.name.startswith("rules"):
                routes += _routes(line, family)
    return Routing(tuple(routes), tuple(rules))


def _joined(lines: list[str]) -> list[str]:
    """Next hops on lines of their own (without -o) put back to their route."""
    joined: list[str] = []
    for line in lines:
        if joined and line[0] in " \t":
            joined[-1] += f" \\{line}"
        else:
            joined.append(line)
    return joined


def _rule(line: str) -> PolicyRule | None:
    found = _RULE.match(line)
    if not found:
        return None
    selector, lookup, rest = found[2].partition(" lookup ")
    if lookup:
        action, table = "lookup", (rest.split() or [""])[0]
    else:
        words = selector.split()
        action, table = words[-1], ""
        selector = " ".join(words[:-1])
    return PolicyRule(int(found[1]), selector.strip(), action, table, line.strip())


def _routes(line: str, family: int) -> list[Route]:
    words = line.replace("\\", " ").split()
    if not words or len(words) > 400:
        return []
    kind = words.pop(0) if words[0] in _KINDS and len(words) > 1 else "unicast"
    destination = _destination(words.pop(0), words, family)
    if destination is None:
        return []
    head, *hops = _split(words, "nexthop")
    return [
        Route(
            destination=destination,
            kind=kind,
            gateway=_gateway(hop) or _gateway(head),
            interface=after(hop, "dev") or after(head, "dev"),
            source=after(head, "src"),
            table=after(head, "table") or "main",
            metric=whole(after(head, "metric")) or 0,
            protocol=after(head, "proto"),
            flags=tuple(word for word in (*head, *hop) if word in _FLAGS),
            line=line.strip(),
        )
        for hop in (hops or [[]])
    ]


def _destination(word: str, rest: list[str], family: int) -> str | None:
    if word == "default":
        gateway = _gateway(rest)
        return "::/0" if ":" in gateway or (not gateway and family == 6) else "0.0.0.0/0"
    try:
        return str(ip_network(word, strict=False))
    except ValueError:
        return None


def _gateway(words: list[str]) -> str:
    via = after(words, "via")
    return after(words, via) if via in {"inet", "inet6"} else via


def _split(words: list[str], at: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in words:
        if word == at:
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def parse_lookups(text: str) -> tuple[Lookup, ...]:
    """One answer an address, in the order asked."""
    return tuple(_lookup(part) for part in sections(text) if part.name)


def _lookup(part: Section) -> Lookup:
    for line in part.lines:
        words = line.split()
        kind = words.pop(0) if words[0] in _KINDS and len(words) > 1 else "unicast"
        if not _same(words[0], part.name):
            continue
        refused = kind in {"unreachable", "blackhole", "prohibit", "throw"}
        return Lookup(
            address=part.name,
            reachable=not refused,
            kind=kind,
            gateway=_gateway(words),
            interface=after(words, "dev"),
            source=after(words, "src"),
            error=line.strip() if refused else "",
            line=line.strip(),
        )
    error = next((line.strip() for line in part.lines), "")
    kind = next((kind for words, kind in _REFUSED.items() if words in error.lower()), "")
    return Lookup(part.name, False if kind else None, kind, "", "", "", error, error)


def _same(word: str, address: str) -> bool:
    try:
        return ip_address(word) == ip_address(address)
    except ValueError:
        return False
