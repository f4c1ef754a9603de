"""Takes the streams of a batch apart again, whatever happened to them on the way.

The records are described in wizard.ssh.script. Nothing here raises on what a gateway sent: an output that
is cut, garbled or missing becomes an Output that says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field

from wizard.facts.probes import Command, Output
from wizard.records import dataclass
from wizard.ssh.plain import one_line, plain
from wizard.ssh.running import Captured, Raw
from wizard.ssh.script import ERROR_TAIL_BYTES, GRACE_S, TAIL_BYTES
from wizard.ssh.sudo import sudo_problem

_LOST = "its output was lost, the commands together printed too much"
_ENDED_BY_TIMEOUT = frozenset({124, 137, 143})
"""What `timeout` leaves: GNU's own code, SIGKILL, and SIGTERM from busybox."""
CUT = b"\n[... the gateway printed more than is kept ...]\n"
"""Stands where the middle of an output was left out on the gateway."""
PASSWORD_CHECK = "s"
"""The number under which a batch checks the sudo password."""


@dataclass(slots=True)
class Text:
    """One stream of one command: its head and, after the gateway's mark, a tail of at most `limit` bytes."""

    limit: int
    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)
    at_tail: bool = False

    def add(self, data: bytes) -> None:
        """Adds what came next."""
        (self.tail if self.at_tail else self.head).extend(data)

    @property
    def cut(self) -> bool:
        """Whether something may be missing before the tail: a shorter one holds all there was."""
        return len(self.tail) >= self.limit

    @property
    def data(self) -> bytes:
        """All of it, with a line where something is missing."""
        return bytes(self.head + (CUT if self.cut else b"") + self.tail)


@dataclass(slots=True)
class Section:
    """What was found of one command in the streams of its batch."""

    out: Text = field(default_factory=lambda: Text(TAIL_BYTES))
    err: Text = field(default_factory=lambda: Text(ERROR_TAIL_BYTES))
    began: float | None = None
    ended: float | None = None
    exit_code: int | None = None
    truncated: bool = False
    watched: bool = False
    left_out: bool = False
    """What it needs is not on the gateway."""

    @property
    def elapsed_s(self) -> float:
        """Seconds by the gateway's clock, to a hundredth."""
        if self.began is None or self.ended is None:
            return 0.0
        return round(max(0.0, self.ended - self.began), 2)


@dataclass(frozen=True, slots=True)
class Frame:
    """A batch taken apart: sections by number, and whether the script ran at all."""

    sections: dict[str, Section]
    started: bool


def unframe(raw: Raw, marker: str) -> Frame:
    """Finds every section of both streams; bytes outside sections (a login banner) are left out."""
    sections: dict[str, Section] = {}
    flags = _scan(raw.out, marker, sections, is_error=False)
    _scan(raw.err, marker, sections, is_error=True)
    return Frame(sections, "a" in flags)


def _scan(stream: Captured, marker: str, sections: dict[str, Section], *, is_error: bool) -> set[str]:
    """Reads one stream into the sections; returns the kinds of record seen."""
    token = re.compile(re.escape(marker.encode()) + rb"\[([a-z])(?: (\w+))?(?: ([\d.]+))?\]([^\n]*)\n")
    seen: set[str] = set()
    current: Section | None = None
    for is_tail, data in ((False, _without_stub(stream, marker)), (True, stream.tail)):
        after_gap = is_tail and stream.dropped > 0
        position, text = 0, b""
        for match in (*token.finditer(data), None):
            text += data[position : match.start() if match else len(data)]
            kind = match[1].decode() if match else ""
            section = sections.setdefault(match[2].decode(), Section()) if match and match[2] else None
            if after_gap and (kind in {"b", "e"} or match is None):
                # What follows a gap belongs to whatever ends next, which may have begun within the gap.
                current = section if kind == "e" else current if match is None else None
                text, after_gap = stream.gap + text, False
                if current is not None:
                    current.truncated = True
            if text and not after_gap:
                if current is not None:
                    (current.err if is_error else current.out).add(text)
                text = b""
            if match is None:
                break
            position = match.end()
            seen.add(kind)
            if section is not None:
                current = _record(section, current, match, is_error=is_error)
        if current is not None and stream.dropped and not is_tail:
            current.truncated = True
    return seen


def _without_stub(stream: Captured, marker: str) -> bytes:
    """The head of a stream, without the record that was cut in two at its end."""
    head, name = stream.head, marker.encode()
    if not stream.dropped:
        return head
    last = head.rfind(name)
    if last >= 0 and b"\n" not in head[last:]:
        return head[:last]
    stub = next((size for size in range(len(name) - 1, 3, -1) if head.endswith(name[:size])), 0)
    return head[: len(head) - stub]


def _record(
    section: Section, current: Section | None, match: re.Match[bytes], *, is_error: bool
) -> Section | None:
    """Takes one record in; returns the section that output belongs to from here on."""
    kind, value = match[1].decode(), _number(match[3])
    if kind in {"b", "w"} and not is_error:
        section.began, section.watched = value, kind == "w"
    elif kind == "e" and not is_error:
        section.ended = value
    elif kind == "k":
        section.left_out = True
    elif kind == "x":
        section.exit_code = int(value) if value is not None and value < 256 else None
    elif kind in {"o", "r"}:
        (section.out if kind == "o" else section.err).add(match[4] + b"\n")
    elif kind == "g":
        (section.err if is_error else section.out).at_tail = True
    if kind == "b":
        return section
    return None if kind == "e" and not section.watched else current


def _number(text: bytes | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def split(raw: Raw, commands: Sequence[Command], marker: str) -> list[Output]:
    """One Output for each command, in order, but for those that were left out for want of what they need.

    What is not usable has its `problem` set. Never raises.
    """
    frame = unframe(raw, marker)
    left_out = {number for number, section in frame.sections.items() if section.left_out}
    return [
        _output(command, str(number), frame, raw)
        for number, command in enumerate(commands)
        if not (command.needs and str(number) in left_out)
    ]


def _output(command: Command, number: str, frame: Frame, raw: Raw) -> Output:
    section = frame.sections.get(number)
    if section is None or (section.began is None and not section.out.data):
        return Output(command, "", "", None, raw.truncated, 0.0, f"not run: {_why_not(frame, raw)}")
    stdout, stderr = plain(section.out.data), plain(section.err.data)
    return Output(
        command,
        stdout,
        stderr,
        section.exit_code,
        section.truncated or section.out.cut or section.err.cut,
        section.elapsed_s,
        _problem(command, section, stderr, raw),
    )


def _why_not(frame: Frame, raw: Raw) -> str:
    if frame.started and raw.truncated:
        return _LOST
    if raw.lost:
        return "the connection to the gateway was lost"
    if raw.timed_out:
        return f"the commands together took longer than {raw.elapsed_s:.0f} s"
    if raw.cancelled:
        return "it was given up"
    if not frame.started:
        said = one_line(raw.stderr or raw.stdout)
        return "the gateway's login shell did not run the script" + (f": {said}" if said else "")
    check = frame.sections.get(PASSWORD_CHECK)
    if check is not None and check.exit_code != 0:
        return "sudo did not accept the password"
    return "the script ended early on the gateway"


def _problem(command: Command, section: Section, stderr: str, raw: Raw) -> str | None:
    if section.ended is None and raw.lost:
        return "the connection to the gateway was lost while it ran"
    if section.watched:
        if section.exit_code is None and not section.out.data:
            return "it had printed nothing when the time was over"
        return sudo_problem(stderr) if "$SUDO" in command.text else None
    if section.ended is None and raw.timed_out:
        return "it had not ended when the time for all commands was over"
    if raw.truncated and (section.ended is None or section.began is None):
        return None if section.truncated and section.exit_code is not None else _LOST
    if section.ended is None and raw.cancelled:
        return "it was given up while it ran"
    if section.began is None or section.ended is None:
        return "its beginning is missing" if section.began is None else "its end is missing"
    if section.exit_code is None:
        return f"it did not end within {command.timeout_s + GRACE_S:g} s"
    if section.exit_code in _ENDED_BY_TIMEOUT and section.elapsed_s >= command.timeout_s - 0.1:
        return f"it did not finish within {command.timeout_s:g} s"
    return sudo_problem(stderr) if "$SUDO" in command.text and section.exit_code != 0 else None
