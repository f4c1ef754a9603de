"""Loading: files become a flow, later folders lie over earlier ones, nothing that is wrong is used."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.flow.written import CAUSES, TRIAGE, knowledge, loaded
from wizard import paths
from wizard.errors import ExitCode, FlowError
from wizard.flow.rule import parse
from wizard.flow.spec import Check, Choice, Jump, Leaf, Question, Verdict

FULL = """\
tree: triage
title: Where does it stop?
source: guide, step 1
start: first
nodes:
  first:
    check: Does it get through?
    term: IKE_SA_INIT
    why: Nothing works without it.
    source: guide, step 2
    exercise: ike-four-points
    from: either
    segment: wan
    next:
      - if: here.ike_request_left and there.ike_request_arrived == false
        say: It left {here} and never arrived at {there}.
        mark: fail
        then: symptom
      - if: here.daemon_running == false
        cause: psk-mismatch
        confidence: likely
        ends: here
        summary: "{here} is silent."
        alternatives: [psk-missing]
        excludes: [healthy]
      - if: near.behind_nat
        warn: psk-missing
        also: {cause: psk-mismatch, confidence: possible, ends: near}
        then: other.start-here
      - if: far.behind_nat
        jump: other
      - else: {cause: inconclusive, say: Nothing is known.}
  symptom:
    ask: What do the users see?
    why: It tells where to begin.
    options:
      never-up: {label: It never came up, then: first-jump}
      drops: {label: It drops, jump: other}
    else: first-jump
  first-jump: {jump: other.start-here}
"""
OTHER = """\
tree: other
title: Another
start: start-here
nodes:
  start-here: {cause: psk-mismatch, confidence: possible, excludes: [psk-missing]}
"""


def test_every_kind_of_node_and_branch_is_loaded_with_full_ids(tmp_path: Path) -> None:
    flow = loaded(knowledge(tmp_path, triage=FULL, other=OTHER))
    assert flow.trees["triage"].start == "triage.first"
    assert flow.trees["triage"].nodes == ("triage.first", "triage.symptom", "triage.first-jump")
    first = flow.nodes["triage.first"]
    assert isinstance(first, Check)
    assert (first.title, first.term, first.why) == (
        "Does it get through?",
        "IKE_SA_INIT",
        "Nothing works without it.",
    )
    assert (first.exercise, first.start_from, first.segment) == ("ike-four-points", "either", "wan")
    lost, silent, noted, jumped, left = first.branches
    assert lost.rule == parse("here.ike_request_left and there.ike_request_arrived == false")
    assert (lost.to, lost.mark, lost.verdict) == ("triage.symptom", "fail", None)
    assert lost.say == "It left {here} and never arrived at {there}."
    assert silent.to is None
    assert silent.verdict == Verdict(
        "psk-mismatch", "likely", "here", "{here} is silent.", ("psk-missing",), ("healthy",)
    )
    assert noted.to == "other.start-here"
    assert noted.warn == Verdict("psk-missing")
    assert noted.also == Verdict("psk-mismatch", "possible", "near")
    assert jumped.to == "other.start-here"
    assert (left.rule, left.verdict, left.say) == (None, Verdict("inconclusive"), "Nothing is known.")
    symptom = flow.nodes["triage.symptom"]
    assert isinstance(symptom, Question)
    assert symptom.choices == (
        Choice("never-up", "It never came up", "triage.first-jump"),
        Choice("drops", "It drops", "other.start-here"),
    )
    assert symptom.otherwise == "triage.first-jump"
    jump = flow.nodes["triage.first-jump"]
    assert isinstance(jump, Jump)
    assert jump.to == "other.start-here"
    leaf = flow.nodes["other.start-here"]
    assert isinstance(leaf, Leaf)
    assert leaf.verdict == Verdict("psk-mismatch", "possible", excludes=("psk-missing",))


def test_nodes_and_branches_know_where_they_stand(tmp_path: Path) -> None:
    first = loaded(knowledge(tmp_path)).nodes["triage.first"]
    assert isinstance(first, Check)
    assert str(first.place).endswith("trees/triage.yaml:5:3")
    assert str(first.branches[0].place).endswith("trees/triage.yaml:9:9")


def test_a_later_folder_replaces_trees_and_causes_of_the_same_id(tmp_path: Path) -> None:
    first = knowledge(tmp_path / "a", triage=FULL, other=OTHER)
    second = knowledge(
        tmp_path / "b",
        other=OTHER.replace("title: Another", "title: Ours"),
        causes="causes: {authentication: {psk-mismatch: {title: Our title}, house-rule: {title: New}}}",
    )
    flow = loaded(first, second)
    assert flow.trees["other"].title == "Ours"
    assert flow.trees["triage"].title == "Where does it stop?"
    assert flow.causes["psk-mismatch"].title == "Our title"
    assert flow.causes["house-rule"].family == "authentication"
    assert flow.causes["psk-missing"].title == "No key"
    assert [file.rpartition("/")[2] for file in flow.files] == [
        "causes.yaml", "other.yaml", "triage.yaml", "causes.yaml", "other.yaml",
    ]  # fmt: skip


def test_the_digest_tells_which_knowledge_was_used_wherever_it_lies(tmp_path: Path) -> None:
    here, there = knowledge(tmp_path / "here"), knowledge(tmp_path / "there")
    assert loaded(here).digest == loaded(there).digest
    (there / "causes.yaml").write_text(CAUSES + "    more: {title: One more}\n")
    assert loaded(here).digest != loaded(there).digest


def test_everything_that_is_wrong_is_in_one_error(tmp_path: Path) -> None:
    text = TRIAGE.replace("daemon_running", "deamon_running").replace("else: done", "else: dome")
    with pytest.raises(FlowError) as caught:
        loaded(knowledge(tmp_path, triage=text))
    assert caught.value.exit_code is ExitCode.USAGE
    assert [str(problem).rpartition("/")[2] for problem in caught.value.problems] == [
        "triage.yaml:9:13: there is no fact deamon_running; did you mean daemon_running?",
        "triage.yaml:12:15: there is no node dome in this tree; did you mean done?",
    ]


def test_a_warning_does_not_keep_a_flow_from_being_used(tmp_path: Path) -> None:
    flow = loaded(knowledge(tmp_path))
    assert "psk-missing" in flow.causes  # no tree names it, which is a warning


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FlowError, match=r"there is no folder .*nowhere; name a folder that holds trees/"):
        loaded(knowledge(tmp_path), tmp_path / "nowhere")


def test_the_bundled_knowledge_loads() -> None:
    flow = loaded(paths.bundled_flows())
    assert flow.start in flow.trees
    for node in flow.nodes.values():
        assert isinstance(node, Check | Question | Jump | Leaf)
    assert len(flow.digest) == 64


def test_what_was_loaded_cannot_be_changed(tmp_path: Path) -> None:
    flow = loaded(knowledge(tmp_path))
    with pytest.raises(TypeError):
        flow.causes["new"] = flow.causes["healthy"]  # type: ignore[index]
