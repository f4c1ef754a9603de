"""ipsec.conf of strongSwan and of Libreswan: the same grammar read as each of the two programs reads it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.facts.parsers import ipsec_conf
from wizard.facts.parsers.ipsec_lines import Grammar
from wizard.facts.tunnel import Configuration, Connection


def conf(text: str, dialect: Grammar, **rest: object) -> Configuration:
    return ipsec_conf.parse([("/etc/ipsec.conf", text)], dialect=dialect, **rest)  # type: ignore[arg-type]


def one(text: str, dialect: Grammar, **rest: object) -> Connection:
    read = conf(text, dialect, **rest)
    assert read.problems == ()
    return read.connections[0]


STRONGSWAN = """\
config setup
\tcharondebug="ike 1"   # quiet

conn %default
\tikelifetime=60m
\tkeyexchange=ikev2
\tauthby=secret

conn a-b
\tleft=192.0.2.1
\tleftsubnet=10.1.0.0/16,10.3.0.0/24
\tleftid=@a.example
\tright=198.51.100.2
\trightsubnet=10.2.0.0/16
\trightid=@#0a0b
\tike=aes256-sha256-modp2048!
\tesp=aes128-sha1,aes256-sha256
\tdpdaction=restart
\tauto=start
"""


def test_strongswan_left_is_local_and_proposals_without_mark_are_followed_by_the_default() -> None:
    found = one(STRONGSWAN, "strongswan")
    assert (found.version, found.local_addrs, found.remote_addrs) == (2, ("192.0.2.1",), ("198.51.100.2",))
    assert found.proposals == ("aes256-sha256-modp2048",)
    assert found.children[0].proposals == ("aes128-sha1", "aes256-sha256", "default")
    assert found.children[0].local_ts == ("10.1.0.0/16", "10.3.0.0/24")
    assert found.children[0].start_action == "start"
    assert (found.local[0].method, found.local[0].identity) == ("psk", "@a.example")
    assert found.remote[0].identity == "@#0a0b"
    assert (found.rekey_time_s, found.dpd_delay_s) == (3060, 30)
    assert found.where["proposals"] == "/etc/ipsec.conf:16"
    assert not found.sides_known


def test_strongswan_swaps_the_sides_when_right_is_its_own_address() -> None:
    found = one(STRONGSWAN, "strongswan", own_addresses=["198.51.100.2", "10.2.0.1"])
    assert found.sides_known
    assert found.local_addrs == ("198.51.100.2",)
    assert found.local[0].identity == "@#0a0b"
    assert found.children[0].local_ts == ("10.2.0.0/16",)
    assert found.where["local_addrs"] == "/etc/ipsec.conf:13"
    assert found.where["children.a-b.local_ts"] == "/etc/ipsec.conf:14"


def test_inheritance_nearest_first_and_an_empty_value_takes_away() -> None:
    text = (
        "conn %default\n ike=default1!\n esp=e!\nconn base\n ike=base!\n leftid=b\n"
        "conn mid\n also=base\n leftid=m\nconn top\n also=mid\n left=192.0.2.1\n leftid=\n esp=\n"
    )
    top = {found.name: found for found in conf(text, "strongswan").connections}["top"]
    assert top.proposals == ("base",)
    assert top.local[0].identity is None
    assert top.children[0].proposals is None


def test_strongswan_lets_the_last_value_win_and_libreswan_the_first() -> None:
    text = "conn a\n left=192.0.2.1\n left=192.0.2.9\n right=%any\n"
    assert one(text, "strongswan").local_addrs == ("192.0.2.9",)
    assert one(text, "libreswan").local_addrs == ("192.0.2.1",)


def test_included_files_are_read_where_they_are_named() -> None:
    files = [
        ("/etc/ipsec.conf", "include ipsec.d/*.conf\n"),
        ("/etc/ipsec.d/b.conf", "conn b\n also=base\n right=%any\n"),
        ("/etc/ipsec.d/a.conf", "conn base\n left=192.0.2.1\n"),
        ("/etc/ipsec.d/x.txt", "nonsense\n"),
        ("/etc/ipsec.secrets", ': PSK "x"\n'),
    ]
    found = ipsec_conf.parse(files, dialect="strongswan")
    assert [each.name for each in found.connections] == ["base", "b"]
    assert found.connections[1].local_addrs == ("192.0.2.1",)
    assert found.files == (
        "/etc/ipsec.conf",
        "/etc/ipsec.d/a.conf",
        "/etc/ipsec.d/b.conf",
        "/etc/ipsec.secrets",
    )
    assert len(found.secrets) == 1


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("conn a\nleft=192.0.2.1\n", 2, "indent it"),
        ("conn a\n leftid=C=CH, O=x\n", 2, "double quotes"),
        ("conn a\n left\n", 2, "no value"),
        ("conn\n left=%any\n", 1, "needs one name"),
        ("conn a\n also=b\n", 2, "not there"),
        ("conn a\n also=b\nconn b\n also=a\n", 4, "each other"),
        ('conn a\n leftid="x\n', 2, "not closed"),
        ("conn a b\n left=%any\n", 1, "needs one name"),
        ("nonsense\n", 1, "indent it"),
    ],
)
def test_what_starter_refuses_whole_is_a_problem_of_the_file(text: str, line: int, words: str) -> None:
    found = conf(text, "strongswan")
    assert found.refused
    assert found.problems[0].scope == "file"
    assert found.problems[0].place == f"/etc/ipsec.conf:{line}"
    assert words in found.problems[0].message


@pytest.mark.parametrize(
    "setting",
    [
        *("auto=begin", "keyexchange=ikev3", "aggressive=maybe", "lifetime=1x", "authby=password"),
        *("ike=aes256-sha256!", "esp=bogus-sha1!"),
    ],
)
def test_a_value_starter_does_not_take_leaves_out_its_connection(setting: str) -> None:
    found = conf(f"conn a\n left=%any\n {setting}\n", "strongswan")
    assert not found.refused
    assert [(each.scope, each.name) for each in found.problems] == [("connection", "a")]
    assert found.problems[0].line == setting


def test_an_option_unknown_to_strongswan_is_passed_over_and_one_unknown_to_libreswan_refuses_the_file() -> (
    None
):
    text = "conn a\n left=192.0.2.1\n right=%any\n rigthid=@x\n"
    assert conf(text, "strongswan").problems == ()
    found = conf(text, "libreswan")
    assert found.refused
    assert "'rightid' is probably meant" in found.problems[0].message


LIBRESWAN = """\
version 2.0
config setup
    uniqueids=no
conn west-east
    authby=secret
    left=192.1.2.45
    leftid=@west
    leftsubnets={10.1.0.0/24 10.3.0.0/24}
    right=192.1.2.23
    rightid="@east"    # quoted
    right-subnet=10.2.0.0/24
    ike=aes256-sha2_256;modp2048
    phase2alg=aes_gcm256-null
    pfs=no
    auto=ondemand
    x-note=anything at all
"""


def test_libreswan_knows_its_side_only_by_its_addresses() -> None:
    found = one(LIBRESWAN, "libreswan")
    assert not found.sides_known
    found = one(LIBRESWAN, "libreswan", own_addresses=["192.1.2.23"])
    assert found.sides_known
    assert (found.local_addrs, found.local[0].identity) == (("192.1.2.23",), "@east")
    assert found.children[0].remote_ts == ("10.1.0.0/24",)


def test_libreswan_makes_a_child_of_each_pair_of_networks() -> None:
    found = one(LIBRESWAN, "libreswan")
    assert [(child.name, child.local_ts, child.remote_ts) for child in found.children] == [
        ("west-east/1x1", ("10.1.0.0/24",), ("10.2.0.0/24",)),
        ("west-east/2x1", ("10.3.0.0/24",), ("10.2.0.0/24",)),
    ]
    assert found.children[0].start_action == "trap"
    assert found.children[0].pfs is False
    assert found.children[0].proposals == ("aes_gcm256-null",)
    assert found.proposals == ("aes256-sha2_256;modp2048",)


@pytest.mark.parametrize(
    ("setting", "version", "expected"),
    [
        ("", None, 2),
        ("", "3.32", 0),
        ("ikev2=insist", "3.32", 2),
        ("ikev2=never", None, 1),
        ("ikev2=no", "4.9", 1),
        ("keyexchange=ikev1", "5.2", 1),
        ("keyexchange=ike", "5.2", 2),
        ("ikev2=permit", "4.9", 1),
        ("ikev2=permit", "3.20", 0),
    ],
)
def test_libreswans_ike_version_is_said_in_many_ways(
    setting: str, version: str | None, expected: int
) -> None:
    text = f"conn a\n left=192.0.2.1\n right=%any\n {setting}\n"
    assert one(text, "libreswan", version=version).version == expected


@pytest.mark.parametrize(
    ("line", "method"),
    [
        ("authby=secret", "psk"),
        ("authby=rsasig,ecdsa", "pubkey"),
        ("", "pubkey"),
        ("leftauth=secret", "psk"),
        ("authby=null", "null"),
        ("authby=rsasig,secret", "any"),
    ],
)
def test_libreswans_ways_to_authenticate(line: str, method: str) -> None:
    assert one(f"conn a\n left=192.0.2.1\n right=%any\n {line}\n", "libreswan").local[0].method == method


def test_ports_and_protocols_belong_to_the_selectors() -> None:
    text = "conn a\n left=192.0.2.1\n leftprotoport=tcp/http\n right=%any\n rightprotoport=udp/%any\n type=transport\n"
    dialects: tuple[Grammar, ...] = ("strongswan", "libreswan")
    for dialect in dialects:
        child = one(text, dialect).children[0]
        assert (child.local_ts, child.remote_ts) == (("dynamic[tcp/http]",), ("dynamic[udp]",))
        assert child.mode == "transport"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.sampled_from(["strongswan", "libreswan"]))
def test_any_text_is_read_without_breaking(text: str, dialect: Grammar) -> None:
    assert isinstance(conf(text, dialect), Configuration)
    assert isinstance(conf(f"conn a\n{text}", dialect), Configuration)
    secrets = ipsec_conf.parse([("/etc/ipsec.secrets", text)], dialect=dialect)
    assert secrets.connections == ()


def test_libreswan_leaves_out_a_connection_without_one_of_its_sides() -> None:
    found = conf("conn a\n left=192.0.2.1\n auto=add\nconn base\n left=192.0.2.1\n", "libreswan")
    assert [(one.scope, one.name) for one in found.problems] == [("connection", "a")]
    assert "no 'right='" in found.problems[0].message
