"""Proposals written in a language read back as the same, or are not written at all; the stronger one ranks higher."""

from __future__ import annotations

import pytest

from wizard.facts import pluto_proposals, proposals, strength, written_proposals
from wizard.facts.proposals import Proposal, Protocol
from wizard.facts.transforms import Transform

IKE = (
    "aes256-sha256-modp2048",
    "aes128-sha1-modp1024",
    "3des-md5-modp1536",
    "aes256gcm16-prfsha384-ecp384",
    "aes256-aes128-sha256-sha512-x25519-modp4096",
    "chacha20poly1305-prfsha256-x25519",
    "aes256-sha256-prfsha512-ecp256",
)
ESP = (
    "aes256gcm16",
    "aes128gcm16-ecp256",
    "aes256-sha256",
    "3des-md5",
    "aes256-sha256-modp2048",
    "aes256ctr-sha256",
)


def _parsed(text: str, protocol: Protocol) -> Proposal:
    found = proposals.parse(text, protocol)
    assert found is not None
    return found


def _bare(one: Proposal) -> set[Transform]:
    return {each for each in one.transforms if each.kind != "esn"}


@pytest.mark.parametrize(
    ("text", "protocol"), [*((one, "ike") for one in IKE), *((one, "esp") for one in ESP)]
)
def test_what_is_written_reads_back_as_the_same(text: str, protocol: Protocol) -> None:
    one = _parsed(text, protocol)
    charon = written_proposals.written(one, "swanctl", "5.9.8")
    pluto = written_proposals.written(one, "libreswan", "4.10")
    assert charon is not None
    assert pluto is not None
    assert _bare(_parsed(charon, protocol)) == _bare(one)
    (read,) = pluto_proposals.parse(pluto, protocol, release=(4, 10))
    assert _bare(read) == _bare(one)


@pytest.mark.parametrize(
    ("text", "protocol", "dialect", "release"),
    [
        ("camellia256ctr-sha256-modp2048", "ike", "libreswan", "5.2"),
        ("aes256-sha256-curve448", "ike", "libreswan", "5.2"),
        ("aes256-sha384-x25519-ke1_mlkem768", "ike", "libreswan", "5.2"),
        ("aes256-sha384-x25519-ke1_mlkem768", "ike", "swanctl", "5.9.8"),
    ],
)
def test_what_a_language_or_release_cannot_say_is_not_written(
    text: str, protocol: Protocol, dialect: str, release: str
) -> None:
    one = _parsed(text, protocol)
    told = written_proposals.written(one, "libreswan" if dialect == "libreswan" else "swanctl", release)
    assert told is None


@pytest.mark.parametrize(
    ("stronger", "weaker"),
    [
        ("aes256-sha256-modp3072", "aes256-sha256-modp2048"),
        ("aes128-sha256-modp2048", "aes256-sha1-modp2048"),
        ("aes128-sha256-ecp256", "3des-sha256-modp4096"),
        ("aes256gcm16-prfsha384-ecp384", "aes256-sha256-modp3072"),
        ("aes128-sha1-modp2048", "aes128-sha1-modp1024"),
    ],
)
def test_the_stronger_of_two_ranks_higher(stronger: str, weaker: str) -> None:
    assert strength.rank(_parsed(stronger, "ike")) > strength.rank(_parsed(weaker, "ike"))


def test_forward_secrecy_counts_for_a_child() -> None:
    with_group, without = _parsed("aes256-sha256-modp2048", "esp"), _parsed("aes256-sha256", "esp")
    assert strength.rank(with_group) > strength.rank(without)


def test_weak_algorithms_are_named() -> None:
    assert strength.weak(_parsed("3des-md5-modp1024", "ike")) == (
        *("3DES_CBC", "HMAC_MD5_96", "PRF_HMAC_MD5", "MODP_1024"),
    )
    assert strength.weak(_parsed("aes256-sha256-modp2048", "ike")) == ()
