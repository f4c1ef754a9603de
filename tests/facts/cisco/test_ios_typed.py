"""IOS configurations as people paste them: no indentation, prompts, abbreviations, blocks entered twice."""

from __future__ import annotations

import pytest

from wizard.facts.parsers import ios_blocks, ios_config, ios_typed
from wizard.facts.tunnel import Configuration, Connection

LISTED = """\
hostname harbour
crypto isakmp policy 5
 encr aes 192
 hash sha384
 authentication pre-share
 group 15
crypto isakmp key Quay!Side address 192.0.2.66
crypto ipsec transform-set QUAY esp-aes 192 esp-sha384-hmac
 mode transport
ip access-list extended PIER
 permit gre host 192.0.2.65 host 192.0.2.66
crypto map SHORE 30 ipsec-isakmp
 set peer 192.0.2.66
 set transform-set QUAY
 set pfs group15
 match address PIER
interface GigabitEthernet0/2
 ip address 192.0.2.65 255.255.255.252
 crypto map SHORE
interface GigabitEthernet0/3
 ip address 10.77.0.1 255.255.255.0
"""
FLAT = "\n".join(line.strip() for line in LISTED.splitlines())
SHORT = (
    FLAT.replace("encr aes", "enc aes")
    .replace("authentication pre-share", "auth pre")
    .replace("crypto ipsec transform-set", "crypto ips tran")
    .replace("set transform-set", "set trans")
    .replace("match address", "match add")
    .replace("interface GigabitEthernet", "int gi ")
    .replace("ip address", "ip add")
    .replace("mode transport", "mode trans")
)


def read(text: str) -> Configuration:
    return ios_config.parse([("harbour.txt", text)], salt="s")


def only(text: str) -> Connection:
    found = read(text)
    assert not found.problems
    (one,) = found.connections
    return one


def same(one: Connection, other: Connection) -> bool:
    def shown(found: Connection) -> tuple[object, ...]:
        child = found.children[0]
        return (
            (found.name, found.version, found.local_addrs, found.remote_addrs, found.proposals),
            (found.local, found.remote, child.local_ts, child.remote_ts, child.mode, child.proposals),
        )

    return shown(one) == shown(other)


@pytest.mark.parametrize("text", [FLAT, SHORT, LISTED.replace("\n", "\n!\n").replace("!\n ", " ")])
def test_what_is_pasted_reads_like_the_listing(text: str) -> None:
    assert same(only(text), only(LISTED))
    assert [secret.digest for secret in read(text).secrets] == [
        secret.digest for secret in read(LISTED).secrets
    ]


def test_prompts_are_left_out() -> None:
    typed = "\n".join(
        f"harbour(config{'-sub' if line.startswith(' ') else ''})#{line.strip()}"
        for line in LISTED.splitlines()
    )
    assert ios_blocks.looks_like(typed)
    assert same(only(typed), only(LISTED))


def test_an_unknown_line_does_not_end_a_block_and_an_end_mark_does() -> None:
    text = FLAT.replace("interface GigabitEthernet0/2\n", "interface GigabitEthernet0/2\nbandwidth 900\n")
    assert only(text).local_addrs == ("192.0.2.65",)
    text = FLAT.replace("crypto map SHORE\n", "!\ncrypto map SHORE\n")
    assert read(text).problems[0].cause == ios_config.NOT_APPLIED


def test_a_route_map_does_not_speak_for_the_crypto_map_before_it() -> None:
    text = FLAT.replace(
        "interface GigabitEthernet0/2", "route-map OTHER permit 10\nmatch address X\ninterface Gi0/2"
    )
    assert same(only(text), only(LISTED))


def test_a_block_entered_again_is_the_same_block_and_the_last_word_counts() -> None:
    text = """\
interface Tunnel 7
tunnel mode gre ip
tunnel source 192.0.2.65
tunnel destination 192.0.2.66
crypto isakmp policy 5
 authentication pre-share
crypto ipsec transform-set QUAY esp-aes
crypto ipsec profile COAST
 set transform-set QUAY
int tu7
 shutdown
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile COAST
 no shutdown
"""
    one = only(text)
    assert (one.name, one.local_addrs, one.remote_addrs) == ("Tunnel7", ("192.0.2.65",), ("192.0.2.66",))
    assert one.children[0].local_ts == ("0.0.0.0/0",)


def test_keyring_peers_are_told_apart_without_indentation() -> None:
    found = read(
        """\
crypto ikev2 keyring RING
peer north
address 192.0.2.10
pre-shared-key Wharf-1
peer south
address 192.0.2.66
pre-shared-key Wharf-2
exit
exit
crypto ikev2 profile HULL
match identity remote address 192.0.2.66 255.255.255.255
authentication remote pre-share
authentication local pre-share
keyring local RING
crypto ipsec transform-set QUAY esp-gcm 256
crypto ipsec profile COAST
set transform-set QUAY
set ikev2-profile HULL
interface Tunnel7
tunnel source 192.0.2.65
tunnel mode ipsec ipv4
tunnel destination 192.0.2.66
tunnel protection ipsec profile COAST
"""
    )
    assert not found.problems
    assert len(found.secrets) == 1
    assert found.secrets[0].where == "harbour.txt:7"
    assert (found.connections[0].version, found.connections[0].remote[0].method) == (2, "psk")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (("gi", "0/1"), "GigabitEthernet0/1"),
        (("GigabitEthernet0/1",), "GigabitEthernet0/1"),
        (("f0/0.23",), "FastEthernet0/0.23"),
        (("Tunne", "1"), "Tunnel1"),
        (("Port-channel3",), "Port-channel3"),
        (("Odd9",), "Odd9"),
        (("outside",), "outside"),
    ],
)
def test_an_interface_has_one_name(written: tuple[str, ...], name: str) -> None:
    assert ios_typed.interface(written) == name


def test_a_command_of_the_outermost_level_ends_the_block_it_is_indented_in() -> None:
    text = LISTED.replace("\ncrypto isakmp key", "\n    crypto isakmp key").replace(
        "\ncrypto ipsec transform-set", "\n    crypto ipsec transform-set"
    )
    assert same(only(text), only(LISTED))
    assert read(text).secrets[0].digest == read(LISTED).secrets[0].digest


@pytest.mark.parametrize("between", ["", "!\n"])
def test_what_is_indented_under_another_line_belongs_there(between: str) -> None:
    text = LISTED.replace(
        "interface GigabitEthernet0/2",
        f"{between}zone-pair odd\n match address OTHER\n{between}interface GigabitEthernet0/2",
    )
    assert same(only(text), only(LISTED))


SPOKE = """\
crypto isakmp policy 5
 authentication pre-share
crypto isakmp key Quay!Side address 0.0.0.0 0.0.0.0
crypto ipsec transform-set QUAY esp-aes
 mode transport
crypto ipsec profile COAST
 set transform-set QUAY
interface Tunnel3
 ip nhrp map 10.77.0.1 192.0.2.66
 ip nhrp map multicast 192.0.2.66
 ip nhrp nhs 10.77.0.1
 tunnel source 192.0.2.65
 tunnel mode gre multipoint
 tunnel protection ipsec profile COAST
"""


@pytest.mark.parametrize(
    ("text", "peers", "action"),
    [
        (SPOKE, ("192.0.2.66", "%any"), "start"),
        (
            SPOKE.replace("nhs 10.77.0.1", "nhs 10.77.0.1 nbma 192.0.2.70 multicast").replace(
                " ip nhrp map 10.77.0.1 192.0.2.66\n", ""
            ),
            ("192.0.2.70", "%any"),
            "start",
        ),
        (SPOKE.replace(" ip nhrp nhs 10.77.0.1\n", ""), ("%any",), "none"),
    ],
)
def test_a_spoke_calls_its_next_hop_server_and_takes_calls_from_others(
    text: str, peers: tuple[str, ...], action: str
) -> None:
    one = only(text)
    assert (one.remote_addrs, one.children[0].start_action) == (peers, action)
