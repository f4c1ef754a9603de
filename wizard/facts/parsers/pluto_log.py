"""pluto's log: the journal as JSON, or a file of its own (`logfile=`), cut into the same lines as charon's.

A line is `"site" #3: text`, `"site"[2] 192.0.2.9 #3: text`, or text alone; `"site/1x2"` is one pair of subnets of
`site`. Files carry a time without year and zone; the command that reads one prints the gateway's own clock first.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from wizard.facts.parsers.charon_log import LogLine
from wizard.facts.parsers.pluto_lines import base
from wizard.records import dataclass

CLOCK: Final = "@@ clock "
"""Before the lines of a file: the gateway's clock as `date +%Y-%m-%dT%H:%M:%S%z` prints it, then how many seconds back
the lines are wanted."""

_TAGGED: Final = re.compile(
    r"(?P<gravity>(?:(?:FATAL )?ERROR|EXPECTATION FAILED|WARNING): )?"
    r'"(?P<conn>[^"]{1,256})"(?:\[\d{1,9}\](?: (?:\.\.\.)?(?P<peer>[^\s#:]\S{0,100}?))?)?'
    r"(?: #(?P<serial>\d{1,9}))?: (?P<text>.*)"
)
_FILE_TIME: Final = re.compile(
    r"(?P<time>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)(?:\.(?P<fraction>\d{1,9}))?:? (?P<rest>.*)"
)
_PROGRAM: Final = re.compile(r"(?:\S{1,255} )?pluto\[\d{1,10}\]: (?P<text>.*)$")
_ISO_TIME: Final = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)) (?P<rest>.*)"
)
_NUMBER: Final = re.compile(r"\d{3} ")


@dataclass(frozen=True, slots=True)
class PlutoLine(LogLine):
    """A line of pluto's log; `uid` is the number of the state, counted from 1 again after a restart."""

    written: str = ""
    """The line as pluto wrote it."""

    @property
    def line(self) -> str:
        """The line as pluto writes it, with the time of day in front."""
        when = datetime.fromtimestamp(self.time, UTC).strftime("%H:%M:%S ") if self.time is not None else ""
        return f"{when}{self.written}".strip()


def parse(text: str) -> tuple[LogLine, ...]:
    """The lines of a journal (JSON lines or text), of a log file, or of what whack prints during an attempt.

    Debugging (lines that begin with `|`) is left out.
    """
    found: list[LogLine] = []
    now: datetime | None = None
    oldest: float | None = None
    for raw in text.splitlines():
        if raw.startswith(CLOCK):
            now, oldest = _clock(raw.removeprefix(CLOCK))
            continue
        line = _journal(raw) if raw.startswith("{") else _plain(raw, now)
        if line is not None and (oldest is None or line.time is None or line.time >= oldest):
            found.append(line)
    return tuple(found)


def _clock(text: str) -> tuple[datetime | None, float | None]:
    """The gateway's clock, and how old a line may be."""
    stamp, _, back = text.strip().partition(" ")
    try:
        now = datetime.fromisoformat(stamp)
    except ValueError:
        return None, None
    return now, now.timestamp() - int(back) if back.isdigit() and len(back) < 8 else None


def _journal(raw: str) -> LogLine | None:
    try:
        entry: Any = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    message = entry.get("MESSAGE") if isinstance(entry, dict) else None
    if isinstance(message, list):
        # The journal writes what is not UTF-8 as numbers.
        octets = bytes(one for one in message if isinstance(one, int) and 0 <= one < 256)
        message = octets.decode("utf-8", "replace")
    if not isinstance(message, str):
        return None
    stamp = str(entry.get("__REALTIME_TIMESTAMP", ""))
    return _tagged(message, int(stamp) / 1_000_000 if stamp.isdigit() and len(stamp) < 20 else None)


def _plain(raw: str, now: datetime | None) -> LogLine | None:
    time: float | None = None
    rest = raw
    if (stamped := _FILE_TIME.match(raw)) is not None:
        time, rest = _with_year(stamped["time"], stamped["fraction"], now), stamped["rest"]
    elif (iso := _ISO_TIME.match(raw)) is not None:
        time, rest = datetime.fromisoformat(iso["time"]).timestamp(), iso["rest"]
    if (program := _PROGRAM.match(rest)) is not None:
        rest = program["text"]
    return _tagged(_NUMBER.sub("", rest, count=1) if _NUMBER.match(rest) else rest, time)


def _with_year(text: str, fraction: str | None, now: datetime | None) -> float | None:
    """A local time without year by the gateway's clock: the last such moment that is not in its future."""
    if now is None:
        return None
    try:
        when = datetime.strptime(f"{now.year} {text}", "%Y %b %d %H:%M:%S").replace(tzinfo=now.tzinfo)
        if when > now + timedelta(days=1):
            when = when.replace(year=now.year - 1)
    except ValueError:
        return None
    return when.timestamp() + float(f"0.{fraction or 0}")


def _tagged(text: str, time: float | None) -> LogLine | None:
    text = text.strip()
    if not text or text.startswith("|"):
        return None
    # Only at the beginning: further on it would be the words of a peer, which may look like anything.
    found = _TAGGED.fullmatch(text)
    if found is None:
        return PlutoLine(text=text, time=time, written=text)
    return PlutoLine(
        text=f"{found['gravity'] or ''}{found['text'].strip()}",
        time=time,
        conn=base(found["conn"]),
        uid=found["serial"] or "",
        written=text,
    )
