"""Which connection of a gateway is the tunnel in question, and by which addresses it is to be tested.

A gateway often carries fifty tunnels. The inventory's words decide where it has them; the rest is
discovered: the pair of connections whose addresses, identities and networks fit each other best.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network
from itertools import product
from typing import Final

from wizard.facts import identities, selectors
from wizard.facts.addresses import is_address
from wizard.facts.errands import NameErrand, ServiceErrand
from wizard.facts.model import ENDS, End, other
from wizard.facts.parsers.iproute import interface_holding
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import Child, Connection
from wizard.records import dataclass

ANY: Final = frozenset({"%any", "%any4", "%any6", "0.0.0.0/0", "::/0", "0.0.0.0", "::"})


@dataclass(frozen=True, slots=True)
class Hints:
    """What the inventory says of one end; empty where it leaves a thing to discovery."""

    tunnel: str = ""
    connection: str | None = None
    child: str | None = None
    address: str | None = None
    """Outside address of an end nobody can log in to."""
    probe_source: str | None = None
    probe_target: str | None = None
    name_errand: NameErrand | None = None
    """What to look up from this end."""
    service_errand: ServiceErrand | None = None


@dataclass(frozen=True, slots=True)
class Focus:
    """The tunnel as one end has it; None where that end has no such thing."""

    connection: Connection | None = None
    """As loaded; as on disk where the daemon has not loaded it."""
    child: Child | None = None
    loaded: Connection | None = None
    on_disk: Connection | None = None
    local_address: str | None = None
    peer_addresses: tuple[str, ...] = ()
    outside_interface: str | None = None
    inside_interface: str | None = None
    probe_source: str | None = None
    probe_target: str | None = None
    name: str = ""
    child_name: str = ""
    name_errand: NameErrand | None = None
    service_errand: ServiceErrand | None = None

    @property
    def local_networks(self) -> tuple[str, ...]:
        """What this end protects, as configured."""
        return self.child.local_ts if self.child is not None else ()

    @property
    def remote_networks(self) -> tuple[str, ...]:
        """What this end reaches through the tunnel, as configured."""
        return self.child.remote_ts if self.child is not None else ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A connection that might be the tunnel: one name, as loaded and as on disk."""

    name: str
    loaded: Connection | None = None
    on_disk: Connection | None = None

    @property
    def connection(self) -> Connection:
        """The one that counts: what the daemon has, else what stands on disk."""
        chosen = self.loaded or self.on_disk
        if chosen is None:
            raise ValueError("a candidate holds a loaded or a stored connection")
        return chosen


def choose(snapshots: Mapping[End, Snapshot], hints: Mapping[End, Hints]) -> dict[End, Focus]:
    """The tunnel's connection at each end, chosen with a view of both; an end that was not read has only its hints."""
    candidates = {end: _candidates(snapshots[end], hints[end]) if end in snapshots else [] for end in ENDS}
    best: tuple[float, Candidate | None, Candidate | None] = (0.0, None, None)
    for near, far in product([*candidates["near"], None], [*candidates["far"], None]):
        score = _score(near, far, snapshots, hints)
        if score > best[0]:
            best = (score, near, far)
    chosen: dict[End, Candidate | None] = {"near": best[1], "far": best[2]}
    return {
        end: _focus(
            snapshots[end], hints[end], chosen[end], chosen[other(end)], snapshots.get(other(end)), hints
        )
        if end in snapshots
        else _unread(hints[end])
        for end in ENDS
    }


def _unread(hints: Hints) -> Focus:
    """An end that was not read: what the inventory says of it is all there is."""
    return Focus(
        local_address=hints.address, probe_source=hints.probe_source, probe_target=hints.probe_target
    )


def _candidates(snapshot: Snapshot, hints: Hints) -> list[Candidate]:
    loaded = {connection.name: connection for connection in snapshot.loaded or ()}
    stored = {
        connection.name: connection for connection in (snapshot.disk.connections if snapshot.disk else ())
    }
    names = list(dict.fromkeys([*loaded, *stored]))
    found = [Candidate(name, loaded.get(name), stored.get(name)) for name in names]
    if hints.connection is None:
        return found
    named = [one for one in found if one.name == hints.connection]
    # In ipsec.conf connection and child have one name, and charon puts several conns under one of them.
    return named or [one for one in found if _has_child(one, hints.connection)]


def _has_child(candidate: Candidate, name: str) -> bool:
    return any(
        child.name == name
        for one in (candidate.loaded, candidate.on_disk)
        if one is not None
        for child in one.children
    )


def _score(
    near: Candidate | None,
    far: Candidate | None,
    snapshots: Mapping[End, Snapshot],
    hints: Mapping[End, Hints],
) -> float:
    """How well two connections fit each other and the inventory; weights only order the candidates."""
    score = 0.0
    for end, own, peer in (("near", near, far), ("far", far, near)):
        if own is None:
            continue
        here: End = "near" if end == "near" else "far"
        score += 8.0 * (hints[here].connection is not None) + 3.0 * (own.name == hints[here].tunnel)
        score += 0.2 * (own.loaded is not None)
        score += _address_score(own.connection, snapshots.get(other(here)), hints[other(here)])
        if peer is not None:
            score += _mutual_score(own.connection, peer.connection)
    if near is not None and far is not None:
        score += 2.0 * (near.name == far.name)
    return score


def _address_score(own: Connection, peer: Snapshot | None, hints: Hints) -> float:
    remote = set(own.remote_addrs)
    known = set(peer.addresses()) if peer is not None else set()
    if hints.address:
        known.add(hints.address)
    if remote & known:
        return 4.0
    if not remote or remote & ANY:
        return 0.5
    return -3.0 if known else 0.1


def _mutual_score(own: Connection, peer: Connection) -> float:
    score = 0.0
    sent = own.local[0].identity if own.local else None
    expected = peer.remote[0].identity if peer.remote else None
    if sent and expected and expected not in ANY and identities.fits(sent, expected):
        score += 3.0
    best = 0.0
    for mine, yours in product(own.children, peer.children):
        comparison = selectors.mirror(mine.local_ts, mine.remote_ts, yours.local_ts, yours.remote_ts)
        best = max(best, 2.0 if comparison.mirrors else 1.0 if comparison.overlaps else 0.0)
    return score + best


def _focus(
    snapshot: Snapshot,
    hints: Hints,
    chosen: Candidate | None,
    peer: Candidate | None,
    peer_snapshot: Snapshot | None,
    all_hints: Mapping[End, Hints],
) -> Focus:
    if chosen is None:
        return Focus(probe_source=hints.probe_source, probe_target=hints.probe_target)
    connection = chosen.connection
    child = _child(connection, hints, peer.connection if peer is not None else None)
    address = all_hints[other(snapshot.end)].address
    peers = tuple(name for name in connection.remote_addrs if name not in ANY and is_address(name))
    peers = tuple(dict.fromkeys([*peers, *([address] if address else [])]))
    if not peers and peer is not None and peer_snapshot is not None:
        peers = tuple(name for name in peer.connection.local_addrs if name in peer_snapshot.addresses())
    local, outside = _outside(snapshot, connection, peers)
    inside, source = _inside(snapshot, child, hints)
    return Focus(
        connection=connection,
        child=child,
        loaded=chosen.loaded,
        on_disk=chosen.on_disk,
        local_address=local,
        peer_addresses=peers,
        outside_interface=outside,
        inside_interface=inside,
        probe_source=source,
        probe_target=hints.probe_target or _neighbour(snapshot, child, inside, source),
        name=connection.name,
        child_name=child.name if child is not None else "",
        name_errand=hints.name_errand,
        service_errand=hints.service_errand,
    )


def _child(connection: Connection, hints: Hints, peer: Connection | None) -> Child | None:
    one_name = connection.dialect == "ipsec.conf"
    wanted = hints.child or (hints.connection if one_name else None)
    named = [child for child in connection.children if child.name == wanted]
    if named or hints.child or not connection.children:
        return named[0] if named else None

    def fit(child: Child) -> float:
        yours = peer.children if peer is not None else ()
        compared = [
            selectors.mirror(child.local_ts, child.remote_ts, you.local_ts, you.remote_ts) for you in yours
        ]
        return max((2.0 if one.mirrors else 1.0 if one.overlaps else 0.0 for one in compared), default=0.0)

    return max(connection.children, key=fit)


def _outside(
    snapshot: Snapshot, connection: Connection, peers: Sequence[str]
) -> tuple[str | None, str | None]:
    """Own outside address and interface: by the route to the peer, else by the configured local address."""
    for lookup in snapshot.lookups or ():
        if lookup.address in peers and lookup.reachable and lookup.interface:
            local = next(
                (name for name in connection.local_addrs if name in snapshot.addresses()), lookup.source
            )
            return local or None, lookup.interface
    for name in connection.local_addrs:
        held = interface_holding(snapshot.interfaces or (), name)
        if held is not None:
            return name, held.name
    return None, None


def _inside(snapshot: Snapshot, child: Child | None, hints: Hints) -> tuple[str | None, str | None]:
    """Inside interface and an own address within the protected networks to send test packets from."""
    networks = [
        network for text in (child.local_ts if child else ()) if (network := _network(text)) is not None
    ]
    if hints.probe_source is not None:
        held = interface_holding(snapshot.interfaces or (), hints.probe_source)
        return (held.name if held is not None else None), hints.probe_source
    for interface in snapshot.interfaces or ():
        for address in interface.addresses:
            own = ip_address(address.address)
            if any(own.version == network.version and own in network for network in networks):
                return interface.name, address.address
    return None, None


def _neighbour(snapshot: Snapshot, child: Child | None, inside: str | None, source: str | None) -> str | None:
    networks = [
        network for text in (child.local_ts if child else ()) if (network := _network(text)) is not None
    ]
    for neighbour in snapshot.neighbours or ():
        if neighbour.interface != inside or not neighbour.alive or neighbour.address == source:
            continue
        own = ip_address(neighbour.address)
        if any(own.version == network.version and own in network for network in networks):
            return neighbour.address
    return None


def _network(text: str) -> selectors.Network | None:
    bare = text.partition("[")[0]
    try:
        return ip_network(bare, strict=False)
    except ValueError:
        return None


NO_HINTS: Final = Hints()
__all__ = ["ANY", "NO_HINTS", "Candidate", "Focus", "Hints", "choose"]
