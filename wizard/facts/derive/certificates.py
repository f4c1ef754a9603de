"""What one end's certificate is like: which it is, until when, whose key, and whether it may be used.

Whether the other end believes it is for `derive.trust`. Times are held against the gateways' own clocks.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from wizard.facts import chains, identities
from wizard.facts.certificates import Certificate, CertificateStore, HeldCertificate
from wizard.facts.derive.notebook import Notebook
from wizard.facts.focus import ANY, Focus
from wizard.facts.tunnel import AuthRound
from wizard.records import dataclass

PROBE: Final = "certificates"
DAY_S: Final = 86_400
_OF_CERT: Final = (
    "cert_present",
    "cert_on_disk_loaded",
    "cert_days_left",
    "ca_days_left",
    "cert_confirms_identity",
    "cert_usage_fits",
    "chain_too_long",
    "private_key_present",
    "private_key_fits",
    "private_key_loaded",
)


@dataclass(frozen=True, slots=True)
class Own:
    """The certificate one end proves itself with, and what stands above it as far as this end knows."""

    held: HeldCertificate
    path: tuple[Certificate, ...]
    """The certificate itself first."""

    @property
    def certificate(self) -> Certificate:
        """The certificate itself."""
        return self.held.certificate


def shown(certificate: Certificate) -> str:
    """A certificate in one line: whose, by whom, from when until when (UTC)."""
    begins, ends = (
        datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%d %H:%M")
        for when in (certificate.valid_from, certificate.valid_to)
    )
    return f'"{certificate.subject}", issued by "{certificate.issuer}", valid {begins} to {ends} UTC'


def by_certificate(rounds: Iterable[AuthRound]) -> bool | None:
    """Whether a proof of these rounds is by certificate; None where the method is not known."""
    methods = [one.method for one in rounds]
    if "pubkey" in methods:
        return True
    return None if not methods or None in methods or "any" in methods else False


def end_facts(book: Notebook, focus: Focus) -> Own | None:
    """All facts about this end's own certificate; returns it."""
    connection = focus.connection
    used = by_certificate(connection.local) if connection is not None else None
    demanded = by_certificate(connection.remote) if connection is not None else None
    unread = "the authentication method could not be read"
    book.note("cert_used", used, why_unknown=unread)
    book.note("cert_demanded", demanded, why_unknown=unread)
    _eap(book, focus)
    store = book.snapshot.certificates
    if store is None or used is False:
        why = (
            "this end does not prove itself by certificate" if used is False else book.snapshot.missing(PROBE)
        )
        for name in _OF_CERT:
            book.unknown(name, why)
        return None
    own = find(store, focus)
    if own is None:
        _none(book, store, used)
        return None
    _described(book, focus, own)
    _key(book, store, own)
    return own


def _eap(book: Notebook, focus: Focus) -> None:
    connection = focus.connection
    if connection is None:
        book.unknown("eap_used", "the authentication method could not be read")
        return
    methods = {one.method for one in (*connection.local, *connection.remote)}
    book.note("eap_used", bool(methods & {"eap", "xauth"}))


def _none(book: Notebook, store: CertificateStore, used: bool | None) -> None:
    for name in _OF_CERT[1:]:
        book.unknown(name, "no certificate of this end was found")
    if used is None:
        book.unknown("cert_present", "the authentication method could not be read")
        return
    line = f"(none for this tunnel among {len(store.certificates)} certificates)"
    book.note("cert_present", False, book.cite(PROBE, line))


def find(store: CertificateStore, focus: Focus) -> Own | None:
    """The certificate this end would prove itself with: the one configured, else one that carries its identity.

    What the daemon has loaded goes before what is only on disk, for only that it can send.
    """
    rounds = focus.connection.local if focus.connection is not None else ()
    named = {name for one in rounds for name in one.certs}
    files = {name for one in (focus.on_disk.local if focus.on_disk is not None else ()) for name in one.certs}
    identity = next((one.identity for one in rounds if one.identity), None)
    ours = [one for one in store.certificates if not one.trusted]
    fitting = [one for one in ours if _named(one, named | files)]
    if not fitting and not named and not files:
        keys = {key.spki for key in store.keys}
        fitting = [one for one in ours if one.has_key or one.certificate.spki in keys]
        fitting = [one for one in fitting if identity and one.certificate.confirms(identity)] or fitting
    if not fitting:
        return None
    best = max(
        fitting,
        # A daemon keeps an older certificate of the same subject beside the one in the file.
        key=lambda one: (bool(one.loaded), _named(one, files), bool(one.has_key), one.certificate.valid_to),
    )
    others = [one.certificate for one in store.certificates]
    return Own(best, chains.build(best.certificate, others, []).path)


def _named(held: HeldCertificate, names: set[str]) -> bool:
    """Whether a configuration's words name it: its file, with or without folder, or its subject."""
    if held.certificate.subject in names:
        return True
    return any(path == name or path.endswith(f"/{name}") for path in held.files for name in names)


def _described(book: Notebook, focus: Focus, own: Own) -> None:
    one, line = own.certificate, book.cite(PROBE, shown(own.certificate))
    book.note("cert_present", True, line)
    _renewed(book, focus, own)
    identity = _identity(focus)
    if identity is None:
        book.unknown("cert_confirms_identity", "the identity this end sends is not stated")
    else:
        names = ", ".join(name.partition(":")[2] for name in one.names) or "none"
        told = f'"{one.subject}" carries the names {names}; the identity sent is {identity}'
        book.note("cert_confirms_identity", one.confirms(identity), book.cite(PROBE, told))
    usage = ", ".join(sorted(one.usage)) if one.usage is not None else "not restricted"
    book.note("cert_usage_fits", one.may_sign, book.cite(PROBE, f'"{one.subject}": key usage {usage}'))
    breaker = chains.too_long(own.path)
    told = f'"{(breaker or one).subject}" allows {breaker.path_length if breaker else "all"} authorities below it'
    book.note("chain_too_long", breaker is not None, book.cite(PROBE, told))
    clock = book.snapshot.clock
    if clock is None:
        book.unread("clock", "cert_days_left", "ca_days_left")
        return
    book.note("cert_days_left", int((one.valid_to - clock.epoch_s) // DAY_S), line)
    above = min(own.path[1:], key=lambda ca: ca.valid_to, default=None)
    if above is None:
        book.unknown("ca_days_left", "this end has no certificate of the authority")
    else:
        days = int((above.valid_to - clock.epoch_s) // DAY_S)
        book.note("ca_days_left", days, book.cite(PROBE, shown(above)))


def _renewed(book: Notebook, focus: Focus, own: Own) -> None:
    """Whether the file the configuration names holds what the daemon has: a renewal is often not loaded."""
    store = book.snapshot.certificates
    files = {name for one in (focus.on_disk.local if focus.on_disk is not None else ()) for name in one.certs}
    on_disk = [one for one in store.certificates if _named(one, files)] if store is not None else []
    if store is None or not store.loaded_read or not any(one.files for one in on_disk):
        book.unknown("cert_on_disk_loaded", "the certificate is not both on disk and in the daemon's list")
        return
    newest = max((one for one in on_disk if one.files), key=lambda one: one.certificate.valid_to)
    line = book.cite(PROBE, f"{newest.files[0]}: {shown(newest.certificate)}")
    book.note("cert_on_disk_loaded", bool(newest.loaded), line)


def _identity(focus: Focus) -> str | None:
    """What this end calls itself; None where its certificate's subject stands in for it anyway."""
    rounds = focus.connection.local if focus.connection is not None else ()
    sent = next((one.identity for one in rounds if one.identity), None)
    return sent if sent and sent not in ANY and identities.parse(sent).kind != "any" else None


def _key(book: Notebook, store: CertificateStore, own: Own) -> None:
    line = [
        book.cite(PROBE, f"{key.file}: {'public half ' + key.spki[:16] if key.spki else key.problem}")
        for key in store.keys
    ]
    wanted = book.cite(PROBE, f'"{own.certificate.subject}": public key {own.certificate.spki[:16]}')
    fitting = any(key.spki == own.certificate.spki for key in store.keys)
    unsure = any(key.spki is None for key in store.keys) or not store.disk_read
    has_key = own.held.has_key
    book.note(
        "private_key_present",
        True if store.keys or has_key else None if unsure else False,
        *line,
        why_unknown="the files of keys could not be read",
    )
    fits = True if fitting or has_key else None if unsure else False
    book.note(
        "private_key_fits", fits, *line, wanted, why_unknown="a file with a private key could not be opened"
    )
    book.note(
        "private_key_loaded",
        has_key if store.loaded_read else None,
        book.cite(
            PROBE, f'"{own.certificate.subject}": {"has private key" if has_key else "no private key"}'
        ),
        why_unknown="the daemon's list of certificates could not be read",
    )
