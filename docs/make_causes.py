"""Writes docs/causes.md from the flows, so that the page for readers never differs from what runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from wizard.facts.vocabulary import EXERCISES, VOCABULARY
from wizard.flow.graph import verdicts_of
from wizard.flow.load import load
from wizard.flow.spec import Cause, Flow

REPOSITORY: Final = Path(__file__).resolve().parents[1]
PAGE: Final = REPOSITORY / "docs" / "causes.md"

_HEAD: Final = """\
# Causes

Made from `flows/causes.yaml` and `flows/remedies.yaml` by `make docs`; what a diagnosis can name, by the layer it
belongs to. Where a sentence says {here}, the gateway it was found at stands in a finding, {there} is the other one.
"""


def page() -> str:
    """The whole page as Markdown."""
    flow = load([REPOSITORY / "flows"], VOCABULARY, EXERCISES)
    families: dict[str, list[Cause]] = defaultdict(list)
    for cause in flow.causes.values():
        families[cause.family].append(cause)
    named = _named(flow)
    parts = [_HEAD]
    for family, causes in families.items():
        parts.append(f"\n## {family.replace('-', ' ').capitalize()}\n")
        parts += [_entry(cause, named[cause.id], flow) for cause in causes]
    return "".join(parts)


def _named(flow: Flow) -> dict[str, list[str]]:
    """The nodes that name each cause."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, node in flow.nodes.items():
        for cause in dict.fromkeys(
            one for verdict in verdicts_of(node) for one in (verdict.cause, *verdict.alternatives)
        ):
            found[cause].append(name)
    return found


def _entry(cause: Cause, nodes: Iterable[str], flow: Flow) -> str:
    lines = [f"\n### {cause.id}\n\n**{cause.title}.** {cause.plain}\n"]
    where = ", ".join(f"`{node}`" for node in nodes)
    referral = flow.referrals.get(cause.id)
    facts = (
        ("Evidence", cause.check),
        ("Told from its neighbours", cause.told_apart),
        ("What to do", cause.next_step),
        ("Remedies", "; ".join(f"`{name}`: {flow.remedies[name].title}" for name in cause.remedies)),
        ("Who has to act", f"{referral.who}. {referral.tell}" if referral is not None else ""),
        ("Excludes", ", ".join(cause.excludes)),
        ("Named by", where),
        ("Source", cause.source),
    )
    return "".join([*lines, "\n", *(f"- {name}: {text}\n" for name, text in facts if text)])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
