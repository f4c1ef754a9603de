"""How IKE_AUTH travels, and which connection the answering end takes, as seen by two witnesses."""

from __future__ import annotations

from dataclasses import replace

from tests.facts.life.gateway import connection, event, read, value
from wizard.facts.derive import second
from wizard.facts.derive.witness import Witness
from wizard.facts.parsers.charon_log import LogEvent
from wizard.facts.parsers.tcpdump import Capture, CapturedPacket
from wizard.facts.tunnel import Configuration, IkeSa

SENT = CapturedPacket(
    1.0,
    "192.0.2.1",
    "198.51.100.1",
    4500,
    4500,
    "natt-ike",
    "IKE_AUTH",
    2,
    response=False,
    initiator_spi="a1",
)


def witness(end: str, *packets: CapturedPacket, **fields: object) -> Witness:
    """One end that captured these packets."""
    book, focus = read("near" if end == "near" else "far", connection())
    return Witness(book, focus, book.snapshot, capture=Capture(packets, listening=True), **fields)  # type: ignore[arg-type]


def test_a_big_request_leaves_in_fragments_by_the_nat_port() -> None:
    near = witness("near")
    second.sent(near, [replace(SENT, fragmented=True)])
    assert value(near.book, "auth_request_fragmented") is True
    assert value(near.book, "auth_on_natt_port") is True


def test_without_a_second_request_nothing_is_said_of_it() -> None:
    near = witness("near")
    second.sent(near, [replace(SENT, exchange="IKE_SA_INIT")])
    assert value(near.book, "auth_request_fragmented") is None


def test_ikev1_proves_identities_in_encrypted_main_mode_messages() -> None:
    fifth = replace(SENT, version=1, exchange="MAIN", kind="ike", encrypted=True)
    assert second.is_second(fifth)
    assert not second.is_second(replace(fifth, encrypted=False))


def test_a_request_from_another_port_and_address_has_met_a_nat() -> None:
    near, far = witness("near"), witness("far", events=())
    second.received(far, near, [replace(SENT, src="203.0.113.9", sport=61000)])
    assert value(far.book, "ike_source_port_kept") is False
    assert value(far.book, "auth_request_accepted") is None


def test_one_piece_of_a_request_is_not_the_request() -> None:
    near = witness("near")
    heard = event(1, "packet-received")
    piece = LogEvent(
        "exchange-received",
        "parsed IKE_AUTH request 1 [ EF(1/2) ]",
        {"exchange": "IKE_AUTH", "kind": "request"},
    )
    whole = replace(piece, line="parsed IKE_AUTH request 1 [ IDi AUTH SA ]")
    for events, taken in (((heard, piece), False), ((heard, piece, whole), True)):
        far = witness("far", events=events)
        second.received(far, near, [SENT])
        assert value(far.book, "auth_request_accepted") is taken


def test_the_connection_taken_is_the_one_the_sa_bears() -> None:
    near = witness("near", sas_after=(IkeSa("site", initiator_spi="a1"),))
    far = witness("far", sas_after=(IkeSa("old", initiator_spi="a1", line="old: #1"),))
    second.selection(far, near)
    assert value(far.book, "selected_connection") == "old"
    assert value(far.book, "selected_other") is True


def test_connections_of_ipsec_conf_that_differ_in_networks_only_are_one() -> None:
    first, meant = replace(connection(), name="first"), connection()
    near = witness("near", sas_after=(IkeSa("site", initiator_spi="a1"),))
    far = witness("far", sas_after=(IkeSa("first", initiator_spi="a1", line="first[1]"),))
    merged = Configuration((first, meant), dialect="ipsec.conf", files=("ipsec.conf",))
    far = replace(far, snapshot=replace(far.snapshot, disk=merged))
    second.selection(far, near)
    assert value(far.book, "selected_other") is False
