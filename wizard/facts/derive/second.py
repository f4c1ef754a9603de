"""The second exchange of an attempt: how IKE_AUTH travels, whether it was taken, and for which connection.

It is larger than the first one and may move to UDP 4500, so it can be lost where the first one passed.
Sources: taxonomy 1.4-c, C03, C10, B05; RFC 3947 section 4; RFC 7296 section 2.23.
"""

from __future__ import annotations

from typing import Final

from wizard.facts.derive.running import ike_line
from wizard.facts.derive.witness import Witness
from wizard.facts.parsers.charon_log import LogEvent
from wizard.facts.parsers.tcpdump import CapturedPacket

CAPTURE: Final = "ike-capture"
LOG: Final = "ike-log"
SAS: Final = "sas-after"
NO_CAPTURE: Final = "nothing could be captured there"
IKE_PORTS: Final = frozenset({500, 4500})
_MERGED_BY: Final = ("version", "local_addrs", "remote_addrs", "local", "remote", "proposals")
_FIRST_V1: Final = frozenset({"MAIN", "AGGRESSIVE"})
_TAKEN: Final = frozenset(
    {
        "looking-for-peer",
        "peer-config-selected",
        "no-peer-config",
        "psk-mac-mismatch",
        "no-shared-key",
        "no-trusted-key",
        "undecryptable",
        "auth-accepted",
        "ike-up",
    }
)
"""Events an answering daemon has only after it took the second exchange's request."""


def is_second(packet: CapturedPacket) -> bool:
    """Whether it belongs to IKE_AUTH, or to the part of IKEv1's first phase that proves identities."""
    if packet.version == 1:
        return packet.exchange in _FIRST_V1 and (packet.encrypted is True or packet.kind == "natt-ike")
    return packet.exchange == "IKE_AUTH"


def sent(initiator: Witness, packets: list[CapturedPacket]) -> None:
    """How the second request left: by which port, and in one piece or in IP fragments."""
    book, capture = initiator.book, initiator.capture
    names = ("auth_request_fragmented", "auth_on_natt_port")
    later = [one for one in packets if is_second(one)]
    if capture is None or not capture.listening or not later:
        why = NO_CAPTURE if capture is None or not capture.listening else "it did not come to IKE_AUTH"
        for name in names:
            book.unknown(name, why)
        return
    pieces = next((one for one in later if one.fragmented), None)
    book.note(names[0], pieces is not None, book.cite(CAPTURE, (pieces or later[0]).line))
    book.note(names[1], any(one.kind == "natt-ike" for one in later), book.cite(CAPTURE, later[0].line))


def received(responder: Witness, initiator: Witness, packets: list[CapturedPacket]) -> None:
    """From where the request came, as seen at the end it came to, and whether the daemon took the second one."""
    book = responder.book
    if not packets:
        why = "no request was seen there"
        for name in ("ike_source_port_kept", "source_translated"):
            book.unknown(name, why)
    else:
        first = packets[0]
        kept = first.sport in IKE_PORTS if first.sport is not None else None
        line = book.cite(CAPTURE, first.line)
        book.note("ike_source_port_kept", kept, line, why_unknown="the capture does not show the port")
        own = initiator.snapshot.addresses()
        why = "the addresses of the other end are not known"
        book.note("source_translated", first.src not in own if own else None, line, why_unknown=why)
    events = responder.events
    if events is None:
        book.unknown("auth_request_accepted", "the daemon's log could not be read")
        return
    taken = next((event for event in events if event.name in _TAKEN or _whole(event)), None)
    heard = next((event for event in events if event.name == "packet-received"), None)
    if taken is not None:
        book.note("auth_request_accepted", True, book.cite(LOG, taken.line))
    elif heard is not None:
        book.note("auth_request_accepted", False, book.cite(LOG, "(no IKE_AUTH was taken, by the log)"))
    else:
        book.unknown("auth_request_accepted", "the log does not tell one packet from another")


def _whole(event: LogEvent) -> bool:
    """Whether the line says the second request was taken apart, not just one piece of it (EF: a fragment)."""
    if event.name != "exchange-received" or event.groups.get("kind") != "request" or "[ EF(" in event.line:
        return False
    proves = event.groups.get("exchange") == "IKE_AUTH"
    return proves or (event.groups.get("exchange") == "ID_PROT" and "[ ID " in event.line)


def selection(witness: Witness, initiator: Witness) -> None:
    """Which of its connections the daemon took for the peer; the initiator takes the one it was told."""
    book, focus = witness.book, witness.focus
    if witness is initiator or not focus.name:
        return
    spis = {sa.initiator_spi for sa in initiator.sas_after or () if sa.name == initiator.focus.name}
    listed = [
        sa
        for sa in witness.sas_after or ()
        if sa.initiator_spi in spis and sa.initiator_spi and sa.name not in ("", "(unnamed)")
    ]
    logged = [event for event in witness.choices if event.groups.get("conn")]
    if listed:
        name, line = listed[-1].name, book.cite(SAS, ike_line(listed[-1]))
    elif logged:
        name, line = logged[-1].groups["conn"], book.cite(LOG, logged[-1].line)
    else:
        for fact in ("selected_connection", "selected_other"):
            book.unknown(fact, "it did not come to choosing a connection, or the log does not say")
        return
    book.note("selected_connection", name, line)
    book.note("selected_other", name != focus.name and not _merged(witness, name), line)


def _merged(witness: Witness, name: str) -> bool:
    """Whether that name stands for the meant connection, too.

    charon with ipsec.conf makes one connection of all that differ in their networks only, and calls it by the
    first one's name; pluto's templates and instances bear one name.
    """
    disk, meant = witness.snapshot.disk, witness.focus.on_disk
    if disk is None or meant is None or disk.dialect == "swanctl":
        return False
    chosen = next((one for one in disk.connections if one.name == name), None)
    return chosen is not None and all(getattr(chosen, field) == getattr(meant, field) for field in _MERGED_BY)
