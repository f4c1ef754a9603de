"""`explain` on the command line: document, exit codes, words for people, secrets, speed."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.bench.explain import DEFAULT, evaluated
from wizard.commands import app
from wizard.errors import ExitCode, InputError
from wizard.ui.headless.explain import Explainer

RUN = CliRunner()
REFUSED = "06[ENC] parsed IKE_AUTH response 1 [ N(AUTH_FAILED) ]\n06[IKE] received AUTHENTICATION_FAILED notify error\n"


def explained(tmp_path: Path, log: str, *options: str) -> tuple[int, str]:
    file = tmp_path / "pasted.log"
    file.write_text(log, encoding="utf-8")
    result = RUN.invoke(app, ["explain", *options, str(file)])
    return result.exit_code, result.stdout


def test_the_document_is_that_of_the_contract(tmp_path: Path) -> None:
    code, out = explained(tmp_path, "x\n06[IKE] no shared key found for 'b' - 'a'\n", "--json")
    found = json.loads(out)
    assert code == ExitCode.FAULT
    assert (found["schema"], found["tunnel"], found["status"]) == (1, None, "fault")
    (cause,) = found["causes"]
    assert (cause["id"], cause["confidence"], cause["ends"]) == ("psk-missing", "certain", ["this end"])
    assert cause["evidence"] == [
        {
            "end": "this end",
            "probe": "log",
            "command": "pasted.log:2",
            "line": "06[IKE] no shared key found for 'b' - 'a'",
        }
    ]
    assert found["path"][0] == "log.outcome"
    assert "connections" not in found["stats"]


def test_a_refusal_without_a_reason_says_what_to_ask_the_other_end(tmp_path: Path) -> None:
    code, out = explained(tmp_path, REFUSED, "--json")
    found = json.loads(out)
    assert code == ExitCode.FAULT
    assert found["causes"][0]["confidence"] == "possible"
    assert len(found["causes"]) > 1
    assert any("your log" in question for question in found["questions_for_peer"])


def test_exit_codes_tell_healthy_fault_and_neither(tmp_path: Path) -> None:
    up = "06[IKE] CHILD_SA net{1} established with SPIs c1111111_i c2222222_o and TS 10.1.0.0/24 === 10.2.0.0/24\n"
    assert explained(tmp_path, up)[0] == ExitCode.HEALTHY
    assert explained(tmp_path, REFUSED)[0] == ExitCode.FAULT
    assert explained(tmp_path, "nothing of the kind\n")[0] == ExitCode.INCONCLUSIVE


def test_stdin_is_read_for_a_dash() -> None:
    result = RUN.invoke(app, ["explain", "--json", "-"], input=b"no shared key found for 'b' - 'a'\n")
    assert json.loads(result.stdout)["causes"][0]["evidence"][0]["command"] == "stdin:1"


@pytest.mark.parametrize("what", ["missing", "folder", "empty"])
def test_unusable_input_is_one_sentence(tmp_path: Path, what: str) -> None:
    file = tmp_path / what
    if what == "folder":
        file.mkdir()
    elif what == "empty":
        file.touch()
    result = RUN.invoke(app, ["explain", str(file)])
    assert isinstance(result.exception, InputError)
    assert result.exception.exit_code == ExitCode.USAGE


def test_an_unknown_platform_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no platform 'junos'"):
        Explainer.open(platform="junos")


def test_people_read_the_cause_its_lines_and_what_else_it_could_be(tmp_path: Path) -> None:
    _, out = explained(tmp_path, REFUSED)
    assert "psk-mismatch, possible" in out
    assert "pasted.log:2: 06[IKE] received AUTHENTICATION_FAILED notify error" in out
    assert "It could also be:" in out
    assert "Ask the other end:" in out


def test_a_cause_at_either_end_is_said_of_one_of_them(tmp_path: Path) -> None:
    _, out = explained(tmp_path, '"site" #1: address pool exhausted\n')
    assert "this end and the peer" not in out
    assert "The address pool of one end has no address left." in out


def test_who_deleted_the_tunnel_is_named(tmp_path: Path) -> None:
    _, out = explained(tmp_path, '"site" #1: received Delete SA payload: deleting ISAKMP State #1\n')
    assert "The peer deleted the tunnel" in out
    assert "Read the log of the peer" in out


def test_markup_of_a_log_stays_text(tmp_path: Path) -> None:
    _, out = explained(tmp_path, "06[IKE] no shared key found for '[red]b[/red]' - '[/]'\n")
    assert "'[red]b[/red]' - '[/]'" in out


def test_secrets_pasted_beside_a_log_are_not_repeated(tmp_path: Path) -> None:
    log = (
        '198.51.100.1 : PSK "correct horse battery"\n'
        "06[IKE] no shared key found for 'b' - ': PSK \"correct horse battery\"'\n"
        "crypto isakmp key hunter2hunter address 198.51.100.1 no pre-shared key with 198.51.100.1!\n"
    )
    for options in ((), ("--json",)):
        _, out = explained(tmp_path, log, *options)
        assert "battery" not in out
        assert "hunter2" not in out


def log_of_others(lines: int) -> bytes:
    return b"".join(
        b"Nov 21 10:%02d:%02d host sshd[%d]: Accepted publickey for user%d from 10.0.%d.%d port %d: RSA SHA256:%x\n"
        % (n // 60 % 60, n % 60, n, n % 50, n % 250, n % 99, 30000 + n % 9999, n * 7919)
        for n in range(lines)
    )


def pieces(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), 1 << 16):
        yield data[at : at + (1 << 16)]


def test_lines_of_others_cost_a_small_multiple_of_reading_them() -> None:
    data = log_of_others(60_000)
    explainer = Explainer.open()
    explainer.explain(pieces(data[:100_000]), "warm")

    def best(times: int, plain: bool) -> float:
        taken: list[float] = []
        for _ in range(times):
            began = time.process_time()
            if plain:
                assert sum(1 for _ in io.BytesIO(data).read().decode().split("\n")) > 1
            else:
                assert explainer.explain(pieces(data), "log").heard == 0
            taken.append(time.process_time() - began)
        return min(taken)

    assert best(3, plain=False) < 25 * best(3, plain=True)


@pytest.mark.skipif(not DEFAULT.is_dir() or "CI" in os.environ, reason="the practice cases are not here")
def test_practice_cases_whose_log_is_enough_are_named() -> None:
    results = [result for result in evaluated(DEFAULT) if result.sufficient]
    assert sum(result.first for result in results) >= 0.9 * len(results)
