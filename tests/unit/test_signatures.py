"""Log signatures test themselves, and say where they do not hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from wizard import paths
from wizard.errors import FlowError
from wizard.flow.signatures import Finder, groups_of, load


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


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        ("^received packets? from", "received packet from 192.0.2.1"),
        ("^colou?r", "color"),
        ("^ab*c", "ac"),
        ("^ab{0,2}c", "ac"),
        ("one|two", "it is two"),
        ("(?:one|two) three", "two three"),
        (r"lost\?", "is it lost?"),
        ("no[tw] here", "it is now here"),
    ],
)
def test_a_pattern_that_waits_to_be_compiled_finds_what_it_would_find(pattern: str, line: str) -> None:
    found = Finder(pattern)(line)
    assert found is not None
    assert found.span() == re.search(pattern, line).span()  # type: ignore[union-attr]


def test_every_bundled_signature_finds_the_same_whether_it_waits_or_not() -> None:
    bundled = {(one.daemon, one.name): one for one in load([paths.bundled_flows()])}
    held = 0
    for path in paths.bundled_flows().glob("signatures/*.yaml"):
        written = yaml.safe_load(path.read_text())
        for event in written["events"]:
            one = bundled[written["daemon"], event["event"]]
            finders = [Finder(pattern) for pattern in event["patterns"]]
            for line in (*event["samples"], *event.get("not", ())):
                assert groups_of(finders, line) == one.groups(line), (one.name, line)
                held += 1
    assert held > 500
