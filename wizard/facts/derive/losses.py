"""What a gateway says about test packets that were not answered: routes, sizes, a second owner of its address."""

from __future__ import annotations

import re
from typing import Final

from wizard.facts.derive import tags
from wizard.facts.derive.witness import Witness
from wizard.facts.parsers.framed import Section
from wizard.facts.parsers.iproute import Interface, interface_holding
from wizard.facts.parsers.routes import Lookup, parse_lookups

_ANSWERED_FOR_US: Final = re.compile(r"Unicast reply from (\S{1,60}) \[(\S{1,40})\]")


def losses(witness: Witness) -> None:
    """Facts about what explains a loss; what was not asked because nothing was lost stays unsaid."""
    _large(witness)
    _route(witness, tags.TUNNEL_ROUTE, "tunnel_route", _tunnel_ways(witness), "tunnel")
    _route(witness, tags.LAN_ROUTE, "lan_host_route", {witness.focus.inside_interface or ""}, "inside")
    part = witness.parts.get(tags.DUPLICATE)
    if part is None:
        return
    double = next((found for line in part.lines if (found := _ANSWERED_FOR_US.search(line))), None)
    if double is not None:
        witness.book.note("address_duplicated", True, witness.book.cite(tags.PINGS, double.string))
    elif part.status == 0:
        line = part.lines[-1] if part.lines else "(nobody answered for the address)"
        witness.book.note("address_duplicated", False, witness.book.cite(tags.PINGS, line))


def _large(witness: Witness) -> None:
    """Large packets were taken by the tunnel and none was answered, while small ones were."""
    ping, book = witness.pings.get(tags.LARGE_PING), witness.book
    small = [
        one for tag in (tags.REMOTE_PING, tags.TUNNEL_PING) if (one := witness.pings.get(tag)) is not None
    ]
    if ping is None or not ping.transmitted:
        book.unknown("large_ping", "no large test packet could be sent")
    elif ping.received:
        book.note("large_ping", True, book.cite(tags.PINGS, ping.line))
    elif not any(one.answered for one in small):
        book.unknown("large_ping", "small packets are not answered either")
    else:
        book.note("large_ping", False, book.cite(tags.PINGS, ping.line))


def _tunnel_ways(witness: Witness) -> set[str]:
    """Interfaces by which packets for the remote network may leave: the outside ones, those of tunnels."""
    interfaces = witness.snapshot.interfaces or ()
    holder = interface_holding(interfaces, witness.focus.local_address or "")
    tunnels = [one.name for one in interfaces if _carries_tunnels(one)]
    return {witness.focus.outside_interface or "", holder.name if holder is not None else "", *tunnels}


def _carries_tunnels(interface: Interface) -> bool:
    return bool(interface.kind) or interface.name.startswith(("ipsec", "vti", "xfrm", "st"))


def _route(witness: Witness, tag: str, name: str, ways: set[str], right: str) -> None:
    part, book = witness.parts.get(tag), witness.book
    lookup = _lookup(part) if part is not None else None
    if lookup is None:
        return
    line = book.cite(tags.PINGS, lookup.line or lookup.error)
    if lookup.reachable is False:
        book.note(name, "missing", line)
    elif lookup.kind == "local" or (lookup.interface and lookup.interface not in ways):
        book.note(name, "elsewhere", line)
    else:
        book.note(name, right, line)


def _lookup(part: Section) -> Lookup | None:
    """The kernel's one answer, whatever address was asked for."""
    lines = part.lines
    if not lines:
        return None
    words = lines[0].split()
    place = 1 if words[0] in {"local", "unreachable", "blackhole", "prohibit", "broadcast"} else 0
    address = words[place] if len(words) > place else ""
    found = parse_lookups(
        f"@@ {address if address[:1].isdigit() or ':' in address else '0.0.0.0'}\n{part.body}"
    )
    return found[0] if found else None
