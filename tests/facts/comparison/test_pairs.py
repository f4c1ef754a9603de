"""Healthy pairs in every pairing of languages are never blamed; every change that stops the tunnel is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.facts.comparison.written import DIALECTS, End, write
from wizard import paths
from wizard.engine.model import Outcome
from wizard.facts.comparison import saved
from wizard.facts.vocabulary import EXERCISES, VOCABULARY
from wizard.flow.load import load
from wizard.ui.headless.compare import PairOutcome, compared

FLOW = load([paths.bundled_flows()], VOCABULARY, EXERCISES)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
PAIRS = [(a, b) for a in DIALECTS for b in DIALECTS]
# IOS takes no blanks in a key.
BASE = End(key="a-shared-key")


def outcome(a: dict[str, bytes], b: dict[str, bytes]) -> tuple[Outcome, list[PairOutcome]]:
    return compared(saved.read("a", a, salt="s"), saved.read("b", b, salt="s"), FLOW, NOW)


def causes(a: End, b: End, first: str, second: str) -> list[str]:
    found, _ = outcome(write(a, first), write(b, second))
    return [finding.cause for finding in found.causes]


HEALTHY = {
    "IKEv2": BASE,
    "IKEv1": replace(BASE, version=1),
    "IKEv1 in aggressive mode": replace(BASE, version=1, aggressive=True),
    "PFS": replace(BASE, pfs="modp2048"),
    "PFS in IKEv1": replace(BASE, version=1, pfs="modp2048"),
    "names": replace(BASE, own_id="@a.example", peer_id="@b.example"),
    "ECP": replace(BASE, ike=("aes128", "sha256", "ecp256"), esp=("aes256", "sha256")),
    "old ciphers": replace(BASE, version=1, ike=("3des", "md5", "modp1024"), esp=("3des", "md5")),
}


@pytest.mark.parametrize("kind", HEALTHY)
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_healthy_pair_is_not_blamed(kind: str, first: str, second: str) -> None:
    end = HEALTHY[kind]
    found, pairs = outcome(write(end, first), write(end.mirrored(), second))
    assert found.causes == (), [(one.cause, one.summary) for one in found.causes]
    assert found.status == "healthy"
    assert [row.field for row in pairs[0].notes.rows if row.verdict == "differs"] == []
    if kind != "old ciphers":
        assert found.warnings == ()


V1 = replace(BASE, version=1)
NAMED = replace(BASE, own_id="@a.example", peer_id="@b.example")
MUTATIONS: dict[str, tuple[End, dict[str, object], str, str]] = {
    "IKE version": (BASE, {"version": 1}, "ike-version-mismatch", "version"),
    "aggressive mode": (V1, {"aggressive": True}, "exchange-mode-mismatch", "aggressive"),
    "IKE cipher": (BASE, {"ike": ("3des", "sha256", "modp2048")}, "ike-proposal-mismatch", "encryption"),
    "IKE key length": (
        BASE,
        {"ike": ("aes128", "sha256", "modp2048")},
        "ike-proposal-mismatch",
        "key length",
    ),
    "IKE hash": (BASE, {"ike": ("aes256", "sha1", "modp2048")}, "ike-proposal-mismatch", "integrity"),
    "IKE group": (BASE, {"ike": ("aes256", "sha256", "ecp256")}, "ike-proposal-mismatch", "dh group"),
    "IKEv1 cipher": (V1, {"ike": ("3des", "sha256", "modp2048")}, "ike-proposal-mismatch", "encryption"),
    "IKEv1 hash": (V1, {"ike": ("aes256", "md5", "modp2048")}, "ike-proposal-mismatch", "integrity"),
    "IKEv1 group": (V1, {"ike": ("aes256", "sha256", "modp1024")}, "ike-proposal-mismatch", "dh group"),
    "ESP cipher": (BASE, {"esp": ("3des", "sha1")}, "esp-proposal-mismatch", "encryption"),
    "ESP key length": (BASE, {"esp": ("aes256", "sha1")}, "esp-proposal-mismatch", "key length"),
    "ESP hash": (BASE, {"esp": ("aes128", "sha256")}, "esp-proposal-mismatch", "integrity"),
    "ESP hash in IKEv1": (V1, {"esp": ("aes128", "md5")}, "esp-proposal-mismatch", "integrity"),
    "PFS in IKEv1": (V1, {"pfs": "modp2048"}, "pfs-mismatch", "dh group"),
    "pre-shared key": (BASE, {"key": "another-key"}, "psk-mismatch", "pre-shared key"),
    "pre-shared key in IKEv1": (V1, {"key": "another-key"}, "psk-mismatch", "pre-shared key"),
    "own identity": (NAMED, {"own_id": "@c.example"}, "id-mismatch", "identity"),
    "peer's identity": (NAMED, {"peer_id": "@c.example"}, "id-mismatch", "identity"),
    "mode": (BASE, {"mode": "transport"}, "ipsec-mode-mismatch", "mode"),
    "own network": (BASE, {"local_net": "10.9.0.0/16"}, "traffic-selector-mismatch", "traffic selectors"),
    "peer's network": (BASE, {"remote_net": "10.9.0.0/16"}, "traffic-selector-mismatch", "traffic selectors"),
    "network in IKEv1": (V1, {"local_net": "10.9.0.0/24"}, "traffic-selector-mismatch", "traffic selectors"),
    "peer's address": (NAMED, {"peer": "203.0.113.9"}, "peer-address-mismatch", "peer address"),
}


@pytest.mark.parametrize("kind", MUTATIONS)
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_change_of_one_field_is_named_first_and_with_its_field(kind: str, first: str, second: str) -> None:
    end, change, cause, field = MUTATIONS[kind]
    changed = replace(end, **change)  # type: ignore[arg-type]
    for a, b in ((changed, end.mirrored()), (end, changed.mirrored())):
        found, _ = outcome(write(a, first), write(b, second))
        assert found.status == "fault"
        assert found.causes[0].cause == cause, [(one.cause, one.summary) for one in found.causes]
        assert field in found.causes[0].summary
        assert {line.end for line in found.causes[0].evidence} == {"a", "b"}


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_pfs_in_ikev2_is_a_warning_because_only_the_rekeying_fails(first: str, second: str) -> None:
    found, _ = outcome(write(replace(BASE, pfs="modp2048"), first), write(BASE.mirrored(), second))
    assert found.status == "healthy"
    assert [one.cause for one in found.warnings] == ["pfs-mismatch"]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_lifetimes_are_a_remark_only(first: str, second: str) -> None:
    found, pairs = outcome(write(BASE, first), write(replace(BASE, life=7200).mirrored(), second))
    assert (found.status, found.warnings) == ("healthy", ())
    assert "lifetimes differ" in pairs[0].notes.remarks[0]
