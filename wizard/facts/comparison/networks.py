"""The protected networks of two connections: which child answers which, and whether the two can agree.

charon narrows to what both have, as the answering end of IKEv1, too; Libreswan only under IKEv2 and with
`narrowing=yes`; IOS agrees on exactly what was proposed or on nothing, and so does everybody else with IKEv1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from wizard.facts import selectors
from wizard.facts.parsers.ipsec_values import ANYBODY, literal
from wizard.facts.tunnel import Child, Connection


@dataclass(frozen=True, slots=True)
class Answer:
    """One child and the other end's child for it; None: it has none there."""

    a: Child | None
    b: Child | None
    mirrors: bool = False
    agrees: bool = False
    difference: str = ""


@dataclass(frozen=True, slots=True)
class Networks:
    """How the networks of two connections fit; every verdict None when it cannot be told (`unknown`)."""

    answers: tuple[Answer, ...] = ()
    mirrors: bool | None = None
    overlaps: bool | None = None
    agrees: bool | None = None
    """A CHILD SA can be agreed on for every child."""
    difference: str = ""
    extra: tuple[str, ...] = ()
    """Children of one end only."""
    unknown: str = ""

    @property
    def pairs(self) -> tuple[tuple[Child, Child], ...]:
        """The children that answer each other."""
        return tuple((one.a, one.b) for one in self.answers if one.a is not None and one.b is not None)


@dataclass(frozen=True, slots=True)
class _Ends:
    """What every comparison of two children needs to know of their connections."""

    a: Connection
    b: Connection
    version: int
    a_address: str | None
    """The address `dynamic` stands for at that end."""
    b_address: str | None


def compare(a: Connection, b: Connection, version: int) -> Networks:
    """Holds all children of two connections against each other."""
    ours, theirs = _children(a), _children(b)
    if not ours or not theirs:
        return Networks(unknown="one end names no networks")
    a_address, b_address = _address(a, b), _address(b, a)
    if a.vips or b.pools:
        ours, theirs = _virtual(ours, a, local=True), _virtual(theirs, b, local=False)
        a_address = _given(a.vips)
    if b.vips or a.pools:
        ours, theirs = _virtual(ours, a, local=False), _virtual(theirs, b, local=True)
        b_address = _given(b.vips)
    found = _compared(ours, theirs, _Ends(a, b, version, a_address, b_address))
    if found.agrees or found.unknown:
        return found
    # Behind a NAT an end has another address than its peer calls; a host that is named may be that one.
    private = [
        None if one is not None and not _own(end) and not end.vips and _hosts(nets) else one
        for one, end, nets in (
            (a_address, a, [net for child in theirs for net in child.remote_ts]),
            (b_address, b, [net for child in ours for net in child.remote_ts]),
        )
    ]
    if private == [a_address, b_address]:
        return found
    return _compared(ours, theirs, _Ends(a, b, version, *private))


def _compared(ours: Sequence[Child], theirs: Sequence[Child], ends: _Ends) -> Networks:
    if bad := _unreadable((*ours, *theirs)):
        answers = tuple(Answer(one, other) for one, other in zip(ours, theirs, strict=False))
        return Networks(answers, unknown=f"'{bad}' is no network that could be compared")
    a_address, b_address = ends.a_address, ends.b_address
    known = not any(_anybody(child.local_ts) or _anybody(child.remote_ts) for child in (*ours, *theirs))
    if known and _pairs(ours, a_address, b_address) == _turned(_pairs(theirs, b_address, a_address)):
        answers = tuple(_best(one, theirs, ends) for one in ours)
        return Networks(answers, True, True, True)
    return _matched(ours, theirs, ends)


def _virtual(children: Sequence[Child], own: Connection, *, local: bool) -> list[Child]:
    """The side of a client that gets its address from the other end: whatever it will be, it fits.

    pluto puts the address in place of whatever is written, charon in place of `dynamic` and within "everything".
    """
    found: list[Child] = []
    for child in children:
        written = child.local_ts if local else child.remote_ts
        given = own.dialect == "libreswan" or set(written) <= {"0.0.0.0/0", "::/0", *own.pools}
        nets = ("dynamic",) if given else written
        found.append(replace(child, local_ts=nets) if local else replace(child, remote_ts=nets))
    return found


def _given(vips: Sequence[str]) -> str | None:
    """The virtual IP an end asks for, where it asks for one in particular."""
    named = [vip for vip in vips if literal(vip) and vip not in ANYBODY]
    return named[0] if len(named) == 1 == len(vips) else None


def _anybody(nets: Sequence[str]) -> bool:
    """Whether a side stands for any client that comes (`vhost:%priv`, `vnet:%priv`)."""
    return any(net.startswith(("vhost:", "vnet:")) for net in nets)


def _hosts(nets: Sequence[str]) -> bool:
    """Whether what an end expects behind the other one are single addresses."""
    read = selectors.parse_all(nets)
    return bool(read) and all(one.dynamic or one.first == one.last for one in read)


def _own(connection: Connection) -> bool:
    """Whether an end says which address is its own."""
    return any(literal(address) for address in connection.local_addrs)


def _matched(ours: Sequence[Child], theirs: Sequence[Child], ends: _Ends) -> Networks:
    """Each child gets the one that fits it best, the closest pairs first."""
    scored = sorted(
        (
            (_score(answer), -first, -second, answer)
            for first, one in enumerate(ours)
            for second, other in enumerate(theirs)
            for answer in [_answer(one, other, ends)]
        ),
        key=lambda each: each[:3],
        reverse=True,
    )
    answers: list[Answer] = []
    for _, _, _, answer in scored:
        taken = any(answer.a is one.a or answer.b is one.b for one in answers)
        if not taken:
            answers.append(answer)
    left = [Answer(one, None) for one in ours if not any(one is each.a for each in answers)]
    left += [Answer(None, one) for one in theirs if not any(one is each.b for each in answers)]
    missing: list[Answer] = []
    for lonely in left:
        # A child may answer several narrower ones, each with an SA of its own.
        shared = [one for one in _with_each(lonely, ours, theirs, ends) if one.agrees]
        if shared:
            answers.append(shared[0])
        else:
            missing.append(_alone(lonely))
    wanted = [one for one in missing if (one.a or one.b or Child("")).start_action in {"start", "trap"}]
    return Networks(
        answers=tuple(answers),
        mirrors=all(answer.mirrors for answer in answers) and not missing,
        overlaps=any(_score(answer) >= 1 for answer in answers),
        agrees=all(answer.agrees for answer in answers) and not wanted,
        difference="; ".join(one.difference for one in (*answers, *missing) if one.difference),
        extra=tuple((one.a or one.b or Child("")).name for one in missing),
    )


def _with_each(lonely: Answer, ours: Sequence[Child], theirs: Sequence[Child], ends: _Ends) -> list[Answer]:
    if lonely.a is not None:
        return [_answer(lonely.a, other, ends) for other in theirs]
    return [_answer(one, lonely.b, ends) for one in ours] if lonely.b is not None else []


def _alone(lonely: Answer) -> Answer:
    """A child without a counterpart, said in words."""
    here, there = ("{a}", "{b}") if lonely.a is not None else ("{b}", "{a}")
    child = lonely.a or lonely.b or Child("")
    nets = f"{', '.join(child.local_ts) or 'dynamic'} === {', '.join(child.remote_ts) or 'dynamic'}"
    return replace(
        lonely, difference=f"{here} protects {nets} ({child.name}), for which {there} has no child"
    )


def _best(one: Child, theirs: Sequence[Child], ends: _Ends) -> Answer:
    return max((_answer(one, other, ends) for other in theirs), key=_score)


def _score(answer: Answer) -> float:
    same = answer.a is not None and answer.b is not None and answer.a.name == answer.b.name
    return 3 * answer.mirrors + 2 * answer.agrees + 0.5 * same


def _answer(one: Child, other: Child, ends: _Ends) -> Answer:
    found = _mirror(one.local_ts, one.remote_ts, other.local_ts, other.remote_ts, ends)
    agrees = found.mirrors
    both = (ends.a, ends.b)
    if not agrees and ends.version == 1:
        # IKEv1 carries one network a side: of several in one child, charon proposes the first.
        first = _mirror(one.local_ts[:1], one.remote_ts[:1], other.local_ts[:1], other.remote_ts[:1], ends)
        agrees = first.mirrors and "ios" not in {ends.a.dialect, ends.b.dialect}
        agrees = agrees or _any_port(one, other, ends) or (first.overlaps and all(map(_charon, both)))
    elif not agrees and found.overlaps:
        agrees = all(_charon(end) or bool(end.narrowing) for end in both)
    return Answer(one, other, found.mirrors, agrees, found.difference)


def _charon(end: Connection) -> bool:
    return end.dialect in {"swanctl", "ipsec.conf"}


def _any_port(one: Child, other: Child, ends: _Ends) -> bool:
    """pluto, as the one that answers anybody, takes `17/%any` for whatever port the caller has."""
    a_remote, b_remote = list(one.remote_ts), list(other.remote_ts)
    a_local, b_local = list(one.local_ts), list(other.local_ts)
    if ends.a.dialect == "libreswan" and "%any" in ends.a.remote_addrs:
        a_remote, b_local = _portless(a_remote), _portless(b_local)
    if ends.b.dialect == "libreswan" and "%any" in ends.b.remote_addrs:
        b_remote, a_local = _portless(b_remote), _portless(a_local)
    return _mirror(a_local, a_remote, b_local, b_remote, ends).mirrors


def _portless(texts: Sequence[str]) -> list[str]:
    return [re.sub(r"/[^/\]]*\]$", "]", text) for text in texts]


def _mirror(
    a_local: Sequence[str],
    a_remote: Sequence[str],
    b_local: Sequence[str],
    b_remote: Sequence[str],
    ends: _Ends,
) -> selectors.Mirror:
    if _anybody(a_local) or _anybody(b_remote):
        a_local = b_remote = ("dynamic",)
    if _anybody(b_local) or _anybody(a_remote):
        b_local = a_remote = ("dynamic",)
    return selectors.mirror(
        a_local, a_remote, b_local, b_remote, a_address=ends.a_address, b_address=ends.b_address
    )


def _children(connection: Connection) -> list[Child]:
    return [child for child in connection.children if child.mode not in {"pass", "drop"}]


def _address(own: Connection, peer: Connection) -> str | None:
    """The address `dynamic` stands for at an end: its own, else the one its peer has for it."""
    for addresses in (own.local_addrs, peer.remote_addrs):
        single = [address for address in addresses if literal(address)]
        if len(single) == 1:
            return single[0]
    return None


def _unreadable(children: Iterable[Child]) -> str | None:
    texts = (text for child in children for text in (*child.local_ts, *child.remote_ts))
    return next((text for text in texts if selectors.parse(text) is None and not _anybody((text,))), None)


def _pairs(
    children: Sequence[Child], own: str | None, peer: str | None
) -> frozenset[tuple[selectors.Selector, selectors.Selector]]:
    found: set[tuple[selectors.Selector, selectors.Selector]] = set()
    for child in children:
        for local in selectors.parse_all(child.local_ts or ("dynamic",)):
            for remote in selectors.parse_all(child.remote_ts or ("dynamic",)):
                found.add((selectors.resolved(local, own), selectors.resolved(remote, peer)))
    return frozenset(found)


def _turned(
    pairs: frozenset[tuple[selectors.Selector, selectors.Selector]],
) -> frozenset[tuple[selectors.Selector, selectors.Selector]]:
    return frozenset((remote, local) for local, remote in pairs)
