"""How the ends prove who they are: methods, identities, pre-shared keys, certificates."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from wizard.facts import identities
from wizard.facts.comparison import keys, methods, names
from wizard.facts.comparison.credentials import Certificate, chain
from wizard.facts.comparison.names import Named
from wizard.facts.comparison.notes import Notes
from wizard.facts.model import ENDS, End, Evidence, Fact, other
from wizard.facts.parsers.ipsec_values import literal
from wizard.facts.tunnel import AuthRound, SharedSecret

SOON: Final = timedelta(days=30)
"""A certificate that ends within this time is worth a warning."""
_UNREADABLE: Final = "!"
_NO_KEYS: Final = "not both ends have a pre-shared key that could be compared"


class Proofs:
    """The proofs of one pair, each direction for itself."""

    def __init__(self, notes: Notes, version: int, now: datetime) -> None:
        """Takes the pair, the version of IKE, and the time certificates are held against."""
        self.notes, self.version, self.now = notes, version, now
        self.certificates = {end: self._certificate(end) for end in ENDS}

    def compare(self) -> None:
        """All facts about proofs."""
        self._methods()
        for end in ENDS:
            self._identity(end)
            self._certified(end)
        self._shared()
        self._ppk()

    # --- methods ------------------------------------------------------------------------------

    def _methods(self) -> None:
        verdicts: list[bool | None] = []
        for end in ENDS:
            own, peer = self.notes.connections[end], self.notes.connections[other(end)]
            verdict = methods.fit(own.local, peer.remote, peer.dialect)
            verdicts.append(verdict)
            a, b = _told(own.local), _told(peer.remote)
            title = "A proves itself by / B wants" if end == "near" else "A wants / B proves itself by"
            self.notes.row(title, *((a, b) if end == "near" else (b, a)), verdict)
        agree = False if False in verdicts else None if None in verdicts else True
        worst = "near" if verdicts[0] is False or verdicts[1] is not False else "far"
        fields = "local.0.method|remote.0.method" if worst == "near" else "remote.0.method|local.0.method"
        connections = self.notes.connections
        said = [
            f"proves itself by {_told(connections[end].local)}, wants {_told(connections[end].remote)}"
            for end in ENDS
        ]
        why = "an authentication method is not stated"
        self.notes.pair("auth_methods_agree", agree, fields, said[0], said[1], why)

    # --- identities ---------------------------------------------------------------------------

    def _identity(self, end: End) -> None:
        given, wanted = self._sent(end), self._expected(other(end))
        verdict = names.agree(given, wanted)
        lines = (
            self.notes.cite(end, "local.0.identity", f"identity = {_said(given)}"),
            self.notes.cite(other(end), "remote.0.identity", f"peer's identity = {_said(wanted)}"),
        )
        why = given.unknown or wanted.unknown or "addresses stand in for the identities"
        self.notes.end(end, "identity_fits_peer", verdict, *lines, why=why)
        parted = identities.difference(given.text, wanted.text) if verdict is False else ""
        self.notes.end(end, "identity_difference", parted or "")
        texts = (_said(given), _said(wanted))
        title = "identity A sends / B expects" if end == "near" else "identity A expects / B sends"
        shown = True if wanted.text is None and not wanted.unknown else verdict
        if shown is None and given.text is not None and given.text == wanted.text:
            shown = True
        self.notes.row(title, *(texts if end == "near" else texts[::-1]), shown)

    def _sent(self, end: End) -> Named:
        certificate = self.certificates[end]
        return names.sent(self.notes.connections[end], certificate.subject if certificate else None)

    def _expected(self, end: End) -> Named:
        connection, saved = self.notes.connections[end], self.notes.saved[end]
        copies = connection.remote[0].certs if connection.remote else ()
        copy = saved.credentials.named(copies[0]) if copies else None
        return names.expected(connection, copy.subject if copy else None)

    # --- pre-shared keys ----------------------------------------------------------------------

    def _shared(self) -> None:
        used = {end: self._uses_key(end) for end in ENDS}
        found = {end: self._candidates(end) for end in ENDS}
        for end in ENDS:
            saved, connection = self.notes.saved[end], self.notes.connections[end]
            given = saved.secrets_given or connection.dialect == "ios"
            self.notes.end(
                end, "psk_used", used[end], self.notes.cite(end, "local.0.method", "authentication = psk")
            )
            lines = [self._key_line(end, key) for key in found[end]]
            missing = Evidence(
                saved.name, "configuration", _files(saved.configuration.files), self._no_key(end)
            )
            present: bool | None = bool(found[end]) if given else None
            why = "no file with pre-shared keys is given"
            self.notes.end(end, "psk_present", present, *(lines or [missing]), why=why)
        if not any(used.values()):
            return
        agree = self._keys_agree(found)
        proofs = tuple(self._key_line(end, key) for end in ENDS for key in found[end])
        self.notes.facts.append(Fact("psk_agrees", agree, proofs, "" if agree is not None else _NO_KEYS))
        told = [", ".join(key.where or key.name for key in found[end]) or "(no key given)" for end in ENDS]
        self.notes.row("pre-shared key", told[0], told[1], agree)

    def _uses_key(self, end: End) -> bool:
        connection = self.notes.connections[end]
        return any(one.method == "psk" for one in (*connection.local[:1], *connection.remote[:1]))

    def _candidates(self, end: End) -> tuple[SharedSecret, ...]:
        own, peer = self._owners(end)
        return keys.candidates(self.notes.saved[end].configuration, self.notes.connections[end], own, peer)

    def _owners(self, end: End) -> tuple[list[str], list[str | None]]:
        """What each side may be known by at this end: its identity, then its addresses."""
        connection = self.notes.connections[end]
        own = [text for text in (self._sent(end).text, *_literals(connection.local_addrs)) if text]
        named = self._expected(end).text or self._sent(other(end)).text
        peer: list[str | None] = [named, *_literals(connection.remote_addrs)]
        if not _literals(connection.remote_addrs):
            peer += _literals(self.notes.connections[other(end)].local_addrs)
        return own, peer

    def _keys_agree(self, found: dict[End, tuple[SharedSecret, ...]]) -> bool | None:
        if not all(found.values()):
            return None
        if any(key.digest.startswith(_UNREADABLE) for side in found.values() for key in side):
            return None
        for end in ENDS:
            proves = {key.digest for key in found[end] if key.side in {"", "local"}}
            checks = {key.digest for key in found[other(end)] if key.side in {"", "remote"}}
            if self.version == 2:
                more = keys.checking(self.notes.saved[other(end)].configuration, *self._owners(other(end)))
                checks |= {key.digest for key in more}
            if not proves & checks:
                return False
        return True

    def _key_line(self, end: End, key: SharedSecret) -> Evidence:
        owners = " ".join(key.identities) or "everybody"
        digest = "cannot be read" if key.digest.startswith(_UNREADABLE) else f"digest {key.digest[:4]}…"
        return Evidence(self.notes.saved[end].name, "configuration", key.where, f"key for {owners}: {digest}")

    def _no_key(self, end: End) -> str:
        peer = self._expected(end).text or self._sent(other(end)).text or "any peer"
        return f"(no pre-shared key for {self._sent(end).text or 'this end'} and {peer})"

    def _ppk(self) -> None:
        values = [self.notes.connections[end].ppk or "no" for end in ENDS]
        agree = not ("required" in values and "no" in values)
        self.notes.pair("ppk_agree", agree, "ppk", f"ppk = {values[0]}", f"ppk = {values[1]}")

    # --- certificates -------------------------------------------------------------------------

    def _certificate(self, end: End) -> Certificate | None:
        """The certificate an end would show: the one it names, the one for its identity, its only one."""
        connection, proofs = self.notes.connections[end], self.notes.saved[end].credentials
        own = connection.local[0] if connection.local else AuthRound()
        if own.method != "pubkey":
            return None
        if own.certs:
            return proofs.named(own.certs[0])
        if own.identity and (found := proofs.carrying(own.identity)):
            return found
        single = [one for one in proofs.certificates if not one.authority]
        return single[0] if len(single) == 1 and not own.keys else None

    def _certified(self, end: End) -> None:
        connection = self.notes.connections[end]
        if not connection.local or connection.local[0].method != "pubkey":
            return
        if self._raw(end):
            return
        certificate = self.certificates[end]
        label = f"certificate of {'A' if end == 'near' else 'B'}"
        if certificate is None:
            self.notes.row(label, *_sides(end, "(not given)"), None)
            return
        line = self._line(end, certificate)
        proofs, peer = self.notes.saved[end].credentials, self.notes.saved[other(end)].credentials
        wanted = self._authorities(other(end))
        way = chain(certificate, wanted, (*proofs.certificates, *peer.certificates)) if wanted else ()
        held = (certificate, *way)
        end_ = self.notes.end
        end_(end, "cert_expired", any(one.expired(self.now) for one in held), line)
        end_(end, "cert_too_early", any(one.too_early(self.now) for one in held), line)
        end_(end, "cert_ends_soon", any(one.expired(self.now + SOON) for one in held), line)
        listed = (certificate.issuer, certificate.x509.serial_number)
        end_(end, "cert_revoked", listed in {*peer.revoked, *proofs.revoked}, line)
        trusted = self._trusted(end, certificate, way, bool(wanted))
        anchors = [self._line(other(end), one) for one in wanted[:2]]
        end_(end, "cert_trusted", trusted, line, *anchors, why="the other end's authorities are not given")
        identity = connection.local[0].identity
        carries = certificate.carries(identity) if identity and identity not in identities.ANY else None
        carried = self.notes.cite(end, "local.0.identity", f"identity = {identity}")
        end_(end, "cert_carries_identity", carries, carried, line, why="no identity is configured")
        belongs = any(key == certificate.key for _, key in proofs.keys)
        known = belongs or (bool(proofs.keys) and not proofs.locked)
        end_(
            end,
            "private_key_fits",
            belongs if known else None,
            line,
            why="no private key that can be read is given",
        )
        self.notes.row(
            f"private {label.replace('certificate', 'key')}", *_sides(end, ""), belongs if known else None
        )
        kind = self._wanted_kind(other(end))
        end_(end, "signature_kind_fits", None if kind is None else certificate.key_kind == kind, line)
        good = trusted is not False and carries is not False and not certificate.expired(self.now)
        self.notes.row(label, *_sides(end, certificate.subject), None if trusted is None else good)

    def _raw(self, end: End) -> bool:
        """Raw public keys: what this end proves itself with, and what the other end has for it."""
        own, peer = self.notes.connections[end], self.notes.connections[other(end)]
        mine = own.local[0].keys
        theirs = peer.remote[0].keys if peer.remote else ()
        if not mine and not theirs:
            return False
        agree = bool(set(mine) & set(theirs)) if mine and theirs else None
        lines = (
            self.notes.cite(end, "local.0.keys", "public key"),
            self.notes.cite(other(end), "remote.0.keys", "peer's public key"),
        )
        self.notes.end(end, "public_key_fits", agree, *lines, why="not both ends name the public key")
        label = f"public key of {'A' if end == 'near' else 'B'}"
        self.notes.row(label, "given" if mine else "", "given" if theirs else "", agree)
        return True

    def _authorities(self, end: End) -> tuple[Certificate, ...]:
        """Whom this end lets vouch for its peer."""
        connection, proofs = self.notes.connections[end], self.notes.saved[end].credentials
        peer = connection.remote[0] if connection.remote else AuthRound()
        if peer.cacerts:
            named = [found for text in peer.cacerts if (found := proofs.named(text)) is not None]
            return tuple(named)
        if peer.authority and not peer.authority.startswith("%"):
            return tuple(one for one in proofs.authorities if identities.fits(one.subject, peer.authority))
        return proofs.authorities

    def _trusted(
        self, end: End, certificate: Certificate, way: tuple[Certificate, ...], anchored: bool
    ) -> bool | None:
        connection, proofs = self.notes.connections[other(end)], self.notes.saved[other(end)].credentials
        copies = connection.remote[0].certs if connection.remote else ()
        pinned = [found for text in copies if (found := proofs.named(text)) is not None]
        if pinned:
            return any(one.key == certificate.key for one in pinned)
        if not anchored:
            # With a constraint that no given authority fits, and authorities given, nobody is trusted.
            peer = connection.remote[0] if connection.remote else AuthRound()
            constrained = bool(peer.authority and not peer.authority.startswith("%"))
            return False if constrained and proofs.authorities else None
        return bool(way)

    def _wanted_kind(self, end: End) -> str | None:
        connection = self.notes.connections[end]
        detail = connection.remote[0].detail if connection.remote else ""
        return next(
            (
                kind
                for kind in ("rsa", "ecdsa")
                if detail.startswith(kind) and connection.dialect != "libreswan"
            ),
            None,
        )

    def _line(self, end: End, certificate: Certificate) -> Evidence:
        times = f"{certificate.x509.not_valid_before_utc:%Y-%m-%d} to {certificate.x509.not_valid_after_utc:%Y-%m-%d}"
        said = f"subject {certificate.subject}; issuer {certificate.issuer}; valid {times}"
        return Evidence(self.notes.saved[end].name, "certificate", certificate.path, said)


def _sides(end: End, text: str) -> tuple[str, str]:
    return (text, "") if end == "near" else ("", text)


def _said(named: Named) -> str:
    if named.unknown:
        return f"(unknown: {named.unknown})"
    suffix = {"address": " (its address)", "certificate": " (of its certificate)"}.get(named.source, "")
    return f"{named.text}{suffix}" if named.text is not None else "(anybody)"


def _files(paths: tuple[str, ...]) -> str:
    return ", ".join(paths[:3])


def _literals(addresses: tuple[str, ...]) -> list[str]:
    return [one for one in addresses if literal(one) and one not in identities.ANY]


def _told(rounds: tuple[AuthRound, ...]) -> str:
    return " + ".join(one.detail or one.method or "pubkey" for one in rounds) or "anything"
