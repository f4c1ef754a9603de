"""What an end is set to, and whether both ends' settings go together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.facts.life.gateway import connection, read, value
from wizard.facts.derive import agreements, settings
from wizard.facts.model import End
from wizard.facts.tunnel import Child, Connection

NET = Child("net", ("10.1.0.0/24",), ("10.2.0.0/24",), mode="tunnel", proposals=("aes256-sha256",))


def pair(near: Connection, far: Connection) -> dict[str, object]:
    """The facts about two ends with these connections on disk."""
    ends: dict[End, Connection] = {"near": near, "far": far}
    books, focuses = {}, {}
    for end, one in ends.items():
        books[end], focuses[end] = read(end, one)
    own = {end: settings.settings(books[end].snapshot, focuses[end]) for end in ends}
    return {fact.name: fact.value for fact in agreements.compare(books, focuses, own)}


def with_child(**fields: object) -> Connection:
    """A connection whose child differs in these fields."""
    return connection(child=replace(NET, **fields))  # type: ignore[arg-type]


def test_what_no_file_states_is_the_implementations_default_where_the_file_could_be_read() -> None:
    book, focus = read("near", connection())
    settings.facts(book, focus, settings.settings(book.snapshot, focus))
    assert value(book, "starts_itself") is False
    assert value(book, "child_life_s") == 3960
    assert value(book, "dpd_on") is False


def test_what_nobody_states_is_unknown_without_the_file() -> None:
    book, focus = read("near", None, loaded=connection())
    settings.facts(book, focus, settings.settings(book.snapshot, focus))
    assert value(book, "starts_itself") is None
    assert value(book, "idle_limit_s") is None


@pytest.mark.parametrize("action", ["trap", "start", "trap|start"])
def test_a_start_action_starts(action: str) -> None:
    book, focus = read("near", with_child(start_action=action))
    settings.facts(book, focus, settings.settings(book.snapshot, focus))
    assert value(book, "starts_itself") is True


def test_groups_that_differ_under_equal_esp_proposals_are_a_pfs_mismatch() -> None:
    assert pair(with_child(proposals=("aes256-sha256-modp2048",)), with_child())["pfs_agrees"] is False
    assert pair(with_child(), with_child())["pfs_agrees"] is True
    assert pair(with_child(proposals=("aes128-sha1",)), with_child())["pfs_agrees"] is None


def test_lifetimes_need_not_be_equal_as_long_as_somebody_renews_in_time() -> None:
    drops = with_child(rekey_time_s=0, life_time_s=600)
    assert pair(drops, with_child(rekey_time_s=3600))["lifetimes_fit"] is False
    assert pair(drops, with_child(rekey_time_s=500))["lifetimes_fit"] is True
    assert pair(with_child(rekey_time_s=900), with_child(rekey_time_s=28800))["lifetimes_fit"] is True


@pytest.mark.parametrize("kind", ["libreswan", "strongswan-ipsec"])
def test_lifetimes_nobody_wrote_are_those_of_the_implementation(kind: str) -> None:
    book, focus = read("near", connection())
    own = settings.settings(replace(book.snapshot, implementation=kind), focus)
    assert own.child_life_s in {3600, 28800}
    if kind == "strongswan-ipsec":
        return
    assert own.child_rekey_s is not None
    assert 0 < own.child_rekey_s < own.child_life_s
    never = read("near", with_child(rekey_time_s=0))[1]
    assert settings.settings(replace(book.snapshot, implementation=kind), never).child_rekey_s == 0
    loaded_only = read("near", None, loaded=connection())
    unknown = settings.settings(replace(loaded_only[0].snapshot, implementation=kind), loaded_only[1])
    assert unknown.child_life_s is None


def test_modes_are_compared_for_ikev1_and_nothing_to_disagree_on_for_ikev2() -> None:
    main, aggressive = connection(version=1), connection(version=1, aggressive=True)
    assert pair(main, aggressive)["exchange_modes_agree"] is False
    assert pair(main, main)["exchange_modes_agree"] is True
    assert pair(connection(), connection(aggressive=True))["exchange_modes_agree"] is True
    assert pair(connection(), aggressive)["exchange_modes_agree"] is None
