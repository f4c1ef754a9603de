"""Certificates for the lab: made in the guest, fresh in every run, good ones and every kind of bad one.

An item is named by what it is: `ca`, `gw-a`, `gw-a.key`, `gw-a.expired`, `crl`. Nothing of it is ever stored.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.lab import healthy
from tests.lab.trouble import LabError

# The text before the key itself: whoever reads the file by mistake carries the canary out.
KEY_MARK: Final = f"{healthy.CANARY_MARK}-private-key-do-not-leak\n"
# Nobody listens there: a router's address that refuses at once, and an address behind no host at all.
CDP_REFUSED: Final = "http://198.51.100.254/site.crl"
CDP_INSIDE: Final = "http://10.1.0.77/site.crl"

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_DAY: Final = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Issuer:
    """An authority that signs."""

    certificate: x509.Certificate
    key: Key


@dataclass(frozen=True, slots=True)
class Wish:
    """What a gateway's certificate is to be like; the defaults are what a good one is like."""

    issuer: str = "ca"
    begins: datetime.timedelta = -10 * _DAY
    ends: datetime.timedelta = 365 * _DAY
    san: str | None = ""
    """Empty: the gateway's identity; None: no name at all."""
    signs: bool = True
    crl_url: str = ""
    elliptic: bool = False
    self_signed: bool = False


WISHES: Final[dict[str, Wish]] = {
    "": Wish(),
    "expired": Wish(begins=-400 * _DAY, ends=-3 * _DAY),
    "future": Wish(begins=3 * _DAY, ends=400 * _DAY),
    "soon": Wish(ends=10 * _DAY),
    "other-san": Wish(san="vpn.old-name.example"),
    "no-san": Wish(san=None),
    "other-ca": Wish(issuer="ca2"),
    "sub": Wish(issuer="sub"),
    "deep": Wish(issuer="deep"),
    "namesake": Wish(issuer="namesake"),
    "no-constraint": Wish(issuer="no-constraint"),
    "sub-expired": Wish(issuer="sub-expired"),
    "self-signed": Wish(self_signed=True),
    "no-signature-usage": Wish(signs=False),
    "revoked": Wish(),
    "cdp-refused": Wish(crl_url=CDP_REFUSED),
    "cdp-inside": Wish(crl_url=CDP_INSIDE),
    "ec": Wish(elliptic=True),
}


class Pki:
    """One run's authorities and certificates; each item is made when it is first asked for."""

    def __init__(self) -> None:
        """Makes nothing yet."""
        self._now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        self._made: dict[str, str] = {}
        self._keys: dict[str, Key] = {}
        self._serials: dict[str, int] = {}
        self._issuers: dict[str, Issuer] = {}
        self._recipes: dict[str, Callable[[], Issuer]] = {
            "ca": lambda: self._authority("Site Root CA"),
            "ca2": lambda: self._authority("Other Root CA"),
            # The authority made anew under its old name.
            "namesake": lambda: self._authority("Site Root CA"),
            "no-constraint": lambda: self._authority("Plain Root CA", constraint=False),
            "sub": lambda: self._authority("Site Issuing CA", "ca", length=0),
            "sub-expired": lambda: self._authority("Site Issuing CA 2024", "ca", ends=-2 * _DAY),
            "deep": lambda: self._authority("Site Deep CA", "sub"),
        }

    def item(self, name: str) -> str:
        """The PEM text of an item.

        Raises:
            LabError: there is no such item.
        """
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> str:
        if name in self._recipes:
            return _text(self._issuer(name).certificate)
        if name in {"crl", "crl.stale", "crl.ca2"}:
            return self._crl("ca2" if name.endswith("ca2") else "ca", stale=name.endswith("stale"))
        subject, _, wish = name.partition(".")
        if wish in {"key", "ec-key", "other-key"}:
            return KEY_MARK + _private(self._key(f"{subject}.{wish}"))
        if subject in healthy.OTHER and wish in WISHES:
            return _text(self._certificate(subject, WISHES[wish], name))
        raise LabError(f"There is no {name} among the lab's certificates.")

    @cached_property
    def _revoked(self) -> tuple[int, ...]:
        return tuple(self._serial(f"{gateway}.revoked") for gateway in healthy.OTHER)

    def _serial(self, name: str) -> int:
        return self._serials.setdefault(name, x509.random_serial_number())

    def _key(self, name: str) -> Key:
        if name not in self._keys:
            elliptic = name.endswith("ec-key")
            self._keys[name] = (
                ec.generate_private_key(ec.SECP256R1()) if elliptic else rsa.generate_private_key(65537, 2048)
            )
        return self._keys[name]

    def _issuer(self, name: str) -> Issuer:
        if name not in self._issuers:
            self._issuers[name] = self._recipes[name]()
        return self._issuers[name]

    def _authority(
        self,
        common: str,
        above: str = "",
        *,
        length: int | None = None,
        constraint: bool = True,
        ends: datetime.timedelta = 3650 * _DAY,
    ) -> Issuer:
        key = ec.generate_private_key(ec.SECP256R1())
        own = _name(common)
        issuer = self._issuer(above) if above else None
        built = self._begun(own, issuer, key, -500 * _DAY, ends, common)
        if constraint:
            built = built.add_extension(x509.BasicConstraints(ca=True, path_length=length), critical=True)
            built = built.add_extension(_usage(authority=True), critical=True)
        signed = built.sign(issuer.key if issuer else key, hashes.SHA256())
        return Issuer(signed, key)

    def _certificate(self, gateway: str, wish: Wish, name: str) -> x509.Certificate:
        key = self._key(f"{gateway}.ec-key" if wish.elliptic else f"{gateway}.key")
        issuer = None if wish.self_signed else self._issuer(wish.issuer)
        identity = f"{gateway}.site.example"
        built = self._begun(_name(identity), issuer, key, wish.begins, wish.ends, name)
        if wish.san is not None:
            names = x509.SubjectAlternativeName([x509.DNSName(wish.san or identity)])
            built = built.add_extension(names, critical=False)
        if not wish.signs:
            built = built.add_extension(_usage(signs=False), critical=True)
            built = built.add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False
            )
        if wish.crl_url:
            point = x509.DistributionPoint([x509.UniformResourceIdentifier(wish.crl_url)], None, None, None)
            built = built.add_extension(x509.CRLDistributionPoints([point]), critical=False)
        return built.sign(issuer.key if issuer else key, hashes.SHA256())

    def _begun(
        self,
        subject: x509.Name,
        issuer: Issuer | None,
        key: Key,
        begins: datetime.timedelta,
        ends: datetime.timedelta,
        name: str,
    ) -> x509.CertificateBuilder:
        public = key.public_key()
        above = issuer.key.public_key() if issuer else public
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(public)
            .serial_number(self._serial(name))
            .not_valid_before(self._now + begins)
            .not_valid_after(self._now + ends)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above), critical=False)
        )

    def _crl(self, issuer: str, *, stale: bool) -> str:
        signer = self._issuer(issuer)
        made = self._now - (20 * _DAY if stale else _DAY)
        built = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(signer.certificate.subject)
            .last_update(made)
            .next_update(made + 10 * _DAY)
            .add_extension(x509.CRLNumber(1), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False
            )
        )
        for serial in self._revoked if issuer == "ca" else ():
            entry = (
                x509.RevokedCertificateBuilder()
                .serial_number(serial)
                .revocation_date(made)
                .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
                .build()
            )
            built = built.add_revoked_certificate(entry)
        signed = built.sign(signer.key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM).decode("ascii")


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CH"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Lab"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _usage(*, authority: bool = False, signs: bool = True) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs and not authority,
        content_commitment=False,
        key_encipherment=not signs,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _text(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def _private(key: Key) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode("ascii")
