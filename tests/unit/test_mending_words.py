"""What all front ends say about mending: offers, referrals, plans, and how far one has come."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.tui import mends
from wizard import paths
from wizard.engine.course import ARMING, KEEPING, UNDOING, VERIFYING
from wizard.engine.model import Finding, Outcome, Started, Stepped
from wizard.engine.plan import Blast
from wizard.facts.model import Facts
from wizard.facts.vocabulary import EXERCISES, VOCABULARY
from wizard.flow.load import load
from wizard.ui import mending
from wizard.ui.mending import Mending

STARTED = Started("20261121T101500Z-site", "site", "gw-a", "gw-b", "check", "me", "0.1.0", "d1")


def test_of_every_cause_somebody_is_told_what_to_do_with_no_gap_left_in_the_sentence() -> None:
    flow = load([paths.bundled_flows()], VOCABULARY, EXERCISES)
    nothing = []
    for cause in flow.causes.values():
        finding = Finding(cause.id, cause.title, ("gw-a",), "certain", "It is so.", ())
        can = mending.prospect(flow, Outcome("fault", (finding,)), STARTED, Facts())
        said = [
            *(offer.impact for offer in can.offers),
            *(part for duty in can.duties for part in (duty.who, duty.tell)),
        ]
        assert not any("{" in text for text in said), cause.id
        if not can:
            nothing.append(cause.id)
    assert nothing == ["healthy", "inconclusive"]


def test_the_first_cause_comes_first_and_of_its_remedies_the_smallest_change() -> None:
    flow = load([paths.bundled_flows()], VOCABULARY, EXERCISES)
    findings = [
        Finding(cause, "", ("gw-a",), "certain", "", ())
        for cause in ("connection-not-loaded", "psk-mismatch")
    ]
    can = mending.prospect(flow, Outcome("fault", tuple(findings)), STARTED, Facts())
    order = [offer.finding.cause for offer in can.offers]
    assert order == sorted(order, key=["connection-not-loaded", "psk-mismatch"].index)
    named = [offer.remedy.id for offer in can.offers if offer.finding.cause == "psk-mismatch"]
    assert named == [one.id for one in flow.remedies.values() if "psk-mismatch" in one.mends]


@pytest.mark.parametrize(
    ("blast", "said"),
    [
        (Blast("far", "gw-b", ("site",), (), 50), "gw-b: site (1 of 50; the other 49 are not interrupted)"),
        (Blast("far", "gw-b", ("site",), (), 2), "gw-b: site (1 of 2; the other one is not interrupted)"),
        (Blast("far", "gw-b", ("site",), (), 1), "gw-b: site (1 of 1)"),
        (Blast("far", "gw-b", ("site",), (), 0), "gw-b: site (not known of how many)"),
        (Blast("far", "gw-b", (), (), 3), "gw-b: no tunnel (0 of 3; the other 3 are not interrupted)"),
        (
            Blast("far", "gw-b", ("site",), ("a", "b"), 5),
            "gw-b: site (1 of 5; interrupted for a moment: a, b; the other 2 are not)",
        ),
    ],
)
def test_what_a_plan_touches_is_counted_and_named(blast: Blast, said: str) -> None:
    assert list(mending.touches(replace(mends.PLAN, blasts=(blast,)))) == [said]


def test_what_stops_is_said_with_how_long() -> None:
    assert mending.stops(mends.PLAN) == "nothing that works now"
    assert mending.stops(replace(mends.PLAN, stops="tunnel", stops_s=3)) == "this tunnel, for at most 3 s"
    assert (
        mending.stops(mends.DISRUPTIVE)
        == "this tunnel and others (gw-b:office, gw-b:lab [/x]), for at most 8 s"
    )


def test_only_a_disruptive_plan_wants_a_name_typed_that_of_the_gateway_it_interrupts() -> None:
    assert mending.typed_name(mends.PLAN) == ""
    assert mending.typed_name(mends.DISRUPTIVE) == "gw-b"
    assert mending.typed_name(replace(mends.PLAN, stops="others")) == "gw-b"


def test_a_diff_is_shown_under_the_name_of_its_file() -> None:
    (edit,) = mending.edits(mends.PLAN.steps)
    assert (edit.gateway, edit.file, edit.lines[0]) == ("gw-b", mends.FILE, "@@ -27,5 +27,5 @@")
    new = replace(mends.PLAN.steps[0], diff=("--- /dev/null", "+++ /etc/new.conf", "+a"))
    bare = replace(mends.PLAN.steps[0], diff=("+a",))
    assert [(one.file, one.lines) for one in mending.edits((new, bare))] == [
        ("/etc/new.conf", ("+a",)),
        ("", ("+a",)),
    ]


def test_steps_are_listed_with_what_has_come_of_each() -> None:
    change = Mending(mends.PLAN)
    assert not change.begun
    for title in (ARMING,):
        change.add(Stepped(title, "", "running"))
    assert change.begun
    assert not change.armed
    change.add(Stepped(ARMING, "", "done", mends.FIRES))
    change.add(Stepped("write", "gw-b", "done", number=0))
    change.add(Stepped("load", "gw-b", "running", number=1))
    assert change.armed
    assert change.fires == mends.FIRES
    assert [line.state for line in change.lines()] == [
        "done",
        "done",
        "running",
        "waiting",
        "waiting",
        "waiting",
    ]
    change.add(Stepped(VERIFYING, "", "failed", "the same cause is found as before"))
    change.add(Stepped(UNDOING, "", "done"))
    assert not change.armed
    assert [line.title for line in change.lines()][-2:] == [
        mending.TITLES[VERIFYING],
        mending.TITLES[UNDOING],
    ]
    kept = Mending(mends.PLAN, {ARMING: Stepped(ARMING, "", "done"), KEEPING: Stepped(KEEPING, "", "done")})
    assert not kept.armed


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("x")
    assert mending.unreadable(str(tmp_path / "ca.pem")) == ""
    assert "No such file" in mending.unreadable(str(tmp_path / "none"))
    assert "directory" in mending.unreadable(str(tmp_path))
    assert mending.unreadable("") == "no file was named"
    assert mending.unreadable("a\x00b").startswith("a\x00b: ")
