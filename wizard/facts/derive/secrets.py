"""Which pre-shared key each end would use for the other, and whether they are the same.

Keys are known by salted digests made on the gateways; what is compared here are the digests.
"""

from __future__ import annotations

from collections.abc import Mapping

from wizard.facts import identities
from wizard.facts.derive.notebook import Notebook
from wizard.facts.focus import ANY, Focus
from wizard.facts.model import ENDS, End, Evidence, Fact, other
from wizard.facts.tunnel import Dialect, SharedSecret

_CONFIG = "config"
_UNREADABLE = "!"
_NO_DIGEST = "a gateway could not make a digest of its key"
_EXACT, _PATTERN, _ANYBODY, _NOBODY = 3, 2, 1, 0


def own_and_peer(focus: Focus) -> tuple[str | None, str | None]:
    """The identity this end sends and the one it expects; addresses stand in where none is configured."""
    connection = focus.connection
    if connection is None:
        return None, None
    sent = connection.local[0].identity if connection.local else None
    expected = connection.remote[0].identity if connection.remote else None
    own = sent or focus.local_address
    peer = expected if expected and expected not in ANY else None
    return own, peer or (focus.peer_addresses[0] if focus.peer_addresses and not expected else None)


def uses_psk(focus: Focus) -> bool | None:
    """Whether either side is to prove itself by pre-shared key; None where the connection is not known."""
    connection = focus.connection
    if connection is None:
        return None
    methods = {round_.method for round_ in (*connection.local, *connection.remote)}
    return "psk" in methods if methods - {None} else None


def best(
    secrets: tuple[SharedSecret, ...],
    own: str | None,
    peer: str | None,
    dialect: Dialect = "swanctl",
) -> tuple[SharedSecret, ...]:
    """The keys that fit a pair of identities best; several where they fit equally well.

    charon takes the key that fits the peer's identity best, then its own (credential_manager.c, get_shared); a key
    without identities fits everybody, one that fits neither side nobody. pluto wants both to fit, except that
    the owner of a key of one identity may use it with everybody (lib/libswan/secrets.c).
    """
    fitting = _ranked(secrets, own, peer, dialect)
    top = max((rank for rank, _ in fitting), default=(0, 0))
    return tuple(secret for rank, secret in fitting if rank == top)


def acceptable(
    secrets: tuple[SharedSecret, ...], own: str | None, peer: str | None
) -> tuple[SharedSecret, ...]:
    """Every key charon tries to check an IKEv2 peer's proof with (psk_authenticator.c); it signs with the best."""
    return tuple(secret for _, secret in _ranked(secrets, own, peer, "swanctl"))


def _ranked(
    secrets: tuple[SharedSecret, ...], own: str | None, peer: str | None, dialect: Dialect
) -> list[tuple[tuple[int, int], SharedSecret]]:
    """The keys that fit at all, each with how well: what counts more stands first."""
    found: list[tuple[tuple[int, int], SharedSecret]] = []
    for secret in secrets:
        mine, yours = _rank(secret, own), _rank(secret, peer)
        if secret.kind != "ike" or not (mine or yours):
            continue
        if dialect != "libreswan":
            found.append(((yours, mine), secret))
        elif mine and (yours or peer is None or len(secret.identities) < 2):
            found.append(((mine, yours), secret))
    return found


def _rank(secret: SharedSecret, identity: str | None) -> int:
    if not secret.identities:
        return _ANYBODY
    if identity is None:
        return _NOBODY
    ranks = [_NOBODY]
    for owner in secret.identities:
        if owner in ANY:
            ranks.append(_ANYBODY)
        elif identities.fits(identity, owner):
            ranks.append(_PATTERN if "*" in owner else _EXACT)
    return max(ranks)


def end_facts(book: Notebook, focus: Focus, peer_identity: str | None) -> tuple[SharedSecret, ...]:
    """Whether a key is there; returns the keys this end would try."""
    used = uses_psk(focus)
    book.note("psk_used", used, why_unknown="the authentication method could not be read")
    disk = book.snapshot.disk
    if disk is None or disk.unreadable or not disk.files:
        for name in ("psk_present", "psk_candidates", "psk_ambiguous"):
            why = (
                f"{disk.unreadable[0]} may not be read"
                if disk and disk.unreadable
                else book.snapshot.missing(_CONFIG)
            )
            book.unknown(name, why)
        return ()
    own, expected = own_and_peer(focus)
    if own is None:
        for name in ("psk_present", "psk_candidates", "psk_ambiguous"):
            book.unknown(name, "the identity of this end is not known")
        return ()
    peer = expected or peer_identity
    keys = best(disk.secrets, own, peer, disk.dialect)
    lines = [
        book.cite(_CONFIG, f"{key.where or key.name}: key for {' '.join(key.identities) or 'everybody'}")
        for key in keys
    ]
    missing = book.cite(
        _CONFIG, f"(no key for {own} and {peer or 'any peer'} among {len(disk.secrets)} secrets)"
    )
    book.note("psk_present", bool(keys), *(lines or [missing]))
    book.note("psk_candidates", len(keys), *lines)
    if any(key.digest.startswith(_UNREADABLE) for key in keys):
        book.unknown("psk_ambiguous", _NO_DIGEST)
    else:
        book.note("psk_ambiguous", len({key.digest for key in keys}) > 1, *lines)
    return keys


def fitting(secrets: tuple[SharedSecret, ...], own: str | None, peer: str | None) -> tuple[SharedSecret, ...]:
    """Every key that fits the pair of identities at all, well or badly."""
    return tuple(
        secret for secret in secrets if secret.kind == "ike" and (_rank(secret, own) or _rank(secret, peer))
    )


def shadowed(
    books: Mapping[End, Notebook], focuses: Mapping[End, Focus], keys: Mapping[End, tuple[SharedSecret, ...]]
) -> None:
    """Whether an end holds the key its peer uses, and may take another one that fits as well or better."""
    for end, book in books.items():
        disk, theirs = book.snapshot.disk, keys.get(other(end), ())
        own, expected = own_and_peer(focuses[end])
        if disk is None or own is None or not theirs:
            book.unknown("psk_shadowed", "not both ends have a key that could be compared")
            continue
        peer = expected or own_and_peer(focuses[other(end)])[0]
        held = fitting(disk.secrets, own, peer)
        if any(key.digest.startswith(_UNREADABLE) for key in (*held, *theirs)):
            book.unknown("psk_shadowed", _NO_DIGEST)
            continue
        wanted = {key.digest for key in theirs}
        taken = {key.digest for key in keys.get(end, ())}
        right = [key for key in held if key.digest in wanted]
        wrong = [key for key in keys.get(end, ()) if key.digest not in wanted]
        lines = [
            book.cite(
                _CONFIG,
                f"{key.where or key.name}: {_short(key.digest)} for {' '.join(key.identities) or 'everybody'}",
            )
            for key in (*wrong, *right)
        ]
        book.note("psk_shadowed", bool(right) and bool(taken - wanted), *lines)


def agreement(books: Mapping[End, Notebook], keys: Mapping[End, tuple[SharedSecret, ...]]) -> Fact:
    """Whether both ends would try the same key."""
    near, far = keys.get("near", ()), keys.get("far", ())
    if not near or not far:
        return Fact("psk_agrees", None, why_unknown="not both ends have a key that could be compared")
    if any(key.digest.startswith(_UNREADABLE) for key in (*near, *far)):
        return Fact("psk_agrees", None, why_unknown=_NO_DIGEST)
    same = {key.digest for key in near} & {key.digest for key in far}
    lines: list[Evidence] = [
        books[end].cite(_CONFIG, f"{key.where or key.name}: {_short(key.digest)}")
        for end in ENDS
        for key in keys[end]
    ]
    return Fact("psk_agrees", bool(same), tuple(lines))


def _short(digest: str) -> str:
    """Enough of a digest to see that two differ, too little to try passwords against."""
    return f"digest {digest[:4]}…"
