"""One line of a journal: an event with its number and its time, and what is a journal's own beside events."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from wizard.engine.model import (
    Branched,
    Ended,
    Entered,
    Event,
    Found,
    Mapped,
    Mended,
    Replied,
    Requested,
    Started,
    Stepped,
    Warned,
)
from wizard.journal.codec import CodecError, Json, UnknownRecord, decode_as, encode
from wizard.records import dataclass

SCHEMA: Final = 1
"""Of the journal's lines; a reader refuses a higher one and reads all lower ones."""


@dataclass(frozen=True, slots=True)
class Header:
    """Line 1 of a journal: how to read the rest."""

    schema: int
    version: str
    """Version of the program that began the journal."""
    session: str
    created: str
    """UTC, as in every line."""
    continues: str = ""
    """Session whose replies were walked again, because the trees had changed since."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """A session was interrupted and taken up again; the engine knows nothing of it."""

    version: str
    operator: str
    replies: int
    """Replies that were there already."""
    earlier: str = ""
    """The session they came from, when that is another one: its trees have changed since."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """An event of a newer version, kept as it stands so that the rest of its session can be read."""

    kind: str
    body: dict[str, Any]


Recorded = Event | Resumed | Unknown

KINDS: Final[dict[str, type[Any]]] = {
    kind.__name__: kind
    for kind in (
        *(Started, Requested, Replied, Entered, Branched, Mapped, Found, Warned, Stepped, Mended, Ended),
        Resumed,
    )
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as it stands in the journal; `seq` counts from 1, `at` is in UTC."""

    seq: int
    at: datetime
    event: Recorded


class LineError(ValueError):
    """A line is not one of a journal; the text says what it is instead, without the line itself."""


def timestamp(at: datetime) -> str:
    """UTC with milliseconds, "2026-11-21T10:15:00.042Z"; raises ValueError for a time without a zone."""
    if at.tzinfo is None:
        raise ValueError("a journal's clock must tell its zone")
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_line(value: Json) -> bytes:
    """One line of UTF-8, the newline included; raises ValueError for what JSON cannot hold.

    A lone surrogate (half a character in a gateway's output) is written as the escape JSON has for it.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace") + b"\n"


def header_line(header: Header) -> bytes:
    """Line 1."""
    encoded = encode(header)
    if not isinstance(encoded, dict):
        raise TypeError("a record encodes to an object")
    return to_line({"journal": "ipsec-wizard", **encoded})


def entry_line(entry: Entry) -> bytes:
    """The line of an entry; raises CodecError when the event holds what its annotations do not allow."""
    event = entry.event
    kind, body = (
        (event.kind, event.body) if isinstance(event, Unknown) else (type(event).__name__, encode(event))
    )
    return to_line({"seq": entry.seq, "at": timestamp(entry.at), "kind": kind, "event": body})


def parse_header(line: bytes) -> Header:
    """Line 1 of a journal; raises LineError when the file is none, or of a newer version."""
    data = _object(line)
    if data.get("journal") != "ipsec-wizard":
        raise LineError("this is not a journal of ipsec-wizard")
    schema = data.get("schema")
    if type(schema) is int and schema > SCHEMA:
        raise LineError(
            f"a newer version wrote this journal (schema {schema}, this version reads up to {SCHEMA})"
        )
    try:
        header: Header = decode_as(Header, data)
    except CodecError as error:
        raise LineError(str(error)) from error
    return header


def parse_entry(line: bytes, expected: int | None = None) -> Entry:
    """The line of the entry numbered `expected`, or of any; raises LineError when it is anything else."""
    data = _object(line)
    seq = data.get("seq")
    if type(seq) is not int or (expected is not None and seq != expected):
        raise LineError(f"event {expected} is missing here" if expected else "the line holds no event")
    kind, body = data.get("kind"), data.get("event")
    if not isinstance(kind, str) or not isinstance(body, dict):
        raise LineError("the line holds no event")
    return Entry(seq, _time(data.get("at")), _event(kind, body))


def _event(kind: str, body: dict[str, Any]) -> Recorded:
    known = KINDS.get(kind)
    if known is None:
        return Unknown(kind, body)
    try:
        event: Recorded = decode_as(known, body)
    except UnknownRecord:
        return Unknown(kind, body)
    except CodecError as error:
        raise LineError(f"{kind}: {error}") from error
    return event


def _time(text: object) -> datetime:
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise LineError("the line holds no time in UTC")
    return at.astimezone(UTC)


def _object(line: bytes) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        raise LineError("the line is not JSON") from None
    if not isinstance(data, dict):
        raise LineError("the line is not a JSON object")
    return data
