"""Lines that mail, books and forums broke at a margin, put together again, and those they ran together, parted.

Only a paste small enough to have been copied by hand is looked at. A line is joined to the one before it where that
one reaches the margin and begins like a record of a log, and this one does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

MOST: Final = 1 << 18
"""Bytes of a paste that is looked at; a longer one is a file, and files are not wrapped."""
_NARROWEST: Final = 60
_WIDEST: Final = 132
"""Columns a margin has at least and at most."""
_SLACK: Final = 25
"""Columns a line may stay short of the margin, since words are not broken."""
_SHARE: Final = 0.6
"""Of the lines that reach the margin, the share that has to go on in the next line."""
_RECORD: Final = re.compile(
    rb"[>|\s]*(?:<\d{1,3}>|[*.]?[A-Z][a-z]{2} {1,2}\d{1,2},? \d|\d{4}-\d\d-\d\d|\d\d:\d\d:\d\d|\d\d\[[A-Z]{3}"
    rb"|\[[A-Z]{3}\] |\"[^\"]{1,80}\""
    rb"|\d{3} [\"#A-Za-z]|1v2 |%[A-Z]|ISAKMP|IPSEC\("
    rb"|IKEv2|charon|pluto|[A-Za-z][\w.-]{1,30}\[\d{1,7}\]: |packet from|ERROR|\| "
    rb"|(?:initiating|generating|sending|received|parsed|selected|authentication of|establishing|IKE_SA|CHILD_SA"
    rb"|retransmit|giving up|local host|remote host|peer|no |constraint|using|tried|looking for|traffic selectors"
    rb"|failed|deleting|connection |configured|scheduling|maximum|sent |installing|splitting))"
)
"""How a record begins: a time, a daemon's mark, or its first words on a terminal."""
_LONG: Final = 300
"""Columns of a line that may be many that lost their ends."""
_SEAMS: Final = tuple(
    re.compile(rb" (?=(?:" + begins + rb"))")
    for begins in (
        rb"[*.]?[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d",
        rb"\d\d\[(?:IKE|ENC|NET|CFG|KNL|JOB|LIB|DMN|CHD)\d?\] |(?:\d{3} )?\"[^\" ]{1,80}\" #\d{1,9}: ",
        (
            rb"(?:sending|received) packet: from |(?:parsed|generating) [A-Z]{2,}[A-Z_0-9]* (?:request|response) \d"
            rb"|received [A-Z_]{6,40} (?:error )?notify|initiating [A-Z][\w ]{2,20}IKE_SA |selected proposal: "
            rb"|establishing (?:connection|CHILD_SA) |authentication of '|(?:local|remote) host is behind NAT"
            rb"|(?:IKE|CHILD)_SA \S{1,80} established |giving up after|(?:sending )?retransmit \d"
        ),
    )
)
"""Where one record ends and the next begins in a line that holds several: at times, at marks, at words."""
_FEWEST: Final = 3
"""Seams a line has at least to be taken for many."""


def unwrapped(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The stream with its broken lines joined; an emptied line stays where a joined one was, so that numbers hold."""
    rest = iter(blocks)
    head = b""
    for block in rest:
        head += block
        if len(head) > MOST:
            yield head
            yield from rest
            return
    if head:
        yield _joined(_parted(head if b"\n" in head else head.replace(b"\r", b"\n")))


def _parted(text: bytes) -> bytes:
    """The text with lines of their own for the records of a line that holds many, as a page without ends of lines."""
    if len(text) <= _LONG or max(map(len, text.split(b"\n"))) <= _LONG:
        return text
    return b"\n".join(_cut(line) for line in text.split(b"\n"))


def _cut(line: bytes) -> bytes:
    if len(line) <= _LONG or line.lstrip()[:1] in (b"{", b"|"):
        return line
    split = (seam.split(line) for seam in _SEAMS)
    return b"\n".join(next((parts for parts in split if len(parts) > _FEWEST), [line]))


def _joined(text: bytes) -> bytes:
    lines = [line.rstrip() for line in text.split(b"\n")]
    margin = max(map(len, lines))
    if not _NARROWEST <= margin <= _WIDEST:
        return text
    records = [_RECORD.match(line) is not None for line in lines]
    broken = _broken(lines, records, margin)
    if not broken:
        return text
    glue = b"" if all(len(lines[index]) == margin for index in broken) else b" "
    told: list[bytes] = []
    head = 0
    for index, line in enumerate(lines):
        if index and records[head] and _goes_on(lines, records, index - 1, margin):
            told[head] += glue + line.lstrip(b"> |\t")
            told.append(b"")
        else:
            head = index
            told.append(line)
    return b"\n".join(told)


def _broken(lines: Sequence[bytes], records: Sequence[bool], margin: int) -> list[int]:
    """The records that go on in the next line; empty where the paste was not wrapped."""
    reaching = [
        index for index, line in enumerate(lines[:-1]) if records[index] and len(line) >= margin - _SLACK
    ]
    broken = [index for index in reaching if _goes_on(lines, records, index, margin)]
    return broken if len(broken) >= 2 and len(broken) >= _SHARE * len(reaching) else []


def _goes_on(lines: Sequence[bytes], records: Sequence[bool], index: int, margin: int) -> bool:
    following = lines[index + 1]
    return len(lines[index]) >= margin - _SLACK and bool(following.strip(b"> |\t")) and not records[index + 1]
