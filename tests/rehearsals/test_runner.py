"""The runner: hands the engine what a rehearsal says, and names every difference."""

from __future__ import annotations

from pathlib import Path

from tests.unit.flow.written import knowledge, loaded
from wizard.engine.rehearse import RehearsalResult, rehearse, visited
from wizard.facts.vocabulary import VOCABULARY
from wizard.flow.rehearsal import rehearsals
from wizard.flow.sources import read_folders

TRIAGE = """\
tree: triage
title: T
start: login
nodes:
  login:
    check: C
    why: W
    next:
      - if: far.managed == false
        cause: psk-missing
        ends: far
      - if: here.logged_in == false
        cause: gateway-login-failed
        ends: here
      - if: near.behind_nat
        warn: psk-missing
        then: ask-it
      - else: ask-it
  ask-it:
    ask: A
    why: W
    options: {try: {label: Try, then: try-it}}
    else: done
  try-it:
    check: C
    why: W
    exercise: traffic
    from: either
    next:
      - if: here.request_encrypted == false
        cause: psk-mismatch
        ends: here
        alternatives: [psk-missing]
      - else: done
  done: {cause: healthy}
"""


def results(folder: Path, text: str) -> list[RehearsalResult]:
    knowledge(folder, triage=TRIAGE, rehearsals=text)
    flow = loaded(folder)
    return [rehearse(flow, one) for one in rehearsals(read_folders([folder]), VOCABULARY)]


def test_a_walk_gets_facts_answers_and_what_its_exercise_finds(tmp_path: Path) -> None:
    (result,) = results(
        tmp_path,
        """\
        - name: tried
          facts: {near.behind_nat: true}
          answers: {triage.ask-it: try}
          exercises: {traffic: {from-near: {near.request_encrypted: false}, from-far: {}}}
          expect:
            status: fault
            cause: psk-mismatch
            ends: [near]
            confidence: certain
            alternatives: [psk-missing]
            warnings: [psk-missing]
            path: [triage.login, triage.ask-it, triage.try-it]
        """,
    )
    assert result.differences == ()
    assert result.passed


def test_an_exercise_finds_what_belongs_to_the_end_that_started_it(tmp_path: Path) -> None:
    (result,) = results(
        tmp_path,
        """\
        - name: started from the far end, because the near one cannot start it
          answers: {triage.ask-it: try}
          ends: {near: unmanaged}
          exercises:
            traffic:
              from-near: {near.request_encrypted: false}
              from-far: {far.request_encrypted: false}
          expect: {status: fault, cause: psk-mismatch, ends: [far]}
        """,
    )
    assert result.differences == ()


def test_every_difference_is_named(tmp_path: Path) -> None:
    (result,) = results(
        tmp_path,
        """\
        - name: all wrong
          answers: {triage.ask-it: try}
          exercises: {traffic: {from-near: {near.request_encrypted: false}}}
          expect:
            status: healthy
            cause: psk-missing
            ends: [far]
            confidence: possible
            alternatives: []
            warnings: [healthy]
            path: [triage.login]
        """,
    )
    assert not result.passed
    assert result.differences == (
        "status: expected healthy, came out fault",
        "cause: expected psk-missing, came out psk-mismatch",
        "ends: expected far, came out near",
        "confidence: expected possible, came out certain",
        "alternatives: expected none, came out psk-missing",
        "warnings: expected healthy, came out none",
        "path: expected triage.login, came out triage.login → triage.ask-it → triage.try-it",
    )


def test_what_is_not_expected_is_not_compared(tmp_path: Path) -> None:
    (result,) = results(tmp_path, "- {name: nothing but the status, expect: {status: healthy}}\n")
    assert result.passed
    assert result.path == ("triage.login", "triage.ask-it", "triage.done")


def test_how_an_end_can_be_looked_at_becomes_facts_as_a_collection_finds_them(tmp_path: Path) -> None:
    unmanaged, unreachable = results(
        tmp_path,
        """\
        - name: a partner's end
          ends: {far: unmanaged}
          expect: {status: fault, cause: psk-missing, ends: [far]}
        - name: an end that is down
          ends: {near: unreachable}
          expect: {status: inconclusive, cause: gateway-login-failed, ends: [near]}
        """,
    )
    assert unmanaged.differences == unreachable.differences == ()
    assert unreachable.outcome.unseen == ("near could not be looked at: it cannot be reached",)


def test_nothing_is_tried_out_where_one_may_only_look(tmp_path: Path) -> None:
    (result,) = results(
        tmp_path,
        """\
        - name: looking only
          observe_only: true
          answers: {triage.ask-it: try}
          exercises: {traffic: {from-near: {near.request_encrypted: false}}}
          expect: {status: healthy}
        """,
    )
    assert result.passed
    assert result.path[-2:] == ("triage.try-it", "triage.done")


def test_the_nodes_that_were_come_to_are_those_of_all_walks(tmp_path: Path) -> None:
    found = results(
        tmp_path,
        """\
        - {name: one, ends: {far: unmanaged}, expect: {status: fault}}
        - {name: two, expect: {status: healthy}}
        """,
    )
    assert visited(found) == {"triage.login", "triage.ask-it", "triage.done"}
