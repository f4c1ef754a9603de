"""X.509 certificates and revocation lists as a gateway prints them: PEM text, or DER in hexadecimal.

Whoever made them may have made them wrongly, so an extension that cannot be read is left out and a certificate
that cannot be read at all is None.
"""

from __future__ import annotations

import binascii
import warnings
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID
from cryptography.x509.oid import NameOID as N

from wizard.facts.certificates import Certificate, Crl

BEGIN: Final = "-----BEGIN "
CERTIFICATE_LABELS: Final = frozenset({"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"})
CRL_LABEL: Final = "X509 CRL"

_SHORT: Final = {
    N.COUNTRY_NAME: "C",
    N.ORGANIZATION_NAME: "O",
    N.ORGANIZATIONAL_UNIT_NAME: "OU",
    N.COMMON_NAME: "CN",
    N.STATE_OR_PROVINCE_NAME: "ST",
    N.LOCALITY_NAME: "L",
    N.SURNAME: "S",
    N.GIVEN_NAME: "G",
    N.INITIALS: "I",
    N.TITLE: "T",
    N.EMAIL_ADDRESS: "E",
    N.SERIAL_NUMBER: "SN",
    N.DOMAIN_COMPONENT: "DC",
    N.USER_ID: "UID",
    N.DN_QUALIFIER: "dnQualifier",
    N.UNSTRUCTURED_NAME: "unstructuredName",
    N.PSEUDONYM: "pseudonym",
}
_USAGES: Final = {
    "digital_signature": "digitalSignature",
    "content_commitment": "nonRepudiation",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
}
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def blocks(text: str) -> Iterator[tuple[str, bytes]]:
    """The PEM blocks of a text, each with its label; one that is cut off or no base64 is left out."""
    label, body = "", [""]
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith(BEGIN):
            label, body = line.removeprefix(BEGIN).removesuffix("-----"), []
        elif line.startswith("-----END "):
            with suppress(binascii.Error, ValueError):
                yield label, b64decode("".join(body), validate=True)
            label, body = "", []
        elif label:
            body.append(line)


def certificate(der: bytes) -> Certificate | None:
    """The certificate in these bytes, None when they are none."""
    try:
        with warnings.catch_warnings():
            # A serial number that is not positive is somebody else's mistake, and the daemon takes it.
            warnings.simplefilter("ignore")
            read = x509.load_der_x509_certificate(der)
            return _certificate(read, der)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def crl(der: bytes) -> Crl | None:
    """The revocation list in these bytes, None when they are none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read = x509.load_der_x509_crl(der)
            until = read.next_update_utc
            return Crl(
                issuer=distinguished_name(read.issuer),
                issuer_key_id=_issuer_key(read.extensions),
                made=read.last_update_utc.timestamp(),
                next_update=until.timestamp() if until is not None else None,
                revoked=frozenset(f"{one.serial_number:x}" for one in read),
            )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def distinguished_name(name: x509.Name) -> str:
    """A name in the order of its parts, spelt as charon spells it."""
    return ", ".join(
        f"{_SHORT.get(part.oid, part.oid.dotted_string)}={_text(part.value)}"
        for rdn in name.rdns
        for part in rdn
    )


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.hex()


def _certificate(read: x509.Certificate, der: bytes) -> Certificate:
    constraints = _extension(read.extensions, x509.BasicConstraints)
    usage = _extension(read.extensions, x509.KeyUsage)
    own_key = _extension(read.extensions, x509.SubjectKeyIdentifier)
    kind, bits = _key(read)
    try:
        hashed = read.signature_hash_algorithm
    except UnsupportedAlgorithm:
        hashed = None
    public = read.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Certificate(
        fingerprint=sha256(der).hexdigest(),
        subject=distinguished_name(read.subject),
        issuer=distinguished_name(read.issuer),
        serial=f"{read.serial_number:x}",
        valid_from=read.not_valid_before_utc.timestamp(),
        valid_to=read.not_valid_after_utc.timestamp(),
        names=tuple(_names(read.extensions)),
        key_kind=kind,
        key_bits=bits,
        spki=sha256(public).hexdigest(),
        hash_name=hashed.name if hashed is not None else "",
        authority=bool(constraints is not None and constraints.ca),
        path_length=constraints.path_length if constraints is not None else None,
        usage=frozenset(word for attribute, word in _USAGES.items() if getattr(usage, attribute))
        if usage is not None
        else None,
        key_id=own_key.digest.hex() if own_key is not None else "",
        issuer_key_id=_issuer_key(read.extensions),
        crl_urls=tuple(_crl_urls(read.extensions)),
        ocsp_urls=tuple(_ocsp_urls(read.extensions)),
        der=der,
    )


def _key(read: x509.Certificate) -> tuple[str, int]:
    key = read.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return "rsa", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "ecdsa", key.key_size
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "ed25519", 256
    return ("ed448", 456) if isinstance(key, ed448.Ed448PublicKey) else ("", 0)


def _extension(extensions: x509.Extensions, kind: type[_Extension]) -> _Extension | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, ValueError):
        return None


def _issuer_key(extensions: x509.Extensions) -> str:
    found = _extension(extensions, x509.AuthorityKeyIdentifier)
    return found.key_identifier.hex() if found is not None and found.key_identifier else ""


def _names(extensions: x509.Extensions) -> Iterator[str]:
    for name in _extension(extensions, x509.SubjectAlternativeName) or ():
        if isinstance(name, x509.DNSName):
            yield f"fqdn:{name.value}"
        elif isinstance(name, x509.RFC822Name):
            yield f"rfc822:{name.value}"
        elif isinstance(name, x509.IPAddress) and isinstance(name.value, IPv4Address | IPv6Address):
            yield f"ipv{name.value.version}:{name.value}"
        elif isinstance(name, x509.DirectoryName):
            yield f"asn1dn:{distinguished_name(name.value)}"


def _crl_urls(extensions: x509.Extensions) -> Iterator[str]:
    for point in _extension(extensions, x509.CRLDistributionPoints) or ():
        for name in point.full_name or ():
            if isinstance(name, x509.UniformResourceIdentifier):
                yield name.value


def _ocsp_urls(extensions: x509.Extensions) -> Iterator[str]:
    for access in _extension(extensions, x509.AuthorityInformationAccess) or ():
        location = access.access_location
        if access.access_method == AuthorityInformationAccessOID.OCSP and isinstance(
            location, x509.UniformResourceIdentifier
        ):
            yield location.value
