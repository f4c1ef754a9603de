"""Every rehearsal of the bundled knowledge, walked by the real engine."""

from __future__ import annotations

from collections import Counter

import pytest

from wizard import paths
from wizard.engine.rehearse import rehearse, visited
from wizard.facts.vocabulary import EXERCISES, VOCABULARY
from wizard.flow.lint import lint
from wizard.flow.load import load
from wizard.flow.rehearsal import Rehearsal, rehearsals
from wizard.flow.sources import read_folders

FLOWS = [paths.bundled_flows()]
FLOW = load(FLOWS, VOCABULARY, EXERCISES)
ALL = rehearsals(read_folders(FLOWS), VOCABULARY)


@pytest.mark.parametrize("rehearsal", ALL, ids=[rehearsal.name for rehearsal in ALL])
def test_the_walk_ends_where_the_rehearsal_says(rehearsal: Rehearsal) -> None:
    result = rehearse(FLOW, rehearsal)
    assert result.passed, (
        f"{rehearsal.place}: {'; '.join(result.differences)} (path {' → '.join(result.path)})"
    )


def test_no_two_rehearsals_have_one_name() -> None:
    counted = Counter(rehearsal.name for rehearsal in ALL)
    assert [name for name, times in counted.items() if times > 1] == []


def test_every_node_is_come_to_by_some_rehearsal() -> None:
    seen = visited(rehearse(FLOW, rehearsal) for rehearsal in ALL)
    remarks = lint(FLOWS, VOCABULARY, EXERCISES, seen)
    assert [str(remark) for remark in remarks if "no rehearsal" in remark.problem.message] == []


def test_a_finding_names_no_cause_it_also_excludes() -> None:
    for rehearsal in ALL:
        outcome = rehearse(FLOW, rehearsal).outcome
        named = {finding.cause for finding in outcome.causes}
        assert not named & {cause for finding in outcome.causes for cause in finding.excludes}, rehearsal.name
        assert not named & set(outcome.excluded), rehearsal.name


def test_no_sentence_of_an_outcome_has_an_open_place() -> None:
    for rehearsal in ALL:
        for finding in rehearse(FLOW, rehearsal).outcome.causes:
            assert not set("{}") & set(finding.summary + finding.next_step), rehearsal.name
            assert finding.summary.endswith(".")
