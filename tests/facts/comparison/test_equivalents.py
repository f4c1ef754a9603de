"""What is written differently and means the same is never blamed; what reads alike and differs is."""

from __future__ import annotations

import pytest

from tests.facts.comparison.test_pairs import outcome

SWANCTL = """\
connections {{ site {{
  version = 2
  local_addrs = {own}
  remote_addrs = {peer}
  proposals = {ike}
  local {{ auth = psk
    id = {own_id} }}
  remote {{ auth = psk
    id = {peer_id} }}
  children {{ net {{
    local_ts = {local}
    remote_ts = {remote}
    esp_proposals = {esp}
    start_action = trap }} }}
}} }}
secrets {{ ike-1 {{ id = {peer_id}
  secret = {key} }} }}
"""
LEFT = {
    "own": "192.0.2.1",
    "peer": "198.51.100.2",
    "own_id": "a.example",
    "peer_id": "b.example",
    "ike": "aes256-sha256-modp2048",
    "esp": "aes128-sha256",
    "local": "10.1.0.0/16",
    "remote": "10.2.0.0/16",
    "key": "secret",
}
RIGHT = LEFT | {
    "own": LEFT["peer"],
    "peer": LEFT["own"],
    "own_id": LEFT["peer_id"],
    "peer_id": LEFT["own_id"],
    "local": LEFT["remote"],
    "remote": LEFT["local"],
}


def swanctl(values: dict[str, str], **changes: str) -> dict[str, bytes]:
    return {"/etc/swanctl/swanctl.conf": SWANCTL.format_map(values | changes).encode()}


def verdict(a: dict[str, bytes], b: dict[str, bytes]) -> list[str]:
    found, _ = outcome(a, b)
    assert (found.status == "healthy") == (found.causes == ())
    return [one.cause for one in found.causes]


SAME: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "order of proposals": ({"ike": "aes128-sha1-modp1536, aes256-sha256-modp2048"}, {}),
    "one proposal in common": ({"esp": "aes256gcm16, aes128-sha256"}, {"esp": "3des-md5, aes128-sha256"}),
    "several algorithms in one": ({"ike": "aes128-aes256-sha1-sha256-modp1536-modp2048"}, {}),
    "names of algorithms": ({"ike": "aes256-sha2_256-modp2048"}, {}),
    "PRF written out": ({"ike": "aes256-sha256-prfsha256-modp2048"}, {}),
    "default against what it holds": ({"ike": "default"}, {}),
    "both default": ({"ike": "default", "esp": "default"}, {"ike": "default", "esp": "default"}),
    "curve by another name": ({"ike": "aes256-sha256-x25519"}, {"ike": "aes256-sha256-curve25519"}),
    "identities with prefix": ({"own_id": "fqdn:a.example"}, {}),
    "identities with @": ({"own_id": "@a.example", "peer_id": "@b.example"}, {}),
    "identities quoted": ({"own_id": '"a.example"'}, {}),
    "identities in capitals": ({"own_id": "A.Example"}, {}),
    "mail addresses": ({"own_id": "a@x.example"}, {"peer_id": "email:a@x.example"}),
    "a pattern": ({}, {"peer_id": "*.example"}),
    "anybody": ({}, {"peer_id": "%any"}),
    "distinguished names": ({"own_id": '"C=CH,O=x,CN=a"'}, {"peer_id": '"C=CH, O=X, CN=a"'}),
    "distinguished names with slashes": ({"own_id": '"/C=CH/O=x/CN=a"'}, {"peer_id": '"C=CH, O=x, CN=a"'}),
    "host bits": ({"local": "10.1.2.3/16"}, {}),
    "a range": ({"local": "10.1.0.0-10.1.255.255"}, {}),
    "order of networks": ({"local": "10.1.0.0/16,10.3.0.0/16"}, {"remote": "10.3.0.0/16,10.1.0.0/16"}),
    "all": ({"local": "0.0.0.0/0"}, {"remote": "0.0.0.0/0"}),
    "dynamic and the address": ({"local": "dynamic"}, {"remote": "192.0.2.1/32"}),
    "narrowing": ({"local": "10.1.0.0/16"}, {"remote": "10.1.7.0/24"}),
    "any peer address": ({}, {"peer": "%any"}),
    "no own address": ({"own": "%any"}, {}),
    "a network of peers": ({}, {"peer": "192.0.2.0/24"}),
    "a peer by name": ({"peer": "vpn.b.example"}, {}),
    "behind a NAT": ({"own": "192.168.7.1"}, {}),
    "key in hexadecimal": ({"key": "0x736563726574"}, {}),
    "key in base64": ({"key": "0sc2VjcmV0"}, {}),
    "key in quotes": ({"key": '"secret"'}, {}),
}


@pytest.mark.parametrize("kind", SAME)
def test_what_means_the_same_is_not_blamed(kind: str) -> None:
    left, right = SAME[kind]
    assert verdict(swanctl(LEFT, **left), swanctl(RIGHT, **right)) == []
    assert verdict(swanctl(RIGHT, **right), swanctl(LEFT, **left)) == []


DIFFERENT: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "type of identity": ({"own_id": "keyid:a.example"}, {}, "id-mismatch"),
    "order of a name's parts": (
        {"own_id": '"O=x, C=CH, CN=a"'},
        {"peer_id": '"C=CH, O=x, CN=a"'},
        "id-mismatch",
    ),
    "PRF": ({"ike": "aes256-sha256-prfsha1-modp2048"}, {}, "ike-proposal-mismatch"),
    "default and what it does not hold": (
        {"ike": "default"},
        {"ike": "aes256-md5-modp768"},
        "ike-proposal-mismatch",
    ),
    "ESN": ({"esp": "aes128-sha256-esn"}, {}, "esp-proposal-mismatch"),
    "AEAD against classic": ({"esp": "aes128gcm16"}, {}, "esp-proposal-mismatch"),
    "length of an ICV": ({"esp": "aes128gcm16"}, {"esp": "aes128gcm8"}, "esp-proposal-mismatch"),
    "networks apart": ({"local": "10.1.0.0/24"}, {"remote": "10.1.1.0/24"}, "traffic-selector-mismatch"),
    "protocol": ({"local": "10.1.0.0/16[tcp]"}, {"remote": "10.1.0.0/16[udp]"}, "traffic-selector-mismatch"),
    "a blank in the key": ({"key": '"secret "'}, {}, "psk-mismatch"),
    "a network of other peers": ({}, {"peer": "203.0.113.0/24"}, "peer-address-mismatch"),
    "a misspelt option": ({"own_id": "a.example\n idd = x"}, {}, "config-syntax-error"),
}


@pytest.mark.parametrize("kind", DIFFERENT)
def test_what_reads_alike_and_differs_is_named(kind: str) -> None:
    left, right, cause = DIFFERENT[kind]
    assert verdict(swanctl(LEFT, **left), swanctl(RIGHT, **right))[0] == cause
    assert verdict(swanctl(RIGHT, **right), swanctl(LEFT, **left))[0] == cause


def test_a_broken_file_is_named_with_its_place() -> None:
    broken = {"/etc/swanctl/swanctl.conf": b"connections { site { version = 2\n"}
    found, _ = outcome(broken, swanctl(RIGHT))
    assert found.causes[0].cause == "config-syntax-error"
    assert found.causes[0].evidence[0].command == "/etc/swanctl/swanctl.conf:2"


def test_the_key_is_found_by_identity_and_not_by_order() -> None:
    decoys = b'secrets { ike-0 { secret = "decoy" }\n ike-9 { id = other.example\n secret = "decoy" } }\n'
    a = swanctl(LEFT)
    a["/etc/swanctl/swanctl.conf"] += decoys
    assert verdict(a, swanctl(RIGHT)) == []


def test_no_key_for_this_pair_is_told_from_no_keys_given() -> None:
    a = swanctl(LEFT)
    text = a["/etc/swanctl/swanctl.conf"]
    a["/etc/swanctl/swanctl.conf"] = text.replace(b"id = b.example\n  secret", b"id = c.example\n  secret")
    assert verdict(a, swanctl(RIGHT)) == ["psk-missing"]
    a["/etc/swanctl/swanctl.conf"] = text[: text.index(b"secrets {")]
    found, pairs = outcome(a, swanctl(RIGHT))
    assert found.causes == ()
    assert pairs[0].not_compared == ("pre-shared key",)


def test_libreswan_without_narrowing_takes_nothing_but_the_mirror() -> None:
    pluto = """\
conn site
    left=198.51.100.2
    leftid=@b.example
    leftsubnet=10.2.0.0/16
    right=192.0.2.1
    rightid=@a.example
    rightsubnet=10.1.7.0/24
    authby=secret
    ikev2=insist
    ike=aes256-sha2_256;modp2048
    phase2alg=aes128-sha2_256
    pfs=no
    auto=ondemand
    narrowing=%s
"""
    files = {
        "/etc/ipsec.conf": (pluto % "no").encode(),
        "/etc/ipsec.secrets": b'@a.example @b.example : PSK "secret"\n',
    }
    assert verdict(swanctl(LEFT), files) == ["traffic-selector-mismatch"]
    files["/etc/ipsec.conf"] = (pluto % "yes").encode()
    found, _ = outcome(swanctl(LEFT), files)
    assert (found.causes, [one.cause for one in found.warnings]) == ((), ["selectors-narrowed"])


def test_strongswans_proposals_without_mark_hold_the_default_too() -> None:
    stroke = """\
conn site
  keyexchange=ikev2
  authby=psk
  left=198.51.100.2
  leftid=b.example
  leftsubnet=10.2.0.0/16
  right=192.0.2.1
  rightid=a.example
  rightsubnet=10.1.0.0/16
  ike=3des-md5-modp1024%s
  esp=aes128-sha256
  auto=route
"""
    files = {
        "/etc/ipsec.conf": (stroke % "").encode(),
        "/etc/ipsec.secrets": b'a.example b.example : PSK "secret"\n',
    }
    assert verdict(swanctl(LEFT), files) == []
    files["/etc/ipsec.conf"] = (stroke % "!").encode()
    assert verdict(swanctl(LEFT), files) == ["ike-proposal-mismatch"]


def test_a_file_both_gateways_share_fits_itself() -> None:
    shared = {
        "/etc/ipsec.conf": b"""\
conn west-east
    left=192.1.2.45
    leftid=@west
    leftsubnet=10.1.0.0/24
    right=192.1.2.23
    rightid=@east
    rightsubnet=10.2.0.0/24
    authby=secret
    phase2alg=aes_gcm256-null
    auto=start
""",
        "/etc/ipsec.secrets": b'@west @east : PSK "secret"\n',
    }
    assert verdict(shared, shared) == []


def test_of_several_connections_each_finds_its_own() -> None:
    def both(values: dict[str, str], **second: str) -> dict[str, bytes]:
        one = SWANCTL.format_map(values)
        other = SWANCTL.format_map(values | second).replace("site", "other").replace("ike-1", "ike-2")
        return {"/etc/swanctl/swanctl.conf": (one + other).encode()}

    left = both(LEFT, peer="203.0.113.7", peer_id="c.example", remote="10.3.0.0/16")
    found, pairs = outcome(left, swanctl(RIGHT))
    assert (found.causes, [(one.notes.match.a.name, one.notes.match.b.name) for one in pairs]) == (
        (),
        [("site", "site")],
    )


def test_a_server_of_l2tp_takes_any_port_of_its_callers() -> None:
    server = {
        "/etc/ipsec.conf": b"""\
conn shared
  left=198.51.100.7
  right=%any
  authby=secret
  pfs=no
  forceencaps=yes
  phase2alg=aes128-sha1
conn l2tp-psk
  auto=add
  leftprotoport=17/1701
  rightprotoport=17/%any
  type=transport
  also=shared
conn xauth-psk
  auto=add
  leftsubnet=0.0.0.0/0
  rightaddresspool=192.168.43.10-192.168.43.250
  leftxauthserver=yes
  rightxauthclient=yes
  ikev2=never
  also=shared
""",
        "/etc/ipsec.secrets": b'198.51.100.7 %any : PSK "secret"\n',
    }
    client = {
        "/etc/ipsec.conf": b"""\
conn vpn
  keyexchange=ikev1
  authby=secret
  type=transport
  left=%defaultroute
  leftprotoport=17/1701
  right=198.51.100.7
  rightprotoport=17/1701
  esp=aes128-sha1!
  auto=start
""",
        "/etc/ipsec.secrets": b': PSK "secret"\n',
    }
    found, pairs = outcome(server, client)
    assert found.causes == ()
    assert (pairs[0].notes.match.a.name, pairs[0].notes.match.b.name) == ("l2tp-psk", "vpn")


def test_a_missing_include_is_not_a_fault() -> None:
    text = b"""\
conn west-east
    also=base
    authby=secret
include /testing/not-given.conf
"""
    assert verdict({"/etc/ipsec.conf": text}, {"/etc/ipsec.conf": text}) == []


def test_two_ends_that_have_nothing_to_do_with_each_other_are_not_judged() -> None:
    other = swanctl(
        RIGHT,
        own="203.0.113.1",
        peer="203.0.113.2",
        own_id="x.example",
        peer_id="y.example",
        local="172.16.0.0/24",
        remote="172.17.0.0/24",
    )
    for pair in ((swanctl(LEFT), other), (swanctl(LEFT), swanctl(LEFT))):
        found, pairs = outcome(*pair)
        assert (found.status, pairs) == ("inconclusive", [])
        assert found.unseen == ("no connection of one end fits one of the other",)
