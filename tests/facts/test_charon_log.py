"""charon's log from any of its outlets, cut to one tunnel among many."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from wizard import paths
from wizard.facts.parsers.charon_log import attempt, events, parse
from wizard.flow.signatures import load


def entry(message: str, name: str = "", uid: str = "", time: int = 1795263412911773) -> str:
    fields = {"__REALTIME_TIMESTAMP": str(time), "MESSAGE": message, "GROUP": "IKE"}
    if name:
        fields["IKE_SA_NAME"] = name
    if uid:
        fields["IKE_SA_UNIQUE_ID"] = uid
    return json.dumps(fields)


def test_the_journal_carries_connection_and_number_beside_the_message() -> None:
    (line,) = parse(entry("no shared key found for 'b' - 'a'", "site", "4"))
    assert (line.text, line.conn, line.uid, line.time) == (
        "no shared key found for 'b' - 'a'",
        "site",
        "4",
        1795263412.911773,
    )
    assert line.line == "12:16:52 [IKE] <site|4> no shared key found for 'b' - 'a'"


def test_files_and_syslog_carry_them_in_front() -> None:
    text = (
        "Nov 21 12:16:52 gw-b charon[47]: 08[IKE] <site|3> received AUTHENTICATION_FAILED notify error\n"
        "2026-11-21T12:16:52+00:00 gw-b charon-systemd[47]: 09[NET] <4> received packet: "
        "from 192.0.2.1[500] to 198.51.100.1[500]\n"
        "1795263412.911773 gw-b charon-systemd[47]: sending packet: "
        "from 198.51.100.1[500] to 192.0.2.1[500] (36 bytes)\n"
        "[IKE] initiating IKE_SA site[1] to 198.51.100.1\n"
    )
    syslog, iso, unix, printed = parse(text)
    assert (syslog.conn, syslog.uid, syslog.group) == ("site", "3", "IKE")
    assert (iso.conn, iso.uid, iso.time) == ("", "4", 1795263412.0)
    assert (unix.text, unix.time) == (
        "sending packet: from 198.51.100.1[500] to 192.0.2.1[500] (36 bytes)",
        1795263412.911773,
    )
    assert (printed.text, printed.group) == ("initiating IKE_SA site[1] to 198.51.100.1", "IKE")


def test_other_tunnels_lines_are_cut_away() -> None:
    lines = parse(
        "\n".join(
            [
                entry("received packet: from 192.0.2.1[500] to 198.51.100.1[500] (464 bytes)", uid="5"),
                entry("looking for peer configs matching 198.51.100.1[b]...192.0.2.1[a]", uid="5"),
                entry("no shared key found for 'b' - 'a'", "site", "5"),
                entry("received packet: from 203.0.113.9[500] to 198.51.100.1[500] (464 bytes)", uid="6"),
                entry("tried 1 shared key for 'b' - 'x', but MAC mismatched", "other", "6"),
                entry("received packet: from 192.0.2.11[500] to 198.51.100.11[500]", uid="7"),
                entry("error writing to socket: Operation not permitted"),
            ]
        )
    )
    kept = attempt(lines, peer_addrs=["192.0.2.1"], names=["site"])
    assert [line.uid for line in kept] == ["5", "5", "5", ""]


def test_a_peer_whose_address_begins_alike_is_another_peer() -> None:
    lines = parse(entry("received packet: from 192.0.2.11[500] to 198.51.100.1[500]", uid="9"))
    assert attempt(lines, peer_addrs=["192.0.2.1"], names=["site"]) == ()


def test_lines_become_named_events_in_order() -> None:
    lines = parse(
        entry("received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built") + "\n" + entry("quite ordinary")
    )
    found = events(lines, load([paths.bundled_flows()]))
    assert [event.name for event in found] == ["received-no-proposal-child"]


@given(st.text(max_size=300))
def test_garbage_yields_no_exception(text: str) -> None:
    assert all(line.text for line in parse(text))
