"""Runs a program on a pseudo terminal and answers what it asks, as a person would: after having read it."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
LIMIT_S = 60.0
CONTROLLING = (
    "import fcntl, signal, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
)
"""Makes the terminal the program's own, so that Ctrl-C is a signal, also where tests run in a shell's background."""


def converse(program: str, answers: Sequence[tuple[str, str]], home: Path) -> tuple[int, str]:
    """Exit code and everything that was written; each answer is typed once its question is on the screen."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "HOME": str(home), "COLUMNS": "100", "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        [sys.executable, "-c", CONTROLLING + program],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        try:
            said = _talk(ours, list(answers))
            return process.wait(LIMIT_S), said
        finally:
            process.kill()
            os.close(ours)


def _talk(ours: int, answers: list[tuple[str, str]]) -> str:
    said, unread, until = "", "", time.monotonic() + LIMIT_S
    while time.monotonic() < until:
        if not select.select([ours], [], [], max(0.0, until - time.monotonic()))[0]:
            break
        try:
            data = os.read(ours, 65536)
        except OSError:
            # Linux says so when the other side has closed the terminal.
            return said
        if not data:
            return said
        text = data.decode("utf-8", "replace")
        said, unread = said + text, unread + text
        if answers and answers[0][0] in unread:
            os.write(ours, answers.pop(0)[1].encode())
            unread = ""
    raise AssertionError(f"still waiting for {answers[:1]} after {LIMIT_S:.0f} s; it said:\n{said}")
