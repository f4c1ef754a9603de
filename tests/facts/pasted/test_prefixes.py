"""What stands before a daemon's words is taken away, whatever put it there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from wizard.facts.pasted.prefixes import moment, taken_apart

WORDS = "no shared key found for 'b' - 'a'"


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "06[IKE] ",
        "[IKE] ",
        "06[IKE] <site|3> ",
        "Nov 21 10:00:00 gw charon: 06[IKE] ",
        "Nov  1 10:00:00 gw ipsec[811]: 06[IKE] <3> ",
        "Nov 21 10:00:00.123456 gw charon-systemd[811]: ",
        "2026-11-21T10:00:00+01:00 gw charon[811]: 06[IKE] ",
        "2026-11-21T10:00:00.123456+0100 gw charon-systemd[811]: ",
        "2026-11-21 10:00:00 06[IKE] <site|3> ",
        "1795263412.911773 gw charon-systemd[47]: ",
        "<30>1 2026-11-21T10:00:00.000000+01:00 fw.example charon 55 - - 06[IKE] <con1|3> ",
        "<30>Nov 21 10:00:00 charon: 06[IKE] ",
        "Jan 10 18:22:01 06[IKE] ",
        "01-10 18:22:01.123  1234  1250 I charon  : 06[IKE] ",
        "I/charon  ( 1234): 06[IKE] ",
        "vpn_1  | 06[IKE] ",
        "10:00:00 06[IKE] ",
        "Sat, 2026-11-21, 10:00:00 06[IKE] <site|3> ",
        "[2026-11-21 10:00:00] 06[IKE] ",
        "charon: 06[IKE] ",
        "charon: IKE 6     : ",
        "daemon.info charon: 06[IKE] ",
        "Sat Nov 21 10:00:00 2026 daemon.info : 06[IKE] <site|3> ",
    ],
)
def test_prefixes_of_charon_are_taken_away(prefix: str) -> None:
    assert taken_apart(1, prefix + WORDS).text == WORDS


@pytest.mark.parametrize(
    "prefix",
    [
        '"site" #3: ',
        '003 "site" #3: ',
        '"site"[1] 203.0.113.10 #3: ',
        'Mar 12 08:00:01 west pluto[3011]: "site" #3: ',
        'Mar 12 08:00:01.123456: "site" #3: ',
        '<server.host> pluto[30383]: "site"[2] <cli.ent.addr> #3: ',
        '    VPN-IPSEC: "site" #3: ',
    ],
)
def test_prefixes_of_pluto_name_connection_and_state(prefix: str) -> None:
    line = taken_apart(1, prefix + "authentication failed: no PSK found for '@west'")
    assert (line.conn, line.uid, line.hint) == ("site", "3", "pluto")
    assert line.text == "authentication failed: no PSK found for '@west'"


@pytest.mark.parametrize(
    "prefix",
    [
        "*Mar  1 00:20:11.123: ",
        "Sep 12 2026 10:00:01.003 UTC: ",
        "000123: *Mar  1 00:20:11.123: ",
        ".Mar  1 00:20:11: ",
    ],
)
def test_prefixes_of_ios_are_taken_away(prefix: str) -> None:
    line = taken_apart(1, prefix + "ISAKMP:(0):no offers accepted!")
    assert (line.text, line.hint) == ("ISAKMP:(0):no offers accepted!", "cisco")


def test_the_journal_as_json_gives_words_connection_and_time() -> None:
    line = taken_apart(
        7, '{"MESSAGE": "no shared key found", "IKE_SA_NAME": "site", "IKE_SA_UNIQUE_ID": "4", '
        '"__REALTIME_TIMESTAMP": "1795263412911773"}'
    )  # fmt: skip
    assert (line.text, line.conn, line.uid, line.number) == ("no shared key found", "site", "4", 7)
    assert moment(line.stamp) == datetime(2026, 11, 21, 12, 16, 52, tzinfo=UTC)


def test_a_time_without_a_year_is_no_moment() -> None:
    assert moment("Nov 21 10:00:00 ") is None
    assert moment("2026-11-21T10:00:00Z ") == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert moment("Sep 12 2026 10:00:01.003 UTC: ") == datetime(2026, 9, 12, tzinfo=UTC)
    assert moment("") is None


@pytest.mark.parametrize(
    "line",
    [
        '{{"log":"06[IKE] {words}\\n","stream":"stdout","time":"2026-11-21T10:00:00.1Z"}}',
        '{{"level":"info","msg":"06[IKE] {words}"}}',
        "2026-11-21T10:00:00.123456789Z stdout F 06[IKE] {words}",
        "Mar 2 08:11:10 charon 06[IKE] <con1000|7> {words}",
        "Mar 2 08:11:10 charon 55123 06[IKE] <con1000|7> {words}",
        "2026-01-01T10:00:00 Informational charon 06[IKE] <con1|7> {words}",
        "2026-06-01 12:00:00Z 06[IKE] <Site-1|3> {words}",
    ],
)
def test_containers_and_log_pages_of_firewalls_are_read(line: str) -> None:
    assert taken_apart(1, line.format(words=WORDS)).text == WORDS
