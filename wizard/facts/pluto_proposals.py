"""Libreswan's spelling of proposals (`ike=`, `esp=`, `ah=`) as the algorithms it stands for.

`aes256-sha2_256;modp2048`, `aes_gcm256-null`, `aes-sha1+sha2-dh14+dh19`: fields between "-" or ";", several
algorithms of a field between "+", proposals between commas; what a proposal does not name is filled from the
release's own lists (lib/libswan/v2_proposals.c, ike_info.c, esp_info.c).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from wizard.facts.defaults import libreswan as defaults
from wizard.facts.proposals import Proposal, Protocol
from wizard.facts.transforms import ESN, KINDS, NO_ESN, NONE, Transform, prf_of

_GROUPS: Final = {
    "1": "MODP_768",
    "2": "MODP_1024",
    "5": "MODP_1536",
    "14": "MODP_2048",
    "15": "MODP_3072",
    "16": "MODP_4096",
    "17": "MODP_6144",
    "18": "MODP_8192",
    "19": "ECP_256",
    "20": "ECP_384",
    "21": "ECP_521",
    "22": "MODP_1024_160",
    "23": "MODP_2048_224",
    "24": "MODP_2048_256",
    "31": "CURVE_25519",
    "32": "CURVE_448",
}
"""Number of a Diffie-Hellman group (IANA) → its name."""
_INTEGRITY: Final = {
    **dict.fromkeys(("sha", "sha1", "sha1_96", "hmac_sha1", "hmac_sha1_96"), "HMAC_SHA1_96"),
    **dict.fromkeys(("md5", "md5_96", "hmac_md5", "hmac_md5_96"), "HMAC_MD5_96"),
    **dict.fromkeys(("sha2", "sha256", "sha2_256", "sha2_256_128", "hmac_sha2_256"), "HMAC_SHA2_256_128"),
    **dict.fromkeys(("hmac_sha2_256_128", "hmac_sha2_256_truncbug"), "HMAC_SHA2_256_128"),
    **dict.fromkeys(("sha384", "sha2_384", "sha2_384_192", "hmac_sha2_384"), "HMAC_SHA2_384_192"),
    **dict.fromkeys(("hmac_sha2_384_192",), "HMAC_SHA2_384_192"),
    **dict.fromkeys(("sha512", "sha2_512", "sha2_512_256", "hmac_sha2_512"), "HMAC_SHA2_512_256"),
    **dict.fromkeys(("hmac_sha2_512_256",), "HMAC_SHA2_512_256"),
    **dict.fromkeys(("aes_xcbc", "aes_xcbc_96", "aes128_xcbc"), "AES_XCBC_96"),
    **dict.fromkeys(("aes_cmac", "aes_cmac_96"), "AES_CMAC_96"),
}
_NO_INTEGRITY: Final = frozenset({"null", "none"})
_ICV: Final = {"a": 8, "b": 12, "c": 16, "8": 8, "12": 12, "16": 16, "64": 8, "96": 12, "128": 16, "": 16}
_CIPHER: Final = re.compile(
    r"(?P<name>aes_?(?:gcm|ccm)|aes_?ctr|aes_?cbc|aes|3des(?:_cbc)?|des|camellia(?:_cbc|_ctr)?|null_auth_aes_gmac"
    r"|aes_gmac|chacha20_poly1305|chacha20poly1305|null|cast(?:128|_cbc)?|serpent(?:_cbc)?|twofish(?:_cbc)?)"
    r"(?:_(?P<icv>a|b|c|8|12|16)(?=$|[_-]))?[_-]?(?P<bits>128|160|192|224|256|288)?"
)
_WITHOUT_WEAK: Final = (5,)
_WEAK_GROUPS: Final = frozenset({"MODP_768", "MODP_1024", "MODP_1024_160"})
_AES_BITS: Final = (256, 128)
"""What a cipher without a key length offers, the preferred first."""


def parse(
    text: str, protocol: Protocol, *, version: int = 2, release: tuple[int, ...] | None = None
) -> list[Proposal]:
    """The proposals of one `ike=`, `esp=` or `ah=` line; raises ValueError with a clause on what pluto refuses.

    `version` is that of IKE, `release` Libreswan's; both decide what fills in the fields left out.
    """
    return [
        _proposal(part.strip(), protocol, version, release)
        for part in text.rstrip("!").lower().split(",")
        if part.strip()
    ]


def configured(
    texts: tuple[str, ...] | None,
    protocol: Protocol,
    *,
    version: int = 2,
    release: tuple[int, ...] | None = None,
) -> tuple[Proposal, ...]:
    """What a connection offers, with Libreswan's own where it says nothing; none for what it would refuse."""
    written = ",".join(texts) if texts else defaults.proposals(protocol, version, release)
    try:
        return tuple(parse(written, protocol, version=version, release=release))
    except ValueError:
        return ()


def release(version: str | None) -> tuple[int, ...] | None:
    """The numbers of a release such as "4.10" or "5.2rc1"; None where it is not known."""
    return tuple(int(part) for part in re.findall(r"\d{1,4}", version or "")[:2]) or None


def problem(
    text: str, protocol: Protocol, version: int = 2, release: tuple[int, ...] | None = None
) -> str | None:
    """Why pluto would refuse a line of proposals; None when it takes it.

    `release` is Libreswan's, where it is known: 5.0 and later are built without the weakest groups.
    """
    try:
        read = parse(text, protocol, version=version, release=release)
    except ValueError as refused:
        return str(refused)
    if release is None or release < _WITHOUT_WEAK:
        return None
    weak = [one.name for each in read for one in each.of("dh group") if one.name in _WEAK_GROUPS]
    return f"{weak[0]} is not built into Libreswan {release[0]}" if weak else None


def _proposal(text: str, protocol: Protocol, version: int, release: tuple[int, ...] | None) -> Proposal:
    tokens = _Tokens(text)
    ciphers: list[Transform] = []
    if protocol != "ah":
        ciphers = [transform for word in tokens.cipher_words() for transform in _cipher(word)]
    integrity, bare = _integrity(tokens)
    functions: list[Transform] = list(tokens.take(_function)) if protocol == "ike" else []
    groups = list(tokens.take(_group))
    if tokens.rest:
        raise ValueError(f"'{tokens.rest[0][0]}' is no algorithm pluto knows")
    aead = any(cipher.aead for cipher in ciphers)
    if protocol == "ike":
        if not functions:
            named = [function for one in integrity if (function := prf_of(one)) is not None]
            functions = named or list(map(_prf, defaults.functions(version, release)))
        if not integrity and not aead and not bare:
            integrity = [_from_prf(function) for function in functions]
        groups = groups or [Transform("dh group", name) for name in defaults.groups(version, release)]
    elif not integrity and not aead and not bare and protocol == "esp":
        integrity = [Transform("integrity", name) for name in defaults.integrities(version, release)]
    if aead:
        integrity = []
    elif protocol == "ah" and not integrity:
        raise ValueError("the AH proposal names no integrity algorithm")
    sequence = [] if protocol == "ike" else [Transform("esn", NO_ESN), Transform("esn", ESN)]
    everything: list[Transform] = [*ciphers, *integrity, *functions, *groups, *sequence]
    unique = sorted(dict.fromkeys(everything), key=lambda one: KINDS.index(one.kind))
    return Proposal(protocol, tuple(unique))


class _Tokens:
    """The words of one proposal with the sign before each."""

    def __init__(self, text: str) -> None:
        words = re.split(r"([-;+])", text)
        self.rest = [(words[0], ""), *zip(words[2::2], words[1::2], strict=False)]

    def cipher_words(self) -> Iterator[str]:
        """The words of the first field; a key length may stand behind a hyphen of its own."""
        more = True
        while self.rest and more:
            word, _ = self.rest.pop(0)
            if (
                self.rest
                and self.rest[0][1] == "-"
                and re.fullmatch(r"128|160|192|224|256|288", self.rest[0][0])
            ):
                word = f"{word}_{self.rest.pop(0)[0]}"
            yield word
            more = bool(self.rest) and self.rest[0][1] == "+"

    def take(self, meaning: Callable[[str], Transform | None]) -> Iterator[Transform]:
        """The next words as long as they mean an algorithm of that kind."""
        first = True
        while self.rest and (first or self.rest[0][1] == "+"):
            transform = meaning(self.rest[0][0])
            if transform is None:
                return
            first = False
            self.rest.pop(0)
            yield transform


def _integrity(tokens: _Tokens) -> tuple[list[Transform], bool]:
    """The integrity algorithms, and whether the proposal says that there is none."""
    if tokens.rest and tokens.rest[0][0] in _NO_INTEGRITY and tokens.rest[0][1] != ";":
        tokens.rest.pop(0)
        return [], True
    if tokens.rest and tokens.rest[0][1] == ";":
        return [], False
    return list(tokens.take(_mac)), False


def _mac(word: str) -> Transform | None:
    name = _INTEGRITY.get(re.sub(r"[.]", "_", word))
    return Transform("integrity", name) if name else None


def _function(word: str) -> Transform | None:
    mac = _mac(word.removeprefix("prf").removeprefix("_"))
    return prf_of(mac) if mac is not None else None


def _prf(name: str) -> Transform:
    return Transform("prf", name)


def _from_prf(function: Transform) -> Transform:
    name = next(
        (each for each in set(_INTEGRITY.values()) if prf_of(Transform("integrity", each)) == function), ""
    )
    return Transform("integrity", name)


def _group(word: str) -> Transform | None:
    if word in _NO_INTEGRITY:
        return Transform("dh group", NONE)
    if found := re.fullmatch(r"(?:dh_?|group_?)?([0-9]{1,2})", word):
        name = _GROUPS.get(found[1])
        return Transform("dh group", name) if name else None
    if found := re.fullmatch(r"modp_?([0-9]{3,4})", word):
        return Transform("dh group", f"MODP_{found[1]}")
    if found := re.fullmatch(r"(?:ecp_?|secp)(256|384|521)(?:r1)?", word):
        return Transform("dh group", f"ECP_{found[1]}")
    if word in {"curve25519", "x25519"}:
        return Transform("dh group", "CURVE_25519")
    return None


def _cipher(word: str) -> list[Transform]:
    found = _CIPHER.fullmatch(word)
    if found is None:
        raise ValueError(f"'{word}' is no encryption algorithm pluto knows")
    name, bits = found["name"].replace("_cbc", ""), int(found["bits"] or 0)
    plain = {"3des": "3DES_CBC", "des": "DES_CBC", "null": "NULL", "cast": "CAST_CBC", "cast128": "CAST_CBC"}
    if name.startswith("chacha"):
        return [Transform("encryption", "CHACHA20_POLY1305")]
    if name in plain:
        return [Transform("encryption", plain[name], 128 if name.startswith("cast") else 0)]
    if "gmac" in name:
        return [Transform("encryption", "NULL_AES_GMAC", size) for size in ((bits,) if bits else _AES_BITS)]
    if name.endswith(("gcm", "ccm")):
        # Older releases counted the salt of the nonce into the key length.
        bits = {160: 128, 224: 192, 288: 256}.get(bits, bits)
        label = f"AES_{name[-3:].upper()}_{_ICV[found['icv'] or '']}"
    elif name.endswith("ctr"):
        label = "AES_CTR" if name.startswith("aes") else "CAMELLIA_CTR"
    else:
        label = f"{name.upper()}_CBC"
    return [Transform("encryption", label, size) for size in ((bits,) if bits else _AES_BITS)]
