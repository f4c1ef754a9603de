"""Whether the virtual IP one end asks for is one the other end hands out.

charon refuses the CHILD SA of a client that asks for none where it has pools (FAILED_CP_REQUIRED), and of one that asks
where it has none (INTERNAL_ADDRESS_FAILURE); pluto's ways differ by release and are not judged.
"""

from __future__ import annotations

from typing import Final

from wizard.facts.comparison.notes import Notes, words
from wizard.facts.model import ENDS, End, other
from wizard.facts.parsers.ipsec_values import ANYBODY, literal
from wizard.facts.tunnel import Connection

_CHARON: Final = frozenset({"swanctl", "ipsec.conf"})
_QUIET: Final = frozenset({None, "none", "ignore", "add"})


def compare(notes: Notes, version: int) -> None:
    """What fits about virtual IPs and what does not, and a row where an end has to do with them."""
    connections = notes.connections
    if not any(one.vips or one.pools for one in connections.values()):
        notes.pair("virtual_ips_agree", True, "vips", "virtual IP: none", "virtual IP: none")
        notes.text("virtual_ip_difference", "")
        return
    verdicts = [_answered(notes, end, version) for end in ENDS]
    agree = False if False in verdicts else None if None in verdicts else True
    caller: End = "near" if verdicts[0] is False else "far"
    difference = _difference(notes, caller) if agree is False else ""
    fields = "vips|pools" if caller == "near" else "pools|vips"
    told = [
        f"virtual IP = {words(one.vips)}, pools = {words(one.pools)}"
        for one in (notes.match.a, notes.match.b)
    ]
    notes.pair("virtual_ips_agree", agree, fields, told[0], told[1], "which end calls is not known")
    notes.text("virtual_ip_difference", difference)
    notes.row("virtual IP", told[0], told[1], agree)


def _answered(notes: Notes, end: End, version: int) -> bool | None:
    """Whether a call of this end gets, or goes without, an address as the other end has it; None: not judged."""
    own, peer = notes.connections[end], notes.connections[other(end)]
    if bool(own.vips) == bool(peer.pools):
        return True
    if peer.dialect not in _CHARON or any(_source(one) for one in (own, peer)):
        return None
    if _calls(notes, other(end)) or not set(own.remote_addrs) - ANYBODY:
        # The other end calls, and the one that is called neither asks nor has to be asked.
        return None
    # Without an address IKEv1 goes on; a pool with names only may be one of another section.
    return False if version == 2 or not own.vips else None


def _source(connection: Connection) -> bool:
    """Whether what is written may be no more than the address a gateway uses itself, as in Libreswan's ipsec.conf."""
    written = (*connection.vips, *connection.pools)
    return connection.dialect == "ipsec.conf" and bool(written) and all(map(literal, written))


def _calls(notes: Notes, end: End) -> bool:
    own = notes.connections[end]
    return bool(set(own.remote_addrs) - ANYBODY) and any(
        child.start_action not in _QUIET for child in own.children
    )


def _difference(notes: Notes, end: End) -> str:
    here, there = notes.saved[end].name, notes.saved[other(end)].name
    if notes.connections[end].vips:
        return f"{here} asks for a virtual IP, and {there} has no pool to give one from"
    return f"{there} hands out virtual IPs, and {here} asks for none"
