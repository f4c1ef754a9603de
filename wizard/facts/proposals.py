"""Whether two ends have a proposal in common, judged as charon judges it, and where they differ if not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from wizard.facts.transforms import (
    ADDITIONAL,
    KINDS,
    NO_ESN,
    NONE,
    Kind,
    Transform,
    gmac_as_integrity,
    keyword,
    logged,
    prf_of,
)
from wizard.records import dataclass

Protocol = Literal["ike", "esp", "ah"]
Field = Literal[
    "protocol", "encryption", "key length", "integrity", "prf", "dh group", "additional key exchange", "esn"
]

_KE: Final[frozenset[str]] = frozenset(("dh group", *ADDITIONAL))


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposal: for each kind of transform the algorithms it offers, the preferred one first."""

    protocol: Protocol
    transforms: tuple[Transform, ...] = ()

    def of(self, kind: Kind) -> tuple[Transform, ...]:
        """The algorithms of one kind in their order."""
        return tuple(transform for transform in self.transforms if transform.kind == kind)

    def __str__(self) -> str:
        ordered = [str(transform) for kind in KINDS for transform in self.of(kind)]
        return f"{self.protocol.upper()}:{'/'.join(ordered)}"


@dataclass(frozen=True, slots=True)
class ProposalDifference:
    """The first field in which the closest two proposals have nothing in common, and what each has there."""

    field: Field
    a: str
    b: str
    others: tuple[Field, ...] = ()
    """Further fields in which those two differ."""

    def __str__(self) -> str:
        return f"{self.field}: {self.a} against {self.b}"


def parse(text: str, protocol: Protocol, version: str | None = None) -> Proposal | None:
    """One proposal in configuration spelling ("aes256-sha256-modp2048"), None where the daemon refuses it.

    The word "default" is no proposal: see `configured`.
    """
    proposal = _read(text, protocol, version)
    return proposal if isinstance(proposal, Proposal) else None


def problem(text: str, protocol: Protocol, version: str | None = None) -> str | None:
    """Why the daemon would refuse a proposal, in one clause; None when it takes it."""
    if text.lower() == "default":
        return None
    read = _read(text, protocol, version)
    return None if isinstance(read, Proposal) else read


def parse_log(text: str) -> tuple[Proposal, ...]:
    """The proposals of a log line such as "received proposals: IKE:AES_CBC_256/…, IKE:…"."""
    found: list[Proposal] = []
    for written in re.finditer(r"\b(?P<protocol>IKE|ESP|AH):(?P<words>[A-Za-z0-9_/()]+)", text):
        transforms = [logged(word) for word in written["words"].split("/")]
        protocol: Protocol = (
            "ike" if written["protocol"] == "IKE" else "esp" if written["protocol"] == "ESP" else "ah"
        )
        found.append(_ordered(protocol, [one for one in transforms if one is not None]))
    return tuple(found)


def configured(
    written: Sequence[str] | None, protocol: Protocol, version: str | None = None
) -> tuple[Proposal, ...]:
    """The proposals a connection offers, with the daemon's own where it says "default" or nothing."""
    offered: list[Proposal] = []
    for text in written or ("default",):
        if text.lower() == "default":
            offered.extend(defaults(protocol, version))
        elif (proposal := parse(text, protocol, version)) is not None:
            offered.append(proposal)
    return tuple(offered)


def defaults(protocol: Protocol, version: str | None = None) -> tuple[Proposal, ...]:
    """What charon offers by default, recorded from 5.9.8 and 6.0.1 with every plugin of the Debian packages.

    A daemon with fewer crypto plugins offers fewer IKE algorithms, but AES, SHA-2, CURVE_25519, ECP and the
    MODP groups from 2048 bits stay; 6.0 puts AEAD first for ESP, otherwise the sets are the same.
    """
    lists = {"ike": _IKE_DEFAULTS, "esp": _ESP_DEFAULTS, "ah": _AH_DEFAULTS}[protocol]
    proposals = tuple(proposal for line in lists for proposal in parse_log(line))
    newer = (_numbers(version) or (0,)) >= (6,)
    return tuple(reversed(proposals)) if protocol == "esp" and newer else proposals


def common(a: Iterable[Proposal], b: Iterable[Proposal], *, first_child: bool = True) -> bool:
    """Whether one proposal of each fits the other.

    `first_child`: the CHILD SA that IKEv2 sets up together with the IKE SA takes its keys from that, so that
    a Diffie-Hellman group is neither offered nor compared. Give False for IKEv1 and for every rekeying.
    """
    others = tuple(b)
    return any(not _mismatches(one, other, first_child) for one in a for other in others)


def difference(
    a: Iterable[Proposal], b: Iterable[Proposal], *, first_child: bool = True
) -> ProposalDifference | None:
    """Where the two closest proposals part; None when they have one in common or one end offers nothing."""
    others = tuple(b)
    pairs = [(one, other, _mismatches(one, other, first_child)) for one in a for other in others]
    if not pairs or any(not mismatches for _, _, mismatches in pairs):
        return None
    _, _, closest = min(pairs, key=lambda pair: (len(pair[2]), -_shared(pair[0], pair[1])))
    first, *rest = closest
    return ProposalDifference(
        first[0], first[1], first[2], tuple(dict.fromkeys(field for field, _, _ in rest))
    )


def _mismatches(a: Proposal, b: Proposal, first_child: bool) -> list[tuple[Field, str, str]]:
    if a.protocol != b.protocol:
        return [("protocol", a.protocol.upper(), b.protocol.upper())]
    found: list[tuple[Field, str, str]] = []
    skip_integrity = False
    chosen: set[str] = set()
    for kind in KINDS:
        if (kind == "integrity" and skip_integrity) or (kind in _KE and first_child and a.protocol != "ike"):
            continue
        ours, theirs = a.of(kind), b.of(kind)
        optional = kind in _KE and (a.protocol != "ike" or kind != "dh group")
        agreed = next(
            (one for one in ours if one in theirs and not (kind in _KE and one.name in chosen)), None
        )
        if agreed is not None:
            skip_integrity = skip_integrity or agreed.aead
            chosen.add(agreed.name)
        elif (ours or theirs) and not (optional and _may_do_without(ours, theirs)):
            found.append((_field(kind, ours, theirs), _words(kind, ours), _words(kind, theirs)))
            # Where only one side has an AEAD, its lack of an integrity algorithm is no fault of its own.
            skip_integrity = skip_integrity or (kind == "encryption" and _aead(ours) != _aead(theirs))
    return found


def _may_do_without(ours: Sequence[Transform], theirs: Sequence[Transform]) -> bool:
    """One end has no key exchange of that kind, and the other offers to do without."""
    return (not ours and any(one.name == NONE for one in theirs)) or (
        not theirs and any(one.name == NONE for one in ours)
    )


def _aead(transforms: Sequence[Transform]) -> bool:
    return any(transform.aead for transform in transforms)


def _field(kind: Kind, ours: Sequence[Transform], theirs: Sequence[Transform]) -> Field:
    if kind == "encryption" and {one.name for one in ours} & {one.name for one in theirs}:
        return "key length"
    if kind in ADDITIONAL:
        return "additional key exchange"
    return "encryption" if kind == "encryption" else "integrity" if kind == "integrity" else _plain(kind)


def _plain(kind: Kind) -> Field:
    return "prf" if kind == "prf" else "esn" if kind == "esn" else "dh group"


def _words(kind: Kind, transforms: Sequence[Transform]) -> str:
    return "/".join(str(transform) for transform in transforms) or ("no group" if kind in _KE else "none")


def _shared(a: Proposal, b: Proposal) -> int:
    return len(set(a.transforms) & set(b.transforms))


def _numbers(version: str | None) -> tuple[int, ...] | None:
    found = re.match(r"[0-9]{1,3}(?:\.[0-9]{1,3})*", version or "")
    return tuple(int(part) for part in found[0].split(".")) if found else None


def _read(text: str, protocol: Protocol, version: str | None) -> Proposal | str:
    transforms: list[Transform] = []
    # Like the daemon: pieces between hyphens, without blanks around them; empty pieces do not count.
    for word in filter(None, (piece.strip(" ") for piece in text.split("-"))):
        transform = keyword(word, _numbers(version))
        if transform is None:
            return f"'{word}' is no algorithm this daemon knows"
        transforms.append(transform)
    if not transforms:
        return "the proposal is empty"
    return _completed(transforms, protocol)


def _completed(transforms: list[Transform], protocol: Protocol) -> Proposal | str:
    """Applies the daemon's rules: derived PRF, no integrity beside AEAD, no ESN unless asked for."""
    if protocol == "ah":
        return _completed_ah(transforms)
    kinds = {transform.kind for transform in transforms}
    ciphers = [transform for transform in transforms if transform.kind == "encryption"]
    if protocol == "ike":
        if "prf" not in kinds:
            derived = [prf_of(transform) for transform in transforms if transform.kind == "integrity"]
            transforms = [*transforms, *dict.fromkeys(prf for prf in derived if prf is not None)]
        transforms = [one for one in transforms if one.kind != "dh group" or one.name != NONE]
        if not any(transform.kind == "prf" for transform in transforms):
            return "an IKE proposal needs a pseudo-random function, such as prfsha256"
        if not any(transform.kind == "dh group" for transform in transforms):
            return "an IKE proposal needs a Diffie-Hellman group, such as modp2048"
    else:
        transforms = [transform for transform in transforms if transform.kind != "prf"]
    if not ciphers:
        return f"the {protocol.upper()} proposal names no encryption algorithm"
    if any(cipher.aead for cipher in ciphers) and not all(cipher.aead for cipher in ciphers):
        return "classic and combined-mode (AEAD) encryption may not stand in one proposal"
    if ciphers[0].aead:
        transforms = [transform for transform in transforms if transform.kind != "integrity"]
    elif protocol == "ike" and "integrity" not in kinds:
        return "an IKE proposal with classic encryption needs an integrity algorithm, such as sha256"
    return _ordered(protocol, _with_esn(transforms) if protocol == "esp" else transforms)


def _completed_ah(transforms: list[Transform]) -> Proposal | str:
    mapped = [gmac_as_integrity(one) if one.kind == "encryption" else one for one in transforms]
    kept = [transform for transform in mapped if transform is not None and transform.kind != "prf"]
    if not any(transform.kind == "integrity" for transform in kept):
        return "the AH proposal names no integrity algorithm"
    return _ordered("ah", _with_esn(kept))


def _ordered(protocol: Protocol, transforms: list[Transform]) -> Proposal:
    """By kind, as charon prints them; among one kind the order stays, because it is a preference."""
    return Proposal(protocol, tuple(sorted(transforms, key=lambda transform: KINDS.index(transform.kind))))


def _with_esn(transforms: list[Transform]) -> list[Transform]:
    if any(transform.kind == "esn" for transform in transforms):
        return transforms
    return [*transforms, Transform("esn", NO_ESN)]


_GROUPS = (
    "ECP_256/ECP_384/ECP_521/ECP_256_BP/ECP_384_BP/ECP_512_BP/CURVE_25519/CURVE_448/"
    "MODP_3072/MODP_4096/MODP_6144/MODP_8192/MODP_2048"
)
_PRFS = "PRF_HMAC_SHA2_256/PRF_HMAC_SHA2_384/PRF_HMAC_SHA2_512/PRF_AES128_XCBC/PRF_AES128_CMAC/PRF_HMAC_SHA1"
_SIZES = ("128", "192", "256")
_CLASSIC = [
    f"{cipher}_{bits}" for cipher in ("AES_CBC", "AES_CTR", "CAMELLIA_CBC", "CAMELLIA_CTR") for bits in _SIZES
]
_STRONG = [f"{cipher}_16_{bits}" for cipher in ("AES_CCM", "AES_GCM", "CAMELLIA_CCM") for bits in _SIZES]
_WEAK = [
    f"{c}_{icv}_{bits}" for icv in (8, 12) for c in ("AES_CCM", "AES_GCM", "CAMELLIA_CCM") for bits in _SIZES
]
_MACS = "HMAC_SHA2_256_128/HMAC_SHA2_384_192/HMAC_SHA2_512_256/AES_XCBC_96/AES_CMAC_96/HMAC_SHA1_96"

_IKE_DEFAULTS = (
    f"IKE:{'/'.join(_CLASSIC)}/3DES_CBC/{_MACS}/{_PRFS}/{_GROUPS}",
    f"IKE:{'/'.join(_STRONG)}/CHACHA20_POLY1305/{'/'.join(_WEAK)}/{_PRFS}/{_GROUPS}",
)
_CHILD_MACS = "HMAC_SHA2_256_128/HMAC_SHA2_384_192/HMAC_SHA2_512_256/HMAC_SHA1_96/AES_XCBC_96"
_ESP_DEFAULTS = (
    f"ESP:AES_CBC_128/AES_CBC_192/AES_CBC_256/{_CHILD_MACS}/NO_EXT_SEQ",
    "ESP:AES_GCM_16_128/AES_GCM_16_192/AES_GCM_16_256/NO_EXT_SEQ",
)
_AH_DEFAULTS = (f"AH:{_CHILD_MACS}/NO_EXT_SEQ",)
