"""Whether a log's silence means anything, and when lines without year or zone were written."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from wizard.facts.parsers import charon_log
from wizard.facts.parsers.charon_outlets import line_of, too_quiet

NET = "12[NET] <site|3> received packet: from 192.0.2.1[500] to 198.51.100.1[500] (464 bytes)\n"
JOURNALED = '{"GROUP":"NET","MESSAGE":"received packet: from 192.0.2.1[500]"}\n'
DAEMON = "@@ outlet charon.syslog.daemon.default=-1\n"
JOURNAL = "@@ outlet charon-systemd.journal.default=0\n"
FILE = "@@ file 100 /var/log/charon.log\n"


@pytest.mark.parametrize(
    ("text", "own_journal", "expected"),
    [
        (NET, False, False),
        (JOURNALED, True, False),
        (DAEMON + NET, False, False),
        ("", False, None),
        ("", True, None),
        (DAEMON, False, True),
        (DAEMON, True, False),
        (JOURNAL, True, True),
        (JOURNAL, False, True),
        ("@@ outlet charon.syslog.daemon.default=1\n", False, False),
        ("@@ outlet charon.syslog.daemon.ike_name=yes\n", False, False),
        (
            DAEMON + "".join(f"@@ outlet charon.syslog.daemon.{one}=1\n" for one in ("net", "ike", "cfg")),
            False,
            False,
        ),
        ("@@ outlet charon.syslog.daemon.net=0\n", False, True),
        (
            "@@ outlet charon.filelog.x.path=/var/log/charon.log\n@@ outlet charon.filelog.x.default=0\n"
            + FILE,
            True,
            True,
        ),
        (
            "@@ outlet charon.filelog.x.path=/var/log/charon.log\n@@ outlet charon.filelog.x.default=2\n"
            + FILE,
            True,
            False,
        ),
        ("@@ outlet charon.filelog./var/log/charon.log.default=-1\n" + FILE, False, True),
        ("@@ outlet charon.filelog.x.path=/var/log/charon.log\n", False, True),
    ],
)
def test_a_log_is_too_quiet_when_its_outlet_is_set_so(
    text: str, own_journal: bool, expected: bool | None
) -> None:
    assert too_quiet(text, own_journal=own_journal) is expected


def test_the_option_that_silences_the_log_is_named() -> None:
    assert line_of(DAEMON) == "charon.syslog.daemon.default = -1"
    assert line_of("@@ outlet charon.syslog.daemon.default=2\n") == ""


def at(day: int, month: int, year: int, hour: int) -> float:
    return datetime(year, month, day, hour, 47, 35, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("now", "line", "expected"),
    [
        ("1795272519 +0000", f"Nov 21 14:47:35 {NET}", at(21, 11, 2026, 14)),
        ("1795272519 +0200", f"Nov 21 14:47:35 {NET}", at(21, 11, 2026, 12)),
        ("1795272519 -0330", f"Nov 21 14:47:35 {NET}", at(21, 11, 2026, 14) + 12600),
        ("1795272519 +0000", f"Dec  3 14:47:35 gw charon[7]: {NET}", at(3, 12, 2025, 14)),
        ("1795272519 +0100", f"2026-11-21 14:47:35 {NET}", at(21, 11, 2026, 13)),
        ("1795272519 +0100", f"2026-11-21T14:47:35+00:00 gw charon: {NET}", at(21, 11, 2026, 14)),
        ("1795272519 +0000", NET, None),
        ("1795272519 +0000", f"Feb 30 14:47:35 {NET}", None),
    ],
)
def test_a_time_without_year_or_zone_counts_by_the_gateways_own(
    now: str, line: str, expected: float | None
) -> None:
    (read,) = charon_log.parse(f"@@ file 1 /log\n@@ now {now}\n{line}")
    assert read.time == expected
    assert read.text.startswith("received packet")
