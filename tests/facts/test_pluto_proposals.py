"""Libreswan's spelling of proposals means what charon's words for the same algorithms mean."""

from __future__ import annotations

import pytest

from wizard.facts import pluto_proposals, proposals
from wizard.facts.proposals import Protocol

SAME: list[tuple[str, str, Protocol]] = [
    ("aes256-sha2_256;modp2048", "aes256-sha256-modp2048", "ike"),
    ("aes256-sha2-dh14", "aes256-sha256-modp2048", "ike"),
    ("aes_gcm256-sha2;dh19+dh21", "aes256gcm16-prfsha256-ecp256-ecp521", "ike"),
    ("aes256+aes128-sha2_512+sha1-modp3072", "aes256-aes128-sha512-sha1-modp3072", "ike"),
    ("3des-md5;modp1024", "3des-md5-modp1024", "ike"),
    ("aes-sha1;modp1536", "aes256-aes128-sha1-modp1536", "ike"),
    ("aes_gcm256-null", "aes256gcm16-noesn-esn", "esp"),
    ("aes_gcm_c-256-null", "aes256gcm16-noesn-esn", "esp"),
    ("aes_gcm_a-128", "aes128gcm8-noesn-esn", "esp"),
    ("aes128-sha1", "aes128-sha1-noesn-esn", "esp"),
    ("aes-128-sha1-modp1536", "aes128-sha1-modp1536-noesn-esn", "esp"),
    ("chacha20_poly1305", "chacha20poly1305-noesn-esn", "esp"),
    ("camellia256-sha2_256", "camellia256-sha256-noesn-esn", "esp"),
    ("null-sha1", "null-sha1-noesn-esn", "esp"),
    ("sha2_256", "sha256-noesn-esn", "ah"),
]


@pytest.mark.parametrize(("pluto", "charon", "protocol"), SAME)
def test_both_spellings_mean_the_same(pluto: str, charon: str, protocol: Protocol) -> None:
    ours, theirs = pluto_proposals.parse(pluto, protocol), proposals.parse(charon, protocol)
    assert theirs is not None
    assert set(ours[0].transforms) == set(theirs.transforms)


def test_several_proposals_between_commas_and_what_fills_them_in() -> None:
    first, second = pluto_proposals.parse("aes256-sha2,3des", "ike", release=(4, 12))
    assert {one.name for one in first.of("dh group")} >= {"MODP_2048", "ECP_256"}
    assert [one.name for one in second.of("prf")] == ["PRF_HMAC_SHA2_512", "PRF_HMAC_SHA2_256"]
    assert {one.name for one in second.of("integrity")} == {"HMAC_SHA2_512_256", "HMAC_SHA2_256_128"}


@pytest.mark.parametrize("text", ["bogus-sha1", "aes256-sha9", "aes256-sha1-modp2048-sha1", "aes512"])
def test_what_pluto_refuses_is_said(text: str) -> None:
    assert "pluto knows" in (pluto_proposals.problem(text, "ike") or "")


@pytest.mark.parametrize("release", [None, (3, 32), (4, 12), (5, 2)])
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("protocol", ["ike", "esp", "ah"])
def test_every_releases_defaults_can_be_read(
    release: tuple[int, ...] | None, version: int, protocol: Protocol
) -> None:
    assert pluto_proposals.configured(None, protocol, version=version, release=release)
