"""`compare` on the command line: files and folders, both forms of output, exit codes, any text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.facts.comparison.written import DIALECTS, End, write
from wizard.commands import app
from wizard.errors import InputError
from wizard.facts.comparison import saved

END = End(key="a-shared-key")
RUNNER = CliRunner()


def folder(root: Path, end: End, dialect: str) -> Path:
    for path, content in write(end, dialect).items():
        target = root / path.removeprefix("/etc/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return root


def test_two_folders_as_json(tmp_path: Path) -> None:
    a, b = folder(tmp_path / "a", END, "swanctl"), folder(tmp_path / "b", END.mirrored(), "libreswan")
    done = RUNNER.invoke(app, ["compare", str(a), str(b), "--json"])
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert (found["schema"], found["status"], found["causes"]) == (1, "healthy", [])
    assert (found["pairs"][0]["a"], found["pairs"][0]["b"]) == ("site", "site")
    assert "a-shared-key" not in done.stdout


def test_a_fault_for_people_names_lines_and_ends_with_one(tmp_path: Path) -> None:
    a = folder(tmp_path / "a", END, "ipsec.conf")
    b = folder(tmp_path / "b", End(key="another").mirrored(), "ios")
    done = RUNNER.invoke(app, ["compare", str(a), str(b)])
    assert done.exit_code == 1
    assert "psk-mismatch" in done.stdout
    assert "another" not in done.stdout


def test_single_files_and_what_they_include_beside_them(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    text = write(END, "swanctl")["/etc/swanctl/swanctl.conf"]
    (tmp_path / "conf.d" / "site.conf").write_bytes(text)
    (tmp_path / "swanctl.conf").write_text("include conf.d/*.conf\n")
    other = tmp_path / "router.cfg"
    other.write_bytes(write(END.mirrored(), "ios")["/etc/running-config"])
    done = RUNNER.invoke(app, ["compare", str(tmp_path / "swanctl.conf"), str(other), "--json"])
    assert (done.exit_code, json.loads(done.stdout)["status"]) == (0, "healthy")


def test_nothing_in_common_is_no_answer(tmp_path: Path) -> None:
    a = folder(tmp_path / "a", END, "swanctl")
    empty = tmp_path / "swanctl.conf"
    empty.write_text("connections {\n}\n")
    done = RUNNER.invoke(app, ["compare", str(a), str(empty), "--json"])
    assert done.exit_code == 3
    assert "holds no connection" in json.loads(done.stdout)["unseen"][0]


@pytest.mark.parametrize("content", ["", "nothing of the kind\n", "\0\1\2"])
def test_what_is_no_configuration_is_said_in_one_sentence(tmp_path: Path, content: str) -> None:
    other = tmp_path / "x"
    other.write_text(content)
    with pytest.raises(InputError, match="no IPsec configuration"):
        RUNNER.invoke(app, ["compare", str(other), str(other)], catch_exceptions=False)
    with pytest.raises(InputError, match="is not there"):
        RUNNER.invoke(app, ["compare", str(tmp_path / "y"), str(other)], catch_exceptions=False)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(DIALECTS),
    st.lists(st.tuples(st.integers(0, 1500), st.text(max_size=12), st.integers(0, 12)), max_size=4),
)
def test_a_damaged_file_never_ends_in_a_traceback(dialect: str, cuts: list[tuple[int, str, int]]) -> None:
    from tests.facts.comparison.test_pairs import outcome

    files = write(END, dialect)
    for path in files:
        text = files[path].decode()
        for at, put, drop in cuts:
            text = text[:at] + put + text[at + drop :]
        files[path] = text.encode("utf-8", "replace")
    try:
        saved.read("a", files)
    except InputError:
        return
    found, _ = outcome(files, write(END.mirrored(), "swanctl"))
    assert found.status in {"healthy", "fault", "inconclusive"}
