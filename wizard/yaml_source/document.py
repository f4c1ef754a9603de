"""YAML files read so that every mistake has a line and a column, and no word is turned into something else.

PyYAML follows YAML 1.1, where `no` is False, `1:30` is 90, `0123` is 83, `1.10` is 1.1 and of two equal keys
the later silently wins. Here only `true` and `false` are booleans, only plain decimal digits are numbers, an
empty value (`null`, `~`) is none, everything else stays the text that was written; duplicate keys are
reported. Tags are refused; aliases, size and depth are bounded, since a file may come from anybody.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from wizard.errors import Place, Problem

MOST_BYTES: Final = 1_048_576
"""Bytes a file may have; the largest of ours has a tenth of it."""
MOST_DEPTH: Final = 40
"""How deep lists and mappings may be nested."""
MOST_VALUES: Final = 50_000
"""Values a file may hold once its aliases are written out (a few lines of aliases can mean billions)."""

At = tuple[str | int, ...]
"""The way to a value: keys and list positions from the top of the file."""

Written = dict[str, Any] | list[Any] | str | int | bool | None

_WHOLE: Final = re.compile(r"0|-?[1-9][0-9]{0,17}")
_ADVICE: Final = (
    # part of PyYAML's or libyaml's words, ours, what to write
    ("mapping values are not allowed", "a second `key: value` where none can stand",
     "indent it as its neighbours are, or put a text with a colon in quotation marks"),
    ("quoted scalar", "a quotation that is not closed, or a backslash in it",
     "write 'text' in single quotation marks"),
    ("flow sequence", "a [list] that is not closed", "write ] or a comma here"),
    ("flow mapping", "a {mapping} that is not closed", "write } or a comma here"),
    ("undefined alias", "an alias (*name) of something that is not there", "put the text in quotation marks"),
    ("duplicate anchor", "an anchor (&name) that stands twice", "give each its own name"),
    ("another document", "a second document (---) in one file", "keep one document a file"),
    ("block sequence entries", "a list item where none can stand", "write it on a line below the key"),
    ("node content", "a value is missing or out of place", "look at brackets, commas and quotes here"),
    ("document start", "something stands in front of the first key", "begin with a key"),
    ("could not find expected ':'", "a key without a colon", "write key: value"),
    ("block mapping", "a line that does not fit the mapping it stands in", "indent it as its neighbours are"),
    ("block collection", "a line that does not fit the list it stands in", "indent it as its neighbours are"),
)  # fmt: skip


_LOADER: Final = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader
"""Both leave every scalar the text it is; libyaml's is ten times faster, so that we start at once."""


@dataclass(frozen=True, slots=True)
class Document:
    """One file: its value, where each part of it stands, and what is wrong with its YAML."""

    file: str
    value: Written
    problems: tuple[Problem, ...] = ()
    values: Mapping[At, Place] = field(default_factory=dict)
    """Where each value begins."""
    keys: Mapping[At, Place] = field(default_factory=dict)
    """Where the key (for a list, the item) that leads to each value stands."""
    texts: Mapping[At, str] = field(default_factory=dict)
    """For each text on one line: the sign it is quoted with, or nothing."""
    digest: str = ""
    """SHA-256 of the file, where it was read from one."""

    def place(self, at: At = ()) -> Place:
        """Where the value stands, or the nearest that holds it where there is none."""
        return self._nearest(self.values, at)

    def key_place(self, at: At) -> Place:
        """Where the key that leads to the value stands, or the nearest that holds it."""
        return self._nearest(self.keys, at)

    def inside(self, at: At, offset: int) -> Place:
        """Where a character of a text (counted from 0) stands; its beginning where it has several lines."""
        place = self.place(at)
        quote = self.texts.get(at)
        if quote is None or place.column is None:
            return place
        value: Any = self.value
        for step in at:
            value = value[step]
        doubled = sum(value[:offset].count(sign) for sign in {"'": "'", '"': '"\\'}.get(quote, ""))
        return Place(place.file, place.line, place.column + len(quote) + offset + doubled)

    def _nearest(self, places: Mapping[At, Place], at: At) -> Place:
        for length in range(len(at), 0, -1):
            if at[:length] in places:
                return places[at[:length]]
        return self.values.get((), Place(self.file, 1, 1))


def read(path: Path, shown_as: str | None = None) -> Document:
    """Reads one file; `shown_as` is what problems call it. Whatever is wrong stands in `problems`."""
    file = shown_as or str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        return _unusable(
            file, f"the file cannot be read: {(error.strerror or 'unknown reason').lower()}", None
        )
    return replace(parse(content, file), digest=hashlib.sha256(content).hexdigest())


def parse(content: bytes, file: str) -> Document:
    """Reads YAML from bytes; `file` is what problems call it."""
    if len(content) > MOST_BYTES:
        return _unusable(file, f"the file is larger than {MOST_BYTES // 1024} KiB", "divide it")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        place = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        return _unusable(file, "the file is not UTF-8 text", "save it as UTF-8", place)
    try:
        problems = _check_events(text, file)
        root = None if problems else yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        return Document(file, None, (_syntax_problem(error, text, file),))
    if problems:
        return Document(file, None, tuple(problems))
    document = Document(file, None) if root is None else _Construction(file).document(root)
    if document.value is None and not document.problems:
        return _unusable(file, "the file is empty", None)
    return document


def ordered(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems by file, line and column, each once, so that a file is mended from top to bottom."""

    def key(problem: Problem) -> tuple[str, int, int]:
        place = problem.place or Place("")
        return (place.file, place.line or 0, place.column or 0)

    return tuple(sorted(dict.fromkeys(problems), key=key))


def _unusable(file: str, message: str, advice: str | None, place: Place | None = None) -> Document:
    return Document(file, None, (Problem(message, place or Place(file), advice),))


def _check_events(text: str, file: str) -> list[Problem]:
    """Refuses tags and bounds the depth before anything recursive runs over the file."""
    problems: list[Problem] = []
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        mark = event.start_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark is not None else Place(file)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MOST_DEPTH:
                return [Problem(f"lists and mappings are nested deeper than {MOST_DEPTH}", place)]
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        tag = getattr(event, "tag", None)
        if tag is not None:
            problems.append(Problem(f"the tag {tag} is not allowed", place, "write the value without a tag"))
    return problems


def _syntax_problem(error: yaml.YAMLError, text: str, file: str) -> Problem:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        position = getattr(error, "position", 0)
        before = text[:position]
        place = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        return Problem("a control character stands in the file", place, "take it out")
    line, column = error.problem_mark.line, error.problem_mark.column
    place = Place(file, line + 1, column + 1)
    words = f"{error.context or ''} {error.problem or ''}"
    lines = text.splitlines()
    found = lines[line][column : column + 1] if line < len(lines) else ""
    if "cannot start any token" in words:
        if found == "\t":
            return Problem("a tab indents this line", place, "indent with spaces")
        return Problem(f"no value can begin with {found}", place, "put the text in quotation marks")
    for part, message, advice in _ADVICE:
        if part in words:
            return Problem(f"this is not YAML: {message}", place, advice)
    return Problem(
        f"this is not YAML: {error.problem}", place, "look at indentation and quotation marks here"
    )


class _Construction:
    """Makes plain values of a node tree and notes where each stands."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._problems: list[Problem] = []
        self._values: dict[At, Place] = {}
        self._keys: dict[At, Place] = {}
        self._texts: dict[At, str] = {}
        self._open: set[int] = set()

    def document(self, root: Node) -> Document:
        try:
            value = self._value(root, (), self._place(root))
        except _TooMuchError as error:
            return Document(self._file, None, (error.problem,))
        return Document(self._file, value, tuple(self._problems), self._values, self._keys, self._texts)

    def _value(self, node: Node, at: At, key: Place) -> Written:
        if len(self._values) >= MOST_VALUES:
            raise _TooMuchError(Problem(f"the file holds more than {MOST_VALUES} values", key, "divide it"))
        if id(node) in self._open or len(at) > MOST_DEPTH:
            raise _TooMuchError(Problem("an alias (*name) nests too deeply", key, "write the value out"))
        self._values[at], self._keys[at] = self._place(node), key
        if isinstance(node, ScalarNode):
            return self._scalar(node, at)
        self._open.add(id(node))
        try:
            if isinstance(node, SequenceNode):
                return [
                    self._value(item, (*at, index), self._place(item))
                    for index, item in enumerate(node.value)
                ]
            return dict(self._pairs(node, at)) if isinstance(node, MappingNode) else None
        finally:
            self._open.discard(id(node))

    def _pairs(self, node: MappingNode, at: At) -> Iterator[tuple[str, Written]]:
        seen: dict[str, Place] = {}
        for key_node, value_node in node.value:
            place = self._place(key_node)
            if not isinstance(key_node, ScalarNode):
                self._problems.append(Problem("a key must be a word", place, "write key: value"))
                continue
            key = key_node.value
            if key in seen:
                message = f"the key {key} stands here a second time, first in line {seen[key].line}"
                self._problems.append(Problem(message, place, "keep one of the two"))
                continue
            seen[key] = place
            yield key, self._value(value_node, (*at, key), place)

    def _scalar(self, node: ScalarNode, at: At) -> Written:
        text: str = node.value
        if node.start_mark.line == node.end_mark.line:
            self._texts[at] = node.style or ""
        if node.style:
            return text
        if text in ("", "~", "null"):
            return None
        if text in ("true", "false"):
            return text == "true"
        return int(text) if _WHOLE.fullmatch(text) else text

    def _place(self, node: Node) -> Place:
        return Place(self._file, node.start_mark.line + 1, node.start_mark.column + 1)


class _TooMuchError(Exception):
    """The file holds more than it may; nothing further of it is read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem
