"""Whether a gateway finds a way from its peer's certificate to an authority it trusts (RFC 5280, section 6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal

from wizard.facts.certificates import Certificate, Crl
from wizard.records import dataclass

TrustProblem = Literal[
    "",
    "issuer-unknown",
    "intermediate-missing",
    "self-signed",
    "authority-unmarked",
    "authority-renewed",
    "no-authority",
]
DEPTH = 7
"""charon goes no further up either (MAX_TRUST_PATH_LEN)."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The way up from one certificate, as far as it goes."""

    path: tuple[Certificate, ...]
    """The certificate itself first."""
    trusted: bool
    problem: TrustProblem = ""

    @property
    def top(self) -> Certificate:
        """The last certificate that was found."""
        return self.path[-1]


def build(leaf: Certificate, sent: Iterable[Certificate], trusted: Sequence[Certificate]) -> Chain:
    """The way from a certificate through those sent with it to one of the trusted.

    A trusted authority ends it, be it a root or not: that is how charon does it since 5.9.
    """
    between = [one for one in sent if one.fingerprint != leaf.fingerprint]
    anchors = {one.fingerprint for one in trusted}
    path = [leaf]
    while len(path) <= DEPTH:
        top = path[-1]
        if top.fingerprint in anchors:
            return Chain(tuple(path), trusted=True)
        unmarked = False
        issuer: Certificate | None = None
        for one in [*trusted, *between]:
            if one in path or not issued(top, one):
                continue
            if one.authority:
                issuer = one
                break
            unmarked = True
        if issuer is None:
            return Chain(
                tuple(path), trusted=False, problem=_problem(top, [*trusted, *between], trusted, unmarked)
            )
        path.append(issuer)
    return Chain(tuple(path), trusted=False, problem="issuer-unknown")


def _problem(
    top: Certificate, known: Sequence[Certificate], trusted: Sequence[Certificate], unmarked: bool
) -> TrustProblem:
    if unmarked:
        return "authority-unmarked"
    if top.self_issued and issued(top, top):
        return "self-signed"
    if not trusted:
        return "no-authority"
    if any(one.subject == top.issuer for one in known):
        return "authority-renewed"
    return "issuer-unknown"


def too_long(path: Sequence[Certificate]) -> Certificate | None:
    """The authority in a path that allows fewer authorities below it than there are."""
    for place, one in enumerate(path):
        below = sum(not lower.self_issued for lower in path[1:place])
        if place and one.path_length is not None and below > one.path_length:
            return one
    return None


@lru_cache(maxsize=4096)
def issued(certificate: Certificate, issuer: Certificate) -> bool:
    """Whether one certificate was signed with the other's key.

    Where the signature is of a kind we cannot check, the key's identifiers decide.
    """
    if certificate.issuer != issuer.subject:
        return False
    if not certificate.der or not issuer.der:
        return _same_key(certificate.issuer_key_id, issuer.key_id)
    # Here and not on top: most tunnels prove themselves by keys, and a diagnosis of theirs starts without it.
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        x509.load_der_x509_certificate(certificate.der).verify_directly_issued_by(
            x509.load_der_x509_certificate(issuer.der)
        )
    except (InvalidSignature, ValueError):
        return False
    except (UnsupportedAlgorithm, TypeError):
        return _same_key(certificate.issuer_key_id, issuer.key_id)
    return True


def _same_key(wanted: str, held: str) -> bool:
    return not wanted or not held or wanted == held


def list_for(certificate: Certificate, crls: Iterable[Crl]) -> Crl | None:
    """The newest revocation list of the certificate's issuer."""
    fitting = [
        one
        for one in crls
        if one.issuer == certificate.issuer and _same_key(certificate.issuer_key_id, one.issuer_key_id)
    ]
    return max(fitting, key=lambda one: one.made, default=None)
