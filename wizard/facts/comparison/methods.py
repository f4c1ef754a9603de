"""Whether the way one end proves itself is the way the other wants it."""

from __future__ import annotations

from wizard.facts.tunnel import AuthRound


def fit(proves: tuple[AuthRound, ...], wants: tuple[AuthRound, ...], dialect: str) -> bool | None:
    """Whether the way one end proves itself is the way the other wants; both first and further rounds."""
    if not proves or not wants:
        return None if dialect == "ios" or not proves else True
    for own, peer in zip(proves, wants, strict=False):
        first, second = own.method or "pubkey", peer.method or "pubkey"
        if "any" in {first, second}:
            continue
        if first != second:
            return False
        if first == "eap" and not _eap_fits(own.detail, peer.detail):
            return False
    further = [one.method for one in (*proves[len(wants) :], *wants[len(proves) :])]
    return not any(method in {"xauth", "eap", "pubkey", "psk"} for method in further)


def _eap_fits(own: str, peer: str) -> bool:
    """A radius server, or no method named, leaves the choice open."""
    open_ = ("", "eap", "eap-radius", "eap-identity", "eap-dynamic", "eaponly")
    return own in open_ or peer in open_ or own == peer
