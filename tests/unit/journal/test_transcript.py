from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.journal import sample
from wizard.engine.model import Collected, Declined, Ended, EndReport, Finish, Replied, Requested
from wizard.errors import SessionError
from wizard.journal.entry import Entry, Recorded, Resumed, Unknown
from wizard.journal.transcript import Gateway, Transcript


def of(*events: Recorded) -> Transcript:
    clock = sample.Ticking()
    return Transcript.of(Entry(seq, clock(), event) for seq, event in enumerate(events, 1))


def test_who_when_and_what_came_out() -> None:
    transcript = Transcript.of(sample.entries())
    assert transcript.started == sample.started()
    assert transcript.began == sample.BEGAN
    assert transcript.duration_s == 0.5 * (len(sample.entries()) - 1)
    assert transcript.status == "fault"
    assert transcript.title == "The pre-shared keys differ"
    assert transcript.outcome == sample.outcome()


def test_gateways_with_their_versions() -> None:
    near, far = Transcript.of(sample.entries()).gateways
    assert near == Gateway("near", "gw-a", True, True, "strongswan-swanctl", "5.9.8", "")
    assert far == Gateway("far", "gw-b", True, True, "", "", "")


def test_an_end_nobody_can_log_in_to_says_why() -> None:
    report = EndReport("far", "203.0.113.9", False, managed=False, problem="nobody here can log in")
    far = of(sample.started(), Replied(Collected((), ends=(report,)))).gateways[1]
    assert far == Gateway("far", "203.0.113.9", False, False, "", "", "nobody here can log in")


def test_the_path_holds_every_node_with_its_answer() -> None:
    transcript = Transcript.of(sample.entries())
    assert transcript.path == ("triage.look-1", "triage.look-2", "triage.ask", "authentication.psk")
    assert [(step.mark, step.answer) for step in transcript.steps] == [
        ("ok", "Both answer."),
        ("ok", "Both answer."),
        ("ok", "answered yes"),
        (None, ""),
    ]
    assert transcript.steps[0].because == sample.look().facts


def test_every_command_is_numbered_and_framed_by_its_request() -> None:
    commands = Transcript.of(sample.entries()).commands
    assert [(command.number, command.record.probe) for command in commands] == [
        (1, "daemon-stats"),
        (2, "ike-log"),
        (3, "initiate"),
    ]
    assert all(command.asked < command.at for command in commands)


def test_a_proof_finds_the_command_that_printed_it() -> None:
    transcript = Transcript.of(sample.entries())
    source = transcript.command_of(sample.evidence())
    assert source is not None
    assert source.number == 2
    assert transcript.proofs(source) == (sample.PROOF,)
    assert transcript.proofs(transcript.commands[0]) == ()
    assert transcript.command_of(replace(sample.evidence(), line="never printed")) is None


def test_costs_add_up() -> None:
    transcript = Transcript.of(sample.entries())
    assert (transcript.cost.connections, transcript.cost.round_trips, transcript.cost.commands) == (2, 3, 3)
    assert transcript.cost.elapsed_s == pytest.approx(1.92)
    assert transcript.exercises == 1


def test_the_last_map_stands() -> None:
    assert [segment.mark for segment in Transcript.of(sample.entries()).segments] == ["ok", "fail"]


def test_what_was_declined_or_failed_or_interrupted_is_noted() -> None:
    exercise = Requested(sample.Walk(sample.FLOW, sample.started())._requests[1])
    transcript = of(
        sample.started(),
        exercise,
        Replied(Declined("only looking is allowed")),
        exercise,
        Replied(Collected((), problem="the link was lost")),
        Resumed("0.1.0", "grace", 2),
        Resumed("0.1.0", "grace", 2, "earlier"),
        Unknown("Foreseen", {}),
    )
    assert [note.text for note in transcript.notes] == [
        "Trying the tunnel out (ike-four-points) was not allowed: only looking is allowed.",
        "Trying the tunnel out (ike-four-points) did not work: the link was lost.",
        "The session was interrupted here and taken up again by grace (version 0.1.0).",
        "The first 2 replies are those of session earlier, judged anew by grace (version 0.1.0).",
        "A newer version noted a Foreseen here, which this version cannot read.",
    ]


@pytest.mark.parametrize("kept", range(1, len(sample.entries())))
def test_an_unfinished_session_has_a_transcript(kept: int) -> None:
    transcript = Transcript.of(sample.entries()[:kept])
    assert transcript.status == "unfinished"
    assert transcript.title == "This session was not finished"


@pytest.mark.parametrize(
    ("status", "title"),
    [
        ("healthy", "Nothing is wrong with this tunnel"),
        ("inconclusive", "The cause cannot be told with what could be seen"),
    ],
)
def test_without_a_cause_the_title_says_so(status: str, title: str) -> None:
    outcome = replace(sample.outcome(), status=status, causes=())  # type: ignore[arg-type]
    assert of(sample.started(), Requested(Finish(outcome)), Ended(outcome)).title == title


def test_no_events_are_no_session() -> None:
    with pytest.raises(SessionError, match="holds no diagnosis"):
        Transcript.of(())
