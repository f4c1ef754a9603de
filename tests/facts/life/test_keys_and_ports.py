"""Several keys for one peer, sockets of other programs, daemons that fall, networks that are not carried."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.facts.life.gateway import connection, event, read, value
from wizard.facts.derive import daemon, running, secrets, strength
from wizard.facts.model import End
from wizard.facts.parsers import clock, sockets
from wizard.facts.parsers import daemon as units
from wizard.facts.tunnel import ChildSa, IkeSa, SharedSecret

PAIR = ("a.example", "b.example")


def shadows(near: list[SharedSecret], far: list[SharedSecret]) -> tuple[object, object]:
    """Whether the near end's key is ambiguous, and whether it is shadowed."""
    ends: dict[End, tuple[str, str, list[SharedSecret]]] = {
        "near": ("a.example", "b.example", near),
        "far": ("b.example", "a.example", far),
    }
    books, focuses, keys = {}, {}, {}
    for end, (own, peer, held) in ends.items():
        books[end], focuses[end] = read(end, connection(own, peer), secrets=held)
        keys[end] = secrets.end_facts(books[end], focuses[end], peer)
    secrets.shadowed(books, focuses, keys)
    return value(books["near"], "psk_ambiguous"), value(books["near"], "psk_shadowed")


def test_a_second_key_for_the_same_identities_shadows_the_right_one() -> None:
    right, old = SharedSecret("site", PAIR, "1111"), SharedSecret("old", PAIR, "2222")
    assert shadows([old, right], [right]) == (True, True)
    assert shadows([right], [right]) == (False, False)


def test_a_better_fitting_key_shadows_a_general_one() -> None:
    right, old = SharedSecret("any", (), "1111"), SharedSecret("old", PAIR, "2222")
    assert shadows([old, right], [replace(right, identities=PAIR)]) == (False, True)


def test_keys_without_digests_are_not_compared() -> None:
    right, hidden = SharedSecret("site", PAIR, "1111"), SharedSecret("old", PAIR, "!hidden")
    assert shadows([hidden, right], [right]) == (None, None)


@pytest.mark.parametrize(
    ("listing", "bound"),
    [
        (('UNCONN 0 0 0.0.0.0:500 0.0.0.0:* users:(("nc",pid=9,fd=3))\n'
         'UNCONN 0 0 0.0.0.0:4500 0.0.0.0:* users:(("nc",pid=8,fd=3))\n'
         'UNCONN 0 0 *:500 *:* users:(("charon-systemd",pid=7,fd=13))\n'
         'UNCONN 0 0 *:4500 *:* users:(("charon-systemd",pid=7,fd=14))\n'), False),
        (('UNCONN 0 0 0.0.0.0:500 0.0.0.0:* users:(("charon-systemd",pid=7,fd=15))\n'
         'UNCONN 0 0 0.0.0.0:4500 0.0.0.0:* users:(("charon-systemd",pid=7,fd=16))\n'), True),
        (('UNCONN 0 0 192.0.2.1:500 0.0.0.0:* users:(("pluto",pid=7,fd=15))\n'
         'UNCONN 0 0 192.0.2.1:4500 0.0.0.0:* users:(("pluto",pid=7,fd=16))\n'), True),
        ('UNCONN 0 0 0.0.0.0:500 0.0.0.0:*\nUNCONN 0 0 0.0.0.0:4500 0.0.0.0:*\n', None),
    ],
)  # fmt: skip
def test_the_port_counts_that_hears_the_tunnels_own_address(listing: str, bound: bool | None) -> None:
    book, focus = read("near", connection(), sockets=sockets.parse(listing))
    daemon.daemon(book, focus)
    assert value(book, "ike_sockets_bound") is bound


UNIT = (
    "@@ units\nId=strongswan.service\nLoadState=loaded\nActiveState=active\nSubState=running\nNRestarts={}\n"
)


def test_a_daemon_that_was_restarted_twice_and_is_young_falls_again_and_again() -> None:
    book, _ = read("near", connection(), daemon=units.parse(UNIT.format(3)), uptime_s=4)
    daemon.crashing(book, ())
    assert value(book, "daemon_crashing") is True


def test_restarts_of_long_ago_are_no_habit() -> None:
    book, _ = read("near", connection(), daemon=units.parse(UNIT.format(3)), uptime_s=90_000)
    daemon.crashing(book, ())
    assert value(book, "daemon_crashing") is False


def test_one_fall_told_by_three_lines_is_one_fall() -> None:
    now = clock.parse("1000.5\n")
    book, _ = read("near", connection(), daemon=units.parse(UNIT.format(0)), clock=now, uptime_s=3)
    daemon.crashing(book, [event(990 + third / 10, "daemon-crashed") for third in range(3)])
    assert value(book, "daemon_crashing") is False


def sa(child: ChildSa) -> tuple[IkeSa, ...]:
    """A listing with one IKE SA that holds this child."""
    return (
        IkeSa(
            "site",
            state="established",
            proposal="AES_CBC_256/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1024",
            children=(child,),
        ),
    )


INSTALLED = ChildSa(
    "net",
    state="installed",
    protocol="esp",
    proposal="AES_CBC_256/HMAC_SHA2_256_128",
    local_ts=("10.1.0.0/24",),
    remote_ts=("10.2.0.0/24",),
)


def test_a_network_the_peer_did_not_grant_is_not_carried() -> None:
    wide = replace(connection().children[0], remote_ts=("10.2.0.0/24", "10.22.0.0/24"))
    book, focus = read("near", connection(child=wide), sas=sa(INSTALLED))
    running.carried(book, focus)
    assert value(book, "networks_not_carried") == ("10.22.0.0/24",)


def test_who_asks_for_everything_is_not_short_of_anything() -> None:
    everything = replace(connection().children[0], remote_ts=("0.0.0.0/0",))
    book, focus = read("near", connection(child=everything), sas=sa(INSTALLED))
    running.carried(book, focus)
    assert value(book, "networks_not_carried") == ()


def test_weak_algorithms_are_those_in_use() -> None:
    book, focus = read("near", connection(), sas=sa(INSTALLED))
    strength.facts(book, focus)
    assert value(book, "weak_algorithms") == ("HMAC_SHA1_96", "PRF_HMAC_SHA1", "MODP_1024")
