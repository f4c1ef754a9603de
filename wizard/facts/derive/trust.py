"""Whether each end believes the other's certificate: trust, dates by both clocks, revocation, signatures.

Everything here needs both ends' files; what one end alone cannot know stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from wizard.facts import chains, identities, selectors
from wizard.facts.certificates import Certificate
from wizard.facts.derive.certificates import DAY_S, PROBE, Own, shown
from wizard.facts.derive.notebook import Notebook
from wizard.facts.focus import Focus
from wizard.facts.model import ENDS, End, Fact, other
from wizard.facts.signing import accepts

_REVOCATION: Final = (
    "crl_present",
    "crl_expired",
    "crl_days_left",
    "peer_cert_revoked",
    "status_server_inside",
)


def facts(
    books: Mapping[End, Notebook], focuses: Mapping[End, Focus], owns: Mapping[End, Own | None]
) -> None:
    """Writes into both notebooks what the ends would make of each other's certificates."""
    for end, book in books.items():
        own, peer = owns.get(end), owns.get(other(end))
        _dates(book, books.get(other(end)), own)
        _trusted(book, books.get(other(end)), own)
        _signature(book, focuses[end], focuses.get(other(end)), own)
        _revocation(book, focuses[end], peer)
    _outside(books, owns)


def _dates(book: Notebook, peer: Notebook | None, own: Own | None) -> None:
    clocks = [one.snapshot.clock for one in (peer, book) if one is not None]
    known = [clock.epoch_s for clock in clocks if clock is not None]
    if own is None or not known:
        for name in ("cert_expired", "cert_not_yet_valid", "cert_time_disputed"):
            book.unknown(name, "there is no certificate and clock to hold against each other")
        return
    ended = [[one for one in own.path if one.valid_to < now] for now in known]
    early = [[one for one in own.path if one.valid_from > now] for now in known]
    worst = (*ended[0], *early[0], *own.path)[0]
    line = book.cite(PROBE, shown(worst))
    book.note("cert_expired", bool(ended[0]), line)
    book.note("cert_not_yet_valid", bool(early[0]), line)
    if len(known) < 2:
        book.unknown("cert_time_disputed", "only one clock could be read")
        return
    verdicts = {(bool(late), bool(soon)) for late, soon in zip(ended, early, strict=True)}
    clocks_shown = [
        one.cite("clock", one.snapshot.clock.line) for one in (book, peer) if one and one.snapshot.clock
    ]
    book.note("cert_time_disputed", len(verdicts) > 1, line, *clocks_shown)


def _outside(books: Mapping[End, Notebook], owns: Mapping[End, Own | None]) -> None:
    """Which clock is the wrong one: certificates are made to be valid, so the one they do not fit."""
    path = [one for own in owns.values() if own is not None for one in own.path]
    outside: dict[End, list[Certificate]] = {}
    for end, book in books.items():
        clock = book.snapshot.clock
        if clock is not None:
            outside[end] = [one for one in path if not one.valid_from <= clock.epoch_s <= one.valid_to]
    for end, book in books.items():
        if len(outside) < 2 or not path:
            book.unknown("clock_outside_validity", "there are no two clocks and a certificate to compare")
            continue
        wrong = [one for one in outside[end] if one not in outside[other(end)]]
        book.note("clock_outside_validity", bool(wrong), *(book.cite(PROBE, shown(one)) for one in wrong[:2]))


def _trusted(book: Notebook, peer: Notebook | None, own: Own | None) -> None:
    store = peer.snapshot.certificates if peer is not None else None
    if own is None or peer is None or store is None:
        for name in ("peer_trusts_cert", "cert_trust_problem"):
            book.unknown(name, "not both ends' certificates could be read")
        return
    held = book.snapshot.certificates
    # A root is never sent: whoever does not have it would not believe it.
    sent = [one.certificate for one in held.certificates if not one.certificate.self_issued] if held else []
    way = chains.build(own.certificate, sent, store.authorities)
    pinned = any(
        one.files and one.certificate.fingerprint == own.certificate.fingerprint for one in store.certificates
    )
    names = ", ".join(f'"{one.subject}"' for one in store.authorities) or "none"
    lines = [
        book.cite(
            PROBE, " <- ".join(f'"{one.subject}"' for one in way.path) + f', issued by "{way.top.issuer}"'
        ),
        peer.cite(PROBE, f"authorities trusted: {names}"),
    ]
    book.note("peer_trusts_cert", way.trusted or pinned, *lines)
    problem: str = "" if way.trusted or pinned else way.problem
    if problem:
        stored = [one.certificate for one in store.certificates if one.trusted or _authority_file(one.files)]
        on_disk = chains.build(own.certificate, sent, stored)
        if on_disk.trusted:
            problem = "authority-not-loaded"
        elif on_disk.problem == "authority-unmarked":
            problem = on_disk.problem
    book.note("cert_trust_problem", problem, *lines)


def _authority_file(files: Sequence[str]) -> bool:
    return any(folder in path for path in files for folder in ("/x509ca/", "/cacerts/"))


def _signature(book: Notebook, focus: Focus, peer: Focus | None, own: Own | None) -> None:
    """What is on disk is compared: the daemon's list names no hashes."""
    stored, wanted = focus.on_disk, peer.on_disk if peer is not None else None
    if stored is None or wanted is None or not stored.local or not wanted.remote:
        book.unknown("signature_accepted", "not both configurations could be read")
        return
    used, asked = stored.local[0], wanted.remote[0]
    verdict = accepts(asked.detail, used.detail, own.path if own is not None else ())
    line = book.cite(
        "config",
        f"signs as {used.detail or used.method or 'it likes'}; asked for {asked.detail or asked.method}",
    )
    book.note("signature_accepted", verdict, line, why_unknown="neither end restricts signatures")


def _revocation(book: Notebook, focus: Focus, peer: Own | None) -> None:
    """How this end would check whether the peer's certificate was revoked."""
    rounds = focus.loaded.remote if focus.loaded is not None else ()
    words = {word for one in rounds for word in one.detail.split()}
    strict = "strict" in words if rounds else None
    book.note("revocation_strict", strict, why_unknown="the connection is not loaded")
    store, clock = book.snapshot.certificates, book.snapshot.clock
    if store is None or peer is None:
        for name in _REVOCATION:
            book.unknown(name, "not both ends' certificates could be read")
        return
    listed = chains.list_for(peer.certificate, store.crls)
    issuer = peer.certificate.issuer
    if listed is None:
        book.note("crl_present", False, book.cite(PROBE, f'(no revocation list of "{issuer}")'))
        for name in ("crl_expired", "crl_days_left", "peer_cert_revoked"):
            book.unknown(name, "there is no revocation list")
    else:
        line = book.cite(PROBE, f'revocation list of "{issuer}": {len(listed.revoked)} certificates')
        book.note("crl_present", True, line)
        revoked = peer.certificate.serial in listed.revoked
        book.note("peer_cert_revoked", revoked, book.cite(PROBE, f"serial {peer.certificate.serial}"), line)
        if clock is None or listed.next_update is None:
            for name in ("crl_expired", "crl_days_left"):
                book.unknown(
                    name, "the list does not say how long it is good, or the clock could not be read"
                )
        else:
            left = listed.next_update - clock.epoch_s
            book.note("crl_expired", left < 0, line)
            book.note("crl_days_left", int(left // DAY_S), line)
    hosts = list(_hosts(peer.certificate))
    inside = [host for host in hosts if any(_within(host, net) for net in focus.remote_networks)]
    lines = [book.cite(PROBE, f"revocation server {host}") for host in inside or hosts]
    book.note(
        "status_server_inside",
        bool(inside) if hosts else None,
        *lines,
        why_unknown="no server is named by address",
    )


def _hosts(certificate: Certificate) -> Iterator[str]:
    for url in (*certificate.crl_urls, *certificate.ocsp_urls):
        try:
            host = urlsplit(url).hostname or ""
            ip_address(host)
        except ValueError:
            continue
        yield host


def _within(host: str, network: str) -> bool:
    inner, outer = selectors.parse(host), selectors.parse(network)
    return inner is not None and outer is not None and selectors.contains(outer, inner)


def eap(books: Mapping[End, Notebook], focuses: Mapping[End, Focus]) -> Fact:
    """Whether the user's secret is the same at both ends; known by salted digests only."""
    name = "eap_secrets_agree"
    secrets = {}
    for end in ENDS:
        disk = books[end].snapshot.disk if end in books else None
        secrets[end] = (
            [one for one in disk.secrets if one.kind in {"eap", "xauth"}] if disk is not None else []
        )
    users = [
        (one.user or one.identity)
        for focus in focuses.values()
        if focus.connection is not None
        for one in focus.connection.local
        if one.method in {"eap", "xauth"}
    ]
    found = {
        end: {
            one.digest
            for one in secrets[end]
            if any(user and identities.fits(user, owner) for user in users for owner in one.identities)
        }
        for end in ENDS
    }
    if not found["near"] or not found["far"]:
        return Fact(name, None, why_unknown="not both ends hold a secret for the user")
    if any(digest.startswith("!") for digests in found.values() for digest in digests):
        return Fact(name, None, why_unknown="a gateway could not make a digest of its secret")
    lines = tuple(
        books[end].cite("config", f"{one.where or one.name}: digest {one.digest[:4]}…")
        for end in ENDS
        for one in secrets[end]
        if one.digest in found[end]
    )
    return Fact(name, bool(found["near"] & found["far"]), lines)
