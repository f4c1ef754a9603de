"""Small knowledge bases for tests, written as YAML into a folder."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from wizard.facts.vocabulary import EXERCISES, VOCABULARY
from wizard.flow.lint import Remark, lint
from wizard.flow.load import load
from wizard.flow.spec import Flow

CAUSES = """\
causes:
  other:
    healthy: {title: Nothing is wrong}
    inconclusive: {title: Not clear}
    gateway-login-failed: {title: No login}
  authentication:
    psk-mismatch: {title: The keys differ}
    psk-missing: {title: No key}
"""

TRIAGE = """\
tree: triage
title: Where does it stop?
start: first
nodes:
  first:
    check: Is the daemon running?
    why: Nothing works without it.
    next:
      - if: near.daemon_running == false
        cause: psk-mismatch
        ends: near
      - else: done
  done:
    cause: healthy
"""


def knowledge(folder: Path, *, causes: str = CAUSES, rehearsals: str = "", **trees: str) -> Path:
    """A folder with these trees (the small triage where none is given), causes and rehearsals."""
    (folder / "trees").mkdir(parents=True, exist_ok=True)
    for name, text in (trees or {"triage": TRIAGE}).items():
        (folder / "trees" / f"{name.replace('_', '-')}.yaml").write_text(dedent(text))
    if causes:
        (folder / "causes.yaml").write_text(dedent(causes))
    if rehearsals:
        (folder / "rehearsals").mkdir(exist_ok=True)
        (folder / "rehearsals" / "some.yaml").write_text(dedent(rehearsals))
    return folder


def loaded(*folders: Path) -> Flow:
    return load(folders, VOCABULARY, EXERCISES)


def remarks(*folders: Path) -> tuple[Remark, ...]:
    return lint(folders, VOCABULARY, EXERCISES)


def said(folder: Path, severity: str = "error") -> list[str]:
    """What lint says of one folder, the folder's own name taken out."""
    return [
        str(remark.problem).replace(f"{folder}/", "")
        for remark in remarks(folder)
        if remark.severity == severity
    ]
