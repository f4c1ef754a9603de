"""A plain call of diagnose is understood without the library for command lines, and everything else is left to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from wizard.cli import Diagnosis, plain

HEAVY = {"cryptography.x509", "typer", "pydantic", "yaml", "textual", "rich", "questionary"}


@pytest.mark.parametrize(
    ("words", "diagnosis"),
    [
        ("diagnose site", Diagnosis("site")),
        ("diagnose site --json", Diagnosis("site", as_json=True)),
        ("diagnose --observe-only site --symptom drops", Diagnosis("site", "drops", observe_only=True)),
        (
            "--inventory i.yaml --state s diagnose site",
            Diagnosis("site", inventory=Path("i.yaml"), state=Path("s")),
        ),
        ("diagnose site --inventory=i.yaml", Diagnosis("site", inventory=Path("i.yaml"))),
        (
            "--flows more diagnose site --symptom=never-up",
            Diagnosis("site", "never-up", flows=(Path("more"),)),
        ),
    ],
)
def test_a_plain_call_is_understood(words: str, diagnosis: Diagnosis) -> None:
    assert plain(words.split()) == diagnosis


@pytest.mark.parametrize(
    "words",
    [
        "",
        "diagnose",
        "diagnose one two",
        "diagnose site --help",
        "diagnose site -h",
        "diagnose site --jso",
        "diagnose site --json=yes",
        "--json diagnose site",
        "--symptom drops diagnose site",
        "diagnose site --state",
        "diagnose site --state --json",
        "diagnose site --state a --state b",
        "diagnose -- site",
        "explain diagnose",
        "triage site",
    ],
)
def test_what_is_not_plain_is_left_to_the_library(words: str) -> None:
    assert plain(words.split()) is None


def test_a_diagnosis_starts_without_the_libraries_of_other_commands(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(
        "version: 1\ngateways: {a: {host: 192.0.2.1}, b: {host: 192.0.2.2}}\n"
        "tunnels: {site: {ends: [{gateway: a}, {gateway: b}]}}\n"
    )
    program = (
        "import sys\nfrom pathlib import Path\nfrom wizard.ui.desk import InventoryDesk\n"
        "from wizard.ui.headless import diagnose\nfrom wizard import cli\n"
        f"desk = cli.desk_of(Path({str(inventory)!r}), (), Path({str(tmp_path / 'state')!r}))\n"
        "desk.gateways_for('site')\n"
        f"print(*({HEAVY!r} & set(sys.modules)))\n"
    )
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    for _ in range(2):
        ran = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
        )
    assert ran.stdout.split() == []
