"""Libreswan's defaults by release: proposals, and what fills in a field that a proposal leaves out.

From lib/libswan/ike_info.c, esp_info.c and programs/pluto/ikev2_spdb_struct.c of 3.x, 4.x and 5.x, without FIPS
mode. Where the release is not known every release counts, so that nobody is blamed for a guess.
"""

from __future__ import annotations

from typing import Final

from wizard.facts.proposals import Protocol

Release = tuple[int, ...] | None

_OLD: Final = (4,)
IKE_LIFE_S: Final = 28800
CHILD_LIFE_S: Final = 28800
"""ikelifetime and salifetime since 4.0; 3.x renewed IKE SAs after 3600 s."""
MARGIN_S: Final = 540
"""rekeymargin: how long before its end an SA is renewed, at the latest."""


def proposals(protocol: Protocol, version: int, release: Release) -> str:
    """What is offered where nothing is configured, in Libreswan's own spelling."""
    if protocol == "ike":
        return (
            "aes256,aes128,3des" if version == 1 else "aes_gcm256,aes_gcm128,chacha20_poly1305,aes256,aes128"
        )
    if protocol == "ah":
        return "sha2_512+sha2_256+sha1" if version == 1 or _before_4(release) else "sha2_512+sha2_256"
    if version == 1:
        # 3.x began with AES and SHA-1 only; later releases add SHA-2 and AES-GCM.
        later = "aes256-sha2_512+sha2_256+sha1,aes128-sha2_512+sha2_256+sha1,aes_gcm256,aes_gcm128"
        # Openswan and the first of 3.x: AES and 3DES with SHA-1 and MD5.
        return f"{later},aes256-md5,aes128-md5,3des-sha1+md5" if _known_old(release) else later
    strong = "aes_gcm256,aes_gcm128,aes256-sha2_512+sha2_256,aes128-sha2_512+sha2_256"
    if _before_4(release):
        return f"{strong},aes128-sha1"
    return f"{strong},chacha20_poly1305" if release is None or release >= (5,) else strong


def functions(version: int, release: Release) -> tuple[str, ...]:
    """Pseudo-random functions of an IKE proposal that names none."""
    strong = ("PRF_HMAC_SHA2_512", "PRF_HMAC_SHA2_256")
    if version == 1 and _known_old(release):
        return (*strong, "PRF_HMAC_SHA1", "PRF_HMAC_MD5")
    return (*strong, "PRF_HMAC_SHA1") if version == 1 or _before_4(release) else strong


def groups(version: int, release: Release = None) -> tuple[str, ...]:
    """Diffie-Hellman groups of an IKE proposal that names none."""
    if version == 1:
        usual = ("MODP_2048", "MODP_1536", "ECP_256", "CURVE_25519")
        return (*usual, "MODP_1024") if _known_old(release) else usual
    return (
        "ECP_256",
        "ECP_384",
        "ECP_521",
        "CURVE_25519",
        "MODP_4096",
        "MODP_3072",
        "MODP_2048",
        "MODP_8192",
    )


def integrities(version: int, release: Release) -> tuple[str, ...]:
    """Integrity algorithms of an ESP proposal with a classic cipher that names none."""
    strong = ("HMAC_SHA2_512_256", "HMAC_SHA2_256_128")
    if version == 1 and _known_old(release):
        return (*strong, "HMAC_SHA1_96", "HMAC_MD5_96")
    return (*strong, "HMAC_SHA1_96") if version == 1 or _before_4(release) else strong


def _known_old(release: Release) -> bool:
    """Whether the release is known to be older than 4.0, Openswan included."""
    return release is not None and release < _OLD


def _before_4(release: Release) -> bool:
    """Whether the release is or may be older than 4.0."""
    return release is None or release < _OLD
