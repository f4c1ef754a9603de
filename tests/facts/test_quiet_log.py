"""A log that is set to say little is no witness: what it does not say may have happened all the same."""

from __future__ import annotations

import pytest

from wizard import paths
from wizard.facts.derive import exercise_facts, snapshot_facts
from wizard.facts.focus import Focus
from wizard.facts.model import Fact
from wizard.facts.parsers.clock import Clock
from wizard.facts.probes import Command, Output
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import Connection
from wizard.facts.vocabulary import IKE
from wizard.flow.signatures import load
from wizard.platforms import exercises
from wizard.platforms.stroke import STROKE

SIGNATURES = load([paths.bundled_flows()])
LOW = "@@ outlet charon.syslog.daemon.default=0\n"
TALKATIVE = '{"MESSAGE":"09[NET] received packet: from 192.0.2.9[500] to 198.51.100.1[500]"}\n'
COUNTED = "ikeInInitReq                  {}\n"
FILE = "@@ file {} /var/log/charon.log\n@@ now 1795272519 +0000\n"
STALE = "09[IKE] no shared key found for 'gw-b' - 'gw-a'\n"
FRESH = "09[IKE] received NO_PROPOSAL_CHOSEN notify error\n"


def output(probe: str, text: str) -> Output:
    return Output(Command(probe, probe), text, "", 0, False, 0.1)


def snapshot(**printed: str) -> Snapshot:
    outputs = {
        probe.replace("_", "-"): output(probe.replace("_", "-"), text) for probe, text in printed.items()
    }
    return Snapshot(
        "far",
        "gw-b",
        outputs=outputs,
        implementation="strongswan-ipsec",
        clock=Clock(1795272519.0, 1e-9, None, ""),
    )


FOCUS = Focus(connection=Connection("site"), name="site", peer_addresses=("192.0.2.1",))


def told(**printed: str) -> dict[str, Fact]:
    seen = {"near": Snapshot("near", "gw-a", implementation="strongswan-ipsec"), "far": snapshot(**printed)}
    focuses = {"near": FOCUS, "far": FOCUS}
    return {one.name: one for one in exercise_facts(IKE, "near", seen, focuses, SIGNATURES)}  # type: ignore[arg-type]


def test_silence_of_a_log_that_says_enough_means_that_nothing_was_taken() -> None:
    assert told(recent_log=TALKATIVE, ike_log="")["far.ike_request_accepted"].value is False


@pytest.mark.parametrize("said", ["", '{"MESSAGE":"09[DMN] something"}\n'])
def test_silence_of_a_log_set_to_say_little_means_nothing(said: str) -> None:
    fact = told(recent_log=LOW, ike_log=said)["far.ike_request_accepted"]
    assert fact.value is None
    assert fact.why_unknown


@pytest.mark.parametrize(("after", "taken"), [("8", True), ("7", False)])
def test_the_daemons_counters_stand_in_for_a_log_set_to_say_little(after: str, taken: bool) -> None:
    counted = {"ike_counters_before": COUNTED.format(7), "ike_counters": COUNTED.format(after)}
    assert told(recent_log=LOW, ike_log="", **counted)["far.ike_request_accepted"].value is taken


def test_what_a_quiet_log_does_say_counts() -> None:
    said = "{\"MESSAGE\":\"09[IKE] no shared key found for 'gw-b' - 'gw-a'\"}\n"
    assert told(recent_log=LOW, ike_log=said)["far.ike_events"].value == ("no-shared-key",)


def test_counters_are_read_beside_a_log_set_to_say_little_and_not_beside_another() -> None:
    def probes(log: str) -> list[str]:
        seen = {"far": snapshot(recent_log=log)}
        parts = exercises.attempt_parts("near", {"far": FOCUS}, seen, {"far": STROKE})  # type: ignore[arg-type]
        return [command.id for command in (*parts["far"].before, *parts["far"].after)]

    assert {"ike-counters-before", "ike-counters", "ike-log"} <= set(probes(LOW))
    assert "ike-counters" not in probes(TALKATIVE)
    assert "ike-log" in probes(TALKATIVE)


def test_a_file_without_times_is_cut_at_its_length_before_the_attempt() -> None:
    body = STALE * 3 + FRESH
    before = f"{len(STALE * 3)} /var/log/charon.log\n"
    facts = told(recent_log=FILE.format(9) + STALE, log_mark=before, ike_log=FILE.format(len(body)) + body)
    assert facts["far.ike_events"].value == ("received-no-proposal",)


def test_a_file_without_times_says_nothing_of_the_last_minutes() -> None:
    seen = {"far": snapshot(recent_log=FILE.format(9) + STALE)}
    facts = {one.name: one for one in snapshot_facts(seen, {"far": FOCUS}, SIGNATURES)}  # type: ignore[arg-type]
    assert facts["far.recent_events"].value is None


def test_a_file_with_times_is_read_as_far_back_as_the_journal() -> None:
    lines = f"Nov 21 14:10:00 {STALE}Nov 21 14:48:00 09[IKE] received NO_PROPOSAL_CHOSEN notify error\n"
    seen = {"far": snapshot(recent_log=FILE.format(9) + lines)}
    facts = {one.name: one for one in snapshot_facts(seen, {"far": FOCUS}, SIGNATURES)}  # type: ignore[arg-type]
    assert facts["far.recent_events"].value == ("received-no-proposal",)


def test_a_low_level_is_named_with_the_option_that_sets_it() -> None:
    seen = {"far": snapshot(recent_log=LOW)}
    facts = {one.name: one for one in snapshot_facts(seen, {"far": FOCUS}, SIGNATURES)}  # type: ignore[arg-type]
    assert facts["far.log_level_low"].value is True
    assert facts["far.log_level_low"].evidence[0].line == "charon.syslog.daemon.default = 0"
