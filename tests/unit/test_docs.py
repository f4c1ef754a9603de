"""Pages made from the knowledge base are what it says today."""

from __future__ import annotations

import runpy
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_page_of_causes_is_what_the_flows_say() -> None:
    made = runpy.run_path(str(REPOSITORY / "docs" / "make_causes.py"))
    assert made["PAGE"].read_text(encoding="utf-8") == made["page"](), "make it again: make docs"


def test_every_cause_has_its_plain_words_evidence_neighbours_and_source_on_the_page() -> None:
    page = (REPOSITORY / "docs" / "causes.md").read_text(encoding="utf-8")
    for entry in page.split("\n### ")[1:]:
        name = entry.splitlines()[0]
        wanted = () if name in {"healthy", "inconclusive", "gateway-login-failed"} else ("Evidence", "Source")
        for part in (*wanted, "Told from its neighbours", "What to do"):
            assert f"- {part}: " in entry, (name, part)
