from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.unit.journal import sample
from wizard.engine.course import Course
from wizard.engine.model import (
    Answered,
    Ask,
    Collect,
    Collected,
    Declined,
    Ended,
    Event,
    Exercise,
    Finish,
    Replied,
    Reply,
    Request,
    Requested,
    Started,
)
from wizard.errors import SessionError, WizardError
from wizard.facts.model import Fact
from wizard.flow.rule import parse
from wizard.flow.spec import Branch, Cause, Check, Choice, Flow, Question, Tree, Verdict
from wizard.journal.entry import Resumed
from wizard.journal.feedback import Begin
from wizard.journal.redact import Redactor
from wizard.journal.store import read
from wizard.session import JournalError, Session, list_sessions, replay, session_path

CHANGED = replace(sample.FLOW, digest="other")


def begun(
    state: Path, *, begin: Begin = sample.Walk, journaled: bool = True, redactor: Redactor | None = None
) -> Session:
    return Session.new(
        sample.FLOW,
        tunnel="site",
        near="gw-a",
        far="gw-b",
        symptom="never-up",
        operator="ada",
        state_dir=state,
        clock=sample.Ticking(),
        redactor=redactor,
        begin=begin,
        journaled=journaled,
    )


def resumed(
    path: Path, flow: Flow = sample.FLOW, *, begin: Begin = sample.Walk, anew: bool = False
) -> Session:
    return Session.resume(
        path,
        flow,
        operator="grace",
        clock=sample.Ticking(),
        begin=begin,
        changed="anew" if anew else "refuse",
    )


def path_of(session: Session) -> Path:
    assert session.path is not None
    return session.path


def played(state: Path, replies: Sequence[Reply] = sample.REPLIES) -> Path:
    with begun(state) as session:
        for reply in replies:
            session.reply(reply)
        return path_of(session)


def kinds(events: Sequence[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


# --- from beginning to end ------------------------------------------------------------------------


def test_a_session_begins_with_who_looks_at_what(tmp_path: Path) -> None:
    session = begun(tmp_path)
    assert session.events == (
        Started(
            "20261121T101500Z-site",
            "site",
            "gw-a",
            "gw-b",
            "never-up",
            "ada",
            session.started.version,
            sample.FLOW.digest,
        ),
        Requested(session.request),
    )
    assert session.id == "20261121T101500Z-site"
    assert session.tunnel == "site"
    assert session.outcome is None


def test_a_session_goes_to_its_outcome(tmp_path: Path) -> None:
    session = begun(tmp_path)
    for reply in sample.REPLIES:
        session.reply(reply)
    assert session.request == Finish(sample.outcome())
    assert session.outcome == sample.outcome()
    assert session.events[-1] == Ended(sample.outcome())


def test_a_reply_is_handed_back_with_what_follows_from_it(tmp_path: Path) -> None:
    session = begun(tmp_path)
    events = session.reply(sample.look())
    assert kinds(events) == ["Replied", "Entered", "Branched", "Mapped", "Warned", "Requested"]
    assert session.events[-len(events) :] == events


def test_what_is_kept_is_what_happened(tmp_path: Path) -> None:
    session = begun(tmp_path)
    for reply in sample.REPLIES:
        session.reply(reply)
    assert read(path_of(session)).entries == session.entries


def test_a_reply_is_on_the_disk_before_the_engine_hears_of_it(tmp_path: Path) -> None:
    class Looking(sample.Walk):
        def reply(self, reply: Reply) -> tuple[Event, ...]:
            assert read(path).entries[-1].event == Replied(reply)
            return super().reply(reply)

    session = begun(tmp_path, begin=Looking)
    path = path_of(session)
    session.reply(sample.look())
    assert len(session.events) == 8


def test_the_engine_knows_no_more_than_the_journal(tmp_path: Path) -> None:
    walks: list[sample.Walk] = []

    def begin(flow: Flow, started: Started) -> sample.Walk:
        walks.append(sample.Walk(flow, started))
        return walks[-1]

    session = begun(tmp_path, begin=begin)
    session.reply(sample.look())
    assert sample.CANARY not in repr(walks[0].heard)
    assert sample.CANARY not in repr(session.events)
    assert sample.CANARY not in path_of(session).read_text()


def test_a_secret_the_operator_typed_is_nowhere(tmp_path: Path) -> None:
    redactor = Redactor()
    session = begun(tmp_path, redactor=redactor)
    redactor.learn("refused")
    session.reply(sample.look())
    session.reply(sample.exercise_reply())
    assert "refused" not in path_of(session).read_text()
    assert "refused" not in repr(session.events)


@pytest.mark.parametrize(
    ("given", "reply"),
    [
        ((), Answered("yes")),
        ((), Declined("no")),
        (sample.REPLIES[:1], Answered(None)),
        (sample.REPLIES[:2], Collected(())),
    ],
)
def test_a_reply_of_the_wrong_kind_changes_nothing(
    tmp_path: Path, given: Sequence[Reply], reply: Reply
) -> None:
    session = begun(tmp_path)
    for fitting in given:
        session.reply(fitting)
    before = session.entries
    with pytest.raises(WizardError, match="does not answer a"):
        session.reply(reply)
    assert session.entries == before
    assert read(path_of(session)).entries == before


def test_an_exercise_may_be_declined(tmp_path: Path) -> None:
    session = begun(tmp_path)
    session.reply(sample.look())
    assert kinds(session.reply(Declined("not now"))) == ["Replied", "Requested"]


# --- without a journal ----------------------------------------------------------------------------


def test_a_session_in_memory_touches_no_disk(tmp_path: Path) -> None:
    session = begun(tmp_path / "state", journaled=False)
    for reply in sample.REPLIES:
        session.reply(reply)
    assert session.outcome == sample.outcome()
    assert session.path is None
    assert session.id == "20261121T101500Z-site"
    assert sample.CANARY not in repr(session.events)
    assert list(tmp_path.iterdir()) == []


def test_a_state_folder_that_cannot_be_written_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(JournalError, match="the journal cannot be written"):
        begun(tmp_path / "state")


class Disk:
    """Refuses from the given write on, each time, as a full disk does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, good_writes: int) -> None:
        self._left = good_writes
        self._write = os.write
        monkeypatch.setattr(os, "write", self)

    def __call__(self, descriptor: int, data: bytes) -> int:
        self._left -= 1
        if self._left < 0:
            raise OSError(28, "No space left on device")
        return self._write(descriptor, data)


@pytest.mark.parametrize("good_writes", range(6))
def test_a_disk_that_fills_up_ends_the_session_unless_the_operator_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, good_writes: int
) -> None:
    session, whole = begun(tmp_path / "full"), begun(tmp_path / "whole", journaled=False)
    Disk(monkeypatch, good_writes)
    with pytest.raises(JournalError, match="No space left on device"):
        session.reply(sample.look())
    with pytest.raises(JournalError, match="could not be written"):
        session.reply(sample.look())
    assert session.go_on_unjournaled() == whole.reply(sample.look())
    assert session.path is None
    session.reply(sample.REPLIES[1])
    whole.reply(sample.REPLIES[1])
    assert session.events == whole.events


@pytest.mark.parametrize("good_writes", range(6))
def test_what_a_full_disk_kept_can_be_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, good_writes: int
) -> None:
    session = begun(tmp_path)
    path = path_of(session)
    with monkeypatch.context() as context:
        Disk(context, good_writes)
        with pytest.raises(JournalError):
            session.reply(sample.look())
    session.close()
    again = resumed(path)
    if isinstance(again.request, Collect):
        again.reply(sample.look())
    assert isinstance(again.request, Exercise)


def test_a_redactor_that_fails_stops_the_session(tmp_path: Path) -> None:
    class Failing(Redactor):
        def clean(self, text: str) -> str:
            if sample.CANARY in text:
                raise RuntimeError(text)
            return text

    session = begun(tmp_path, redactor=Failing())
    with pytest.raises(JournalError, match="freed of secrets"):
        session.reply(sample.look())
    with pytest.raises(JournalError, match="freed of secrets"):
        session.go_on_unjournaled()
    assert kinds(session.events) == ["Started", "Requested"]


# --- resuming -------------------------------------------------------------------------------------


@pytest.mark.parametrize("replies", range(3))
def test_a_session_is_taken_up_where_it_stopped(tmp_path: Path, replies: int) -> None:
    path = played(tmp_path, sample.REPLIES[:replies])
    before = read(path).entries
    with resumed(path) as session:
        assert session.entries[: len(before)] == before
        assert session.entries[len(before)].event == Resumed(session.started.version, "grace", replies)
        assert session.events == tuple(entry.event for entry in before)
        for reply in sample.REPLIES[replies:]:
            session.reply(reply)
        assert session.outcome == sample.outcome()
    assert read(path).entries == session.entries


def test_a_session_can_be_interrupted_again_and_again(tmp_path: Path) -> None:
    path = played(tmp_path, ())
    for reply in sample.REPLIES:
        resumed(path).close()
        with resumed(path) as session:
            session.reply(reply)
    assert resumed(path).outcome == sample.outcome()


def test_cut_at_any_line_a_session_ends_the_same(tmp_path: Path) -> None:
    path = played(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    events = [entry.event for entry in read(path).entries]
    for kept in range(2, len(lines)):
        for torn in (b"", lines[kept][:20]):
            path.write_bytes(b"".join(lines[:kept]) + torn)
            with resumed(path) as session:
                taken = sum(isinstance(event, Replied) for event in session.events)
                for reply in sample.REPLIES[taken:]:
                    session.reply(reply)
                assert list(session.events) == events
                assert bool(session.notes) == bool(torn)


def test_a_finished_session_is_opened_for_looking_at_even_with_other_trees(tmp_path: Path) -> None:
    path = played(tmp_path)
    before = path.read_bytes()
    session = resumed(path, CHANGED)
    other = resumed(path, CHANGED)
    assert session.outcome == other.outcome == sample.outcome()
    assert session.events == tuple(entry.event for entry in read(path).entries)
    with pytest.raises(WizardError, match="does not answer a Finish"):
        session.reply(Answered(None))
    assert path.read_bytes() == before


def test_a_session_open_elsewhere_is_not_resumed(tmp_path: Path) -> None:
    session = begun(tmp_path)
    with pytest.raises(SessionError, match="open in another ipsec-wizard"):
        resumed(path_of(session))


def test_a_session_that_was_ended_before_it_began_is_told(tmp_path: Path) -> None:
    path = played(tmp_path, ())
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(SessionError, match="ended before it began"):
        resumed(path)
    with pytest.raises(SessionError):
        resumed(path)


def test_changed_trees_are_refused_with_what_to_do(tmp_path: Path) -> None:
    path = played(tmp_path, sample.REPLIES[:1])
    before = path.read_bytes()
    with pytest.raises(SessionError) as caught:
        resumed(path, CHANGED)
    assert str(caught.value) == (
        f"{path}:2: the trees have changed since this session; "
        "start a new session, or resume it with its replies judged anew"
    )
    assert path.read_bytes() == before
    resumed(path).close()


def test_a_program_that_walks_another_way_is_refused(tmp_path: Path) -> None:
    class Elsewhere(sample.Walk):
        def _ending(self) -> list[Event]:  # type: ignore[override]
            return [Ended(sample.outcome())]

    path = played(tmp_path, sample.REPLIES[:2])
    with pytest.raises(SessionError, match="the walk goes another way today") as caught:
        resumed(path, begin=Elsewhere)
    assert caught.value.place is not None
    assert json.loads(path.read_text().splitlines()[(caught.value.place.line or 0) - 1])["kind"] == "Replied"


def test_a_reply_todays_engine_refuses_is_told_with_its_line(tmp_path: Path) -> None:
    class Strict(sample.Walk):
        def reply(self, reply: Reply) -> tuple[Event, ...]:
            raise WizardError("a Collected does not answer an Ask")

    path = played(tmp_path, sample.REPLIES[:1])
    with pytest.raises(SessionError, match=r":4: a Collected does not answer an Ask; start a new session"):
        resumed(path, begin=Strict)


def test_with_changed_trees_the_replies_can_be_judged_anew(tmp_path: Path) -> None:
    path = played(tmp_path, sample.REPLIES[:2])
    before = path.read_bytes()
    with resumed(path, CHANGED, anew=True) as session:
        assert session.id == "20261121T101500Z-site-2"
        assert session.started.flows_digest == "other"
        assert session.started.operator == "grace"
        (note,) = session.notes
        assert "changed since 20261121T101500Z-site: 2 of its 2 replies were judged anew" in note
        assert note.endswith(f"in {session.id}.")
        assert isinstance(session.request, Ask)
        assert isinstance(session.entries[-1].event, Resumed)
        assert session.entries[-1].event.earlier == "20261121T101500Z-site"
    assert path.read_bytes() == before
    resumed(path_of(session), CHANGED).close()


def test_replies_that_do_not_answer_todays_requests_are_not_judged(tmp_path: Path) -> None:
    class Curious(sample.Walk):
        @property
        def request(self) -> Request:
            first = not self.heard
            return Collect(("daemon-stats", "ike-log", "routes")) if first else super().request

    path = played(tmp_path, sample.REPLIES[:2])
    with resumed(path, CHANGED, begin=Curious, anew=True) as session:
        assert session.request == Collect(("daemon-stats", "ike-log", "routes"))
        assert session.notes[0].startswith(
            "The trees have changed since 20261121T101500Z-site: 0 of its 2 replies"
        )


# --- lists and replays ----------------------------------------------------------------------------


def test_sessions_are_listed_with_their_outcome_the_latest_first(tmp_path: Path) -> None:
    played(tmp_path)
    played(tmp_path, sample.REPLIES[:1])
    rows, problems = list_sessions(tmp_path)
    assert problems == ()
    assert [row.id for row in rows] == ["20261121T101500Z-site-2", "20261121T101500Z-site"]
    unfinished, finished = rows
    assert (unfinished.finished, unfinished.status, unfinished.cause) == (False, None, "")
    assert (finished.finished, finished.status, finished.cause, finished.title) == (
        True,
        "fault",
        "psk-mismatch",
        "The pre-shared keys differ",
    )
    assert (finished.tunnel, finished.near, finished.far, finished.symptom) == (
        "site",
        "gw-a",
        "gw-b",
        "never-up",
    )
    assert finished.began - sample.BEGAN < timedelta(seconds=5)
    assert session_path(finished.id, tmp_path) == finished.path


def test_where_nothing_was_kept_nothing_is_listed(tmp_path: Path) -> None:
    assert list_sessions(tmp_path / "nowhere") == ((), ())


def test_a_file_that_is_no_session_does_not_hide_the_others(tmp_path: Path) -> None:
    path = played(tmp_path)
    for name, content in (
        ("a", b""),
        ("b", b"x\ny\n"),
        ("c", path.read_bytes().splitlines(keepends=True)[0]),
    ):
        (path.parent / f"{name}.jsonl").write_bytes(content)
    rows, problems = list_sessions(tmp_path)
    assert [row.path for row in rows] == [path]
    assert [problem.place is not None and Path(problem.place.file).stem for problem in problems] == [
        "a",
        "b",
        "c",
    ]


@pytest.mark.parametrize("size", [10, 20_000, 70_000, 3_000_000])
def test_a_session_killed_in_a_long_event_is_listed_as_unfinished(tmp_path: Path, size: int) -> None:
    path = played(tmp_path, (sample.look("x" * size),))
    lines = path.read_bytes().splitlines(keepends=True)
    for content in (lines[:4], [*lines[:3], lines[3][: len(lines[3]) // 2]], lines):
        path.write_bytes(b"".join(content))
        rows, problems = list_sessions(tmp_path)
        assert [row.finished for row in rows] == [False]
        assert problems == ()


def test_a_finished_session_with_long_outputs_is_listed_as_finished(tmp_path: Path) -> None:
    played(tmp_path, (sample.look("x" * 100_000), *sample.REPLIES[1:]))
    assert [row.status for row in list_sessions(tmp_path)[0]] == ["fault"]


@pytest.mark.parametrize("name", ["nothing", "../sessions/20261121T101500Z-site", "/etc/passwd", ""])
def test_a_name_nothing_is_kept_under_is_told(tmp_path: Path, name: str) -> None:
    played(tmp_path)
    with pytest.raises(SessionError, match="there is no session"):
        session_path(name, tmp_path)


def test_a_replay_gives_the_events_with_the_pauses_between(tmp_path: Path) -> None:
    path = played(tmp_path)
    resumed(path).close()
    timed = list(replay(path))
    assert [piece.event for piece in timed] == [entry.event for entry in read(path).entries]
    assert timed[0].pause_s == 0
    assert {piece.pause_s for piece in timed[1:]} == {0.5}


def test_a_clock_that_was_set_back_makes_no_negative_pause(tmp_path: Path) -> None:
    path = played(tmp_path, ())
    lines = path.read_text().splitlines()
    lines[2] = lines[2].replace("2026-11-21", "2026-11-20")
    path.write_text("\n".join([*lines, ""]))
    assert [piece.pause_s for piece in replay(path)] == [0.0, 0.0]


def test_the_transcript_of_a_running_session_is_there_at_any_time(tmp_path: Path) -> None:
    session = begun(tmp_path)
    assert session.transcript().status == "unfinished"
    for reply in sample.REPLIES:
        session.reply(reply)
    assert session.transcript().status == "fault"


# --- with the real engine -------------------------------------------------------------------------


def real_flow() -> Flow:
    """Two nodes and a question, as a tree would be."""
    reach = Check(
        "triage.reach",
        "Does the daemon of each gateway run?",
        "Without it nothing works.",
        (
            Branch(parse("here.daemon_running == false"), None, Verdict("daemon-not-running")),
            Branch(parse("psk_agrees == false"), "triage.key"),
            Branch(None, "triage.key"),
        ),
    )
    key = Question(
        "triage.key", "Was the key changed?", "", (Choice("yes", "Yes", "triage.named"),), "triage.named"
    )
    named = Check(
        "triage.named",
        "Do the keys agree?",
        "",
        (
            Branch(parse("not psk_agrees"), None, Verdict("psk-mismatch")),
            Branch(None, None, Verdict("inconclusive")),
        ),
        exercise="ike-four-points",
    )
    causes = {
        name: Cause(name, name, "daemon") for name in ("daemon-not-running", "psk-mismatch", "inconclusive")
    }
    return Flow(
        trees=MappingProxyType({"triage": Tree("triage", "", "", "triage.reach", ("triage.reach",))}),
        nodes=MappingProxyType({node.id: node for node in (reach, key, named)}),
        causes=MappingProxyType(causes),
        digest="real",
    )


REAL_REPLIES: tuple[Reply, ...] = (
    sample.look(),
    Answered("yes"),
    Collected((Fact("near.attempt_result", "refused"),)),
)


def test_the_real_engine_ends_the_same_after_a_kill_at_any_line(tmp_path: Path) -> None:
    with Session.new(
        real_flow(),
        tunnel="site",
        near="gw-a",
        far="gw-b",
        symptom="drops",
        operator="ada",
        state_dir=tmp_path,
    ) as session:
        for reply in REAL_REPLIES:
            session.reply(reply)
    path, events = path_of(session), session.events
    assert session.outcome is not None
    assert [finding.cause for finding in session.outcome.causes] == ["psk-mismatch"]
    lines = path.read_bytes().splitlines(keepends=True)
    for kept in range(2, len(lines)):
        path.write_bytes(b"".join(lines[:kept]) + b'{"seq":')
        with Session.resume(path, real_flow()) as again:
            taken = sum(isinstance(event, Replied) for event in again.events)
            for reply in REAL_REPLIES[taken:]:
                again.reply(reply)
            assert again.events == events


def test_the_real_engine_is_the_one_that_is_taken() -> None:
    assert inspect.signature(Session.new).parameters["begin"].default is Course
    assert inspect.signature(Session.resume).parameters["begin"].default is Course


# --- kill -9 --------------------------------------------------------------------------------------

PLAYER = """
import sys, pathlib
from tests.unit.journal import sample
from wizard.session import Session, list_sessions
state = pathlib.Path(sys.argv[1])
rows = [row for row in list_sessions(state)[0] if not row.finished]
while True:
    if rows:
        session = Session.resume(rows.pop().path, sample.FLOW, begin=sample.Walk)
    else:
        session = Session.new(sample.FLOW, tunnel="site", near="a", far="b", symptom="x", operator="o",
                              state_dir=state, begin=sample.Walk)
    while session.outcome is None:
        done = len([event for event in session.events if type(event).__name__ == "Replied"])
        session.reply(sample.REPLIES[done])
        print(session.id, done + 1, flush=True)
    session.close()
"""


def test_after_kill_9_at_any_moment_every_session_can_be_read_and_resumed(tmp_path: Path) -> None:
    told: dict[str, int] = {}
    for wanted in (1, 2, 4, 7, 9, 14):
        player = subprocess.Popen(
            [sys.executable, "-c", PLAYER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert player.stdout is not None
        lines = [player.stdout.readline() for _ in range(wanted)]
        player.kill()
        lines.extend(player.stdout.read().splitlines(keepends=True))
        player.wait()
        player.stdout.close()
        told.update(
            {name: int(count) for name, count in (line.split() for line in lines if line.endswith("\n"))}
        )
    rows, problems = list_sessions(tmp_path)
    begun_only = {problem.place.file for problem in problems if problem.place is not None}
    assert all(len(read_lines(Path(file))) < 2 for file in begun_only)
    assert told.keys() <= {row.id for row in rows}
    for row in rows:
        with resumed(row.path) as session:
            taken = sum(isinstance(event, Replied) for event in session.events)
            assert taken >= told.get(row.id, 0)
            for reply in sample.REPLIES[taken:]:
                session.reply(reply)
            assert session.outcome == sample.outcome()


def read_lines(path: Path) -> list[bytes]:
    return [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
