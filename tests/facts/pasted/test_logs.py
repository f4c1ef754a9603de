"""Every written log is explained by its cause; the signatures' samples pass the reader as they are."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from wizard import paths
from wizard.facts.pasted.lexicon import Lexicon
from wizard.facts.pasted.literals import needs
from wizard.flow.signatures import load
from wizard.ui.headless.explain import Explainer

LOGS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "logs.yaml").read_text(encoding="utf-8"))
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SIGNATURES = load([paths.bundled_flows()])
EXPLAINER = Explainer.open()


def said(log: str | bytes) -> tuple[str, ...]:
    data = log if isinstance(log, bytes) else log.encode()
    outcome = EXPLAINER.explain([data], "log", NOW).outcome
    return tuple(cause.cause for cause in outcome.causes) or (outcome.status,)


@pytest.mark.parametrize("case", LOGS, ids=[case["name"] for case in LOGS])
def test_the_cause_of_a_written_log_is_named(case: dict[str, Any]) -> None:
    found = said(case["log"])
    if "among" in case:
        assert set(found[: case["among"]]) & set(case["causes"]), found
    else:
        assert found[0] == case["causes"][0], found


def test_no_sample_of_a_signature_is_passed_over_by_the_lexicon() -> None:
    lexicon = Lexicon(signature.patterns for signature in SIGNATURES)
    documents = [
        yaml.safe_load(path.read_text("utf-8")) for path in paths.bundled_flows().glob("signatures/*.yaml")
    ]
    samples = [(document["daemon"], event["event"], sample) for document in documents
               for event in document["events"] for sample in event["samples"]]  # fmt: skip
    numbers = {(one.daemon, one.name): number for number, one in enumerate(SIGNATURES)}
    missed = [
        sample
        for daemon, event, sample in samples
        if numbers[daemon, event] not in lexicon.possible(str(sample).encode())
    ]
    assert missed == []


def test_every_bundled_pattern_needs_some_word() -> None:
    loose = [
        (one.name, pattern.pattern)
        for one in SIGNATURES
        for pattern in one.patterns
        if needs(pattern) is None
    ]
    assert loose == []


def test_any_bytes_are_explained_without_an_error() -> None:
    for data in (b"\x00\xff\xfe" * 5000, b"[red]IKE[/red] retransmit 1 of request with message ID 0\n", b"\n" * 10,
                 b"x" * 10_000_000, b"{\"MESSAGE\": {}}\n", b"\xff\xfeI\x00K\x00E\x00\n\x00"):  # fmt: skip
        assert said(data)


def test_a_line_of_ten_megabytes_does_not_hide_the_next_one() -> None:
    log = b"A" * 10_000_000 + b"\n06[IKE] no shared key found for 'b' - 'a'\n"
    assert said(log) == ("psk-missing",)


def test_a_log_that_comes_in_small_pieces_is_read_as_one() -> None:
    log = b"06[IKE] tried 1 shared key for 'b' - 'a', but MAC mismatched\r\n"
    pieces = [log[at : at + 7] for at in range(0, len(log), 7)]
    assert EXPLAINER.explain(pieces, "log", NOW).outcome.causes[0].cause == "psk-mismatch"


def test_windows_editors_colours_and_entities_change_nothing() -> None:
    line = "06[IKE] no shared key found for 'b' - 'a'"
    for text in (
        line.encode("utf-16"),
        f"\x1b[31m{line}\x1b[0m\r\n".encode(),
        line.replace("'", "&#39;").encode(),
        line.replace("'", "\u2019").encode(),
        f"> > {line}".encode(),
        b"\xe9\xe8 " + b"\n" + line.encode(),
    ):
        assert said(text) == ("psk-missing",), text


def test_of_two_tunnels_in_one_log_the_broken_one_is_named() -> None:
    good = "Nov 21 10:00:0{n} gw charon: 0{n}[IKE] <good|1> {text}\n"
    bad = "Nov 21 10:00:0{n} gw charon: 0{n}[IKE] <bad|2> {text}\n"
    log = (
        bad.format(n=1, text="no shared key found for 'b' - 'a'")
        + good.format(n=2, text="IKE_SA good[1] established between 192.0.2.1[a]...198.51.100.1[c]")
        + good.format(
            n=3, text="CHILD_SA net{1} established with SPIs c1_i c2_o and TS 10.1.0.0/24 === 10.2.0.0/24"
        )
    )
    found = EXPLAINER.explain([log.encode()], "log", NOW)
    assert [cause.cause for cause in found.outcome.causes] == ["psk-missing"]
    assert {conn: outcome.status for conn, outcome in found.tunnels} == {"bad": "fault", "good": "healthy"}
