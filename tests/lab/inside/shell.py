"""Runs commands in the guest and on its nodes."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from tests.lab.trouble import LabError


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left: exit status and both outputs."""

    exit: int
    stdout: str
    stderr: str

    @property
    def complaint(self) -> str:
        """The end of what it said, without what Debian's strongSwan always says about absent plugins."""
        lines = [line for line in self.text.splitlines() if not line.startswith("plugin '")]
        return "\n".join(lines)[-1200:].strip()

    @property
    def text(self) -> str:
        """Both outputs, one after the other."""
        return self.stdout + self.stderr


def run(argv: Sequence[str], *, given: str = "", deadline_s: float = 60) -> Ran:
    """Run a command to its end; 124 is the exit status of one that took longer than allowed."""
    try:
        done = subprocess.run(
            list(argv),
            input=given,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=deadline_s,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        return Ran(124, _text(late.stdout), _text(late.stderr))
    return Ran(done.returncode, done.stdout, done.stderr)


def _text(output: str | bytes | None) -> str:
    """What a command that was ended had printed; subprocess gives bytes there even in text mode."""
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""


def must(argv: Sequence[str], *, given: str = "", deadline_s: float = 60) -> str:
    """Run a command that the lab itself relies on; returns its output.

    Raises:
        LabError: it failed; the text holds the command and what it said.
    """
    ran = run(argv, given=given, deadline_s=deadline_s)
    if ran.exit != 0:
        raise LabError(
            f"in the guest: `{' '.join(argv)[-300:]}` ended with {ran.exit}: {ran.text.strip()[-800:]}"
        )
    return ran.stdout
