from __future__ import annotations

import gzip
import json
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from wizard.demo.scene import RECORDINGS
from wizard.demo.server import Pace
from wizard.demo.tape import SUFFIX, Header, load, load_header
from wizard.errors import ExitCode, InputError
from wizard.platforms import linux
from wizard.platforms.swanctl import SWANCTL
from wizard.ui import demo

FILES = sorted(RECORDINGS.glob(f"*{SUFFIX}"))
HEADERS = [load_header(path) for path in FILES]
IDS = [header.id for header in HEADERS]
SECRETS = re.compile(
    r"CANARY|-----BEGIN [A-Z ]*PRIVATE KEY|secret\s*=\s*\"?(?!<redacted>|digest:)\S|\b0x[0-9a-f]{32,}",
    re.IGNORECASE,
)


def test_there_are_six_causes_at_least_and_a_healthy_tunnel() -> None:
    assert len({header.expected for header in HEADERS if header.expected is not None}) >= 6
    assert any(header.expected is None for header in HEADERS)


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_no_secret_is_in_a_recording(path: Path) -> None:
    text = gzip.decompress(path.read_bytes()).decode()
    for body in (text, json.dumps(json.loads(text.splitlines()[1]), ensure_ascii=False).replace("\\n", "\n")):
        assert SECRETS.search(body) is None


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_everything_that_is_read_was_recorded(path: Path) -> None:
    """Otherwise record it anew: python -m tests.lab.record_demo. Without certificates none are read."""
    for tape in load(path)[1].values():
        recorded = {one.id for exchange in tape for one in exchange.said}
        assert {command.id for command in (*linux.OBSERVE, *SWANCTL.observe)} - {"certificates"} <= recorded


@pytest.mark.parametrize("header", HEADERS, ids=IDS)
def test_a_diagnosis_over_ssh_names_what_was_recorded(
    header: Header, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = demo.run(header.id, plain=False, as_json=True, state=tmp_path, pace=Pace(0, 0))
    found = json.loads(capsys.readouterr().out)
    expected = header.expected
    assert (found["causes"][0]["id"] if found["causes"] else None) == expected
    assert code == (ExitCode.HEALTHY if expected is None else ExitCode.FAULT)
    assert found["stats"]["connections"] == 2
    journal = next((tmp_path / "sessions").glob("*.jsonl")).read_text()
    assert SECRETS.search(journal) is None


def test_the_command_line_is_done_within_three_seconds(tmp_path: Path) -> None:
    """Seconds of processor time, because what else the machine does is not the program's."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "wizard", "demo", "psk-mismatch", "--json", "--state", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert json.loads(done.stdout)["causes"][0]["id"] == "psk-mismatch"
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3.0


def test_nobody_to_choose_is_said_with_the_choices(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="psk-mismatch"):
        demo.run(None, plain=False, as_json=True, state=tmp_path)


def test_an_unknown_cause_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the demo has no 'nonsense'"):
        demo.run("nonsense", plain=False, as_json=True, state=tmp_path)
