"""What the other side's administrator is told: our side turned round, in two languages, and nothing secret."""

from __future__ import annotations

from tests.facts.life.gateway import connection, read, value
from wizard.facts.derive import mirrored, questions, secrets
from wizard.facts.parsers import swanctl_conf
from wizard.facts.tunnel import SharedSecret

SECRET = SharedSecret("site", ("a.example", "b.example"), "c0ffee0123456789")


def told() -> str:
    """Everything we would send."""
    book, focus = read("near", connection(), secrets=[SECRET])
    secrets.end_facts(book, focus, "b.example")
    questions.questions(book, focus)
    found = value(book, "peer_questions")
    assert isinstance(found, tuple)
    return "\n".join(found)


def test_no_key_and_no_digest_of_one_is_told() -> None:
    assert SECRET.digest[:4] not in told()
    assert mirrored.KEY in told()


def test_the_swanctl_lines_are_our_side_turned_round() -> None:
    text = told().partition("(swanctl.conf) your side would be:\n")[2].partition("In Cisco")[0]
    (theirs,) = swanctl_conf.parse([("swanctl.conf", text)]).connections
    assert (theirs.local_addrs, theirs.remote_addrs) == (("198.51.100.1",), ("192.0.2.1",))
    assert (theirs.local[0].identity, theirs.remote[0].identity) == ("b.example", "a.example")
    assert theirs.children[0].local_ts == ("10.2.0.0/24",)
    assert theirs.children[0].remote_ts == ("10.1.0.0/24",)
    assert theirs.proposals == ("aes256-sha256-modp2048",)


def test_the_ios_lines_say_the_same() -> None:
    lines = [line.strip() for line in told().partition("Cisco IOS's words")[2].splitlines()]
    for wanted in (
        "encryption aes-cbc-256",
        "integrity sha256",
        "group 14",
        "match identity remote fqdn a.example",
        "identity local fqdn b.example",
        "authentication remote pre-share",
        "crypto ipsec transform-set SITE-SET esp-aes 256 esp-sha256-hmac",
        "permit ip 10.2.0.0 0.0.0.255 10.1.0.0 0.0.0.255",
        "set peer 192.0.2.1",
    ):
        assert wanted in lines


def test_a_value_from_a_gateway_cannot_leave_its_line() -> None:
    side = mirrored.Side("t", 2, "192.0.2.1", "", 'a"}\nsecret = x', "", ("psk", "psk"), (), (), (), ())
    assert "\nsecret = x" not in mirrored.swanctl(side)
    assert '"}' not in mirrored.swanctl(side)
