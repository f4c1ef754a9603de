from __future__ import annotations

import io

import pytest

from wizard.ui.plain.lines import Lines, literal


def test_what_a_gateway_prints_cannot_command_the_terminal() -> None:
    out = io.StringIO()
    Lines(out, 80).quote("\x1b[2J\x1b]0;owned\x07 [edit] \x9b31m \u202eevil\n[/x]")
    text = out.getvalue()
    assert not any(ord(char) < 32 and char != "\n" for char in text)
    assert "\\x1b[2J" in text
    assert "\\u202e" in text
    assert "\\x9b" in text
    assert "[edit]" in text
    assert text.splitlines()[1].strip() == "[/x]"


@pytest.mark.parametrize("char", ["\x00", "\x7f", "\x85", "\u2028", "\ud800"])
def test_a_character_without_shape_is_spelled_out(char: str) -> None:
    assert literal(f"a{char}b") == "a" + char.encode("unicode_escape", "backslashreplace").decode() + "b"


def test_prose_is_broken_at_words_and_commands_are_left_whole() -> None:
    out = io.StringIO()
    lines = Lines(out, 40)
    lines.item("one two three four five six seven eight nine ten eleven")
    lines.quote("swanctl --initiate --ike a-very-long-name --child another-very-long-name")
    wrapped, rest, command = out.getvalue().splitlines()
    assert wrapped.startswith("  - one")
    assert rest.startswith("    ")
    assert command.endswith("another-very-long-name")


def test_a_mark_is_a_word_and_no_symbol() -> None:
    out = io.StringIO()
    Lines(out, 80).marked("fail", "It stops here")
    assert out.getvalue() == "fail: It stops here\n"


def test_a_terminal_without_utf_8_gets_ascii() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Lines(stream, 80).say("gw-a ⇄ gw-b – “up”…")
    assert raw.getvalue() == b'gw-a = gw-b - "up"~\n'
