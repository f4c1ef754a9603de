"""Whether one condition of a firewall rule holds for one packet: yes, no, or it cannot be told."""

from __future__ import annotations

from typing import Literal

from wizard.facts import ruleset
from wizard.facts.ruleset import Match, Network, Span, number, protocol_number
from wizard.records import dataclass

Way = Literal["input", "output", "forward", "source-nat"]
"""Where a packet goes: to the gateway itself, from it, through it, or past its source NAT."""


_STATES = frozenset({"new", "established", "related", "invalid", "untracked", "snat", "dnat"})


@dataclass(frozen=True, slots=True)
class Packet:
    """The packet asked about; None means not known, and a rule that looks at it only may fit."""

    src: str | None = None
    """An address or a network: a rule fits a network when it fits every address of it."""
    dst: str | None = None
    in_if: str | None = None
    out_if: str | None = None
    proto: str | None = None
    """Name or number: udp, tcp, icmp, esp, ah."""
    sport: int | None = None
    dport: int | None = None
    ipsec_in: bool = False
    """It came out of an IPsec SA."""
    ipsec_out: bool = False
    """It will go into an IPsec SA."""
    ipsec_terms: tuple[str, ...] = ()
    """What is known of that SA, as rules ask for it: "reqid=1", "proto=esp", "mode=tunnel",
    "tunnel-src=192.0.2.1", "tunnel-dst=198.51.100.1"."""
    state: str | None = "new"
    """What connection tracking says of it: new, established, related, invalid, snat, dnat."""
    mark: int | None = 0
    icmp_type: int | None = None


def fits(match: Match, packet: Packet, way: Way | None = None) -> bool | None:
    """Whether one condition holds for a packet; None when that cannot be told."""
    if match.kind == "unknown":
        return None
    answer = _plain(match, packet, way)
    if answer is None or (answer and match.partial):
        return None
    return answer is not match.negated


def _plain(match: Match, packet: Packet, way: Way | None) -> bool | None:
    kind = match.kind
    if kind in {"ipsec-in", "ipsec-out"}:
        return _protected(match, packet, packet.ipsec_in if kind == "ipsec-in" else packet.ipsec_out)
    if kind == "state":
        return _in_state(match, packet.state)
    if kind == "mark":
        return _marked(match, packet.mark)
    if kind == "family":
        family = family_of(packet)
        return None if family is None else family in match.items
    if kind == "packet-type":
        return not {"unicast", "host"}.isdisjoint(match.items)
    if kind in {"source-type", "destination-type"}:
        return _typed(match, way)
    return _of_headers(match, packet)


def _of_headers(match: Match, packet: Packet) -> bool | None:
    kind = match.kind
    if kind in {"in-interface", "out-interface"}:
        return _named(match, packet.in_if if kind == "in-interface" else packet.out_if)
    if kind in {"source", "destination"}:
        return _addressed(match, packet.src if kind == "source" else packet.dst)
    if kind == "protocol":
        return _numbered(match, None if packet.proto is None else protocol_number(packet.proto))
    if kind == "icmp-type":
        return (
            False if packet.proto not in {None, "icmp", "ipv6-icmp"} else _numbered(match, packet.icmp_type)
        )
    return _ported(match, packet)


def _protected(match: Match, packet: Packet, protected: bool) -> bool | None:
    """Whether the packet belongs to an SA, and to one such as the match wants."""
    if not protected or not match.items:
        return protected
    known = dict(term.split("=", 1) for term in packet.ipsec_terms if "=" in term)
    answers: list[bool | None] = []
    for item in match.items:
        key, _, wanted = str(item).partition("=")
        answers.append(known[key] == wanted if key in known else None)
    return False if False in answers else None if None in answers else True


def _named(match: Match, name: str | None) -> bool | None:
    if name is None:
        return None
    for item in match.items:
        if isinstance(item, str) and (name.startswith(item[:-1]) if item.endswith("*") else name == item):
            return True
    return False


def _addressed(match: Match, text: str | None) -> bool | None:
    if text is None:
        return None
    mine = ruleset.network(text)
    if mine is None:
        return None
    answer: bool | None = False
    for item in match.items:
        if isinstance(item, str):
            answer = None
        elif not isinstance(item, Span) and item.version == mine.version:
            if _inside(mine, item):
                return True
            if _inside(item, mine):
                answer = None
    return answer


def _inside(inner: Network, outer: Network) -> bool:
    return int(outer.network_address) <= int(inner.network_address) and int(inner.broadcast_address) <= int(
        outer.broadcast_address
    )


def _numbered(match: Match, value: int | None) -> bool | None:
    if value is None:
        return None
    if any(isinstance(item, Span) and item.first <= value <= item.last for item in match.items):
        return True
    return None if any(isinstance(item, str) for item in match.items) else False


def _ported(match: Match, packet: Packet) -> bool | None:
    if packet.proto is not None and protocol_number(packet.proto) not in {6, 17, 132, 136}:
        return False
    if match.kind == "any-port":
        answers = (_numbered(match, packet.sport), _numbered(match, packet.dport))
        return True if True in answers else None if None in answers else False
    return _numbered(match, packet.sport if match.kind == "source-port" else packet.dport)


def _in_state(match: Match, state: str | None) -> bool | None:
    if state is None:
        return None
    if state in match.items:
        return True
    return False if _STATES.issuperset(match.items) else None


def _marked(match: Match, mark: int | None) -> bool | None:
    if mark is None:
        return None
    for item in match.items:
        value, _, mask = str(item).partition("/")
        wanted, bits = number(value), number(mask) if mask else 0xFFFFFFFF
        if wanted is None or bits is None:
            return None
        if mark & bits == wanted:
            return True
    return False


def _typed(match: Match, way: Way | None) -> bool | None:
    """Addresses by their kind: what comes in is addressed to the gateway, what is forwarded is not."""
    if way is None or way == "source-nat":
        return None
    own = "input" if match.kind == "destination-type" else "output"
    return ("local" if way == own else "unicast") in match.items


def family_of(packet: Packet) -> Literal["ip", "ip6"] | None:
    """The family of the packet's addresses, None when it has none."""
    for text in (packet.src, packet.dst):
        if text is not None and (net := ruleset.network(text)) is not None:
            return "ip" if net.version == 4 else "ip6"
    return None
