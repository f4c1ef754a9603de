from __future__ import annotations

import io
import threading
from collections.abc import Callable
from pathlib import Path

import paramiko
import pytest

from tests.unit.ui_plain.scripted import Scripted
from tests.unit.ui_plain.sitting import ASK, EXERCISE, FAULT, HEALTHY, Gates, Sitting, collected
from wizard.engine.model import Answered, Collect, Collected, Declined, Finish, Outcome
from wizard.errors import ExitCode, Place, WizardError
from wizard.ssh import ChangedHostKey, NeedsSecret, Target, UnknownHostKey
from wizard.ui.conduct import Progress
from wizard.ui.plain.background import Patient
from wizard.ui.plain.lines import Lines
from wizard.ui.plain.session import run

LOOK = Collect(("sas",))
GW_A = Target("gw-a", "192.0.2.1")
KEY = paramiko.ECDSAKey.generate()
UNKNOWN = UnknownHostKey(GW_A, KEY, "the host key is not known")
CHANGED = ChangedHostKey(
    GW_A, KEY, ("SHA256:old",), "the host key has changed", place=Place("known_hosts", 3), advice="ask"
)
PASSWORD = NeedsSecret(GW_A, "password", "root@192.0.2.1:22", "password of root@192.0.2.1:22")
CODE = NeedsSecret(GW_A, "answer", "otp", "Code", echo=True)


def sat(sitting: Sitting, gates: Gates, *answers: object) -> tuple[int, str, Scripted]:
    out, asks = io.StringIO(), Scripted(list(answers))
    code = run(sitting, gates, asks=asks, lines=Lines(out, 100))
    assert asks.answers == []
    return code, out.getvalue(), asks


def test_a_fault_is_told_with_its_evidence_and_what_to_do() -> None:
    sitting, gates = Sitting(), Gates()
    code, said, _ = sat(sitting, gates)
    said = " ".join(said.split())
    assert code == ExitCode.FAULT
    for part in (
        "Tunnel site, between gw-a and gw-b.",
        "Symptom: It never came up.",
        "Nothing is sent through the tunnel, nothing is changed.",
        "running on gw-a: swanctl --list-sas (at most 10 s)",
        "ok: gw-a answered, 1 command read.",
        "Why: A MAC proves it.",
        "fail: The keys differ",
        "Outcome: fault.",
        "- way between the gateways: fail (refused by gw-b)",
        "Cause: The pre-shared keys differ, at gw-a and gw-b.",
        "Confidence: certain;",
        "gw-b ran: journalctl -u strongswan",
        "tried 1 shared key, but MAC mismatched",
        "Not: psk-missing, id-mismatch.",
        "Next step: Put one key on both gateways.",
        "- gw-c could not be looked at: no answer",
        "ipsec-wizard export 20261121T101500Z-site --format md",
    ):
        assert part in said, part
    assert (sitting.closed, gates.log) == (1, ["close"])


def test_marks_are_words_and_gateways_text_is_literal() -> None:
    _, said, _ = sat(Sitting(), Gates())
    assert not set("✓✗…▸\x1b") & set(said)
    assert "evil \\x1b[2J [edit] [/x]" in said


def test_one_line_a_request_says_what_runs_however_many_commands_it_is() -> None:
    _, said, _ = sat(Sitting(), Gates())
    assert said.count("running on") == 1


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (HEALTHY, ExitCode.HEALTHY),
        (FAULT, ExitCode.FAULT),
        (Outcome("inconclusive"), ExitCode.INCONCLUSIVE),
        (Outcome("inconclusive", login_failed=True), ExitCode.LOGIN_FAILED),
    ],
)
def test_the_exit_code_is_that_of_the_contract(outcome: Outcome, code: ExitCode) -> None:
    assert sat(Sitting([LOOK, Finish(outcome)]), Gates())[0] == code


def test_permission_is_asked_once_before_the_first_exercise() -> None:
    sitting = Sitting([LOOK, EXERCISE, EXERCISE, Finish(FAULT)])
    _, said, asks = sat(sitting, Gates([collected("gw-a") for _ in range(3)]), True)
    assert asks.asked == ["May I try site?"]
    assert "Nothing is changed in any configuration." in said
    assert all(isinstance(reply, Collected) for reply in sitting.replies)


def test_what_is_tried_is_said_only_once_it_was_allowed() -> None:
    _, said, _ = sat(
        Sitting([LOOK, EXERCISE, Finish(FAULT)]), Gates([collected("gw-a"), collected("gw-a")]), True
    )
    assert said.index("May I try this tunnel?") < said.index("This tunnel is started once")


def test_without_a_yes_the_tunnel_is_not_tried() -> None:
    sitting = Sitting([LOOK, EXERCISE, Finish(FAULT)])
    _, said, _ = sat(sitting, Gates(), False)
    assert "This tunnel is started once" not in said
    assert isinstance(sitting.replies[1], Declined)
    assert "Not tried: the operator allowed looking only." in said


@pytest.mark.parametrize(("answer", "option"), [("all", "all"), ("", None), ("?", None)])
def test_a_question_is_answered_or_not_known(answer: str, option: str | None) -> None:
    sitting = Sitting([LOOK, ASK, Finish(FAULT)])
    _, said, asks = sat(sitting, Gates(), answer)
    assert sitting.replies[1] == Answered(option)
    assert asks.asked == ["What do the users see?"]
    assert "Why: It narrows the search." in said


def test_a_password_is_given_and_the_request_repeated() -> None:
    gates = Gates([PASSWORD, CODE, collected("gw-a")])
    code, said, asks = sat(Sitting(), gates, "s3cret-word", "123456")
    assert [secret.reveal() for secret in gates.given] == ["s3cret-word", "123456"]
    assert asks.echoed == [False, True]
    assert "s3cret-word" not in said
    assert code == ExitCode.FAULT


def test_an_empty_password_goes_on_without_the_gateway() -> None:
    gates = Gates([PASSWORD, collected("gw-b")])
    sat(Sitting(), gates, "")
    assert gates.given == []
    assert gates.log == ["refuse", "close"]


@pytest.mark.parametrize(("answer", "done"), [(True, "accept"), (False, "refuse")])
def test_an_unknown_host_key_is_shown_and_judged_by_a_person(answer: bool, done: str) -> None:
    gates = Gates([UNKNOWN, collected("gw-a")])
    _, said, _ = sat(Sitting(), gates, answer)
    assert UNKNOWN.fingerprint in said
    assert gates.log == [done, "close"]


def test_a_changed_host_key_is_told_and_offers_nothing() -> None:
    gates = Gates([CHANGED, collected("gw-b")])
    _, said, asks = sat(Sitting(), gates)
    assert "has changed" in said
    assert asks.asked == []
    assert gates.log == ["refuse", "close"]


def test_ctrl_c_at_a_question_keeps_the_session_and_returns_130() -> None:
    sitting, gates = Sitting([LOOK, ASK, Finish(FAULT)]), Gates()
    code, said, _ = sat(sitting, gates, KeyboardInterrupt())
    assert code == ExitCode.INTERRUPTED
    assert (sitting.closed, gates.log) == (1, ["close"])
    assert "Session 20261121T101500Z-site is kept" in said


def test_ctrl_c_while_gateways_work_does_not_wait_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def hang(_: Callable[[Progress], None]) -> Collected:
        release.wait(30)
        return collected("gw-a")

    def interrupted(*_: object) -> Collected:
        raise KeyboardInterrupt

    monkeypatch.setattr(Patient, "_result", interrupted)
    sitting, gates = Sitting(), Gates([hang])
    code, _, _ = sat(sitting, gates)
    assert code == ExitCode.INTERRUPTED
    assert gates.log == ["cancel", "close"]
    assert sitting.closed == 1
    release.set()


def test_waiting_is_said_with_its_limit() -> None:
    out, told = io.StringIO(), threading.Event()

    class Listener(io.StringIO):
        def write(self, text: str) -> int:
            told.set()
            return out.write(text)

    def slow(progress: Callable[[Progress], None]) -> Collected:
        progress(Progress("near", "gw-a", "swanctl --initiate\nand more", 0, 1, 15.0))
        told.wait(30)
        return collected("gw-a")

    gateways = Patient(Gates([slow]), Lines(Listener(), 100), still_every_s=0.01)
    gateways.carry_out(LOOK, lambda _: None)
    assert "still running on gw-a after 0 of at most 15 s: swanctl --initiate …" in out.getvalue()


def test_an_error_is_one_sentence_on_stderr_and_closes_everything(capsys: pytest.CaptureFixture[str]) -> None:
    sitting, gates = Sitting(), Gates([WizardError("the journal cannot be written", advice="free the disk")])
    assert sat(sitting, gates)[0] == ExitCode.INCONCLUSIVE
    assert capsys.readouterr().err == "the journal cannot be written; free the disk\n"
    assert (sitting.closed, gates.log) == (1, ["close"])


def test_a_mistake_of_ours_closes_the_journal_and_is_not_hidden() -> None:
    sitting, gates = Sitting(), Gates([ZeroDivisionError()])
    with pytest.raises(ZeroDivisionError):
        sat(sitting, gates)
    assert (sitting.closed, gates.log) == (1, ["close"])


def test_without_a_terminal_nothing_is_asked_of_a_gateway(capsys: pytest.CaptureFixture[str]) -> None:
    sitting, gates = Sitting(), Gates()
    assert run(sitting, gates) == ExitCode.USAGE
    assert "questions need a terminal" in capsys.readouterr().err
    assert (sitting.replies, sitting.closed) == ([], 1)


def test_a_terminal_of_its_own_gets_the_whole_session(tmp_path: Path) -> None:
    """The real thing: questionary on a pseudo terminal."""
    from tests.unit.ui_plain.terminal import converse

    program = (
        "import sys; from tests.unit.ui_plain.sitting import *; from wizard.ui.plain import run; "
        "sys.exit(run(Sitting([Collect(('sas',)), EXERCISE, ASK, Finish(FAULT)]), "
        "Gates([collected('gw-a'), collected('gw-a')])))"
    )
    code, said = converse(program, [("May I try site?", "y\r"), ("Number from 1 to 2", "1\r")], tmp_path)
    assert code == ExitCode.FAULT
    assert "Cause: The pre-shared keys differ" in said


def test_ctrl_c_on_a_terminal_of_its_own_is_130(tmp_path: Path) -> None:
    from tests.unit.ui_plain.terminal import converse

    program = (
        "import sys; from tests.unit.ui_plain.sitting import *; from wizard.ui.plain import run; "
        "sys.exit(run(Sitting([Collect(('sas',)), EXERCISE, Finish(FAULT)]), Gates()))"
    )
    code, said = converse(program, [("May I try site?", "\x03")], tmp_path)
    assert code == ExitCode.INTERRUPTED
    assert "Traceback" not in said


def test_ctrl_c_on_a_terminal_while_a_gateway_does_not_answer_is_130_at_once(tmp_path: Path) -> None:
    from tests.unit.ui_plain.terminal import converse

    program = (
        "import sys, threading; from tests.unit.ui_plain.sitting import *; from wizard.ui.plain import run\n"
        "def hang(progress):\n"
        "    progress(Progress('near', 'gw-a', 'swanctl', 0, 1, 15.0))\n"
        "    threading.Event().wait()\n"
        "sys.exit(run(Sitting(), Gates([hang])))"
    )
    code, said = converse(program, [("running on gw-a: swanctl", "\x03")], tmp_path)
    assert code == ExitCode.INTERRUPTED
    assert "is kept" in said
    assert "Traceback" not in said
