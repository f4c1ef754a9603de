"""The grammar of swanctl.conf and strongswan.conf: nested sections, keys, includes, references.

It follows strongswan.conf(5) and the daemon's parser, which takes nothing at all from files with an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from wizard.facts.parsers.settings_tokens import Place, Scanner, Token
from wizard.records import dataclass

__all__ = ["Group", "Place", "Setting", "Settings", "SyntaxProblem", "parse"]

MAX_DEPTH = 50
"""Of references that refer to each other: more than anybody writes, less than endless."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One `key = value`; without a value (None) it takes an inherited value away."""

    key: str
    value: str | None
    place: Place


@dataclass(slots=True)
class Group:
    """One section as written, with what later sections of the same name added to it."""

    name: str
    place: Place
    settings: dict[str, Setting] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    references: list[str] = field(default_factory=list)

    def absorb(self, newer: Group) -> None:
        """Lays a later section of the same name over this one: later keys win, sections are merged."""
        self.settings.update(newer.settings)
        for name, group in newer.groups.items():
            if name in self.groups:
                self.groups[name].absorb(group)
            else:
                self.groups[name] = group
        self.references.extend(name for name in newer.references if name not in self.references)


@dataclass(frozen=True, slots=True)
class SyntaxProblem:
    """The first thing in the files that the grammar does not allow; the daemon then takes none of them."""

    place: Place
    message: str


@dataclass(slots=True)
class Settings:
    """What stands in the files: the outermost section, and the place where reading had to stop."""

    top: Group
    problem: SyntaxProblem | None = None
    read: Sequence[str] = ()
    """The root and every included file, in the order they were read."""
    wanted: Sequence[tuple[str, Place]] = ()
    """Include patterns no file fits, and where they stand."""

    def at(self, *path: str) -> tuple[Group, ...]:
        """The sections that make up the one at that path: itself, then what it inherits from, nearest first."""
        found: list[Group] = []
        if path:
            self._find(self.top, path, found, own_only=False, depth=0)
        return tuple(found)

    def values(self, *path: str) -> dict[str, Setting]:
        """The keys in force at that path, inherited ones included, those unset by `key =` left out."""
        seen: dict[str, Setting] = {}
        for group in self.at(*path):
            for key, setting in group.settings.items():
                seen.setdefault(key, setting)
        return {key: setting for key, setting in seen.items() if setting.value is not None}

    def names(self, *path: str) -> tuple[str, ...]:
        """The names of the sections inside the one at that path, inherited ones included."""
        return tuple(dict.fromkeys(name for group in self.at(*path) for name in group.groups))

    def place(self, *path: str) -> Place:
        """Where the section at that path begins."""
        found = self.at(*path)
        return found[0].place if found else self.top.place

    def _find(
        self, inside: Group, path: Sequence[str], found: list[Group], *, own_only: bool, depth: int
    ) -> None:
        if depth > MAX_DEPTH:
            return
        group = inside.groups.get(path[0])
        if group is not None and len(path) > 1:
            self._find(group, path[1:], found, own_only=False, depth=depth + 1)
        elif group is not None and not any(group is known for known in found):
            found.append(group)
            for reference in group.references:
                self._find(self.top, reference.split("."), found, own_only=False, depth=depth + 1)
        if own_only:
            return
        for reference in inside.references:
            bases: list[Group] = []
            self._find(self.top, reference.split("."), bases, own_only=False, depth=depth + 1)
            for base in bases:
                # What the base itself inherits is among the bases already.
                self._find(base, path, found, own_only=True, depth=depth + 1)


def parse(files: Mapping[str, str], root: str) -> Settings:
    """Reads the root file and what it includes; after an error the sections read so far are kept."""
    scanner = Scanner(files, root)
    top = Group("", Place(root, 1))
    problem = _Grammar(scanner.tokens(), top).problem()
    return Settings(top, problem, tuple(dict.fromkeys(scanner.read)), tuple(scanner.wanted))


class _Grammar:
    """Builds sections from tokens, with one token of look-ahead as the daemon's parser has."""

    def __init__(self, tokens: Iterator[Token], top: Group) -> None:
        self.tokens = tokens
        self.open = [top]

    def problem(self) -> SyntaxProblem | None:
        """Reads everything; what was wrong, or None."""
        found: SyntaxProblem | None = None
        token = next(self.tokens)
        while found is None and token.kind != "end":
            if token.kind == "name":
                token, found = self._statement(token)
            elif token.kind == "}" and len(self.open) > 1:
                self._close()
                token = next(self.tokens)
            elif token.kind == "newline":
                token = next(self.tokens)
            else:
                found = _unexpected(token, "a name or a closing brace" if len(self.open) > 1 else "a name")
        if found is None and len(self.open) > 1:
            last = self.open[-1]
            found = SyntaxProblem(
                token.place, f"the file ends, but section '{last.name}' of {last.place} is open"
            )
        while len(self.open) > 1:
            self._close()
        return found

    def _statement(self, name: Token) -> tuple[Token, SyntaxProblem | None]:
        token = next(self.tokens)
        if token.kind == "=":
            return self._setting(name)
        group = Group(name.text, name.place)
        if token.kind == ":":
            while True:
                token = next(self.tokens)
                if token.kind != "name":
                    return token, _unexpected(token, "the name of a section to inherit from")
                group.references.append(token.text)
                token = next(self.tokens)
                if token.kind != ",":
                    break
        if token.kind != "{":
            return token, _unexpected(token, f"'=', '{{' or ':' after '{name.text}'")
        self.open.append(group)
        return next(self.tokens), None

    def _setting(self, name: Token) -> tuple[Token, SyntaxProblem | None]:
        parts: list[str] = []
        token = next(self.tokens)
        while token.kind in {"name", "string"}:
            parts.append(token.text)
            token = next(self.tokens)
        if token.kind == "error":
            return token, SyntaxProblem(token.place, token.text)
        value = " ".join(parts) if parts else None
        self.open[-1].settings[name.text] = Setting(name.text, value, name.place)
        return token, None

    def _close(self) -> None:
        done = self.open.pop()
        parent = self.open[-1]
        if done.name in parent.groups:
            parent.groups[done.name].absorb(done)
        else:
            parent.groups[done.name] = done


def _unexpected(token: Token, instead: str) -> SyntaxProblem:
    if token.kind == "error":
        return SyntaxProblem(token.place, token.text)
    # What cannot be told from a secret was replaced by this word before it left the gateway.
    name = "another word" if token.text == "hidden" else f"'{token.text}'"
    what = {"end": "the end of the file", "newline": "the end of a value", "name": name}
    return SyntaxProblem(
        token.place, f"{what.get(token.kind, repr(token.text))} stands where {instead} is expected"
    )
