"""The traffic exercise: how far test packets come, told by the four SA counters and by both outside interfaces.

Request encrypted - decrypted - answer encrypted - decrypted are the quadrants of taxonomy T3. A ping that is
answered is no proof by itself (taxonomy J15): it may have travelled in clear.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Final

from wizard.facts.derive.running import tunnel_children
from wizard.facts.derive.witness import Witness
from wizard.facts.firewall import counters_moved
from wizard.facts.parsers import counters
from wizard.facts.parsers.tcpdump import CapturedPacket
from wizard.facts.tunnel import ChildSa, IkeSa

CAPTURE: Final = "traffic-capture"
SAS: Final = "sas-after"
KERNEL: Final = "kernel-counters-after"
RULES: Final = "firewall-after"
TUNNEL_PING: Final = "tunnel-ping"
REMOTE_PING: Final = "remote-host-ping"
LAN_PING: Final = "lan-host-ping"
OUTSIDE_PING: Final = "outside-ping"
GUESS_PING: Final = "guessed-address-ping"
_ESP: Final = frozenset({"esp", "espinudp"})


def facts(starter: Witness, answerer: Witness | None) -> None:
    """Writes what both ends saw into their notebooks; the answerer is None where it cannot be looked at."""
    book = starter.book
    book.note("test_source_known", starter.focus.probe_source is not None)
    target = answerer.focus.probe_target if answerer is not None else starter.focus.probe_target
    book.note("remote_host_known", target is not None)
    told = any(probe in starter.pings for probe in (TUNNEL_PING, REMOTE_PING))
    guess = starter.pings.get(GUESS_PING)
    answered = guess is not None and guess.answered is True
    for witness, out, into in (
        (starter, "request_encrypted", "reply_decrypted"),
        (answerer, "reply_encrypted", "request_decrypted"),
    ):
        if witness is not None:
            _moved(witness, out, "out", sent=witness is not starter or told or guess is not None)
            _moved(witness, into, "in", sent=witness is not starter or told or answered)
            _errors(witness)
            _pinged(witness, LAN_PING, "lan_host_ping")
    # An address nobody named proves something when it answers, and nothing when it does not.
    _pinged(starter, GUESS_PING if answered else TUNNEL_PING, "tunnel_ping")
    _pinged(starter, REMOTE_PING, "remote_host_ping")
    _pinged(starter, OUTSIDE_PING, "outside_ping")
    _seen(starter, "request_esp_left", True)
    _seen(starter, "reply_esp_arrived", False)
    if answerer is not None:
        _seen(answerer, "request_esp_arrived", False)
        _seen(answerer, "reply_esp_left", True)
    _plaintext(starter)


def _moved(witness: Witness, name: str, way: str, *, sent: bool) -> None:
    """Whether this tunnel's SAs counted packets that way during the test; unknown where none was to be expected."""
    book = witness.book
    if not sent:
        book.unknown(name, "no address behind the other gateway is known to test with")
        return
    if witness.sas_before is None or witness.sas_after is None:
        book.unknown(name, "the SA counters could not be read")
        return
    after = _packets(witness, witness.sas_after, way)
    if not after:
        book.unknown(name, "no CHILD SA was installed during the test")
        return
    before = _packets(witness, witness.sas_before, way)
    rise = sum(count - before.get(spi, 0) for spi, count in after.items())
    spis = ", ".join(after)
    book.note(name, rise > 0, book.cite(SAS, f"{way} {spis}: {rise} packets more than before the test"))


def _packets(witness: Witness, sas: tuple[IkeSa, ...], way: str) -> dict[str, int]:
    children = [child for sa in sas if sa.name == witness.focus.name for child in sa.children]
    named = [child for child in children if child.name == witness.focus.child_name]
    return {_spi(child, way): _count(child, way) for child in named or children}


def _count(child: ChildSa, way: str) -> int:
    """Packets; bytes of a daemon that counts nothing else (pluto, where the kernel's list may not be read)."""
    packets, size = (
        (child.packets_in, child.bytes_in) if way == "in" else (child.packets_out, child.bytes_out)
    )
    return packets if packets is not None else size or 0


def _spi(child: ChildSa, way: str) -> str:
    return child.spi_in if way == "in" else child.spi_out


def _errors(witness: Witness) -> None:
    book = witness.book
    if witness.kernel_before is None or witness.kernel_after is None:
        book.unknown("xfrm_errors", "the kernel's counters could not be read")
        book.unknown("forward_errors", "the kernel's counters could not be read")
    else:
        rises = counters.rises(witness.kernel_before, witness.kernel_after)
        ipsec = [rise for rise in rises if rise.name.startswith(counters.XFRM_PREFIX)]
        lines = [book.cite(KERNEL, f"{rise.name} rose by {rise.by}", rise.name) for rise in ipsec]
        book.note("xfrm_errors", tuple(rise.name for rise in ipsec), *lines)
        forward = [rise for rise in rises if rise.name in counters.FORWARD_ERRORS]
        lines = [book.cite(KERNEL, f"{rise.name} rose by {rise.by}") for rise in forward]
        book.note("forward_errors", bool(forward), *lines)
    if witness.rules_before is None or witness.rules_after is None or not witness.rules_after.readable:
        book.unknown("drop_rules_hit", "the firewall's counters could not be read")
        return
    moved = counters_moved(witness.rules_before, witness.rules_after)
    lines = [
        book.cite(RULES, f"{one.chain}: {one.line} ({one.packets} more packets)", one.line) for one in moved
    ]
    book.note("drop_rules_hit", tuple(one.line for one in moved), *lines)


def _pinged(witness: Witness, probe: str, name: str) -> None:
    book = witness.book
    ping = witness.pings.get(probe)
    if ping is None or ping.answered is None:
        book.unknown(
            name, "there was nothing to ping" if ping is None else "the ping's answer could not be read"
        )
        return
    lines = [ping.line, *(error.line for error in ping.errors[:1])]
    book.note(name, ping.answered, *(book.cite(probe, line) for line in lines if line))


def _note_seen(witness: Witness, name: str, wanted: Callable[[CapturedPacket], bool], absent: str) -> None:
    book, capture = witness.book, witness.capture
    if capture is None or not capture.listening:
        book.unknown(name, "nothing could be captured there")
        return
    seen = [one for one in capture.packets if wanted(one)]
    line = seen[0].line if seen else f"({len(capture.packets)} packets captured, {absent})"
    book.note(name, bool(seen), book.cite(CAPTURE, line))


def _seen(witness: Witness, name: str, leaving: bool) -> None:
    """ESP of this tunnel's SAs on the wire, by SPI, so that other tunnels' packets do not count."""
    children = [
        child for sa in witness.sas_after or () if sa.name == witness.focus.name for child in sa.children
    ] or list(tunnel_children(witness.snapshot, witness.focus))
    spis = {_spi(child, "out" if leaving else "in") for child in children}
    if not spis:
        witness.book.unknown(name, "no CHILD SA was installed during the test")
        return
    way = "left" if leaving else "arrived"
    _note_seen(
        witness, name, lambda one: one.kind in _ESP and one.spi in spis, f"no ESP of this tunnel {way}"
    )


def _plaintext(starter: Witness) -> None:
    """Packets from the protected network, unencrypted, on their way out; what arrives decrypted does not count."""
    remote = starter.focus.remote_networks

    def wanted(one: CapturedPacket) -> bool:
        return one.kind == "plain" and one.direction != "in" and _within(one.dst, remote)

    _note_seen(starter, "plaintext_left", wanted, "no unencrypted packet for the remote network left")


def _within(address: str, networks: tuple[str, ...]) -> bool:
    try:
        own = ip_address(address)
        nets = [ip_network(text.partition("[")[0], strict=False) for text in networks if text != "dynamic"]
    except ValueError:
        return False
    return any(own.version == net.version and own in net for net in nets)
