"""Sessions that were interrupted, taken to their end from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from wizard.cli import main
from wizard.engine.plan import Plan, Step, sealed
from wizard.errors import ExitCode
from wizard.ui.desk import InventoryDesk

# Nobody listens on port 1, so that what is taken up ends at once.
INVENTORY = """\
version: 1
gateways:
  gw-a: {host: 127.0.0.1, port: 1}
  gw-b: {host: 127.0.0.1, port: 1}
tunnels:
  site:
    ends:
      - {gateway: gw-a}
      - {gateway: gw-b}
"""
STEPS = (Step("near", "gw-a", "one", "1"),)
PLAN = sealed(Plan("align-psk", "Mend it", "psk-mismatch", "site", "Nothing.", "Seen.", steps=STEPS))


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(INVENTORY, encoding="utf-8")
    return ["--inventory", str(inventory), "--state", str(tmp_path / "state")]


@pytest.fixture
def desk(tmp_path: Path, options: list[str]) -> InventoryDesk:
    return InventoryDesk.open(Path(options[1]), (), Path(options[3]))


class Ran:
    """What one command line printed, and how it ended."""

    def __init__(
        self, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("sys.argv", ["ipsec-wizard", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        self.exit_code = ended.value.code
        self.stdout, self.stderr = capsys.readouterr()


@pytest.fixture
def resume(
    options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    return lambda *words: Ran([*options, "resume", *words], monkeypatch, capsys)


def interrupted(desk: InventoryDesk, plan: Plan | None = None) -> str:
    session = desk.new_session("site", "check", plan)
    session.close()
    return session.id


def test_an_interrupted_diagnosis_is_taken_to_its_end(
    desk: InventoryDesk, resume: Callable[..., Ran]
) -> None:
    name = interrupted(desk)
    ran = resume(name, "--json")
    assert ran.exit_code == ExitCode.LOGIN_FAILED
    assert json.loads(ran.stdout)["session"] == name
    assert [row.status for row in desk.sessions()] != [None]


def test_a_session_that_has_ended_is_not_taken_up_again(
    desk: InventoryDesk, resume: Callable[..., Ran]
) -> None:
    name = interrupted(desk)
    resume(name, "--json")
    ran = resume(name)
    assert ran.exit_code == ExitCode.USAGE
    assert f"ipsec-wizard export {name}" in ran.stderr


def test_a_plan_that_nobody_confirmed_is_not_confirmed_by_taking_its_session_up(
    desk: InventoryDesk, resume: Callable[..., Ran]
) -> None:
    name = interrupted(desk, PLAN)
    ran = resume(name, "--json")
    said = json.loads(ran.stdout)
    assert said["result"] == "failed"
    assert [step["state"] for step in said["steps"]] == ["not done"]
    assert ran.exit_code == ExitCode.USAGE


def test_a_name_that_no_session_has_is_told(resume: Callable[..., Ran]) -> None:
    ran = resume("20260101T000000Z-site")
    assert ran.exit_code == ExitCode.USAGE
    assert "ipsec-wizard sessions lists them" in ran.stderr
