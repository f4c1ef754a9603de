"""Other readings of a pasted line: without what editors, pagers, `grep` and spreadsheets put in front of it.

They are tried only on a line that has words of a daemon and fits no signature as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_FURTHEST: Final = 240
"""Signs before a daemon's own mark; a prefix is not longer."""
_GROUPS: Final = "DMN|MGR|IKE|CHD|JOB|CFG|KNL|NET|ASN|ENC|TNC|IMC|IMV|PTS|TLS|APP|ESP|LIB"
_MARK: Final = re.compile(
    rf"(?<!\w)\d{{2}}\[(?:{_GROUPS})\d?\]|(?<!\w)\[(?:{_GROUPS})\d?\] "
    rf"|(?<!\w)(?:{_GROUPS}) {{1,3}}\d{{1,3}} *: "
    r"|\"[^\"]{1,128}\"(?:\[\d+\])?(?: \S{1,60})? #\d{1,9}: "
)
"""charon's thread and group, and pluto's connection and state."""
_NUMBERED: Final = re.compile(r"\s*\d{1,7}(?:\t+| {2,}|[:)] ?(?!\d)|-(?=\D)|\. +)(?=\S)")
_BULLET: Final = re.compile(r"\s*[-*+\u2022\u00b7#]+ +(?=\S)")
_FILE: Final = re.compile(
    r"(?:/?[\w.+-]+/)*[\w+-]*(?:\.log|syslog|messages|secure|journal|\.txt)[\w.-]*(?::\d+)?[:-] ?(?=\S)"
)
_MOST: Final = 3
"""Ornaments taken off one after the other."""


def readings(text: str) -> Iterator[str]:
    """The line in other ways, the likeliest first; nothing where there is no ornament."""
    bare = _without_quotes(_plain(text))
    for _ in range(_MOST):
        found = next((found for one in (_FILE, _NUMBERED, _BULLET) if (found := one.match(bare))), None)
        if found is None:
            break
        bare = bare[found.end() :]
        yield bare
    if bare[:1] == " ":
        bare = bare.lstrip()
    if bare != text:
        yield bare
    mark = _MARK.search(text[:_FURTHEST])
    if mark is not None and mark.start() > 0:
        yield _cell(text[mark.start() - 1], text[mark.start() :])


def _cell(before: str, words: str) -> str:
    """What stands between quotes where the words of charon begin with one; it may have lost its end."""
    end = words.rfind('"') if before == '"' and words[:1] != '"' else -1
    return words[:end] if end > 0 else words


def _plain(text: str) -> str:
    """A line as it was before somebody made it bold."""
    bare = text.strip()
    if "**" in bare or "__" in bare[:2] or "`" in bare[:1]:
        return bare.replace("**", "").removeprefix("__").removesuffix("__").strip("`").strip()
    return text


def _without_quotes(text: str) -> str:
    """A cell of a table as it was before it was quoted."""
    plain = text.strip().removesuffix(",")
    if len(plain) > 1 and plain[0] == plain[-1] == '"' and ('""' in plain or plain.count('"') == 2):
        return plain[1:-1].replace('""', '"')
    return text
