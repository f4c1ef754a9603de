"""Where in the text of swanctl.conf each section and each value stands, so that one of them can be changed alone.

The tokens are those of the grammar (`settings`); here nothing is inherited: what stands is what is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from wizard.facts.parsers.settings_tokens import Place, Scanner, Token

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stated:
    """One `key = value` as it stands; offsets count characters of the file's text."""

    path: Path
    """The section it stands in, from the outermost one."""
    key: str
    place: Place
    begin: int
    """Where its value begins; without a value the end of the equals sign."""
    end: int


@dataclass(frozen=True, slots=True)
class Part:
    """One pair of braces of a section; a section may have several, in several files."""

    path: Path
    place: Place
    """Of its name."""
    opened: Place
    """Of its opening brace."""
    inside: int
    """The offset behind its opening brace."""
    closed: int | None = None
    """The offset of its closing brace; None where the text ends before it, or it stands in another file."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything that stands in the files, in the order the daemon reads it."""

    stated: tuple[Stated, ...]
    parts: tuple[Part, ...]

    def last_of(self, path: Path, key: str) -> Stated | None:
        """The statement that counts among those of the section itself: the last one."""
        found = [one for one in self.stated if (one.path, one.key) == (path, key)]
        return found[-1] if found else None

    def part_of(self, path: Path) -> Part | None:
        """The last pair of braces of that section, in which a statement overrules those before."""
        found = [one for one in self.parts if one.path == path]
        return found[-1] if found else None


def lay_out(files: Mapping[str, str], root: str) -> Layout:
    """What stands where in the root file and what it includes; after an error, what was read so far."""
    stated: list[Stated] = []
    parts: list[Part] = []
    open_: list[int] = []
    names: list[str] = []
    tokens = _Ahead(Scanner(files, root).tokens())
    while (token := tokens.take()).kind not in {"end", "error"}:
        if token.kind == "name" and tokens.next.kind == "=":
            stated.append(_statement(tuple(names), token, tokens))
        elif token.kind == "name":
            while tokens.next.kind in {":", ",", "name"}:
                tokens.take()
            if tokens.next.kind != "{":
                break
            brace = tokens.take()
            names.append(token.text)
            open_.append(len(parts))
            parts.append(Part(tuple(names), token.place, brace.place, brace.end))
        elif token.kind == "}" and open_:
            number = open_.pop()
            begun = parts[number]
            if begun.opened.file == token.place.file:
                parts[number] = Part(begun.path, begun.place, begun.opened, begun.inside, token.begin)
            names.pop()
        elif token.kind != "newline":
            break
    return Layout(tuple(stated), tuple(parts))


def _statement(path: Path, name: Token, tokens: _Ahead) -> Stated:
    equals = tokens.take()
    begin, end = equals.end, equals.end
    first = True
    while tokens.next.kind in {"name", "string"}:
        word = tokens.take()
        begin, first = (word.begin if first else begin), False
        end = word.end
    return Stated(path, name.text, name.place, begin, end)


class _Ahead:
    """Tokens with a look at the next one; after the last one comes the end, again and again."""

    def __init__(self, tokens: Iterator[Token]) -> None:
        self.tokens = tokens
        self.next = next(tokens)

    def take(self) -> Token:
        """The next token."""
        taken = self.next
        self.next = next(self.tokens, Token("end", "", taken.place))
        return taken
