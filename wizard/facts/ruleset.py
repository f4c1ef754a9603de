"""Packet filter rules in words that neither iptables nor nftables owns, so that one evaluator reads both.

A match whose meaning this program does not know is kept with kind "unknown": it may or may not fit a packet,
and the evaluator says so instead of guessing.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network, summarize_address_range
from typing import Literal

from wizard.records import dataclass

Network = IPv4Network | IPv6Network

MatchKind = Literal[
    "in-interface",
    "out-interface",
    "source",
    "destination",
    "protocol",
    "source-port",
    "destination-port",
    "any-port",
    "ipsec-in",
    "ipsec-out",
    "state",
    "mark",
    "icmp-type",
    "source-type",
    "destination-type",
    "packet-type",
    "family",
    "unknown",
]
Action = Literal[
    "accept",
    "drop",
    "reject",
    "return",
    "jump",
    "goto",
    "masquerade",
    "snat",
    "dnat",
    "mark",
    "log",
    "continue",
    "other",
]
Backend = Literal["legacy", "nft"]
Family = Literal["ip", "ip6", "inet", "netdev"]

BLOCKING: frozenset[Action] = frozenset({"drop", "reject"})
SOURCE_NAT: frozenset[Action] = frozenset({"masquerade", "snat"})

PROTOCOLS = {
    "icmp": 1,
    "igmp": 2,
    "ipencap": 4,
    "ipip": 4,
    "tcp": 6,
    "udp": 17,
    "gre": 47,
    "esp": 50,
    "ipv6-crypt": 50,
    "ah": 51,
    "ipv6-auth": 51,
    "ipv6-icmp": 58,
    "icmpv6": 58,
    "ospf": 89,
    "comp": 108,
    "ipcomp": 108,
    "vrrp": 112,
    "l2tp": 115,
    "sctp": 132,
    "udplite": 136,
}
"""Protocol numbers by the names iptables and nft print (IANA protocol numbers, /etc/protocols)."""


@dataclass(frozen=True, slots=True)
class Span:
    """An inclusive range of numbers: ports, protocols, kinds of ICMP."""

    first: int
    last: int


Item = str | Network | Span
"""What a match compares with: a network, a span, or a word (an interface may end in `*`; "mark/mask")."""


@dataclass(frozen=True, slots=True)
class Match:
    """One condition of a rule: true when the packet has any of the items, the other way round when negated.

    `partial` says that more must hold than the items tell, so that what looks true is only possible.
    """

    kind: MatchKind
    items: tuple[Item, ...] = ()
    negated: bool = False
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `line` is what the gateway printed, `identity` the same without the counters that change."""

    action: Action
    line: str
    identity: str
    matches: tuple[Match, ...] = ()
    target: str = ""
    """The chain of a jump or goto; the name of the target of another action."""
    packets: int | None = None
    """How many packets the rule fitted so far; None when it does not count."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One chain; a base chain has a hook, a priority and a policy, the others are only jumped to."""

    backend: Backend
    family: Family
    table: str
    name: str
    line: str
    hook: str = ""
    """prerouting, input, forward, output, postrouting or ingress; empty for a chain that is jumped to."""
    nat: bool = False
    """Whether this base chain translates addresses, so that a verdict here says nothing about passing."""
    priority: int = 0
    policy: Action = "accept"
    policy_packets: int | None = None
    devices: tuple[str, ...] = ()
    """The interfaces of an ingress chain."""
    rules: tuple[Rule, ...] = ()

    @property
    def place(self) -> str:
        """Where the chain stands, as people say it: "filter INPUT"."""
        return f"{self.table} {self.name}"


@dataclass(frozen=True, slots=True)
class Ruleset:
    """All rules of a gateway as far as they could be read."""

    chains: tuple[Chain, ...] = ()
    problems: tuple[str, ...] = ()
    """What the tools said instead of rules."""
    readable: bool = False
    """False when no tool gave an answer."""
    complete: bool = True
    """False when a tool was refused, so that there may be rules nobody saw."""

    @property
    def drops(self) -> bool:
        """Whether any rule or policy drops or rejects anything at all."""
        return any(
            chain.policy in BLOCKING or any(rule.action in BLOCKING for rule in chain.rules)
            for chain in self.chains
        )


def network(text: str) -> Network | None:
    """The network or address in a text, None when there is none; host bits may be set."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def networks_between(first: str, last: str) -> tuple[Network, ...]:
    """The networks that make up a range of addresses; none when the two are not a range of one family."""
    try:
        low, high = ip_address(first), ip_address(last)
        return tuple(summarize_address_range(low, high))
    except (ValueError, TypeError):
        return ()


def number(text: str) -> int | None:
    """A decimal or hexadecimal number, None when it is none; at most 20 characters are looked at."""
    try:
        return int(text, 0) if len(text) <= 20 else None
    except ValueError:
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else None


def protocol_number(name: str) -> int | None:
    """The number of a protocol by name or number; None for one this program does not know."""
    return PROTOCOLS.get(name.lower(), number(name))
