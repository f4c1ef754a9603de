"""What sudo says when it does not run a command, told apart by its words (LC_ALL=C; sudo and sudo-rs)."""

from __future__ import annotations

import re

from wizard.facts.probes import Output

NOT_PERMITTED = "not permitted"
"""How every answer of `sudo_problem` begins."""
NEEDS_PASSWORD = "not permitted: sudo asks for a password"

_SUDO_PASSWORD = re.compile(
    r"sudo: (?:a password is required|a terminal is required|no tty present|no password was provided"
    r"|interactive authentication is required|\d+ incorrect password attempts?)"
)
_SUDO_TERMINAL = re.compile(r"sudo: sorry, you must have a tty")
_SUDO_REFUSED = re.compile(
    r"is not in the sudoers file|is not allowed to (?:execute|run)|may not run sudo"
    r"|I'm sorry .*I'm afraid I can't do that"
)
_SUDO_MISSING = re.compile(r"sudo: (?:command )?not found")


def sudo_problem(stderr: str) -> str | None:
    """Why sudo did not run a command, in our words; None when it did."""
    if _SUDO_PASSWORD.search(stderr):
        return NEEDS_PASSWORD
    if _SUDO_TERMINAL.search(stderr):
        return "not permitted: sudo wants a terminal (sudoers: Defaults requiretty; exempt this account)"
    if _SUDO_REFUSED.search(stderr):
        return "not permitted: sudo does not allow this account to run it"
    if _SUDO_MISSING.search(stderr):
        return "not permitted: there is no sudo on this gateway"
    return None


def asks_for_password(output: Output) -> bool:
    """Whether a command failed for want of a sudo password."""
    return (
        output.exit_code != 0
        and "$SUDO" in output.command.text
        and bool(_SUDO_PASSWORD.search(output.stderr))
    )
