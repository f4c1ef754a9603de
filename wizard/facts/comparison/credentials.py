"""Certificates and private keys among the files of an end, by what they are and not by what they are called."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from wizard.facts import identities

_RDN: Final = {
    NameOID.COMMON_NAME: "CN",
    NameOID.COUNTRY_NAME: "C",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
    NameOID.LOCALITY_NAME: "L",
    NameOID.EMAIL_ADDRESS: "E",
    NameOID.SERIAL_NUMBER: "SERIALNUMBER",
    NameOID.DOMAIN_COMPONENT: "DC",
    NameOID.USER_ID: "UID",
    NameOID.GIVEN_NAME: "G",
    NameOID.SURNAME: "S",
    NameOID.TITLE: "T",
}
_LONGEST_CHAIN: Final = 8
_SHA256: Final = hashes.SHA256()


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate and the file it is in."""

    path: str
    x509: x509.Certificate

    @property
    def subject(self) -> str:
        """The subject in the spelling of configurations: "C=CH, O=strongSwan, CN=moon"."""
        return _name(self.x509.subject)

    @property
    def issuer(self) -> str:
        """Who signed it."""
        return _name(self.x509.issuer)

    @property
    def names(self) -> tuple[str, ...]:
        """The subject and every alternative name, typed as identities are."""
        found = [self.subject]
        try:
            alternatives = self.x509.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (x509.ExtensionNotFound, ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
            return tuple(found)
        for name in alternatives:
            if isinstance(name, x509.DNSName):
                found.append(f"fqdn:{name.value}")
            elif isinstance(name, x509.RFC822Name):
                found.append(f"email:{name.value}")
            elif isinstance(name, x509.IPAddress):
                found.append(str(name.value))
            elif isinstance(name, x509.DirectoryName):
                found.append(_name(name.value))
        return tuple(found)

    @property
    def authority(self) -> bool:
        """Whether it may sign others."""
        try:
            return bool(self.x509.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
        except (x509.ExtensionNotFound, ValueError, x509.DuplicateExtension):
            return False

    @property
    def key(self) -> str:
        """Digest of its public key (SPKI), by which a private key is known to belong to it."""
        return _spki(self.x509.public_key())

    @property
    def key_kind(self) -> str:
        """Which algorithm its key is for: rsa, ecdsa or other."""
        key = self.x509.public_key()
        return "rsa" if isinstance(key, rsa.RSAPublicKey) else "ecdsa" if _elliptic(key) else "other"

    def carries(self, identity: str) -> bool:
        """Whether an identity is the subject or one of the alternative names."""
        return any(identities.fits(name, identity) or identities.fits(identity, name) for name in self.names)

    def expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return now > self.x509.not_valid_after_utc

    def too_early(self, now: datetime) -> bool:
        """Whether its time has not begun."""
        return now < self.x509.not_valid_before_utc


@dataclass(frozen=True, slots=True)
class Credentials:
    """Everything of an end that proves or checks identities; what could not be read is counted, not guessed."""

    certificates: tuple[Certificate, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    """(file, SPKI digest) of private keys that could be read."""
    locked: tuple[str, ...] = ()
    """Private keys that are encrypted."""
    revoked: tuple[tuple[str, int], ...] = ()
    """(issuer, serial number) of certificates that a revocation list among the files names."""

    @property
    def authorities(self) -> tuple[Certificate, ...]:
        """What this end may trust: charon and NSS take a certificate for an authority only when it says it is one."""
        return tuple(one for one in self.certificates if one.authority)

    def named(self, written: str) -> Certificate | None:
        """The certificate a configuration means by a file name, a path or a nickname."""
        wanted = posixpath.basename(written)
        stem = wanted.rsplit(".", 1)[0] if "." in wanted else wanted
        for one in self.certificates:
            if posixpath.basename(one.path) == wanted:
                return one
        for one in self.certificates:
            if posixpath.basename(one.path).rsplit(".", 1)[0].lower() == stem.lower():
                return one
        return None

    def carrying(self, identity: str) -> Certificate | None:
        """The end's own certificate for an identity, where it names none."""
        own = [one for one in self.certificates if not one.authority and one.carries(identity)]
        return own[0] if own else None


def read(files: Mapping[str, bytes]) -> Credentials:
    """Certificates, revocation lists and private keys of a folder, PEM or DER; everything else is passed over."""
    certificates: list[Certificate] = []
    keys: list[tuple[str, str]] = []
    locked: list[str] = []
    revoked: list[tuple[str, int]] = []
    for path, content in files.items():
        certificates += [Certificate(path, one) for one in _certificates(content)]
        revoked += _revoked(content)
        if b"PRIVATE KEY" in content:
            found = _private(content)
            if found is None:
                locked.append(path)
            else:
                keys.append((path, found))
    return Credentials(tuple(certificates), tuple(keys), tuple(locked), tuple(revoked))


def chain(
    leaf: Certificate, authorities: Sequence[Certificate], others: Iterable[Certificate]
) -> tuple[Certificate, ...]:
    """From a certificate to one the other end trusts, the leaf first; empty when there is no such way."""
    trusted = {one.x509.fingerprint(_SHA256) for one in authorities}
    pool = [*authorities, *(one for one in others if one.authority)]
    found = [leaf]
    while len(found) <= _LONGEST_CHAIN:
        last = found[-1]
        if last.x509.fingerprint(_SHA256) in trusted:
            return tuple(found)
        issuer = next((one for one in pool if one not in found and _issued(last, one)), None)
        if issuer is None:
            return ()
        found.append(issuer)
    return ()


def _issued(certificate: Certificate, issuer: Certificate) -> bool:
    try:
        certificate.x509.verify_directly_issued_by(issuer.x509)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _certificates(content: bytes) -> list[x509.Certificate]:
    try:
        if b"-----BEGIN CERTIFICATE" in content:
            return list(x509.load_pem_x509_certificates(content))
        if content[:1] == b"\x30":
            return [x509.load_der_x509_certificate(content)]
    except (ValueError, UnsupportedAlgorithm):
        pass
    return []


def _revoked(content: bytes) -> list[tuple[str, int]]:
    try:
        if b"-----BEGIN X509 CRL" in content:
            found = x509.load_pem_x509_crl(content)
        elif content[:1] == b"\x30" and not _certificates(content):
            found = x509.load_der_x509_crl(content)
        else:
            return []
        return [(_name(found.issuer), one.serial_number) for one in found]
    except (ValueError, UnsupportedAlgorithm):
        return []


def _private(content: bytes) -> str | None:
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return _spki(key.public_key())


def _spki(key: object) -> str:
    try:
        encoded: bytes = key.public_bytes(  # type: ignore[attr-defined]
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    except (ValueError, AttributeError):
        return ""
    return sha256(encoded).hexdigest()


def _elliptic(key: object) -> bool:
    return isinstance(key, ec.EllipticCurvePublicKey)


def _name(name: x509.Name) -> str:
    parts = [
        f"{_RDN.get(attribute.oid, attribute.oid.dotted_string)}={attribute.value!s}"
        for rdn in name.rdns
        for attribute in rdn
    ]
    return ", ".join(parts)
