"""One rule as iptables-save prints it, into matches and an action.

Every option that is not known here becomes a match that may or may not fit: a rule is never taken for
wider or narrower than it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from wizard.facts.ruleset import (
    Action,
    Item,
    Match,
    MatchKind,
    Rule,
    Span,
    network,
    networks_between,
    number,
    protocol_number,
)

TARGETS: Final[Mapping[str, Action]] = {
    "ACCEPT": "accept",
    "DROP": "drop",
    "REJECT": "reject",
    "RETURN": "return",
    "MASQUERADE": "masquerade",
    "SNAT": "snat",
    "NETMAP": "snat",
    "DNAT": "dnat",
    "REDIRECT": "dnat",
    "MARK": "mark",
    "LOG": "log",
    "NFLOG": "log",
    "ULOG": "log",
    "AUDIT": "log",
    "TRACE": "log",
    "CONNMARK": "mark",
    "CONNSECMARK": "continue",
    "SECMARK": "continue",
    "CLASSIFY": "continue",
    "CHECKSUM": "continue",
    "CT": "continue",
    "NOTRACK": "continue",
    "DSCP": "continue",
    "TOS": "continue",
    "ECN": "continue",
    "TTL": "continue",
    "HL": "continue",
    "TCPMSS": "continue",
    "TCPOPTSTRIP": "continue",
    "SET": "continue",
    "TEE": "continue",
    "RATEEST": "continue",
    "HMARK": "mark",
    "IDLETIMER": "continue",
    "LED": "continue",
    "NFQUEUE": "other",
    "QUEUE": "other",
    "TPROXY": "other",
    "SYNPROXY": "other",
    "TARPIT": "other",
    "STEAL": "drop",
}
"""What a target does to a packet (iptables-extensions(8)); any other target is a chain."""

_UNKNOWN = Match("unknown")
_TYPES: Final[Mapping[str, MatchKind]] = {"--src-type": "source-type", "--dst-type": "destination-type"}
_PORTS: Final[Mapping[str, MatchKind]] = {
    "--sport": "source-port",
    "--source-port": "source-port",
    "--dport": "destination-port",
    "--destination-port": "destination-port",
    "--sports": "source-port",
    "--source-ports": "source-port",
    "--dports": "destination-port",
    "--destination-ports": "destination-port",
    "--ports": "any-port",
}
_SILENT: Final = frozenset(
    {"comment", "tcp", "udp", "udplite", "sctp", "icmp", "icmp6", "multiport", "state"}
) | {
    "conntrack",
    "policy",
    "mark",
    "iprange",
    "addrtype",
    "pkttype",
}
"""Modules that say nothing by themselves: their options do."""
_POLICY_OPTIONS: Final = frozenset(
    {"--reqid", "--spi", "--proto", "--mode", "--tunnel-src", "--tunnel-dst"},
)


def rule(text: str, line: str, packets: int | None) -> Rule:
    """The rule of `-A CHAIN …`; `line` is kept as evidence."""
    words = split(text)[2:]
    matches, rest = _matches(words)
    action, target = _action(rest)
    return Rule(action, line, text.strip(), tuple(matches), target, packets)


def split(text: str) -> list[str]:
    """Words as iptables-save quotes them: double quotes, backslash before what would end them."""
    words: list[str] = []
    word: list[str] = []
    quoted = started = False
    characters = iter(text)
    for character in characters:
        if character == "\\":
            word.append(next(characters, ""))
        elif character == '"':
            quoted = not quoted
            started = True
        elif character.isspace() and not quoted:
            if word or started:
                words.append("".join(word))
            word, started = [], False
        else:
            word.append(character)
    if word or started:
        words.append("".join(word))
    return words


def _matches(words: list[str]) -> tuple[list[Match], list[str]]:
    """The matches of a rule, and what follows them from -j or -g on."""
    found: list[Match] = []
    negated = False
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word == "!":
            negated = True
            continue
        if word in {"-j", "-g", "--jump", "--goto"}:
            return found, words[at - 1 :]
        start = at
        while at < len(words) and not words[at].startswith("-") and words[at] != "!":
            at += 1
        values = words[start:at]
        if word == "-m" and values[:1] == ["policy"]:
            policy, at = _policy(words, at)
            found.append(policy)
        else:
            match = _match(word, values)
            if match is not None:
                found.append(replace(match, negated=match.negated is not negated))
        negated = False
    return found, []


def _match(option: str, values: list[str]) -> Match | None:
    """One option; None for one that holds for every packet."""
    value = values[0] if values else ""
    if option == "-m":
        return None if value in _SILENT else _UNKNOWN
    if option == "--comment":
        return None
    if option in _PORTS:
        return Match(_PORTS[option], tuple(_port(part) for part in value.split(",")))
    if option in _TYPES:
        return Match(_TYPES[option], tuple(value.lower().split(",")))
    reader = _READERS.get(option)
    return reader(value) if reader is not None else _UNKNOWN


def _interface(kind: MatchKind) -> Callable[[str], Match]:
    return lambda value: Match(kind, (value[:-1] + "*" if value.endswith("+") else value,))


def _addresses(kind: MatchKind) -> Callable[[str], Match]:
    def read(value: str) -> Match:
        items: list[Item] = [network(part) or part for part in value.split(",")]
        return Match(kind, tuple(items))

    return read


def _range(kind: MatchKind) -> Callable[[str], Match]:
    def read(value: str) -> Match:
        first, _, last = value.partition("-")
        return Match(kind, networks_between(first, last or first) or (value,))

    return read


def _protocol(value: str) -> Match | None:
    if value in {"all", "0", "ip"}:
        return None
    known = protocol_number(value)
    return Match("protocol", (value if known is None else Span(known, known),))


def _port(text: str) -> Item:
    first, colon, last = text.partition(":")
    low = number(first) if first else 0
    high = (number(last) if last else 65535) if colon else low
    return text if low is None or high is None else Span(low, high)


def _states(value: str) -> Match:
    return Match("state", tuple(value.lower().split(",")))


def _icmp(value: str) -> Match | None:
    if value in {"any", "255"}:
        return None
    kind, slash, _ = value.partition("/")
    known = number(kind)
    return Match("icmp-type", (value if known is None else Span(known, known),), partial=bool(slash))


_READERS: Final[Mapping[str, Callable[[str], Match | None]]] = {
    "-i": _interface("in-interface"),
    "-o": _interface("out-interface"),
    "-s": _addresses("source"),
    "-d": _addresses("destination"),
    "--src-range": _range("source"),
    "--dst-range": _range("destination"),
    "-p": _protocol,
    "--ctstate": _states,
    "--state": _states,
    "--ctstatus": _states,
    "--pkt-type": lambda value: Match("packet-type", (value,)),
    "--mark": lambda value: Match("mark", (value,)),
    "--icmp-type": _icmp,
    "--icmpv6-type": _icmp,
}


def _policy(words: list[str], at: int) -> tuple[Match, int]:
    """`-m policy …`: whether the packet came out of IPsec or goes into it, and where its options end."""
    kind: MatchKind = "ipsec-in"
    wanted, partial = True, False
    terms: list[str] = []
    while at < len(words):
        option = words[at]
        value = words[at + 1] if at + 1 < len(words) else ""
        if option == "!" and value in _POLICY_OPTIONS:
            at, partial = at + 3, True
        elif option == "--dir":
            kind, at = ("ipsec-out" if value == "out" else "ipsec-in"), at + 2
        elif option == "--pol":
            wanted, at = value != "none", at + 2
        elif option in _POLICY_OPTIONS:
            terms.append(f"{option[2:]}={value.removesuffix('/32').removesuffix('/128')}")
            at += 2
        elif option in {"--strict", "--next"}:
            at, partial = at + 1, True
        else:
            break
    return Match(kind, tuple(terms) if wanted else (), not wanted, partial and wanted), at


def _action(words: list[str]) -> tuple[Action, str]:
    """What the rule does, and its target; a rule without one only counts."""
    if len(words) < 2:
        return "continue", ""
    target = words[1]
    if words[0] in {"-g", "--goto"}:
        return "goto", target
    return TARGETS.get(target, "jump"), target
