"""A NAT that a daemon's listing does not speak of shows in what the other end knows it by."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wizard.facts.derive.notebook import Notebook
from wizard.facts.derive.pair import Pair
from wizard.facts.derive.running import running
from wizard.facts.focus import Focus
from wizard.facts.model import End
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import ChildSa, Connection, IkeSa

SPIS = ("c0000001", "c0000002")
FOCUS = Focus(connection=Connection("site"), name="site", child_name="net")


def listed(end: End, local: str, remote: str, **more: object) -> Snapshot:
    into, out = SPIS if end == "near" else SPIS[::-1]
    child = ChildSa("net", state="installed", spi_in=into, spi_out=out)
    ike = IkeSa("site", state="established", local_host=local, remote_host=remote, children=(child,), **more)  # type: ignore[arg-type]
    return Snapshot(end, end, sas=(ike,))


def behind(*snapshots: Snapshot) -> tuple[object, ...]:
    books: dict[End, Notebook] = {one.end: Notebook(one) for one in snapshots}
    for book in books.values():
        running(book, FOCUS)
    Pair(books, dict.fromkeys(books, FOCUS)).compare()
    facts = {fact.name: fact.value for book in books.values() for fact in book.facts}
    return tuple(facts[f"{end}.behind_nat"] for end in books)


@pytest.mark.parametrize(
    ("known_by", "nat"), [("192.0.2.1", False), ("192.0.2.77", True), ("", None)], ids=["same", "other", "no"]
)
def test_an_end_that_its_peer_knows_by_another_address_is_behind_a_nat(
    known_by: str, nat: bool | None
) -> None:
    near = listed("near", "192.0.2.1", "198.51.100.1")
    far = listed("far", "198.51.100.1", known_by)
    assert behind(near, far) == (nat, False)


def test_another_sa_of_the_same_tunnel_says_nothing() -> None:
    near = listed("near", "192.0.2.1", "198.51.100.1")
    far = replace(listed("near", "198.51.100.1", "192.0.2.77"), end="far")
    assert behind(near, far) == (None, None)


def test_what_the_daemon_says_of_nat_is_not_overruled() -> None:
    near = listed("near", "192.0.2.1", "198.51.100.1", local_port=4500, nat_local=True)
    assert behind(near, listed("far", "198.51.100.1", "192.0.2.1")) == (True, False)


@pytest.mark.parametrize(
    ("local", "port", "nat"),
    [("192.0.2.1", 500, False), ("192.0.2.1", 4500, None), ("10.0.0.1", 500, None)],
)
def test_a_tunnel_that_stayed_on_port_500_saw_no_nat(local: str, port: int, nat: bool | None) -> None:
    assert behind(listed("near", local, "198.51.100.1", remote_port=port)) == (nat,)
