"""The kernel's packet counters, under the names nstat gives them, and which of them rose during a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from wizard.facts.parsers.words import whole
from wizard.records import dataclass

COMMAND: Final = "cat /proc/net/snmp /proc/net/netstat /proc/net/snmp6 /proc/net/xfrm_stat 2>/dev/null; :"
"""Readable for everybody; a file the kernel does not have is passed over."""

XFRM_PREFIX: Final = "Xfrm"
FORWARD_ERRORS: Final = frozenset(
    {
        "IpInAddrErrors",
        "IpOutNoRoutes",
        "TcpExtIPReversePathFilter",
        "Ip6InAddrErrors",
        "Ip6OutNoRoutes",
        "Ip6InNoRoutes",
        "IpExtInNoRoutes",
        "XfrmFwdHdrError",
    }
)
"""Counters that rise when the kernel has a packet for somebody else and does not pass it on."""


@dataclass(frozen=True, slots=True)
class Counter:
    """One counter; `line` names it and its value, because the file itself may hold a hundred on a line."""

    name: str
    value: int
    line: str


@dataclass(frozen=True, slots=True)
class Counters:
    """All counters of one look, by name; counters unknown to this program are kept like the others."""

    values: Mapping[str, Counter] = field(default_factory=dict)

    def get(self, name: str) -> Counter | None:
        """The counter of that name, None when the kernel does not have it."""
        return self.values.get(name)

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Rise:
    """A counter that is higher than before."""

    name: str
    before: int
    after: int
    line: str

    @property
    def by(self) -> int:
        """By how many packets it rose, at least 1."""
        return self.after - self.before


def parse(text: str) -> Counters:
    """Counters of snmp and netstat (a line of names over one of values), snmp6 and xfrm_stat (one a line)."""
    values: dict[str, Counter] = {}
    names: list[str] = []
    for line in text.split("\n"):
        words = line.split()
        if len(words) < 2 or len(words) > 1000:
            continue
        if words[0].endswith(":"):
            if whole(words[1].removeprefix("-")) is None:
                names = words
            elif names[:1] == words[:1] and len(names) == len(words):
                group = words[0][:-1]
                for name, word in zip(names[1:], words[1:], strict=True):
                    _add(values, group + name, word)
        elif len(words) == 2:
            _add(values, words[0], words[1])
    return Counters(values)


def rises(before: Counters, after: Counters) -> tuple[Rise, ...]:
    """Counters that rose between two looks; one that was not there before is not counted as having risen."""
    found = []
    for name, now in after.values.items():
        then = before.values.get(name)
        if then is not None and now.value > then.value:
            found.append(Rise(name, then.value, now.value, f"{name} {then.value} -> {now.value}"))
    return tuple(found)


def _add(values: dict[str, Counter], name: str, word: str) -> None:
    value = whole(word.removeprefix("-"))
    if value is not None and len(name) <= 80:
        values[name] = Counter(name, -value if word.startswith("-") else value, f"{name} {word}")
