"""Asks one question at a time, each answered by typing and Enter.

Choices are numbered lines and not a list to move in, because a screen reader says a line once and cannot
follow a cursor. Nobody is asked without a terminal at both ends: fed from a pipe, a prompt takes an empty
line for a choice, and `echo | ipsec-wizard` would have agreed to something.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from wizard.errors import ExitCode, InputError
from wizard.ui.plain.lines import Lines, literal

_MARK: Final = "?"


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose; `value` is what comes back."""

    value: str
    label: str
    hint: str = ""


class Asks(Protocol):
    """Somebody who answers; raises KeyboardInterrupt when they would rather leave."""

    def choose(self, question: str, choices: Sequence[Choice], default: str | None = None) -> str:
        """The value of the choice made; Enter alone takes the default where there is one."""

    def several(self, question: str, choices: Sequence[Choice]) -> tuple[str, ...]:
        """The values of any number of choices, in their order; Enter alone takes none."""

    def confirm(self, question: str) -> bool:
        """Yes or no; Enter alone is No, because what is asked this way always allows something."""

    def text(self, question: str, default: str = "", check: Callable[[str], str | None] | None = None) -> str:
        """One line of text; `check` says what is wrong with it in one sentence, None when nothing is."""

    def masked(self, question: str, *, echo: bool = False) -> str:
        """A secret; `echo` shows what is typed, for one-time codes the gateway asks for in the open."""


def require_terminal() -> None:
    """Raises InputError unless somebody can be asked: standard input and output are both terminals."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError(
            "questions need a terminal, and input or output is none",
            advice="run it in a terminal, or use `ipsec-wizard diagnose TUNNEL --json`, which asks nothing",
        )


def refusing(work: Callable[[Asks, Lines], int]) -> int:
    """Runs `work` at a terminal; without one, or when it raises InputError, says so on stderr and returns 2.

    Ctrl-C returns 130.
    """
    lines = Lines(sys.stdout)
    try:
        require_terminal()
        return work(Terminal(lines), lines)
    except InputError as error:
        Lines(sys.stderr).say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        lines.say("Interrupted.")
        return ExitCode.INTERRUPTED


class Terminal:
    """Asks on the terminal, with questionary."""

    def __init__(self, lines: Lines) -> None:
        """Questions are written among these lines."""
        self._lines = lines

    def choose(self, question: str, choices: Sequence[Choice], default: str | None = None) -> str:
        """See `Asks`; a choice is taken by its number."""
        self._list(question, choices)
        preset = next(
            (str(number) for number, choice in enumerate(choices, 1) if choice.value == default), ""
        )
        hint = f"Number from 1 to {len(choices)}" + (f", Enter takes {preset}" if preset else "")
        while True:
            typed = self._line(hint) or preset
            picked = _numbers(typed, len(choices))
            if picked is not None and len(picked) == 1:
                return choices[picked[0]].value
            self._lines.say(f"That is not a number from 1 to {len(choices)}.")

    def several(self, question: str, choices: Sequence[Choice]) -> tuple[str, ...]:
        """See `Asks`; numbers are separated by commas or spaces, "all" takes all."""
        self._list(question, choices)
        while True:
            typed = self._line("Numbers (such as 1, 3-5), `all`, or Enter for none")
            picked = _numbers("1-" + str(len(choices)) if typed == "all" else typed, len(choices))
            if picked is not None:
                return tuple(choices[index].value for index in picked)
            self._lines.say(f"Those are not numbers from 1 to {len(choices)}.")

    def confirm(self, question: str) -> bool:
        """See `Asks`; what was typed before the question appeared does not answer it."""
        import questionary

        _forget_typed()
        asked = questionary.confirm(literal(question), default=False, auto_enter=False, qmark=_MARK)
        return bool(_answer(asked))

    def text(self, question: str, default: str = "", check: Callable[[str], str | None] | None = None) -> str:
        """See `Asks`."""
        while True:
            typed = self._line(f"{question} [{default}]" if default else question) or default
            problem = check(typed) if check is not None else None
            if problem is None:
                return typed
            self._lines.say(problem)

    def masked(self, question: str, *, echo: bool = False) -> str:
        """See `Asks`; what is typed is kept exactly, spaces included."""
        import questionary

        _forget_typed()
        ask = questionary.text if echo else questionary.password
        return str(_answer(ask(literal(question), qmark=_MARK)))

    def _list(self, question: str, choices: Sequence[Choice]) -> None:
        self._lines.heading(question)
        for number, choice in enumerate(choices, 1):
            self._lines.say(f"{number}. {choice.label}" + (f" ({choice.hint})" if choice.hint else ""), 2)

    def _line(self, question: str) -> str:
        import questionary

        return str(_answer(questionary.text(literal(question) + ":", qmark=_MARK))).strip()


def _answer(question: Any) -> Any:
    """What was answered; Ctrl-C and Ctrl-D both leave, and none of them is an answer."""
    try:
        return question.unsafe_ask()
    except EOFError:
        raise KeyboardInterrupt from None


def _numbers(typed: str, most: int) -> list[int] | None:
    """Indexes of what was typed, in order and once each; None when anything in it is no number in range."""
    picked: set[int] = set()
    for part in typed.replace(",", " ").split():
        first, dash, last = part.partition("-")
        if not (first.isascii() and first.isdigit()) or (dash and not (last.isascii() and last.isdigit())):
            return None
        low, high = int(first), int(last) if dash else int(first)
        if not 1 <= low <= high <= most:
            return None
        picked.update(range(low - 1, high))
    return sorted(picked)


def _forget_typed() -> None:
    """Drops keys pressed while the program worked: meant for nothing, they must not agree to anything."""
    try:
        import termios

        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    except (ImportError, OSError, ValueError):
        # Not a POSIX terminal (Windows, a test's input): nothing is buffered that could be dropped.
        return
