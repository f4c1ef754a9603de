"""charon's log: lines of any of its outlets, cut to one attempt, and the events its words stand for.

The journal of charon-systemd carries thread, connection and IKE SA as fields beside the bare message, so it is
read as JSON; files and syslog carry them in front of the text: `08[IKE] <site|3> …`. Which words mean what
stands in flows/signatures, not here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final, Protocol

from wizard.records import dataclass

_TAGGED: Final = re.compile(
    r"\s*(?:(?P<thread>\d{1,3})\[(?P<group>[A-Z]{3})\]|\[(?P<bare>[A-Z]{3})\])"
    r"(?: <(?:(?P<conn>[^|<>]{1,128})\|)?(?P<uid>\d{1,10})>)? (?P<text>.*)"
)
_UNIX_TIME: Final = re.compile(r"(?P<time>\d{9,11}(?:\.\d{1,9})?) ")
_ISO_TIME: Final = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)\s"
)
_YEARLESS_TIME: Final = re.compile(r"(?P<time>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)(?:\.\d{1,9})? ")
_FRAMES: Final = ("@@ ", "@= ")
_NOW: Final = re.compile(
    r"@@ now (?P<epoch>\d{9,11}) (?P<sign>[+-])(?P<hours>[01]\d)(?P<minutes>[0-5]\d)\s*$"
)
_PROGRAM: Final = re.compile(
    r"(?:\S{1,255} )?(?:charon(?:-systemd|-nm|-cmd)?|ipsec(?:_starter)?|swanctl)(?:\[\d{1,10}\])?: (?P<text>.*)$"
)
_IPV4: Final = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d])")
_IPV6: Final = re.compile(r"(?<![0-9A-Za-z:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![0-9A-Za-z:])")
_START: Final = re.compile(r"spawning \d+ worker threads|(?:loaded plugins: )charon|Starting Pluto")
"""A daemon that starts counts its IKE SAs from 1 again."""


class Signature(Protocol):
    """What a log line is held against; wizard.flow.signatures makes them of YAML."""

    @property
    def name(self) -> str:
        """The event it stands for."""

    @property
    def daemon(self) -> str:
        """Whose words it knows: "charon", "pluto"."""

    def groups(self, text: str) -> Mapping[str, str] | None:
        """What the line names, or None where it is another line."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log; what the outlet does not say is None or empty."""

    text: str
    """The daemon's own words, without prefixes."""
    time: float | None = None
    """Seconds since 1970 by the gateway's clock."""
    group: str = ""
    conn: str = ""
    """The connection's name, empty as long as the daemon has not chosen one."""
    uid: str = ""
    """Number of the IKE SA in this daemon; counted from 1 again after a restart."""
    thread: str = ""
    """Number of the daemon's thread that wrote it."""

    @property
    def line(self) -> str:
        """The line as the daemon writes it to a file, for evidence."""
        sa = f" <{self.conn}|{self.uid}>" if self.conn and self.uid else f" <{self.uid}>" if self.uid else ""
        group = f"[{self.group}]" if self.group else ""
        when = datetime.fromtimestamp(self.time, UTC).strftime("%H:%M:%S ") if self.time is not None else ""
        return f"{when}{group}{sa} {self.text}".strip()


@dataclass(frozen=True, slots=True)
class LogEvent:
    """A line that a signature recognised."""

    name: str
    line: str
    groups: Mapping[str, str] = field(default_factory=dict)
    time: float | None = None


def parse(text: str) -> tuple[LogLine, ...]:
    """The lines of a journal (JSON lines or text), a log file or `swanctl --log`; what is none is left out.

    Times without year or zone count by the line `@@ now EPOCH ZONE` that a probe prints before a file. A journal that
    was asked twice is put in order.
    """
    lines: list[LogLine] = []
    journaled: list[int] = []
    now: datetime | None = None
    for raw in text.splitlines():
        if raw.startswith(_FRAMES):
            now = _reference(raw) or now
            continue
        line = _journal(raw) if raw.startswith("{") else _plain(raw, now)
        if line is not None:
            if line.time is not None and raw.startswith("{"):
                journaled.append(len(lines))
            lines.append(line)
    ordered = sorted((lines[at] for at in journaled), key=lambda line: line.time or 0)
    for at, line in zip(journaled, ordered, strict=True):
        lines[at] = line
    return tuple(lines)


def _journal(raw: str) -> LogLine | None:
    try:
        entry: Any = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict):
        return None
    message = entry.get("MESSAGE")
    if isinstance(message, list):
        # The journal writes what is not UTF-8 as numbers.
        message = bytes(one for one in message if isinstance(one, int) and 0 <= one < 256).decode(
            "utf-8", "replace"
        )
    if not isinstance(message, str) or not message.strip():
        return None
    stamp = str(entry.get("__REALTIME_TIMESTAMP", ""))
    time = int(stamp) / 1_000_000 if stamp.isdigit() and len(stamp) < 20 else None
    tagged = _tagged(message, time)
    if tagged is not None:
        return tagged
    return LogLine(
        text=message.strip(),
        time=time,
        group=_word(entry, "GROUP"),
        conn=_word(entry, "IKE_SA_NAME"),
        uid=_word(entry, "IKE_SA_UNIQUE_ID"),
        thread=_word(entry, "THREAD"),
    )


def _word(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""


def _reference(raw: str) -> datetime | None:
    """The gateway's own time, with its zone, when it printed a file."""
    found = _NOW.match(raw)
    if found is None:
        return None
    sign = -1 if found["sign"] == "-" else 1
    zone = timezone(sign * timedelta(hours=int(found["hours"]), minutes=int(found["minutes"])))
    return datetime.fromtimestamp(int(found["epoch"]), zone)


def _plain(raw: str, now: datetime | None = None) -> LogLine | None:
    """A line of text: a time in front where there is one, then host and program, then the daemon's own words."""
    time: float | None = None
    rest = raw
    if (unix := _UNIX_TIME.match(raw)) is not None:
        time, rest = float(unix["time"]), raw[unix.end() :]
    elif (iso := _ISO_TIME.match(raw)) is not None:
        time, rest = _from_iso(iso["time"], now), raw[iso.end() :]
    elif (yearless := _YEARLESS_TIME.match(raw)) is not None:
        time, rest = _from_yearless(yearless["time"], now), raw[yearless.end() :]
    program = _PROGRAM.match(rest)
    if program is not None:
        rest = program["text"]
    tagged = _tagged(rest, time)
    if tagged is not None:
        return tagged
    text = rest.strip()
    return LogLine(text, time) if text else None


def _tagged(text: str, time: float | None) -> LogLine | None:
    # Only at the beginning: further on it would be the words of a peer, which may look like anything.
    found = _TAGGED.match(text)
    if found is None:
        return None
    return LogLine(
        text=found["text"].strip(),
        time=time,
        group=found["group"] or found["bare"] or "",
        conn=found["conn"] or "",
        uid=found["uid"] or "",
        thread=found["thread"] or "",
    )


def _from_iso(text: str, now: datetime | None) -> float | None:
    """Seconds since 1970; None for a time without zone, which could be any, unless the gateway's is known."""
    try:
        when = datetime.fromisoformat(text.replace(",", "."))
    except ValueError:
        return None
    if when.tzinfo is None:
        if now is None:
            return None
        when = when.replace(tzinfo=now.tzinfo)
    return when.timestamp()


def _from_yearless(text: str, now: datetime | None) -> float | None:
    """Seconds since 1970 of a time that lies in the year before `now`; None where that is not known."""
    if now is None:
        return None
    for year in (now.year, now.year - 1):
        try:
            when = datetime.strptime(f"{year} {text}", "%Y %b %d %H:%M:%S").replace(tzinfo=now.tzinfo)
        except ValueError:
            continue
        if when <= now + timedelta(days=1):
            return when.timestamp()
    return None


def attempt(
    lines: Sequence[LogLine], *, peer_addrs: Iterable[str], names: Iterable[str]
) -> tuple[LogLine, ...]:
    """The lines about this tunnel: of IKE SAs that bear its name or speak with its peer, and of none.

    On a gateway with fifty tunnels the others' lines bear other names and numbers. A line without a number (the
    first packet of a stranger, a complaint of the socket) counts when it names the peer. One that names nobody
    belongs to the packet sent last when the socket complains; otherwise, in a log that numbers its lines, it is
    the daemon's own affair and counts, and in one that does not, it goes with the lines around it. With
    neither peer nor name nothing can be told apart, and all lines count.
    """
    wanted, peers = frozenset(filter(None, names)), tuple(filter(None, peer_addrs))
    if not wanted and not peers:
        return tuple(lines)
    numbered = any(line.uid for line in lines)
    ours = _own_sas(lines, wanted, peers)
    kept: list[LogLine] = []
    run, around, sent = 0, True, True
    for line in lines:
        run += bool(_START.match(line.text))
        named = _names_peer(line.text, peers)
        if line.text.startswith("sending packet:"):
            sent = bool(named)
        if line.uid:
            counts = (run, line.uid) in ours and (not line.conn or not wanted or line.conn in wanted)
        elif line.conn:
            counts = line.conn in wanted
        elif named is not None:
            counts = around = named
        elif line.text.startswith("error writing to socket"):
            counts = sent
        else:
            counts = numbered or around
        if counts:
            kept.append(line)
    return tuple(kept)


def _own_sas(
    lines: Iterable[LogLine], wanted: frozenset[str], peers: Sequence[str]
) -> frozenset[tuple[int, str]]:
    """The IKE SAs, by the daemon's run and their number, that bear a wanted name or speak with the peer."""
    named: set[tuple[int, str]] = set()
    foreign: set[tuple[int, str]] = set()
    speaking: set[tuple[int, str]] = set()
    run = 0
    for line in lines:
        run += bool(_START.match(line.text))
        if line.uid and line.conn and wanted:
            (named if line.conn in wanted else foreign).add((run, line.uid))
        elif line.uid and _names_peer(line.text, peers):
            speaking.add((run, line.uid))
    return frozenset(named | (speaking - foreign))


def _names_peer(text: str, peers: Sequence[str]) -> bool | None:
    """Whether a line names the peer; None when it names no address at all."""
    if any(_names(text, peer) for peer in peers):
        return True
    return False if _IPV4.search(text) or _IPV6.search(text) else None


def _names(text: str, peer: str) -> bool:
    """Whether a text names an address, and not just one that begins or ends like it."""
    at = text.find(peer)
    while at >= 0:
        before, after = text[at - 1 : at] if at else "", text[at + len(peer) : at + len(peer) + 1]
        dotted = before == "." and text[at - 3 : at] != "..."
        # pluto writes the port behind an IPv4 address; behind an IPv6 one a colon means that it goes on.
        longer = after.isalnum() or (after == ":" and ":" in peer)
        if not (before.isalnum() or before == ":" or dotted) and not longer:
            return True
        at = text.find(peer, at + 1)
    return False


def events(lines: Iterable[LogLine], signatures: Sequence[Signature]) -> tuple[LogEvent, ...]:
    """The lines that mean something, in order; of several signatures that fit a line the first one counts."""
    found: list[LogEvent] = []
    for line in lines:
        for signature in signatures:
            groups = signature.groups(line.text)
            if groups is not None:
                found.append(LogEvent(signature.name, line.line, groups, line.time))
                break
    return tuple(found)
