"""The proposals two ends print when they find nothing in common, as records that can be compared."""

from __future__ import annotations

import re
from typing import Final

from wizard.facts import proposals
from wizard.facts.pasted.events import SeenEvent


def offered(event: SeenEvent) -> tuple[proposals.Proposal, ...]:
    """The proposals a line lists, in charon's words or in IOS's; empty for other words."""
    written = event.groups.get("proposals")
    if written:
        return proposals.parse_log(written)
    return _cisco(event.groups.get("policies", ""))


_CISCO_FIELDS: Final = re.compile(
    r"(ENCRYPTION|PRF|INTEGRITY|DH GROUP): *(.*?)(?= (?:PRF|INTEGRITY|DH GROUP|ENCRYPTION):| Proposal \d|$)"
)


def _cisco(text: str) -> tuple[proposals.Proposal, ...]:
    """IOS's "Proposal 1: ENCRYPTION: AES-CBC-128 PRF: SHA512 …" in the words proposals are compared in."""
    found: list[proposals.Proposal] = []
    for part in re.split(r"Proposal \d+:", text)[1:]:
        words: list[str] = []
        for name, value in _CISCO_FIELDS.findall(part):
            for one in value.split():
                words.extend(_cisco_word(name, one))
        found.extend(proposals.parse_log("IKE:" + "/".join(words)))
    return tuple(found)


def _cisco_word(name: str, value: str) -> list[str]:
    plain = value.upper().replace("-", "_")
    if name == "ENCRYPTION":
        return [
            re.sub(r"^AES_GCM_(\d+)$", r"AES_GCM_16_\1", plain)
            .replace("3DES", "3DES_CBC")
            .replace("_CBC_CBC", "_CBC")
        ]
    digest = re.match(r"(?:HMAC_)?(SHA|MD5)_?(\d*)", plain)
    if name in ("PRF", "INTEGRITY") and digest is not None:
        bits = {
            "": "SHA1",
            "1": "SHA1",
            "96": "SHA1",
            "256": "SHA2_256",
            "384": "SHA2_384",
            "512": "SHA2_512",
        }
        kind = "MD5" if digest[1] == "MD5" else bits.get(digest[2], "SHA1")
        if name == "PRF":
            return [f"PRF_HMAC_{kind}"]
        cut = {"SHA1": "96", "MD5": "96", "SHA2_256": "128", "SHA2_384": "192", "SHA2_512": "256"}[kind]
        return [f"HMAC_{kind}_{cut}"]
    group = re.search(r"GROUP_(\d+)_(MODP|ECP)", plain)
    if name == "DH GROUP" and group is not None:
        return [f"{group[2]}_{group[1]}"]
    return []
