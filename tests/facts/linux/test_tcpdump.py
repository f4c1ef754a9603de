from __future__ import annotations

import pytest

from tests.facts.linux.conftest import Recorded
from wizard.facts.parsers import ike_header, tcpdump


def exchanges(capture: tcpdump.Capture) -> list[tuple[str, str, bool | None]]:
    return [(p.exchange, p.src, p.response) for p in capture.packets if p.kind in {"ike", "natt-ike"}]


@pytest.mark.parametrize("end", ["initiator", "responder"])
def test_a_tunnel_coming_up_shows_two_exchanges_and_then_esp(recorded: Recorded, end: str) -> None:
    capture = tcpdump.parse(recorded[f"tcpdump/ikev2-{end}"])

    assert (capture.listening, capture.seen, capture.dropped, capture.problems) == (True, 13, 0, ())
    assert exchanges(capture) == [
        ("IKE_SA_INIT", "192.0.2.1", False),
        ("IKE_SA_INIT", "198.51.100.1", True),
        ("IKE_AUTH", "192.0.2.1", False),
        ("IKE_AUTH", "198.51.100.1", True),
    ]
    assert [p.kind for p in capture.packets[:4]] == ["ike", "ike", "natt-ike", "natt-ike"]
    assert {(p.src, p.spi) for p in capture.packets if p.kind == "esp"} == {
        ("192.0.2.1", "c311fefd"),
        ("198.51.100.1", "cccfb726"),
    }
    assert [p.seq for p in capture.packets if p.spi == "c311fefd"] == [1, 2, 3]


def test_the_same_request_is_recognised_at_both_ends(recorded: Recorded) -> None:
    left = tcpdump.parse(recorded["tcpdump/nat-inside"]).packets[0]
    arrived = tcpdump.parse(recorded["tcpdump/nat-outside"]).packets[0]

    assert (left.src, arrived.src) == ("100.64.0.2", "192.0.2.1")
    assert left.initiator_spi == arrived.initiator_spi != ""
    assert left.responder_spi == arrived.responder_spi == "0" * 16
    assert left.message_id == arrived.message_id == 0
    assert abs(left.time_s - arrived.time_s) < 1


def test_behind_nat_esp_travels_in_udp_and_keepalives_are_no_messages(recorded: Recorded) -> None:
    packets = tcpdump.parse(recorded["tcpdump/nat-inside"]).packets

    assert {p.kind for p in packets} == {"ike", "natt-ike", "espinudp", "keepalive", "plain"}
    esp = [p for p in packets if p.kind == "espinudp"]
    assert [(p.src, p.spi, p.seq) for p in esp] == [
        ("100.64.0.2", "c2165a80", 1),
        ("198.51.100.1", "c2623c95", 1),
    ]
    assert all((p.sport, p.dport) == (4500, 4500) for p in packets if p.kind == "keepalive")


def test_the_responder_may_start_an_exchange(recorded: Recorded) -> None:
    checks = [
        p for p in tcpdump.parse(recorded["tcpdump/nat-inside"]).packets if p.exchange == "INFORMATIONAL"
    ]

    asked, answered = checks[0], checks[1]
    assert (asked.initiator, asked.response) == (False, False)
    assert (answered.initiator, answered.response) == (True, True)
    assert asked.message_id == answered.message_id


def test_decrypted_packets_reappear_in_clear_only_inbound(recorded: Recorded) -> None:
    plain = [p for p in tcpdump.parse(recorded["tcpdump/ikev2-initiator"]).packets if p.kind == "plain"]

    assert plain
    assert {(p.src, p.dst, p.proto) for p in plain} == {("10.2.0.10", "10.1.0.10", "icmp")}


def test_ikev1_is_told_by_its_own_exchanges(recorded: Recorded) -> None:
    capture = tcpdump.parse(recorded["tcpdump/ikev1"])

    names = [p.exchange for p in capture.packets if p.kind == "ike"]
    assert names == ["MAIN"] * 6 + ["QUICK"] * 3 + ["INFO_V1"] * 2
    main = [p for p in capture.packets if p.exchange == "MAIN"]
    assert [p.initiator for p in main] == [True, False] * 3
    assert {p.version for p in main} == {1}
    assert len({p.initiator_spi for p in main}) == 1
    assert all(p.response is None for p in main)


def test_unanswered_requests_are_the_same_message_again(recorded: Recorded) -> None:
    packets = tcpdump.parse(recorded["tcpdump/unanswered"]).packets

    assert [(p.exchange, p.response) for p in packets] == [("IKE_SA_INIT", False)] * 3
    assert len({(p.initiator_spi, p.message_id) for p in packets}) == 1


def test_a_refused_authentication_is_answered(recorded: Recorded) -> None:
    assert exchanges(tcpdump.parse(recorded["tcpdump/psk-mismatch"]))[-1] == (
        "IKE_AUTH",
        "198.51.100.1",
        True,
    )


def test_a_capture_cut_in_the_middle_of_a_byte_keeps_what_came_before(recorded: Recorded) -> None:
    text = recorded["tcpdump/ikev2-initiator"]

    for cut in range(text.index("0x0010"), text.index("0x0020")):
        (packet,) = tcpdump.parse(text[:cut]).packets
        assert packet.exchange == "IKE_SA_INIT"


def test_an_empty_capture_differs_from_one_that_never_began(recorded: Recorded) -> None:
    empty = tcpdump.parse(recorded["tcpdump/nothing-seen"])
    refused = tcpdump.parse(
        "tcpdump: wan0: You don't have permission to perform this capture on that device\n"
    )

    assert (empty.packets, empty.listening, empty.seen) == ((), True, 0)
    assert (refused.listening, refused.seen) == (False, None)
    assert refused.problems == (
        "tcpdump: wan0: You don't have permission to perform this capture on that device",
    )


@pytest.mark.parametrize("name", ["ikev2-initiator", "nat-outside", "ikev1", "psk-mismatch"])
def test_without_the_bytes_the_words_tell_what_they_can(recorded: Recorded, name: str) -> None:
    text = recorded[f"tcpdump/{name}"]
    words = "\n".join(line for line in text.split("\n") if not line.startswith("\t"))

    for packet, worded in zip(tcpdump.parse(text).packets, tcpdump.parse(words).packets, strict=True):
        assert (worded.kind, worded.exchange, worded.version) == (
            packet.kind,
            packet.exchange,
            packet.version,
        )
        assert (worded.initiator, worded.response) == (packet.initiator, packet.response)
        assert (worded.src, worded.sport, worded.spi, worded.seq) == (
            packet.src,
            packet.sport,
            packet.spi,
            packet.seq,
        )


COOKIES = "1dd98881fd819b3a->71ecc2dd9b0a8952"


@pytest.mark.parametrize(
    ("words", "kind", "more"),
    [
        (
            "IP 192.0.2.1 > 198.51.100.1: AH(spi=0xc1000002,seq=0x1): ICMP echo request, id 1, seq 1",
            "ah",
            {"seq": 1},
        ),
        (
            "IP 203.0.113.9 > 192.0.2.1: ICMP 198.51.100.1 udp port 500 unreachable, length 36",
            "icmp-error",
            {},
        ),
        (
            "IP 203.0.113.9 > 192.0.2.1: ICMP host 198.51.100.1 unreachable - admin prohibited filter",
            "icmp-error",
            {},
        ),
        ("IP6 2001:db8::1.500 > 2001:db8::2.500: isakmp: parent_sa ikev2_init[I]", "ike", {"sport": 500}),
        (
            "wan0  Out IP 10.1.0.10.40000 > 10.2.0.10.80: Flags [S], seq 1",
            "plain",
            {"proto": "tcp", "direction": "out"},
        ),
        (
            "wan0  In  IP 10.2.0.10.53 > 10.1.0.10.4000: UDP, length 64",
            "plain",
            {"interface": "wan0", "direction": "in"},
        ),
        (
            f"IP ::1.500 > ::2.500: isakmp 2.0 msgid 00000003 cookie {COOKIES}: child_sa  child_sa[I]",
            "ike",
            {"message_id": 3, "initiator_spi": "1dd98881fd819b3a", "exchange": "CREATE_CHILD_SA"},
        ),
    ],
)
def test_other_words_of_tcpdump(words: str, kind: str, more: dict[str, object]) -> None:
    (packet,) = tcpdump.parse(f"1795263539.753551 {words}\n").packets

    assert packet.kind == kind
    assert {name: getattr(packet, name) for name in more} == more


def ipv6(next_header: int, payload: bytes) -> bytes:
    ends = bytes.fromhex("20010db8000000000000000000000001") + bytes.fromhex(
        "20010db8000000000000000000000002"
    )
    return bytes([0x60, 0, 0, 0]) + len(payload).to_bytes(2) + bytes([next_header, 64]) + ends + payload


IKE = bytes.fromhex("1dd98881fd819b3a" + "71ecc2dd9b0a8952" + "2e202320" + "00000001" + "00000120")


def test_ikev2_over_ipv6_and_behind_a_destination_option_is_decoded() -> None:
    datagram = (4500).to_bytes(2) + (63720).to_bytes(2) + (40).to_bytes(2) + bytes(2) + bytes(4) + IKE
    option = bytes([17, 0]) + bytes(6)

    found = ike_header.decode(ipv6(60, option + datagram))

    assert found is not None
    assert (found.src, found.sport, found.dport) == ("2001:db8::1", 4500, 63720)
    assert found.ike is not None
    assert (found.ike.exchange, found.ike.response, found.ike.message_id) == ("IKE_AUTH", True, 1)


def test_a_later_fragment_tells_nothing_but_addresses() -> None:
    later = bytes([17, 0]) + (185 << 3).to_bytes(2) + bytes(4) + bytes(40)

    found = ike_header.decode(ipv6(44, later))

    assert found is not None
    assert (found.fragment, found.sport, found.ike) == (True, None, None)


@pytest.mark.parametrize("packet", [b"", b"\x45", b"\x60" + bytes(20), b"\x00" * 60, ipv6(17, b"\x11")])
def test_bytes_that_are_cut_short_are_not_guessed_at(packet: bytes) -> None:
    found = ike_header.decode(packet)

    assert found is None or (found.ike is None and found.spi == "")
