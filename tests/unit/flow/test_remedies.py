"""Whatever a diagnosis can name, somebody is told what to do: a remedy of ours, or who has to act."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from wizard import paths
from wizard.engine.model import Finding, Outcome, Started
from wizard.facts.model import Fact, Facts
from wizard.facts.vocabulary import EXERCISES, VOCABULARY
from wizard.flow import kept
from wizard.flow.signatures import GATEWAYS
from wizard.flow.spec import Flow
from wizard.platforms.actions import ACTIONS
from wizard.ui.mending import prospect

NOTHING_TO_MEND = {"healthy", "inconclusive", "gateway-login-failed"}
ENOUGH = 40


@cache
def bundled() -> Flow:
    return kept.load([paths.bundled_flows()], VOCABULARY, EXERCISES, GATEWAYS)[0]


def mended() -> set[str]:
    return {cause for remedy in bundled().remedies.values() for cause in remedy.mends}


def test_for_every_cause_there_is_a_remedy_or_somebody_who_has_to_act() -> None:
    told = mended() | set(bundled().referrals)
    assert set(bundled().causes) - told - NOTHING_TO_MEND == set()


def test_most_causes_are_mended_here() -> None:
    assert len(mended()) >= ENOUGH


def test_every_action_of_a_remedy_is_one_there_is() -> None:
    used = {step.action for remedy in bundled().remedies.values() for step in remedy.steps}
    assert used - set(ACTIONS) == set()


def test_a_remedy_asks_for_the_files_its_actions_need() -> None:
    needs = {"install-ca": "ca-file", "install-crl": "crl-file"}
    for remedy in bundled().remedies.values():
        for step in remedy.steps:
            assert needs.get(step.action, "") in {"", *remedy.asks}


def test_what_a_referral_says_names_somebody_and_ends_in_a_sentence() -> None:
    for referral in bundled().referrals.values():
        assert referral.who
        assert referral.tell.endswith((".", "?"))


def offered(cause: str, *facts: Fact) -> list[str]:
    finding = Finding(cause, cause, ("gw-a",), "certain", "", ())
    started = Started("s", "site", "gw-a", "gw-b", "check", "", "0", "")
    outcome = Outcome("fault", (finding,))
    return [one.remedy.id for one in prospect(bundled(), outcome, started, Facts.of(facts)).offers]


def test_a_remedy_is_offered_where_a_step_of_it_is_meant_for_what_was_found() -> None:
    assert "load-credentials" not in offered("private-key-missing")
    lying = (Fact("near.private_key_fits", True), Fact("near.private_key_loaded", False))
    assert offered("private-key-missing", *lying)[0] == "load-credentials"


def test_every_action_is_in_the_page_for_those_who_write_remedies() -> None:
    page = (Path(__file__).parents[3] / "docs" / "writing-a-flow.md").read_text(encoding="utf-8")
    assert [action for action in ACTIONS if f"`{action}`" not in page] == []
