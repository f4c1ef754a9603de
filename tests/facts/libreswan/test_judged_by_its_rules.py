"""What is judged otherwise where the daemon is pluto: keys, proposals, what is loaded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wizard.facts import proposals
from wizard.facts.derive import agreements, secrets
from wizard.facts.derive.daemon import configuration
from wizard.facts.derive.notebook import Notebook
from wizard.facts.derive.pair import Pair
from wizard.facts.focus import Focus
from wizard.facts.model import End
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import AuthRound, Child, Configuration, Connection, SharedSecret

OWN, PEER = "@gw-a.example", "@gw-b.example"
PLUTO = Snapshot("near", "gw-a", implementation="libreswan", version="4.10")
CHARON = Snapshot("far", "gw-b", implementation="strongswan-swanctl", version="5.9.8")


def key(*owners: str) -> SharedSecret:
    return SharedSecret(" ".join(owners), owners, "digest:0")


@pytest.mark.parametrize(
    ("owners", "charon", "pluto"),
    [
        pytest.param((OWN, PEER), True, True, id="both"),
        pytest.param((OWN,), True, True, id="its owner alone"),
        pytest.param((OWN, "@other.example"), True, False, id="this end and somebody else"),
        pytest.param((PEER,), True, False, id="the other end alone"),
        pytest.param(("@other.example",), False, False, id="somebody else"),
    ],
)
def test_pluto_takes_a_key_only_where_both_identities_fit(
    owners: tuple[str, ...], charon: bool, pluto: bool
) -> None:
    assert bool(secrets.best((key(*owners),), OWN, PEER, "swanctl")) is charon
    assert bool(secrets.best((key(*owners),), OWN, PEER, "libreswan")) is pluto


def conn(dialect: str, ike: tuple[str, ...] | None, esp: tuple[str, ...] | None = None) -> Connection:
    children = (Child("site", ("10.1.0.0/24",), ("10.2.0.0/24",), mode="tunnel", proposals=esp),)
    return Connection("site", version=2, proposals=ike, children=children, dialect=dialect)  # type: ignore[arg-type]


def agree(near: Focus, far: Focus, name: str) -> object:
    books = {"near": Notebook(PLUTO), "far": Notebook(CHARON)}
    focuses: dict[End, Focus] = {"near": near, "far": far}
    facts = Pair(books, focuses).compare()  # type: ignore[arg-type]
    return next(fact.value for fact in facts if fact.name == name)


def seen(stored: Connection, loaded: Connection | None = None) -> Focus:
    connection = loaded or stored
    return Focus(
        connection=connection,
        child=connection.children[0],
        loaded=loaded,
        on_disk=stored,
        name="site",
        child_name="site",
    )


CHARONS = conn("swanctl", ("aes256-sha256-modp2048",), ("aes256-sha256",))


@pytest.mark.parametrize(
    ("written", "same"),
    [("aes256-sha2_256;modp2048", True), ("aes128-sha1;modp2048", False), (None, True)],
)
def test_proposals_in_two_spellings_are_held_against_each_other(written: str | None, same: bool) -> None:
    near = seen(conn("libreswan", (written,) if written else None))
    assert agree(near, seen(CHARONS), "ike_proposals_agree") is same


def test_what_pluto_lists_counts_before_what_stands_in_its_file() -> None:
    near = seen(
        conn("libreswan", ("aes128-sha1;modp2048",)),
        conn("libreswan", ("AES_CBC_256-HMAC_SHA2_256-MODP2048",), ("AES_CBC_256-HMAC_SHA2_256_128",)),
    )
    assert agree(near, seen(CHARONS), "ike_proposals_agree") is True
    assert agree(near, seen(CHARONS), "esp_proposals_agree") is True


def test_a_child_without_proposals_offers_plutos_defaults_not_charons() -> None:
    offered = agreements.offered(Notebook(PLUTO), Child("site"))
    assert any("AES_GCM_16_256" in str(one) for one in offered)
    assert not proposals.common(offered, proposals.configured(("3des-sha1",), "esp", "5.9.8"))


def difference(stored: Connection, loaded: Connection) -> object:
    snapshot = replace(PLUTO, disk=Configuration(connections=(stored,)), loaded=(loaded,))
    book = Notebook(snapshot)
    configuration(book, seen(stored, loaded))
    return next(fact.value for fact in book.facts if fact.name == "near.disk_matches_loaded")


def test_a_name_or_a_wildcard_on_disk_is_no_other_address_than_the_one_loaded() -> None:
    loaded = replace(CHARONS, local_addrs=("192.0.2.1",), remote_addrs=("198.51.100.1",))
    for written in ("%any", "gw-a.example"):
        assert difference(replace(loaded, local_addrs=(written,)), loaded) is True
    assert difference(replace(loaded, local_addrs=("192.0.2.9",)), loaded) is False


def test_a_name_written_with_and_without_spaces_is_the_same_identity() -> None:
    loaded = replace(CHARONS, local=(AuthRound("pubkey", "C=CH, O=Example, CN=a"),))
    assert difference(replace(loaded, local=(AuthRound("pubkey", "C=CH,O=Example,CN=a"),)), loaded) is True
    assert difference(replace(loaded, local=(AuthRound("pubkey", "C=CH, O=Example, CN=b"),)), loaded) is False
