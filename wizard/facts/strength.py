"""How strong an algorithm is, in bits an attacker has to break, and which ones are too weak today.

Sources: NIST SP 800-57 part 1 (comparable strengths), RFC 8221 and RFC 8247 (MUST NOT and SHOULD NOT).
"""

from __future__ import annotations

from typing import Final

from wizard.facts.proposals import Proposal
from wizard.facts.transforms import NONE, Transform

_BITS: Final = {
    "DES_CBC": 56,
    "3DES_CBC": 112,
    "NULL": 0,
    "CHACHA20_POLY1305": 256,
    "CAST_CBC": 80,
    "BLOWFISH_CBC": 80,
    "HMAC_MD5_96": 64,
    "HMAC_MD5_128": 64,
    "PRF_HMAC_MD5": 64,
    "HMAC_SHA1_96": 80,
    "HMAC_SHA1_160": 80,
    "PRF_HMAC_SHA1": 80,
    "AES_XCBC_96": 128,
    "AES_CMAC_96": 128,
    "HMAC_SHA2_256_96": 96,
    "HMAC_SHA2_256_128": 128,
    "HMAC_SHA2_384_192": 192,
    "HMAC_SHA2_512_256": 256,
    "PRF_HMAC_SHA2_256": 128,
    "PRF_HMAC_SHA2_384": 192,
    "PRF_HMAC_SHA2_512": 256,
    "PRF_AES128_XCBC": 128,
    "PRF_AES128_CMAC": 128,
    NONE: 0,
    "MODP_NULL": 0,
    "MODP_768": 60,
    "MODP_1024": 80,
    "MODP_1024_160": 80,
    "MODP_1536": 90,
    "MODP_2048": 112,
    "MODP_2048_224": 111,
    "MODP_2048_256": 111,
    "MODP_3072": 128,
    "MODP_4096": 152,
    "MODP_6144": 176,
    "MODP_8192": 200,
    "ECP_192": 96,
    "ECP_224": 110,
    "ECP_256": 128,
    "ECP_384": 192,
    "ECP_521": 256,
    "ECP_224_BP": 110,
    "ECP_256_BP": 128,
    "ECP_384_BP": 192,
    "ECP_512_BP": 256,
    "CURVE_25519": 128,
    "CURVE_448": 224,
    "ML_KEM_512": 128,
    "ML_KEM_768": 192,
    "ML_KEM_1024": 256,
}
WEAK: Final = frozenset(
    {
        *("DES_CBC", "DES_IV64", "DES_IV32", "3DES_CBC", "BLOWFISH_CBC", "CAST_CBC", "IDEA_CBC", "RC5_CBC"),
        *("NULL", "HMAC_MD5_96", "HMAC_MD5_128", "PRF_HMAC_MD5"),
        *("HMAC_SHA1_96", "HMAC_SHA1_160", "PRF_HMAC_SHA1"),
        *(
            "MODP_768",
            "MODP_1024",
            "MODP_1024_160",
            "MODP_1536",
            "MODP_NULL",
            "ECP_192",
            "ECP_224",
            "ECP_224_BP",
        ),
    }
)
"""What a warning has to name before it is put into use."""


def bits(transform: Transform) -> int:
    """The strength of one algorithm in bits; 112 for one nobody has listed."""
    if transform.kind == "encryption" and transform.bits and transform.name not in _BITS:
        return transform.bits
    return _BITS.get(transform.name, 112)


def rank(proposal: Proposal, *, groups: bool = True) -> tuple[int, int, int]:
    """For comparing two proposals, the stronger one greater: fewest weak algorithms, weakest link, sum of all.

    Of several algorithms of one kind the weakest counts. `groups`: whether doing without a Diffie-Hellman group
    counts against it.
    """
    floors: list[int] = []
    for kind in ("encryption", "integrity", "prf", "dh group"):
        found = [bits(one) for one in proposal.transforms if one.kind == kind]
        if found:
            floors.append(min(found))
        elif kind == "dh group" and groups:
            floors.append(0)
    weak = sum(one.name in WEAK for one in proposal.transforms)
    return -weak, min(floors, default=0), sum(floors)


def weak(proposal: Proposal) -> tuple[str, ...]:
    """The algorithms of a proposal that are broken or too short today."""
    return tuple(dict.fromkeys(str(one) for one in proposal.transforms if one.name in WEAK))
