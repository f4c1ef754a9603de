"""Every recorded output becomes the records it stands for; a file of data/ is one command's outputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.facts.strongswan.test_recorded import assert_holds, plain
from wizard.facts.parsers import pluto_states, pluto_status

DATA = Path(__file__).parent / "data"
PARSERS: dict[str, Callable[[str], Any]] = {"ipsec status": pluto_status.parse, "sas": pluto_states.parse}
RECORDED = [
    pytest.param(entry, id=f"{path.stem}: {entry['name']}")
    for path in sorted(DATA.glob("*.yaml"))
    for entry in yaml.safe_load(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("entry", RECORDED)
def test_a_recorded_output_becomes_its_records(entry: dict[str, Any]) -> None:
    found = plain(PARSERS[entry["command"]](entry["output"]))
    assert_holds(entry["expect"], found, entry["command"])


@pytest.mark.parametrize("entry", RECORDED)
def test_an_output_cut_short_anywhere_is_read_as_far_as_it_goes(entry: dict[str, Any]) -> None:
    text: str = entry["output"]
    for cut in range(0, len(text), 97):
        assert PARSERS[entry["command"]](text[:cut]) is not None
