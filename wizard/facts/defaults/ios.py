"""IOS's defaults: the policies and proposals of its "smart defaults", which change with the release.

The sets are those of 15.x and 16.x together, because a running configuration seldom says enough to tell which.
"""

from __future__ import annotations

from typing import Final

ISAKMP: Final = ("aes128-sha1-md5-modp1536", "3des-sha1-md5-modp1024", "aes128-sha1-modp1536")
"""Policies where none is configured (65507 to 65514)."""
IKEV2: Final = (
    "aes256-aes192-aes128-sha512-sha384-sha256-sha1-md5-modp1536-modp1024-modp2048-ecp256-ecp521",
)
"""Proposal `default`."""
ESP: Final = ("aes128-sha1",)
"""Transform set `default`."""
CHILD_LIFE_S: Final = 3600
IKE_LIFE_S: Final = 86400
