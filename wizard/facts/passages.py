"""The packets of a tunnel as a gateway's own rules meet them: what must pass, by its outside and by its inside.

Where the firewall is asked what it does with them, and where a rule is written that lets them through, they are
described in one way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from typing import Literal

from wizard.facts.firewall_match import Packet, Way, family_of
from wizard.facts.focus import ANY, Focus
from wizard.facts.parsers.xfrm import Policy
from wizard.facts.ruleset import network
from wizard.records import dataclass

IKE_PORTS = (500, 4500)
"""UDP ports of IKE (RFC 7296, section 2) and of IKE and ESP behind a NAT (RFC 3948)."""
_ECHO_REQUEST = 8

Protected = Literal["", "in", "out"]


@dataclass(frozen=True, slots=True)
class Opening:
    """What one rule lets through, as narrow as it can be said; an empty part is any."""

    source: str = ""
    destination: str = ""
    protocol: str = ""
    source_ports: tuple[int, ...] = ()
    destination_ports: tuple[int, ...] = ()
    protected: Protected = ""
    """Only what came out of an SA (in), or goes into one (out)."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A packet that must pass, its way, and what a rule for it may let through."""

    packet: Packet
    way: Way
    opening: Opening
    title: str
    """What it is, for an operator: "IKE from 192.0.2.1"."""


def outside(focus: Focus, what: Literal["ike", "esp", "ah"]) -> tuple[Passage, ...]:
    """IKE, ESP or AH from the peer and to it; none where the own or the peer's address is not known.

    A peer without a fixed address is any peer.
    """
    own = focus.local_address or ""
    mine = network(own) if own else None
    peers = [
        peer
        for peer in focus.peer_addresses
        if (net := network(peer)) is not None and peer not in ANY
        if mine is None or net.version == mine.version
    ]
    return tuple(
        passage
        for peer in peers or [""]
        for leaving in (False, True)
        for passage in _outside(focus.outside_interface, own, peer, what, leaving=leaving)
    )


def _outside(interface: str | None, own: str, peer: str, what: str, *, leaving: bool) -> Iterable[Passage]:
    src, dst = (own, peer) if leaving else (peer, own)
    packet = Packet(
        src=src or None,
        dst=dst or None,
        in_if=None if leaving else interface,
        out_if=interface if leaving else None,
        proto="udp" if what == "ike" else what,
    )
    opening = Opening(source=src, destination=dst, protocol=packet.proto or "")
    way: Way = "output" if leaving else "input"
    title = f"{what.upper()} {'to' if leaving else 'from'} {peer or 'any peer'}"
    if what != "ike":
        yield Passage(packet, way, opening, title)
        return
    ports = {"source_ports" if leaving else "destination_ports": IKE_PORTS}
    opening = replace(opening, **ports)  # type: ignore[arg-type]
    for port in IKE_PORTS:
        yield Passage(replace(packet, sport=port, dport=port), way, opening, title)


def inside(focus: Focus, policies: Iterable[Policy] | None, way: Way = "forward") -> tuple[Passage, ...]:
    """Pings and connections between the protected networks, begun on either side.

    With way "input" or "output" those of the gateway itself.
    """
    found: list[Passage] = []
    pairs = product(_networks(focus.local_networks), _networks(focus.remote_networks))
    for local, remote in pairs:
        for src, dst, leaving in ((local, remote, True), (remote, local, False)):
            if way != "forward" and leaving is not (way == "output"):
                continue
            first = through(focus, policies, src, dst, leaving=leaving)
            if way != "forward":
                own = focus.probe_source
                first = replace(first, src=own or src) if leaving else replace(first, dst=own or dst)
                first = replace(first, in_if=None) if leaving else replace(first, out_if=None)
            opening = Opening(first.src or src, first.dst or dst, protected="out" if leaving else "in")
            title = f"tunnel traffic from {opening.source} to {opening.destination}"
            pinged = replace(opening, protocol="icmp" if family_of(first) == "ip" else "ipv6-icmp")
            connection = replace(first, proto="tcp", icmp_type=None)
            found.append(Passage(connection, way, opening, title))
            found.append(Passage(first, way, pinged, f"pings, {title}"))
    return tuple(found)


def service(
    focus: Focus, policies: Iterable[Policy] | None, host: str, port: int, *, leaving: bool
) -> tuple[Passage, ...]:
    """Connections to a TCP service behind the tunnel: at the gateway they leave by, or the one they come in at."""
    theirs, ours = _networks(focus.remote_networks), _networks(focus.local_networks)
    users = ours if leaving else theirs
    found = []
    for src in users:
        dst = host
        packet = replace(
            through(focus, policies, src, dst, leaving=leaving), proto="tcp", icmp_type=None, dport=port
        )
        opening = Opening(src, dst, "tcp", destination_ports=(port,), protected="out" if leaving else "in")
        found.append(Passage(packet, "forward", opening, f"TCP {port} from {src} to {dst}"))
    return tuple(found)


def through(focus: Focus, policies: Iterable[Policy] | None, src: str, dst: str, *, leaving: bool) -> Packet:
    """The first packet of a host's ping through the gateway, with what is known of the SA it belongs to."""
    near, far = focus.inside_interface, focus.outside_interface
    return Packet(
        src=src,
        dst=dst,
        in_if=near if leaving else far,
        out_if=far if leaving else near,
        proto="icmp",
        icmp_type=_ECHO_REQUEST,
        ipsec_in=not leaving,
        ipsec_out=leaving,
        ipsec_terms=terms(policies, src, dst, "out" if leaving else "in"),
    )


def terms(policies: Iterable[Policy] | None, src: str, dst: str, direction: str) -> tuple[str, ...]:
    """What rules may ask of the SA (`-m policy`), from the kernel's own policy for these networks."""
    for policy in policies or ():
        if policy.tunnels and (policy.src, policy.dst, policy.direction) == (src, dst, direction):
            template = policy.templates[0]
            known = {
                "proto": template.proto,
                "mode": template.mode,
                "reqid": template.reqid,
                "tunnel-src": template.src,
                "tunnel-dst": template.dst,
            }
            return tuple(f"{name}={value}" for name, value in known.items() if value not in (None, ""))
    return ()


def _networks(selectors: tuple[str, ...]) -> list[str]:
    return [text.partition("[")[0] for text in selectors if text and text != "dynamic"]
