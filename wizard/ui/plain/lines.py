"""Writes lines of text and nothing else, so that a screen reader or a pipe gets the session in reading order.

No cursor is moved, no line is written over, no colour carries meaning. What gateways print is data: control
characters in it are spelled out and never reach the terminal.
"""

from __future__ import annotations

import shutil
import textwrap
import threading
import unicodedata
from typing import Final, TextIO

from wizard.engine.model import Mark
from wizard.ui import words

NARROWEST: Final = 40
WIDEST: Final = 100
"""Prose is broken between these widths, in columns; longer lines are hard to follow when magnified."""


def literal(text: str) -> str:
    r"""The text with control characters spelled out (`\x1b`), because a terminal would obey them.

    The same goes for what reverses or hides the text that follows it (Unicode's format characters).
    """
    return "".join(_spelled(char) if _commands(char) else char for char in text.expandtabs(8))


def _commands(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs")


def _spelled(char: str) -> str:
    return char.encode("unicode_escape", "backslashreplace").decode("ascii")


class Lines:
    """A text stream written line by line, from any thread."""

    def __init__(self, stream: TextIO, width: int | None = None) -> None:
        """`width` in columns is for tests; None is the terminal's, within what reads well."""
        self._stream = stream
        self._width = width
        self._lock = threading.Lock()
        encoding = (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "")
        self._ascii = not encoding.startswith("utf")

    def heading(self, text: str) -> None:
        """A line that begins something new, with an empty line before it."""
        self._write(("", *self._broken(text, "", "")))

    def say(self, text: str, indent: int = 0) -> None:
        """Prose, broken at words."""
        self._write(self._broken(text, " " * indent, " " * indent))

    def item(self, text: str, indent: int = 2) -> None:
        """One entry of a list."""
        self._write(self._broken(text, " " * indent + "- ", " " * (indent + 2)))

    def marked(self, mark: Mark, text: str, indent: int = 0) -> None:
        """A statement with its mark as a word in front."""
        self.say(f"{words.WORDS[mark]}: {text}", indent)

    def quote(self, text: str, indent: int = 4) -> None:
        """What a gateway printed or a command to copy: kept as it is, one line of output a line."""
        self._write(tuple(" " * indent + literal(line) for line in text.splitlines()))

    def _broken(self, text: str, first: str, rest: str) -> tuple[str, ...]:
        width = self._width or max(NARROWEST, min(WIDEST, shutil.get_terminal_size().columns - 1))
        clean = literal(" ".join(text.split()))
        return tuple(
            textwrap.wrap(
                clean,
                width,
                initial_indent=first,
                subsequent_indent=rest,
                break_long_words=False,
                break_on_hyphens=False,
            )
        ) or (first.rstrip(),)

    def _write(self, lines: tuple[str, ...]) -> None:
        text = "".join(f"{line}\n" for line in lines)
        with self._lock:
            self._stream.write(words.plain_ascii(text) if self._ascii else text)
            self._stream.flush()
