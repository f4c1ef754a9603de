"""One option is changed where it stands: nothing else of the file moves, and the way back is exact."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.actions.gateways import box, planned, site
from wizard.platforms.actions.base import Action, Unplannable
from wizard.platforms.actions.correcting import CorrectOption
from wizard.platforms.actions.options import SET_OPTION

HERE = Path(__file__).parent
CASES = yaml.safe_load((HERE / "edits.yaml").read_text())
SLIPS = yaml.safe_load((HERE / "corrections.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_one_option_is_set_and_nothing_else_moves(case: dict[str, Any], tmp_path: Path) -> None:
    _changed_and_undone(SET_OPTION, {"set": case["set"]}, case, tmp_path)


@pytest.mark.parametrize("case", SLIPS, ids=[case["name"] for case in SLIPS])
def test_a_slip_is_put_right_and_anything_else_is_left_to_a_person(
    case: dict[str, Any], tmp_path: Path
) -> None:
    _changed_and_undone(CorrectOption(), {}, case, tmp_path)


def _changed_and_undone(
    action: Action, options: dict[str, str], case: dict[str, Any], tmp_path: Path
) -> None:
    gateway = box(tmp_path, "near", case["kind"], case["files"], case.get("version", ""))
    where = site(gateway)
    if "refused" in case:
        with pytest.raises(Unplannable, match=case["refused"]):
            planned(action, where, gateway, options)
        return
    for path in case["files"]:
        (gateway.root / path.lstrip("/")).chmod(0o640)
    steps = planned(action, where, gateway, options).steps
    assert len(steps) == len(case["after"])
    for step in steps:
        done = gateway.step(step, f"{step.requires} && (\n{step.apply}\n) && {step.verify}")
        assert done.returncode == 0, done.stderr
        assert "CANARY" not in "".join(step.diff) + step.apply
    for path, before in case["files"].items():
        assert gateway.bytes(path) == case["after"].get(path, before).encode()
        assert stat.S_IMODE((gateway.root / path.lstrip("/")).stat().st_mode) == 0o640
    for step in steps:
        assert gateway.step(step, step.undo).returncode == 0
        assert gateway.step(step, step.undo).returncode == 0
    for path, before in case["files"].items():
        assert gateway.bytes(path) == before.encode()
