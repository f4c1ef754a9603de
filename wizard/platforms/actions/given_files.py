"""Files of the operator that a remedy asks for: certificates and private keys, read before anything is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)

from wizard.engine.plan import SecretNeed
from wizard.facts.certificates import Certificate, Crl
from wizard.facts.parsers import certificates as reading
from wizard.facts.snapshot import Snapshot
from wizard.platforms.actions.base import Site, Unplannable

_MOST_BYTES: Final = 128 * 1024


@dataclass(frozen=True, slots=True)
class Given:
    """A file of the operator's."""

    name: str
    path: str
    content: bytes

    @property
    def sum(self) -> str:
        """SHA-256 of its content."""
        return sha256(self.content).hexdigest()

    @property
    def is_pem(self) -> bool:
        """Whether it is text."""
        return reading.BEGIN.encode() in self.content

    @property
    def need(self) -> SecretNeed:
        """How its content reaches a step."""
        return SecretNeed(self.name, "file", path=self.path)


def given_file(site: Site, name: str, what: str) -> Given:
    """The file given under that name; raises Unplannable where none was, or it cannot be read."""
    path = site.given.get(name, "")
    if not path:
        raise Unplannable(f"{what} is needed: name its file with --given {name}=PATH")
    try:
        content = Path(path).expanduser().read_bytes()
    except OSError as error:
        raise Unplannable(f"{path} could not be read: {error.strerror}") from None
    if not content or len(content) > _MOST_BYTES:
        raise Unplannable(f"{path} is empty or too long for {what}")
    return Given(name, path, content)


def read_certificate(given: Given) -> Certificate:
    """The first certificate in it."""
    found: Sequence[bytes] = [given.content]
    if given.is_pem:
        text = given.content.decode("ascii", "replace")
        found = [der for label, der in reading.blocks(text) if label in reading.CERTIFICATE_LABELS]
    read = reading.certificate(found[0]) if found else None
    if read is None:
        raise Unplannable(f"{given.path} holds no certificate that can be read")
    return read


def read_crl(given: Given) -> Crl:
    """The first revocation list in it."""
    found: Sequence[bytes] = [given.content]
    if given.is_pem:
        text = given.content.decode("ascii", "replace")
        found = [der for label, der in reading.blocks(text) if label == reading.CRL_LABEL]
    read = reading.crl(found[0]) if found else None
    if read is None:
        raise Unplannable(f"{given.path} holds no revocation list that can be read")
    return read


def in_time(given: Given, certificate: Certificate, snapshot: Snapshot) -> None:
    """By the gateway's own clock, since that is the one that will judge it."""
    now = snapshot.clock.epoch_s if snapshot.clock is not None else None
    if now is None:
        return
    if now > certificate.valid_to:
        raise Unplannable(f"the certificate in {given.path} ran out on {day(certificate.valid_to)}")
    if now < certificate.valid_from:
        raise Unplannable(f"the certificate in {given.path} begins on {day(certificate.valid_from)}")


def spki_of(given: Given) -> str:
    """SHA-256 of the public half of the private key in a file."""
    try:
        load = load_pem_private_key if given.is_pem else load_der_private_key
        key = load(given.content, None)
    except TypeError:
        raise Unplannable(
            f"the private key in {given.path} is protected by a password; take that off first"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise Unplannable(f"{given.path} holds no private key that can be read") from None
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return sha256(public).hexdigest()


def day(moment: float) -> str:
    """A moment of seconds since 1970 as its date, UTC."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d")
