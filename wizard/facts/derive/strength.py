"""Algorithms that are broken or too short today: what is agreed on, or what an end would agree on by its file.

Sources: RFC 8221 and RFC 8247 (algorithms for ESP, AH and IKEv2: MUST NOT and SHOULD NOT).
"""

from __future__ import annotations

from typing import Final

from wizard.facts import proposals
from wizard.facts.derive.agreements import offered, stored_child
from wizard.facts.derive.notebook import Notebook
from wizard.facts.derive.running import tunnel_children, tunnel_sas
from wizard.facts.focus import Focus
from wizard.facts.model import Evidence

WEAK: Final = frozenset(
    {
        "DES_CBC",
        "DES_IV64",
        "DES_IV32",
        "3DES_CBC",
        "BLOWFISH_CBC",
        "CAST_CBC",
        "RC5_CBC",
        "IDEA_CBC",
        "NULL",
        "HMAC_SHA1_96",
        "HMAC_SHA1_160",
        "PRF_HMAC_SHA1",
        "HMAC_MD5_96",
        "HMAC_MD5_128",
        "PRF_HMAC_MD5",
        "MODP_768",
        "MODP_1024",
        "MODP_1536",
        "MODP_1024_160",
        "MODP_NULL",
        "ECP_192",
        "ECP_224",
    }
)
"""As charon's log spells them."""


def facts(book: Notebook, focus: Focus) -> None:
    """The weak ones among what runs; where nothing runs, among what the file on disk would accept first."""
    found: dict[str, Evidence] = {}
    for sa in tunnel_sas(book.snapshot, focus):
        for word in sa.proposal.split("/"):
            if _weak(word):
                found.setdefault(word, book.cite("sas", f"{sa.name}: IKE:{sa.proposal}", word))
    for child in tunnel_children(book.snapshot, focus):
        for word in child.proposal.split("/"):
            if _weak(word):
                line = f"{child.name}: {child.protocol.upper()}:{child.proposal}"
                found.setdefault(word, book.cite("sas", line, word))
    running = bool(tunnel_children(book.snapshot, focus))
    stored, child_on_disk = focus.on_disk, stored_child(focus)
    if not running and stored is not None:
        offers = proposals.configured(stored.proposals, "ike", book.snapshot.version)[:1]
        offers += offered(book, child_on_disk)[:1] if child_on_disk is not None else ()
        for offer in offers:
            # Of an implementation's own long list nothing weak would be taken first.
            for transform in (one for one in offer.transforms if len(offer.transforms) < _SHORT):
                if _weak(str(transform)):
                    words = "/".join(str(one) for one in offer.transforms)
                    found.setdefault(
                        str(transform),
                        book.cite("config", f"{offer.protocol.upper()}:{words}", str(transform)),
                    )
    if not running and stored is None:
        book.unknown("weak_algorithms", "neither an SA nor a proposal could be read")
        return
    book.note("weak_algorithms", tuple(found), *found.values())


_SHORT: Final = 10


def _weak(word: str) -> bool:
    return word in WEAK or any(word.startswith(f"{one}_") for one in ("BLOWFISH_CBC", "CAST_CBC"))
