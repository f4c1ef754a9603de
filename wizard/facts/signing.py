"""How a gateway signs and what signatures its peer accepts, as swanctl.conf writes it: `ike:rsa-2048-sha256`.

A kind of key may be followed by the least strength and by hashes; `ike:` speaks of the IKE message alone, without
it the signatures under the certificates have to fit, too (swanctl.conf(5), auth).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from wizard.facts.certificates import Certificate
from wizard.records import dataclass

_KINDS: Final = {
    "rsa": "rsa",
    "ecdsa": "ecdsa",
    "ed25519": "ed25519",
    "ed448": "ed448",
    "bliss": "bliss",
    "pubkey": "",
}
_HASHES: Final = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512"})
_STRENGTH: Final = ((3072, "sha256"), (7680, "sha384"), (1 << 20, "sha512"))
"""The hash charon signs with when it is told none, by the length of an RSA key in bits."""


@dataclass(frozen=True, slots=True)
class Demand:
    """One kind of key that is accepted; `kind` is empty for any."""

    kind: str
    bits: int
    hashes: frozenset[str]
    message_only: bool

    def takes(self, certificate: Certificate) -> bool:
        """Whether a certificate's own key is of the kind and strength."""
        if self.kind and certificate.key_kind and certificate.key_kind != self.kind:
            return False
        return not certificate.key_bits or certificate.key_bits >= self.bits


def demands(detail: str) -> tuple[Demand, ...]:
    """What an `auth` option restricts; empty when it restricts nothing or speaks of no signatures."""
    message_only = detail.lower().startswith("ike:")
    found: list[Demand] = []
    for word in re.split(r"[-:;/]", detail.lower()):
        if word in _KINDS:
            found.append(Demand(_KINDS[word], 0, frozenset(), message_only))
        elif found and word.isdigit() and len(word) < 6:
            found[-1] = Demand(found[-1].kind, int(word), found[-1].hashes, message_only)
        elif found and word in _HASHES:
            found[-1] = Demand(found[-1].kind, found[-1].bits, found[-1].hashes | {word}, message_only)
    return tuple(found)


def accepts(asked: str, used: str, path: Sequence[Certificate]) -> bool | None:
    """Whether a peer that asks for `asked` takes what an end signs that is told `used` and has this certificate.

    None where nothing is restricted, or the certificate is not known and would decide.
    """
    wanted = demands(asked)
    if not any(one.kind or one.bits or one.hashes for one in wanted):
        return None
    if not path:
        return None
    leaf = path[0]
    fitting = [one for one in wanted if one.takes(leaf)]
    if not fitting:
        return False
    if any(not one.hashes for one in fitting):
        return True
    allowed = frozenset().union(*(one.hashes for one in fitting))
    signed_with = frozenset().union(*(one.hashes for one in demands(used))) or _usual(leaf)
    if signed_with and not signed_with & allowed:
        return False
    if all(one.message_only for one in fitting):
        return True
    under = [one for one in path if not one.self_issued and one.hash_name]
    return all(one.hash_name in allowed for one in under)


def _usual(leaf: Certificate) -> frozenset[str]:
    if leaf.key_kind == "rsa" and leaf.key_bits:
        return frozenset({next(name for bits, name in _STRENGTH if leaf.key_bits <= bits)})
    if leaf.key_kind == "ecdsa":
        return frozenset({{256: "sha256", 384: "sha384", 521: "sha512"}.get(leaf.key_bits, "sha256")})
    return frozenset()
