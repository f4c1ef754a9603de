"""The four-point exercise: where an attempt to bring the tunnel up stops.

One attempt is watched at both outside interfaces. Request left - arrived - was taken; answer left - arrived -
was taken: each is a fact of the end that saw it, so that the trees can be walked from either side.
Sources: taxonomy 1.4-c (what dies where), RFC 7296 sections 1.2 and 2.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from wizard.facts.derive import running, second
from wizard.facts.derive.neighbourhood import way_to_peer
from wizard.facts.derive.pair import behind_nat
from wizard.facts.derive.witness import MAY_NOT_PING, Witness
from wizard.facts.model import Evidence
from wizard.facts.parsers.iproute import parse_neighbours
from wizard.facts.parsers.tcpdump import CapturedPacket
from wizard.facts.tunnel import IkeSa

CAPTURE: Final = second.CAPTURE
LOG: Final = second.LOG
ATTEMPT: Final = "ike-attempt"
PING: Final = "peer-ping"
NEXT_HOP: Final = "next-hop"
COUNTERS: Final = "ike-counters"
_IKE: Final = frozenset({"ike", "natt-ike"})
_UNANSWERED: Final = frozenset({"retransmit", "gave-up"})
_HEARD: Final = frozenset(
    {
        *(
            "packet-received",
            "peer-started",
            "proposal-selected",
            "auth-started",
            "auth-sent",
            "ike-up",
            "child-up",
        ),
        *("no-ike-config", "ike-proposal-unacceptable", "child-proposal-unacceptable", "ts-unacceptable"),
        *("psk-mac-mismatch", "no-peer-config", "peer-id-mismatch", "auth-method-mismatch", "mode-mismatch"),
        *(
            "undecryptable",
            "refusal-sent",
            "received-auth-failed",
            "received-no-proposal",
            "received-ts-unacceptable",
        ),
        *("received-no-proposal-child", "received-invalid-id", "received-error"),
    }
)
"""Events that a packet of the other end has to come before; pluto has no line for the packet alone."""
_NO_CAPTURE: Final = second.NO_CAPTURE


def facts(initiator: Witness, responder: Witness | None) -> None:
    """Writes what both ends saw into their notebooks; the responder is None where it cannot be looked at."""
    spis = _spis_of(initiator)
    _sent(initiator, spis)
    if responder is not None:
        _received(responder, initiator, spis)
        _called(initiator, responder)
    _answered(initiator, spis)
    for witness in (initiator, responder):
        if witness is not None:
            _events(witness)
            second.selection(witness, initiator)
            _carried(witness)
    _result(initiator)
    _next_hop(initiator)
    _ping(initiator, responder)


def _carried(witness: Witness) -> None:
    """What the tunnel carries once it has come up; before, there was nothing to say."""
    ours = [sa for sa in witness.sas_after or () if sa.name == witness.focus.name]
    children = running.installed(ours, witness.focus)
    if children:
        running.carried_by(witness.book, witness.focus, children)


# --- packets ---------------------------------------------------------------------------------------


def _ike_packets(witness: Witness) -> list[CapturedPacket]:
    """IKE packets seen at this end that belong to no other tunnel of the same gateway."""
    if witness.capture is None:
        return []
    foreign = {
        spi
        for sa in (*(witness.sas_before or ()), *(witness.sas_after or ()))
        if sa.name not in (witness.focus.name, "", "(unnamed)")
        for spi in (sa.initiator_spi,)
    }
    return [one for one in witness.capture.packets if one.kind in _IKE and one.initiator_spi not in foreign]


def _own(witness: Witness) -> frozenset[str]:
    return frozenset(witness.snapshot.addresses())


def _spis_of(initiator: Witness) -> frozenset[str]:
    """The initiator SPIs of the attempt: those of the packets that left for the peer."""
    own, peers = _own(initiator), initiator.focus.peer_addresses
    return frozenset(
        one.initiator_spi
        for one in _ike_packets(initiator)
        if one.src in own and (not peers or one.dst in peers) and one.initiator_spi and not one.response
    )


def _of_attempt(witness: Witness, spis: frozenset[str]) -> list[CapturedPacket]:
    if not spis or witness.capture is None:
        return _ike_packets(witness)
    # By its SPI a packet is the attempt's, whatever connection the answering daemon took for it.
    return [one for one in witness.capture.packets if one.kind in _IKE and one.initiator_spi in spis]


def _note_seen(
    witness: Witness,
    name: str,
    packets: list[CapturedPacket],
    wanted: Callable[[CapturedPacket], bool],
    absent: str,
) -> None:
    """A fact on whether such a packet was seen; without a working capture it stays unknown."""
    book, capture = witness.book, witness.capture
    if capture is None or not capture.listening:
        book.unknown(name, _NO_CAPTURE)
        return
    seen = [one for one in packets if wanted(one)]
    line = seen[0].line if seen else f"({len(capture.packets)} packets captured, {absent})"
    book.note(name, bool(seen), book.cite(CAPTURE, line))


def _sent(initiator: Witness, spis: frozenset[str]) -> None:
    own, packets = _own(initiator), _of_attempt(initiator, spis)
    _note_seen(
        initiator,
        "ike_request_left",
        packets,
        lambda one: one.src in own and not one.response,
        "no IKE request left",
    )
    _note_seen(
        initiator,
        "auth_request_left",
        packets,
        lambda one: one.src in own and not one.response and second.is_second(one),
        "no IKE_AUTH left",
    )
    second.sent(initiator, [one for one in packets if one.src in own and not one.response])


def _called(initiator: Witness, responder: Witness) -> None:
    """Whether the request was sent to an address of the other gateway: a name may resolve to any address."""
    own, held = _own(initiator), _own(responder)
    requests = [one for one in _ike_packets(initiator) if one.src in own and not one.response]
    called = {one.dst for one in requests}
    if not called or not held:
        return
    if called & held:
        initiator.book.note("peer_address_fits", True, initiator.book.cite(CAPTURE, requests[0].line))
    elif not behind_nat(responder.focus):
        lines = [initiator.book.cite(CAPTURE, requests[0].line)]
        lines.append(responder.book.cite("addresses", f"addresses: {', '.join(sorted(held))}"))
        initiator.book.note("peer_address_fits", False, *lines)


def _received(responder: Witness, initiator: Witness, spis: frozenset[str]) -> None:
    own, packets = _own(responder), _of_attempt(responder, spis)
    if not spis:
        # Without a capture at the initiator its packets are known by their source only.
        sources = {*_own(initiator), *responder.focus.peer_addresses}
        packets = [one for one in packets if one.src in sources or one.dst in sources]
    for name, later, requested, absent in (
        ("ike_request_arrived", False, True, "no IKE request arrived"),
        ("auth_request_arrived", True, True, "no IKE_AUTH arrived"),
        ("ike_reply_left", False, False, "no IKE answer left"),
        ("auth_reply_left", True, False, "no answer to IKE_AUTH left"),
    ):

        def wanted(one: CapturedPacket, later: bool = later, requested: bool = requested) -> bool:
            if later and not second.is_second(one):
                return False
            if requested:
                return one.src not in own and not one.response
            return one.src in own and (bool(one.response) or one.version == 1)

        _note_seen(responder, name, packets, wanted, absent)
    _accepted(responder, "ike_request_accepted", "ike-init-in-req")
    second.received(responder, initiator, [one for one in packets if one.src not in own and not one.response])


def _answered(initiator: Witness, spis: frozenset[str]) -> None:
    own, packets = _own(initiator), _of_attempt(initiator, spis)
    for name, later, absent in (
        ("ike_reply_arrived", False, "no IKE answer arrived"),
        ("auth_reply_arrived", True, "no answer to IKE_AUTH arrived"),
    ):

        def wanted(one: CapturedPacket, later: bool = later) -> bool:
            answer = bool(one.response) or one.version == 1
            return one.src not in own and (not later or (second.is_second(one) and answer))

        _note_seen(initiator, name, packets, wanted, absent)
    repeated = next((event for event in initiator.events or () if event.name in _UNANSWERED), None)
    listened = initiator.capture is not None and initiator.capture.listening
    if repeated is not None and listened and not any(one.src not in own for one in packets):
        # What the daemon took meanwhile belongs to an attempt of the other end.
        initiator.book.note("ike_reply_accepted", False, initiator.book.cite(LOG, repeated.line))
    else:
        _accepted(initiator, "ike_reply_accepted", "ike-init-in-resp")


# --- what the daemon took --------------------------------------------------------------------------


def _accepted(witness: Witness, name: str, counter: str) -> None:
    """Whether the daemon took a packet of the other end: its log says so, or its own counters."""
    book = witness.book
    received = [event for event in witness.events or () if event.name in _heard(witness)]
    received += witness.choices
    if received:
        book.note(name, True, book.cite(LOG, received[0].line))
        return
    rise = _rise(witness, counter)
    if rise is not None and rise > 0:
        book.note(name, True, book.cite(COUNTERS, f"{counter} rose by {rise}"))
    elif (witness.events is not None and not witness.quiet) or rise is not None:
        lines = [book.cite(LOG, "(no packet from the peer in the log)")] if witness.events is not None else []
        if rise is not None:
            lines.append(book.cite(COUNTERS, f"{counter} did not rise"))
        book.note(name, False, *lines)
    else:
        book.unknown(name, "neither the daemon's log nor its counters say it")


def _heard(witness: Witness) -> frozenset[str]:
    """The events that show a packet came in; a key is looked for before the first packet or after an answer."""
    names = {event.name for event in witness.events or ()}
    return _HEARD | {"no-shared-key"} if "packet-sent" in names else _HEARD


def _rise(witness: Witness, counter: str) -> int | None:
    """How far a counter rose; None where the daemon keeps none (IKEv1 never counts, taxonomy 1.4-c)."""
    if not witness.ike_before or not witness.ike_after:
        return None
    if counter not in witness.ike_before or counter not in witness.ike_after:
        return None
    return witness.ike_after[counter] - witness.ike_before[counter]


def _events(witness: Witness) -> None:
    book = witness.book
    if witness.events is None:
        book.unknown("ike_events", "the daemon's log could not be read")
        return
    names = tuple(dict.fromkeys(event.name for event in witness.events))
    book.note("ike_events", names, *_first_lines(witness))


def _first_lines(witness: Witness) -> Iterable[Evidence]:
    seen: set[str] = set()
    for event in witness.events or ():
        if event.name not in seen:
            seen.add(event.name)
            yield witness.book.cite(LOG, event.line, event.name)


# --- the result ------------------------------------------------------------------------------------


def _result(initiator: Witness) -> None:
    """How the attempt went, from the SAs it left and the words it used; exit codes lie (taxonomy J13, J14)."""
    book = initiator.book
    names = {event.name for event in initiator.events or ()}
    ours = [sa for sa in initiator.sas_after or () if sa.name == initiator.focus.name]
    installed = [
        child
        for sa in ours
        for child in sa.children
        if _is_ours(child.name, initiator) and child.state == "installed"
    ]
    said = _attempt_lines(initiator)
    line = book.cite(ATTEMPT, said[-1] if said else "(the attempt printed nothing)")
    if installed:
        word = "up"
    elif _established(ours):
        word = "child-refused"
    elif names & {"received-auth-failed", "received-no-proposal", "received-invalid-id", "received-error"}:
        word = "refused"
    elif not said and initiator.events is None:
        book.unknown("attempt_result", initiator.snapshot.missing(ATTEMPT))
        return
    elif "packet-sent" not in names and not names & _heard(initiator):
        word = "not-started"
    elif not names & _heard(initiator) or names & {"gave-up", "retransmit"}:
        word = "no-answer"
    else:
        word = "refused"
    book.note("attempt_result", word, line)


def _is_ours(child: str, initiator: Witness) -> bool:
    return not initiator.focus.child_name or child == initiator.focus.child_name


def _established(sas: list[IkeSa]) -> bool:
    return any(sa.state in ("established", "rekeying") for sa in sas)


def _attempt_lines(initiator: Witness) -> list[str]:
    output = initiator.snapshot.outputs.get(ATTEMPT)
    if output is None or output.problem:
        return []
    return [line for line in f"{output.stdout}\n{output.stderr}".splitlines() if line.strip()]


# --- is it only IKE? -------------------------------------------------------------------------------


def _next_hop(initiator: Witness) -> None:
    """Whether the machine on the line that packets to the peer are handed to has told its hardware address."""
    book, seen = initiator.book, initiator.snapshot.outputs.get(NEXT_HOP)
    way = way_to_peer(initiator.snapshot, initiator.focus)
    if way is None or seen is None or seen.problem is not None:
        book.unknown("next_hop_answers", "the way to the peer or the neighbours on it are not known")
        return
    hop = way.gateway or way.address
    told = next((one for one in parse_neighbours(seen.stdout) if one.address == hop), None)
    if told is None:
        book.unknown("next_hop_answers", f"the kernel has not asked for {hop}")
    else:
        book.note("next_hop_answers", told.alive, book.cite(NEXT_HOP, told.line))


def _ping(initiator: Witness, responder: Witness | None) -> None:
    book = initiator.book
    ping = initiator.pings.get(PING)
    if ping is None or ping.answered is None:
        refused = ping is not None and ping.refused
        book.unknown("peer_ping", MAY_NOT_PING if refused else initiator.snapshot.missing(PING))
    else:
        lines = [ping.line, *(error.line for error in ping.errors[:1])]
        book.note("peer_ping", ping.answered, *(book.cite(PING, line) for line in lines if line))
    if responder is None:
        return
    own = _own(responder)
    sources = {*_own(initiator), *responder.focus.peer_addresses}
    capture = responder.capture
    if capture is None or not capture.listening:
        responder.book.unknown("peer_ping_arrived", _NO_CAPTURE)
        return
    seen = [
        one for one in capture.packets if one.proto == "icmp" and one.src in sources and one.src not in own
    ]
    line = seen[0].line if seen else "(no ping of the peer arrived)"
    responder.book.note("peer_ping_arrived", bool(seen), responder.book.cite(CAPTURE, line))
