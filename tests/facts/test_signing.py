from __future__ import annotations

import pytest

from wizard.facts.certificates import Certificate
from wizard.facts.signing import accepts, demands

RSA = Certificate("f", "CN=a", "CN=ca", "1", 0, 1, key_kind="rsa", key_bits=2048, hash_name="sha256")
ECDSA = Certificate("f", "CN=a", "CN=ca", "1", 0, 1, key_kind="ecdsa", key_bits=256, hash_name="sha256")
ROOT = Certificate("r", "CN=ca", "CN=ca", "1", 0, 1, key_kind="rsa", key_bits=4096, hash_name="sha1")


@pytest.mark.parametrize(
    ("asked", "used", "path", "expected"),
    [
        ("pubkey", "", (RSA, ROOT), None),
        ("", "", (RSA,), None),
        ("eap-mschapv2", "", (RSA,), None),
        ("rsa", "", (RSA, ROOT), True),
        ("rsa", "", (ECDSA, ROOT), False),
        ("ecdsa-rsa", "", (ECDSA, ROOT), True),
        ("rsa-3072", "", (RSA, ROOT), False),
        ("rsa-2048-sha256", "", (RSA, ROOT), True),
        ("rsa-2048-sha512", "", (RSA, ROOT), False),
        ("ike:rsa-sha512", "ike:rsa-sha512", (RSA, ROOT), True),
        ("ike:rsa-sha512", "ike:rsa-sha256", (RSA, ROOT), False),
        ("rsa-sha512", "rsa-sha512", (RSA, ROOT), False),
        ("pubkey-sha256-sha512", "", (ECDSA, ROOT), True),
        ("rsa-sha512", "", (), None),
    ],
)
def test_what_is_asked_for_decides(
    asked: str, used: str, path: tuple[Certificate, ...], expected: bool | None
) -> None:
    assert accepts(asked, used, path) is expected


def test_a_kind_takes_the_words_after_it() -> None:
    first, second = demands("rsa-2048-sha256-ecdsa-sha384")
    assert (first.kind, first.bits, first.hashes) == ("rsa", 2048, frozenset({"sha256"}))
    assert (second.kind, second.bits, second.hashes) == ("ecdsa", 0, frozenset({"sha384"}))
