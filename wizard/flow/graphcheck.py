"""The trees as one graph, checked: ways that lead nowhere, never end, or ask too early."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from wizard.errors import Place, Problem
from wizard.flow import graph
from wizard.flow.sources import Sources
from wizard.flow.spec import ENTRIES, Check, Flow, Jump
from wizard.flow.words import Vocabulary, bare

ALWAYS_THERE: Final = frozenset({"healthy", "inconclusive", "gateway-login-failed"})
"""Causes the engine itself names."""


def graph_errors(
    sources: Sources, flow: Flow, vocabulary: Vocabulary, exercises: Collection[str]
) -> Iterator[Problem]:
    """What keeps a walk from ending well."""
    if flow.start not in flow.trees:
        if not sources.problems:
            place = Place(sources.files[0] if sources.files else "trees")
            message = f"there is no tree {flow.start}, where every diagnosis begins"
            yield Problem(message, place, f"write trees/{flow.start}.yaml")
        return
    for way in graph.cycles(graph.edges_unasked(flow)):
        message = f"the walk may go round for ever: {' → '.join(way)}"
        yield Problem(message, flow.nodes[way[0]].place, "let one lead elsewhere")
    if sources.problems or _has_open_ends(flow):
        return  # a node behind a target that is misspelt is not to blame
    yield from _unreached(flow)
    yield from _too_early(flow, vocabulary, exercises)


def _unreached(flow: Flow) -> Iterator[Problem]:
    """Nodes that no way leads to, neither from their tree's start nor from another tree."""
    ways = graph.edges(flow)
    entered = {to for node, after in ways.items() for to in after if _tree_of(to) != _tree_of(node)}
    for tree in flow.trees.values():
        inside = {node: ways[node] for node in tree.nodes}
        starts = [tree.start, *(node for node in tree.nodes if node in entered)]
        reached = frozenset().union(*(graph.reachable(inside, start) for start in starts))
        for node in tree.nodes:
            if node not in reached:
                message = f"no way leads to the node {node.partition('.')[2]}"
                yield Problem(message, flow.nodes[node].place, "lead a branch to it, or take it out")


def _too_early(flow: Flow, vocabulary: Vocabulary, exercises: Collection[str]) -> Iterator[Problem]:
    """Rules about what an exercise finds, where no way there has tried it out: they never hold."""
    ways = graph.edges(flow)
    after: dict[str, set[str]] = {exercise: set() for exercise in exercises}
    checks = {name: node for name, node in flow.nodes.items() if isinstance(node, Check)}
    for name, node in checks.items():
        if node.exercise in after:
            after[node.exercise].update(graph.reachable(ways, name))
    for name, node in checks.items():
        for branch in node.branches:
            for fact in sorted(branch.rule.names) if branch.rule is not None else ():
                word = vocabulary.get(bare(fact))
                if word is not None and word.source in after and name not in after[word.source]:
                    message = (
                        f"{fact} is only known after the exercise {word.source}, which no way here tries"
                    )
                    yield Problem(message, branch.place, f"add exercise: {word.source} to this node")


def _tree_of(node: str) -> str:
    return node.partition(".")[0]


def _has_open_ends(flow: Flow) -> bool:
    return any(after not in flow.nodes for way in graph.edges(flow).values() for after in way)


def graph_warnings(sources: Sources, flow: Flow, visited: Collection[str] | None) -> Iterator[Problem]:
    """What a reader of the trees would want to know: what is never come to."""
    if flow.start not in flow.trees or sources.problems or _has_open_ends(flow):
        return
    ways = graph.edges(flow)
    starts = [flow.trees[entry].start for entry in {flow.start, *ENTRIES} if entry in flow.trees]
    reached = frozenset().union(*(graph.reachable(ways, start) for start in starts))
    for name, tree in flow.trees.items():
        if not reached & set(tree.nodes):
            place = sources.trees[name].document.place(("tree",))
            yield Problem(f"no walk comes to the tree {name}", place, "jump to it from another tree")
    named = {
        cause
        for node in reached
        for verdict in graph.verdicts_of(flow.nodes[node])
        for cause in (verdict.cause, *verdict.alternatives)
    }
    for name, cause in sources.causes.items():
        if name not in named | ALWAYS_THERE:
            yield Problem(f"no tree names the cause {name}", cause.document.key_place(cause.at))
    seen = (
        visited
        if visited is not None
        else {node for one in sources.rehearsals for node in one.entry.expect.path or ()}
    )
    for node in sorted(reached):
        if node not in seen and not isinstance(flow.nodes[node], Jump):
            yield Problem(f"no rehearsal comes to the node {node.partition('.')[2]}", flow.nodes[node].place)
