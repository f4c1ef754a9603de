"""The graph: what is reached, what goes round, which probes the trees need."""

from __future__ import annotations

import itertools
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.flow.written import knowledge, loaded
from wizard import paths
from wizard.facts.vocabulary import EXERCISES, VOCABULARY
from wizard.flow import graph
from wizard.flow.spec import Check

TRIAGE = """\
tree: triage
title: T
start: first
nodes:
  first:
    check: C
    why: W
    next:
      - if: here.daemon_running == false or near.logged_in == false
        cause: psk-mismatch
        summary: "It is {fact:clock_difference_s}."
      - if: symptom == 'drops'
        then: tried
      - else: ask-it
  ask-it:
    ask: A
    why: W
    options: {one: {label: One, then: first}}
    else: tried
  tried:
    check: C
    why: W
    exercise: traffic
    next:
      - if: here.tunnel_ping and psk_agrees
        say: It is {fact:here.daemon_version}.
        then: done
      - else: done
  done: {cause: healthy}
"""


def test_every_way_on_is_an_edge_and_only_answers_are_left_out_where_nobody_answers(tmp_path: Path) -> None:
    flow = loaded(knowledge(tmp_path, triage=TRIAGE))
    assert graph.edges(flow) == {
        "triage.first": ("triage.tried", "triage.ask-it"),
        "triage.ask-it": ("triage.first", "triage.tried"),
        "triage.tried": ("triage.done",),
        "triage.done": (),
    }
    assert graph.edges_unasked(flow)["triage.ask-it"] == ("triage.tried",)


def test_facts_used_are_those_of_rules_and_sentences_from_a_node_on(tmp_path: Path) -> None:
    flow = loaded(knowledge(tmp_path, triage=TRIAGE))
    assert graph.facts_used(flow, "triage.tried") == {"tunnel_ping", "psk_agrees", "daemon_version"}
    assert graph.facts_used(flow) == {
        "daemon_running", "logged_in", "symptom", "clock_difference_s",
        "tunnel_ping", "psk_agrees", "daemon_version",
    }  # fmt: skip


def test_probes_are_the_sources_of_facts_without_exercises_login_and_the_operator(
    tmp_path: Path,
) -> None:
    flow = loaded(knowledge(tmp_path, triage=TRIAGE))
    assert graph.probes_for(flow, VOCABULARY) == ("daemon-stats", "daemon", "clock", "config")


def test_the_bundled_trees_ask_for_probes_and_never_for_an_exercise() -> None:
    flow = loaded(paths.bundled_flows())
    probes = graph.probes_for(flow, VOCABULARY)
    assert "sas" in probes
    assert not EXERCISES & set(probes)
    assert {node.exercise for node in flow.nodes.values() if isinstance(node, Check)} - {None} == EXERCISES


def test_cycles_are_found_once_each_by_their_shortest_way_round() -> None:
    edges = {"a": ("b",), "b": ("c", "a"), "c": ("a",), "d": ("d",), "e": ("a", "f"), "f": ()}
    assert graph.cycles(edges) == (("a", "b", "a"), ("d", "d"))


def test_targets_that_are_not_there_are_passed_over() -> None:
    assert graph.reachable({"a": ("b", "nowhere"), "b": ()}, "a") == {"a", "b"}
    assert graph.cycles({"a": ("nowhere",)}) == ()
    assert graph.reachable({}, "a") == frozenset()


_NAMES = st.sampled_from("abcdef")
_GRAPHS = st.dictionaries(_NAMES, st.lists(_NAMES, max_size=3).map(tuple), max_size=6)


@given(_GRAPHS)
def test_a_cycle_is_a_way_and_without_cycles_every_walk_ends(edges: dict[str, tuple[str, ...]]) -> None:
    found = graph.cycles(edges)
    for way in found:
        assert way[0] == way[-1]
        assert all(after in edges[node] for node, after in itertools.pairwise(way))
    if not found:
        for start in edges:
            at, steps = {start}, 0
            while at:
                at = {after for node in at for after in edges.get(node, ())}
                steps += 1
                assert steps <= len(edges) + 1


@given(_GRAPHS, _NAMES)
def test_what_is_reached_holds_all_that_follows_it(edges: dict[str, tuple[str, ...]], start: str) -> None:
    reached = graph.reachable(edges, start)
    assert (start in reached) is (start in edges)
    for node in reached:
        assert {after for after in edges[node] if after in edges} <= reached
