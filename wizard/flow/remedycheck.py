"""What is wrong with remedies.yaml: causes that are not there, rules that are none, referrals beside remedies.

Which actions there are is the platforms' matter; a plan that names an unknown one is refused there, and a test
holds the bundled file to the actions there are.
"""

from __future__ import annotations

from collections.abc import Iterator

from wizard.errors import Problem, nearest
from wizard.flow.rule import RuleError, parse
from wizard.flow.sources import RemedySource, Sources
from wizard.flow.treecheck import sentence_faults
from wizard.flow.words import Vocabulary, faults
from wizard.flow.written import ReferralEntry, RemedyEntry
from wizard.yaml_source import At


def remedy_faults(sources: Sources, vocabulary: Vocabulary) -> Iterator[Problem]:
    """Causes that are not there, rules that are none, and causes nobody says anything for."""
    mended: set[str] = set()
    for source in sources.remedies.values():
        entry = source.entry
        assert isinstance(entry, RemedyEntry)
        for index, cause in enumerate(entry.mends):
            mended.add(cause)
            yield from _named(sources, source, (*source.at, "mends", index), cause)
        yield from _rule_faults(source, (*source.at, "proves"), entry.proves, vocabulary)
        for index, step in enumerate(entry.steps):
            yield from _rule_faults(source, (*source.at, "steps", index, "when"), step.when, vocabulary)
    for cause, source in sources.referrals.items():
        yield from _named(sources, source, source.at, cause)
        entry = source.entry
        assert isinstance(entry, ReferralEntry)
        for message, advice, offset in sentence_faults(entry.tell, vocabulary):
            yield Problem(message, source.document.inside((*source.at, "tell"), offset), advice)
        if cause in mended:
            message = f"{cause} has a remedy, so nobody is referred to"
            yield Problem(message, source.document.place(source.at), "take one of the two out")


def _named(sources: Sources, source: RemedySource, at: At, cause: str) -> Iterator[Problem]:
    if sources.named_causes and cause not in sources.named_causes:
        advice = nearest(cause, sources.named_causes) or "see causes.yaml"
        yield Problem(f"there is no cause {cause}", source.document.place(at), advice)


def _rule_faults(source: RemedySource, at: At, text: str | None, vocabulary: Vocabulary) -> Iterator[Problem]:
    if text is None:
        return
    try:
        rule = parse(text)
    except RuleError as error:
        yield Problem(error.message, source.document.inside(at, error.column), error.advice)
        return
    for fault in faults(rule, vocabulary):
        yield Problem(fault.message, source.document.inside(at, fault.column), fault.advice)
