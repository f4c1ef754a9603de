"""Path MTU: which packets get through unfragmented, inside the tunnel and outside, and what fits both ways.

A gateway that takes a packet into the tunnel and never hears that it was too large is a black hole; one that
says so at once, or is told by ICMP, is as it should be.
"""

from __future__ import annotations

from typing import Final

from wizard.facts.derive.running import tunnel_children
from wizard.facts.derive.witness import Witness
from wizard.facts.focus import Focus
from wizard.facts.model import Fact
from wizard.facts.overhead import inside_mtu, mss
from wizard.facts.parsers.ping import Ping
from wizard.facts.parsers.xfrm import SecurityAssociation
from wizard.facts.snapshot import Snapshot

CAPTURE: Final = "mtu-capture"
PINGS: Final = "mtu-pings"
INSIDE: Final = "inside"
OUTSIDE: Final = "outside"
PATHS: Final = (1500, 1492, 1460, 1420, 1400, 1350, 1300, 1280, 1200, 1000, 576)
"""MTUs that paths have: Ethernet, PPPoE, clouds, tunnels in tunnels, the least of IPv6 and of IPv4, and between."""
OUTSIDE_SIZES: Final = (1500, 1400, 1280, 1000)
_USUAL: Final = SecurityAssociation("0.0.0.0", "0.0.0.0", "esp", "", encap=(4500, 4500))


def sizes_inside(snapshot: Snapshot, focus: Focus) -> tuple[int, ...]:
    """Packets that just fit through this tunnel on each of the usual paths, bytes, the largest first."""
    return tuple(sorted({carried(path, snapshot, focus) for path in PATHS}, reverse=True))


def carried(path: int, snapshot: Snapshot, focus: Focus) -> int:
    """The largest packet this tunnel carries over a path of that MTU, bytes; as for most where its SA is not known."""
    spis = {child.spi_out for child in tunnel_children(snapshot, focus)}
    own = [state for state in snapshot.states or () if state.spi in spis]
    return inside_mtu(path, own[0] if own else _USUAL)


def facts(starter: Witness, answerer: Witness | None) -> list[Fact]:
    """Writes each end's own part and returns what holds for both directions together."""
    passed = [_end(witness) for witness in (starter, answerer) if witness is not None]
    known = [size for size in passed if size]
    if not known:
        why = "no packet of any size came through"
        return [Fact(name, None, why_unknown=why) for name in ("recommended_mtu", "recommended_mss")]
    least = min(known)
    return [Fact("recommended_mtu", least), Fact("recommended_mss", mss(least, "0.0.0.0"))]


def _end(witness: Witness) -> int | None:
    book = witness.book
    inside = {
        size: ping for size in _asked(witness, INSIDE) if (ping := witness.pings.get(f"{INSIDE} {size}"))
    }
    outside = {
        size: ping for size in _asked(witness, OUTSIDE) if (ping := witness.pings.get(f"{OUTSIDE} {size}"))
    }
    for name, pings in (("path_mtu_inside", inside), ("path_mtu_outside", outside)):
        through = [size for size, ping in pings.items() if ping.received]
        if through:
            book.note(
                name, max(through), book.cite(PINGS, f"{max(through)} bytes: {pings[max(through)].line}")
            )
        else:
            book.unknown(name, "no packet of any size was answered")
    largest = max((size for size, ping in inside.items() if ping.received), default=None)
    lost = {size: ping for size, ping in inside.items() if largest is not None and _lost(ping)}
    lines = [book.cite(PINGS, f"{size} bytes: {ping.line}") for size, ping in lost.items()]
    if largest is None:
        book.unknown("large_packets_lost", "no packet of any size was answered")
    else:
        answered = book.cite(PINGS, f"{largest} bytes: {inside[largest].line}")
        book.note("large_packets_lost", any(size > largest for size in lost), *lines[:3], answered)
    capture = witness.capture
    if capture is None or not capture.listening:
        book.unknown("frag_needed_seen", "nothing could be captured there")
    else:
        told = [one for one in capture.packets if one.kind == "icmp-error"]
        line = told[0].line if told else "(no ICMP 'fragmentation needed' captured)"
        book.note("frag_needed_seen", bool(told), book.cite(CAPTURE, line))
    return largest


def _lost(ping: Ping) -> bool:
    """Sent, not answered, and nobody said why."""
    return (
        bool(ping.transmitted)
        and not ping.received
        and not any(error.kind == "frag-needed" for error in ping.errors)
    )


def _asked(witness: Witness, where: str) -> list[int]:
    return [int(tag.split()[1]) for tag in witness.pings if tag.startswith(f"{where} ")]
