"""Batches answered from recordings, for servers without a shell: the script read back, results framed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from wizard.records import dataclass
from wizard.ssh.script import IN_SH, STEPS, VERSION, last_word


@dataclass(frozen=True, slots=True)
class Parsed:
    """A script of ours, read back: for servers that answer it from recordings."""

    marker: str
    commands: tuple[tuple[str, str, str], ...]
    """Id, text and needs of each command and watch, in the order of their numbers."""
    variables: dict[str, str]
    holds: int
    """How often the script waits for a line on standard input (after saying `held(marker)`), 0 to 2."""
    wants_password: bool
    """Whether the first line on standard input is the sudo password."""


def parse_script(script: str) -> Parsed | None:
    """Reads a script that `render` made; None for any other script."""
    if script.startswith(IN_SH):
        script = "".join(shlex.split(script.removeprefix(IN_SH)))
    head, found, steps = script.partition(f"\n{STEPS}\n")
    match = re.match(r"M=(\S+)\n", head)
    if not found or match is None:
        return None
    variables: dict[str, str] = {}
    for word in shlex.split(head[match.end() :].partition("\nexport ")[0]):
        name, _, value = word.partition("=")
        variables[name] = value
    variables.pop("SUDO", None)
    words = iter(shlex.split(steps))
    commands: list[tuple[str, str, str]] = []
    once: dict[str, str] = {}
    needs = ""
    for word in words:
        if not commands and (said := re.fullmatch(r"(t[0-9]+)=(.*)", word, re.DOTALL)):
            once[f"${said[1]}"] = said[2]
        if word == "when":
            _, needs = next(words), next(words)
            needs = once.get(needs, needs)
        if word in {"run", "timed", "quick", "bare", "watch"}:
            _, name, _ = next(words), next(words), next(words)
            if word == "watch":
                next(words)
            text = next(words)
            commands.append((name, once.get(text, text), needs))
            needs = ""
    return Parsed(match[1], tuple(commands), variables, _holds(steps), "\nread_password\n" in head)


def _holds(steps: str) -> int:
    return sum(line in {"hold", "hold i"} for line in steps.split("\n"))


def frame(marker: str, results: Iterable[tuple[str, str, str, int | None] | None]) -> tuple[str, str, int]:
    """What a gateway would send for these results (id, stdout, stderr, exit code): stdout, stderr, exit code.

    The results must be in the order of the script's commands; an exit code None is that of a command that
    hung, None instead of a result stands for a command that was left out.
    """
    out, err = [f"{marker}[a {VERSION}]\n"], []
    for number, result in enumerate(results):
        if result is None:
            out.append(f"{marker}[k {number}]\n")
            continue
        _, stdout, stderr, code = result
        begin, end = f"{marker}[b {number} 0.00]\n", f"{marker}[e {number} 0.00]\n"
        left = "" if code is None else f"{marker}[x {number} {code}]\n"
        out.append(f"{begin}{stdout}{left}{end}")
        err.append(f"{begin}{stderr}{end}")
    return "".join((*out, last_word(marker))), "".join((*err, last_word(marker))), 0
