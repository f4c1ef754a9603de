from __future__ import annotations

import io
import os
from collections.abc import Callable

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from wizard.errors import ExitCode, InputError
from wizard.ui.plain import asking
from wizard.ui.plain.asking import Asks, Choice, Terminal
from wizard.ui.plain.lines import Lines

CHOICES = [Choice("a", "the first"), Choice("b", "the second", "a hint"), Choice("c", "the third")]


@pytest.fixture
def typed() -> Callable[..., tuple[object, str]]:
    def answer(keys: str, ask: Callable[[Asks], object]) -> tuple[object, str]:
        out = io.StringIO()
        with create_pipe_input() as keyboard, create_app_session(input=keyboard, output=DummyOutput()):
            keyboard.send_text(keys)
            return ask(Terminal(Lines(out, 80))), out.getvalue()

    return answer


Typed = Callable[..., tuple[object, str]]


def test_a_choice_is_listed_by_number_and_taken_by_number(typed: Typed) -> None:
    answer, said = typed("2\r", lambda asks: asks.choose("Which?", CHOICES))
    assert answer == "b"
    assert said.splitlines() == ["", "Which?", "  1. the first", "  2. the second (a hint)", "  3. the third"]


def test_enter_alone_takes_the_default(typed: Typed) -> None:
    assert typed("\r", lambda asks: asks.choose("Which?", CHOICES, "c"))[0] == "c"


def test_enter_alone_takes_nothing_without_a_default(typed: Typed) -> None:
    answer, said = typed("\r1\r", lambda asks: asks.choose("Which?", CHOICES))
    assert answer == "a"
    assert "That is not a number from 1 to 3." in said


@pytest.mark.parametrize("wrong", ["0", "4", "1 2", "x", "-1", "²"])
def test_what_is_no_number_of_a_choice_is_asked_again(typed: Typed, wrong: str) -> None:
    assert typed(f"{wrong}\r3\r", lambda asks: asks.choose("Which?", CHOICES))[0] == "c"


@pytest.mark.parametrize(
    ("keys", "picked"),
    [
        ("\r", ()),
        ("3 1\r", ("a", "c")),
        ("2-3\r", ("b", "c")),
        ("all\r", ("a", "b", "c")),
        ("9\r2,2\r", ("b",)),
    ],
)
def test_several_are_taken_by_numbers_and_ranges(typed: Typed, keys: str, picked: tuple[str, ...]) -> None:
    assert typed(keys, lambda asks: asks.several("Which?", CHOICES))[0] == picked


@pytest.mark.parametrize(("keys", "agreed"), [("\r", False), ("n\r", False), ("y\r", True), ("yn\r", False)])
def test_enter_alone_never_agrees(typed: Typed, keys: str, agreed: bool) -> None:
    assert typed(keys, lambda asks: asks.confirm("May I?"))[0] is agreed


def test_a_text_that_does_not_pass_is_asked_again(typed: Typed) -> None:
    check = {"bad": "That is bad."}.get
    answer, said = typed("bad\rgood\r", lambda asks: asks.text("What?", check=check))
    assert (answer, said) == ("good", "That is bad.\n")


def test_a_secret_keeps_its_spaces_and_is_not_written(typed: Typed) -> None:
    answer, said = typed(" s3cret \r", lambda asks: asks.masked("Password:"))
    assert (answer, said) == (" s3cret ", "")


@pytest.mark.parametrize("keys", ["\x03", "\x04"])
def test_ctrl_c_and_ctrl_d_leave_instead_of_answering(typed: Typed, keys: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        typed(keys, lambda asks: asks.confirm("May I?") if keys == "\x03" else asks.text("What?"))


def test_a_pipe_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\ny\n"))
    with pytest.raises(InputError, match="questions need a terminal"):
        asking.require_terminal()


def test_an_output_that_is_no_terminal_is_not_asked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    main, terminal = os.openpty()
    with open(terminal, closefd=True) as keyboard:  # noqa: PTH123  a descriptor
        monkeypatch.setattr("sys.stdin", keyboard)
        monkeypatch.setattr("sys.stdout", io.StringIO())
        with pytest.raises(InputError):
            asking.require_terminal()
    os.close(main)


def test_without_a_terminal_one_sentence_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert asking.refusing(lambda asks, lines: pytest.fail("asked")) == ExitCode.USAGE
    said = capsys.readouterr()
    assert said.out == ""
    assert "diagnose TUNNEL --json" in said.err
