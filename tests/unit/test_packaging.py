from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True, timeout=60)
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_wheel_carries_every_flow_inside_the_package(wheel: zipfile.ZipFile) -> None:
    flows = {path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "flows").rglob("*.yaml")}
    assert flows
    assert {f"wizard/{flow}" for flow in flows} <= set(wheel.namelist())


def test_wheel_carries_the_package_and_nothing_beside_it(wheel: zipfile.ZipFile) -> None:
    assert "wizard/__main__.py" in wheel.namelist()
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"wizard"}


def test_wheel_makes_the_command(wheel: zipfile.ZipFile) -> None:
    entry_points = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "ipsec-wizard = wizard.cli:main" in wheel.read(entry_points).decode()


@pytest.mark.parametrize("lock", ["run.txt", "dev.txt"])
def test_lock_pins_every_requirement_with_hashes_and_names_no_host(lock: str) -> None:
    text = (REPOSITORY / "requirements" / lock).read_text()
    requirements = re.findall(
        r"^([a-z0-9][a-z0-9._-]*)==\S+.*\\\n +--hash=sha256:[0-9a-f]{64}", text, re.MULTILINE
    )
    assert requirements == [line.split("==")[0] for line in text.splitlines() if re.match(r"[^\s#]", line)]
    assert "://" not in text


def test_lock_for_running_holds_every_dependency() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    named = {re.match(r"[a-z0-9-]+", line) for line in project["dependencies"]}
    pinned = set(
        re.findall(r"^([a-z0-9-]+)==", (REPOSITORY / "requirements" / "run.txt").read_text(), re.MULTILINE)
    )
    assert {match.group() for match in named if match} <= pinned
