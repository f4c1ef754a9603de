"""Every recorded output becomes the records it stands for; a file of data/ is one command's outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from wizard.facts.parsers import (
    ipsec_counters,
    ipsec_statusall,
    swanctl_conns,
    swanctl_counters,
    swanctl_sas,
    swanctl_stats,
)

DATA = Path(__file__).parent / "data"
PARSERS: dict[str, Callable[[str], Any]] = {
    "swanctl --list-sas --raw": swanctl_sas.parse,
    "swanctl --list-sas": swanctl_sas.parse,
    "swanctl --list-conns --raw": swanctl_conns.parse,
    "swanctl --list-conns": swanctl_conns.parse,
    "swanctl --version; swanctl --stats": swanctl_stats.parse,
    "swanctl --counters": swanctl_counters.parse,
    "ipsec statusall": ipsec_statusall.parse,
    "ipsec listcounters": ipsec_counters.parse,
}
RECORDED = [
    pytest.param(entry, id=f"{path.stem}: {entry['name']}")
    for path in sorted(DATA.glob("*.yaml"))
    for entry in yaml.safe_load(path.read_text(encoding="utf-8"))
]


def plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


def assert_holds(expected: Any, found: Any, at: str) -> None:
    """What is expected is there; fields nobody names may be anything."""
    if isinstance(expected, dict):
        for key, one in expected.items():
            assert key in found, f"{at}.{key} is missing"
            assert_holds(one, found[key], f"{at}.{key}")
    elif isinstance(expected, list):
        assert len(expected) == len(found), f"{at} has {len(found)} items: {found}"
        for number, one in enumerate(expected):
            assert_holds(one, found[number], f"{at}[{number}]")
    else:
        assert expected == found, at


@pytest.mark.parametrize("entry", RECORDED)
def test_a_recorded_output_becomes_its_records(entry: dict[str, Any]) -> None:
    found = plain(PARSERS[entry["command"]](entry["output"]))
    assert_holds(entry["expect"], found, entry["command"])
