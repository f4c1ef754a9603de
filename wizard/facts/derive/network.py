"""Facts about the gateway's own network: interfaces, routes, forwarding, firewall, NAT."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import product

from wizard.facts import firewall
from wizard.facts.derive.notebook import Notebook
from wizard.facts.firewall import Judgement, Packet
from wizard.facts.focus import ANY, Focus
from wizard.facts.passages import through
from wizard.facts.ruleset import network
from wizard.records import dataclass

_ECHO_REPLY = 0
_NEW_SOURCE = re.compile(
    r"(?:--to-source|snat(?: ip)? to|--to|snat prefix to) ([0-9a-fA-F.:]{2,45}(?:/\d{1,3})?)"
)
_FIREWALL_FACTS = (
    "input_blocks_ike",
    "output_blocks_ike",
    "input_blocks_esp",
    "output_blocks_esp",
    "forward_blocks_tunnel",
    "nat_rewrites_tunnel",
)


def interfaces(book: Notebook, focus: Focus) -> None:
    """Whether the tunnel's interfaces are up and its addresses and routes are there."""
    snapshot = book.snapshot
    if snapshot.interfaces is None:
        book.unread("addresses", "outside_interface_up", "inside_interface_up", "local_address_present")
    else:
        for name, wanted in (
            ("outside_interface_up", focus.outside_interface),
            ("inside_interface_up", focus.inside_interface),
        ):
            found = next((one for one in snapshot.interfaces if one.name == wanted), None)
            if found is None:
                book.unknown(name, "which interface it is could not be told")
            else:
                book.note(name, found.up and found.carrier is not False, book.cite("addresses", found.line))
        configured = [
            name for name in (focus.connection.local_addrs if focus.connection else ()) if name not in ANY
        ]
        named = [name for name in configured if network(name) is None or "/" in name]
        if not configured:
            book.unknown("local_address_present", "no local address is configured")
        elif named and not set(configured) & set(snapshot.addresses()):
            book.unknown("local_address_present", f"{named[0]} is no single address")
        else:
            held = [name for name in configured if name in snapshot.addresses()]
            line = (
                f"configured: {', '.join(configured)}; on the interfaces: {', '.join(snapshot.addresses())}"
            )
            book.note("local_address_present", bool(held), book.cite("addresses", line))
    lookups = [one for one in snapshot.lookups or () if one.address in focus.peer_addresses]
    if not lookups:
        why = (
            snapshot.missing("route-lookups")
            if snapshot.lookups is None
            else "the peer's address is not known"
        )
        book.unknown("route_to_peer", why)
    else:
        lines = [book.cite("route-lookups", one.line) for one in lookups]
        known = [one.reachable for one in lookups if one.reachable is not None]
        book.note(
            "route_to_peer", any(known) if known else None, *lines, why_unknown="the look-up was not readable"
        )
    forwarding = snapshot.sysctls.forwarding() if snapshot.sysctls is not None else None
    if forwarding is None:
        book.unread("sysctls", "forwarding")
    else:
        book.note("forwarding", forwarding.value.strip() != "0", book.cite("sysctls", forwarding.line))


@dataclass(frozen=True, slots=True)
class _Outside:
    interface: str | None
    own: str | None
    peer: str


def firewall_rules(book: Notebook, focus: Focus) -> None:
    """What the gateway's own rules would do to the tunnel's packets; an unsure answer stays unknown."""
    snapshot = book.snapshot
    rules = snapshot.ruleset
    if rules is None or not rules.readable:
        book.unread("firewall", *_FIREWALL_FACTS)
        return
    if not focus.peer_addresses:
        for name in _FIREWALL_FACTS[:4]:
            book.unknown(name, "the peer's address is not known")
    else:
        outsides = [
            _Outside(focus.outside_interface, focus.local_address, peer) for peer in focus.peer_addresses
        ]
        _note(
            book,
            "input_blocks_ike",
            [firewall.judge(rules, _inbound(one, "udp"), "input") for one in outsides],
        )
        _note(
            book,
            "output_blocks_ike",
            [firewall.judge(rules, _outbound(one, "udp"), "output") for one in outsides],
        )
        _note(
            book,
            "input_blocks_esp",
            [firewall.judge(rules, _inbound(one, "esp"), "input") for one in outsides],
        )
        _note(
            book,
            "output_blocks_esp",
            [firewall.judge(rules, _outbound(one, "esp"), "output") for one in outsides],
        )
    pairs = [
        (local, remote)
        for local, remote in product(_networks(focus.local_networks), _networks(focus.remote_networks))
    ]
    if not pairs:
        for name in _FIREWALL_FACTS[4:]:
            book.unknown(name, "the protected networks are not known")
        return
    policies = snapshot.policies
    leaving = [through(focus, policies, local, remote, leaving=True) for local, remote in pairs]
    _forwarded(book, focus, pairs)
    source_nat = [firewall.judge(rules, one, "source-nat") for one in leaving]
    rewritten = next((one for one in source_nat if one.verdict == "nat" and one.certain), None)
    if rewritten is not None and _stays_inside(rewritten.rule, focus.local_networks):
        book.note("nat_rewrites_tunnel", False, book.cite("firewall", rewritten.rule))
    elif rewritten is not None:
        book.note("nat_rewrites_tunnel", True, book.cite("firewall", rewritten.rule))
    elif all(one.verdict == "accept" and one.certain for one in source_nat):
        book.note("nat_rewrites_tunnel", False)
    else:
        book.unknown("nat_rewrites_tunnel", _doubt(source_nat))


def _forwarded(book: Notebook, focus: Focus, pairs: list[tuple[str, str]]) -> None:
    """Whether nothing at all gets through one way: neither pings nor connections, begun here or answered.

    Rules that keep out pings, or connections begun on one side, may be meant so; a test shows whether they hurt.
    """
    rules = book.snapshot.ruleset
    if rules is None:
        return
    begun: list[Judgement] = []
    for local, remote in pairs:
        for src, dst, leaving in ((local, remote, True), (remote, local, False)):
            packet = through(focus, book.snapshot.policies, src, dst, leaving=leaving)
            new = [packet, replace(packet, proto="tcp", icmp_type=None)]
            answers = [replace(new[0], icmp_type=_ECHO_REPLY), new[1]]
            answers = [replace(one, state="established") for one in answers]
            judged = [firewall.judge(rules, one, "forward") for one in (*new, *answers)]
            if all(one.blocks for one in judged):
                line = book.cite("firewall", f"{judged[0].chain}: {judged[0].rule}")
                book.note("forward_blocks_tunnel", True, line)
                return
            begun += judged[: len(new)]
    if all(one.blocks is False for one in begun):
        book.note("forward_blocks_tunnel", False)
    else:
        book.unknown("forward_blocks_tunnel", _doubt([one for one in begun if one.blocks is not False]))


def _stays_inside(rule: str, networks: tuple[str, ...]) -> bool:
    """Whether a source NAT rule gives packets an address that is protected, too, as for networks that overlap."""
    found = _NEW_SOURCE.search(rule)
    new = network(found[1]) if found else None
    nets = [own for text in _networks(networks) if (own := network(text)) is not None]
    return new is not None and any(
        own.version == new.version and new.network_address in own and new.prefixlen >= own.prefixlen
        for own in nets
    )


def _note(book: Notebook, name: str, judgements: Iterable[Judgement]) -> None:
    """True where a rule certainly drops one of the packets; False only where all certainly pass."""
    judged = list(judgements)
    blocking = next((one for one in judged if one.blocks), None)
    if blocking is not None:
        book.note(name, True, book.cite("firewall", f"{blocking.chain}: {blocking.rule}"))
    elif all(one.blocks is False for one in judged):
        book.note(name, False)
    else:
        book.unknown(name, _doubt(judged))


def _doubt(judged: Iterable[Judgement]) -> str:
    doubts = [doubt for one in judged for doubt in one.doubts]
    return f"a rule could not be read to the end: {doubts[0]}" if doubts else "the rules do not say"


def _inbound(outside: _Outside, proto: str) -> Packet:
    port = 500 if proto == "udp" else None
    return Packet(
        src=outside.peer,
        dst=outside.own,
        in_if=outside.interface,
        proto=proto,
        sport=port,
        dport=port,
        state="new",
    )


def _outbound(outside: _Outside, proto: str) -> Packet:
    port = 500 if proto == "udp" else None
    return Packet(
        src=outside.own,
        dst=outside.peer,
        out_if=outside.interface,
        proto=proto,
        sport=port,
        dport=port,
        state="new",
    )


def _networks(selectors: tuple[str, ...]) -> list[str]:
    return [text.partition("[")[0] for text in selectors if text and text != "dynamic"]
