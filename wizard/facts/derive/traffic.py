"""The traffic exercise: how far test packets come, told by the kernel's SA counters and by both outside interfaces.

Request encrypted - decrypted - answer encrypted - decrypted are the quadrants of taxonomy T3. A ping that is
answered is no proof by itself (taxonomy J15): it may have travelled in clear. One end sends, then the other; the
look between them tells whose packets were counted, and its time whose were captured.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Final

from wizard.facts import firewall
from wizard.facts.derive.losses import losses
from wizard.facts.derive.running import tunnel_children
from wizard.facts.derive.tags import (
    AFTER,
    BETWEEN,
    BEYOND_PING,
    CAPTURE,
    GUESS_PING,
    KERNEL,
    LAN_PING,
    OUTSIDE_PING,
    PINGS,
    REMOTE_PING,
    RULES,
    TUNNEL_PING,
)
from wizard.facts.derive.witness import MAY_NOT_PING, Witness
from wizard.facts.parsers import counters
from wizard.facts.parsers.tcpdump import CapturedPacket
from wizard.facts.parsers.xfrm import SecurityAssociation
from wizard.facts.tunnel import ChildSa
from wizard.records import dataclass

_WIRE: Final = frozenset({"esp", "espinudp", "ah"})
_States = tuple[SecurityAssociation, ...] | None


@dataclass(frozen=True, slots=True)
class _Turn:
    """One end's test packets as one end saw them: its own where it was the sender."""

    witness: Witness
    sender: bool
    sent: int
    """Test packets the sender got as far as sending into the tunnel."""
    before: _States
    after: _States
    captured: tuple[CapturedPacket, ...]
    probe: str
    """Which look's output is the evidence."""


def facts(starter: Witness, answerer: Witness | None) -> None:
    """Writes what both ends saw into their notebooks; the answerer is None where it cannot be looked at."""
    for witness, peer in ((starter, answerer), (answerer, starter)):
        if witness is None:
            continue
        book = witness.book
        book.note("test_source_known", witness.focus.probe_source is not None)
        target = peer.focus.probe_target if peer is not None else witness.focus.probe_target
        book.note("remote_host_known", target is not None)
        _pings(witness)
        losses(witness)
        _errors(witness)
    for first in (True, False):
        sender, receiver = (starter, answerer) if first else (answerer, starter)
        if sender is None:
            continue
        sent = _sent(sender)
        _sender(_turn(sender, first, sent, sender=True))
        if receiver is not None:
            _receiver(_turn(receiver, first, sent, sender=False))


def _sent(sender: Witness) -> int:
    guess = sender.pings.get(GUESS_PING)
    tags = [TUNNEL_PING, REMOTE_PING, *([GUESS_PING] if guess is not None else [])]
    return sum(ping.transmitted or 0 for tag in tags if (ping := sender.pings.get(tag)) is not None)


def _turn(witness: Witness, first: bool, sent: int, *, sender: bool) -> _Turn:
    """The part of what an end saw that belongs to the first sender's packets, or to the second's."""
    packets = witness.capture.packets if witness.capture is not None else ()
    border = witness.between_s
    if border is not None:
        packets = tuple(one for one in packets if (one.time_s < border) == first)
    before, after = (
        (witness.states_before, witness.states_between)
        if first
        else (witness.states_between, witness.states_after)
    )
    return _Turn(witness, sender, sent, before, after, packets, BETWEEN if first else AFTER)


def _sender(turn: _Turn) -> None:
    book, guess = turn.witness.book, turn.witness.pings.get(GUESS_PING)
    told = any(tag in turn.witness.pings for tag in (TUNNEL_PING, REMOTE_PING))
    if not told and guess is None:
        for name in ("request_encrypted", "reply_decrypted"):
            book.unknown(name, "no address behind the other gateway is known to test with")
    elif not turn.sent:
        why = (
            MAY_NOT_PING
            if turn.witness.may_not_ping
            else "this gateway could not send its test packets at all"
        )
        for name in ("request_encrypted", "reply_decrypted"):
            book.unknown(name, why)
    else:
        _moved(turn, "request_encrypted", "out")
        # An address nobody named proves something when it answers, and nothing when it does not.
        if told or (guess is not None and guess.answered):
            _moved(turn, "reply_decrypted", "in")
        else:
            book.unknown("reply_decrypted", "no address behind the other gateway is known to test with")
    _seen(turn, "request_esp_left", leaving=True)
    _seen(turn, "reply_esp_arrived", leaving=False)
    _plaintext(turn)


def _receiver(turn: _Turn) -> None:
    if turn.sent:
        _moved(turn, "request_decrypted", "in")
        _moved(turn, "reply_encrypted", "out")
    else:
        for name in ("request_decrypted", "reply_encrypted"):
            turn.witness.book.unknown(name, "the other end sent no test packets")
    _seen(turn, "request_esp_arrived", leaving=False)
    _seen(turn, "reply_esp_left", leaving=True)


def _children(witness: Witness) -> tuple[ChildSa, ...]:
    """This tunnel's SAs: as read first, or as listed after the test where there were none yet."""
    known = tunnel_children(witness.snapshot, witness.focus)
    listed = [
        child for sa in witness.sas_after or () if sa.name == witness.focus.name for child in sa.children
    ]
    named = tuple(child for child in listed if child.name == witness.focus.child_name)
    return named or tuple(listed) or known


def _spis(witness: Witness, way: str) -> set[str]:
    return {spi for child in _children(witness) if (spi := child.spi_in if way == "in" else child.spi_out)}


def _moved(turn: _Turn, name: str, way: str) -> None:
    """Whether this tunnel's SAs counted as many packets that way as were sent; half of them will do.

    Other traffic through the tunnel counts, too, so that one packet would prove nothing.
    """
    book = turn.witness.book
    spis = _spis(turn.witness, way)
    if not spis:
        book.unknown(name, "no CHILD SA was installed during the test")
        return
    if turn.after is None:
        book.unknown(name, "the kernel's SA counters could not be read")
        return
    then = {state.spi: state.packets or 0 for state in turn.before or ()}
    counted = {state.spi: state.packets or 0 for state in turn.after if state.spi in spis}
    if not counted:
        line = f"(none of the SPIs {', '.join(sorted(spis))} is in the kernel)"
        book.note(name, False, book.cite(turn.probe, line))
        return
    rise = sum(count - then.get(spi, 0) for spi, count in counted.items())
    wanted = max(1, (turn.sent + 1) // 2) if way == "out" and turn.sender else 1
    line = f"{way} {', '.join(sorted(counted))}: {rise} packets more than before the test of {turn.sent}"
    book.note(name, rise >= wanted, book.cite(turn.probe, line))


def _errors(witness: Witness) -> None:
    book = witness.book
    if witness.kernel_before is None or witness.kernel_after is None:
        for name in ("xfrm_errors", "kernel_errors", "forward_errors", "echo_arrived"):
            book.unknown(name, "the kernel's counters could not be read")
    else:
        _echoes(witness, witness.kernel_before, witness.kernel_after)
        rises = counters.rises(witness.kernel_before, witness.kernel_after)
        ipsec = [rise for rise in rises if rise.name.startswith(counters.XFRM_PREFIX)]
        lines = [book.cite(KERNEL, f"{rise.name} rose by {rise.by}", rise.name) for rise in ipsec]
        book.note("xfrm_errors", tuple(rise.name for rise in ipsec), *lines)
        forward = [rise for rise in rises if rise.name in counters.FORWARD_ERRORS]
        lines = [book.cite(KERNEL, f"{rise.name} rose by {rise.by}", rise.name) for rise in forward]
        book.note("forward_errors", bool(forward), *lines)
        book.note("kernel_errors", tuple(rise.name for rise in forward), *lines)
    before, after = witness.snapshot.ruleset, witness.rules_after
    if before is not None and before.readable and not before.drops:
        book.note("drop_rules_hit", ())
        return
    if before is None or not before.readable or after is None or not after.readable:
        book.unknown("drop_rules_hit", "the firewall's counters could not be read")
        return
    moved = {
        one.line: one for packet in _inner(witness) for one in firewall.counters_moved(before, after, packet)
    }
    lines = [
        book.cite(RULES, f"{one.chain}: {one.line} ({one.packets} more packets)", one.line)
        for one in moved.values()
    ]
    book.note("drop_rules_hit", tuple(moved), *lines)


def _echoes(witness: Witness, before: counters.Counters, after: counters.Counters) -> None:
    name = "Icmp6InEchos" if ":" in (witness.focus.local_address or "") else "IcmpInEchos"
    then, now = before.get(name), after.get(name)
    if then is None or now is None:
        witness.book.unknown("echo_arrived", "the kernel does not count pings")
        return
    line = f"{name} {then.value} before the test, {now.value} after it"
    witness.book.note("echo_arrived", now.value > then.value, witness.book.cite(KERNEL, line, now.line))


def _inner(witness: Witness) -> list[firewall.Packet]:
    """The packets of the test before encryption and after decryption, as rules see them."""
    focus = witness.focus
    pairs = [
        (local.partition("[")[0], remote.partition("[")[0])
        for local in focus.local_networks
        for remote in focus.remote_networks
        if "dynamic" not in (local, remote)
    ]
    return [
        firewall.Packet(src=src, dst=dst, proto="icmp", ipsec_in=arriving, ipsec_out=not arriving)
        for local, remote in pairs
        for src, dst, arriving in ((local, remote, False), (remote, local, True))
    ]


def _pings(witness: Witness) -> None:
    guess = witness.pings.get(GUESS_PING)
    answered = guess is not None and guess.answered is True
    witness.note_ping(PINGS, LAN_PING, "lan_host_ping")
    witness.note_ping(PINGS, BEYOND_PING, "lan_host_answers_beyond")
    witness.note_ping(PINGS, GUESS_PING if answered else TUNNEL_PING, "tunnel_ping")
    witness.note_ping(PINGS, REMOTE_PING, "remote_host_ping")
    witness.note_ping(PINGS, OUTSIDE_PING, "outside_ping")


def _note_seen(turn: _Turn, name: str, wanted: Callable[[CapturedPacket], bool], absent: str) -> None:
    book, capture = turn.witness.book, turn.witness.capture
    if capture is None or not capture.listening:
        book.unknown(name, "nothing could be captured there")
        return
    seen = [one for one in turn.captured if wanted(one)]
    line = seen[0].line if seen else f"({len(turn.captured)} packets captured, {absent})"
    book.note(name, bool(seen), book.cite(CAPTURE, line))


def _seen(turn: _Turn, name: str, *, leaving: bool) -> None:
    """ESP of this tunnel's SAs on the wire, by SPI, so that other tunnels' packets do not count.

    What arrives with an SPI nobody has here counts too: the peer may hold another SA.
    """
    spis = _spis(turn.witness, "out" if leaving else "in")
    if not spis:
        turn.witness.book.unknown(name, "no CHILD SA was installed during the test")
        return
    own = _spis(turn.witness, "out")
    peers = set(turn.witness.focus.peer_addresses)
    way = "left" if leaving else "arrived"

    def wanted(one: CapturedPacket) -> bool:
        if one.kind not in _WIRE:
            return False
        strange = not leaving and one.src in peers and one.spi not in own and turn.witness.strange(one.spi)
        return one.spi in spis or strange

    _note_seen(turn, name, wanted, f"no ESP of this tunnel {way}")


def _plaintext(turn: _Turn) -> None:
    """Packets from the protected network, unencrypted, on their way out; what arrives decrypted does not count."""
    remote = turn.witness.focus.remote_networks

    def wanted(one: CapturedPacket) -> bool:
        return one.kind == "plain" and one.direction != "in" and _within(one.dst, remote)

    _note_seen(turn, "plaintext_left", wanted, "no unencrypted packet for the remote network left")


def _within(address: str, networks: tuple[str, ...]) -> bool:
    try:
        own = ip_address(address)
        nets = [ip_network(text.partition("[")[0], strict=False) for text in networks if text != "dynamic"]
    except ValueError:
        return False
    return any(own.version == net.version and own in net for net in nets)
