"""The grammar of ipsec.conf: sections of `key=value` lines, includes, inheritance by `also` and `%default`.

Two programs read files of that name. strongSwan's starter takes quoted strings over several lines, puts
one blank between the words of a value and lets the last of two values win; Libreswan's addconn ends a value
with its line, and lets the first of two win. Both refuse the whole file after a syntax error
(strongSwan: src/starter/parser; Libreswan: lib/libipsecconf).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from fnmatch import fnmatchcase
from typing import Final, Literal

from wizard.facts.parsers.settings import Setting
from wizard.facts.parsers.settings_tokens import MAX_INCLUDES, Place
from wizard.records import dataclass

Grammar = Literal["strongswan", "libreswan"]
Kind = Literal["setup", "conn", "ca"]

DEFAULT: Final = "%default"

_WORD = re.compile(r"(?:@#)?[^\"#=\s]+")
_SETTING = re.compile(r"(?P<key>[^\"=\s]+)\s*=\s*(?P<value>.*)")


@dataclass(slots=True)
class Section:
    """One `conn`, `ca` or `config setup` section as written, all its parts together."""

    kind: Kind
    name: str
    place: Place
    settings: list[Setting] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LineProblem:
    """What the grammar does not allow, after which the program takes nothing of the files."""

    place: Place
    message: str


@dataclass(slots=True)
class Sections:
    """What stands in the files, in order; `problem` is the first thing that is wrong with them."""

    grammar: Grammar
    sections: list[Section] = field(default_factory=list)
    problem: LineProblem | None = None
    read: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Included files that are not among those given; a pattern that fits none is in order."""

    def named(self, kind: Kind, name: str) -> Section | None:
        """The section of that name."""
        return next((one for one in self.sections if (one.kind, one.name) == (kind, name)), None)

    def connections(self) -> tuple[Section, ...]:
        """Every `conn` but `%default`."""
        return tuple(one for one in self.sections if one.kind == "conn" and one.name != DEFAULT)

    def values(self, section: Section) -> tuple[dict[str, Setting], LineProblem | None]:
        """The settings in force in a section, inherited ones included; and what is wrong with its `also`."""
        chain, problem = self._chain(section)
        found: dict[str, Setting] = {}
        for part in chain:
            own: dict[str, Setting] = {}
            for setting in part.settings:
                key = setting.key if self.grammar == "strongswan" else setting.key.lower()
                if key == "also":
                    continue
                if self.grammar == "strongswan":
                    own[key] = setting
                elif key in APPENDED:
                    own[key] = _appended(own.get(key), setting)
                else:
                    own.setdefault(key, setting)
            for key, setting in own.items():
                if self.grammar == "libreswan" and key in APPENDED and key in found and part.name != DEFAULT:
                    found[key] = _appended(found[key], setting)
                else:
                    found.setdefault(key, setting)
        return {key: setting for key, setting in found.items() if setting.value is not None}, problem

    def included(self, section: Section) -> tuple[Section, ...]:
        """The sections it inherits from by `also`, without `%default`."""
        chain, _ = self._chain(section)
        return tuple(one for one in chain if one is not section and one.name != DEFAULT)

    def _chain(self, section: Section) -> tuple[list[Section], LineProblem | None]:
        """The section and what it inherits from, what counts most first, `%default` last."""
        order: list[Section] = []
        problem = self._follow(section, order, [])
        # strongSwan keeps the last of several mentions of one section, Libreswan the first.
        kept: list[Section] = []
        for one in reversed(order) if self.grammar == "strongswan" else order:
            if not any(one is known for known in kept):
                kept.append(one)
        chain = kept[::-1] if self.grammar == "strongswan" else kept
        default = self.named(section.kind, DEFAULT)
        return [*chain, *([default] if default is not None and default is not section else [])], problem

    def _follow(self, section: Section, order: list[Section], open_: list[Section]) -> LineProblem | None:
        order.append(section)
        problem: LineProblem | None = None
        wanted = [
            (setting, name)
            for setting in section.settings
            if setting.key.lower() == "also" and setting.value
            for name in (setting.value.split() if self.grammar == "libreswan" else [setting.value])
            if name != DEFAULT
        ]
        for setting, name in wanted[::-1] if self.grammar == "strongswan" else wanted:
            other = self.named(section.kind, name)
            if other is None and self.missing:
                continue  # it stands in a file that is not there
            if other is None:
                problem = problem or LineProblem(
                    setting.place, f"'{section.name}' includes a section '{name}' that is not there"
                )
            elif other is section or any(other is one for one in open_):
                if self.grammar == "strongswan":
                    problem = problem or LineProblem(
                        setting.place, f"'{section.name}' and '{name}' include each other"
                    )
            elif len(order) < 500:
                problem = self._follow(other, order, [*open_, section]) or problem
        return problem


APPENDED: Final = frozenset({"leftsubnets", "rightsubnets", "connalias", "also"})
"""Libreswan: a second value is added to the first instead of being dropped."""


def parse(files: Mapping[str, str], root: str, grammar: Grammar) -> Sections:
    """Reads the root file and what it includes; after an error what was read so far is kept."""
    found = Sections(grammar)
    reader = _Reader(files, found)
    reader.file(root, 0)
    return found


def _appended(before: Setting | None, setting: Setting) -> Setting:
    if before is None or before.value is None:
        return setting
    return Setting(setting.key, f"{before.value} {setting.value or ''}".strip(), before.place)


class _Reader:
    """Adds the lines of one file after the other to the sections."""

    def __init__(self, files: Mapping[str, str], found: Sections) -> None:
        self.files, self.found = files, found
        self.section: Section | None = None

    def file(self, path: str, depth: int) -> None:
        """One file and what it includes."""
        self.found.read.append(path)
        text = self.files.get(path, "")
        lines = _joined(text) if self.found.grammar == "strongswan" else _plain(text)
        for number, line in lines:
            if self.found.problem is not None:
                return
            place = Place(path, number)
            if (pattern := _included(line)) is not None:
                self._include(pattern, path, depth)
            elif self.found.grammar == "strongswan":
                self._starter(line, place)
            else:
                self._pluto(line, place)

    def _include(self, pattern: str, includer: str, depth: int) -> None:
        if depth >= MAX_INCLUDES:
            return
        path = posixpath.normpath(posixpath.join(posixpath.dirname(includer), pattern))
        found = [name for name in sorted(self.files) if _fits(posixpath.normpath(name), path)]
        found = found or self._elsewhere(path)
        if not found and not re.search(r"[*?\[]", pattern):
            self.found.missing.append(path)
        for name in found:
            self.file(name, depth + 1)

    def _elsewhere(self, pattern: str) -> list[str]:
        """The files whose paths end as the pattern does: saved ones stand in another place than on their gateway.

        A pattern with wildcards has to share its folder, too; a file that was read already is not meant.
        """
        parts = pattern.strip("/").split("/")
        fewest = 2 if re.search(r"[*?\[]", pattern) else 1
        for kept in range(len(parts) - 1, fewest - 1, -1):
            wanted = "/".join(parts[-kept:])
            found = [
                name
                for name in sorted(self.files)
                if name not in self.found.read and _fits("/".join(name.split("/")[-kept:]), wanted)
            ]
            if found:
                return found
        return []

    # --- strongSwan ---------------------------------------------------------------------------

    def _starter(self, line: str, place: Place) -> None:
        if re.match(r"[\t ]*version[^=]*$", line):
            return
        words = _words(line)
        if words is None:
            self._wrong(place, "a quoted string is not closed")
        elif not words:
            return
        elif not line[0].isspace():
            self._starter_section(line, words, place)
        elif words[0] == _EQUALS or len(words) == 1:
            what = "no name stands before '='" if words[0] == _EQUALS else f"'{words[0]}' has no value"
            self._wrong(place, what)
        elif words[1] != _EQUALS:
            self._wrong(place, f"'=' is expected after '{words[0]}', not '{words[1]}'")
        elif _EQUALS in words[2:]:
            self._wrong(place, f"the value of '{words[0]}' holds a '=' and has to stand in double quotes")
        else:
            self._add(Setting(words[0], " ".join(words[2:]) if len(words) > 2 else None, place))

    def _starter_section(self, line: str, words: list[str], place: Place) -> None:
        if re.match(r"config setup(?=\s|#|$)", line) and len(words) == 2:
            self._open("setup", "", place)
        elif words[0] == "conn" and len(words) == 2:
            self._open("conn", words[1], place)
        elif words[0] == "ca" and len(words) == 2:
            self._open("ca", words[1], place)
        elif words[0] in {"conn", "ca"}:
            self._wrong(place, f"'{words[0]}' needs one name")
        else:
            self._wrong(place, _INDENT.format(words[0]))

    # --- Libreswan ----------------------------------------------------------------------------

    def _pluto(self, line: str, place: Place) -> None:
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            return
        if line[0].isspace():
            self._pluto_setting(stripped, place)
            return
        words = stripped.split()
        if words[0] == "version":
            return
        if words[:2] == ["config", "setup"]:
            self._open("setup", "", place)
        elif words[0] in {"conn", "ca"}:
            if len(words) < 2 or words[1].startswith("#"):
                self._wrong(place, f"'{words[0]}' needs a name")
            else:
                self._open("conn" if words[0] == "conn" else "ca", words[1].strip('"'), place)
        else:
            self._wrong(place, _INDENT.format(words[0]))

    def _pluto_setting(self, text: str, place: Place) -> None:
        if re.match(r"[Xx][_-]", text):
            return
        found = _SETTING.fullmatch(text)
        if found is None:
            self._wrong(place, f"'{text.split(maxsplit=1)[0]}' has no value")
            return
        value = found["value"]
        if value.startswith('"'):
            closed = re.match(r'"([^"]*)"', value)
            if closed is None:
                self._wrong(place, f"the quoted value of '{found['key']}' is not closed")
                return
            value = closed[1]
        elif value.startswith("{") and "}" in value:
            value = value[1 : value.rindex("}")]
        else:
            value = re.sub(r"(?:^|\s+)#.*", "", value)
        self._add(Setting(found["key"], value.strip(), place))

    # --- both ---------------------------------------------------------------------------------

    def _open(self, kind: Kind, name: str, place: Place) -> None:
        section = self.found.named(kind, name)
        if section is None:
            section = Section(kind, name, place)
            self.found.sections.append(section)
        self.section = section

    def _add(self, setting: Setting) -> None:
        if self.section is not None:
            self.section.settings.append(setting)

    def _wrong(self, place: Place, message: str) -> None:
        self.found.problem = LineProblem(place, message)


_EQUALS = "\0="
"""An equals sign as a token, told from a quoted one."""
_INDENT = "'{}' stands at the beginning of a line, where only config, conn, ca and include may; indent it"


def _plain(text: str) -> Iterator[tuple[int, str]]:
    yield from enumerate((line.rstrip("\r") for line in text.split("\n")), start=1)


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Lines, where a quoted string that goes over several makes one of them."""
    pending, begun = "", 0
    for number, line in _plain(text):
        pending, begun = (f"{pending}\n{line}", begun) if pending else (line, number)
        if _open_quote(pending) and pending.count("\n") < 50:
            continue
        yield begun, pending
        pending = ""
    if pending:
        yield begun, pending


def _open_quote(line: str) -> bool:
    quoted, at = False, 0
    while at < len(line):
        character = line[at]
        if quoted and character == "\\":
            at += 1
        elif character == '"':
            quoted = not quoted
        elif character == "#" and not quoted and not (at and line[at - 1] == "@"):
            return False
        at += 1
    return quoted


def _words(line: str) -> list[str] | None:
    """Words, quoted strings and equals signs of one line, without its comment; None for an open quote."""
    found: list[str] = []
    at = 0
    while at < len(line):
        character = line[at]
        if character.isspace():
            at += 1
        elif character == "#":
            break
        elif character == "=":
            found.append(_EQUALS)
            at += 1
        elif character == '"':
            string = _string(line, at + 1)
            if string is None:
                return None
            found.append(string[0])
            at = string[1]
        else:
            word = _WORD.match(line, at)
            if word is None:
                return None
            found.append(word[0])
            at = word.end()
    return found


def _string(line: str, at: int) -> tuple[str, int] | None:
    parts: list[str] = []
    while at < len(line):
        if line[at] == '"':
            return "".join(parts), at + 1
        if line[at] == "\\" and at + 1 < len(line):
            at += 1
            parts.append({"n": "\n", "r": "\r", "t": "\t", "\n": ""}.get(line[at], line[at]))
        else:
            parts.append(line[at])
        at += 1
    return None


def _included(line: str) -> str | None:
    found = re.match(r"[\t ]*include[\t ]+(?!=)(?:\"(?P<quoted>[^\"]*)\"|(?P<plain>[^#\s]+))", line)
    return (found["quoted"] or found["plain"]) if found else None


def _fits(path: str, pattern: str) -> bool:
    """Like glob(3): `*` stays inside one folder and does not show hidden files."""
    names, patterns = path.split("/"), pattern.split("/")
    return len(names) == len(patterns) and all(
        (fnmatchcase(name, wanted) and (not name.startswith(".") or wanted.startswith("."))) or name == wanted
        for name, wanted in zip(names, patterns, strict=True)
    )
