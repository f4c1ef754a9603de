"""The trees as one graph: what leads where, what is never reached, what goes round for ever, what is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from wizard.flow.spec import Check, Flow, Jump, Leaf, Node, Question, Verdict
from wizard.flow.words import Vocabulary, bare

Edges = Mapping[str, tuple[str, ...]]
"""For each node, by its full id, the nodes that may come next."""

SLOT: Final = re.compile(r"\{([^{}]*)\}")
"""A place in a sentence where a name or a fact is put in."""

_NO_COMMANDS: Final = frozenset({"session", "login"})
"""Sources of facts that no command yields: the operator's words, and whether the login succeeds."""


def edges(flow: Flow) -> dict[str, tuple[str, ...]]:
    """Every way the walk may go on."""
    return {name: tuple(dict.fromkeys(_next(node))) for name, node in flow.nodes.items()}


def edges_unasked(flow: Flow) -> dict[str, tuple[str, ...]]:
    """Every way the walk may go on when nobody answers questions."""
    return {
        name: (node.otherwise,) if isinstance(node, Question) else tuple(dict.fromkeys(_next(node)))
        for name, node in flow.nodes.items()
    }


def reachable(graph: Edges, start: str) -> frozenset[str]:
    """The nodes that a walk from there can come to, itself included."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        node = waiting.pop()
        if node in graph and node not in seen:
            seen.add(node)
            waiting.extend(graph[node])
    return frozenset(seen)


def cycles(graph: Edges) -> tuple[tuple[str, ...], ...]:
    """One way round for each knot of nodes that lead back to themselves; it ends with its first node."""
    found: list[tuple[str, ...]] = []
    in_knot: set[str] = set()
    reach: dict[str, frozenset[str]] = {}

    def from_on(node: str) -> frozenset[str]:
        if node not in reach:
            reach[node] = frozenset().union(*(reachable(graph, after) for after in graph.get(node, ())))
        return reach[node]

    for node in graph:
        if node in in_knot or node not in from_on(node):
            continue
        in_knot.update(other for other in from_on(node) if other in graph and node in from_on(other))
        found.append(_way_round(graph, node))
    return tuple(found)


def _way_round(graph: Edges, node: str) -> tuple[str, ...]:
    """The shortest way from a node back to itself."""
    ways: list[tuple[str, ...]] = [(node,)]
    seen: set[str] = set()
    for way in ways:
        for after in graph.get(way[-1], ()):
            if after == node:
                return (*way, node)
            if after not in seen:
                seen.add(after)
                ways.append((*way, after))
    return (node,)


def facts_used(flow: Flow, start: str | None = None) -> frozenset[str]:
    """The facts, without their ends, that a walk may ask for from a node on; without one from the start."""
    if start is None:
        start = flow.trees[flow.start].start
    used: set[str] = set()
    for name in reachable(edges(flow), start):
        used.update(bare(fact) for fact in _facts_of(flow.nodes[name], flow))
    return frozenset(used)


def probes_for(flow: Flow, vocabulary: Vocabulary, start: str | None = None) -> tuple[str, ...]:
    """The probes behind all facts the trees may ask for, in the order of the vocabulary: the first Collect.

    Facts that only an exercise yields, the login and the operator's own words are no probes.
    """
    used = facts_used(flow, start)
    exercises = {node.exercise for node in flow.nodes.values() if isinstance(node, Check) and node.exercise}
    sources = (word.source for name, word in vocabulary.items() if name in used)
    return tuple(dict.fromkeys(source for source in sources if source not in exercises | _NO_COMMANDS))


def verdicts_of(node: Node) -> Iterator[Verdict]:
    """Every cause a node may name, warnings included."""
    if isinstance(node, Leaf):
        yield node.verdict
    elif isinstance(node, Check):
        for branch in node.branches:
            yield from (named for named in (branch.verdict, branch.warn, branch.also) if named is not None)


def _next(node: Node) -> Iterator[str]:
    match node:
        case Check(branches=branches):
            yield from (branch.to for branch in branches if branch.to is not None)
        case Question(choices=choices, otherwise=otherwise):
            yield from (choice.to for choice in choices)
            yield otherwise
        case Jump(to=to):
            yield to
        case Leaf():
            pass


def _facts_of(node: Node, flow: Flow) -> Iterator[str]:
    sentences: list[str | None] = []
    if isinstance(node, Check):
        for branch in node.branches:
            sentences.append(branch.say)
            if branch.rule is not None:
                yield from branch.rule.names
    for verdict in verdicts_of(node):
        cause = flow.causes.get(verdict.cause)
        sentences.extend((verdict.summary, *((cause.summary, cause.next_step) if cause is not None else ())))
    yield from _slots(sentences)


def _slots(sentences: Iterable[str | None]) -> Iterator[str]:
    for sentence in sentences:
        for slot in SLOT.findall(sentence or ""):
            if slot.startswith("fact:"):
                yield slot.removeprefix("fact:")
