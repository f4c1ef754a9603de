"""The proposal one end has to offer so that the other takes it, as strong as both daemons allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from wizard.facts import proposals, strength, written_proposals
from wizard.facts.comparison import offers
from wizard.facts.focus import Focus
from wizard.facts.model import ENDS, End, other
from wizard.facts.proposals import Proposal
from wizard.facts.transforms import KINDS, Transform, prf_of
from wizard.facts.tunnel import Child, Connection
from wizard.platforms.actions.base import Site, Unplannable
from wizard.platforms.actions.spelling import stated_keys, want
from wizard.platforms.actions.stored import Stored, stored
from wizard.platforms.actions.wants import Want

Wants = tuple[tuple[Want, ...], tuple[str, ...]]
"""What has to be set, and warnings."""


def ike(site: Site, at: End, *, stronger: bool) -> Wants:
    """The IKE proposal this end has to offer; nothing where they agree, or the other end is the one to change."""
    own = stored(site, at)
    version = _version(site)
    mine, theirs = (
        offers.ike(_connection(site, end), version, _release(site, end)) for end in (at, other(at))
    )
    if not mine or not theirs:
        raise Unplannable("the IKE proposals of one end could not be read")
    if proposals.common(mine, theirs):
        return (), ()
    if version == 1:
        mine, theirs = _with_functions(mine), _with_functions(theirs)
    chosen = _chosen(site, at, mine, theirs, stronger=stronger, groups=True)
    if chosen is None:
        return (), ()
    proposal, text = chosen
    return (want(own, "ike-proposals", _finished(own, "ike", text)),), _warnings("IKE", proposal, mine, True)


def child(site: Site, at: End, *, stronger: bool, pfs: bool) -> Wants:
    """The same for ESP or AH; `pfs`: whether the group for perfect forward secrecy has to agree, too."""
    own = stored(site, at)
    version = _version(site)
    own_child, peer_child = _child(site, at), _child(site, other(at))
    if own_child.protocol != peer_child.protocol:
        raise Unplannable(
            "one end protects with ESP, the other with AH",
            advice=f"decide for one of them; at {own.snapshot.gateway} the proposals would have to be rewritten",
        )
    mine, theirs = (
        offers.child(_connection(site, end), one, version, _release(site, end))
        for end, one in ((at, own_child), (other(at), peer_child))
    )
    if not mine or not theirs:
        raise Unplannable("the ESP proposals of one end could not be read")
    if proposals.common(mine, theirs, first_child=not pfs and version != 1):
        return (), ()
    chosen = _chosen(site, at, mine, theirs, stronger=stronger, groups=pfs or version == 1)
    if chosen is None:
        return (), ()
    proposal, text = chosen
    field = "ah-proposals" if own_child.protocol == "ah" else "esp-proposals"
    wants = [want(own, field, _finished(own, own_child.protocol, text))]
    grouped = bool(proposal.of("dh group"))
    if own.dialect == "libreswan" and grouped != (own_child.pfs is not False):
        wants.append(want(own, "pfs", "yes" if grouped else "no"))
    return tuple(wants), _warnings(own_child.protocol.upper(), proposal, mine, False)


def strong(site: Site, at: End) -> Wants:
    """At both ends one proposal without anything weak, for the IKE SA and the child; only where something is."""
    own, version = stored(site, at), _version(site)
    wants: list[Want] = []
    ike_sa = {end: offers.ike(_connection(site, end), version, _release(site, end)) for end in ENDS}
    if version == 1:
        ike_sa = {end: _with_functions(offered) for end, offered in ike_sa.items()}
    children = {end: _child(site, end) for end in ENDS}
    child_sa = {
        end: offers.child(_connection(site, end), one, version, _release(site, end))
        for end, one in children.items()
    }
    for field, key, offered in (
        ("ike-proposals", "ike", ike_sa),
        (f"{children[at].protocol}-proposals", children[at].protocol, child_sa),
    ):
        if not any(strength.weak(one) for one in (*offered["near"][:_FIRST], *offered["far"][:_FIRST])):
            continue
        agreed = [
            fitted
            for one in offered["near"]
            for two in offered["far"]
            if (fitted := fit(one, two)) is not None
        ]
        if not agreed:
            raise Unplannable("the ends have no proposal in common to begin with")
        target = lifted(max(agreed, key=strength.rank))
        text = written_proposals.written(target, own.dialect, _release(site, at))
        if text is None:
            raise Unplannable(
                f"{own.snapshot.gateway} has no word for {target}", advice="choose another by hand"
            )
        wants.append(want(own, field, _finished(own, key, text)))
    return tuple(wants), ()


_FIRST: Final = 1
"""How many of an end's proposals count as those it would agree on."""
_LIFTED: Final = {
    "encryption": Transform("encryption", "AES_CBC", 256),
    "integrity": Transform("integrity", "HMAC_SHA2_256_128"),
    "prf": Transform("prf", "PRF_HMAC_SHA2_256"),
    "dh group": Transform("dh group", "MODP_3072"),
}


def lifted(proposal: Proposal) -> Proposal:
    """The proposal with everything weak in it replaced by what RFC 8221 and RFC 8247 ask for."""
    new = [_LIFTED.get(one.kind, one) if one.name in strength.WEAK else one for one in proposal.transforms]
    return replace(proposal, transforms=tuple(dict.fromkeys(new)))


def _chosen(
    site: Site,
    at: End,
    mine: Sequence[Proposal],
    theirs: Sequence[Proposal],
    *,
    stronger: bool,
    groups: bool,
) -> tuple[Proposal, str] | None:
    """What this end would offer; None where it is better that the other end changes."""
    own = _best(site, at, mine, theirs)
    if stronger:
        peer = _best(site, other(at), theirs, mine)
        mine_rank = strength.rank(own[0], groups=groups) if own else None
        their_rank = strength.rank(peer[0], groups=groups) if peer else None
        if their_rank is not None and (mine_rank is None or their_rank > mine_rank):
            return None
        if their_rank is not None and their_rank == mine_rank and at != site.wrong:
            return None
    if own is None:
        gateway = site.snapshot(at).gateway
        raise Unplannable(
            f"{gateway} has no word for what the other end offers: {', '.join(map(str, theirs[:3]))}",
            advice="choose a proposal both daemons have, such as aes256-sha256-modp2048, by hand",
        )
    return own


def _best(
    site: Site, at: End, mine: Sequence[Proposal], theirs: Sequence[Proposal]
) -> tuple[Proposal, str] | None:
    """The strongest proposal the other end takes and this end's language can say, with its spelling."""
    dialect, release = _connection(site, at).dialect, _release(site, at)
    found = [
        (fitted, text)
        for one in mine
        for wanted in theirs
        if (fitted := fit(one, wanted)) is not None
        and (text := written_proposals.written(fitted, dialect, release)) is not None
    ]
    return max(found, key=lambda each: strength.rank(each[0]), default=None)


def fit(own: Proposal, wanted: Proposal) -> Proposal | None:
    """One algorithm of each kind, all of them among those wanted, and those of `own` where it has them."""
    if own.protocol != wanted.protocol:
        return None
    picked: list[Transform] = []
    for kind in KINDS:
        theirs = wanted.of(kind)
        if not theirs or (kind == "integrity" and any(one.aead for one in picked)):
            continue
        mine = [one for one in theirs if one in own.of(kind)]
        if kind == "prf":
            derived = [prf_of(one) for one in picked if one.kind == "integrity"]
            mine = [one for one in theirs if one in derived] or mine
        chosen = max(mine or theirs, key=strength.bits)
        if kind == "esn" and len(theirs) > 1:
            continue
        picked.append(chosen)
    if own.protocol == "ike" and not any(one.kind == "prf" for one in picked):
        picked += [
            function for one in picked if one.kind == "integrity" and (function := prf_of(one)) is not None
        ]
    return replace(wanted, transforms=tuple(sorted(picked, key=lambda one: KINDS.index(one.kind))))


def _with_functions(offered: Sequence[Proposal]) -> tuple[Proposal, ...]:
    """IKEv1 names no pseudo-random function; a configuration has one nevertheless."""
    return tuple(
        replace(
            one,
            transforms=(
                *one.transforms,
                *(function for mac in one.of("integrity") if (function := prf_of(mac)) is not None),
            ),
        )
        for one in offered
    )


def _finished(own: Stored, key: str, text: str) -> str:
    """In strongSwan's ipsec.conf a "!" that kept the default proposals away goes on doing so."""
    if own.dialect != "ipsec.conf":
        return text
    return f"{text}!" if stated_keys(own).get(key, "").endswith("!") else text


def _warnings(what: str, chosen: Proposal, mine: Sequence[Proposal], ike_sa: bool) -> tuple[str, ...]:
    said: list[str] = []
    if weak := strength.weak(chosen):
        said.append(
            f"{what}: {', '.join(weak)} is broken or too short today; both ends should leave it behind"
        )
    best = max(mine, key=strength.rank)
    if best.of("dh group") and not chosen.of("dh group") and not ike_sa:
        said.append(f"{what}: perfect forward secrecy is given up, which this end has now")
    shorter = [
        f"{new} is weaker than {old}"
        for kind in ("encryption", "integrity", "dh group")
        if (olds := [one for one in best.transforms if one.kind == kind])
        and (news := [one for one in chosen.transforms if one.kind == kind])
        and strength.bits(new := max(news, key=strength.bits))
        < strength.bits(old := min(olds, key=strength.bits))
    ]
    if shorter:
        said.append(f"{what}: {'; '.join(shorter)}, which this end has now")
    return tuple(said)


def _connection(site: Site, end: End) -> Connection:
    """Where the proposals of an end stand: on disk, or as the daemon lists them where it does."""
    focus = _focus(site, end)
    found = focus.on_disk or (focus.loaded if focus.loaded is not None and focus.loaded.proposals else None)
    if found is None:
        raise Unplannable(f"the proposals of {site.snapshot(end).gateway} could not be read")
    return found


def _focus(site: Site, end: End) -> Focus:
    site.snapshot(end)
    return site.focus(end)


def _child(site: Site, end: End) -> Child:
    connection, name = _connection(site, end), _focus(site, end).child_name
    found = next((one for one in connection.children if one.name == name), None)
    if found is None:
        raise Unplannable(f"{site.snapshot(end).gateway} has no child for this tunnel in its files")
    return found


def _release(site: Site, end: End) -> str | None:
    return site.snapshot(end).version


def _version(site: Site) -> int:
    """The version of IKE both speak; 2 where both would take either."""
    versions = {_connection(site, end).version for end in ("near", "far")}
    return 1 if 1 in versions else 2
