"""Files as other people write them: other releases, other folders, clients with addresses from a pool, NATs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.facts.comparison.test_equivalents import LEFT, RIGHT, swanctl
from tests.facts.comparison.test_pairs import FLOW, NOW, V1, outcome
from tests.facts.comparison.written import write
from wizard.errors import InputError
from wizard.facts.comparison import saved
from wizard.ui.headless.compare import compared

Files = dict[str, bytes]


def causes(a: Files, b: Files) -> list[str]:
    found, _ = outcome(a, b)
    assert found.status in {"healthy", "fault"}
    return [one.cause for one in found.causes]


def warnings(a: Files, b: Files) -> list[str]:
    found, _ = outcome(a, b)
    return [one.cause for one in found.warnings if one.cause != "nobody-initiates"]


def conf(text: str, **more: str) -> Files:
    return {"/etc/ipsec.conf": text.encode()} | {f"/etc/{name}": one.encode() for name, one in more.items()}


# --- Openswan and Libreswan 3 -------------------------------------------------------------------------------

OLD = """\
version 2.0
config setup
    protostack=netkey
    nat_traversal=yes
conn plant
    authby=secret
    left=198.51.100.2
    leftsubnet=10.2.0.0/16
    right=192.0.2.1
    rightsubnet=10.1.0.0/16
    auto=start
"""
ROUTER = b"""\
hostname works
crypto isakmp policy 5
 encr 3des
 hash md5
 authentication pre-share
 group 2
crypto isakmp key drum address 198.51.100.2
crypto ipsec transform-set one esp-3des esp-md5-hmac
 mode tunnel
ip access-list extended plant
 permit ip 10.1.0.0 0.0.255.255 10.2.0.0 0.0.255.255
crypto map outside 10 ipsec-isakmp
 set peer 198.51.100.2
 set transform-set one
 set pfs group2
 match address plant
interface Ethernet0
 ip address 192.0.2.1 255.255.255.0
 crypto map outside
end
"""
HINTS = {
    "nat_traversal": OLD,
    "keyexchange=ike": OLD.replace("    nat_traversal=yes\n", "").replace(
        "conn plant\n", "conn plant\n    keyexchange=ike\n"
    ),
    "a comment": "# /etc/ipsec.conf - Openswan IPsec configuration file\n"
    + OLD.replace("    nat_traversal=yes\n", ""),
    "where it logs": OLD.replace("nat_traversal=yes", "plutostderrlog=/tmp/x"),
    "KLIPS": OLD.replace("nat_traversal=yes", "x=y").replace("netkey", "klips").replace("    x=y\n", ""),
}


@pytest.mark.parametrize("hint", HINTS)
def test_old_files_begin_with_ikev1_and_its_old_defaults(hint: str) -> None:
    files = conf(HINTS[hint], **{"ipsec.secrets": '198.51.100.2 192.0.2.1 : PSK "drum"\n'})
    assert causes(files, {"running-config": ROUTER}) == []


def test_two_old_ends_are_compared_as_ikev1() -> None:
    aggressive = OLD.replace("conn plant\n", "conn plant\n    aggrmode=yes\n    ike=3des-sha1;modp1536\n")
    main = OLD.replace("conn plant\n", "conn plant\n    ike=3des-sha1;modp1536\n")
    assert causes(conf(aggressive), conf(aggressive)) == []
    assert causes(conf(aggressive), conf(main)) == ["exchange-mode-mismatch"]


def test_what_only_ikev1_has_makes_a_connection_without_a_version_one_of_ikev1() -> None:
    text = """\
config setup
    logfile=/var/log/pluto.log
conn clients
    authby=secret
    left=198.51.100.2
    leftsubnet=10.2.0.0/16
    leftxauthserver=yes
    right=192.0.2.1
    rightxauthclient=yes
    auto=add
"""
    client = """\
conn office
    keyexchange=ikev1
    authby=xauthpsk
    left=192.0.2.1
    right=198.51.100.2
    rightsubnet=10.2.0.0/16
    ike=aes256-sha1-modp2048!
    esp=aes256-sha1-modp2048!
    auto=start
"""
    assert causes(conf(text), conf(client)) == []


def test_the_release_somebody_states_counts_before_what_the_file_looks_like() -> None:
    stated = saved.read("a", conf(OLD), version="Libreswan 4.12", salt="s")
    found, _ = compared(stated, saved.read("b", {"running-config": ROUTER}, salt="s"), FLOW, NOW)
    assert "ike-version-mismatch" in [one.cause for one in found.causes]


def test_rekeymargin_stands_in_files_of_both_programs() -> None:
    charon = """\
conn %default
    rekeymargin=3m
    keylife=20m
conn home
    left=192.0.2.1
    leftsubnet=10.1.0.0/16
    right=198.51.100.2
    rightsubnet=10.2.0.0/16
    authby=secret
    auto=start
"""
    peer = charon.replace("conn home", "conn home\n    keyexchange=ikev1").replace(
        "rekeymargin=3m", "dpddelay=3"
    )
    peer = peer.replace("left=192.0.2.1", "left=198.51.100.2").replace(
        "right=198.51.100.2", "right=192.0.2.1"
    )
    peer = peer.replace("leftsubnet=10.1", "leftsubnet=10.9").replace("rightsubnet=10.2", "rightsubnet=10.1")
    peer = peer.replace("leftsubnet=10.9", "leftsubnet=10.2")
    assert causes(conf(charon), conf(peer)) == []


def test_l2tp_without_a_version_is_ikev1() -> None:
    server = """\
conn dial-in
    authby=secret
    pfs=no
    type=transport
    left=198.51.100.2
    leftprotoport=17/1701
    right=%any
    rightprotoport=17/%any
    dpdaction=restart_by_peer
    auto=add
"""
    caller = """\
conn dial-out
    keyexchange=ikev1
    authby=secret
    type=transport
    left=%defaultroute
    leftprotoport=17/1701
    right=198.51.100.2
    rightprotoport=17/1701
    ike=aes128-sha1-modp2048!
    esp=aes128-sha1!
    auto=start
"""
    assert causes(conf(server), conf(caller)) == []
    assert causes(conf(server), conf(caller.replace("aes128-sha1!", "camellia128-sha1!"))) != []


# --- where files stand, how they are written ---------------------------------------------------------------

BASE = """\
conn base
    left=198.51.100.2
    right=192.0.2.1
    authby=secret
    ikev2=insist
"""
SITE = """\
conn plant
    also=base
    leftsubnet=10.2.0.0/16
    rightsubnet=%s
include %s
"""


@pytest.mark.parametrize(
    "path",
    ["/srv/images/gw/etc/ipsec.d/base.inc", "/etc/ipsec.d/base.inc", "ipsec.d/*.inc", "/opt/ipsec.d/*.inc"],
)
def test_an_included_file_is_found_where_the_folder_was_saved(path: str) -> None:
    ends = [
        {"/etc/ipsec.conf": (SITE % (net, path)).encode(), "/etc/ipsec.d/base.inc": BASE.encode()}
        for net in ("10.1.0.0/16", "10.7.0.0/16")
    ]
    assert causes(ends[0], ends[0]) == []
    assert causes(*ends) == ["traffic-selector-mismatch"]


def test_pluto_takes_a_colon_behind_the_last_owner_and_charon_does_not() -> None:
    pluto = BASE + "    leftsubnet=10.2.0.0/16\n    rightsubnet=10.1.0.0/16\n"
    good = {"ipsec.secrets": '198.51.100.2 192.0.2.1: PSK "drum"\n'}
    bad = {"ipsec.secrets": '198.51.100.2 192.0.2.1: PSK "horn"\n'}
    assert causes(conf(pluto, **good), conf(pluto, **good)) == []
    assert causes(conf(pluto, **good), conf(pluto, **bad)) == ["psk-mismatch"]
    charon = pluto.replace("ikev2=insist", "keyexchange=ikev2\n    charondebug=x")
    assert causes(conf(charon.replace("    charondebug=x\n", ""), **good), conf(pluto, **good)) == [
        "psk-missing"
    ]


# --- networks ------------------------------------------------------------------------------------------------


def ikev1(values: dict[str, str], **changes: str) -> Files:
    return {
        name: text.replace(b"version = 2", b"version = 1")
        for name, text in swanctl(values, **changes).items()
    }


def test_charon_narrows_as_the_answering_end_of_ikev1() -> None:
    assert causes(ikev1(LEFT, local="10.1.7.0/24"), ikev1(RIGHT)) == []
    assert warnings(ikev1(LEFT, local="10.1.7.0/24"), ikev1(RIGHT)) == ["selectors-narrowed"]
    assert causes(ikev1(LEFT, local="10.9.0.0/16"), ikev1(RIGHT)) == ["traffic-selector-mismatch"]


def test_what_only_charon_narrows_is_refused_by_the_others_in_ikev1() -> None:
    for other in ("libreswan", "ios"):
        for first, second in (("swanctl", other), (other, "swanctl"), (other, other)):
            narrow = replace(V1, local_net="10.1.7.0/24")
            found, _ = outcome(write(narrow, first), write(V1.mirrored(), second))
            assert [one.cause for one in found.causes] == ["traffic-selector-mismatch"]


CLIENTS = """\
config setup
    protostack=netkey
    virtual_private=%%v4:10.0.0.0/8
conn clients
    ikev2=never
    authby=secret
    left=198.51.100.2
    leftsubnet=%s
    right=%%any
    rightsubnet=vhost:%%priv,%%no
    auto=add
"""


def test_a_virtual_host_stands_for_any_client_and_the_other_side_is_compared() -> None:
    client = """\
conn office
    keyexchange=ikev1
    authby=secret
    left=%defaultroute
    right=198.51.100.2
    rightsubnet=10.2.0.0/16
    ike=aes256-sha1-modp2048!
    esp=aes256-sha1-modp2048!
    auto=start
"""
    assert causes(conf(CLIENTS % "10.2.0.0/16"), conf(client)) == []
    assert causes(conf(CLIENTS % "10.8.0.0/16"), conf(client)) == ["traffic-selector-mismatch"]


def test_behind_a_nat_the_end_has_another_address_than_the_one_called() -> None:
    hidden = """\
conn plant
    keyexchange=ikev1
    left=%defaultroute
    leftid=@b.example
    leftauth=pubkey
    right=%any
    rightid=@a.example
    rightsubnet=10.1.0.7/32
    auto=add
"""
    caller = """\
conn plant
    keyexchange=ikev1
    left=%defaultroute
    leftid=@a.example
    leftauth=pubkey
    right=198.51.100.2
    rightid=@b.example
    rightsubnet=10.2.0.9/32
    auto=start
"""
    assert causes(conf(hidden), conf(caller)) == []
    network = caller.replace("10.2.0.9/32", "10.2.0.0/16")
    assert causes(conf(hidden), conf(network)) == ["traffic-selector-mismatch"]


def test_networks_that_are_written_count_beside_an_address_of_ones_own() -> None:
    own = """\
conn plant
    left=198.51.100.2
    leftsourceip=10.2.0.1
    leftsubnet=10.2.0.0/16
    right=192.0.2.1
    rightsubnet=%s
    authby=psk
    keyexchange=ikev2
    auto=start
"""
    far = own.replace("left=198.51.100.2", "left=192.0.2.1").replace("right=192.0.2.1", "right=198.51.100.2")
    far = far.replace("leftsourceip=10.2.0.1", "leftsourceip=10.1.0.1").replace("net=10.2", "net=10.1")
    assert causes(conf(own % "10.1.0.0/16"), conf(far % "10.2.0.0/16")) == []
    assert causes(conf(own % "172.30.0.0/24"), conf(far % "10.2.0.0/16")) == ["traffic-selector-mismatch"]


# --- virtual IPs ---------------------------------------------------------------------------------------------


def client(vips: str) -> Files:
    files = swanctl(LEFT, local="dynamic")
    return {name: text.replace(b"  version", vips.encode() + b"\n  version") for name, text in files.items()}


def gateway(pools: str) -> Files:
    files = swanctl(RIGHT, peer="%any", remote="dynamic")
    return {name: text.replace(b"  version", pools.encode() + b"\n  version") for name, text in files.items()}


ASKS, GIVES = "  vips = 0.0.0.0", "  pools = clients"


def test_a_virtual_ip_has_to_be_asked_for_and_given() -> None:
    assert causes(client(ASKS), gateway(GIVES)) == []
    assert causes(client(""), gateway("")) == []
    for ends, said in (
        ((client(ASKS), gateway("")), "asks for a virtual IP"),
        ((client(""), gateway(GIVES)), "hands out virtual IPs"),
    ):
        for pair in (ends, ends[::-1]):
            found, _ = outcome(*pair)
            assert [one.cause for one in found.causes] == ["address-pool-exhausted"]
            assert said in found.causes[0].summary
            assert "field: virtual IP" in found.causes[0].summary


def test_everything_is_narrowed_to_the_virtual_ip_without_a_word() -> None:
    everything = {name: text.replace(b"dynamic", b"0.0.0.0/0") for name, text in client(ASKS).items()}
    assert causes(everything, gateway(GIVES)) == []
    assert warnings(everything, gateway(GIVES)) == []


@pytest.mark.parametrize(
    ("text", "maker"),
    [
        ("ASA Version 9.12(4)\nhostname gate\ninterface GigabitEthernet0/0\n nameif outside\n", "Cisco ASA"),
        ('config vpn ipsec phase1-interface\n    edit "north"\n', "FortiOS"),
        ("set vpn ipsec site-to-site peer north authentication mode pre-shared-secret\n", "VyOS or EdgeOS"),
        ("/ip ipsec peer\nadd address=192.0.2.9/32 name=north\n", "RouterOS"),
    ],
)
def test_a_configuration_of_a_maker_that_is_not_read_is_called_by_its_name(text: str, maker: str) -> None:
    with pytest.raises(InputError, match=f"is a configuration of {maker}, which is not read"):
        saved.read("north", {"north.txt": text.encode()})


def test_a_weak_algorithm_is_told_once_however_many_children_have_it() -> None:
    conn = (
        "conn harbour\n left={0}\n right={1}\n leftid=@{2}\n rightid=@{3}\n {4}subnets=10.41.0.0/24,10.42.0.0/24\n"
        " {5}subnet=10.43.0.0/24\n authby=secret\n ikev2=insist\n esp=aes_gcm128-null;modp1536\n auto=start\n"
    )
    a = conf(conn.format("192.0.2.8", "192.0.2.9", "north", "south", "left", "right"))
    b = conf(conn.format("192.0.2.9", "192.0.2.8", "south", "north", "right", "left"))
    found, _ = outcome(a, b)
    assert found.status == "healthy"
    told = [one.summary for one in found.warnings if one.cause == "weak-algorithm"]
    assert [one.count("MODP_1536") for one in told if one] == [1]
