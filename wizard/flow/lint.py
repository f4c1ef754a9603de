"""What is wrong with the knowledge base, all of it at once, each with its line and column.

An error keeps a flow from being used: a walk through it could end nowhere. A warning says what a reader of
the trees would want to know.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from wizard.errors import Place, Problem
from wizard.flow import graph
from wizard.flow.build import build
from wizard.flow.rehearsal import rehearsal_faults
from wizard.flow.sources import Sources, read_folders
from wizard.flow.spec import Flow, Jump
from wizard.flow.treecheck import TreeCheck, sentence_faults
from wizard.flow.words import Vocabulary
from wizard.yaml_source import nearest, ordered

Severity = Literal["error", "warning"]

_ALWAYS_THERE: Final = frozenset({"healthy", "inconclusive", "gateway-login-failed"})
"""Causes the engine itself names."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing lint has to say."""

    problem: Problem
    severity: Severity = "error"

    def __str__(self) -> str:
        place, _, rest = str(self.problem).partition(": ")
        return f"{place}: {self.severity}: {rest}"


def lint(
    folders: Sequence[Path],
    vocabulary: Vocabulary,
    exercises: Collection[str],
    visited: Collection[str] | None = None,
) -> tuple[Remark, ...]:
    """All remarks on the knowledge of these folders, a later one laid over an earlier one, in order of place.

    `visited` are the nodes rehearsals came to, where they were run; else the paths they expect are taken.
    """
    sources = read_folders(folders)
    return remarks(sources, build(sources), vocabulary, exercises, visited)


def remarks(
    sources: Sources,
    flow: Flow,
    vocabulary: Vocabulary,
    exercises: Collection[str],
    visited: Collection[str] | None = None,
) -> tuple[Remark, ...]:
    """All remarks on what was read and built."""
    errors = list(sources.problems)
    for tree in sources.trees.values():
        errors.extend(TreeCheck(sources, tree, vocabulary, exercises).problems())
    errors.extend(_catalogue(sources, vocabulary))
    errors.extend(_graph_errors(sources, flow))
    warnings = _graph_warnings(sources, flow, visited)
    errors.extend(rehearsal_faults(sources, flow, vocabulary, exercises))
    refused = set(errors)
    return tuple(
        Remark(problem, "error" if problem in refused else "warning")
        for problem in ordered([*errors, *warnings])
    )


def _catalogue(sources: Sources, vocabulary: Vocabulary) -> Iterator[Problem]:
    """What the catalogue of causes names that is not there."""
    for name, cause in sources.causes.items():
        for key, known, kind in (
            ("excludes", sources.named_causes - {name}, "other cause"),
            ("remedies", sources.remedies, "remedy"),
        ):
            for index, written in enumerate(getattr(cause.entry, key)):
                if written not in known:
                    place = cause.document.place((*cause.at, key, index))
                    yield Problem(f"there is no {kind} {written}", place, nearest(written, known) or None)
        for key in ("summary", "next_step"):
            for message, advice, offset in sentence_faults(getattr(cause.entry, key), vocabulary):
                yield Problem(message, cause.document.inside((*cause.at, key), offset), advice)
    if not sources.named_causes and sources.folders:
        place = Place(f"{sources.folders[0]}/causes.yaml")
        if not any(problem.place and problem.place.file == place.file for problem in sources.problems):
            yield Problem(
                "there is no catalogue of causes", place, "write causes: {family: {id: {title: …}}}"
            )
    for name in sorted(_ALWAYS_THERE - sources.named_causes if sources.causes else ()):
        place = Place(next(iter(sources.causes.values())).document.file)
        yield Problem(
            f"the cause {name} is missing, which every walk may need", place, f"write {name}: {{title: …}}"
        )


def _graph_errors(sources: Sources, flow: Flow) -> Iterator[Problem]:
    if flow.start not in flow.trees:
        if not sources.problems:
            place = Place(sources.files[0] if sources.files else "trees")
            yield Problem(
                f"there is no tree {flow.start}, where every diagnosis begins",
                place,
                f"write trees/{flow.start}.yaml",
            )
        return
    for way in graph.cycles(graph.edges_unasked(flow)):
        shown = " → ".join(way)
        yield Problem(
            f"the walk may go round for ever: {shown}", flow.nodes[way[0]].place, "lead one of them elsewhere"
        )
    if sources.problems or _has_open_ends(flow):
        return  # a node behind a target that is misspelt is not to blame
    ways = graph.edges(flow)
    entered = {
        to for node, after in ways.items() for to in after if to.partition(".")[0] != node.partition(".")[0]
    }
    for tree in flow.trees.values():
        inside = {node: ways[node] for node in tree.nodes}
        starts = [tree.start, *(node for node in tree.nodes if node in entered)]
        reached = frozenset().union(*(graph.reachable(inside, start) for start in starts))
        for node in tree.nodes:
            if node not in reached:
                message = f"no way leads to the node {node.partition('.')[2]}"
                yield Problem(message, flow.nodes[node].place, "lead a branch to it, or take it out")


def _has_open_ends(flow: Flow) -> bool:
    return any(after not in flow.nodes for way in graph.edges(flow).values() for after in way)


def _graph_warnings(sources: Sources, flow: Flow, visited: Collection[str] | None) -> Iterator[Problem]:
    if flow.start not in flow.trees or sources.problems or _has_open_ends(flow):
        return
    reached = graph.reachable(graph.edges(flow), flow.trees[flow.start].start)
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
        if name not in named | _ALWAYS_THERE:
            yield Problem(f"no tree names the cause {name}", cause.document.key_place(cause.at))
    seen = (
        visited
        if visited is not None
        else {node for one in sources.rehearsals for node in one.entry.expect.path or ()}
    )
    for node in sorted(reached):
        if node not in seen and not isinstance(flow.nodes[node], Jump):
            yield Problem(f"no rehearsal comes to the node {node.partition('.')[2]}", flow.nodes[node].place)
