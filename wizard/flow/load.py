"""From folders to a flow that can be walked: the bundled knowledge, further folders laid over it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from wizard.errors import FlowError
from wizard.flow.build import build
from wizard.flow.lint import remarks
from wizard.flow.sources import read_folders
from wizard.flow.spec import Flow
from wizard.flow.words import Vocabulary


def load(folders: Sequence[Path], vocabulary: Vocabulary, exercises: Collection[str]) -> Flow:
    """Loads the knowledge of all folders; a tree or cause of a later one replaces that of an earlier one.

    `vocabulary` and `exercises` are those of wizard.facts.vocabulary. Raises FlowError with every error of
    all files, each with line and column; warnings of lint do not keep a flow from being used.
    """
    sources = read_folders(folders, rehearsed=False)
    flow = build(sources)
    found = remarks(sources, flow, vocabulary, exercises)
    errors = [remark.problem for remark in found if remark.severity == "error"]
    if errors:
        raise FlowError.listing(errors)
    return flow
