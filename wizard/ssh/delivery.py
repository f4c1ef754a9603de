"""Secrets on their way to and from a gateway: through standard input and output only, never on a command line.

What a process is started with can be read by everybody on the gateway (proc(5), cmdline), so a secret that a
step writes goes in as a line, and one that is read comes back as a Secret that no journal sees.
"""

from __future__ import annotations

import shlex
from typing import Final

from wizard.choreography import Hidden
from wizard.facts.probes import Command, Output
from wizard.ssh.batch import Become
from wizard.ssh.connection import Connection
from wizard.ssh.errors import LinkProblem
from wizard.ssh.running import Raw
from wizard.ssh.secrets import Secret, Secrets

MARGIN_S: Final = 15.0
"""What it may take beside its own limit, seconds."""
MOST_BYTES: Final = 256 * 1024
"""How long a secret may be; certificates with their chains are the longest."""


_ASKING: Final = """\
IFS= read -r w; A=$(command -v printenv)
root() { WIZARD_ANSWER=$w SUDO_ASKPASS=$A sudo -A -p WIZARD_ANSWER "$@"; }
"""


def deliver(
    connection: Connection,
    command: Command,
    secret: Hidden,
    *,
    become: Become = "none",
    secrets: Secrets | None = None,
) -> Output:
    """Runs a command that reads a line `secret:VALUE` from its standard input; other lines it has to pass over."""
    raw = _run(connection, command, become, secrets, f"secret:{secret.reveal()}\n")
    return _output(command, raw)


def obtain(
    connection: Connection, command: Command, *, become: Become = "none", secrets: Secrets | None = None
) -> tuple[Secret | None, Output]:
    """Runs a command that prints a secret; the Output beside it holds none of it."""
    raw = _run(connection, command, become, secrets, "")
    output = _output(command, raw, hidden=True)
    value = raw.stdout.strip() if isinstance(raw, Raw) else ""
    return (Secret(value) if value and output.exit_code == 0 else None), output


def _run(
    connection: Connection, command: Command, become: Become, secrets: Secrets | None, given: str
) -> Raw | str:
    """What came back, or why nothing did.

    A password for sudo is the first line and goes no further than the shell: sudo asks `printenv` for it, so
    that what the command reads is the command's own, a script for root's shell or a secret.
    """
    password = (
        secrets.get("sudo", connection.target.address) if secrets is not None and become == "sudo" else None
    )
    sudo = {"none": "", "sudo": "sudo -n" if password is None else "root"}[become]
    path = "PATH=${PATH:+$PATH:}/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
    asking = _ASKING if sudo == "root" else ""
    script = f"{asking}{path}; LC_ALL=C; SUDO={shlex.quote(sudo)}; export PATH LC_ALL; {command.text}"
    # Whatever the login shell is, it hands the script to one that is known.
    script = f"exec sh -c {shlex.quote(script)}"
    lines = (f"{password.reveal()}\n" if password is not None else "") + given
    try:
        with connection.turn:
            running = connection.start(
                script, deadline_s=command.timeout_s + MARGIN_S, max_bytes=MOST_BYTES, stdin=lines.encode()
            )
            connection.meter.count(commands=1)
            return running.result()
    except LinkProblem as error:
        return f"not run: {error.message}"


def _output(command: Command, raw: Raw | str, *, hidden: bool = False) -> Output:
    if isinstance(raw, str):
        return Output(command, "", "", None, False, 0.0, raw)
    problem = None
    if raw.lost:
        problem = "the connection was lost"
    elif raw.timed_out or raw.cancelled:
        problem = "it took too long"
    stdout = "" if hidden else raw.stdout
    return Output(command, stdout, raw.stderr, raw.exit_code, raw.truncated, raw.elapsed_s, problem)
