"""What is kept of the knowledge says what the files say, and is given up for the slightest doubt."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wizard import paths
from wizard.errors import FlowError
from wizard.facts.vocabulary import EXERCISES, VOCABULARY
from wizard.flow import kept
from wizard.flow.load import load
from wizard.flow.signatures import GATEWAYS
from wizard.flow.signatures import load as load_signatures
from wizard.flow.spec import Flow


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(paths, "cache_dir", lambda: tmp_path / "cache")
    made = tmp_path / "flows"
    shutil.copytree(paths.bundled_flows(), made, ignore=shutil.ignore_patterns("__pycache__", "rehearsals"))
    yield made
    made.chmod(0o755)


def taken(folder: Path) -> kept.Knowledge:
    return kept.load([folder], VOCABULARY, EXERCISES, GATEWAYS)


def kept_file(folder: Path) -> Path:
    (found,) = folder.glob("__pycache__/knowledge-*.json")
    return found


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Once set, reading YAML is an error."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the files were read")

    monkeypatch.setattr("wizard.flow.load.load", never)
    return monkeypatch


def test_what_is_kept_is_what_the_files_say(folder: Path) -> None:
    first, _ = taken(folder)
    again, words = taken(folder)
    files = load([folder], VOCABULARY, EXERCISES)
    assert first == files
    assert again == files
    assert tuple(again.nodes) == tuple(files.nodes)
    assert tuple(again.remedies) == tuple(files.remedies)
    known = load_signatures([folder], GATEWAYS, tested=False)
    assert [(one.name, one.daemon) for one in words] == [(one.name, one.daemon) for one in known]
    line = "tried 1 shared key for 'a' - 'b', but MAC mismatched"
    assert [one.groups(line) for one in words] == [one.groups(line) for one in known]
    assert any(one.groups(line) is not None for one in words)


def test_the_second_time_no_yaml_is_read(folder: Path, request: pytest.FixtureRequest) -> None:
    first, _ = taken(folder)
    request.getfixturevalue("unread")
    assert taken(folder)[0] == first


def test_a_file_that_changed_is_read_anew(folder: Path) -> None:
    before, _ = taken(folder)
    causes = folder / "causes.yaml"
    causes.write_text(causes.read_text().replace("title:", "title: Changed", 1))
    after, _ = taken(folder)
    assert after.digest != before.digest
    assert after == load([folder], VOCABULARY, EXERCISES)


def test_a_fault_is_reported_whatever_was_kept(folder: Path) -> None:
    taken(folder)
    (folder / "trees" / "broken.yaml").write_text("tree: broken\n")
    with pytest.raises(FlowError):
        taken(folder)


@pytest.mark.parametrize("harm", ["writable", "folder", "half", "other"])
def test_what_others_could_have_written_or_is_not_whole_does_not_count(
    folder: Path, harm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = taken(folder)
    read: list[object] = []

    def noted(*given: Any) -> Flow:
        read.append(given)
        return load(*given)

    monkeypatch.setattr("wizard.flow.load.load", noted)
    place = kept_file(folder)
    forged = place.read_bytes().replace(b"triage", b"forged")
    if harm == "writable":
        place.chmod(0o666)
    elif harm == "folder":
        place.parent.chmod(0o777)
    elif harm == "half":
        place.write_bytes(place.read_bytes()[:-100])
    else:
        place.write_bytes(forged)
    assert taken(folder)[0] == first
    assert read


def test_where_nothing_can_be_kept_the_files_are_read(folder: Path, tmp_path: Path) -> None:
    (folder / "__pycache__").write_text("in the way")
    (tmp_path / "cache").write_text("in the way")
    assert taken(folder)[0] == load([folder], VOCABULARY, EXERCISES)


def test_several_folders_are_kept_in_the_users_cache(folder: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    both = [folder, overlay]
    first, _ = kept.load(both, VOCABULARY, EXERCISES, GATEWAYS)
    assert list((tmp_path / "cache").glob("knowledge-*.json"))
    assert not list(folder.glob("__pycache__/*"))
    assert kept.load(both, VOCABULARY, EXERCISES, GATEWAYS)[0] == first
