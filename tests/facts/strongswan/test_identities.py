"""Identities by type, and whether the one a peer sends is the one expected."""

from __future__ import annotations

import pytest

from wizard.facts.identities import difference, fits, parse


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("192.0.2.1", "address"),
        ("2001:db8::1", "address"),
        ("10.0.0.0/8", "subnet"),
        ("10.0.0.1-10.0.0.9", "range"),
        ("gw-a.example", "name"),
        ("@gw-a.example", "name"),
        ("fqdn:192.0.2.1", "name"),
        ("carol@example.org", "e-mail"),
        ("@@carol", "e-mail"),
        ("@#6162", "key id"),
        ("keyid:gw", "key id"),
        ("a:b", "key id"),
        ("C=CH, O=x, CN=y", "distinguished name"),
        ("/C=CH/O=x/CN=y", "distinguished name"),
        ("a=", "distinguished name"),
        ("%any", "any"),
        (None, "any"),
        ("0.0.0.0", "any"),
    ],
)
def test_the_type_is_guessed_from_the_spelling(text: str | None, kind: str) -> None:
    assert parse(text).kind == kind


@pytest.mark.parametrize(
    ("sent", "expected", "fit"),
    [
        ("gw-a.example", "%any", True),
        ("gw-a.example", None, True),
        ("gw-a.example", "@GW-A.example", True),
        ("a.example.org", "*.example.org", True),
        ("carol@example.org", "*@example.org", True),
        ("gw", "keyid:gw", False),
        ("@#6777", "keyid:gw", True),
        ("192.0.2.1", "192.0.2.0/24", True),
        ("192.0.3.1", "192.0.2.0/24", False),
        ("192.0.2.5", "192.0.2.1-192.0.2.9", True),
        ("192.0.2.1", "fqdn:192.0.2.1", False),
        ("C=CH, O=x, CN=moon", "c=CH, o=X, cn=MOON", True),
        ("C=CH, O=x, CN=moon", "C=CH, O=x, CN=*", True),
        ("O=x, C=CH, CN=moon", "C=CH, O=x, CN=moon", False),
        ("C=CH, CN=moon", "C=CH, O=x, CN=moon", False),
        ("CN=a, E=a@b.c", "CN=a, emailAddress=a@b.c", True),
        ("%gw-a.example", "gw-a.example", True),
        (None, "gw-a.example", False),
    ],
)
def test_what_is_sent_fits_what_is_expected(sent: str | None, expected: str | None, fit: bool) -> None:
    assert fits(sent, expected) is fit
    assert (difference(sent, expected) is None) is fit


def test_a_difference_of_type_only_is_said() -> None:
    assert difference("gw", "keyid:gw") == "'gw' is of type name, 'keyid:gw' of type key id"
    assert (
        difference("O=x, C=CH", "C=CH, O=x") == "the parts of the distinguished name stand in another order"
    )
