"""Which pre-shared key an end would take for a pair of identities, looked up as its own daemon does."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.facts import identities
from wizard.facts.derive.secrets import acceptable
from wizard.facts.derive.secrets import best as charon_best
from wizard.facts.identities import ANY
from wizard.facts.tunnel import Configuration, Connection, SharedSecret


def candidates(
    configuration: Configuration, connection: Connection, own: Sequence[str], peer: Sequence[str | None]
) -> tuple[SharedSecret, ...]:
    """The keys this end would try.

    `own` and `peer` are what each side may be known by, identity first, address after it: IKEv1 looks a key up by
    address before it has heard any identity.
    """
    found: list[SharedSecret] = []
    if configuration.dialect == "ios":
        found = [secret for secret in configuration.secrets if secret.connection == connection.name]
    elif configuration.dialect == "libreswan":
        for mine in own:
            for yours in peer:
                found = found or list(_pluto_best(configuration.secrets, mine, yours))
    else:
        named: list[str | None] = [*own] or [None]
        for each in named:
            for yours in peer or (None,):
                found = found or list(charon_best(configuration.secrets, each, yours))
    return tuple(found)


def checking(
    configuration: Configuration, own: Sequence[str], peer: Sequence[str | None]
) -> tuple[SharedSecret, ...]:
    """The keys charon would check an IKEv2 peer's proof with: all that fit, not the best alone."""
    if configuration.dialect not in {"swanctl", "ipsec.conf"}:
        return ()
    found = [
        secret
        for mine in own or ("",)
        for yours in peer
        for secret in acceptable(configuration.secrets, mine or None, yours)
    ]
    return tuple(dict.fromkeys(found))


def _pluto_best(secrets: Sequence[SharedSecret], own: str, peer: str | None) -> tuple[SharedSecret, ...]:
    """Wants both sides among the owners of a key; one owner alone, or none, fits any peer."""
    ranked: list[tuple[int, SharedSecret]] = []
    for secret in secrets:
        if secret.kind != "ike":
            continue
        mine, yours = _match(secret.identities, own), _match(secret.identities, peer)
        if not secret.identities:
            ranked.append((1, secret))
        elif mine and (yours or len(secret.identities) == 1):
            ranked.append((2 + 2 * mine + yours, secret))
    top = max((rank for rank, _ in ranked), default=0)
    return tuple(secret for rank, secret in ranked if rank == top)


def _match(owners: Sequence[str], identity: str | None) -> int:
    if identity is None:
        return 1 if any(owner in ANY for owner in owners) else 0
    if any(owner not in ANY and identities.fits(identity, owner) for owner in owners):
        return 2
    return 1 if any(owner in ANY for owner in owners) else 0
