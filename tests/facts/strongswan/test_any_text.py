"""What holds for all parsers of strongSwan: no text makes one raise or takes it long."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from wizard import paths
from wizard.facts import identities, proposals, selectors
from wizard.facts.parsers import (
    charon_log,
    ipsec_counters,
    ipsec_statusall,
    settings,
    swanctl_conns,
    swanctl_counters,
    swanctl_sas,
    swanctl_stats,
    vici_raw,
)
from wizard.flow.signatures import load

SIGNATURES = load([paths.bundled_flows()])
PARSERS: dict[str, Callable[[str], Any]] = {
    "sas": swanctl_sas.parse,
    "statusall": ipsec_statusall.parse,
    "listcounters": ipsec_counters.parse,
    "conns": swanctl_conns.parse,
    "stats": swanctl_stats.parse,
    "counters": swanctl_counters.parse,
    "raw": vici_raw.parse,
    "log": lambda text: charon_log.events(charon_log.parse(text), SIGNATURES),
    "attempt": lambda text: charon_log.attempt(
        charon_log.parse(text), peer_addrs=["192.0.2.1"], names=["site"]
    ),
    "conf": lambda text: settings.parse({"f": text}, "f"),
    "identity": lambda text: identities.difference(text, text[::-1]),
    "selector": selectors.parse,
    "proposal": lambda text: (proposals.parse(text, "ike"), proposals.parse_log(text)),
}
RECORDED = [
    entry["output"]
    for path in sorted((Path(__file__).parent / "data").glob("*.yaml"))
    for entry in yaml.safe_load(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("name", PARSERS)
@given(text=st.text(max_size=300))
def test_any_text_yields_something_or_nothing(name: str, text: str) -> None:
    PARSERS[name](text)


@pytest.mark.parametrize("name", PARSERS)
@given(
    whole=st.sampled_from(RECORDED), at=st.integers(0, 2000), cut=st.integers(0, 50), put=st.text(max_size=5)
)
def test_a_damaged_output_yields_something_or_nothing(
    name: str, whole: str, at: int, cut: int, put: str
) -> None:
    PARSERS[name](whole[:at] + put + whole[at + cut :])


LONG = {
    "braces": "list-sa event {" + "a {" * 100_000,
    "values": "list-sa event {site {local-id=" + "a=b " * 50_000,
    "brackets": "list-sa event {site {local-ts=" + "[" * 200_000,
    "words": "received " * 40_000,
    "quotes": "tried 1 shared key for '" + "' - '" * 40_000,
    "dots": "looking for peer configs matching " + "1.2.3.4[" * 20_000,
    "sections": "a {" * 50_000,
    "strings": 'a = "' + "\\" * 100_000,
    "commas": "C=a, " * 40_000,
    "hyphens": "aes128-" * 20_000,
}


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_hostile_length_takes_no_time(name: str, text: str) -> None:
    began = time.process_time()
    PARSERS[name](text)
    assert time.process_time() - began < 2.0
