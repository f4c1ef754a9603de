"""Certificates among the files: dates, trust, names, keys; what is not given is said and never blamed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.facts.comparison.test_pairs import NOW, outcome

DAY = timedelta(days=1)


@cache
def key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CH"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


@cache
def certificate(
    subject: str,
    issuer: str,
    *,
    names: tuple[str, ...] = (),
    begins: datetime = NOW - 100 * DAY,
    ends: datetime = NOW + 300 * DAY,
    key_of: str = "",
) -> x509.Certificate:
    built = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key(key_of or subject).public_key())
        .serial_number(len(subject) * 1000 + len(issuer))
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=subject == issuer, path_length=None), critical=True)
    )
    if names:
        typed: list[x509.GeneralName] = [
            x509.IPAddress(ip_address(one)) if one[0].isdigit() else x509.DNSName(one) for one in names
        ]
        built = built.add_extension(x509.SubjectAlternativeName(typed), critical=False)
    return built.sign(key(issuer), hashes.SHA256())


def pem(one: x509.Certificate) -> bytes:
    return one.public_bytes(serialization.Encoding.PEM)


def private(subject: str) -> bytes:
    return key(subject).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@dataclass
class Side:
    """One gateway with certificates, written for swanctl."""

    own: str
    peer: str
    own_address: str
    peer_address: str
    identity: str | None = None
    peer_identity: str | None = None
    remote: str = ""
    files: dict[str, bytes] = field(default_factory=dict)

    def written(self) -> dict[str, bytes]:
        own = f"id = {self.identity}\n" if self.identity else ""
        peer = f"id = {self.peer_identity}\n" if self.peer_identity else ""
        networks = ("10.1.0.0/16", "10.2.0.0/16") if self.own < self.peer else ("10.2.0.0/16", "10.1.0.0/16")
        text = f"""\
connections {{ site {{
  version = 2
  local_addrs = {self.own_address}
  remote_addrs = {self.peer_address}
  local {{ auth = pubkey
    certs = own.pem
    {own} }}
  remote {{ auth = pubkey
    {peer} {self.remote} }}
  children {{ net {{ local_ts = {networks[0]}
    remote_ts = {networks[1]}
    start_action = trap }} }}
}} }}
"""
        return {"/etc/swanctl/swanctl.conf": text.encode(), **self.files}


def pair() -> tuple[Side, Side]:
    sides = []
    for own, peer, address, other in (
        ("a", "b", "192.0.2.1", "192.0.2.2"),
        ("b", "a", "192.0.2.2", "192.0.2.1"),
    ):
        side = Side(own, peer, address, other, f"{own}.example", f"{peer}.example")
        side.files = {
            "/etc/swanctl/x509/own.pem": pem(certificate(own, "Root", names=(f"{own}.example",))),
            "/etc/swanctl/x509ca/root.pem": pem(certificate("Root", "Root")),
            "/etc/swanctl/private/own.pem": private(own),
        }
        sides.append(side)
    return sides[0], sides[1]


def found(a: Side, b: Side) -> tuple[str, list[str], list[str], tuple[str, ...]]:
    result, pairs = outcome(a.written(), b.written())
    causes = [one.cause for one in result.causes]
    return result.status, causes, [one.cause for one in result.warnings], pairs[0].not_compared


def test_certificates_in_order_are_not_blamed() -> None:
    assert found(*pair()) == ("healthy", [], [], ())


def test_without_an_identity_the_subject_is_sent() -> None:
    a, b = pair()
    a.identity = None
    b.peer_identity = '"C=CH, O=Example, CN=a"'
    assert found(a, b) == ("healthy", [], [], ())
    b.peer_identity = '"C=CH, O=Example, CN=c"'
    assert found(a, b)[:2] == ("fault", ["id-mismatch"])


def test_what_is_not_given_is_not_compared() -> None:
    a, b = pair()
    a.files = {}
    status, causes, _, missing = found(a, b)
    assert (status, causes) == ("healthy", [])
    assert set(missing) == {"certificate of A", "certificate of B"}


OWN = "/etc/swanctl/x509/own.pem"
CHANGES: dict[str, tuple[str, bytes, str]] = {
    "its time is over": (
        OWN,
        pem(certificate("a", "Root", names=("a.example",), ends=NOW - DAY)),
        "cert-expired",
    ),
    "its time has not begun": (
        OWN,
        pem(certificate("a", "Root", names=("a.example",), begins=NOW + DAY)),
        "cert-not-yet-valid",
    ),
    "another authority signed it": (
        OWN,
        pem(certificate("a", "Other", names=("a.example",))),
        "cert-untrusted",
    ),
    "it is for another name": (OWN, pem(certificate("a", "Root", names=("c.example",))), "cert-id-mismatch"),
    "it has no name but its subject": (OWN, pem(certificate("a", "Root")), "cert-id-mismatch"),
    "the key is another one": ("/etc/swanctl/private/own.pem", private("c"), "private-key-missing"),
    "the authority's time is over": (
        "/etc/swanctl/x509ca/root.pem",
        pem(certificate("Root", "Root", ends=NOW - DAY)),
        "cert-expired",
    ),
    "it knows another authority": (
        "/etc/swanctl/x509ca/root.pem",
        pem(certificate("Other", "Other")),
        "cert-untrusted",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("first", [True, False])
def test_one_change_of_a_certificate_is_named(change: str, first: bool) -> None:
    path, content, cause = CHANGES[change]
    a, b = pair()
    a.files[path] = content
    status, causes, _, _ = found(a, b) if first else found(b, a)
    assert (status, causes[0]) == ("fault", cause)


def test_the_other_authoritys_name_as_constraint_and_a_pinned_certificate() -> None:
    a, b = pair()
    b.remote = "cacerts = other.pem"
    b.files["/etc/swanctl/x509ca/other.pem"] = pem(certificate("Other", "Other"))
    assert found(a, b)[:2] == ("fault", ["cert-untrusted"])
    b.remote = "certs = peer.pem"
    b.files["/etc/swanctl/x509/peer.pem"] = pem(certificate("a", "Root", names=("a.example",), key_of="z"))
    assert found(a, b)[:2] == ("fault", ["cert-untrusted"])
    b.files["/etc/swanctl/x509/peer.pem"] = pem(certificate("a", "Root", names=("a.example",)))
    assert found(a, b)[:2] == ("healthy", [])


def test_a_chain_through_an_authority_between() -> None:
    a, b = pair()
    between = (
        x509.CertificateBuilder()
        .subject_name(name("Between"))
        .issuer_name(name("Root"))
        .public_key(key("Between").public_key())
        .serial_number(7)
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + 300 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key("Root"), hashes.SHA256())
    )
    a.files[OWN] = pem(certificate("a", "Between", names=("a.example",)))
    assert found(a, b)[:2] == ("fault", ["cert-untrusted"])
    a.files["/etc/swanctl/x509ca/between.pem"] = pem(between)
    assert found(a, b)[:2] == ("healthy", [])


def test_a_revoked_certificate_is_named() -> None:
    a, b = pair()
    one = certificate("a", "Root", names=("a.example",))
    gone = (
        x509.RevokedCertificateBuilder().serial_number(one.serial_number).revocation_date(NOW - DAY).build()
    )
    listed = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name("Root"))
        .last_update(NOW - DAY)
        .next_update(NOW + DAY)
        .add_revoked_certificate(gone)
        .sign(key("Root"), hashes.SHA256())
    )
    b.files["/etc/swanctl/x509crl/root.crl"] = listed.public_bytes(serialization.Encoding.PEM)
    assert found(a, b)[:2] == ("fault", ["cert-revoked"])


def test_one_that_ends_soon_is_a_warning() -> None:
    a, b = pair()
    a.files[OWN] = pem(certificate("a", "Root", names=("a.example",), ends=NOW + 10 * DAY))
    assert found(a, b)[:3] == ("healthy", [], ["cert-expires-soon"])


def test_the_same_in_ipsec_conf() -> None:
    a, _ = pair()
    b = {
        "/etc/ipsec.conf": b"""\
conn site
  keyexchange=ikev2
  left=192.0.2.2
  leftcert=bCert.pem
  leftid=@b.example
  leftsubnet=10.2.0.0/16
  right=192.0.2.1
  rightid=@a.example
  rightsubnet=10.1.0.0/16
  rightca="C=CH, O=Example, CN=Root"
  auto=route
""",
        "/etc/ipsec.d/certs/bCert.pem": pem(certificate("b", "Root", names=("b.example",))),
        "/etc/ipsec.d/cacerts/root.pem": pem(certificate("Root", "Root")),
        "/etc/ipsec.d/private/bKey.pem": private("b"),
    }
    result, _pairs = outcome(a.written(), b)
    assert (result.status, result.causes) == ("healthy", ())
    b["/etc/ipsec.conf"] = b["/etc/ipsec.conf"].replace(b"CN=Root", b"CN=Other")
    result, _pairs = outcome(a.written(), b)
    assert [one.cause for one in result.causes] == ["cert-untrusted"]
