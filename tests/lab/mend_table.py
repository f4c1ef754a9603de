"""What came of mending as a table, on the terminal and as Markdown."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from tests.lab import mend, runner, table


def show(verdicts: Sequence[runner.Verdict]) -> None:
    """Print the table."""
    table.draw(mend.HEADINGS, _rows(verdicts), right=mend.HEADINGS[3:5])


def write(verdicts: Sequence[runner.Verdict], file: Path) -> None:
    """Write the table as Markdown, and below it what was not as expected."""
    rows = [mend.HEADINGS, tuple("---" for _ in mend.HEADINGS), *_rows(verdicts)]
    text = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    notes = [
        f"- {one.scenario} ({one.remedy}): {line}\n"
        for one in verdicts
        if isinstance(one, mend.Mended)
        for line in (*one.notes, *one.traces)
    ]
    passed = sum(one.ok for one in verdicts)
    head = f"{passed} of {len(verdicts)} as expected, {time.strftime('%H:%M', time.gmtime())} UTC\n\n"
    file.write_text(f"{head}{text}\n{''.join(notes)}", encoding="utf-8")


def _rows(verdicts: Sequence[runner.Verdict]) -> list[tuple[str, ...]]:
    mended = [one for one in verdicts if isinstance(one, mend.Mended)]
    return [one.row() for one in sorted(mended, key=lambda one: one.scenario)]
