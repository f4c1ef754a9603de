"""What lies around the tunnel at one gateway: who else claims its networks, which way its peer is, what filters."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

from wizard.facts.derive.notebook import Notebook
from wizard.facts.focus import ANY, Focus
from wizard.facts.parsers.iproute import Address, Interface, interface_holding
from wizard.facts.parsers.routes import Lookup
from wizard.facts.snapshot import Snapshot

_Network = IPv4Network | IPv6Network
_STRICT = 1


def neighbourhood(book: Notebook, focus: Focus) -> None:
    """Facts that need no test: hosts behind, other claims, the way to the peer, reverse path filter, MTU."""
    snapshot = book.snapshot
    _hosts_behind(book, focus)
    if snapshot.interfaces is None:
        book.unread("addresses", "remote_network_connected", "peer_route_elsewhere", "outside_mtu")
    else:
        _claimed(book, focus, snapshot.interfaces)
        _way_out(book, focus, snapshot.interfaces)
    _reverse_path(book, focus)
    _bypassed(book, focus)
    rules = snapshot.ruleset
    if rules is None or not rules.readable:
        book.unread("firewall", "mss_clamped")
    else:
        clamps = [rule.line for chain in rules.chains for rule in chain.rules if _clamps(rule.line)]
        if clamps or rules.complete:
            book.note("mss_clamped", bool(clamps), *(book.cite("firewall", line) for line in clamps[:2]))
        else:
            book.unknown("mss_clamped", "not all rules could be read")


def _clamps(line: str) -> bool:
    return "TCPMSS" in line or ("maxseg" in line and " set " in line)


def _hosts_behind(book: Notebook, focus: Focus) -> None:
    """Whether the protected network holds more than this gateway itself, so that packets must be forwarded."""
    networks = _networks(focus.local_networks)
    if not networks or book.snapshot.interfaces is None:
        book.unknown("hosts_behind", "the protected network or the own addresses are not known")
        return
    own = set(book.snapshot.addresses())
    alone = all(net.num_addresses == 1 and str(net.network_address) in own for net in networks)
    book.note(
        "hosts_behind", not alone, book.cite("connections", f"protects {', '.join(map(str, networks))}")
    )


def own_networks(focus: Focus, interfaces: tuple[Interface, ...]) -> list[tuple[_Network, Address]]:
    """The networks this gateway is connected to, but for single addresses and the outside."""
    return [
        (address.network, address)
        for interface in interfaces
        if interface.name not in {focus.outside_interface, "lo"} and not interface.kind
        for address in interface.addresses
        if address.scope == "global" and address.network.num_addresses > 1
    ]


def _claimed(book: Notebook, focus: Focus, interfaces: tuple[Interface, ...]) -> None:
    """Whether the gateway itself is connected to a part of the remote network that is as narrow as the selector.

    A selector for all of a company's networks holds the own one, too; that is how it is meant.
    """
    remote = _networks(focus.remote_networks)
    if not remote:
        book.unknown("remote_network_connected", "the remote networks are not known")
        return
    local = _networks(focus.local_networks)
    claims = [
        address
        for network, address in own_networks(focus, interfaces)
        for there in remote
        if network.version == there.version and network.overlaps(there)
        if not any(mine.version == there.version and _holds(there, mine) and mine != there for mine in local)
    ]
    lines = [book.cite("addresses", address.line) for address in claims[:2]]
    book.note("remote_network_connected", bool(claims), *lines)


def way_to_peer(snapshot: Snapshot, focus: Focus) -> Lookup | None:
    """The kernel's way to the peer, where it has one that leaves by an interface."""
    ways = (one for one in snapshot.lookups or () if one.address in focus.peer_addresses)
    return next((one for one in ways if one.reachable and one.interface), None)


def _way_out(book: Notebook, focus: Focus, interfaces: tuple[Interface, ...]) -> None:
    outside = next((one for one in interfaces if one.name == focus.outside_interface), None)
    if outside is None or outside.mtu is None:
        book.unknown("outside_mtu", "the outside interface could not be told")
    else:
        book.note("outside_mtu", outside.mtu, book.cite("addresses", outside.line))
    holder = interface_holding(interfaces, focus.local_address or "")
    way = way_to_peer(book.snapshot, focus)
    if holder is None or way is None:
        book.unknown("peer_route_elsewhere", "the way to the peer or the own outside address is not known")
        return
    elsewhere = holder.name not in {way.interface, "lo"} and not holder.kind
    lines = [book.cite("route-lookups", way.line), book.cite("addresses", holder.line)]
    book.note("peer_route_elsewhere", elsewhere, *lines)


def _bypassed(book: Notebook, focus: Focus) -> None:
    """Whether the outside interface lets everything pass without IPsec (disable_xfrm, kernel's ip-sysctl.rst)."""
    sysctls = book.snapshot.sysctls
    names = ("all", focus.outside_interface or "")
    found = [
        one for name in names if sysctls and name and (one := sysctls.of_interface(name, "disable_xfrm"))
    ]
    if len(found) < len(names):
        book.unknown("ipsec_bypassed", "the settings of the outside interface could not be read")
        return
    off = [one for one in found if one.number]
    book.note("ipsec_bypassed", bool(off), *(book.cite("sysctls", one.line) for one in off or found[1:]))


def _reverse_path(book: Notebook, focus: Focus) -> None:
    sysctls, interfaces = book.snapshot.sysctls, book.snapshot.interfaces
    if sysctls is None or interfaces is None:
        book.unread("sysctls", "strict_rp_filter")
        return
    holder = interface_holding(interfaces, focus.local_address or "")
    names = {focus.outside_interface, focus.inside_interface, holder.name if holder is not None else None}
    strict = [name for name in sorted(filter(None, names)) if sysctls.rp_filter(name) == _STRICT]
    known = [name for name in filter(None, names) if sysctls.rp_filter(name) is not None]
    if not known:
        book.unknown("strict_rp_filter", "the reverse path filter's setting could not be read")
        return
    shown = [sysctls.of_interface(name, "rp_filter") for name in strict or known]
    lines = [
        book.cite("sysctls", one.line) for one in (sysctls.of_interface("all", "rp_filter"), *shown) if one
    ]
    book.note("strict_rp_filter", bool(strict), *lines)


def _holds(outer: _Network, inner: _Network) -> bool:
    return (
        outer.version == inner.version
        and inner.network_address in outer
        and inner.prefixlen >= outer.prefixlen
    )


def _networks(selectors: tuple[str, ...]) -> list[_Network]:
    found: list[_Network] = []
    for text in selectors:
        try:
            network = ip_network(text.partition("[")[0], strict=False)
        except ValueError:
            continue
        if text not in ANY and network.prefixlen:
            found.append(network)
    return found
