"""Which connection of one end is the other end's counterpart, told by addresses, identities and networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from wizard.facts.comparison import addresses, names, networks
from wizard.facts.comparison import methods as ways
from wizard.facts.comparison.saved import Saved
from wizard.facts.tunnel import Configuration, Connection, swapped


@dataclass(frozen=True, slots=True)
class Match:
    """Two connections that belong together, each seen from its own end."""

    a: Connection
    b: Connection
    score: float
    close: bool
    """Nothing in their addresses speaks against it, and something for it."""
    sure: bool = False
    """Each calls the other's address, or they have one name."""


def matches(a: Saved, b: Saved) -> tuple[Match, ...]:
    """Pairs of connections, the best fit first; every connection stands in one pair at most.

    What speaks against each other more than for each other is no pair: nobody is blamed for another tunnel.
    """
    ours, theirs = candidates(a.configuration), candidates(b.configuration)
    scored = [
        _oriented(one, other, first, second)
        for first, one in enumerate(ours)
        for second, other in enumerate(theirs)
    ]
    scored.sort(key=lambda found: (-found[0].score, found[1], found[2]))
    kept: list[Match] = []
    for match, _, _ in scored:
        taken = any(match.a.name == one.a.name or match.b.name == one.b.name for one in kept)
        if not taken and match.score >= 0 and (not kept or match.close):
            kept.append(match)
    return tuple(kept)


def candidates(configuration: Configuration) -> tuple[Connection, ...]:
    """The connections that may be compared: no shunts, no mere templates, one a peer."""
    real = [
        one
        for one in configuration.connections
        if not one.children or any(child.mode not in {"pass", "drop"} for child in one.children)
    ]
    started = [one for one in real if not _template(one, configuration.templates)]
    return merged(started or real)


def merged(connections: Sequence[Connection]) -> tuple[Connection, ...]:
    """Connections that share one IKE SA as one with all their children (ipsec.conf and IOS write them apart)."""
    found: list[Connection] = []
    for one in connections:
        same = next((at for at, other in enumerate(found) if one.children and _shares(one, other)), None)
        if same is None:
            found.append(one)
        else:
            other = found[same]
            found[same] = replace(
                other, children=(*other.children, *one.children), where={**one.where, **other.where}
            )
    return tuple(found)


def _shares(one: Connection, other: Connection) -> bool:
    parts = [
        (
            each.dialect,
            each.version,
            each.local_addrs,
            each.remote_addrs,
            each.local,
            each.remote,
            each.proposals,
            each.aggressive,
            each.vips,
            each.pools,
            ignored(each),
        )
        for each in (one, other)
    ]
    apart = one.dialect == "swanctl" or any(child.interface for child in (*one.children, *other.children))
    return not apart and parts[0] == parts[1]


def ignored(connection: Connection) -> bool:
    """Whether the daemon leaves it out when it starts (`auto=ignore`, the default of ipsec.conf)."""
    return bool(connection.children) and all(child.start_action == "ignore" for child in connection.children)


def explicit(connection: Connection) -> bool:
    """Whether it says so itself."""
    return any(f"children.{child.name}.start_action" in connection.where for child in connection.children)


def _template(connection: Connection, included: Sequence[str]) -> bool:
    """A section for others to include: it is not started and was not told to be left out."""
    unused = ignored(connection) and not explicit(connection)
    return unused and (connection.name in included or connection.dialect == "ipsec.conf")


def _oriented(one: Connection, other: Connection, first: int, second: int) -> tuple[Match, int, int]:
    """The best of the ways round the two can be seen."""
    best: Match | None = None
    for a, a_cost in _ways(one):
        for b, b_cost in _ways(other):
            match = _match(a, b, a_cost + b_cost)
            if best is None or match.score > best.score:
                best = match
    return best or _match(one, other, 0), first, second


def _ways(connection: Connection) -> list[tuple[Connection, float]]:
    if connection.sides_known:
        return [(connection, 0.0)]
    # strongSwan takes left for local where nothing else decides.
    return [(connection, 0.0), (swapped(connection), 0.6 if connection.dialect == "ipsec.conf" else 0.1)]


def _match(a: Connection, b: Connection, cost: float) -> Match:
    there = addresses.fits(a.remote_addrs, b.local_addrs)
    back = addresses.fits(b.remote_addrs, a.local_addrs)
    known: list[bool] = []
    score = sum(4.0 if fit else 0.5 if fit is None else -2.0 for fit in (there, back)) - cost
    for own, peer in ((a, b), (b, a)):
        agreed = names.agree(names.sent(own, None), names.expected(peer, None))
        explicit_ids = bool(own.local and own.local[0].identity and peer.remote and peer.remote[0].identity)
        if explicit_ids and agreed is not None:
            known.append(agreed)
            score += 2.0 if agreed else -1.5
    same_name = a.name == b.name
    score += 1.5 * same_name
    score += 0.5 if a.version == b.version or 0 in {a.version, b.version} else -0.5
    version = 1 if 1 in {a.version, b.version} else 2
    nets = networks.compare(a, b, version)
    score += 3.0 if nets.mirrors else 1.5 if nets.agrees else 0.5 if nets.overlaps else 0.0
    for own, peer in ((a, b), (b, a)):
        methods = ways.fit(own.local, peer.remote, peer.dialect)
        score += 0.5 if methods else -1.0 if methods is False else 0.0
    modes = [{child.mode or "tunnel" for child in one.children} for one in (a, b)]
    score += 0.5 if modes[0] & modes[1] else -0.5
    score -= 1.0 * (ignored(a) and not explicit(a)) + 1.0 * (ignored(b) and not explicit(b))
    close = (there is True and back is not False) or (back is True and there is not False)
    # One wrong address, or one wrong identity, does not make it another peer.
    fits = [there is True, back is True, len(known) == 2 and all(known)]
    named = (same_name and any(fits)) or (sum(fits) > 1 and fits[2])
    return Match(a, b, score, close or named, (there is True and back is True) or named)
