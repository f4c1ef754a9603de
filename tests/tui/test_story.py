from __future__ import annotations

from tests.tui import answers, plots
from tests.tui.scripted import played
from wizard.engine.model import Collected, Declined, EndReport, Entered
from wizard.facts.model import Evidence, Fact
from wizard.ui.tui.blocks import lay_out
from wizard.ui.tui.pages import Wish, evidence_text, outcome_page, station_page
from wizard.ui.tui.story import Story


def told(*replies: Collected | Declined) -> Story:
    story = Story()
    story.tell(played(plots.psk_mismatch, *replies).events)
    return story


FULL = told(answers.STORE["collect"], answers.STORE["ike-four-points"])


def page(story: Story, node: str, wish: Wish | None = None) -> str:
    station = story.station_of(node)
    assert station is not None
    blocks = station_page(story, station, plots.flow(), wish or Wish())
    return "\n".join(line.plain.rstrip() for line in lay_out(blocks, 100))


def test_events_become_stations_facts_records_and_an_outcome() -> None:
    assert [station.node for station in FULL.stations] == [
        "", "triage.login", "triage.state", "gateway.daemon", "key-negotiation.reaches", "authentication.key",
    ]  # fmt: skip
    assert [station.mark for station in FULL.stations] == ["ok", "ok", "unknown", "ok", "ok", "fail"]
    assert FULL.outcome is not None
    assert len(FULL.records) == 7
    assert FULL.facts.get("far.ike_events").value == ("psk-mac-mismatch",)
    assert FULL.elapsed_s == 1.4 + 3.2
    assert FULL.request is None


def test_outputs_of_an_exercise_belong_to_the_stop_that_asked_for_it() -> None:
    station = FULL.station_of("key-negotiation.reaches")
    assert station is not None
    assert [record.gateway for record in station.records] == ["gw-a", "gw-b"]
    assert "Commands   1 at gw-a, 1 at gw-b; r shows their output" in page(FULL, "key-negotiation.reaches")


def test_an_exercise_not_allowed_is_said_at_its_stop_until_the_stop_is_answered() -> None:
    story = Story()
    session = played(plots.psk_mismatch, answers.STORE["collect"])
    story.tell(session.events)
    assert "… running  not answered yet" in page(story, "key-negotiation.reaches")
    story.tell(session.reply(Declined("the operator allowed looking only"))[:1])
    assert "Not tried: the operator allowed looking only" in page(story, "key-negotiation.reaches")


def test_an_end_not_reached_makes_the_first_look_unknown_and_says_why() -> None:
    story = told(answers.HALF)
    assert story.stations[0].mark == "unknown"
    assert "gw-b: not reached (the password was not given)" in story.stations[0].answer
    unmanaged = Collected(
        (), ends=(EndReport("near", "gw-a", True), EndReport("far", "203.0.113.9", False, managed=False))
    )
    assert "203.0.113.9: nobody here can log in to it" in told(unmanaged).stations[0].answer


def test_a_stop_shows_the_other_ends_value_even_where_only_one_end_decided() -> None:
    row = next(line for line in page(FULL, "authentication.key").splitlines() if "psk-mac-mismatch" in line)
    assert "received-auth-failed" in row


def test_an_unknown_fact_shows_why_it_is_unknown() -> None:
    story = told(answers.STORE["collect"])
    story.stations[-1].because = (story.facts.get("far.rights_missing"),)
    assert "? unknown (sudo" in page(story, "key-negotiation.reaches")


def test_evidence_is_cut_to_a_few_lines_until_all_is_wished_for() -> None:
    many = tuple(Evidence("gw-a", "p", "cmd", f"line {number}") for number in range(9))
    story = told(answers.STORE["collect"], answers.STORE["ike-four-points"])
    stop = story.station_of("authentication.key")
    assert stop is not None
    stop.because = (Fact("near.x", True, many),)
    assert "5 more lines: press e" in page(story, "authentication.key")
    everything = page(story, "authentication.key", Wish(all_evidence=True))
    assert "line 8" in everything
    assert "press e" not in everything


def test_a_session_of_an_older_flow_is_shown_by_its_ids() -> None:
    story = told(answers.STORE["collect"], answers.STORE["ike-four-points"])
    story.add(Entered("gone.node", "check", "An old question?", ""))
    assert "gone · node" in page(story, "gone.node")


def test_what_is_copied_is_the_cause_and_its_lines_or_the_stop_and_its_lines() -> None:
    whole = evidence_text(FULL, None)
    assert whole.startswith("The pre-shared keys differ: ")
    assert f"gw-b$ {answers.LOG}\n{answers.REFUSED.line}" in whole
    assert evidence_text(FULL, FULL.stations[-1]).startswith("Do both gateways hold the same key")


def test_several_causes_stand_in_the_order_to_mend_them() -> None:
    story = told(answers.STORE["collect"], answers.STORE["ike-four-points"])
    assert story.outcome is not None
    second = story.outcome.warnings[0]
    outcome = type(story.outcome)("fault", (*story.outcome.causes, second))
    lines = "\n".join(line.plain for line in lay_out(outcome_page(story, outcome, plots.flow(), Wish()), 80))
    assert lines.index("Put one key") < lines.index("2. ✗ A certificate expires soon")
