"""One match of an nftables rule, with what nft leaves unsaid: `udp dport` also means the protocol is UDP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from typing import Any, Final

from wizard.facts.ruleset import (
    Item,
    Match,
    MatchKind,
    Span,
    network,
    networks_between,
    number,
    protocol_number,
)
from wizard.records import dataclass

Sets = dict[tuple[str, str, str], list[Any]]
"""Elements of the named sets and maps, by family, table and "@name"."""

UNKNOWN: Final = Match("unknown")

_META: Final[Mapping[str, MatchKind]] = {
    "iifname": "in-interface",
    "iif": "in-interface",
    "oifname": "out-interface",
    "oif": "out-interface",
    "l4proto": "protocol",
    "nfproto": "family",
    "protocol": "family",
    "mark": "mark",
    "ipsec": "ipsec-in",
    "secpath": "ipsec-in",
    "pkttype": "packet-type",
}
_PAYLOAD: Final[Mapping[str, MatchKind]] = {
    "saddr": "source",
    "daddr": "destination",
    "protocol": "protocol",
    "nexthdr": "protocol",
    "sport": "source-port",
    "dport": "destination-port",
}
_ADDRESS_TYPES: Final[Mapping[str, MatchKind]] = {"daddr": "destination-type", "saddr": "source-type"}
_FAMILIES: Final = {"ipv4": "ip", "ipv6": "ip6"}
_SERVICES: Final = {"ssh": 22, "domain": 53, "isakmp": 500, "ipsec-nat-t": 4500}
"""Services by the names older releases print in place of numbers, as far as tunnels are concerned."""
_NUMBERED: Final = frozenset({"protocol", "source-port", "destination-port", "icmp-type"})
_MOST: Final = 0xFFFFFFFF
_ICMP: Final = {
    "echo-reply": 0,
    "destination-unreachable": 3,
    "source-quench": 4,
    "redirect": 5,
    "echo-request": 8,
    "router-advertisement": 9,
    "router-solicitation": 10,
    "time-exceeded": 11,
    "parameter-problem": 12,
    "timestamp-request": 13,
    "timestamp-reply": 14,
}
_ICMP6: Final = {
    "destination-unreachable": 1,
    "packet-too-big": 2,
    "time-exceeded": 3,
    "parameter-problem": 4,
    "echo-request": 128,
    "echo-reply": 129,
    "mld-listener-query": 130,
    "nd-router-solicit": 133,
    "nd-router-advert": 134,
    "nd-neighbor-solicit": 135,
    "nd-neighbor-advert": 136,
    "nd-redirect": 137,
}


@dataclass(frozen=True, slots=True)
class _Left:
    """What a match looks at, what else must hold for it to be there, and how its values are read."""

    kind: MatchKind = "unknown"
    unsaid: tuple[Match, ...] = ()
    mask: str = ""
    term: str = ""
    partial: bool = False
    names: Mapping[str, int] = field(default_factory=dict)


def match_of(value: object, table: tuple[str, str], sets: Sets) -> list[Match]:
    """The conditions one match statement stands for, in a table given by family and name."""
    if not isinstance(value, dict):
        return [UNKNOWN]
    left, right, operator = _left(value.get("left"), table[0]), value.get("right"), value.get("op", "==")
    if left.kind == "unknown":
        return [*left.unsaid, UNKNOWN]
    if left.partial:
        return [*left.unsaid, Match(left.kind, partial=True)]
    if left.term:
        return [*left.unsaid, Match(left.kind, (f"{left.term}={right}",), partial=operator != "==")]
    negated = operator == "!="
    if left.kind in {"ipsec-in", "ipsec-out"}:
        return [*left.unsaid, Match(left.kind, negated=negated is not (right in (False, "missing")))]
    if operator in {"<", ">", "<=", ">="}:
        return [*left.unsaid, _compared(left, operator, right)]
    return [*left.unsaid, Match(left.kind, tuple(_items(left, right, table, sets)), negated)]


def _left(left: object, family: str) -> _Left:
    if (masked := _of(left, "&")) is not None:
        pair = masked if isinstance(masked, list) and len(masked) == 2 else [None, None]
        inner = _left(pair[0], family)
        mask = f"/{pair[1]}"
        return replace(inner, mask=mask) if inner.kind == "mark" else replace(inner, kind="unknown")
    meta, payload, fib = _of(left, "meta"), _of(left, "payload"), _of(left, "fib")
    if isinstance(meta, dict):
        return _Left(_META.get(str(meta.get("key")), "unknown"))
    if isinstance(payload, dict):
        return _payload(str(payload.get("protocol")), str(payload.get("field")), family)
    if isinstance(fib, dict) and fib.get("result") == "type":
        flags = fib.get("flags")
        only = flags[0] if isinstance(flags, list) and len(flags) == 1 else flags
        return _Left(_ADDRESS_TYPES.get(str(only), "unknown"))
    ct, rt, ipsec = _of(left, "ct"), _of(left, "rt"), _of(left, "ipsec")
    if isinstance(ct, dict) and ct.get("key") in {"state", "status"}:
        return _Left("state")
    if isinstance(rt, dict) and rt.get("key") == "ipsec":
        return _Left("ipsec-out")
    if isinstance(ipsec, dict):
        kind: MatchKind = "ipsec-out" if ipsec.get("dir") == "out" else "ipsec-in"
        return _Left(kind, term="reqid") if ipsec.get("key") == "reqid" else _Left(kind, partial=True)
    return _Left()


def _payload(protocol: str, name: str, family: str) -> _Left:
    """A field of a header; it is only there in packets of that protocol, which nft does not print."""
    if protocol in {"ip", "ip6"}:
        unsaid = (Match("family", (protocol,)),) if family in {"inet", "netdev"} else ()
        return _Left(_PAYLOAD.get(name, "unknown"), unsaid)
    if protocol in {"icmp", "icmpv6"}:
        names = _ICMP if protocol == "icmp" else _ICMP6
        return _Left("icmp-type" if name == "type" else "unknown", (_protocol(protocol),), names=names)
    if protocol == "th":
        return _Left(_PAYLOAD.get(name, "unknown"))
    if protocol_number(protocol) is None:
        return _Left()
    known = _PAYLOAD.get(name, "unknown") if name in {"sport", "dport"} else "unknown"
    return _Left(known, (_protocol(protocol),))


def _protocol(name: str) -> Match:
    known = protocol_number(name)
    return Match("protocol", (name if known is None else Span(known, known),))


def _of(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, dict) else None


def _items(left: _Left, right: object, table: tuple[str, str], sets: Sets, depth: int = 0) -> Iterator[Item]:
    """The values of the right side; one that cannot be read stays a text, which may or may not fit."""
    if depth > 4:
        yield "?"
    elif isinstance(right, str) and right.startswith("@"):
        elements = sets.get((*table, right))
        yield from _items(left, elements, table, sets, depth + 1) if elements else (right,)
    elif isinstance(right, list):
        for element in right:
            yield from _items(left, element, table, sets, depth + 1)
    elif isinstance(right, dict) and len(right) == 1:
        ((name, value),) = right.items()
        if name in {"set", "|"}:
            yield from _items(left, value, table, sets, depth + 1)
        elif name == "elem" and isinstance(value, dict):
            yield from _items(left, value.get("val"), table, sets, depth + 1)
        elif name == "range" and isinstance(value, list) and len(value) == 2:
            yield from _between(left, str(value[0]), str(value[1]))
        elif name == "prefix" and isinstance(value, dict):
            text = f"{value.get('addr')}/{value.get('len')}"
            yield network(text) or text
        else:
            yield "?"
    else:
        yield _item(left, str(right))


def _item(left: _Left, text: str) -> Item:
    if left.kind in {"source", "destination"}:
        return network(text) or text
    if left.kind == "mark":
        return text + left.mask
    if left.kind == "family":
        return _FAMILIES.get(text, text)
    if left.kind in _NUMBERED:
        known = _number(left, text)
        return text if known is None else Span(known, known)
    return text if left.kind in {"in-interface", "out-interface"} else text.lower()


def _number(left: _Left, text: str) -> int | None:
    if left.kind == "protocol":
        return protocol_number(text)
    return left.names.get(text, _SERVICES.get(text, number(text)))


def _between(left: _Left, first: str, last: str) -> Iterator[Item]:
    if left.kind in {"source", "destination"}:
        yield from networks_between(first, last) or (f"{first}-{last}",)
        return
    low, high = _number(left, first), _number(left, last)
    yield "?" if low is None or high is None else Span(low, high)


def _compared(left: _Left, operator: str, right: object) -> Match:
    """`<` and its like, for what has numbers."""
    limit = _number(left, str(right)) if left.kind in _NUMBERED else None
    if limit is None:
        return UNKNOWN
    ends = {"<": (0, limit - 1), "<=": (0, limit), ">": (limit + 1, _MOST), ">=": (limit, _MOST)}
    return Match(left.kind, (Span(*ends[operator]),))
