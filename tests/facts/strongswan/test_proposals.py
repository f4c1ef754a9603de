"""Proposals in the daemon's spellings, and the judgement whether two ends have one in common.

What is refused and how it is completed was held against 5.9.8 and 6.0.1 with 1694 proposals each.
"""

from __future__ import annotations

import pytest

from wizard.facts.proposals import common, configured, defaults, difference, parse, parse_log, problem


@pytest.mark.parametrize(
    ("written", "protocol", "logged"),
    [
        ("aes256-sha256-modp2048", "ike", "IKE:AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048"),
        ("aes256gcm16-prfsha384-ecp384", "ike", "IKE:AES_GCM_16_256/PRF_HMAC_SHA2_384/ECP_384"),
        ("aes-sha1-prfaesxcbc-x25519", "ike", "IKE:AES_CBC_128/HMAC_SHA1_96/PRF_AES128_XCBC/CURVE_25519"),
        ("aes256-sha2_256", "esp", "ESP:AES_CBC_256/HMAC_SHA2_256_128/NO_EXT_SEQ"),
        ("aes128ctr-aesxcbc-esn-noesn", "esp", "ESP:AES_CTR_128/AES_XCBC_96/EXT_SEQ/NO_EXT_SEQ"),
        ("chacha20poly1305-sha256", "esp", "ESP:CHACHA20_POLY1305/NO_EXT_SEQ"),
        ("aes256gmac", "ah", "AH:AES_256_GMAC/NO_EXT_SEQ"),
        (
            "aes128-sha256-modp2048-ke1_mlkem768",
            "ike",
            "IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048/KE1_ML_KEM_768",
        ),
    ],
)
def test_both_spellings_mean_the_same(written: str, protocol: str, logged: str) -> None:
    proposal = parse(written, protocol)  # type: ignore[arg-type]
    assert str(proposal) == logged
    assert parse_log(f"received proposals: {logged}") == (proposal,)


@pytest.mark.parametrize(
    ("written", "protocol"),
    [
        ("aes257-sha256-modp2048", "ike"),
        ("aes256-sha256", "ike"),
        ("aes256gcm16-modp2048", "ike"),
        ("aes256-modp2048-prfsha256", "ike"),
        ("aes256-aes128gcm16-sha256", "esp"),
        ("sha256", "esp"),
        ("aes128gcm", "ah"),
        ("aes512-sha256-modp2048", "ike"),
        ("", "esp"),
    ],
)
def test_what_the_daemon_refuses_is_refused(written: str, protocol: str) -> None:
    assert parse(written, protocol) is None  # type: ignore[arg-type]
    assert problem(written, protocol)  # type: ignore[arg-type]


def test_algorithms_that_came_and_went_depend_on_the_release() -> None:
    assert problem("aes128-sha256-ntru128", "ike", "5.9.8") is None
    assert problem("aes128-sha256-ntru128", "ike", "6.0.1") is not None
    assert problem("aes128-sha256-x25519-ke1_mlkem768", "ike", "5.9.8") is not None
    assert problem("aes128-sha256-x25519-ke1_mlkem768", "ike", "6.0.1") is None


def test_one_common_algorithm_of_each_kind_is_enough() -> None:
    a = configured(("aes128-aes256-sha1-sha256-modp2048-modp4096",), "ike")
    b = configured(("aes256-sha256-modp4096",), "ike")
    assert common(a, b)
    assert difference(a, b) is None


@pytest.mark.parametrize(
    ("a", "b", "field"),
    [
        ("aes256-sha256-modp2048", "aes128-sha256-modp2048", "key length"),
        ("aes256-sha256-modp2048", "camellia256-sha256-modp2048", "encryption"),
        ("aes256-sha256-modp2048", "aes256gcm16-prfsha256-modp2048", "encryption"),
        ("aes256-sha256-prfsha256-modp2048", "aes256-sha384-prfsha256-modp2048", "integrity"),
        ("aes256-sha256-prfsha256-modp2048", "aes256-sha256-prfsha384-modp2048", "prf"),
        ("aes256-sha256-modp2048", "aes256-sha256-modp3072", "dh group"),
        ("aes256-sha256-modp2048-ke1_ecp256", "aes256-sha256-modp2048", "additional key exchange"),
    ],
)
def test_the_field_that_differs_is_named(a: str, b: str, field: str) -> None:
    ours, theirs = configured((a,), "ike"), configured((b,), "ike")
    found = difference(ours, theirs)
    assert found is not None
    assert found.field == field
    assert not common(ours, theirs)
    assert not common(theirs, ours)


def test_the_closest_pair_of_proposals_is_told_apart() -> None:
    a = configured(("3des-md5-modp1024", "aes256-sha256-modp2048"), "ike")
    b = configured(("aes256-sha256-modp3072", "chacha20poly1305-prfsha512-x448"), "ike")
    found = difference(a, b)
    assert found is not None
    assert (found.field, found.a, found.b) == ("dh group", "MODP_2048", "MODP_3072")


def test_the_first_child_needs_no_group_of_its_own_and_every_rekeying_does() -> None:
    with_group = configured(("aes256-sha256-modp2048",), "esp")
    without = configured(("aes256-sha256",), "esp")
    optional = configured(("aes256-sha256-modp2048-none",), "esp")
    assert common(with_group, without)
    assert not common(with_group, without, first_child=False)
    assert common(optional, without, first_child=False)
    found = difference(with_group, without, first_child=False)
    assert found is not None
    assert (found.field, found.b) == ("dh group", "no group")


def test_esp_and_ah_and_sequence_numbers_are_fields_too() -> None:
    esp, ah = configured(("aes256-sha256",), "esp"), configured(("sha256",), "ah")
    assert str(difference(esp, ah)) == "protocol: ESP against AH"
    long = configured(("aes256-sha256-esn",), "esp")
    found = difference(esp, long)
    assert found is not None
    assert found.field == "esn"


def test_nothing_written_means_the_daemons_own() -> None:
    assert configured(None, "ike") == defaults("ike")
    assert common(defaults("ike", "5.9.8"), configured(("aes256-sha256-modp2048",), "ike"))
    assert not common(defaults("ike", "5.9.8"), configured(("aes256-sha256-modp1024",), "ike"))
    assert common(defaults("esp", "6.0.1"), defaults("esp", "5.9.8"))
    assert [str(one).split("/")[0] for one in defaults("esp", "6.0.1")] == [
        "ESP:AES_GCM_16_128",
        "ESP:AES_CBC_128",
    ]


def test_an_end_of_which_nothing_is_known_is_not_called_different() -> None:
    assert difference((), configured(None, "ike")) is None
