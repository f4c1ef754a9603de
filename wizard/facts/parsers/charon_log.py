"""charon's log: lines of any of its outlets, cut to one attempt, and the events its words stand for.

The journal of charon-systemd carries thread, connection and IKE SA as fields beside the bare message, so it is
read as JSON; files and syslog carry them in front of the text: `08[IKE] <site|3> …`. Which words mean what
stands in flows/signatures, not here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Protocol

_TAGGED: Final = re.compile(
    r"(?:(?P<thread>\d{1,3})\[(?P<group>[A-Z]{3})\]|\[(?P<bare>[A-Z]{3})\])"
    r"(?: <(?:(?P<conn>[^|>]{1,128})\|)?(?P<uid>\d{1,10})>)? (?P<text>.*)"
)
_UNIX_TIME: Final = re.compile(r"(?P<time>\d{9,11}\.\d{1,9}) ")
_ISO_TIME: Final = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d))\s"
)
_PREFIX: Final = re.compile(
    r"^(?:\S+ )?(?:charon(?:-systemd|-nm)?|ipsec|swanctl)(?:\[\d{1,10}\])?: (?P<text>.*)$"
)


class Signature(Protocol):
    """What a log line is held against; wizard.flow.signatures makes them of YAML."""

    @property
    def name(self) -> str:
        """The event it stands for."""

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
    """Number of the IKE SA in this daemon."""

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
    """The lines of a journal (JSON lines or text), a log file or `swanctl --log`; what is none is left out."""
    lines: list[LogLine] = []
    for raw in text.splitlines():
        line = _journal(raw) if raw.startswith("{") else _plain(raw)
        if line is not None:
            lines.append(line)
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
    plain = _tagged(message, time)
    if plain is not None:
        return plain
    return LogLine(
        text=message,
        time=time,
        group=_word(entry, "GROUP"),
        conn=_word(entry, "IKE_SA_NAME"),
        uid=_word(entry, "IKE_SA_UNIQUE_ID"),
    )


def _word(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""


def _plain(raw: str) -> LogLine | None:
    """A line of text: a time in front where there is one, then host and program, then the daemon's own words."""
    time: float | None = None
    rest = raw
    if (unix := _UNIX_TIME.match(raw)) is not None:
        time, rest = float(unix["time"]), raw[unix.end() :]
    elif (iso := _ISO_TIME.match(raw)) is not None:
        time, rest = _from_iso(iso["time"]), raw[iso.end() :]
    tagged = _tagged(rest, time)
    if tagged is not None:
        return tagged
    named = _PREFIX.match(rest)
    text = (named["text"] if named is not None else rest).strip()
    return LogLine(text, time) if text else None


def _tagged(text: str, time: float | None) -> LogLine | None:
    found = _TAGGED.search(text)
    if found is None:
        return None
    return LogLine(
        text=found["text"].strip(),
        time=time,
        group=found["group"] or found["bare"] or "",
        conn=found["conn"] or "",
        uid=found["uid"] or "",
    )


def _from_iso(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text.replace(",", ".")).timestamp()
    except ValueError:
        return None


def attempt(
    lines: Sequence[LogLine], *, peer_addrs: Iterable[str], names: Iterable[str]
) -> tuple[LogLine, ...]:
    """The lines about this tunnel: of IKE SAs that bear its name or speak with its peer, and of none.

    On a gateway with fifty tunnels the others' lines bear other names and numbers. A line without a number (the
    first packet of a stranger, a complaint of the socket) counts when it names the peer, or nobody.
    """
    wanted, peers = frozenset(names), tuple(peer_addrs)
    ours: set[str] = set()
    foreign: set[str] = set()
    for line in lines:
        if line.uid and line.conn:
            (ours if line.conn in wanted else foreign).add(line.uid)
        elif line.uid and any(_names(line.text, peer) for peer in peers):
            ours.add(line.uid)
    ours -= {uid for uid in foreign if uid not in _named(lines, wanted)}
    kept: list[LogLine] = []
    for line in lines:
        if line.uid:
            if line.uid in ours and (not line.conn or line.conn in wanted):
                kept.append(line)
        elif line.conn:
            if line.conn in wanted:
                kept.append(line)
        elif not _ADDRESS.search(line.text) or any(_names(line.text, peer) for peer in peers):
            kept.append(line)
    return tuple(kept)


_ADDRESS: Final = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")


def _named(lines: Iterable[LogLine], names: frozenset[str]) -> frozenset[str]:
    return frozenset(line.uid for line in lines if line.uid and line.conn in names)


def _names(text: str, peer: str) -> bool:
    """Whether a text names an address, and not just one that begins like it."""
    at = text.find(peer)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(peer) : at + len(peer) + 1]
        if not (before.isalnum() or before == ".") and not after.isdigit():
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
