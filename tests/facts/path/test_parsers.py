"""What name servers and services say, and how much a tunnel carries."""

from __future__ import annotations

import pytest

from wizard.facts.overhead import inside_mtu, mss
from wizard.facts.parsers import connect, dns
from wizard.facts.parsers.iproute import parse_addresses
from wizard.facts.parsers.xfrm import SecurityAssociation

CBC = ("hmac(sha256) 128", "cbc(aes)")
GCM = ("rfc4106(gcm(aes)) 128",)


@pytest.mark.parametrize(
    ("algorithms", "encap", "outside", "inside"),
    [
        (CBC, None, 1500, 1438),
        (CBC, (4500, 4500), 1500, 1422),
        (GCM, None, 1500, 1446),
        (CBC, None, 1300, 1230),
        (CBC, None, 20, 0),
    ],
)
def test_a_tunnel_carries_what_the_kernel_says_it_does(
    algorithms: tuple[str, ...], encap: tuple[int, int] | None, outside: int, inside: int
) -> None:
    """1438 for aes-cbc with sha256 and 1446 for gcm over Ethernet is what `ping -M do` is told."""
    sa = SecurityAssociation("192.0.2.1", "198.51.100.1", "esp", "", encap=encap, algorithms=algorithms)
    assert inside_mtu(outside, sa) == inside


def test_a_segment_leaves_room_for_both_headers() -> None:
    assert (mss(1438, "10.2.0.1"), mss(1438, "2001:db8::1")) == (1398, 1378)


DIG = "@@ dig\n;; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: {0}, id: 1\n;; flags: qr rd ra\n\n{1}\n@= 0\n"


@pytest.mark.parametrize(
    ("text", "status", "addresses"),
    [
        (DIG.format("NOERROR", "a.example.\t300\tIN\tA\t10.2.0.10"), "NOERROR", ("10.2.0.10",)),
        (
            DIG.format("NOERROR", "a.example. 60 IN CNAME b.example.\nb.example. 60 IN AAAA 2001:db8::1"),
            "NOERROR",
            ("2001:db8::1",),
        ),
        (DIG.format("NXDOMAIN", ""), "NXDOMAIN", ()),
        (DIG.format("SERVFAIL", ""), "SERVFAIL", ()),
    ],
)
def test_dig_tells_status_and_addresses(text: str, status: str, addresses: tuple[str, ...]) -> None:
    answer = dns.parse(text)
    assert answer is not None
    assert (answer.status, answer.addresses, answer.silent) == (status, addresses, False)


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        (";; communications error to 10.2.0.10#53: timed out", False),
        (";; connection timed out; no servers could be reached", False),
        (";; communications error to 10.2.0.10#53: host unreachable", False),
        (";; communications error to 10.2.0.10#53: connection refused", True),
    ],
)
def test_a_server_that_says_nothing_is_told_from_one_that_is_not_there(line: str, refused: bool) -> None:
    answer = dns.parse(f"@@ dig\n{line}\n@= 9\n")
    assert answer is not None
    assert (answer.refused, answer.silent) == (refused, not refused)


def _hex(message: bytes) -> str:
    return "@@ raw\n" + "\n".join(message[at : at + 16].hex(" ") for at in range(0, len(message), 16)) + "\n"


def test_an_answer_is_read_from_its_bytes_where_there_is_no_dig() -> None:
    asked = dns.query("intranet.example", "A")
    record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\2\0\x0a"
    answer = dns.parse(_hex(asked[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + asked[12:] + record))
    unknown = dns.parse(_hex(asked[:2] + b"\x81\x83\0\1\0\0\0\0\0\0" + asked[12:]))
    assert answer is not None
    assert unknown is not None
    assert (answer.status, answer.addresses) == ("NOERROR", ("10.2.0.10",))
    assert (unknown.status, unknown.addresses) == ("NXDOMAIN", ())


@pytest.mark.parametrize("size", [0, 3, 11, 12, 20, 40])
def test_an_answer_that_is_cut_short_breaks_nothing(size: int) -> None:
    asked = dns.query("intranet.example", "A")
    whole = (
        asked[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + asked[12:] + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\2\0\x0a"
    )
    answer = dns.parse(_hex(whole[:size]))
    assert answer is not None
    assert answer.addresses == ()


def test_the_question_is_written_for_every_printf() -> None:
    assert dns.octal(b"\0a\xff") == "\\000\\141\\377"


@pytest.mark.parametrize(
    ("said", "status", "result"),
    [
        ("Connection to 10.2.0.10 8080 port [tcp/*] succeeded!", 0, "open"),
        ("nc: connect to 10.2.0.10 port 8080 (tcp) failed: Connection refused", 1, "refused"),
        ("nc: connect to 10.2.0.10 port 8080 (tcp) timed out: Operation now in progress", 1, "no-answer"),
        ("Ncat: TIMEOUT.", 1, "no-answer"),
        ("Ncat: No route to host.", 1, "rejected"),
        ("sh: line 1: /dev/tcp/10.2.0.10/8080: Connection refused", 1, "refused"),
        ("", 124, "no-answer"),
        ("", 1, "no-answer"),
    ],
)
def test_a_connection_that_is_refused_is_told_from_one_that_is_filtered(
    said: str, status: int, result: str
) -> None:
    found = connect.parse(f"@@ connect\n{said}\n@= {status}\n")
    assert found is not None
    assert found.result == result


@pytest.mark.parametrize("text", ["", "@@ connect\n", "@@ connect\nnc: unknown option\n@= 1\n"])
def test_a_connection_nobody_could_try_is_not_known(text: str) -> None:
    assert connect.parse(text) is None


def test_tunnel_interfaces_tell_which_sas_are_theirs() -> None:
    text = (
        "7: ipsec0@wan0: <NOARP,UP,LOWER_UP> mtu 1400 qdisc noqueue state UNKNOWN mode DEFAULT group default "
        "\\    link/none promiscuity 0 minmtu 68 maxmtu 1500 \\    xfrm if_id 0x2a addrgenmode eui64\n"
        "8: vti1@NONE: <POINTOPOINT,NOARP> mtu 1480 qdisc noop state DOWN mode DEFAULT group default "
        "\\    link/ipip 192.0.2.1 peer 198.51.100.1 promiscuity 0 minmtu 0 maxmtu 0 "
        "\\    vti remote 198.51.100.1 local 192.0.2.1 ikey 0.0.0.42 okey 0.0.0.42 addrgenmode eui64\n"
        "9: wan0@if3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT "
        "\\    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff promiscuity 0 \\    veth addrgenmode eui64\n"
    )
    found = {one.name: (one.kind, one.key, one.up) for one in parse_addresses(text)}
    assert found == {"ipsec0": ("xfrm", 42, True), "vti1": ("vti", 42, False), "wan0": ("", None, True)}
