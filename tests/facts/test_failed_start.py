"""What kept a daemon from starting is told, however long ago it was, and whatever connection it was about."""

from __future__ import annotations

import pytest

from wizard import paths
from wizard.facts.derive import snapshot_facts
from wizard.facts.focus import Focus
from wizard.facts.model import Fact
from wizard.facts.parsers.clock import Clock
from wizard.facts.parsers.daemon import Daemon, Process, Unit
from wizard.facts.probes import Command, Output
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import Connection
from wizard.flow.signatures import load

SIGNATURES = load([paths.bundled_flows()])
NOW = 1795272519
FOCUS = Focus(connection=Connection("site"), name="site", peer_addresses=("192.0.2.1",))
REFUSED = "loading connection 'other' failed: invalid value for: proposals, config discarded"


def line(before_s: int, text: str) -> str:
    return f'{{"__REALTIME_TIMESTAMP":"{(NOW - before_s) * 1_000_000}","MESSAGE":"{text}"}}\n'


def told(log: str, *, active: str, answers: bool) -> dict[str, Fact]:
    unit = Unit(
        "strongswan.service",
        "loaded",
        active,
        "dead",
        "exit-code",
        0,
        "",
        None,
        (),
        "enabled",
        "Result=exit-code",
    )
    recent = Output(Command("recent-log", "recent-log"), log, "", 0, False, 0.1)
    seen = Snapshot(
        "far",
        "gw-b",
        outputs={"recent-log": recent},
        implementation="strongswan-swanctl",
        clock=Clock(float(NOW), 1e-9, None, ""),
        daemon=Daemon(units=(unit,)),
        daemon_answers=answers,
    )
    return {one.name: one for one in snapshot_facts({"far": seen}, {"far": FOCUS}, SIGNATURES)}


LONG_AGO = (
    line(7210, "spawning 16 worker threads")
    + line(7205, REFUSED)
    + line(7200, "SIGTERM received, shutting down")
)


def test_hours_later_it_is_still_told_what_a_failed_start_met_with() -> None:
    facts = told(LONG_AGO, active="failed", answers=False)
    assert facts["far.start_failed"].value is True
    assert facts["far.recent_events"].value == ("daemon-started", "config-refused", "daemon-stopped")


def test_what_an_earlier_start_met_with_is_not() -> None:
    log = (
        line(9000, "spawning 16 worker threads")
        + line(8999, REFUSED)
        + LONG_AGO.replace(REFUSED, "something")
    )
    facts = told(log, active="failed", answers=False)
    assert facts["far.recent_events"].value == ("daemon-started", "daemon-stopped")


@pytest.mark.parametrize(("active", "answers"), [("inactive", False), ("active", True)])
def test_a_daemon_that_was_stopped_or_runs_has_not_failed_to_start(active: str, answers: bool) -> None:
    facts = told(LONG_AGO, active=active, answers=answers)
    assert facts["far.start_failed"].value is False
    assert facts["far.recent_events"].value == ()


def test_what_is_refused_of_another_connection_is_not_this_tunnels_affair() -> None:
    fresh = line(20, REFUSED)
    assert told(fresh, active="active", answers=True)["far.recent_events"].value == ()
    own = fresh.replace("'other'", "'site'")
    assert told(own, active="active", answers=True)["far.recent_events"].value == ("config-refused",)


@pytest.mark.parametrize(
    ("took_s", "problem", "hangs"), [(6.0, "it did not finish within 5 s", True), (0.1, None, False)]
)
def test_a_process_that_answers_no_question_hangs(took_s: float, problem: str | None, hangs: bool) -> None:
    asked = Output(Command("daemon-stats", "swanctl --stats", 5), "", "", 124, False, took_s, problem)
    process = Process(7, "charon-systemd", "7 /usr/sbin/charon-systemd")
    seen = Snapshot("far", "gw-b", outputs={"daemon-stats": asked}, daemon=Daemon(processes=(process,)))
    facts = {one.name: one for one in snapshot_facts({"far": seen}, {"far": FOCUS}, SIGNATURES)}
    assert facts["far.daemon_hangs"].value is hangs
