"""`compare`: what two configurations from disk would disagree on, as JSON or as tables; no gateway is asked."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from wizard.engine.model import Collected, EndReport, Finding, Finish, Outcome, Started
from wizard.engine.run import Run
from wizard.errors import ExitCode, InputError
from wizard.facts.comparison import judge as comparison
from wizard.facts.comparison import pairing, saved
from wizard.facts.comparison.notes import Notes
from wizard.facts.comparison.saved import Saved
from wizard.facts.model import ENDS, Fact
from wizard.flow.spec import Flow
from wizard.ui.headless.configurations import files_of
from wizard.ui.headless.knowledge import loaded
from wizard.ui.headless.report import SCHEMA
from wizard.ui.headless.report import finding as finding_of

_SALT: Final = "compare"
"""Digests are compared within one run and never shown whole, so that a fixed salt gives nothing away."""


@dataclass(frozen=True, slots=True)
class PairOutcome:
    """One pair of connections and what came of it."""

    notes: Notes
    outcome: Outcome
    path: tuple[str, ...] = ()
    """The nodes of the trees it came by."""

    @property
    def not_compared(self) -> tuple[str, ...]:
        """What could not be held against each other, with the reason where there is one."""
        rows = [row.field.strip() for row in self.notes.rows if row.verdict == "not compared"]
        return tuple(dict.fromkeys(rows))


def run(
    a: Path, b: Path, *, version_a: str | None, version_b: str | None, as_json: bool, flows: Sequence[Path]
) -> int:
    """Compares two files or folders and returns the exit code of contract.md; raises InputError."""
    begun = time.monotonic()
    names = _names(a, b)
    sides = [
        saved.read(name, files_of(path), version=version, salt=_SALT)
        for name, path, version in zip(names, (a, b), (version_a, version_b), strict=True)
    ]
    outcome, pairs = compared(sides[0], sides[1], loaded(flows), datetime.now(UTC))
    if as_json:
        json.dump(
            _document(outcome, pairs, sides, time.monotonic() - begun),
            sys.stdout,
            indent=2,
            ensure_ascii=False,
        )
        sys.stdout.write("\n")
    else:
        _print(outcome, pairs, sides)
    codes = {"healthy": ExitCode.HEALTHY, "fault": ExitCode.FAULT, "inconclusive": ExitCode.INCONCLUSIVE}
    return codes[outcome.status]


def compared(a: Saved, b: Saved, flow: Flow, now: datetime) -> tuple[Outcome, list[PairOutcome]]:
    """What came of the whole comparison, and of each pair of connections, the best fit first."""
    pairs = [_walked(flow, comparison.judge(a, b, match, now)) for match in pairing.matches(a, b)]
    chosen = _chosen(pairs)
    return (chosen.outcome if chosen is not None else _nothing(flow, (a, b))), pairs


def _names(a: Path, b: Path) -> tuple[str, str]:
    """What the sides are called: their names where these differ, else as much of the paths as tells them apart."""
    left, right = a.name or str(a), b.name or str(b)
    if left != right:
        return left, right
    return (str(a), str(b)) if str(a) != str(b) else (f"{a} (A)", f"{b} (B)")


def _walked(flow: Flow, notes: Notes) -> PairOutcome:
    """The tree of comparisons walked with the facts of one pair."""
    walk = Run(flow, _started(notes.a.name, notes.b.name, flow))
    facts = (Fact("comparing", True), *notes.facts)
    walk.reply(Collected(facts, ends=_reports(notes.a.name, notes.b.name)))
    if not isinstance(walk.request, Finish):
        raise InputError(
            "the tree of comparisons asks for something only a gateway can answer",
            advice="take exercises and questions out of trees/compare.yaml",
        )
    return PairOutcome(notes, walk.request.outcome, tuple(walk.path))


def _started(near: str, far: str, flow: Flow) -> Started:
    return Started(
        session="compare",
        tunnel=f"{near} and {far}",
        near=near,
        far=far,
        symptom="check",
        operator="",
        version="",
        flows_digest=flow.digest,
        observe_only=True,
    )


def _reports(near: str, far: str) -> tuple[EndReport, EndReport]:
    return EndReport("near", near, reached=True), EndReport("far", far, reached=True)


def _nothing(flow: Flow, sides: Sequence[Saved]) -> Outcome:
    """Without a pair of connections: files that are refused are a fault, anything else is no answer."""
    facts = [Fact("comparing", True)]
    for end, side in zip(ENDS, sides, strict=True):
        problem = comparison.file_problems(side)
        if problem is not None:
            line = comparison.problem_line(side, problem)
            facts += [
                Fact(f"{end}.config_parses", False, (line,)),
                Fact(f"{end}.config_problem", f"{problem.place}: {problem.message}", (line,)),
            ]
    walk = Run(flow, _started(sides[0].name, sides[1].name, flow))
    walk.reply(Collected(tuple(facts), ends=_reports(sides[0].name, sides[1].name)))
    if len(facts) > 1 and isinstance(walk.request, Finish):
        return walk.request.outcome
    empty = [side.name for side in sides if not pairing.candidates(side.configuration)]
    said = tuple(f"{name} holds no connection that could be compared" for name in empty)
    return Outcome(
        status="inconclusive",
        causes=(),
        warnings=(),
        excluded=(),
        unseen=said or ("no connection of one end fits one of the other",),
        questions_for_peer=(),
    )


def _chosen(pairs: Sequence[PairOutcome]) -> PairOutcome | None:
    """The pair that fits best; another one that is sure and at fault goes before one that is in order."""
    if not pairs:
        return None
    if pairs[0].outcome.status == "healthy":
        close = (one for one in pairs[1:] if one.outcome.status == "fault" and one.notes.match.sure)
        return next(close, pairs[0])
    return pairs[0]


def _document(
    outcome: Outcome, pairs: Sequence[PairOutcome], sides: Sequence[Saved], elapsed_s: float
) -> dict[str, Any]:
    chosen = _chosen(pairs)
    return {
        "schema": SCHEMA,
        "tunnel": None,
        "status": outcome.status,
        "causes": [finding_of(finding) for finding in outcome.causes],
        "warnings": [finding_of(finding) for finding in outcome.warnings],
        "excluded": list(outcome.excluded),
        "unseen": list(outcome.unseen),
        "path": list(chosen.path) if chosen is not None else [],
        "questions_for_peer": [],
        "stats": {"elapsed_s": round(elapsed_s, 2), "pairs": len(pairs)},
        "pairs": [_pair(one) for one in pairs],
        "problems": [
            {"end": side.name, "place": one.place, "message": one.message, "scope": one.scope}
            for side in sides
            for one in side.configuration.problems
        ],
    }


def _pair(one: PairOutcome) -> dict[str, Any]:
    return {
        "a": one.notes.match.a.name,
        "b": one.notes.match.b.name,
        "status": one.outcome.status,
        "causes": [finding_of(finding) for finding in one.outcome.causes],
        "warnings": [finding_of(finding) for finding in one.outcome.warnings],
        "not_compared": list(one.not_compared),
        "remarks": list(one.notes.remarks),
        "fields": [
            {"field": row.field.strip(), "a": row.a, "b": row.b, "verdict": row.verdict}
            for row in one.notes.rows
        ],
    }


# --- for people -----------------------------------------------------------------------------------


def _print(outcome: Outcome, pairs: Sequence[PairOutcome], sides: Sequence[Saved]) -> None:
    console = Console(highlight=False)
    for one in pairs:
        console.print(_table(one))
        _say(console, one.outcome.causes, "cause")
        _say(console, one.outcome.warnings, "warning")
        for remark in one.notes.remarks:
            console.print(f"remark: {escape(remark)}")
        console.print()
    if not pairs:
        _say(console, outcome.causes, "cause")
    for side in sides:
        for problem in side.configuration.problems:
            console.print(escape(f"{side.name}: {problem.place}: {problem.message}"))
    for line in outcome.unseen:
        console.print(escape(f"not seen: {line}"))
    console.print(f"status: {outcome.status}")


def _table(one: PairOutcome) -> Table:
    notes = one.notes
    names = f"{notes.match.a.name} of {notes.a.name} (A), {notes.match.b.name} of {notes.b.name} (B)"
    title = f"{names}: {one.outcome.status}"
    table = Table("field", "A", "B", "verdict", title=escape(title), title_justify="left")
    for row in notes.rows:
        table.add_row(escape(row.field), escape(row.a), escape(row.b), row.verdict)
    return table


def _say(console: Console, findings: Sequence[Finding], word: str) -> None:
    for finding in findings:
        ends = ", ".join(finding.ends)
        console.print(escape(f"{word}: {finding.cause} ({finding.confidence}) at {ends}: {finding.summary}"))
        for line in finding.evidence:
            console.print(escape(f"    {line.end}: {line.command}\n      {line.line}"))
        if finding.next_step:
            console.print(escape(f"    next: {finding.next_step}"))
