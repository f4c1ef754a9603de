from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.facts.linux.conftest import Recorded
from wizard.facts.parsers import ping


@pytest.mark.parametrize("name", ["iputils-answered", "busybox-answered"])
def test_an_answered_ping_counts_and_times_its_answers(recorded: Recorded, name: str) -> None:
    result = ping.parse(recorded[f"ping/{name}"])

    assert result.answered is True
    assert (result.target, result.transmitted, result.received, result.loss_percent) == (
        "198.51.100.1",
        3,
        3,
        0.0,
    )
    assert result.rtt_ms is not None
    assert 0 < result.rtt_ms < 10
    assert result.line.startswith("3 packets transmitted, 3")
    assert result.errors == ()


@pytest.mark.parametrize(
    ("name", "kind", "reporter"),
    [
        ("host-unreachable-far", "host-unreachable", "192.0.2.254"),
        ("filtered-far", "packet-filtered", "192.0.2.254"),
        ("reject-net", "net-unreachable", "192.0.2.254"),
        ("reject-port", "port-unreachable", "192.0.2.254"),
        ("ttl", "ttl-exceeded", "192.0.2.254"),
        ("frag", "frag-needed", "192.0.2.254"),
        ("2024-frag", "frag-needed", "192.0.2.254"),
    ],
)
def test_a_router_that_refuses_is_named_with_its_reason(
    recorded: Recorded, name: str, kind: str, reporter: str
) -> None:
    result = ping.parse(recorded[f"ping/iputils-{name}"])

    assert result.answered is False
    assert (result.errors[0].kind, result.errors[0].reporter) == (kind, reporter)
    assert result.errors[0].line in recorded[f"ping/iputils-{name}"]


@pytest.mark.parametrize("release", ["iputils-frag", "iputils-2024-frag"])
def test_the_gateways_own_refusal_of_a_size_is_told_from_the_routers(
    recorded: Recorded, release: str
) -> None:
    errors = ping.parse(recorded[f"ping/{release}"]).errors

    assert [(error.kind, error.reporter) for error in errors] == [
        ("frag-needed", "192.0.2.254"),
        ("frag-needed", ""),
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("iputils-no-route", "no-route"),
        ("iputils-no-route4", "no-route"),
        ("iputils-prohibit-local", "not-permitted"),
        ("iputils-bad-source", "bad-source"),
        ("iputils-bad-iface", "bad-source"),
        ("iputils-unknown-host", "unknown-host"),
        ("busybox-no-route", "no-route"),
        ("busybox-not-permitted", "not-permitted"),
        ("busybox-bad-source", "bad-source"),
        ("busybox-unknown-host", "unknown-host"),
    ],
)
def test_a_ping_that_could_not_be_sent_is_neither_answered_nor_lost(
    recorded: Recorded, name: str, kind: str
) -> None:
    result = ping.parse(recorded[f"ping/{name}"])

    assert result.answered is None
    assert result.transmitted is None
    assert [(error.kind, error.reporter) for error in result.errors] == [(kind, "")]
    assert result.line == result.errors[0].line


@pytest.mark.parametrize("name", ["iputils-silent", "busybox-silent"])
def test_silence_is_loss_without_a_reason(recorded: Recorded, name: str) -> None:
    result = ping.parse(recorded[f"ping/{name}"])

    assert (result.answered, result.received, result.loss_percent, result.errors) == (False, 0, 100.0, ())


def test_one_answer_of_three_is_an_answer() -> None:
    result = ping.parse("3 packets transmitted, 1 received, +2 errors, 66.6667% packet loss, time 2ms\n")

    assert result.answered is True
    assert result.loss_percent == pytest.approx(66.6667)


def test_duplicates_do_not_hide_the_statistics() -> None:
    result = ping.parse("2 packets transmitted, 2 received, +1 duplicates, 0% packet loss, time 1001ms\n")

    assert (result.received, result.answered) == (2, True)


def test_a_source_that_is_no_interface_is_only_a_warning() -> None:
    assert (
        ping.parse("ping: Warning: source address might be selected on device other than: eth1\n").errors
        == ()
    )


@pytest.mark.parametrize(
    ("source", "arguments"),
    [
        ("", "-n -i 0.2 -W 1 -c 2 198.51.100.1"),
        ("10.1.0.1; id", "-n -i 0.2 -W 1 -c 2 -I 10.1.0.1; id 198.51.100.1"),
    ],
)
def test_the_command_takes_its_addresses_as_single_words(tmp_path: Path, source: str, arguments: str) -> None:
    stub = tmp_path / "ping"
    stub.write_text('#!/bin/sh\necho "$*"\n')
    stub.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TARGET": "198.51.100.1", "COUNT": "2"}
    if source:
        environment["SOURCE"] = source

    done = subprocess.run(
        ["sh", "-c", ping.ASK + ping.COMMAND],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )

    assert done.stdout.strip() == arguments


def test_a_ping_that_knows_whole_seconds_only_is_asked_again_slowly(tmp_path: Path) -> None:
    stub = tmp_path / "ping"
    stub.write_text(
        '#!/bin/sh\ncase "$*" in *0.2*) echo "ping: invalid number \'0.2\'"; exit 1 ;; esac\necho "$*"\n'
    )
    stub.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TARGET": "198.51.100.1", "COUNT": "2"}

    done = subprocess.run(
        ["sh", "-c", ping.ASK + ping.COMMAND],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )

    assert done.stdout.strip() == "-n -W 2 -c 2 198.51.100.1"
