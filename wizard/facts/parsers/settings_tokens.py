"""Cuts swanctl.conf and strongswan.conf into tokens exactly where the daemon's own scanner cuts them.

A `#` ends a value even without a blank before it, a `}` too, and an included file is read in the middle of
the line that includes it: a file that reads fine here must load there, and the other way round.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Literal

from wizard.records import dataclass

MAX_INCLUDES = 20
"""Files inside files; a file that includes itself would otherwise never end."""

_BLANK = re.compile(r"[\t\r ]+")
_COMMENT = re.compile(r"#[^\n]*\n|#[^\r\n]*")
_NAME = re.compile(r'[^#{}:.,="\r\n\t ]+')
_INCLUDE = re.compile(r"include[\t ]+(?=[^=])", re.DOTALL)
_REFERENCE = re.compile(r'[^#{}:.,="\r\n\t ]+(?:\.[^#{}:.,="\r\n\t ]+)*')
_WORD = re.compile(r'[^#}"\r\n\t ]+')
_PLAIN = re.compile(r'[^\\\r"]+')
_PATTERN = re.compile(r'[^"\\#}\r\n\t ]+')
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}

Kind = Literal["name", "string", "newline", "end", "error", "{", "}", "=", ":", ",", "."]


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file; lines count from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of the input and where it starts."""

    kind: Kind
    text: str
    place: Place
    begin: int = 0
    """Where it stands in the text of its file; quotes belong to it."""
    end: int = 0


class _Source:
    """One file being read."""

    def __init__(self, file: str, text: str) -> None:
        self.file, self.text, self.at, self.line = file, text, 0, 1

    def take(self, pattern: re.Pattern[str]) -> str | None:
        found = pattern.match(self.text, self.at)
        if found is None or found.end() == self.at:
            return None
        return self.skip(found.end() - self.at)

    def skip(self, count: int) -> str:
        taken = self.text[self.at : self.at + count]
        self.at += count
        self.line += taken.count("\n")
        return taken

    @property
    def ahead(self) -> str:
        """The next character, empty at the end."""
        return self.text[self.at : self.at + 1]

    @property
    def place(self) -> Place:
        return Place(self.file, self.line)


class Scanner:
    """Cuts the root file, and the files it includes at the place where it includes them, into tokens."""

    def __init__(self, files: Mapping[str, str], root: str) -> None:
        self.files = files
        self.sources = [_Source(root, files.get(root, ""))]
        self.read = [root]
        self.wanted: list[tuple[str, Place]] = []
        """Include patterns that no file fits; the daemon only notes them."""

    def tokens(self) -> Iterator[Token]:
        """The tokens up to the end or the first error."""
        place = self.sources[0].place
        while self.sources:
            source = self.sources[-1]
            place, begin = source.place, source.at
            if not source.ahead:
                self.sources.pop()
            elif source.take(_BLANK) or source.take(_COMMENT):
                pass
            elif source.ahead == "\n":
                source.skip(1)
            elif source.take(_INCLUDE):
                problem = self._include(source)
                if problem is not None:
                    yield problem
                    return
            elif name := source.take(_NAME):
                yield Token("name", name, place, begin, source.at)
            elif source.ahead == '"':
                yield Token("error", "a quoted string stands where a name is expected", place)
                return
            else:
                yield from self._sign(source, place)
        yield Token("end", "", place)

    def _sign(self, source: _Source, place: Place) -> Iterator[Token]:
        begin = source.at
        sign = source.skip(1)
        if sign == "=":
            yield Token("=", sign, place, begin, begin + 1)
            yield from self._value(source)
        elif sign == ":":
            yield Token(":", sign, place)
            yield from self._references(source)
        else:
            kind: Kind = "{" if sign == "{" else "}" if sign == "}" else "," if sign == "," else "."
            yield Token(kind, sign, place, begin, begin + 1)

    def _references(self, source: _Source) -> Iterator[Token]:
        while source.ahead:
            place = source.place
            if source.take(_BLANK) or source.take(_COMMENT):
                continue
            if source.ahead == "\n":
                source.skip(1)
            elif source.ahead == ",":
                yield Token(",", source.skip(1), place)
            elif name := source.take(_REFERENCE):
                yield Token("name", name, place)
            else:
                return

    def _value(self, source: _Source) -> Iterator[Token]:
        while source.ahead and source.ahead not in "#}\n":
            place, begin = source.place, source.at
            if source.take(_BLANK):
                continue
            if word := source.take(_WORD):
                yield Token("name", word, place, begin, source.at)
            else:
                source.skip(1)
                string = _string(source)
                if string is None:
                    yield Token("error", "a quoted string is not closed", source.place)
                    return
                yield Token("string", string, place, begin, source.at)
        yield Token("newline", "", source.place, source.at, source.at)

    def _include(self, source: _Source) -> Token | None:
        place, pattern = source.place, ""
        while source.ahead and source.ahead not in "#}\n\t ":
            if source.ahead == "\r":
                source.skip(1)
            elif source.ahead == '"':
                source.skip(1)
                string = _string(source)
                if string is None:
                    return Token("error", "a quoted string is not closed", source.place)
                pattern += string
                break
            elif source.ahead == "\\":
                source.skip(1)
                pattern += source.skip(1) if source.ahead and source.ahead in '"#} ' else "\\"
            else:
                pattern += source.take(_PATTERN) or source.skip(1)
        if pattern and len(self.sources) <= MAX_INCLUDES:
            self._open(pattern, source.file, place)
        return None

    def _open(self, pattern: str, includer: str, place: Place) -> None:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(includer), pattern))
        found = sorted(name for name in self.files if _fits(posixpath.normpath(name), path))
        if not found:
            self.wanted.append((path, place))
        for name in reversed(found):
            self.sources.append(_Source(name, self.files[name]))
        self.read.extend(found)


def _string(source: _Source) -> str | None:
    """The rest of a quoted string; None when it never ends."""
    parts: list[str] = []
    while source.ahead:
        if source.ahead == "\r":
            source.skip(1)
        elif source.ahead == '"':
            source.skip(1)
            return "".join(parts)
        elif source.ahead == "\\":
            source.skip(1)
            if source.text.startswith("\r\n", source.at):
                source.skip(2)
            elif not source.ahead:
                return None
            else:
                escaped = source.skip(1)
                parts.append("" if escaped == "\n" else _ESCAPES.get(escaped, escaped))
        else:
            parts.append(source.take(_PLAIN) or "")
    return None


def _fits(path: str, pattern: str) -> bool:
    """Like glob(3): `*` stays inside one folder and does not show hidden files, a backslash takes the meaning."""
    escaped = re.sub(r"\\(.)", lambda found: "/" if found[1] == "/" else f"[{found[1]}]", pattern)
    names, patterns = path.split("/"), escaped.split("/")
    return len(names) == len(patterns) and all(
        (fnmatchcase(name, wanted) and (not name.startswith(".") or wanted.startswith("."))) or name == wanted
        for name, wanted in zip(names, patterns, strict=True)
    )
