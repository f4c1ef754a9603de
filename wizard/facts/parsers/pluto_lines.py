"""What all of whack's listings have in common: numbers in front, and names of connections with their instances.

Sources: `ipsec status` of Libreswan 4.10 and 5.2, recorded; programs/pluto/connections.c, state.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from wizard.records import dataclass

_NUMBER: Final = re.compile(r"\d{3} ")
_CONN: Final = re.compile(
    r'"(?P<name>[^"]{1,256})"(?:\[(?P<instance>\d{1,9})\](?: (?P<peer>[^ :]\S{0,200}?))?)?:(?P<rest>.*)'
)
_PART: Final = re.compile(r"/\d{1,5}x\d{1,5}$")


@dataclass(frozen=True, slots=True)
class ConnLine:
    """One line about one connection."""

    name: str
    """As listed: "site", or "site/1x2" for one of the pairs of several subnets."""
    instance: int | None
    """Number of an instance made for one peer of many; None for the connection itself."""
    text: str
    """What stands behind the colon."""
    line: str


def lines(text: str) -> Iterator[str]:
    """The lines without the numbers that releases before 5 put in front."""
    for raw in text.splitlines():
        found = _NUMBER.match(raw)
        line = (raw[found.end() :] if found else raw).strip()
        if line:
            yield line


def conn_line(line: str) -> ConnLine | None:
    """A line that begins with a connection's name and a colon; None for any other."""
    found = _CONN.fullmatch(line)
    if found is None:
        return None
    instance = int(found["instance"]) if found["instance"] else None
    return ConnLine(found["name"], instance, found["rest"].strip(), line)


def base(name: str) -> str:
    """The connection's name in its file: without what pluto appends for each pair of several subnets."""
    return _PART.sub("", name)
