"""IOS running configurations: policies, maps, tunnels, lists and keys put together, with IOS's own defaults."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.facts.parsers import ios_blocks, ios_config
from wizard.facts.tunnel import Configuration

REAL = Path("/work/shared/data/cisco/configs")
MAP = """\
hostname r1
crypto isakmp policy 10
 encr aes 256
 authentication pre-share
 group 14
crypto isakmp policy 20
 authentication pre-share
crypto isakmp key 0 k1 address 198.51.100.0 255.255.255.0
crypto isakmp key k2 address 198.51.100.2
crypto isakmp key 6 XYZ address 203.0.113.7
crypto ipsec transform-set T1 esp-aes 256 esp-sha256-hmac
crypto ipsec transform-set T2 esp-gcm
crypto map M 10 ipsec-isakmp
 set peer 198.51.100.2
 set transform-set T1 T2
 set pfs group14
 match address 101
crypto map M 20 ipsec-isakmp
 set peer 203.0.113.7
 set transform-set T1
 match address NAMED
crypto map M local-address Loopback0
interface Loopback0
 ip address 192.0.2.1 255.255.255.255
interface GigabitEthernet0/0
 ip address 10.9.9.1 255.255.255.0
 crypto map M
access-list 101 permit ip 10.1.0.0 0.0.255.255 10.2.0.0 0.0.255.255
access-list 101 permit tcp host 10.1.0.1 any eq www
access-list 101 deny ip any any
ip access-list extended NAMED
 10 permit ip 10.1.0.0 0.0.0.255 10.3.0.0 0.0.0.255
"""


def read(text: str) -> Configuration:
    return ios_config.parse([("r1.cfg", text)], salt="s")


def test_a_crypto_map_entry_becomes_a_connection_with_a_child_a_line() -> None:
    found = read(MAP)
    one = found.connections[0]
    assert (one.name, one.version, one.local_addrs, one.remote_addrs) == (
        "M/10",
        1,
        ("192.0.2.1",),
        ("198.51.100.2",),
    )
    assert one.proposals == ("aes256-sha1-modp2048", "des-sha1-modp768")
    assert [(child.local_ts, child.remote_ts) for child in one.children] == [
        (("10.1.0.0/16",), ("10.2.0.0/16",)),
        (("10.1.0.1/32[tcp]",), ("0.0.0.0/0[tcp/www]",)),
    ]
    assert one.children[0].proposals == ("aes256-sha256-modp2048", "aes128gcm16-modp2048")
    assert one.where["children.101/1.local_ts"] == "r1.cfg:28"


def test_the_narrowest_key_for_the_peer_is_its_key_and_an_encrypted_one_says_so() -> None:
    found = read(MAP)
    keys = {(key.connection, key.identities, key.digest[:1] == "!") for key in found.secrets}
    assert keys == {("M/10", ("198.51.100.2",), False), ("M/20", ("203.0.113.7",), True)}
    assert "k2" not in repr(found)


def test_a_map_on_no_interface_is_told() -> None:
    found = read(MAP.replace(" crypto map M\n", ""))
    assert [(one.cause, one.name) for one in found.problems] == [("crypto-map-not-applied", "M")]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (" set peer 198.51.100.2\n", "lacks a peer"),
        (" match address 101\n", "lacks an access list"),
        ("crypto ipsec transform-set T1 esp-aes 256 esp-sha256-hmac\n", "lacks the transform set"),
    ],
)
def test_an_incomplete_map_entry_is_told_with_what_it_lacks(line: str, words: str) -> None:
    assert line in MAP
    found = read(MAP.replace(line, "").replace("T1 T2", "T1"))
    assert any(words in one.message for one in found.problems)
    assert {one.cause for one in found.problems} == {"config-syntax-error"}


@pytest.mark.parametrize(
    ("wildcard", "network"),
    [("0.0.255.255", "10.1.0.0/16"), ("0.0.0.0", "10.1.0.0/32"), ("0.255.0.255", None), ("x", None)],
)
def test_wildcard_masks(wildcard: str, network: str | None) -> None:
    assert ios_blocks.from_wildcard("10.1.0.0", wildcard) == network


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared configurations are not on this machine")
def test_real_configurations_are_read_whole() -> None:
    for path in sorted(REAL.glob("*.cfg")):
        text = path.read_text()
        assert ios_blocks.looks_like(text)
        found = ios_config.parse([(path.name, text)])
        assert found.connections
        assert all(one.children and one.proposals for one in found.connections)
        assert found.secrets


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1400), st.text(max_size=10), st.integers(0, 20)), max_size=5))
def test_any_damaged_configuration_is_read_without_breaking(cuts: list[tuple[int, str, int]]) -> None:
    text = MAP
    for at, put, drop in cuts:
        text = text[:at] + put + text[at + drop :]
    assert isinstance(read(text), Configuration)
