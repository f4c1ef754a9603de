"""What both ends must agree on in the course of a tunnel's life, beyond what the first negotiation compares.

A Diffie-Hellman group for the children is not compared by the first IKEv2 negotiation at all, and a lifetime by
none: the tunnel comes up and fails later. What one end does not state is not compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from wizard.facts import pluto_proposals, proposals
from wizard.facts.derive.notebook import Notebook
from wizard.facts.derive.running import tunnel_sas
from wizard.facts.derive.settings import Settings
from wizard.facts.focus import Focus
from wizard.facts.model import ENDS, End, Evidence, Fact
from wizard.facts.proposals import Proposal
from wizard.facts.tunnel import Child

_CONFIG: Final = "config"
_NOT_BOTH: Final = "not both ends' configurations could be read"
_NAMES: Final = ("pfs_agrees", "exchange_modes_agree", "lifetimes_fit", "lifetime_difference")
_LEEWAY: Final = 1.05
"""By how much one end may renew later than the other drops before that counts: times are drawn with a margin."""


def compare(
    books: Mapping[End, Notebook], focuses: Mapping[End, Focus], settings: Mapping[End, Settings]
) -> list[Fact]:
    """The facts of the pair; unknown where one end could not be read."""
    nat = _nat(books, focuses)
    if any(end not in books or focuses[end].connection is None for end in ENDS):
        return [nat, *(Fact(name, None, why_unknown=_NOT_BOTH) for name in _NAMES)]
    return [nat, _pfs(books, focuses), _modes(books, focuses, settings), *_lifetimes(books, settings)]


def _cite(books: Mapping[End, Notebook], words: Mapping[End, str]) -> tuple[Evidence, ...]:
    return tuple(books[end].cite(_CONFIG, words[end]) for end in ENDS)


def stored_child(focus: Focus) -> Child | None:
    """The tunnel's child as it stands on disk, which alone says what would be offered."""
    children = focus.on_disk.children if focus.on_disk is not None else ()
    return next((child for child in children if child.name == focus.child_name), None)


def offered(book: Notebook, child: Child) -> tuple[Proposal, ...]:
    """What a child offers or accepts, with the implementation's own where it says nothing."""
    snapshot = book.snapshot
    if snapshot.implementation == "libreswan":
        return pluto_proposals.configured(
            child.proposals, child.protocol, release=pluto_proposals.release(snapshot.version)
        )
    return proposals.configured(child.proposals, child.protocol, snapshot.version)


def _with_default(book: Notebook, child: Child | None) -> Child | None:
    """The child with `pfs` as pluto has it where its file says nothing: yes."""
    silent = child is not None and child.pfs is None and book.snapshot.implementation == "libreswan"
    return replace(child, pfs=True) if child is not None and silent else child


def _pfs(books: Mapping[End, Notebook], focuses: Mapping[End, Focus]) -> Fact:
    name = "pfs_agrees"
    near, far = (_with_default(books[end], stored_child(focuses[end])) for end in ENDS)
    if near is None or far is None:
        return Fact(
            name, None, why_unknown="not both ends' children stand in a configuration that could be read"
        )
    words: dict[End, str] = {
        "near": f"{near.name}: {_said(near)}",
        "far": f"{far.name}: {_said(far)}",
    }
    lines = _cite(books, words)
    if near.pfs is not None and far.pfs is not None and near.pfs != far.pfs:
        return Fact(name, False, lines)
    ours, theirs = offered(books["near"], near), offered(books["far"], far)
    if not ours or not theirs:
        return Fact(name, None, why_unknown="a proposal could not be read")
    if not proposals.common(ours, theirs, first_child=True):
        return Fact(name, None, why_unknown="the ESP proposals have nothing in common anyway")
    if near.pfs or far.pfs:
        return Fact(name, None, why_unknown="an end takes the group of its IKE SA, which is not compared")
    return Fact(name, proposals.common(ours, theirs, first_child=False), lines)


def _said(child: Child) -> str:
    written = ", ".join(child.proposals) if child.proposals else "(default)"
    flag = "" if child.pfs is None else f", pfs = {'yes' if child.pfs else 'no'}"
    return f"{child.protocol} proposals = {written}{flag}"


def _modes(
    books: Mapping[End, Notebook], focuses: Mapping[End, Focus], settings: Mapping[End, Settings]
) -> Fact:
    name = "exchange_modes_agree"
    versions = [one.version for end in ENDS if (one := focuses[end].connection) is not None]
    if versions == [2, 2]:
        # There is nothing to disagree on.
        return Fact(
            name, True, _cite(books, {end: f"{focuses[end].name}: IKEv2, which has no modes" for end in ENDS})
        )
    if 2 in versions:
        return Fact(name, None, why_unknown="an end speaks IKEv2, which has no such modes")
    near, far = settings["near"].aggressive, settings["far"].aggressive
    if near is None or far is None:
        return Fact(name, None, why_unknown="an end does not state its mode")
    words: dict[End, str] = {
        end: f"{focuses[end].name}: {'aggressive' if settings[end].aggressive else 'main'} mode"
        for end in ENDS
    }
    return Fact(name, near == far, _cite(books, words))


def _lifetimes(books: Mapping[End, Notebook], settings: Mapping[End, Settings]) -> list[Fact]:
    """Lifetimes need not be equal: only an end that drops without renewing, before the other renews, does harm."""
    names = ("lifetimes_fit", "lifetime_difference")
    near, far = settings["near"], settings["far"]
    told: list[bool | None] = [_outlives(near, far), _outlives(far, near)]
    words: dict[End, str] = {
        end: f"renews a CHILD SA after {one.child_rekey_s} s, drops it after {one.child_life_s} s"
        for end, one in settings.items()
    }
    if False in told:
        told_words = "; ".join(f"{books[end].snapshot.gateway} {words[end]}" for end in ENDS)
        return [Fact(names[0], False, _cite(books, words)), Fact(names[1], told_words, _cite(books, words))]
    if None in told:
        return [Fact(name, None, why_unknown="an end does not state its lifetimes") for name in names]
    return [Fact(names[0], True, _cite(books, words)), Fact(names[1], "", _cite(books, words))]


def _outlives(own: Settings, peer: Settings) -> bool | None:
    """Whether the SA is renewed, by this end or by its peer, before this end drops it."""
    if own.child_life_s is None:
        return None
    if own.child_life_s == 0:
        return True
    renewals: Sequence[int | None] = (own.child_rekey_s, peer.child_rekey_s)
    if any(time is not None and 0 < time <= own.child_life_s * _LEEWAY for time in renewals):
        return True
    return None if None in renewals else False


def _nat(books: Mapping[End, Notebook], focuses: Mapping[End, Focus]) -> Fact:
    """Whether the addresses of an IKE SA differ from one end to the other, or an end says so itself."""
    name = "nat_between"
    sas = {end: tunnel_sas(book.snapshot, focuses[end]) for end, book in books.items()}
    lines = tuple(
        books[end].cite("sas", f"{sa.name}: {sa.local_host}...{sa.remote_host}")
        for end in sas
        for sa in sas[end]
    )
    if any((sa.nat_local or sa.nat_remote) and not sa.nat_fake for held in sas.values() for sa in held):
        return Fact(name, True, lines)
    same = [
        (near, far)
        for near in sas.get("near", ())
        for far in sas.get("far", ())
        if near.initiator_spi and near.initiator_spi == far.initiator_spi
    ]
    if not same:
        return Fact(name, None, why_unknown="no IKE SA stands at both ends")
    seen = any((one.local_host, one.remote_host) != (two.remote_host, two.local_host) for one, two in same)
    return Fact(name, seen, lines)
