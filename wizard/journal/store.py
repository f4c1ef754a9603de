"""Journals on disk: one file of JSON lines a session, only ever added to, safe against a kill at any moment.

Every event is one line and one write, so that a killed program loses at most the event it was writing; what
is torn is the last line and nothing else. A journal open for writing is locked: two programs never write one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from wizard.errors import Place, SessionError, WizardError
from wizard.journal.entry import (
    SCHEMA,
    Entry,
    Header,
    LineError,
    Recorded,
    entry_line,
    header_line,
    parse_entry,
    parse_header,
    timestamp,
)
from wizard.journal.redact import Redactor
from wizard.records import dataclass

SUFFIX: Final = ".jsonl"
Clock = Callable[[], datetime]
"""Tells the time with its zone; injected, so that a journal of a test is the same each time."""


class JournalError(WizardError):
    """The journal cannot be written; what is on disk already stays readable, and the session resumable."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A journal as it stands on disk."""

    path: Path
    header: Header
    entries: tuple[Entry, ...]
    torn: bool
    """The last line was being written when the program ended; it is left out of `entries`."""
    size: int
    """Bytes of the lines that are whole."""


def read(path: Path) -> Reading:
    """Reads a journal, whether or not a program is writing it just now.

    A torn last line is dropped. Raises SessionError, with file and line, for all else that is not a journal.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SessionError(f"the session cannot be read: {error.strerror}", place=Place(str(path))) from error
    return _parsed(path, content)


def _parsed(path: Path, content: bytes) -> Reading:
    lines = content.split(b"\n")
    torn = lines.pop()
    if not lines:
        raise _spoilt(
            path, 1, "the session was ended before it began", "remove the file and start a new session"
        )
    entries: list[Entry] = []
    number = 1
    try:
        header = parse_header(lines[0])
        for number, line in enumerate(lines[1:], start=2):
            entries.append(parse_entry(line, number - 1))
    except LineError as error:
        newer = "newer version" in str(error)
        advice = "use that version" if newer else "the file was changed or damaged; start a new session"
        raise _spoilt(path, number, str(error), advice) from error
    return Reading(path, header, tuple(entries), bool(torn), len(content) - len(torn))


def _spoilt(path: Path, line: int, message: str, advice: str) -> SessionError:
    return SessionError(message, place=Place(str(path), line), advice=advice)


class Journal:
    """One session's file, open for adding to; locked until it is closed."""

    def __init__(
        self, path: Path, descriptor: int, written: int, size: int, clock: Clock, redactor: Redactor
    ) -> None:
        """Takes an open and locked file; use `create` or `resume`."""
        self.path = path
        self._descriptor: int | None = descriptor
        self._written = written
        self._size = size
        self._clock = clock
        self._redactor = redactor

    @classmethod
    def create(
        cls, folder: Path, tunnel: str, *, version: str, clock: Clock, redactor: Redactor, continues: str = ""
    ) -> Self:
        """Begins a journal in `folder`, which is made (0700) when it is not there; the file is 0600.

        Its name is the session's: the time to the second and the tunnel, and a number from the second on.
        Raises JournalError when the folder cannot be written to.
        """
        created = clock().astimezone(UTC)
        stem = session_name(tunnel, created)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            path, descriptor = new_file(folder, stem, SUFFIX)
        except OSError as error:
            raise _unwritable(folder, error) from error
        journal = cls(path, descriptor, 0, 0, clock, redactor)
        try:
            _lock(path, descriptor)
            header = Header(SCHEMA, version, journal.session, timestamp(created), continues)
            journal._write(header_line(header))
            journal.settle()
            _settle_folder(folder)
        except BaseException:
            journal.close()
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        return journal

    @classmethod
    def resume(cls, path: Path, *, clock: Clock, redactor: Redactor) -> tuple[Self, Reading]:
        """Opens a journal to add to it; a torn last line is cut off first.

        Raises SessionError when it is none or another program has it open, JournalError when it cannot be
        written.
        """
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise SessionError("there is no such session", place=Place(str(path))) from error
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            _lock(path, descriptor)
            reading = read(path)
            if reading.torn:
                os.ftruncate(descriptor, reading.size)
        except OSError as error:
            os.close(descriptor)
            raise _unwritable(path, error) from error
        except BaseException:
            os.close(descriptor)
            raise
        return cls(path, descriptor, len(reading.entries), reading.size, clock, redactor), reading

    @property
    def session(self) -> str:
        """The session's name, as `sessions` lists it."""
        return self.path.name.removesuffix(SUFFIX)

    def append(self, event: Recorded) -> Entry:
        """Writes one event down with the time, and returns it as written: redacted.

        A kill of the program cannot undo it any more, a loss of power can until `settle`. Raises JournalError
        when it cannot be redacted or written; the journal then stands as it did before.
        """
        entry = Entry(self._written + 1, now(self._clock), redacted(self._redactor, event))
        self._write(entry_line(entry))
        self._written += 1
        return entry

    def settle(self) -> None:
        """Waits until everything written is on the disk; raises JournalError when the disk refuses."""
        if self._descriptor is None:
            return
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def close(self) -> None:
        """Ends the lock; closing twice does nothing."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def _write(self, line: bytes) -> None:
        if self._descriptor is None:
            raise JournalError("the journal is closed", place=Place(str(self.path)))
        try:
            if os.write(self._descriptor, line) != len(line):
                raise OSError(28, "No space left on device")
        except OSError as error:
            # A torn line is only harmless at the end, so nothing may follow it.
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            raise _unwritable(self.path, error) from error
        self._size += len(line)


def now(clock: Clock) -> datetime:
    """The time as a reader of the journal will see it: in UTC, to the millisecond."""
    at = clock().astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def redacted(redactor: Redactor, event: Recorded) -> Recorded:
    """The event without secrets; raises JournalError when that fails, because then it must not be written.

    What went wrong is told by its class only: its text could hold what was to be hidden.
    """
    try:
        return redactor.record(event)
    except Exception as error:  # noqa: BLE001 - whatever fails here, the event may not go on
        reason = type(error).__name__
    raise JournalError(
        f"a {type(event).__name__} could not be freed of secrets ({reason}), so it was not written",
        advice="report this with the name of the event; the session can be resumed from what stands written",
    )


def _lock(path: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise SessionError(
            "this session is open in another ipsec-wizard",
            place=Place(str(path)),
            advice="end it there first, or export it, which is possible at any time",
        ) from error
    except OSError as error:
        raise _unwritable(path, error) from error


def new_file(folder: Path, stem: str, suffix: str) -> tuple[Path, int]:
    """A file that was not there before, open for adding to and the owner's alone (0600); raises OSError.

    When the name is taken, a number from 2 on follows the stem.
    """
    number = 1
    while True:
        path = folder / f"{stem}{f'-{number}' if number > 1 else ''}{suffix}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        try:
            descriptor = os.open(path, flags, 0o600)
        except FileExistsError:
            number += 1
            continue
        os.fchmod(descriptor, 0o600)
        return path, descriptor


def _settle_folder(folder: Path) -> None:
    """Makes the new name durable; some file systems cannot, and lose nothing else by it."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def session_name(tunnel: str, began: datetime) -> str:
    """The name of a session, without what a file name or a command line would trip over."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", tunnel).strip("-.")[:60] or "tunnel"
    return f"{began.astimezone(UTC):%Y%m%dT%H%M%SZ}-{safe}"


def _unwritable(path: Path, error: OSError) -> JournalError:
    return JournalError(
        f"the journal cannot be written: {error.strerror or 'the disk refused'}",
        place=Place(str(path)),
        advice="make room or choose another folder with --state",
    )
