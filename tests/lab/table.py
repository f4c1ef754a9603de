"""Verdicts as a table: with rich where it is installed, in plain columns elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.lab.runner import Verdict

_PAPER_WIDTH = 160
HEADINGS = ("scenario", "expected", "named", "confidence", "seconds", "trips", "prepared", "")


def show(verdicts: list[Verdict]) -> None:
    """Print the verdicts of diagnoses, in the order of the scenarios' names."""
    draw(
        HEADINGS,
        [_row(verdict) for verdict in sorted(verdicts, key=lambda v: v.scenario)],
        right=HEADINGS[4:7],
    )


def draw(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[str] = ()) -> None:
    """Print rows whose last cell is "ok" or says what is wrong; the headings in `right` stand over figures."""
    try:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        widths = [max(len(row[at]) for row in [headings, *rows]) for at in range(len(headings))]
        for row in [headings, *rows]:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        return
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, no_wrap=True, justify="right" if heading in right else "left")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row), style=None if row[-1] == "ok" else "bold red")
    console = Console()
    console = console if console.is_terminal else Console(width=_PAPER_WIDTH)
    console.print(table)


def _row(verdict: Verdict) -> tuple[str, ...]:
    return (
        verdict.scenario,
        verdict.expect,
        verdict.cause or verdict.status,
        verdict.confidence,
        f"{verdict.seconds:.1f}" if verdict.status else "",
        str(verdict.round_trips) if verdict.status else "",
        f"{verdict.prepared_s:.1f}",
        "ok" if verdict.ok else "FAIL",
    )
