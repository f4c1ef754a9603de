"""Proposals in the spelling a configuration language has for them, the other way round from reading them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from wizard.facts import pluto_proposals, proposals
from wizard.facts.proposals import Proposal
from wizard.facts.transforms import ADDITIONAL, ESN, NONE, Transform, prf_of
from wizard.facts.tunnel import Dialect

_CHARON: Final = {
    "HMAC_MD5_96": "md5",
    "HMAC_MD5_128": "md5_128",
    "HMAC_SHA1_96": "sha1",
    "HMAC_SHA1_160": "sha1_160",
    "HMAC_SHA2_256_128": "sha256",
    "HMAC_SHA2_256_96": "sha256_96",
    "HMAC_SHA2_384_192": "sha384",
    "HMAC_SHA2_512_256": "sha512",
    "AES_XCBC_96": "aesxcbc",
    "AES_CMAC_96": "aescmac",
    "PRF_HMAC_MD5": "prfmd5",
    "PRF_HMAC_SHA1": "prfsha1",
    "PRF_HMAC_SHA2_256": "prfsha256",
    "PRF_HMAC_SHA2_384": "prfsha384",
    "PRF_HMAC_SHA2_512": "prfsha512",
    "PRF_AES128_XCBC": "prfaesxcbc",
    "PRF_AES128_CMAC": "prfaescmac",
    "CURVE_25519": "x25519",
    "CURVE_448": "x448",
    "MODP_1024_160": "modp1024s160",
    "MODP_2048_224": "modp2048s224",
    "MODP_2048_256": "modp2048s256",
    "3DES_CBC": "3des",
    "DES_CBC": "des",
    "NULL": "null",
    "CAST_CBC": "cast128",
    "CHACHA20_POLY1305": "chacha20poly1305",
    "EXT_SEQ": "esn",
    "NO_EXT_SEQ": "noesn",
    NONE: "none",
}
_PLUTO: Final = {
    "HMAC_MD5_96": "md5",
    "HMAC_SHA1_96": "sha1",
    "HMAC_SHA2_256_128": "sha2_256",
    "HMAC_SHA2_384_192": "sha2_384",
    "HMAC_SHA2_512_256": "sha2_512",
    "AES_XCBC_96": "aes_xcbc",
    "AES_CMAC_96": "aes_cmac",
    "CURVE_25519": "curve25519",
    "MODP_1024_160": "dh22",
    "MODP_2048_224": "dh23",
    "MODP_2048_256": "dh24",
    "3DES_CBC": "3des",
    "CHACHA20_POLY1305": "chacha20_poly1305",
    NONE: "none",
}


def written(proposal: Proposal, dialect: Dialect, release: str | None = None) -> str | None:
    """One proposal as that language spells it; None where it cannot say just that."""
    text = _pluto(proposal) if dialect == "libreswan" else _charon(proposal)
    if text is None:
        return None
    if dialect == "libreswan":
        read = pluto_proposals.configured(
            (text,), proposal.protocol, release=pluto_proposals.release(release)
        )
        same = len(read) == 1 and _bare(read[0]) == _bare(proposal)
    else:
        one = proposals.parse(text, proposal.protocol, release)
        same = one is not None and _bare(one) == _bare(proposal)
    return text if same else None


def _bare(proposal: Proposal) -> set[Transform]:
    """Without sequence numbers, which Libreswan sets elsewhere."""
    return {one for one in proposal.transforms if one.kind != "esn"}


def _charon(proposal: Proposal) -> str | None:
    functions = set(proposal.of("prf"))
    derived = {prf_of(one) for one in proposal.of("integrity")}
    skipped = functions == derived - {None}
    words: list[str | None] = []
    for one in proposal.transforms:
        if (one.kind == "prf" and skipped) or (one.kind == "esn" and one.name != ESN):
            continue
        words.append(_charon_word(one))
    if any(one.name == ESN for one in proposal.of("esn")) and len(proposal.of("esn")) > 1:
        words.append("noesn")
    return None if None in words else "-".join(word for word in words if word)


def _charon_word(one: Transform) -> str | None:
    if one.kind in ADDITIONAL:
        inner = _charon_word(replace(one, kind="dh group"))
        return f"{one.kind}_{inner}" if inner else None
    if one.name in _CHARON:
        return _CHARON[one.name]
    name = one.name
    for head in ("MODP", "ECP"):
        if name.startswith(f"{head}_"):
            return name.replace("_", "").lower()
    if name.startswith("ML_KEM_"):
        return f"mlkem{name.removeprefix('ML_KEM_')}"
    if name.endswith("_CBC"):
        return f"{name.removesuffix('_CBC').lower()}{one.bits or ''}"
    if name.endswith("_CTR"):
        return f"{name.removesuffix('_CTR').lower()}{one.bits}ctr"
    if name == "NULL_AES_GMAC":
        return f"aes{one.bits}gmac"
    parts = name.split("_")
    if len(parts) == 3 and parts[1] in {"GCM", "CCM"}:
        return f"{parts[0].lower()}{one.bits}{parts[1].lower()}{parts[2]}"
    return None


def _pluto(proposal: Proposal) -> str | None:
    ciphers = [_pluto_cipher(one) for one in proposal.of("encryption")]
    macs = [_PLUTO.get(one.name) for one in proposal.of("integrity")]
    functions = [_PLUTO.get(_mac_of(one)) for one in proposal.of("prf")]
    groups = [_pluto_group(one) for one in proposal.of("dh group")]
    if None in (*ciphers, *macs, *functions, *groups):
        return None
    fields: list[Sequence[str | None]] = [ciphers] if ciphers else []
    aead = any(one.aead for one in proposal.of("encryption"))
    if macs and set(macs) != set(functions) and functions:
        fields += [macs, functions]
    elif macs:
        fields.append(macs)
    elif functions:
        fields.append(functions)
    elif aead and groups:
        fields.append(["null"])
    if groups:
        fields.append(groups)
    return "-".join("+".join(str(word) for word in field) for field in fields)


def _mac_of(function: Transform) -> str:
    macs = (Transform("integrity", name) for name in _PLUTO)
    return next((mac.name for mac in macs if prf_of(mac) == function), "")


def _pluto_cipher(one: Transform) -> str | None:
    if one.name in _PLUTO:
        return _PLUTO[one.name]
    if one.name in {"AES_CBC", "CAMELLIA_CBC"}:
        return f"{one.name.removesuffix('_CBC').lower()}{one.bits}"
    if one.name == "AES_CTR":
        return f"aes_ctr{one.bits}"
    if one.name in {"AES_GCM_16", "AES_CCM_16"}:
        return f"{one.name.removesuffix('_16').lower()}{one.bits}"
    return None


def _pluto_group(one: Transform) -> str | None:
    if one.name in _PLUTO:
        return _PLUTO[one.name]
    if one.name.startswith("MODP_"):
        return one.name.replace("_", "").lower()
    numbers = {"ECP_256": "dh19", "ECP_384": "dh20", "ECP_521": "dh21"}
    return numbers.get(one.name)
