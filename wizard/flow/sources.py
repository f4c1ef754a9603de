"""The files of the knowledge base, read and checked one by one, further folders laid over the first.

What the files say of each other (whether a node, a cause, a fact is there) is for `wizard.flow.lint`. A part
that is malformed is left out, but its name is kept, so that whatever refers to it is not blamed too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wizard.errors import Place, Problem
from wizard.flow.folders import PARTS, REHEARSALS, listed, shown
from wizard.flow.written import (
    CauseEntry,
    CausesEntry,
    Node,
    NodeEntry,
    ReferralEntry,
    RehearsalEntry,
    RemediesEntry,
    RemedyEntry,
    TreeEntry,
)
from wizard.yaml_source import At, Document, Entry, check, read


@dataclass(frozen=True, slots=True)
class TreeSource:
    """One tree as it is written: those of its nodes that are well formed."""

    document: Document
    id: str
    title: str
    source: str
    start: str
    nodes: dict[str, Node]


@dataclass(frozen=True, slots=True)
class CauseSource:
    """One cause as it is written, and where in its file."""

    document: Document
    at: At
    family: str
    entry: CauseEntry


@dataclass(frozen=True, slots=True)
class RemedySource:
    """One remedy, or the referral for one cause, as it is written."""

    document: Document
    at: At
    entry: RemedyEntry | ReferralEntry


@dataclass(frozen=True, slots=True)
class RehearsalSource:
    """One rehearsal as it is written, and where in its file."""

    document: Document
    at: At
    entry: RehearsalEntry


@dataclass(slots=True)
class Sources:
    """All files read; of two trees or causes with one id the one of the later folder counts."""

    trees: dict[str, TreeSource] = field(default_factory=dict)
    causes: dict[str, CauseSource] = field(default_factory=dict)
    rehearsals: list[RehearsalSource] = field(default_factory=list)
    remedies: dict[str, RemedySource] = field(default_factory=dict)
    referrals: dict[str, RemedySource] = field(default_factory=dict)
    """By the cause they are for."""
    setbacks: set[str] = field(default_factory=set)
    named_nodes: dict[str, set[str]] = field(default_factory=dict)
    """For each tree the names of all its nodes, malformed ones too."""
    unread: set[str] = field(default_factory=set)
    """The trees whose files are no YAML, so that nothing is known of their nodes."""
    events: set[str] = field(default_factory=set)
    """The events signatures know, which are the items of the fact `ike_events`."""
    named_causes: set[str] = field(default_factory=set)
    """The ids of all causes, malformed ones too."""
    folders: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    digest: str = ""
    problems: list[Problem] = field(default_factory=list)
    """What is wrong with single files."""


class _OneNode(Entry):
    node: NodeEntry


def read_folders(folders: Sequence[Path], *, rehearsed: bool = True) -> Sources:
    """Reads the knowledge base of each folder, a later one over an earlier one; never raises.

    Without `rehearsed` the rehearsals are left out, which a diagnosis has no need of. The digest is over the
    contents of the files read and their names below their folders, in the order read.
    """
    sources = Sources()
    parts = (*PARTS, REHEARSALS) if rehearsed else PARTS
    digest = hashlib.sha256()
    for folder in folders:
        if not folder.is_dir():
            advice = "name a folder that holds trees/ or causes.yaml"
            sources.problems.append(Problem(f"there is no folder {folder}", Place(str(folder)), advice))
            continue
        sources.folders.append(shown(folder))
        for path in listed(folder, parts):
            document = read(path, shown(path))
            sources.files.append(document.file)
            sources.problems.extend(document.problems)
            name = path.relative_to(folder).as_posix()
            digest.update(f"{name} {document.digest}\n".encode())
            if document.value is not None:
                _add(sources, name, path.stem, document)
            elif name.startswith("trees/"):
                sources.unread.add(path.stem)
    sources.digest = digest.hexdigest()
    return sources


def _add(sources: Sources, name: str, stem: str, document: Document) -> None:
    if name.startswith("trees/"):
        _add_tree(sources, stem, document)
    elif name.startswith("rehearsals/"):
        _add_rehearsals(sources, document)
    elif name.startswith("signatures/"):
        # wizard.flow.signatures checks these files; here only the names of their events count.
        written = _mapping(document.value).get("events")
        events = written if isinstance(written, list) else []
        sources.events.update(str(_mapping(event).get("event")) for event in events)
    elif name == "causes.yaml":
        _add_causes(sources, document)
    elif name == "remedies.yaml":
        _add_remedies(sources, document)


def _add_tree(sources: Sources, stem: str, document: Document) -> None:
    entry, problems = check(document, TreeEntry)
    sources.problems.extend(problems)
    raw = _mapping(document.value)
    written = _mapping(raw.get("nodes"))
    name = str(raw.get("tree", stem))
    if entry is not None and name != stem:
        advice = f"write tree: {stem}, or call the file {name}.yaml"
        sources.problems.append(
            Problem("the tree is not called as its file", document.place(("tree",)), advice)
        )
    nodes = dict(entry.nodes) if entry is not None else _well_formed(written)
    sources.named_nodes[name] = set(written)
    sources.trees[name] = TreeSource(
        document,
        name,
        str(raw.get("title", "")),
        str(raw.get("source", "")),
        str(raw.get("start", "")),
        nodes,
    )


def _well_formed(written: dict[str, Any]) -> dict[str, Node]:
    nodes: dict[str, Node] = {}
    for name, raw in written.items():
        try:
            nodes[name] = _OneNode.model_validate({"node": raw}).node
        except ValidationError:
            continue
    return nodes


def _add_causes(sources: Sources, document: Document) -> None:
    entry, problems = check(document, CausesEntry)
    sources.problems.extend(problems)
    seen: dict[str, str] = {}
    for family, causes in _mapping(_mapping(document.value).get("causes")).items():
        for cause in _mapping(causes):
            at: At = ("causes", family, cause)
            if cause in seen:
                message = f"the cause {cause} stands in {seen[cause]} too"
                sources.problems.append(Problem(message, document.key_place(at), "keep one of the two"))
            seen[cause] = family
            sources.named_causes.add(cause)
            if entry is not None:
                sources.causes[cause] = CauseSource(document, at, family, entry.causes[family][cause])


def _add_remedies(sources: Sources, document: Document) -> None:
    entry, problems = check(document, RemediesEntry)
    sources.problems.extend(problems)
    if entry is None:
        return
    for name, remedy in entry.remedies.items():
        sources.remedies[name] = RemedySource(document, ("remedies", name), remedy)
    sources.setbacks.update(entry.setbacks)
    for name, referral in entry.referrals.items():
        sources.referrals[name] = RemedySource(document, ("referrals", name), referral)


def _add_rehearsals(sources: Sources, document: Document) -> None:
    if not isinstance(document.value, list):
        sources.problems.append(
            Problem("expected a list of rehearsals", document.place(), "begin with - name:")
        )
        return
    for index in range(len(document.value)):
        entry, problems = check(document, RehearsalEntry, (index,))
        sources.problems.extend(problems)
        if entry is not None:
            sources.rehearsals.append(RehearsalSource(document, (index,), entry))


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
