"""Many commands in one round trip: the script is rendered, run, and its streams are taken apart again."""

from __future__ import annotations

import re
import secrets as randomness
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from wizard.facts.probes import Command, Limits, Output
from wizard.records import dataclass
from wizard.ssh.connection import Connection
from wizard.ssh.errors import LinkProblem, NeedsSecret
from wizard.ssh.frame import PASSWORD_CHECK, Section, split, unframe
from wizard.ssh.plain import plain
from wizard.ssh.running import Raw, Running
from wizard.ssh.script import (
    HOLDING,
    IN_SH,
    LIMITING,
    PASSWORD,
    STEPS,
    VERSION,
    capping,
    guarding,
    held,
    last_word,
    setup,
    tick_of,
    watching,
)
from wizard.ssh.secrets import Secrets
from wizard.ssh.sudo import NEEDS_PASSWORD, asks_for_password, sudo_problem

Become = Literal["none", "sudo"]

MAX_BYTES: Final = 8 * 1024 * 1024
"""How much of each stream of a batch is kept."""
MAX_SCRIPT_BYTES: Final = 96 * 1024
"""Linux takes no argument of 128 KiB or more, and sshd hands the script to the shell as one."""
LONG: Final = 80
"""From how many characters on a text that occurs several times is sent only once."""
MAX_DEADLINE_S: Final = 120.0
"""The longest that a batch may take unless its caller says otherwise, seconds."""
MARGIN_S: Final = 15.0
"""What a batch may take besides its commands, seconds."""

_WORDS: Final[Mapping[Limits, str]] = {"all": "run", "time": "timed", "none": "quick", "bare": "bare"}
_VARIABLE = re.compile(r"(?!P[0-9]+$|T_$|(?:LC|LD|SYSTEMD|BASH|ZSH)_)[A-Z][A-Z0-9_]+")
_RESERVED: Final = frozenset(
    {"PATH", "SUDO", "IFS", "ENV", "HOME", "SHELL", "PWD", "TERM", "PAGER", "LANGUAGE", "TOOK"}
)


@dataclass(frozen=True, slots=True)
class Watch:
    """A command that runs in the background from its place in the batch to the batch's end.

    The batch goes on when `ready` appears in a line of its output, or when it has ended; at once for an empty
    `ready`. At the end it gets SIGTERM. Its output is line by line, live, and bounded.
    """

    command: Command
    ready: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """The place where a batch waits until it is released; if the link is lost instead, it stops there.

    A batch holds twice at most.
    """


HOLD: Final = Hold()
Step = Command | Watch | Hold


def new_marker() -> str:
    """A marker no output can know beforehand."""
    return f"@{randomness.token_hex(12)}@"


def commands_of(steps: Sequence[Step]) -> list[Command]:
    """The commands and watches of a batch in the order of their numbers."""
    return [step.command if isinstance(step, Watch) else step for step in steps if not isinstance(step, Hold)]


def render(
    steps: Sequence[Step],
    *,
    marker: str,
    become: Become = "none",
    variables: Mapping[str, str] | None = None,
    password: bool = False,
) -> str:
    """The script of a batch, for any POSIX shell.

    `$SUDO` in the commands is nothing, or sudo without a prompt; with `password` it is sudo that is given
    the password which is the first line on the script's standard input. `variables` are exported to the
    commands. Raises ValueError for names that are not variables (two or more of capitals, digits and `_`)
    or that the shell or the script use.
    """
    variables = variables or {}
    for name, value in variables.items():
        if not _VARIABLE.fullmatch(name) or name in _RESERVED:
            raise ValueError(f"{name!r} cannot be a variable of a batch")
        if "\0" in value:
            raise ValueError(f"the value of {name!r} holds a NUL")
    give_password = password and become == "sudo"
    sudo = "" if become == "none" else "root" if give_password else "sudo -n"
    watches = any(isinstance(step, Watch) for step in steps)
    capped = _limited(steps, "all")
    lines = [f"M={marker}", f"SUDO={shlex.quote(sudo)}"]
    lines += [f"{name}={shlex.quote(value)}" for name, value in variables.items()]
    lines.append(f"export SUDO {' '.join(variables)}".rstrip())
    text = "\n".join(lines) + "\n" + setup(password=give_password)
    tick_s = tick_of(_time_limits(steps))
    text += guarding(password=give_password, tick_s=tick_s) if watches or _limited(steps, "time") else ""
    text += LIMITING if capped or give_password else ""
    text += capping(password=give_password) if capped else ""
    text += watching(password=give_password, tick_s=tick_s) if watches else ""
    text += HOLDING if HOLD in steps else ""
    text += f"printf '%s[a {VERSION}]\\n' \"$M\"\n"
    text += PASSWORD if give_password else ""
    return f"{text}{STEPS}\n{_steps(steps)}"


def _time_limits(steps: Sequence[Step]) -> list[float]:
    """The limits the script itself keeps."""
    watched = [step.command for step in steps if isinstance(step, Watch)]
    timed = [step for step in steps if isinstance(step, Command) and step.limits == "time"]
    return [command.timeout_s for command in (*watched, *timed)]


def _limited(steps: Sequence[Step], limits: Limits) -> bool:
    return any(isinstance(step, Command) and step.limits == limits for step in steps)


def _said_once(steps: Sequence[Step]) -> dict[str, str]:
    """Long texts that occur several times, each with the variable that holds it: bytes are round trips, too."""
    texts = [text for command in commands_of(steps) for text in (command.text, command.needs)]
    seen = Counter(text for text in texts if len(text) >= LONG)
    return {
        text: f"t{number}" for number, text in enumerate(text for text, times in seen.items() if times > 1)
    }


def _steps(steps: Sequence[Step]) -> str:
    once = _said_once(steps)
    lines = [f"{name}={shlex.quote(text)}" for text, name in once.items()]
    if _limited(steps, "time") and not isinstance(steps[0], Watch):
        lines.append("guard 0")

    def word(text: str) -> str:
        return f'"${once[text]}"' if text in once else shlex.quote(text)

    opened: list[int] = []
    number = 0
    for step in steps:
        if isinstance(step, Hold):
            lines.append("hold i" if "hold" in lines else "hold")
            continue
        command = step.command if isinstance(step, Watch) else step
        name, text = shlex.quote(command.id), word(command.text)
        limit = max(1, int(-(-command.timeout_s // 1)))
        if isinstance(step, Watch):
            lines.append(f"watch {number} {name} {limit} {shlex.quote(step.ready)} {text} | {{")
            lines.append(
                f"read -r P{number}; watched $P{number} {limit} {'ready' if step.ready else ''}".rstrip()
            )
            opened.append(number)
        else:
            guard = f"when {number} {word(command.needs)} &&\n" if command.needs else ""
            lines.append(f"{guard}{_WORDS[command.limits]} {number} {name} {limit} {text}")
        number += 1
    for watch in reversed(opened[1:]):
        lines += [f"unwatch $P{watch}", "}"]
    # The last word comes before the shell waits for its first watch: one that sudo runs cannot be ended from here.
    lines += [f"unwatch $P{opened[0]}", "finish", "}"] if opened else ["finish"]
    return "\n".join(lines) + "\n"


class Batch:
    """A batch at work on a gateway."""

    def __init__(self, running: Running | Raw, steps: Sequence[Step], marker: str) -> None:
        self._running = running
        self._commands = commands_of(steps)
        self._holds = sum(isinstance(step, Hold) for step in steps)
        self._released = 0
        self.marker = marker

    def wait_for(self, text: str, timeout_s: float) -> bool:
        """Whether this text came on standard output in time, from a watch or a command."""
        return isinstance(self._running, Running) and self._running.wait_for(text, timeout_s)

    def ready(self, timeout_s: float) -> bool:
        """Whether the batch has come to its next HOLD in time; at the first one its watches are listening."""
        return self.wait_for(held(self.marker, again=self._released > 0), timeout_s)

    def release(self) -> None:
        """Lets a batch that holds go on."""
        self._released += 1
        if isinstance(self._running, Running):
            self._running.release(last=self._released >= self._holds)

    def cancel(self) -> None:
        """Gives the batch up; on the gateway it stops at its HOLD or at its next output."""
        if isinstance(self._running, Running):
            self._running.cancel()

    def raw(self) -> Raw:
        """All that came back, once it has ended."""
        return self._running.result() if isinstance(self._running, Running) else self._running

    def outputs(self) -> list[Output]:
        """Waits for the end; one Output for each command and watch whose needs were met, in order."""
        return split(self.raw(), self._commands, self.marker)

    def stop(self) -> Output:
        """Releases it and waits; the Output of its first command, for a batch that is one watch."""
        self.release()
        return self.outputs()[0]


def start_batch(
    connection: Connection,
    steps: Sequence[Step],
    *,
    become: Become = "none",
    secrets: Secrets | None = None,
    variables: Mapping[str, str] | None = None,
    deadline_s: float | None = None,
) -> Batch:
    """Starts a batch and returns while it runs: for watches, and for both gateways at the same time.

    Without `deadline_s` it may take as long as its commands together, and two minutes at most. A sudo
    password is used when `secrets` has one. Raises LinkLost or SessionRefused.
    """
    commands, marker = commands_of(steps), new_marker()
    password = secrets.get("sudo", connection.target.address) if secrets and become == "sudo" else None
    script = render(steps, marker=marker, become=become, variables=variables, password=password is not None)
    longest = MARGIN_S + sum(command.timeout_s for command in commands)
    running = connection.start(
        f"{IN_SH}{shlex.quote(script)}",
        deadline_s=min(longest, MAX_DEADLINE_S) if deadline_s is None else deadline_s,
        max_bytes=MAX_BYTES,
        stdin=f"{password.reveal()}\n".encode() if password else b"",
        hold=HOLD in steps,
        last_word=last_word(marker).encode(),
    )
    connection.meter.count(commands=len(commands))
    return Batch(running, steps, marker)


def start_watch(
    connection: Connection,
    command: Command,
    *,
    become: Become = "none",
    secrets: Secrets | None = None,
    variables: Mapping[str, str] | None = None,
) -> Batch:
    """Starts one command that runs until Batch.stop or its own timeout, while batches run beside it."""
    deadline_s = command.timeout_s + MARGIN_S
    steps = (Watch(command), HOLD)
    return start_batch(
        connection, steps, become=become, secrets=secrets, variables=variables, deadline_s=deadline_s
    )


def run_batch(
    connection: Connection,
    commands: Sequence[Command],
    *,
    become: Become = "none",
    secrets: Secrets | None = None,
    variables: Mapping[str, str] | None = None,
    deadline_s: float | None = None,
) -> list[Output]:
    """Runs commands in order, in one round trip; one that fails, hangs or floods spares the others.

    Whatever happens to the link becomes a `problem` of the outputs concerned. The one thing raised is
    NeedsSecret, when sudo asks for a password that the operator has neither given nor declined: ask, and
    run the batch again.
    """
    outputs: list[Output] = []
    with connection.turn:
        for part in _parts(commands):
            outputs += _run_part(connection, part, become, secrets, variables, deadline_s)
    return outputs


def _parts(commands: Sequence[Command]) -> list[list[Command]]:
    """As few scripts as the size of an argument allows; hardly ever more than one."""
    room = MAX_SCRIPT_BYTES - 8 * 1024
    parts: list[list[Command]] = [[]]
    size = 0
    for command in commands:
        needs = len(shlex.quote(shlex.quote(command.text)).encode()) + len(command.id) + 32
        if parts[-1] and size + needs > room:
            parts.append([])
            size = 0
        parts[-1].append(command)
        size += needs
    return parts if commands else []


def _run_part(
    connection: Connection,
    commands: Sequence[Command],
    become: Become,
    secrets: Secrets | None,
    variables: Mapping[str, str] | None,
    deadline_s: float | None,
) -> list[Output]:
    account = connection.target.address
    given = secrets is not None and become == "sudo" and secrets.get("sudo", account) is not None
    try:
        batch = start_batch(
            connection, commands, become=become, secrets=secrets, variables=variables, deadline_s=deadline_s
        )
    except LinkProblem as error:
        return [
            Output(command, "", "", None, False, 0.0, f"not run: {error.message}") for command in commands
        ]
    outputs = batch.outputs()
    if become == "none" or secrets is None:
        return outputs
    needed = NeedsSecret(connection.target, "sudo", account, f"password for sudo of {account}")
    if given and (check := _failed_password_check(batch)) is not None:
        secrets.forget("sudo", account)
        if sudo_problem(plain(check.err.data)) in {None, NEEDS_PASSWORD}:
            raise NeedsSecret(needed.target, needed.kind, account, needed.prompt, refused=True)
        # No password helps an account that sudo does not serve; what needs no root is still worth having.
        secrets.decline(needed)
        return _run_part(connection, commands, become, secrets, variables, deadline_s)
    if any(map(asks_for_password, outputs)) and not secrets.declined("sudo", account):
        raise needed
    return outputs


def _failed_password_check(batch: Batch) -> Section | None:
    check = unframe(batch.raw(), batch.marker).sections.get(PASSWORD_CHECK)
    return check if check is not None and check.exit_code not in {0, None} else None
