"""The conductor walks what the trees say, and only that."""

from __future__ import annotations

import pytest

from wizard.engine.model import (
    Answered,
    Ask,
    Branched,
    Collect,
    Collected,
    Declined,
    Ended,
    EndReport,
    Entered,
    Event,
    Exercise,
    Finish,
    Mapped,
    Outcome,
    Started,
)
from wizard.engine.run import MOST_STEPS, Run
from wizard.errors import WizardError
from wizard.facts.model import Evidence, Fact
from wizard.flow.rule import parse
from wizard.flow.spec import Branch, Cause, Check, Choice, Flow, Jump, Leaf, Node, Question, Tree, Verdict

STARTED = Started(
    session="s",
    tunnel="site",
    near="gw-a",
    far="gw-b",
    symptom="check",
    operator="o",
    version="0",
    flows_digest="d",
)
BOTH = (EndReport("near", "gw-a", reached=True), EndReport("far", "gw-b", reached=True))


def flow(*nodes: Node) -> Flow:
    causes = {
        name: Cause(name, title=name.capitalize(), family="f", summary=f"{name} at {{here}}, not {{there}}")
        for name in ("broken", "other", "healthy", "inconclusive")
    }
    tree = Tree("t", "T", "", nodes[0].id, tuple(node.id for node in nodes))
    return Flow(trees={"t": tree}, nodes={node.id: node for node in nodes}, causes=causes, start="t")


def check(node: str, *branches: Branch, exercise: str | None = None, **more: object) -> Check:
    return Check(f"t.{node}", node, "why", branches, exercise=exercise, **more)  # type: ignore[arg-type]


def when(rule: str, **more: object) -> Branch:
    return Branch(parse(rule), more.pop("to", None), **more)  # type: ignore[arg-type]


def otherwise(to: str | None = None, verdict: Verdict | None = None) -> Branch:
    return Branch(None, to, verdict)


HEALTHY = Leaf("t.fine", Verdict("healthy"))


def outcome(run: Run) -> Outcome:
    assert isinstance(run.request, Finish)
    return run.request.outcome


def collected(*facts: Fact) -> Collected:
    return Collected(facts, ends=BOTH)


def fact(name: str, value: object, line: str = "", item: str | None = None) -> Fact:
    evidence = (Evidence("gw", "probe", "command", line, item),) if line else ()
    return Fact(name, value, evidence)  # type: ignore[arg-type]


def test_the_first_request_collects_what_the_trees_can_ask_for() -> None:
    run = Run(flow(check("a", when("near.forwarding", to="t.fine"), otherwise("t.fine")), HEALTHY), STARTED)
    assert run.request == Collect(("sysctls",))


def test_a_branch_that_is_unknown_is_passed_over() -> None:
    run = Run(
        flow(
            check("a", when("near.forwarding == false", verdict=Verdict("broken")), otherwise("t.fine")),
            HEALTHY,
        ),
        STARTED,
    )
    run.reply(collected())
    assert outcome(run).status == "healthy"


def test_a_step_that_could_not_be_told_says_what_was_not_known_and_why() -> None:
    node = check(
        "a",
        when("near.forwarding == false", verdict=Verdict("broken")),
        when("near.ike_state == 'established'", to="t.open", mark="unknown"),
        otherwise("t.open"),
    )
    run = Run(flow(node, Leaf("t.open", Verdict("inconclusive"))), STARTED)
    events = run.reply(
        collected(
            Fact("near.forwarding", None, why_unknown="sysctl said no"), fact("near.ike_state", "established")
        )
    )
    (branched,) = [one for one in events if isinstance(one, Branched)]
    assert branched.answer.endswith(": sysctl said no")
    assert any("sysctl said no" in line for line in outcome(run).unseen)


def test_a_cause_found_from_one_end_is_about_that_end() -> None:
    run = Run(
        flow(check("a", when("here.forwarding == false", verdict=Verdict("broken")), otherwise("t.fine"))),
        STARTED,
    )
    run.reply(collected(fact("near.forwarding", True), fact("far.forwarding", False, "ip_forward = 0")))
    (finding,) = outcome(run).causes
    assert finding.ends == ("gw-b",)
    assert finding.summary == "broken at gw-b, not gw-a"
    assert [line.line for line in finding.evidence] == ["ip_forward = 0"]


def test_a_trees_own_summary_speaks_of_the_end_the_rule_held_at() -> None:
    verdict = Verdict("broken", ends="there", summary="{here} sends, {there} drops")
    run = Run(flow(check("a", when("here.forwarding", verdict=verdict), otherwise("t.fine"))), STARTED)
    run.reply(collected(fact("near.forwarding", True), fact("far.forwarding", False)))
    (finding,) = outcome(run).causes
    assert (finding.ends, finding.summary) == (("gw-b",), "gw-a sends, gw-b drops")


def test_evidence_of_a_list_is_the_line_of_the_item_that_decided() -> None:
    events = Fact(
        "far.ike_events",
        ("one", "two"),
        (
            Evidence("gw-b", "ike-log", "c", "first line", "one"),
            Evidence("gw-b", "ike-log", "c", "second line", "two"),
        ),
    )
    run = Run(
        flow(check("a", when("'two' in here.ike_events", verdict=Verdict("broken")), otherwise("t.fine"))),
        STARTED,
    )
    run.reply(collected(events))
    assert [line.line for line in outcome(run).causes[0].evidence] == ["second line"]


def test_an_exercise_is_requested_once_and_only_where_it_is_needed() -> None:
    tried = check(
        "a",
        when("near.attempt_result == 'up'", to="t.fine"),
        otherwise("t.again"),
        exercise="ike-four-points",
    )
    again = check(
        "again",
        when("near.attempt_result == 'refused'", verdict=Verdict("broken")),
        otherwise("t.fine"),
        exercise="ike-four-points",
    )
    run = Run(flow(tried, again, HEALTHY), STARTED)
    run.reply(collected())
    assert isinstance(run.request, Exercise)
    assert (run.request.name, run.request.initiator) == ("ike-four-points", "near")
    run.reply(collected(fact("near.attempt_result", "refused")))
    assert outcome(run).causes[0].cause == "broken"


def test_an_exercise_starts_from_the_far_end_when_the_near_one_was_not_reached() -> None:
    node = check("a", otherwise("t.fine"), exercise="ike-four-points", start_from="either")
    run = Run(flow(node, HEALTHY), STARTED)
    run.reply(
        Collected((), ends=(EndReport("near", "gw-a", reached=False), EndReport("far", "gw-b", reached=True)))
    )
    assert isinstance(run.request, Exercise)
    assert run.request.initiator == "far"


def test_an_exercise_starts_from_the_end_whose_login_was_refused_nothing() -> None:
    node = check("a", otherwise("t.fine"), exercise="ike-four-points", start_from="either")
    for refused, expected in ((("sas",), "far"), ((), "near")):
        run = Run(flow(node, HEALTHY), STARTED)
        run.reply(collected(fact("near.rights_missing", refused), fact("far.rights_missing", ())))
        assert isinstance(run.request, Exercise)
        assert run.request.initiator == expected


def test_a_declined_exercise_leaves_its_facts_unknown_and_is_not_asked_for_again() -> None:
    first = check(
        "a", when("near.attempt_result == 'up'", to="t.fine"), otherwise("t.b"), exercise="ike-four-points"
    )
    second = check("b", otherwise(verdict=Verdict("inconclusive")), exercise="traffic")
    run = Run(flow(first, second, HEALTHY), STARTED)
    run.reply(collected())
    run.reply(Declined("no"))
    assert outcome(run).status == "inconclusive"


def test_a_question_without_an_answer_takes_the_way_for_nobody() -> None:
    question = Question("t.ask", "What?", "why", (Choice("yes", "Yes", "t.bad"),), "t.fine")
    run = Run(flow(question, HEALTHY, Leaf("t.bad", Verdict("broken"))), STARTED)
    run.reply(collected())
    assert isinstance(run.request, Ask)
    run.reply(Answered(None))
    assert outcome(run).status == "healthy"


def test_causes_whose_rules_were_refused_are_excluded_and_unknown_ones_are_not() -> None:
    run = Run(
        flow(
            check(
                "a",
                when("near.forwarding == false", verdict=Verdict("broken")),
                when("far.forwarding == false", verdict=Verdict("other")),
                otherwise("t.fine"),
            ),
            HEALTHY,
        ),
        STARTED,
    )
    run.reply(collected(fact("near.forwarding", True)))
    assert outcome(run).excluded == ("broken",)


def test_a_warning_is_noted_and_the_walk_goes_on() -> None:
    run = Run(
        flow(
            check(
                "a", when("near.forwarding == false", to="t.fine", warn=Verdict("other")), otherwise("t.fine")
            ),
            HEALTHY,
        ),
        STARTED,
    )
    run.reply(collected(fact("near.forwarding", False)))
    assert outcome(run).status == "healthy"
    assert [finding.cause for finding in outcome(run).warnings] == ["other"]


def test_alternatives_follow_the_cause_as_possible() -> None:
    verdict = Verdict("broken", "likely", alternatives=("other",))
    run = Run(flow(check("a", when("near.forwarding", verdict=verdict), otherwise("t.fine"))), STARTED)
    run.reply(collected(fact("near.forwarding", True)))
    assert [(one.cause, one.confidence) for one in outcome(run).causes] == [
        ("broken", "likely"),
        ("other", "possible"),
    ]


def test_what_stayed_unknown_is_said_when_nothing_was_found() -> None:
    run = Run(
        flow(
            check(
                "a",
                when("near.forwarding == false", verdict=Verdict("broken")),
                otherwise(verdict=Verdict("inconclusive")),
            )
        ),
        STARTED,
    )
    run.reply(Collected((Fact("near.forwarding", None, why_unknown="no right"),), ends=BOTH))
    assert outcome(run).unseen == ("gw-a: not known whether IP forwarding is on (no right)",)


def test_what_hindered_a_diagnosis_is_said_with_what_mends_it() -> None:
    run = Run(flow(check("one", otherwise(verdict=Verdict("inconclusive")))), STARTED)
    run.reply(collected(fact("near.rights_missing", ("sas",)), fact("far.log_level_low", True)))
    hindered = outcome(run).unseen
    assert hindered[0].startswith("gw-a: this login may not run sas; `ipsec-wizard sudoers gw-a`")
    assert hindered[1].startswith("gw-b: the daemon's log is set to say too little")


def test_the_path_map_marks_the_leg_at_the_end_the_fault_is_at() -> None:
    node = check(
        "a",
        when("here.forwarding == false", verdict=Verdict("broken")),
        otherwise("t.fine"),
        segment="gateway",
    )
    run = Run(flow(node), STARTED)
    events = run.reply(collected(fact("near.forwarding", True), fact("far.forwarding", False)))
    (mapped,) = [event for event in events if isinstance(event, Mapped)]
    marks = {segment.id: segment.mark for segment in mapped.segments}
    assert (marks["near-gateway"], marks["far-gateway"]) == ("unknown", "fail")


def test_events_tell_the_walk_in_order() -> None:
    run = Run(flow(check("a", when("near.forwarding", to="t.fine"), otherwise("t.fine")), HEALTHY), STARTED)
    kinds: list[type[Event]] = [type(event) for event in run.opening()]
    events = run.reply(collected(fact("near.forwarding", True)))
    assert kinds[0] is Started
    assert [type(event).__name__ for event in events][:3] == ["Replied", "Entered", "Branched"]
    assert isinstance(events[-1], Ended)
    assert [event.node for event in events if isinstance(event, Entered)] == ["t.a", "t.fine"]
    assert [event.to for event in events if isinstance(event, Branched)] == ["t.fine"]


def test_a_reply_that_does_not_fit_is_refused() -> None:
    run = Run(flow(HEALTHY), STARTED)
    with pytest.raises(WizardError, match="does not answer"):
        run.reply(Answered("yes"))


def test_a_flow_that_goes_in_circles_ends() -> None:
    run = Run(flow(check("a", otherwise("t.b")), check("b", otherwise("t.c")), Jump("t.c", "t.a")), STARTED)
    run.reply(collected())
    assert outcome(run).status == "inconclusive"
    assert len(run.path) <= MOST_STEPS
