"""A pre-shared key is known by a salted digest only; this makes the one that the filter on the gateway makes.

Equal keys in different spelling (plain, 0x… hexadecimal, 0s… base64) get equal digests.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import Final

PREFIX: Final = "digest:"
"""What a value begins with that was replaced on the gateway."""
LENGTH: Final = 32
"""Hexadecimal digits kept: 128 bits, more than any collision needs."""

_BASE64: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_HEX: Final = "0123456789abcdef"
_PROCESS_SALT: Final = secrets.token_hex(16)


def digest_of(value: str, salt: str | None = None) -> str:
    """The digest of a value as written, without the prefix; one made on the gateway is taken as it is.

    A digest that begins with "!" says why there is none ("!no-sha256sum").
    """
    if value.startswith(PREFIX):
        return value.removeprefix(PREFIX)
    return digest_of_bytes(decoded(value), salt)


def digest_of_bytes(key: bytes, salt: str | None = None) -> str:
    """The digest of a key that is already decoded, for files where quotes say that "0x" is part of the key."""
    salted = (_PROCESS_SALT if salt is None else salt).encode() + key
    return sha256(salted).hexdigest()[:LENGTH]


def decoded(value: str) -> bytes:
    """The bytes the daemon uses as key, following its own lenient decoders."""
    if value[:2].lower() == "0x":
        return _from_hex(value[2:])
    if value[:2].lower() == "0s":
        return _from_base64(value[2:])
    return value.encode("utf-8", "surrogateescape")


def _from_hex(text: str) -> bytes:
    """Pairs of digits read from the right, colons between pairs skipped; what is no digit counts as 0."""
    digits = text.removeprefix("0x").replace(":", "").lower()
    padded = "0" * (len(digits) % 2) + digits
    values = [max(_HEX.find(character), 0) for character in padded]
    return bytes(high * 16 + low for high, low in zip(values[::2], values[1::2], strict=True))


def _from_base64(text: str) -> bytes:
    """Groups of four; an incomplete last group is dropped, "=" shortens the result."""
    translated = text.replace("-", "+").replace("_", "/")
    out = bytearray()
    for at in range(0, len(translated) // 4 * 4, 4):
        group = translated[at : at + 4]
        number = 0
        for character in group:
            number = number * 64 + max(_BASE64.find(character), 0)
        out += number.to_bytes(3, "big")
    padding = translated[: len(translated) // 4 * 4].count("=")
    return bytes(out[: max(len(out) - padding, 0)])
