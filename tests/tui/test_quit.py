from __future__ import annotations

import asyncio
import os
import pty
import select
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import cast

import pytest

from tests.tui import plots
from tests.tui.driving import SITE, application, finished, running, showing, until
from tests.tui.scripted import ScriptedDesk, ScriptedGateways
from wizard.engine.model import Outcome
from wizard.errors import ExitCode
from wizard.ui.conduct import exit_code
from wizard.ui.tui.app import WizardApp

ROOT = Path(__file__).parents[2]
DEAF = """
import sys, threading
from tests.tui.scripted import ScriptedDesk, ScriptedGateways
from wizard.ui.tui import run
desk = ScriptedDesk(gateways=lambda: ScriptedGateways(gate=threading.Event(), deaf=True))
sys.exit(run(desk, start=("site", "never-up")))
"""


def at_terminal(program: str, wanted: bytes, keys: bytes, limit_s: float = 60.0) -> tuple[int, float, str]:
    """Runs a program at a terminal of its own; returns exit code, seconds from keys to end, output."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "LINES": "24", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    output, pressed, deadline = b"", 0.0, time.monotonic() + limit_s
    try:
        while time.monotonic() < deadline:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    output += os.read(ours, 65536)
                except OSError:  # the other side has closed
                    break
            if not pressed and wanted in output:
                pressed = time.monotonic()
                os.write(ours, keys)
        code = process.wait(timeout=10)
        return code, time.monotonic() - pressed, output.decode(errors="replace")
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_quitting_while_a_gateway_does_not_answer_ends_the_process_at_once_and_leaves_one_line() -> None:
    code, seconds, output = at_terminal(DEAF, b"journalctl", b"\x11")
    assert seconds < 8  # it would wait for ever; the margin is for a busy machine
    assert code == ExitCode.INTERRUPTED
    last = output.replace("\r", "").rstrip("\n").splitlines()[-1]
    assert last.endswith("site: … unfinished, can be resumed · transcripts/20261121T101500Z-site.jsonl")


async def test_quitting_cancels_and_closes_the_gateways_and_the_session() -> None:
    desk = ScriptedDesk(gateways=lambda: ScriptedGateways(gate=threading.Event()))
    async with running(desk) as pilot:
        await until(pilot, lambda: desk.made and desk.made[0].begun.is_set())
        await pilot.press("ctrl+q")
    assert desk.made[0].cancelled.is_set()
    assert desk.made[0].closed.is_set()
    assert desk.begun[0].closed


async def test_quitting_while_a_question_waits_frees_its_thread() -> None:
    desk = ScriptedDesk(plot=plots.question)
    async with running(desk) as pilot:
        await showing(pilot, "Your answer")
        await pilot.press("ctrl+q")
    walking = [thread for thread in threading.enumerate() if thread.name.startswith("aside: finish")]
    for thread in walking:
        await asyncio.to_thread(thread.join, 5)
    assert not any(thread.is_alive() for thread in walking)
    assert len(desk.begun[0].replies) == 1


async def test_the_line_left_behind_says_outcome_and_where_it_is_kept() -> None:
    for plot, said in ((plots.psk_mismatch, "✗ fault: The pre-shared keys differ"),
                       (plots.healthy, "✓ healthy: Nothing is wrong with this tunnel")):  # fmt: skip
        async with running(ScriptedDesk(plot=plot)) as pilot:
            await finished(pilot)
            app = cast("WizardApp", pilot.app)
            assert app.parting() == f"site: {said} · transcripts/20261121T101500Z-site.jsonl"


async def test_the_line_left_behind_is_ascii_where_the_terminal_is() -> None:
    app = application(ScriptedDesk(), start=None, ascii=True)
    async with app.run_test() as pilot:
        await pilot.press("enter", "enter")
        await finished(pilot)
        assert app.parting().isascii()


async def test_the_line_left_behind_holds_nothing_a_terminal_would_act_on() -> None:
    desk = ScriptedDesk()
    app = application(desk)
    async with app.run_test() as pilot:
        await finished(pilot)
        desk.begun[0].tunnel = "si\x1b]0;title\x07te"
        assert app.parting().startswith("site: ✗ fault")


async def test_nothing_done_is_said_and_no_fault() -> None:
    app = application(ScriptedDesk(), start=None)
    async with app.run_test():
        assert app.parting() == "ipsec-wizard: no session was run"
        assert app.exit_code() == ExitCode.HEALTHY


@pytest.mark.parametrize(
    ("start", "permit", "code"), [(SITE, True, ExitCode.FAULT), (SITE, False, ExitCode.INCONCLUSIVE)]
)
async def test_the_exit_code_is_about_the_tunnel_the_wizard_was_started_for(
    start: tuple[str, str | None], permit: bool, code: ExitCode
) -> None:
    app = application(ScriptedDesk(), start=start)
    async with app.run_test() as pilot:
        assert app.exit_code() == ExitCode.INTERRUPTED
        await finished(pilot, permit=permit)
        assert app.exit_code() == code


async def test_looking_at_an_old_session_afterwards_changes_nothing_about_the_exit_code() -> None:
    app = application(ScriptedDesk(plot=plots.healthy), start=SITE)
    async with app.run_test() as pilot:
        await finished(pilot)
        await pilot.press("escape")
        await showing(pilot, "✗ fault")
        await pilot.press("tab", "tab", "enter")
        await showing(pilot, "Put one key on both gateways")
        assert app.exit_code() == ExitCode.HEALTHY
        assert "✗ fault" in app.parting()


async def test_without_a_tunnel_on_the_command_line_a_fault_is_no_failure_of_the_program() -> None:
    app = application(ScriptedDesk(), start=None)
    async with app.run_test() as pilot:
        await pilot.press("enter", "enter")
        await finished(pilot)
        assert app.exit_code() == ExitCode.HEALTHY


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome("healthy"), ExitCode.HEALTHY),
        (Outcome("fault"), ExitCode.FAULT),
        (Outcome("fault", login_failed=True), ExitCode.FAULT),
        (Outcome("inconclusive"), ExitCode.INCONCLUSIVE),
        (Outcome("inconclusive", login_failed=True), ExitCode.LOGIN_FAILED),
    ],
)
def test_outcomes_have_the_exit_codes_of_the_contract(outcome: Outcome, code: ExitCode) -> None:
    assert exit_code(outcome) == code
