"""The sessions in the state folder, as a home screen and `sessions` list them: by a glance at each file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from wizard import paths
from wizard.engine.model import Ended, Started, Status
from wizard.errors import Place, SessionError
from wizard.journal.entry import LineError, parse_entry, parse_header
from wizard.journal.store import SUFFIX
from wizard.records import dataclass

_LATELY: Final = 1 << 22
"""Bytes at the end in which a change under way is looked for: a diagnosis that verifies is shorter."""
_LONGEST_LINE: Final = 1 << 20
"""Bytes looked at from either end; the first and the last event of a finished session are far smaller."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session; `began` is in UTC."""

    id: str
    path: Path
    tunnel: str
    near: str
    far: str
    symptom: str
    began: datetime
    status: Status | None = None
    """None for one that was not finished and can be resumed."""
    cause: str = ""
    """Id of the first cause."""
    title: str = ""
    """Title of the first cause."""
    changing: bool = False
    """Whether it was interrupted while a gateway was being changed."""

    @property
    def finished(self) -> bool:
        """Whether it has an outcome."""
        return self.status is not None


def list_sessions(state_dir: Path | None = None) -> tuple[tuple[SessionRow, ...], tuple[SessionError, ...]]:
    """The sessions in a state folder, the latest first, and what is wrong with the files that are none.

    A folder that is not there holds no sessions. Only both ends of each file are read, so that a hundred
    sessions are listed at once.
    """
    rows: list[SessionRow] = []
    problems: list[SessionError] = []
    for path in sorted(paths.sessions_dir(state_dir).glob(f"*{SUFFIX}")):
        try:
            rows.append(_row(path))
        except SessionError as error:
            problems.append(error)
    return tuple(sorted(rows, key=lambda row: (row.began, row.id), reverse=True)), tuple(problems)


def session_path(session: str, state_dir: Path | None = None) -> Path:
    """The journal of a session by its name; raises SessionError for a name nothing is kept under."""
    folder = paths.sessions_dir(state_dir)
    path = folder / f"{session}{SUFFIX}"
    if path.parent != folder or not path.is_file():
        raise SessionError(
            f"there is no session {session!r} in {folder}", advice="ipsec-wizard sessions lists them"
        )
    return path


def _row(path: Path) -> SessionRow:
    try:
        with path.open("rb") as file:
            first, second = file.readline(_LONGEST_LINE), file.readline(_LONGEST_LINE)
            last = _last_line(file)
    except OSError as error:
        raise SessionError(f"the session cannot be read: {error.strerror}", place=Place(str(path))) from error
    try:
        header = parse_header(first)
        entry = parse_entry(second, 1)
        started = entry.event
        if not isinstance(started, Started):
            raise LineError("the session does not begin with its start")
        ended = parse_entry(last).event if last else None
    except LineError as error:
        raise SessionError(
            str(error), place=Place(str(path)), advice="remove the file if it is of no use"
        ) from error
    outcome = ended.outcome if isinstance(ended, Ended) else None
    cause = outcome.causes[0] if outcome is not None and outcome.causes else None
    return SessionRow(
        id=header.session,
        path=path,
        tunnel=started.tunnel,
        near=started.near,
        far=started.far,
        symptom=started.symptom,
        began=entry.at,
        status=outcome.status if outcome is not None else None,
        cause=cause.cause if cause is not None else "",
        title=cause.title if cause is not None else "",
        changing=outcome is None and _changing(path),
    )


def _changing(path: Path) -> bool:
    """Whether, near its end, a change was begun and not ended; a kind inside a text would be escaped."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _LATELY))
            tail = file.read()
    except OSError:
        return False
    return tail.rfind(b'"kind":"Stepped"') > max(
        tail.rfind(b'"kind":"Mended"'), tail.rfind(b'"kind":"Ended"')
    )


def _last_line(file: BinaryIO) -> bytes:
    """The last whole line; empty when it is longer than any last event of a finished session."""
    size = file.seek(0, 2)
    window = 1 << 14
    while True:
        begin = max(0, size - window)
        file.seek(begin)
        tail = file.read(size - begin).rpartition(b"\n")[0]
        before, newline, line = tail.rpartition(b"\n")
        if newline or (begin == 0 and not before):
            return line
        if begin == 0 or window >= _LONGEST_LINE:
            return b""
        window *= 4
