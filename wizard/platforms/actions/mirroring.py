"""Networks, addresses and ports one end has to be set to so that they mirror the other end's."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final

from wizard.facts import selectors
from wizard.facts.addresses import is_address, needs_nat
from wizard.facts.focus import ANY
from wizard.facts.model import End, other
from wizard.facts.tunnel import Child, Connection
from wizard.platforms.actions.base import Site, Unplannable
from wizard.platforms.actions.fitting import Wants
from wizard.platforms.actions.spelling import stated_keys, want
from wizard.platforms.actions.stored import Stored, stored
from wizard.platforms.actions.wants import Want

_LISTS: Final = (5,)
"""Since then Libreswan takes several networks in one subnet option."""


def pair(site: Site, at: End) -> tuple[Stored, Connection, Connection]:
    """The files of this end, its connection and the peer's; raises Unplannable where one has none."""
    own = stored(site, at)
    site.snapshot(other(at))
    peer = site.focus(other(at))
    theirs = peer.on_disk or peer.connection
    if theirs is None:
        raise Unplannable(f"{site.snapshot(other(at)).gateway} has no connection for this tunnel")
    return own, own.connection, theirs


def own_child(site: Site, at: End) -> tuple[Stored, Child]:
    """The files of this end and its child; raises Unplannable where it has none."""
    own = stored(site, at)
    found = next((one for one in own.connection.children if one.name == own.child), None)
    if found is None:
        raise Unplannable(f"{own.snapshot.gateway} has no child for this tunnel")
    return own, found


def children(site: Site, at: End) -> tuple[Stored, Child, Child]:
    """The files of this end, its child and the peer's; raises Unplannable where one has none."""
    own, found = own_child(site, at)
    _, _, theirs = pair(site, at)
    peer = site.focus(other(at)).child
    if peer is None:
        raise Unplannable("the other end has no child for this tunnel")
    stored_peer = next((one for one in theirs.children if one.name == peer.name), peer)
    return own, found, stored_peer


def networks(site: Site, at: End, stronger: bool) -> Wants:
    """What is local at one end is remote at the other."""
    own, mine, theirs = children(site, at)
    compared = selectors.mirror(mine.local_ts, mine.remote_ts, theirs.local_ts, theirs.remote_ts)
    if compared.mirrors:
        return (), ()
    wants: list[Want] = []
    address = site.focus(at).local_address, site.focus(other(at)).local_address
    for side, here, there, host in (
        ("local", mine.local_ts, theirs.remote_ts, address[0]),
        ("remote", mine.remote_ts, theirs.local_ts, address[1]),
    ):
        if _same(here, there):
            continue
        wants.append(_networks(own, side, there, host))
    return tuple(wants), ()


def _same(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    first, second = ({str(one) for one in selectors.parse_all(texts or ("dynamic",))} for texts in (a, b))
    return first == second


def _networks(own: Stored, side: str, texts: tuple[str, ...], host: str | None) -> Want:
    found = selectors.parse_all(texts or ("dynamic",))
    if len(found) != len(texts or ("dynamic",)):
        raise Unplannable(f"the networks {', '.join(texts)} of the other end are not understood")
    if own.dialect == "libreswan":
        if any(one.protocol or one.ports != selectors.ALL_PORTS for one in found):
            raise Unplannable(
                "Libreswan sets protocols and ports in an option of its own", advice="set it by hand"
            )
        found = tuple(selectors.resolved(one, host) for one in found)
        if any(one.dynamic for one in found):
            raise Unplannable("which address stands for the gateway itself could not be told")
        stated = {key.replace("-", "") for key in stated_keys(own)}
        texts = tuple(map(str, found))
        if {"leftsubnets", "rightsubnets"} & stated:
            return want(own, f"{side}-subnets", " ".join(texts))
        if len(texts) > 1 and own.release < _LISTS:
            raise Unplannable(
                f"several networks need the option subnets in place of subnet at {own.snapshot.gateway}",
                advice=f"write the {side} side's subnets={{{' '.join(texts)}}} in place of its subnet=, by hand",
            )
        return want(own, f"{side}-ts", ",".join(texts))
    words = [str(one) for one in found]
    if own.dialect == "ipsec.conf":
        words = [word.replace("dynamic", "%dynamic", 1) for word in words]
        return want(own, f"{side}-ts", ",".join(words))
    return want(own, f"{side}-ts", ", ".join(words))


def peer_address(site: Site, at: End, stronger: bool) -> Wants:
    """This end is made to call its peer at the address it has, and to speak from the one its peer calls."""
    own, mine, theirs = pair(site, at)
    wants: list[Want] = []
    there, here = site.snapshot(other(at)), site.snapshot(at)
    known = set(there.addresses())
    literal = [one for one in mine.remote_addrs if one not in ANY]
    if literal and not set(literal) & known:
        address = next((one for one in theirs.local_addrs if one in known), None)
        address = address or site.focus(other(at)).local_address
        if address is None or not is_address(address):
            raise Unplannable(f"the outside address of {there.gateway} is not known")
        if needs_nat(ip_address(address)):
            raise Unplannable(
                f"{there.gateway} has the private address {address}; which public one its NAT gives it, only its "
                "network's administrator knows",
                advice=f"set the peer's address at {here.gateway} by hand",
            )
        wants.append(want(own, "remote-addrs", address))
    return tuple(wants), ()


def own_address(site: Site, at: End, stronger: bool) -> Wants:
    """This end is made to speak from an address it has: the one the route to its peer goes out from."""
    own, mine, theirs = pair(site, at)
    held = set(site.snapshot(at).addresses())
    literal = [one for one in mine.local_addrs if one not in ANY]
    if not literal or set(literal) & held:
        return (), ()
    called = [one for one in theirs.remote_addrs if one in held]
    if not called and set(literal) & set(theirs.remote_addrs):
        raise Unplannable(
            f"{site.snapshot(other(at)).gateway} calls {literal[0]}, which {own.snapshot.gateway} no longer has; "
            "speaking from another address, it would be called in vain",
            advice="put the address back on its interface (restore-address)",
        )
    source = site.focus(at).local_address
    address = called[0] if called else source if source in held else None
    if address is None:
        raise Unplannable(f"which address {own.snapshot.gateway} should speak from is not known")
    return (want(own, "local-addrs", address),), ()


def ports(site: Site, at: End, stronger: bool) -> Wants:
    """Each end calls the port the other one listens on."""
    own, mine, theirs = pair(site, at)
    wants: list[Want] = []
    if (mine.remote_port or 500) != (theirs.local_port or 500):
        wants.append(want(own, "remote-port", str(theirs.local_port or 500)))
    if (mine.local_port or 500) != (theirs.remote_port or 500):
        wants.append(want(own, "local-port", str(theirs.remote_port or 500)))
    return tuple(wants), ()
