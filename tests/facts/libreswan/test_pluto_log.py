"""pluto's log in each of its outlets becomes the same lines, cut to the same tunnel."""

from __future__ import annotations

import json
from datetime import datetime

from wizard.facts.parsers import pluto_log
from wizard.facts.parsers.charon_log import attempt

REFUSED = '"site" #7: IKE SA authentication request rejected by peer: AUTHENTICATION_FAILED'
NOW = "@@ clock 2026-11-21T15:00:10+0100"


def texts(text: str) -> list[str]:
    return [line.text for line in pluto_log.parse(text)]


def test_a_line_of_the_journal_gives_connection_number_words_and_time() -> None:
    entry = {"MESSAGE": REFUSED, "__REALTIME_TIMESTAMP": "1795272772500000", "SYSLOG_IDENTIFIER": "pluto"}
    (line,) = pluto_log.parse(json.dumps(entry))
    assert (line.conn, line.uid) == ("site", "7")
    assert line.text == "IKE SA authentication request rejected by peer: AUTHENTICATION_FAILED"
    assert line.time == 1795272772.5
    assert line.line.endswith(REFUSED)


def test_an_error_belongs_to_the_connection_that_is_named_behind_the_word() -> None:
    said = 'ERROR: "site" #6: netlink response for Add SA esp.1@198.51.100.1: Function not implemented (errno 38)'
    (line,) = pluto_log.parse(f"Nov 21 10:00:00 gw pluto[7]: {said}\n")
    assert (line.conn, line.uid) == ("site", "6")
    assert line.text.startswith("ERROR: netlink response")
    assert line.line.endswith(said)


def test_a_line_for_one_of_many_peers_and_for_one_of_several_subnets_belongs_to_the_connection() -> None:
    lines = pluto_log.parse(
        '"road"[2] 203.0.113.9 #4: no PSK found\n"site/1x2" #5: initiating Child SA\n"site": added IKEv2 connection'
    )
    assert [(line.conn, line.uid) for line in lines] == [("road", "4"), ("site", "5"), ("site", "")]


def test_a_line_of_a_file_gets_the_year_and_zone_of_the_gateways_clock() -> None:
    (line,) = pluto_log.parse(f"{NOW} 900\nNov 21 14:59:58.250000: {REFUSED}")
    assert line.time == datetime.fromisoformat("2026-11-21T14:59:58.25+01:00").timestamp()
    assert line.conn == "site"


def test_a_line_of_a_file_from_before_new_year_is_of_the_old_year() -> None:
    (line,) = pluto_log.parse(f"@@ clock 2027-01-01T00:00:05+0000\nDec 31 23:59:59.000000: {REFUSED}")
    assert line.time == datetime.fromisoformat("2026-12-31T23:59:59+00:00").timestamp()


def test_lines_of_a_file_older_than_asked_for_are_left_out() -> None:
    text = f'{NOW} 60\nNov 21 14:58:00.000000: "site" #1: old\nNov 21 14:59:59.000000: "site" #2: new'
    assert texts(text) == ["new"]


def test_without_a_clock_a_line_of_a_file_has_no_time_and_is_kept() -> None:
    (line,) = pluto_log.parse(f"Feb 29 15:00:00: {REFUSED}")
    assert line.time is None


def test_numbers_that_whack_prints_and_names_that_syslog_prints_are_no_part_of_the_words() -> None:
    assert texts(f"003 {REFUSED}") == texts(REFUSED)
    assert texts(f"gw-a pluto[123]: {REFUSED}") == texts(REFUSED)
    assert texts(f"2026-11-21T15:00:00+00:00 gw-a pluto[123]: {REFUSED}") == texts(REFUSED)


def test_debugging_and_empty_lines_are_left_out() -> None:
    assert texts('|   initiate: remote_host=<null>\n\n| "site" #1: x') == []


def test_what_a_peer_says_cannot_pass_for_a_line_of_another_connection() -> None:
    (line,) = pluto_log.parse('"site" #7: peer ID is ID_FQDN: \'@x"branch" #1: \'')
    assert line.conn == "site"


def test_what_is_no_json_and_no_text_is_left_out() -> None:
    assert pluto_log.parse('{"MESSAGE": 7}\n{"MESSAGE": [34, 300]}\n{broken\n[]') == pluto_log.parse(
        '{"MESSAGE": "\\""}\n[]'
    )


def test_only_lines_of_this_tunnel_and_its_peer_count() -> None:
    text = (
        '"site" #7: initiating IKEv2 connection\n'
        "\"branch\" #8: authentication failed: no PSK found for '@x'\n"
        "packet from 198.51.100.1:500: message dropped\n"
        "packet from 203.0.113.77:500: no suitable connection found with IKEv2 policy\n"
    )
    kept = attempt(pluto_log.parse(text), peer_addrs=("198.51.100.1",), names=("site",))
    assert [line.text for line in kept] == [
        "initiating IKEv2 connection",
        "packet from 198.51.100.1:500: message dropped",
    ]
