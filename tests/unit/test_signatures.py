"""Log signatures test themselves, and say where they do not hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard import paths
from wizard.errors import FlowError
from wizard.flow.signatures import load


def written(tmp_path: Path, text: str) -> Path:
    folder = tmp_path / "signatures"
    folder.mkdir()
    (folder / "x.yaml").write_text(text)
    return tmp_path


def test_every_bundled_signature_takes_its_own_samples() -> None:
    assert len(load([paths.bundled_flows()])) > 30


def test_a_sample_taken_for_another_event_is_named_with_its_place(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        "daemon: d\nevents:\n"
        "  - {event: first, meaning: m, patterns: ['^a'], samples: ['abc']}\n"
        "  - {event: second, meaning: m, patterns: ['b'], samples: ['abc']}\n",
    )
    with pytest.raises(FlowError, match=r"x\.yaml:4:\d+: this line is taken for first, not for second"):
        load([folder])


def test_a_bad_pattern_is_named_with_its_place(tmp_path: Path) -> None:
    folder = written(
        tmp_path, "daemon: d\nevents:\n  - {event: first, meaning: m, patterns: ['('], samples: ['abc']}\n"
    )
    with pytest.raises(FlowError, match=r"x\.yaml:3:\d+: the pattern is no regular expression"):
        load([folder])


def test_a_later_folder_replaces_an_event(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        "daemon: charon\nevents:\n  - {event: gave-up, meaning: ours, patterns: ['^over$'], samples: ['over']}\n",
    )
    found = {one.name: one for one in load([paths.bundled_flows(), folder], ["charon"])}
    assert found["gave-up"].meaning == "ours"
    assert found["gave-up"].groups("over") == {}


def test_two_daemons_say_one_event_in_their_own_words() -> None:
    said = {one.daemon: one for one in load([paths.bundled_flows()]) if one.name == "psk-mac-mismatch"}
    assert said["charon"].groups("AUTH mismatch: Received AUTH != computed AUTH") is None
    assert said["pluto"].groups("AUTH mismatch: Received AUTH != computed AUTH") == {}
