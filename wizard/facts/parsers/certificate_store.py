"""All certificates, keys and lists of one gateway, from the sections its certificate script prints.

`@@ file PATH` holds PEM, `@@ key MODE OWNER PATH` the digest of a public half, `@@ loaded` what the daemon has:
`swanctl --list-certs --raw`, which prints each certificate whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from wizard.facts.certificates import CertificateStore, Crl, HeldCertificate, PrivateKey
from wizard.facts.parsers import certificates as x509
from wizard.facts.parsers import framed

_AUTHORITIES: Final = ("/x509ca/", "/cacerts/")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_LOADED: Final = re.compile(r"list-cert event \{(?P<body>[^{}\n]*)\}")
_FIELD: Final = re.compile(r"(?:^| )(?P<key>type|flag|has_privkey|data)=(?P<value>\S*)")


def parse(text: str) -> CertificateStore:
    """The store; a part that is no certificate, key or list is named in `problems`."""
    held: dict[str, HeldCertificate] = {}
    crls: dict[tuple[str, float], Crl] = {}
    keys: list[PrivateKey] = []
    problems: list[str] = []
    loaded_read = False
    for part in framed.sections(text):
        kind, _, rest = part.name.partition(" ")
        if kind == "file":
            found = _file(rest, part.body)
            _add(held, crls, found)
            if "!unreadable" in part.lines and not found:
                problems.append(f"{rest} is no certificate and no revocation list")
        elif kind == "key":
            keys.append(_key(rest, part.lines))
        elif kind == "loaded":
            loaded_read = part.status == 0
            _add(held, crls, _loaded(part.body))
    if loaded_read:
        held = {
            name: one if one.loaded else replace(one, loaded=False, has_key=False)
            for name, one in held.items()
        }
    return CertificateStore(
        tuple(held.values()),
        tuple(keys),
        tuple(crls.values()),
        tuple(problems),
        disk_read=True,
        loaded_read=loaded_read,
    )


def _file(path: str, body: str) -> list[HeldCertificate | Crl]:
    found: list[HeldCertificate | Crl] = []
    trusted = any(folder in path for folder in _AUTHORITIES)
    for label, der in x509.blocks(body):
        if label == x509.CRL_LABEL:
            listed = x509.crl(der)
            found += [replace(listed, files=(path,))] if listed is not None else []
        elif label in x509.CERTIFICATE_LABELS:
            read = x509.certificate(der)
            found += [HeldCertificate(read, (path,), trusted)] if read is not None else []
    return found


def _key(words: str, lines: Iterable[str]) -> PrivateKey:
    mode, _, rest = words.partition(" ")
    owner, _, path = rest.partition(" ")
    mode, owner = mode.removeprefix("-") if mode == "-" else mode, owner.removeprefix("-")
    said = next(iter(lines), "")
    if _DIGEST.fullmatch(said):
        return PrivateKey(path, said, mode=mode, owner=owner)
    return PrivateKey(path, problem=said.removeprefix("!") or "unreadable", mode=mode, owner=owner)


def _loaded(body: str) -> Iterator[HeldCertificate | Crl]:
    for event in _LOADED.finditer(body):
        fields = {one["key"]: one["value"] for one in _FIELD.finditer(event["body"])}
        try:
            der = bytes.fromhex(fields.get("data", "").removeprefix("0x"))
        except ValueError:
            continue
        if fields.get("type") == "X509_CRL":
            listed = x509.crl(der)
            if listed is not None:
                yield listed
        elif fields.get("type") == "X509" and (read := x509.certificate(der)) is not None:
            trusted = fields.get("flag") == "CA"
            yield HeldCertificate(read, (), trusted, loaded=True, has_key=fields.get("has_privkey") == "yes")


def _add(
    held: dict[str, HeldCertificate],
    crls: dict[tuple[str, float], Crl],
    found: Iterable[HeldCertificate | Crl],
) -> None:
    """Joins what is on disk with what is loaded: one certificate is one entry."""
    for one in found:
        if isinstance(one, Crl):
            before = crls.get((one.issuer, one.made))
            crls[one.issuer, one.made] = (
                one if before is None else replace(one, files=(*before.files, *one.files))
            )
            continue
        known = held.get(one.certificate.fingerprint)
        if known is None:
            held[one.certificate.fingerprint] = one
            continue
        held[one.certificate.fingerprint] = HeldCertificate(
            known.certificate,
            tuple(dict.fromkeys((*known.files, *one.files))),
            # The daemon's own mark counts more than the folder: an authority it rejected is none.
            trusted=one.trusted if one.loaded else known.trusted or one.trusted,
            loaded=one.loaded or known.loaded,
            has_key=one.has_key if one.loaded else known.has_key,
        )
