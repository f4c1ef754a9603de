"""Certificates, private keys and revocation lists of a gateway, whatever daemon uses them.

Every platform fills these records from its own files and listings; the comparisons of `chains` and of
`derive.certificates` know nothing else. A private key is known only by the digest of its public half.
"""

from __future__ import annotations

from dataclasses import field

from wizard.facts import identities
from wizard.facts.identities import Identity
from wizard.records import dataclass


@dataclass(frozen=True, slots=True)
class Certificate:
    """One X.509 certificate; times are seconds since 1970, numbers and digests lower-case hexadecimal."""

    fingerprint: str
    """SHA-256 of the whole certificate."""
    subject: str
    """As charon prints it: "C=CH, O=Example, CN=gw-a"."""
    issuer: str
    serial: str
    valid_from: float
    valid_to: float
    names: tuple[str, ...] = ()
    """Subject alternative names with their types as swanctl.conf spells them: "fqdn:gw.example", "ipv4:192.0.2.1"."""
    key_kind: str = ""
    """"rsa", "ecdsa", "ed25519", "ed448"; empty for one we do not know."""
    key_bits: int = 0
    spki: str = ""
    """SHA-256 of the SubjectPublicKeyInfo: equal for a certificate and its private key, whatever the kind."""
    hash_name: str = ""
    """The hash its issuer signed with: "sha256"."""
    authority: bool = False
    """Basic constraints say that it may sign certificates."""
    path_length: int | None = None
    """How many authorities may stand between it and the end; None: any number."""
    usage: frozenset[str] | None = None
    """Key usage in RFC 5280's words ("digitalSignature"); None: not restricted."""
    key_id: str = ""
    issuer_key_id: str = ""
    crl_urls: tuple[str, ...] = ()
    ocsp_urls: tuple[str, ...] = ()
    der: bytes = field(default=b"", repr=False)
    """The certificate itself, to check who signed it."""

    @property
    def self_issued(self) -> bool:
        """Whether it names itself as its issuer."""
        return self.subject == self.issuer

    @property
    def may_sign(self) -> bool:
        """Whether its key may be used to prove an identity (RFC 4945, 5.1.3.2)."""
        return self.usage is None or bool(self.usage & {"digitalSignature", "nonRepudiation"})

    def confirms(self, identity: str | Identity | None) -> bool:
        """Whether a peer of that identity may use it: the subject or an alternative name says so.

        The common name alone never does, for that is not how IKE reads a certificate.
        """
        wanted = identity if isinstance(identity, Identity) else identities.parse(identity)
        if wanted.kind == "any":
            return True
        if wanted.kind == "distinguished name":
            return identities.fits(self.subject, wanted)
        if wanted.kind == "key id":
            return wanted.value.replace(":", "").lower() in {self.key_id, self.spki}
        return any(identities.fits(name, wanted) for name in self.names)


@dataclass(frozen=True, slots=True)
class HeldCertificate:
    """A certificate a gateway has, on disk or loaded in its daemon or both."""

    certificate: Certificate
    files: tuple[str, ...] = ()
    trusted: bool = False
    """The gateway takes it for an authority (a folder for those, or the daemon's own mark)."""
    loaded: bool | None = None
    """None: the daemon's list could not be read."""
    has_key: bool | None = None
    """The daemon has the private key that belongs to it; None: it does not say."""


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A file with a private key, known by its public half only."""

    file: str
    spki: str | None = None
    """None: it could not be read; `problem` says why."""
    problem: str = ""
    mode: str = ""
    """As `ls` prints it: "-rw-------"."""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Crl:
    """A revocation list a gateway has."""

    issuer: str
    issuer_key_id: str = ""
    made: float = 0.0
    next_update: float | None = None
    revoked: frozenset[str] = frozenset()
    """Serial numbers of the certificates that were withdrawn."""
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CertificateStore:
    """All of that a gateway has; what could not be read is said in `problems`."""

    certificates: tuple[HeldCertificate, ...] = ()
    keys: tuple[PrivateKey, ...] = ()
    crls: tuple[Crl, ...] = ()
    problems: tuple[str, ...] = ()
    """What could not be read, each with its reason."""
    disk_read: bool = False
    loaded_read: bool = False

    @property
    def authorities(self) -> tuple[Certificate, ...]:
        """What the daemon trusts: those it has loaded, or where it could not be asked those on disk."""
        return tuple(
            one.certificate
            for one in self.certificates
            if one.trusted and (one.loaded or not self.loaded_read)
        )
