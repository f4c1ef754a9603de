"""What an end offers: its proposals in neutral words, whatever language they are written in."""

from __future__ import annotations

import re
from dataclasses import replace

from wizard.facts import pluto_proposals, proposals
from wizard.facts.proposals import Proposal
from wizard.facts.transforms import ESN, NO_ESN, Transform
from wizard.facts.tunnel import Child, Connection


def ike(connection: Connection, version: int, release: str | None) -> tuple[Proposal, ...]:
    """The IKE proposals for one version of IKE; empty when one cannot be read."""
    if connection.dialect == "libreswan":
        offered = pluto_proposals.configured(
            connection.proposals, "ike", version=version, release=numbers(release)
        )
    else:
        offered = proposals.configured(connection.proposals, "ike", _charon(connection, release))
    if version != 1:
        return offered
    # IKEv1 has one hash that is integrity algorithm and pseudo-random function at once.
    return tuple(_without(one, "prf") for one in offered)


def child(connection: Connection, one: Child, version: int, release: str | None) -> tuple[Proposal, ...]:
    """The ESP or AH proposals of a child; empty when one cannot be read."""
    if connection.dialect == "libreswan":
        offered = pluto_proposals.configured(
            one.proposals, one.protocol, version=version, release=numbers(release)
        )
        offered = tuple(
            _sequence(_with_groups(each, connection, one, version, release), one) for each in offered
        )
    else:
        offered = proposals.configured(one.proposals, one.protocol, _charon(connection, release))
    # IKEv1 agrees on extended sequence numbers in an attribute of its own, which is never refused.
    return tuple(_without(each, "esn") for each in offered) if version == 1 else offered


def refused(connection: Connection, version: int, release: str | None = None) -> str | None:
    """Why the program would not take a proposal of this connection, in one clause; None when it takes all."""
    texts = [("ike", text) for text in connection.proposals or ()]
    texts += [(one.protocol, text) for one in connection.children for text in one.proposals or ()]
    for protocol, text in texts:
        kind: proposals.Protocol = "ike" if protocol == "ike" else "ah" if protocol == "ah" else "esp"
        if connection.dialect == "libreswan":
            why = pluto_proposals.problem(text, kind, version, numbers(release))
        else:
            why = proposals.problem(text, kind)
        if why is not None:
            return f"{text}: {why}"
    return None


def pfs_groups(offered: tuple[Proposal, ...]) -> tuple[str, ...]:
    """The Diffie-Hellman groups of child proposals, "no group" where one has none."""
    found: list[str] = []
    for one in offered:
        found += [transform.name for transform in one.of("dh group")] or ["no group"]
    return tuple(dict.fromkeys(found))


def numbers(release: str | None) -> tuple[int, ...] | None:
    """A release such as "5.9.8" or "Libreswan 4.12" as numbers."""
    found = re.search(r"[0-9]{1,3}(?:\.[0-9]{1,3})+", release or "")
    return tuple(int(part) for part in found[0].split(".")) if found else None


def _charon(connection: Connection, release: str | None) -> str | None:
    found = numbers(release)
    return ".".join(map(str, found)) if found and connection.dialect != "ios" else None


def _without(one: Proposal, kind: str) -> Proposal:
    return replace(one, transforms=tuple(each for each in one.transforms if each.kind != kind))


def _with_groups(
    one: Proposal, connection: Connection, child_: Child, version: int, release: str | None
) -> Proposal:
    """Libreswan takes the groups of the IKE proposals for PFS where the child's proposal names none."""
    if child_.pfs is False:
        return _without(one, "dh group")
    if one.of("dh group"):
        return one
    groups = [group for each in ike(connection, version, release) for group in each.of("dh group")]
    return replace(one, transforms=(*one.transforms, *dict.fromkeys(groups)))


def _sequence(one: Proposal, child_: Child) -> Proposal:
    if child_.esn not in {"yes", "no"}:
        return one
    kept = _without(one, "esn")
    number = Transform("esn", ESN if child_.esn == "yes" else NO_ESN)
    return replace(kept, transforms=(*kept.transforms, number))
