"""The algorithms an IKE or ESP proposal is made of, in one spelling for every source.

The canonical spelling is that of charon's log ("AES_CBC" with 256 bits, "HMAC_SHA2_256_128", "MODP_2048").
The keywords are those of swanctl.conf and ipsec.conf; both stand in the daemon's own keyword table.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from wizard.records import dataclass

Kind = Literal[
    "encryption", "integrity", "prf", "dh group", "esn", "ke1", "ke2", "ke3", "ke4", "ke5", "ke6", "ke7"
]
KINDS: Final[tuple[Kind, ...]] = (
    # The order in which charon prints them.
    "encryption",
    "integrity",
    "prf",
    "dh group",
    "esn",
    "ke1",
    "ke2",
    "ke3",
    "ke4",
    "ke5",
    "ke6",
    "ke7",
)
ADDITIONAL: Final[tuple[Kind, ...]] = ("ke1", "ke2", "ke3", "ke4", "ke5", "ke6", "ke7")
"""Key exchanges after the first one (RFC 9370), known to strongSwan 6.0 and later."""

NONE: Final = "KE_NONE"
"""The key exchange that stands for doing without one."""
NO_ESN: Final = "NO_EXT_SEQ"
ESN: Final = "EXT_SEQ"


@dataclass(frozen=True, slots=True)
class Transform:
    """One algorithm; `bits` is its key length where it has several, else 0."""

    kind: Kind
    name: str
    bits: int = 0

    def __str__(self) -> str:
        prefix = f"{self.kind.upper()}_" if self.kind in ADDITIONAL else ""
        return f"{prefix}{self.name}_{self.bits}" if self.bits else f"{prefix}{self.name}"

    @property
    def aead(self) -> bool:
        """Encrypts and authenticates in one, so that no integrity algorithm goes with it."""
        return self.kind == "encryption" and bool(_AEAD.match(self.name))


_AEAD = re.compile(r"(?:AES|CAMELLIA)_(?:GCM|CCM)_|CHACHA20_POLY1305$|NULL_AES_GMAC$")
_ICV: Final = {"8": 8, "64": 8, "12": 12, "96": 12, "16": 16, "128": 16, "": 16}

_PLAIN: Final[dict[str, Transform]] = {
    "null": Transform("encryption", "NULL"),
    "des": Transform("encryption", "DES_CBC"),
    "3des": Transform("encryption", "3DES_CBC"),
    "cast128": Transform("encryption", "CAST_CBC", 128),
    "chacha20poly1305": Transform("encryption", "CHACHA20_POLY1305"),
    "chacha20poly1305compat": Transform("encryption", "CHACHA20_POLY1305", 256),
    "noesn": Transform("esn", NO_ESN),
    "esn": Transform("esn", ESN),
}
_INTEGRITY: Final = {
    "sha": "HMAC_SHA1_96",
    "sha1": "HMAC_SHA1_96",
    "sha1_160": "HMAC_SHA1_160",
    "sha256": "HMAC_SHA2_256_128",
    "sha2_256": "HMAC_SHA2_256_128",
    "sha256_96": "HMAC_SHA2_256_96",
    "sha2_256_96": "HMAC_SHA2_256_96",
    "sha384": "HMAC_SHA2_384_192",
    "sha2_384": "HMAC_SHA2_384_192",
    "sha512": "HMAC_SHA2_512_256",
    "sha2_512": "HMAC_SHA2_512_256",
    "md5": "HMAC_MD5_96",
    "md5_128": "HMAC_MD5_128",
    "aesxcbc": "AES_XCBC_96",
    "camelliaxcbc": "CAMELLIA_XCBC_96",
    "aescmac": "AES_CMAC_96",
}
_PRF: Final = {
    "prfsha1": "PRF_HMAC_SHA1",
    "prfsha256": "PRF_HMAC_SHA2_256",
    "prfsha384": "PRF_HMAC_SHA2_384",
    "prfsha512": "PRF_HMAC_SHA2_512",
    "prfmd5": "PRF_HMAC_MD5",
    "prfaesxcbc": "PRF_AES128_XCBC",
    "prfcamelliaxcbc": "PRF_CAMELLIA128_XCBC",
    "prfaescmac": "PRF_AES128_CMAC",
}
_PRF_OF: Final = {
    "HMAC_SHA1_96": "PRF_HMAC_SHA1",
    "HMAC_SHA1_160": "PRF_HMAC_SHA1",
    "HMAC_SHA2_256_128": "PRF_HMAC_SHA2_256",
    "HMAC_SHA2_384_192": "PRF_HMAC_SHA2_384",
    "HMAC_SHA2_512_256": "PRF_HMAC_SHA2_512",
    "HMAC_MD5_96": "PRF_HMAC_MD5",
    "HMAC_MD5_128": "PRF_HMAC_MD5",
    "AES_XCBC_96": "PRF_AES128_XCBC",
    "CAMELLIA_XCBC_96": "PRF_CAMELLIA128_XCBC",
    "AES_CMAC_96": "PRF_AES128_CMAC",
}
_KEY_EXCHANGE: Final = {
    "none": NONE,
    "modpnone": NONE,
    "modpnull": "MODP_NULL",
    **{f"modp{bits}": f"MODP_{bits}" for bits in (768, 1024, 1536, 2048, 3072, 4096, 6144, 8192)},
    "modp1024s160": "MODP_1024_160",
    "modp2048s224": "MODP_2048_224",
    "modp2048s256": "MODP_2048_256",
    **{f"ecp{bits}": f"ECP_{bits}" for bits in (192, 224, 256, 384, 521)},
    **{f"ecp{bits}bp": f"ECP_{bits}_BP" for bits in (224, 256, 384, 512)},
    "curve25519": "CURVE_25519",
    "x25519": "CURVE_25519",
    "curve448": "CURVE_448",
    "x448": "CURVE_448",
}
_BEFORE_6: Final = {**{f"ntru{n}": f"NTRU_{n}" for n in (112, 128, 192, 256)}, "newhope128": "NEWHOPE_128"}
_SINCE_6: Final = {
    **{f"mlkem{n}": f"ML_KEM_{n}" for n in (512, 768, 1024)},
    "gost256": "GOST3410_256",
    "gost512": "GOST3410_512",
}
_SIZED = re.compile(
    r"(?P<cipher>aes|camellia)(?P<bits>128|192|256)?(?P<mode>ctr|gmac|(?:ccm|gcm)(?P<icv>8|64|12|96|16|128)?)?"
)
_OTHER_SIZED = re.compile(r"(?P<cipher>blowfish|serpent|twofish)(?P<bits>128|192|256)?")
_ADDITIONAL_KEYWORD = re.compile(r"[kK][eE](?P<number>[1-7])_(?P<method>[a-z0-9]+)")

_SIZES: Final = ("128", "192", "256")
KEYWORDS: Final = frozenset(
    {
        *(*_PLAIN, *_INTEGRITY, *_PRF, *_KEY_EXCHANGE, *_SINCE_6),
        *(
            f"{cipher}{bits}{mode}"
            for cipher in ("aes", "camellia")
            for bits in _SIZES
            for mode in ("", "ctr")
        ),
        *(f"aes{bits}{mode}" for bits in _SIZES for mode in ("gcm16", "gcm128", "ccm16", "gmac")),
    }
)
"""Words a proposal is commonly made of, to find the one that a misspelt word was meant to be."""


def keyword(word: str, version: tuple[int, ...] | None = None) -> Transform | None:
    """The algorithm a configuration keyword means, None when a daemon of that version does not know it.

    Without a version any keyword of 5.6 to 6.0 is taken.
    """
    old = version is None or version < (6,)
    new = version is None or version >= (6,)
    if word in _PLAIN:
        return _PLAIN[word]
    if word in _INTEGRITY:
        return Transform("integrity", _INTEGRITY[word])
    if word in _PRF:
        return Transform("prf", _PRF[word])
    method = _KEY_EXCHANGE.get(word) or (old and _BEFORE_6.get(word)) or (new and _SINCE_6.get(word))
    if method:
        return Transform("dh group", method)
    if new and (found := _ADDITIONAL_KEYWORD.fullmatch(word)):
        method = _KEY_EXCHANGE.get(found["method"]) or _SINCE_6.get(found["method"])
        return Transform(ADDITIONAL[int(found["number"]) - 1], method) if method else None
    return _cipher(word)


def _cipher(word: str) -> Transform | None:
    if found := _OTHER_SIZED.fullmatch(word):
        return Transform("encryption", f"{found['cipher'].upper()}_CBC", int(found["bits"] or 128))
    found = _SIZED.fullmatch(word)
    if found is None:
        return None
    cipher, bits, mode = found["cipher"].upper(), int(found["bits"] or 128), found["mode"] or ""
    if not mode:
        return Transform("encryption", f"{cipher}_CBC", bits)
    if not found["bits"] or (cipher == "CAMELLIA" and mode[:3] in {"gcm", "gma"}):
        return None
    if mode == "ctr":
        return Transform("encryption", f"{cipher}_CTR", bits)
    if mode == "gmac":
        return Transform("encryption", "NULL_AES_GMAC", bits)
    if cipher == "CAMELLIA" and not found["icv"]:
        return None
    return Transform("encryption", f"{cipher}_{mode[:3].upper()}_{_ICV[found['icv'] or '']}", bits)


_LOG_KEY_EXCHANGE = re.compile(r"(?:MODP|ECP|CURVE|NTRU|NEWHOPE|ML_KEM|GOST3410)_|KE_NONE$")
_LOG_ADDITIONAL = re.compile(r"KE(?P<number>[1-7])_(?P<method>.+)")
_LOG_INTEGRITY = re.compile(
    r"HMAC_|(?:AES|CAMELLIA)_XCBC_96$|AES_CMAC_96$|AES_(?:128|192|256)_GMAC$|DES_MAC$|KPDK_MD5$"
)
_LOG_SIZED = re.compile(r"(?P<name>.+?)_(?P<bits>128|192|256)")


def logged(word: str) -> Transform | None:
    """The algorithm a word of charon's log or listings means; None for an empty word."""
    if found := _LOG_ADDITIONAL.fullmatch(word):
        return Transform(ADDITIONAL[int(found["number"]) - 1], found["method"])
    if word in {NO_ESN, ESN, "ESN"}:
        return Transform("esn", NO_ESN if word == NO_ESN else ESN)
    if word.startswith("PRF_"):
        return Transform("prf", word)
    if _LOG_KEY_EXCHANGE.match(word):
        # Before 5.9 the log called doing without a key exchange MODP_NONE.
        return Transform("dh group", NONE if word == "MODP_NONE" else word)
    if _LOG_INTEGRITY.match(word):
        return Transform("integrity", word)
    if found := _LOG_SIZED.fullmatch(word):
        return Transform("encryption", found["name"], int(found["bits"]))
    return Transform("encryption", word) if word else None


def prf_of(integrity: Transform) -> Transform | None:
    """The pseudo-random function the daemon takes when a proposal names only that integrity algorithm."""
    name = _PRF_OF.get(integrity.name)
    return Transform("prf", name) if name else None


def gmac_as_integrity(encryption: Transform) -> Transform | None:
    """AES-GMAC under AH, which authenticates only; every other cipher has no meaning there."""
    if encryption.name != "NULL_AES_GMAC" or not encryption.bits:
        return None
    return Transform("integrity", f"AES_{encryption.bits}_GMAC")
