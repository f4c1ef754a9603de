from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tests.unit.journal import sample
from wizard.engine.model import Answered, Replied
from wizard.errors import SessionError
from wizard.journal.entry import Recorded, Resumed, Unknown
from wizard.journal.redact import Redactor
from wizard.journal.store import Journal, JournalError, read


def begun(folder: Path, tunnel: str = "site", redactor: Redactor | None = None) -> Journal:
    return Journal.create(
        folder, tunnel, version="0.1.0", clock=sample.Ticking(), redactor=redactor or Redactor()
    )


def resumed(path: Path) -> Journal:
    return Journal.resume(path, clock=sample.Ticking(), redactor=Redactor())[0]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A finished journal of a whole session."""
    journal = begun(tmp_path / "sessions")
    for entry in sample.entries():
        journal.append(entry.event)
    journal.settle()
    journal.close()
    return journal.path


def events(path: Path) -> list[Recorded]:
    return [entry.event for entry in read(path).entries]


def test_folder_and_file_are_the_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        journal = begun(tmp_path / "state" / "sessions")
    finally:
        os.umask(before)
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(journal.path.parent.stat().st_mode) == 0o700


def test_a_folder_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    folder.mkdir()
    folder.chmod(0o755)
    begun(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_session_is_named_after_its_second_and_its_tunnel(tmp_path: Path) -> None:
    assert begun(tmp_path).session == "20261121T101500Z-site"
    assert begun(tmp_path).session == "20261121T101500Z-site-2"
    assert begun(tmp_path).session == "20261121T101500Z-site-3"
    assert begun(tmp_path, "other").session == "20261121T101500Z-other"


@pytest.mark.parametrize(
    ("tunnel", "name"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("a b\n$(x)", "a-b-x"),
        ("", "tunnel"),
        ("..", "tunnel"),
        ("ü" * 9, "tunnel"),
    ],
)
def test_a_tunnels_name_cannot_lead_out_of_the_folder(tmp_path: Path, tunnel: str, name: str) -> None:
    journal = begun(tmp_path / "sessions", tunnel)
    assert journal.path == tmp_path / "sessions" / f"20261121T101500Z-{name}.jsonl"


def test_line_one_says_how_to_read_the_rest(path: Path) -> None:
    header = json.loads(path.read_text().splitlines()[0])
    assert header == {
        "journal": "ipsec-wizard",
        "schema": 1,
        "version": "0.1.0",
        "session": "20261121T101500Z-site",
        "created": "2026-11-21T10:15:00.042Z",
        "continues": "",
    }


def test_every_event_is_one_line_with_number_time_and_kind(path: Path) -> None:
    lines = [json.loads(line) for line in path.read_text().splitlines()[1:]]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert lines[0]["at"] == "2026-11-21T10:15:00.542Z"
    assert [line["kind"] for line in lines[:3]] == ["Started", "Requested", "Replied"]


def test_what_was_written_is_read_again(path: Path) -> None:
    redactor = Redactor()
    assert events(path) == [redactor.record(entry.event) for entry in sample.entries()]
    assert not read(path).torn


def test_odd_characters_survive(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    odd = Replied(Answered("\x00 \x1b[31m \u2028 \ud800 \U0001f600 \r\n é"))
    journal.append(odd)
    assert events(journal.path) == [odd]
    assert journal.path.read_bytes().count(b"\n") == 2


def test_a_line_cut_anywhere_is_the_only_thing_lost(path: Path) -> None:
    content, whole = path.read_bytes(), read(path).entries
    last = len(content[:-1].rpartition(b"\n")[0]) + 1
    for cut in range(last, len(content)):
        path.write_bytes(content[:cut])
        reading = read(path)
        assert reading.entries == whole[:-1]
        assert reading.torn == (cut > last)


def test_resuming_cuts_the_torn_line_off_before_adding(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-7])
    journal, reading = Journal.resume(path, clock=sample.Ticking(), redactor=Redactor())
    journal.append(Replied(Answered("again")))
    assert reading.torn
    assert events(path) == [*(entry.event for entry in reading.entries), Replied(Answered("again"))]
    assert not read(path).torn


def test_numbers_go_on_after_resuming(path: Path) -> None:
    count = len(read(path).entries)
    assert resumed(path).append(Replied(Answered(None))).seq == count + 1


@pytest.mark.parametrize(
    ("line", "text", "says"),
    [
        (3, b"garbage", ":3: the line is not JSON"),
        (3, b"[]", ":3: the line is not a JSON object"),
        (3, b"{}", ":3: event 2 is missing here"),
        (2, b'{"seq":1,"at":"yesterday","kind":"Started","event":{}}', ":2: the line holds no time"),
        (2, b'{"seq":1,"at":"2026-11-21T10:15:00Z","kind":"Started"}', ":2: the line holds no event"),
        (
            2,
            b'{"seq":1,"at":"2026-11-21T10:15:00Z","kind":"Started","event":{}}',
            ":2: Started: far is missing",
        ),
        (1, b'{"journal":"ipsec-wizard","schema":2}', "a newer version wrote this journal (schema 2"),
        (
            1,
            b'{"journal":"ipsec-wizard","schema":"1","version":"","session":"","created":""}',
            "schema must be a whole number, not a text",
        ),
        (1, b"{}", ":1: this is not a journal of ipsec-wizard"),
        (1, b"\xff\xfe", ":1: the line is not JSON"),
        (3, b"[" * 100_000, ":3: the line is not JSON"),
    ],
)
def test_anything_but_a_torn_last_line_is_told_with_its_place(
    path: Path, line: int, text: bytes, says: str
) -> None:
    lines = path.read_bytes().split(b"\n")
    lines[line - 1] = text
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(SessionError) as caught:
        read(path)
    assert says in str(caught.value)
    assert caught.value.place is not None
    assert (caught.value.place.file, caught.value.place.line) == (str(path), line)
    assert caught.value.advice


def test_a_line_taken_out_is_noticed(path: Path) -> None:
    lines = path.read_bytes().split(b"\n")
    del lines[4]
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(SessionError, match=r":5: event 4 is missing here"):
        read(path)


@pytest.mark.parametrize("content", [b"", b'{"journal":"ipsec-wiz'])
def test_a_file_without_a_whole_header_is_no_session(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    with pytest.raises(SessionError, match="ended before it began"):
        read(path)


def test_a_session_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="No such file"):
        read(tmp_path / "none.jsonl")
    with pytest.raises(SessionError, match="there is no such session"):
        resumed(tmp_path / "none.jsonl")


def test_an_event_of_a_newer_version_is_kept_as_it_stands(path: Path) -> None:
    lines = path.read_bytes().split(b"\n")
    body = json.loads(lines[3])
    body["kind"], body["event"] = "Foreseen", {"remedy": "align-psk"}
    lines[3] = json.dumps(body).encode()
    path.write_bytes(b"\n".join(lines))
    assert events(path)[2] == Unknown("Foreseen", {"remedy": "align-psk"})


def test_a_reply_of_a_newer_kind_is_kept_as_it_stands(path: Path) -> None:
    lines = path.read_bytes().split(b"\n")
    body = json.loads(lines[3])
    body["event"] = {"reply": {"is": "Postponed", "until": "tomorrow"}}
    lines[3] = json.dumps(body).encode()
    path.write_bytes(b"\n".join(lines))
    assert events(path)[2] == Unknown("Replied", body["event"])


def test_the_journals_own_event_is_read_again(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    journal.append(Resumed("0.1.0", "ada", 3, "earlier"))
    assert events(journal.path) == [Resumed("0.1.0", "ada", 3, "earlier")]


# --- two programs ---------------------------------------------------------------------------------


def test_a_second_writer_is_refused_in_one_sentence(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    with pytest.raises(SessionError) as caught:
        resumed(journal.path)
    assert str(caught.value) == (
        f"{journal.path}: this session is open in another ipsec-wizard; "
        "end it there first, or export it, which is possible at any time"
    )


def test_reading_is_possible_while_another_writes(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    journal.append(Replied(Answered("yes")))
    assert events(journal.path) == [Replied(Answered("yes"))]


def test_a_closed_journal_is_free_for_others(path: Path) -> None:
    resumed(path).close()
    again = resumed(path)
    again.close()
    again.close()
    with pytest.raises(JournalError, match="the journal is closed"):
        again.append(Replied(Answered(None)))


def test_a_torn_line_of_another_writer_is_not_cut_off(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    journal.append(Replied(Answered("yes")))
    journal.path.write_bytes(journal.path.read_bytes()[:-3])
    before = journal.path.read_bytes()
    with pytest.raises(SessionError):
        resumed(journal.path)
    assert journal.path.read_bytes() == before


# --- when the disk refuses ------------------------------------------------------------------------


@pytest.fixture
def small_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that holds 1500 bytes of a journal: the write that goes over it is a short one, as the kernel's is.

    No limit of the process, which would also cut off what the test run itself writes to a file.
    """
    really = os.write

    def write(descriptor: int, content: bytes) -> int:
        if Path(f"/proc/self/fd/{descriptor}").readlink().suffix != ".jsonl":
            return really(descriptor, content)
        room = max(0, 1500 - os.fstat(descriptor).st_size)
        if not room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return really(descriptor, content[:room])

    monkeypatch.setattr(os, "write", write)


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_is_one_clear_error_and_leaves_no_torn_line(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    journal.append(Replied(Answered("yes")))
    with pytest.raises(JournalError) as caught:
        journal.append(Replied(sample.look("x" * 2000)))
    assert str(journal.path) in str(caught.value)
    assert "the journal cannot be written" in str(caught.value)
    reading = read(journal.path)
    assert [entry.event for entry in reading.entries] == [Replied(Answered("yes"))]
    assert not reading.torn


@pytest.mark.usefixtures("small_disk")
def test_after_a_full_disk_smaller_events_can_still_be_written(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    with pytest.raises(JournalError):
        journal.append(Replied(sample.look("x" * 2000)))
    assert journal.append(Replied(Answered("yes"))).seq == 1
    assert events(journal.path) == [Replied(Answered("yes"))]


def test_a_disk_that_fails_late_is_told_when_settling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = begun(tmp_path)

    def fails(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fails)
    journal.append(Replied(Answered("yes")))
    with pytest.raises(JournalError, match="Input/output error"):
        journal.settle()


def test_a_journal_that_could_not_be_begun_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: int, __: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", fails)
    with pytest.raises(JournalError, match="No space left on device"):
        begun(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(JournalError, match="the journal cannot be written") as caught:
        begun(tmp_path / "state" / "sessions")
    assert caught.value.advice == "make room or choose another folder with --state"


# --- secrets --------------------------------------------------------------------------------------


class Failing(Redactor):
    """Fails with the secret in its mouth."""

    def clean(self, text: str) -> str:
        raise ValueError(f"cannot handle {text}")


def test_a_redactor_that_fails_stops_the_write(tmp_path: Path) -> None:
    journal = begun(tmp_path, redactor=Failing())
    before = journal.path.read_bytes()
    with pytest.raises(JournalError) as caught:
        journal.append(Replied(sample.look()))
    assert journal.path.read_bytes() == before
    assert "ValueError" in str(caught.value)
    assert sample.CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_what_is_handed_back_is_what_was_written(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    entry = journal.append(Replied(sample.look()))
    assert [entry] == list(read(journal.path).entries)
    assert sample.CANARY not in journal.path.read_text()


def test_a_clock_in_another_zone_is_written_in_utc(tmp_path: Path) -> None:
    there = datetime.fromisoformat("2026-11-21T11:15:00.123999+01:00")
    journal = Journal.create(tmp_path, "site", version="1", clock=lambda: there, redactor=Redactor())
    entry = journal.append(Replied(Answered(None)))
    assert journal.session == "20261121T101500Z-site"
    assert replace(read(journal.path).entries[0], seq=1) == entry
    assert entry.at.isoformat() == "2026-11-21T10:15:00.123000+00:00"


# --- kill -9 --------------------------------------------------------------------------------------

WRITER = """
import sys, datetime, pathlib
from tests.unit.journal import sample
from wizard.engine.model import Replied, Answered
from wizard.journal.redact import Redactor
from wizard.journal.store import Journal
clock = lambda: datetime.datetime.now(datetime.timezone.utc)
path = pathlib.Path(sys.argv[1])
journal = Journal.resume(path, clock=clock, redactor=Redactor())[0]
number = 0
while True:
    number += 1
    journal.append(Replied(Answered(f"{number} " + "x" * (number * 7919 % 60_000))))
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


def test_kill_9_at_any_moment_loses_at_most_the_event_being_written(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    journal.close()
    path, before = journal.path, 0
    for wanted in (1, 2, 3, 5, 8, 13, 40, 90):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for _ in range(wanted):
            assert writer.stdout.readline()
        writer.kill()
        told = wanted + len(writer.stdout.read().split())
        writer.wait()
        writer.stdout.close()
        kept = [entry.event for entry in read(path).entries][before:]
        assert len(kept) in (told, told + 1)
        for number, event in enumerate(kept, 1):
            assert event == Replied(Answered(f"{number} " + "x" * (number * 7919 % 60_000)))
        resumed(path).close()
        assert not read(path).torn
        before += len(kept)
