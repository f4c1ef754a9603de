"""What an exercise leaves out where there is nothing for it to do."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from wizard.facts.focus import Focus
from wizard.facts.model import End
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import Connection
from wizard.facts.vocabulary import IKE
from wizard.platforms import kinds, linux


def half_open_needs(implementation: str) -> str:
    focus = Focus(connection=Connection("site"), name="site")
    snapshots: dict[End, Snapshot] = {"near": Snapshot("near", "gw-a", {}, implementation)}
    parts = kinds.play(IKE, "near", {"near": focus, "far": focus}, snapshots)
    (command,) = (one for one in parts["near"].after if one.id == "half-open")
    return command.needs


@pytest.mark.parametrize("implementation", ["strongswan-swanctl", "strongswan-ipsec"])
@pytest.mark.parametrize(
    ("took", "runs"), [(" ike-attempt:0 ", False), (" ike-attempt:6 ", True), (" ", True)]
)
def test_only_an_attempt_that_took_its_whole_time_may_still_wait(
    implementation: str, took: str, runs: bool
) -> None:
    done = subprocess.run(
        ["sh", "-c", half_open_needs(implementation)],
        env={"TOOK": took, "PATH": "/bin"},
        timeout=10,
        check=False,
    )
    assert (done.returncode == 0) is runs


def test_a_daemon_that_tries_again_by_itself_is_always_looked_at() -> None:
    assert half_open_needs("libreswan") == ""


@pytest.mark.parametrize(("answers", "asked"), [("yes", 1), ("no", 2)])
def test_an_answered_ping_is_not_repeated(tmp_path: Path, answers: str, asked: int) -> None:
    fake = tmp_path / "ping"
    fake.write_text(
        f"#!/bin/sh\necho x >>{tmp_path}/asked\n"
        f"[ {answers} = yes ] || {{ echo '1 packets transmitted, 0 received'; exit 1; }}\n"
        "echo '1 packets transmitted, 1 received'\n"
    )
    fake.chmod(0o755)
    text = linux.pinged("peer-ping", "192.0.2.1", None, 2).text
    done = subprocess.run(
        ["sh", "-c", text],
        env={"PATH": f"{tmp_path}:/bin"},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert (tmp_path / "asked").read_text().count("x") == asked
    assert ("1 received" in done.stdout) is (answers == "yes")
    assert (done.returncode == 0) is (answers == "yes")
