"""What came of one TCP connection: nc of OpenBSD, of nmap and of busybox, and bash's own."""

from __future__ import annotations

from typing import Final, Literal

from wizard.facts.parsers.framed import sections
from wizard.records import dataclass

COMMAND: Final = """\
echo '@@ connect'
if command -v nc >/dev/null 2>&1; then
  nc -z -v -n -w 2 ${SOURCE:+-s "$SOURCE"} "$SERVER" "$SERVICE" 2>&1; echo "@= $?"
elif command -v bash >/dev/null 2>&1; then
  timeout 3 bash -c 'exec 3<>"/dev/tcp/$1/$2"' sh "$SERVER" "$SERVICE" 2>&1; echo "@= $?"
fi"""
"""Opens and closes a connection to $SERVER, port $SERVICE, within 2 s; sends nothing."""

Result = Literal["open", "refused", "rejected", "no-answer"]
_TIMED_OUT: Final = 124
_WORDS: Final[tuple[tuple[str, Result], ...]] = (
    ("refused", "refused"),
    ("timed out", "no-answer"),
    ("timeout", "no-answer"),
    ("in progress", "no-answer"),
    ("no route to host", "rejected"),
    ("unreachable", "rejected"),
    ("prohibited", "rejected"),
    ("permission denied", "rejected"),
    ("not permitted", "rejected"),
)


@dataclass(frozen=True, slots=True)
class Connected:
    """How a connection went; "rejected" is what a filter or a router says, "refused" the host itself."""

    result: Result
    line: str


def parse(text: str) -> Connected | None:
    """None where the gateway had nothing to connect with, or said nothing that is known."""
    part = next((one for one in sections(text) if one.name == "connect"), None)
    if part is None or part.status is None:
        return None
    lines = [line.strip() for line in part.lines]
    if part.status == 0:
        return Connected("open", lines[-1] if lines else "the connection was opened")
    for line in lines:
        found = next((result for words, result in _WORDS if words in line.lower()), None)
        if found is not None:
            return Connected(found, line)
    if part.status == _TIMED_OUT or not lines:
        return Connected("no-answer", lines[-1] if lines else "(no answer within 2 s)")
    return None
