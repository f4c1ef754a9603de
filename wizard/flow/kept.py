"""The knowledge as it was found good, kept so that YAML is read again only when a file of it has changed.

Reading and checking all of it takes longer than asking a gateway. What is kept is JSON without anything secret: beside
the bundled files, as Python keeps its own modules, else in the user's cache. It counts for the same files and the same
program only; see `wizard.keeping`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from wizard import keeping, paths
from wizard.errors import Place
from wizard.flow import spec
from wizard.flow.folders import files_of, shown
from wizard.flow.rule import Rule, parse
from wizard.flow.signatures import Finder, Signature, groups_of
from wizard.flow.spec import Flow

if TYPE_CHECKING:
    from wizard.flow.words import Vocabulary


class Words(Protocol):
    """A signature as a log is held against it."""

    @property
    def name(self) -> str:
        """The event it stands for."""

    @property
    def daemon(self) -> str:
        """Whose words it knows."""

    def groups(self, text: str) -> Mapping[str, str] | None:
        """What the line names, or None where it is another line."""


Knowledge = tuple[Flow, tuple[Words, ...]]
T = TypeVar("T")

_KIND: Final = ""
"""The key under which a record's class is kept: no field can be called so."""
_RECORDS: Final[Mapping[str, Any]] = {
    one.__name__: one for one in (*vars(spec).values(), Place) if isinstance(one, type) and is_dataclass(one)
}
_CODE: Final = ("flow", "yaml_source", "facts/vocabulary")
"""The packages that decide what is made of the files."""


def load(
    folders: Sequence[Path], vocabulary: Vocabulary, exercises: Collection[str], daemons: Collection[str]
) -> Knowledge:
    """The flow of these folders and the signatures of these daemons, kept or read anew.

    Raises FlowError as `wizard.flow.load.load` and `wizard.flow.signatures.load` do.
    """
    files, digest = files_of(folders)
    key = hashlib.sha256(
        f"{digest} {keeping.code(_CODE)} {sorted(exercises)} {sorted(daemons)}".encode()
    ).hexdigest()
    names = [shown(path) for path in files]
    places = list(_places(folders))
    for place in places:
        with suppress(OSError, ValueError, KeyError, TypeError):
            return _read(json.loads(keeping.recall(place, key)), names)
    from wizard.flow.load import load as load_flow
    from wizard.flow.signatures import load as load_signatures

    flow = load_flow(folders, vocabulary, exercises)
    found = load_signatures(folders, daemons, tested=False)
    with suppress(ValueError, TypeError):
        text = _written(flow, found, names)
        for place in places:
            with suppress(OSError):
                keeping.keep(place, key, text)
                break
    return flow, found


def _places(folders: Sequence[Path]) -> Iterator[Path]:
    """Where it may be kept, the best first."""
    name = hashlib.sha256("\n".join(str(folder.absolute()) for folder in folders).encode()).hexdigest()[:16]
    if len(folders) == 1:
        yield folders[0] / "__pycache__" / f"knowledge-{name}.json"
    yield paths.cache_dir() / f"knowledge-{name}.json"


# --- records and JSON ------------------------------------------------------------------------------


def _written(flow: Flow, signatures: Sequence[Signature], names: Sequence[str]) -> bytes:
    index = {name: number for number, name in enumerate(names)}
    if tuple(names) != flow.files:
        raise ValueError("the files have changed meanwhile")
    kept = {one.name: _plain(getattr(flow, one.name), index) for one in fields(flow) if one.name != "files"}
    listed = [[one.name, one.daemon, [pattern.pattern for pattern in one.patterns]] for one in signatures]
    return json.dumps({"flow": kept, "signatures": listed}, separators=(",", ":")).encode()


def _plain(value: Any, index: Mapping[str, int]) -> Any:
    if isinstance(value, Rule):
        return {_KIND: "Rule", "text": value.text}
    if type(value).__name__ in _RECORDS:
        kept: dict[str, Any] = {_KIND: type(value).__name__}
        for one in fields(value):
            held = getattr(value, one.name)
            if one.name == "file" and held in index:
                kept["file"] = index[held]
            elif one.default is MISSING or held != one.default:
                kept[one.name] = _plain(held, index)
        return kept
    if isinstance(value, tuple):
        return [_plain(one, index) for one in value]
    if isinstance(value, frozenset):
        return {_KIND: "set", "items": sorted(value)}
    if isinstance(value, Mapping):
        return {_KIND: "map", "items": {name: _plain(one, index) for name, one in value.items()}}
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"a {type(value).__name__} cannot be kept")


def _read(kept: Mapping[str, Any], names: Sequence[str]) -> Knowledge:
    values = {name: _made(value, names) for name, value in kept["flow"].items()}
    flow = Flow(**values, files=tuple(names))
    return flow, tuple(_WaitingWords(name, daemon, patterns) for name, daemon, patterns in kept["signatures"])


def _made(value: Any, names: Sequence[str]) -> Any:
    if isinstance(value, list):
        return tuple(_made(one, names) for one in value)
    if not isinstance(value, dict):
        return value
    kind = value[_KIND]
    if kind == "Rule":
        return parse(value["text"])
    if kind == "set":
        return frozenset(value["items"])
    if kind == "map":
        return _Waiting(value["items"], lambda one: _made(one, names))
    held = {name: _made(one, names) for name, one in value.items() if name != _KIND}
    if type(held.get("file")) is int:
        held["file"] = names[held["file"]]
    return _RECORDS[kind](**held)


class _Waiting(Mapping[str, T]):
    """Records that are made when somebody asks for them: one diagnosis comes to a tenth of all nodes."""

    def __init__(self, kept: Mapping[str, Any], make: Callable[[Any], T]) -> None:
        self._kept = MappingProxyType(kept)
        self._make = make
        self._made: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._made:
            self._made[name] = self._make(self._kept[name])
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._kept

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


class _WaitingWords:
    """A signature whose patterns are compiled as late as they can be: another daemon's never are."""

    def __init__(self, name: str, daemon: str, patterns: Sequence[str]) -> None:
        self.name = name
        self.daemon = daemon
        self._patterns = patterns
        self._finders: tuple[Finder, ...] | None = None

    def groups(self, text: str) -> Mapping[str, str] | None:
        if self._finders is None:
            self._finders = tuple(map(Finder, self._patterns))
        return groups_of(self._finders, text)
