"""What is wrong with the knowledge base, all of it at once, each with its line and column.

An error keeps a flow from being used: a walk through it could end nowhere. A warning says what a reader of
the trees would want to know.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from wizard.errors import Place, Problem, nearest
from wizard.flow import signatures
from wizard.flow.build import build
from wizard.flow.graphcheck import ALWAYS_THERE, graph_errors, graph_warnings
from wizard.flow.rehearsal import rehearsal_faults
from wizard.flow.remedycheck import remedy_faults
from wizard.flow.sources import Sources, read_folders
from wizard.flow.spec import Flow
from wizard.flow.treecheck import TreeCheck, sentence_faults
from wizard.flow.words import Vocabulary, with_events
from wizard.yaml_source import ordered

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing lint has to say."""

    problem: Problem
    severity: Severity = "error"

    def __str__(self) -> str:
        return str(replace(self.problem, message=f"{self.severity}: {self.problem.message}"))


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
    # The file is read twice, once for its events' names: what is wrong with it as YAML is told once.
    known = set(sources.problems)
    sources.problems.extend(one for one in signatures.problems(folders) if one not in known)
    return remarks(sources, build(sources), vocabulary, exercises, visited)


def remarks(
    sources: Sources,
    flow: Flow,
    vocabulary: Vocabulary,
    exercises: Collection[str],
    visited: Collection[str] | None = None,
) -> tuple[Remark, ...]:
    """All remarks on what was read and built."""
    vocabulary = with_events(vocabulary, sources.events)
    errors = list(sources.problems)
    for tree in sources.trees.values():
        errors.extend(TreeCheck(sources, tree, vocabulary, exercises).problems())
    errors.extend(_catalogue(sources, vocabulary))
    errors.extend(remedy_faults(sources, vocabulary))
    errors.extend(graph_errors(sources, flow, vocabulary, exercises))
    warnings = graph_warnings(sources, flow, visited)
    errors.extend(rehearsal_faults(sources, flow, vocabulary, exercises))
    refused = set(errors)
    return tuple(
        Remark(problem, "error" if problem in refused else "warning")
        for problem in ordered([*errors, *warnings])
    )


def _catalogue(sources: Sources, vocabulary: Vocabulary) -> Iterator[Problem]:
    """What the catalogue of causes names that is not there."""
    for name, cause in sources.causes.items():
        known = sources.named_causes - {name}
        for index, written in enumerate(cause.entry.excludes):
            if written not in known:
                place = cause.document.place((*cause.at, "excludes", index))
                yield Problem(f"there is no other cause {written}", place, nearest(written, known) or None)
        for key in ("summary", "next_step"):
            for message, advice, offset in sentence_faults(getattr(cause.entry, key), vocabulary):
                yield Problem(message, cause.document.inside((*cause.at, key), offset), advice)
    if not sources.named_causes and sources.folders:
        place = Place(f"{sources.folders[0]}/causes.yaml")
        if not any(problem.place and problem.place.file == place.file for problem in sources.problems):
            yield Problem(
                "there is no catalogue of causes", place, "write causes: {family: {id: {title: …}}}"
            )
    for name in sorted(ALWAYS_THERE - sources.named_causes if sources.causes else ()):
        place = Place(next(iter(sources.causes.values())).document.file)
        yield Problem(f"the cause {name} is missing", place, "add it, for every walk may end there")
