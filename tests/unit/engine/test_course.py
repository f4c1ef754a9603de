"""A course mends what was found, believes only a fresh diagnosis, and takes back what did not help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from wizard.engine.course import Course
from wizard.engine.model import (
    Change,
    Changed,
    Collected,
    Confirm,
    Decided,
    Draw,
    Drawn,
    Ended,
    EndReport,
    Event,
    Finish,
    Keep,
    Mend,
    Mended,
    Replied,
    Reply,
    Requested,
    Standing,
    Started,
    Stepped,
)
from wizard.engine.plan import Blast, Plan, Step, sealed
from wizard.errors import WizardError
from wizard.facts.model import Fact
from wizard.flow.rule import parse
from wizard.flow.spec import Branch, Cause, Check, Flow, Leaf, Remedy, RemedyStep, Tree, Verdict

STARTED = Started("20261121T101500Z-site", "site", "gw-a", "gw-b", "check", "anna", "0", "d")
BOTH = (EndReport("near", "gw-a", reached=True), EndReport("far", "gw-b", reached=True))
PLAN = sealed(
    Plan(
        "align-psk",
        "Put one key on both gateways",
        "psk-mismatch",
        "site",
        "Stops nothing.",
        "A new IKE SA.",
        steps=(Step("far", "gw-b", "write the key", "w", "u"), Step("far", "gw-b", "load it", "l", "l")),
        blasts=(Blast("far", "gw-b", ("site",), (), 2),),
    )
)
BRANCH = Standing("gw-b", "branch/net", "c0000001", "c0000002")


def flow(proves: str | None = None) -> Flow:
    """Finds the key to differ, then the selectors; no daemon is a setback."""
    causes = {
        name: Cause(
            name, name.replace("-", " ").capitalize(), "f", remedies=("align-psk",) if "psk" in name else ()
        )
        for name in (
            "psk-mismatch",
            "traffic-selector-mismatch",
            "daemon-not-running",
            "healthy",
            "inconclusive",
        )
    }
    node = Check(
        "t.keys",
        "Do the keys agree?",
        "why",
        (
            Branch(parse("not here.daemon_running"), None, Verdict("daemon-not-running")),
            Branch(parse("symptom == 'drops'"), None, Verdict("psk-mismatch", ends="far")),
            Branch(parse("near.implementation == 'x'"), None, Verdict("psk-mismatch", ends="far")),
            Branch(parse("near.implementation == 'y'"), None, Verdict("traffic-selector-mismatch")),
            Branch(parse("near.implementation == 'z'"), "t.fine"),
            Branch(None, None, Verdict("inconclusive")),
        ),
    )
    remedy = Remedy(
        "align-psk",
        PLAN.title,
        ("psk-mismatch",),
        (RemedyStep("copy-secret", "wrong"),),
        PLAN.impact,
        PLAN.verified_by,
        proves=parse(proves) if proves else None,
    )
    return Flow(
        {"t": Tree("t", "T", "", "t.keys", ("t.keys", "t.fine"))},
        {"t.keys": node, "t.fine": Leaf("t.fine", Verdict("healthy"))},
        causes,
        remedies={"align-psk": remedy},
        setbacks=frozenset({"daemon-not-running"}),
        start="t",
    )


def found(word: str, *, running: bool = True) -> Collected:
    return Collected(
        (
            Fact("near.implementation", word),
            Fact("near.daemon_running", running),
            Fact("far.daemon_running", running),
        ),
        ends=BOTH,
    )


def armed() -> Changed:
    return Changed(True, state={"gw-b": "armed"}, standing=(BRANCH,), drops={"gw-b": 3})


def watched(*standing: Standing, drops: int = 3) -> Changed:
    return Changed(True, standing=standing, drops={"gw-b": drops})


UNDONE = Changed(True, state={"gw-b": "undone"})


class Drive:
    """Hands a course one reply after the other and keeps the events."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.events: list[Event] = list(course.opening())

    def __call__(self, *replies: Reply) -> Drive:
        for reply in replies:
            followed = self.course.reply(reply)
            assert followed[0] == Replied(reply)
            requested = [event for event in followed if isinstance(event, Requested)]
            assert requested[-1].request == self.course.request
            self.events += followed
        return self

    @property
    def result(self) -> tuple[str, str]:
        ended = [event for event in self.events if isinstance(event, Mended)]
        return ended[-1].result, ended[-1].said


def diagnosed(course: Course | None = None) -> Drive:
    return Drive(course or Course(flow(), STARTED))(found("x"))


def planned() -> Drive:
    return diagnosed()(Mend("align-psk"), Drawn(PLAN))


def stepped() -> Drive:
    """Armed, both steps done, the first look taken: the fresh diagnosis is asked for."""
    return planned()(Decided(True), armed(), Changed(True), Changed(True), watched(BRANCH))


def moves(drive: Drive) -> Sequence[str]:
    requests = [event.request for event in drive.events if isinstance(event, Requested)]
    return [request.move for request in requests if isinstance(request, Change)]


def test_a_session_that_mends_nothing_goes_the_way_of_a_diagnosis() -> None:
    drive = diagnosed()
    assert isinstance(drive.course.request, Finish)
    assert isinstance(drive.events[-1], Ended)
    assert drive.course.outcome.causes[0].remedies == ("align-psk",)


def test_the_plan_is_asked_for_where_the_cause_was_found_and_the_other_end_is_right() -> None:
    request = diagnosed()(Mend("align-psk")).course.request
    assert request == Draw("align-psk", "psk-mismatch", ("far",), "near", {})


def test_the_operator_may_say_which_end_is_right() -> None:
    request = diagnosed()(Mend("align-psk", right="far")).course.request
    assert isinstance(request, Draw)
    assert request.right == "far"


@pytest.mark.parametrize("remedy", ["no-such-remedy", "align-psk"])
def test_a_remedy_that_mends_nothing_found_is_refused(remedy: str) -> None:
    drive = Drive(Course(flow(), STARTED))(found("z"))
    with pytest.raises(WizardError):
        drive.course.reply(Mend(remedy))
    assert isinstance(drive.course.request, Finish)


def test_without_a_plan_nothing_is_changed_and_the_finding_stands() -> None:
    drive = diagnosed()(Mend("align-psk"), Drawn(None, "the file is generated"))
    assert drive.result == ("refused", "the file is generated")
    assert drive.course.outcome.causes[0].cause == "psk-mismatch"
    assert moves(drive) == []


def test_without_a_yes_nothing_is_changed() -> None:
    drive = planned()
    assert drive.course.request == Confirm(PLAN)
    drive(Decided(False))
    assert drive.result[0] == "refused"
    assert moves(drive) == []


def test_what_helped_is_kept_once_somebody_says_so() -> None:
    drive = stepped()(found("z"), watched(BRANCH))
    assert drive.course.request == Keep(PLAN, "the tunnel is healthy")
    drive(Decided(True), Changed(True, state={"gw-b": "kept"}))
    assert drive.result[0] == "kept"
    assert moves(drive) == ["arm", "step", "step", "watch", "watch", "keep"]
    assert drive.course.outcome.status == "healthy"
    assert isinstance(drive.events[-1], Ended)


def test_of_two_faults_the_second_is_found_by_the_diagnosis_that_verifies_the_first() -> None:
    drive = stepped()(found("y"), watched(BRANCH), Decided(True), Changed(True, state={"gw-b": "kept"}))
    assert drive.result[0] == "kept"
    assert [one.cause for one in drive.course.outcome.causes] == ["traffic-selector-mismatch"]


@pytest.mark.parametrize(
    ("fresh", "watch", "why"),
    [
        (found("x"), watched(BRANCH), "the same cause is found as before"),
        (found("z", running=False), watched(BRANCH), "now daemon not running"),
        (found("?"), watched(BRANCH), "the fresh diagnosis came to no end"),
        (found("z"), watched(), "the other tunnel branch/net of gw-b went down"),
        (found("z"), watched(BRANCH, drops=4), "the kernel of gw-b drops packets"),
        (found("z"), Changed(False, "the connection was lost"), "could not be looked at again"),
    ],
)
def test_what_did_not_help_or_did_harm_is_undone(fresh: Collected, watch: Changed, why: str) -> None:
    drive = stepped()(fresh, watch)
    assert drive.course.request == Change("undo", PLAN, f"20261121t101500z-{PLAN.hash}")
    drive(UNDONE)
    result, said = drive.result
    assert result == "undone"
    assert why in said
    assert drive.course.outcome.causes[0].cause == "psk-mismatch"


def test_a_remedy_with_a_proof_of_its_own_needs_it_where_another_fault_is_left() -> None:
    for rule, result in (("near.implementation == 'y'", Keep), ("near.implementation == 'q'", Change)):
        drive = diagnosed(Course(flow(rule), STARTED))(Mend("align-psk"), Drawn(PLAN), Decided(True), armed())
        drive(Changed(True), Changed(True), watched(BRANCH), found("y"), watched(BRANCH))
        assert isinstance(drive.course.request, result)


def test_another_tunnel_may_go_down_where_the_plan_said_so() -> None:
    plan = sealed(replace(PLAN, blasts=(Blast("far", "gw-b", ("site",), ("branch",), 2),)))
    drive = diagnosed()(Mend("align-psk"), Drawn(plan), Decided(True), armed(), Changed(True), Changed(True))
    drive(watched(), found("z"), watched())
    assert isinstance(drive.course.request, Keep)


def test_a_guard_that_cannot_be_armed_leaves_everything_as_it_is() -> None:
    drive = planned()(Decided(True), Changed(False, "a guard is already pending on gw-b"))
    assert drive.result == ("refused", "a guard is already pending on gw-b; nothing was changed")
    assert moves(drive) == ["arm"]


def test_after_a_step_that_fails_no_other_is_done() -> None:
    drive = planned()(Decided(True), armed(), Changed(False, "the disk is full"), UNDONE)
    assert moves(drive) == ["arm", "step", "undo"]
    assert drive.result == (
        "undone",
        "write the key did not work: the disk is full; undone, the gateways are as before",
    )


def test_a_gateway_that_is_lost_undoes_by_itself_and_that_is_said() -> None:
    lost = Changed(False, "gw-b: no answer; its guard undoes the change by itself", state={"gw-b": "unknown"})
    drive = planned()(Decided(True), armed(), Changed(False, "the connection was lost"), lost)
    result, said = drive.result
    assert result == "failed"
    assert "its guard undoes the change by itself" in said


def test_what_nobody_wants_to_keep_is_undone() -> None:
    drive = stepped()(found("z"), watched(BRANCH), Decided(False, "nobody confirmed in time"), UNDONE)
    assert drive.result == ("undone", "nobody confirmed in time; undone, the gateways are as before")
    assert drive.course.outcome == diagnosed().course.outcome


def test_what_cannot_be_kept_any_more_is_undone() -> None:
    drive = stepped()(
        found("z"), watched(BRANCH), Decided(True), Changed(False, "the guard of gw-b is undone")
    )
    assert isinstance(drive.course.request, Change)
    drive(UNDONE)
    assert drive.result[0] == "undone"
    assert drive.course.outcome == diagnosed().course.outcome


def test_an_approved_plan_is_carried_out_without_a_diagnosis_before() -> None:
    drive = Drive(Course(flow(), replace(STARTED, approved=PLAN)))
    assert drive.course.request == Confirm(PLAN)
    drive(Decided(True), armed(), Changed(True), Changed(True), watched(BRANCH), found("z"), watched(BRANCH))
    drive(Decided(True), Changed(True, state={"gw-b": "kept"}))
    assert drive.result[0] == "kept"
    assert drive.course.outcome.status == "healthy"


def test_steps_are_told_with_their_number_and_state() -> None:
    told = [event for event in stepped().events if isinstance(event, Stepped) and event.number >= 0]
    assert [(one.number, one.state) for one in told] == [
        (0, "running"),
        (0, "done"),
        (1, "running"),
        (1, "done"),
    ]


@pytest.mark.parametrize("reply", [found("x"), Decided(True), Changed(True), Drawn(PLAN)])
def test_a_reply_to_something_else_is_refused(reply: Reply) -> None:
    drive = diagnosed()(Mend("align-psk"))
    if isinstance(reply, Drawn):
        drive(Drawn(PLAN))
    with pytest.raises(WizardError):
        drive.course.reply(reply)


def test_a_session_taken_up_after_its_guard_has_fired_says_just_that() -> None:
    fired = "gw-b: its guard had undone the change by itself at 2026-11-21T10:18:00Z"
    drive = stepped()(found("x"), watched(BRANCH), Changed(True, fired, state={"gw-b": "undone"}))
    assert drive.result == ("undone", f"{fired}; undone, the gateways are as before")
