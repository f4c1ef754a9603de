from __future__ import annotations

import ipaddress
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.journal import sample
from wizard.engine.model import Collected, CommandRecord, Replied, Started
from wizard.journal.addresses import Addresses
from wizard.journal.anonymise import Anonymiser
from wizard.journal.entry import Entry
from wizard.journal.render import FORMATS, render
from wizard.journal.transcript import Transcript

KEY = bytes(range(32))
V4 = st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address)
V6 = st.one_of(st.integers(0, 2**128 - 1), st.integers(0x2 << 124, 0x4 << 124)).map(ipaddress.IPv6Address)
NETWORKS = st.tuples(V4 | V6, st.integers(0, 128)).map(
    lambda pair: ipaddress.ip_network((pair[0], min(pair[1], pair[0].max_prefixlen)), strict=False)
)


def addresses(key: bytes = KEY) -> Addresses:
    return Addresses(key)


def common(
    one: ipaddress.IPv4Address | ipaddress.IPv6Address, other: ipaddress.IPv4Address | ipaddress.IPv6Address
) -> int:
    return one.max_prefixlen - (int(one) ^ int(other)).bit_length()


# --- addresses ------------------------------------------------------------------------------------


@given(st.one_of(st.tuples(V4, V4), st.tuples(V6, V6)), st.integers(0, 128))
def test_addresses_share_as_many_leading_bits_as_before(
    pair: tuple[ipaddress.IPv4Address, ipaddress.IPv4Address]
    | tuple[ipaddress.IPv6Address, ipaddress.IPv6Address],
    near: int,
) -> None:
    one, other = pair
    kin = type(one)(int(one) ^ 1 << min(near, one.max_prefixlen - 1))
    pseudonym = addresses().pseudonym
    assert common(pseudonym(one), pseudonym(other)) == common(one, other)
    assert common(pseudonym(one), pseudonym(kin)) == common(one, kin)


@given(NETWORKS, st.integers(0, 2**128))
def test_a_host_stays_inside_its_network(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network, offset: int
) -> None:
    host = network[offset % network.num_addresses]
    pseudonym = addresses().pseudonym
    new_network = ipaddress.ip_network((pseudonym(network.network_address), network.prefixlen), strict=False)
    assert pseudonym(host) in new_network


@given(V4 | V6)
def test_an_address_keeps_its_family_and_its_kind(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    pseudonym = addresses().pseudonym(address)
    assert pseudonym.version == address.version
    assert pseudonym.is_multicast == address.is_multicast
    assert pseudonym.is_loopback == address.is_loopback
    assert pseudonym.is_link_local == address.is_link_local
    if address.version == 4:
        for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "192.0.2.0/24"):
            inside = ipaddress.ip_network(network)
            assert (pseudonym in inside) == (address in inside)


@pytest.mark.parametrize(
    "kept",
    [
        "0.0.0.0",
        "255.255.255.0",
        "255.255.255.255",
        "127.0.0.1",
        "224.0.0.1",
        "0.0.0.255",
        "::",
        "::1",
        "ff02::1",
    ],
)
def test_addresses_that_name_nobody_stay(kept: str) -> None:
    assert addresses().replaced(kept) == kept


@pytest.mark.parametrize(
    "address", ["10.1.2.3", "192.168.7.9", "81.2.69.142", "203.0.113.77", "2a02:168:4407:1::2", "fe80::1234"]
)
def test_an_address_gets_another_one(address: str) -> None:
    assert address not in [addresses(bytes([n] * 32)).replaced(address) for n in range(3)]


def test_the_same_address_has_the_same_pseudonym_and_another_in_the_next_export() -> None:
    first, second = addresses(), addresses(b"another key of 32 bytes or so...")
    assert first.replaced("81.2.69.142 81.2.69.142").split()[0] == first.replaced("81.2.69.142")
    assert first.replaced("81.2.69.142") != second.replaced("81.2.69.142")


@pytest.mark.parametrize(
    "text",
    [
        "{} and",
        "({})",
        "'{}' - 'x'",
        "{}/24",
        "{}[4500]",
        "{}:500",
        "IP {}.500 > other",
        "peer-{}-tunnel-1",
        "peer_{}",
        "{}..10.9.9.9",
        "from {}.",
        "src={},",
        '"{}"',
    ],
)
def test_an_address_is_found_wherever_it_stands(text: str) -> None:
    found = addresses().replaced(text.format("81.2.69.142"))
    expected = addresses().pseudonym(ipaddress.ip_address("81.2.69.142"))
    assert found == text.replace("10.9.9.9", addresses().replaced("10.9.9.9")).format(expected)


@pytest.mark.parametrize(
    "text", ["{} via", "[{}]:500", "{}/64", "{}.500 >", "{}: icmp", "({})", "fe80::1..{}", "{}%eth0"]
)
def test_an_address_of_version_6_is_found_wherever_it_stands(text: str) -> None:
    found = addresses().replaced(text.format("2a02:168:4407:1::2"))
    expected = addresses().pseudonym(ipaddress.ip_address("2a02:168:4407:1::2"))
    assert found == text.replace("fe80::1", addresses().replaced("fe80::1")).format(expected)


def test_an_address_of_version_4_inside_one_of_version_6_is_replaced_whole() -> None:
    replaced = addresses().replaced("::ffff:81.2.69.142")
    assert replaced.startswith("::ffff:")
    assert "69.142" not in replaced


@pytest.mark.parametrize(
    "text",
    [
        "strongSwan 5.9.8, Linux 6.1.0-18-amd64",
        "10:15:00 up 3 days",
        "2026-11-21T10:15:00.123Z",
        "1.3.6.1.5.5.7.3.17",
        "256.1.1.1",
        "in  c8931e89,     84 bytes",
        "6fd55d95f66b4a67_i* cea64d4a303e0ca2_r",
        "std::string Foo::bar",
        "spi 0xc8931e89 reqid 1",
        "5d:a7:dd:70:06:51:32:7e:e7:b6:6d:b3:b5:e5:e0:60:ea:2e:4d:ef",
        "ff:ff:ff:ff:ff:ff",
    ],
)
def test_what_is_no_address_stays(text: str) -> None:
    assert addresses().replaced(text) == text


@pytest.mark.parametrize(
    "network", ["10.1.7.0/24", "81.2.0.0/16", "2a02:168::/32", "10.1.7.0 255.255.255.0", "10.1.7.0 0.0.0.255"]
)
def test_a_network_stays_a_network_of_its_length(network: str) -> None:
    replaced = addresses().replaced(network)
    assert replaced != network
    before, after = (ipaddress.ip_network(text.replace(" ", "/")) for text in (network, replaced))
    assert before.prefixlen == after.prefixlen


def test_the_address_of_an_interface_stays_inside_its_network() -> None:
    interface, network = addresses().replaced("10.1.7.9/24 10.1.7.0/24").split()
    assert ipaddress.ip_interface(interface).network == ipaddress.ip_network(network)
    assert ipaddress.ip_interface(interface).ip == addresses().pseudonym(ipaddress.ip_address("10.1.7.9"))


def test_hardware_addresses_are_counted() -> None:
    assert addresses().replaced("52:54:00:AB:cd:ef 52:54:00:ab:cd:ee 52:54:00:ab:cd:ef") == (
        "02:00:00:00:00:01 02:00:00:00:00:02 02:00:00:00:00:01"
    )


# --- names ----------------------------------------------------------------------------------------

PRINTED = """\
Nov 21 10:15:00 frankfurt-vpn charon: <acme-berlin|1> authentication of 'moon.acme-corp.com' successful
acme-berlin: #1, ESTABLISHED, IKEv2, 6fd55d95f66b4a67_i* cea64d4a303e0ca2_r
  local  'moon.acme-corp.com' @ 81.2.69.142[4500]
  remote 'C=CH, ST=Zurich, O=Acme, Inc., OU=Research, CN=carol@acme-corp.com' @ 10.1.7.9[4500]
  payroll-lan: #1, reqid 1, INSTALLED, TUNNEL, ESP:AES_GCM_16-128
    local  10.1.7.0/24
    remote 10.2.0.0/16
list-sa event {acme-berlin {uniqueid=1 local-id=C=CH, O=Acme Geneva, CN=gw7 remote-host=81.2.69.142}}
received end entity cert "C=CH, O=Acme, Inc., CN=sun.acme-corp.com"
"westnet-acme" #1: sent IKE_AUTH request to 81.2.69.142:UDP/500 with FQDN '@fridolin'
no shared key found for 'fridolin' - 'gertrude'
acme-berlin[1]: ESTABLISHED 6 minutes ago, 81.2.69.142[fridolin]...10.1.7.9[gertrude]
{"_HOSTNAME":"zurich-vpn","MESSAGE":"IKE_SA acme-berlin[1] established"}
user jane.doe@acme-corp.com logged in; unit ipsec@x.service; kex curve25519-sha256@libssh.org
subject: /C=US/O=Globex/CN=homer
resolving mail.globex.co.uk failed
"""

LEAKS = (
    *("frankfurt", "acme", "Acme", "moon", "carol", "payroll", "Zurich", "Geneva", "gw7", "sun.", "westnet"),
    *("fridolin", "gertrude", "zurich", "jane", "doe", "Globex", "globex", "homer", "81.2.69.142", "10.1.7."),
    *("gw-a", "gw-b", "ada", "site"),
)

STAYS = (
    "ESTABLISHED, IKEv2, 6fd55d95f66b4a67_i* cea64d4a303e0ca2_r",
    "reqid 1, INSTALLED, TUNNEL, ESP:AES_GCM_16-128",
    "successful",
    "no shared key found for '",
    "curve25519-sha256@libssh.org",
    "[4500]",
    "/24",
)


def entries(printed: str = PRINTED) -> tuple[Entry, ...]:
    return sample.with_log(printed)


def test_nothing_that_names_anybody_is_left_in_any_format() -> None:
    known = entries()
    anonymous = Anonymiser.of(known, key=KEY).entries(known)
    for form in FORMATS:
        text = render(Transcript.of(anonymous), form).replace("ipsec-wizard", "")
        assert [leak for leak in LEAKS if re.search(rf"(?<![a-z]){re.escape(leak)}", text)] == []


def test_what_a_diagnosis_lives_on_stays() -> None:
    anonymous = Anonymiser.of(entries(), key=KEY).text(PRINTED)
    for kept in STAYS:
        assert kept in anonymous


def test_the_same_name_has_one_pseudonym_everywhere() -> None:
    text = Anonymiser.of(entries(), key=KEY).text(PRINTED)
    connection = re.search(r"<(connection-\d+)\|", text)
    assert connection is not None
    assert text.count(connection[1]) == 5
    (first, second) = re.findall(r"no shared key found for '(identity-\d+)' - '(identity-\d+)'", text)[0]
    assert f"[{first}]..." in text
    assert f"[{second}]" in text
    assert first != second


def test_the_kinds_of_names_show() -> None:
    anonymiser = Anonymiser.of(entries(), key=KEY)
    assert anonymiser.text("gw-a, gw-b, site, ada") == "gateway-1, gateway-2, tunnel-1, person-1"
    assert re.fullmatch(r"host-\d+\.example", anonymiser.text("moon.acme-corp.com"))
    assert re.fullmatch(r"person-\d+@host-\d+\.example", anonymiser.text("jane.doe@acme-corp.com"))
    assert re.fullmatch(
        r"C=c-\d+, O=o-\d+, CN=cn-\d+", anonymiser.text("C=XY, O=New Place, Ltd., CN=never seen")
    )


def test_the_short_name_of_a_host_is_the_host() -> None:
    anonymiser = Anonymiser.of(entries(), key=KEY)
    assert anonymiser.text("moon.acme-corp.com") == f"{anonymiser.text('moon')}.example"


def test_our_own_ids_stay() -> None:
    original = entries()
    anonymous = Anonymiser.of(original, names=[("tunnel", "triage"), ("tunnel", "psk")], key=KEY).entries(
        original
    )
    assert Transcript.of(anonymous).path == Transcript.of(original).path
    before, after = Transcript.of(original).outcome, Transcript.of(anonymous).outcome
    assert before is not None
    assert after is not None
    assert [finding.cause for finding in after.causes] == [finding.cause for finding in before.causes]
    assert after.excluded == before.excluded


def test_names_the_caller_knows_are_replaced_too() -> None:
    anonymiser = Anonymiser([("gateway", "bastion"), ("host", "db.intra.corp")], key=KEY)
    assert anonymiser.text("via bastion to db.intra.corp") == "via gateway-1 to host-1.example"


def test_a_gateway_that_is_called_by_its_address_is_replaced_as_an_address() -> None:
    told = sample.started()
    known = (Entry(1, sample.BEGAN, replace(told, far="203.0.113.9")),)
    started = Anonymiser.of(known, key=KEY).entries(known)[0].event
    assert isinstance(started, Started)
    assert started.far == str(addresses().pseudonym(ipaddress.ip_address("203.0.113.9")))


@pytest.mark.parametrize("name", ["a", "on", "the"])
def test_a_gateway_with_the_name_of_a_little_word_does_not_spoil_sentences(name: str) -> None:
    known = (Entry(1, sample.BEGAN, replace(sample.started(), near=name)),)
    anonymiser = Anonymiser.of(known, key=KEY)
    assert anonymiser.text("the daemon is on a host") == "the daemon is on a host"
    assert anonymiser.text(name) == "gateway-1"


def test_the_session_is_named_after_the_pseudonym() -> None:
    known = entries()
    started = Anonymiser.of(known, key=KEY).entries(known)[0].event
    assert isinstance(started, Started)
    assert started.session == "20261121T101500Z-tunnel-1"
    assert (started.symptom, started.version) == ("never-up", "0.1.0")


def test_files_units_and_settings_are_no_host_names() -> None:
    text = (
        "/etc/swanctl/conf.d/site2.conf strongswan.service net.ipv4.conf.all.forwarding libcharon.so.0 x.pem "
        "near.daemon_running triage.start 5.9.8"
    )
    record = CommandRecord("near", "gw-a", "p", "ls", text, "", 0, 0.1)
    known = (Entry(1, sample.BEGAN, Replied(Collected((), (record,)))),)
    assert Anonymiser.of(known, key=KEY).text(text) == text


def test_two_exports_cannot_be_laid_side_by_side() -> None:
    one = Anonymiser.of(entries()).text("81.2.69.142")
    assert one not in [Anonymiser.of(entries()).text("81.2.69.142") for _ in range(3)]
