"""`lint`, `rehearse` and `causes`: the knowledge base, looked at without any gateway."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from wizard import paths
from wizard.engine.rehearse import RehearsalResult, visited
from wizard.engine.rehearse import rehearse as walk
from wizard.errors import ExitCode, FlowError
from wizard.facts.vocabulary import EXERCISES, VOCABULARY
from wizard.flow.lint import lint as lint_flows
from wizard.flow.load import load
from wizard.flow.rehearsal import rehearsals
from wizard.flow.sources import read_folders
from wizard.flow.spec import Cause, Flow


def folders(extra: Sequence[Path]) -> list[Path]:
    """The bundled flows and what is laid over them."""
    return [paths.bundled_flows(), *extra]


def loaded(extra: Sequence[Path]) -> Flow:
    """All knowledge; raises FlowError with every problem."""
    return load(folders(extra), VOCABULARY, EXERCISES)


def lint(path: Path | None, extra: Sequence[Path]) -> int:
    """Prints every problem with file, line and column; 0 when there is no error."""
    chosen = [*folders(extra), path] if path is not None else folders(extra)
    problems = lint_flows(chosen, VOCABULARY, EXERCISES)
    if not any(problem.severity == "error" for problem in problems):
        # Without errors the rehearsals can be walked, and tell which nodes are really come to.
        problems = lint_flows(chosen, VOCABULARY, EXERCISES, visited(_walked(chosen)))
    for problem in problems:
        print(problem)
    errors = sum(problem.severity == "error" for problem in problems)
    print(f"{errors} errors, {len(problems) - errors} warnings", file=sys.stderr)
    return ExitCode.USAGE if errors else ExitCode.HEALTHY


def rehearse(extra: Sequence[Path]) -> int:
    """Walks every rehearsal with the real engine and prints where one ends elsewhere than expected."""
    results = _walked(folders(extra))
    for result in results:
        for difference in result.differences:
            print(f"{result.rehearsal.place}: {result.rehearsal.name}: {difference}")
    failed = sum(not result.passed for result in results)
    reached = {finding.cause for result in results for finding in result.outcome.causes}
    print(f"{len(results) - failed} passed, {failed} failed; {len(reached)} causes reached", file=sys.stderr)
    return ExitCode.USAGE if failed else ExitCode.HEALTHY


def _walked(chosen: Sequence[Path]) -> list[RehearsalResult]:
    """All rehearsals of these folders, walked; raises FlowError where the knowledge cannot be loaded."""
    flow = load(chosen, VOCABULARY, EXERCISES)
    return [walk(flow, one) for one in rehearsals(read_folders(chosen), VOCABULARY)]


def causes(cause: str | None, extra: Sequence[Path], *, as_json: bool) -> int:
    """The catalogue, or one cause in full; raises FlowError for one that is not in it."""
    flow = loaded(extra)
    if cause is None:
        if as_json:
            json.dump([asdict(one) for one in flow.causes.values()], sys.stdout, indent=2, ensure_ascii=False)
            print()
        else:
            _table(flow)
        return ExitCode.HEALTHY
    chosen = flow.causes.get(cause)
    if chosen is None:
        raise FlowError(f"there is no cause {cause!r}", advice="`ipsec-wizard causes` lists them")
    if as_json:
        json.dump(asdict(chosen), sys.stdout, indent=2, ensure_ascii=False)
        print()
    else:
        print("\n".join(_full(chosen, flow)))
    return ExitCode.HEALTHY


def _table(flow: Flow) -> None:
    table = Table("family", "cause", "what it is", box=None, pad_edge=False)
    for cause in flow.causes.values():
        table.add_row(cause.family, cause.id, escape(cause.title))
    Console(highlight=False).print(table)


def _full(cause: Cause, flow: Flow) -> list[str]:
    remedies = [f"{name} ({flow.remedies[name].title})" for name in cause.remedies]
    referral = flow.referrals.get(cause.id)
    parts = (
        ("what it means", cause.plain),
        ("how it is told from its neighbours", cause.told_apart),
        ("the check that decides", cause.check),
        ("what to do", cause.next_step),
        ("remedies", ", ".join(remedies)),
        ("who has to act", f"{referral.who}: {referral.tell}" if referral is not None else ""),
        ("source", cause.source),
    )
    return [f"{cause.id}: {cause.title}", *(f"  {name}: {text}" for name, text in parts if text)]
