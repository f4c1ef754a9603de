"""What was said between this program and the gateways of one lab session, kept as it came.

A recording is one gzipped file of two JSON lines: what state the lab was in and the tunnel as an inventory
has it; and for each gateway the exchanges in order. A list of recordings needs the first lines only.
Outputs have passed the redactor before they get here (wizard.demo.record).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from wizard.errors import InputError, Place

SCHEMA: Final = 1
SUFFIX: Final = ".json.gz"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Said:
    """One command and what it printed; `exit_code` None is that of a command that did not end."""

    id: str
    """Id of the probe it served."""
    text: str
    """What the gateway's shell got; values that change from session to session are variables in it."""
    stdout: str
    stderr: str
    exit_code: int | None
    elapsed_s: float = 0.0
    needs: str = ""
    """Without what it is left out."""


LEFT_OUT: Final = Said("", "", "", "", None)
"""Stands for a command that needs what the recorded gateway had not."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """Commands that went to a gateway together; the first `watches` of them ran beside the others."""

    said: tuple[Said, ...]
    watches: int = 0

    @property
    def key(self) -> tuple[tuple[str, str, str], ...]:
        """What was asked, by which the answer is found again."""
        return tuple((one.id, one.text, one.needs) for one in self.said)


@dataclass(frozen=True, slots=True)
class Header:
    """What a recording shows, for choosing one."""

    id: str
    """The cause it shows, or `healthy` and the like."""
    title: str
    story: str
    """What happened to the tunnel, in plain words for someone who tries the program out."""
    symptom: str
    expected: str | None
    """Id of the cause a diagnosis names first; None for a healthy tunnel."""
    ends: tuple[Mapping[str, str], ...]
    """The two ends of the tunnel, as they stand in an inventory."""


Tapes = Mapping[str, tuple[Exchange, ...]]
"""The exchanges of each gateway, by its name."""


def save(header: Header, tapes: Tapes, folder: Path) -> Path:
    """Writes a recording and says where; the same recording gives the same bytes."""
    lines = (
        {"schema": SCHEMA, **asdict(header)},
        {name: [_exchange(one) for one in tape] for name, tape in tapes.items()},
    )
    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
    path = folder / f"{header.id}{SUFFIX}"
    path.write_bytes(gzip.compress(text.encode("utf-8", "backslashreplace"), 9, mtime=0))
    return path


def _exchange(exchange: Exchange) -> list[Any]:
    said = [
        [one.id, one.text, one.stdout, one.stderr, one.exit_code, one.elapsed_s, one.needs]
        for one in exchange.said
    ]
    return [exchange.watches, said]


def load_header(path: Path) -> Header:
    """Reads what a recording shows; raises InputError for a file that is none or of another version."""
    return _read(path, whole=False)[0]


def load(path: Path) -> tuple[Header, Tapes]:
    """Reads a whole recording; raises InputError for a file that is none or of another version."""
    return _read(path, whole=True)


def _read(path: Path, *, whole: bool) -> tuple[Header, Tapes]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            said = json.loads(file.readline())
            if said.pop("schema") != SCHEMA:
                raise ValueError("another version wrote it")
            header = Header(**{**said, "ends": tuple(said["ends"])})
            body = json.loads(file.readline()) if whole else {}
        tapes = {name: tuple(map(_loaded, exchanges)) for name, exchanges in body.items()}
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            "this recording of the demo cannot be read",
            place=Place(str(path)),
            advice="install the program again",
        ) from error
    return header, tapes


def _loaded(exchange: Sequence[Any]) -> Exchange:
    watches, said = exchange
    return Exchange(tuple(Said(*one) for one in said), watches)


class Player:
    """Plays one gateway's tape to one connection: a question gets its answers in order, the last repeats."""

    def __init__(self, tape: Sequence[Exchange]) -> None:
        """Begins at the beginning."""
        self._exchanges: dict[object, list[Exchange]] = {}
        self._commands: dict[object, list[Said]] = {}
        self._played: dict[object, int] = {}
        for exchange in tape:
            self._exchanges.setdefault(exchange.key, []).append(exchange)
            for one in exchange.said:
                for key in ((one.id, one.text), (one.id, "needs", one.needs)):
                    self._commands.setdefault(key, []).append(one)

    def play(self, asked: Sequence[tuple[str, str, str]]) -> Exchange:
        """What was answered when exactly this was asked, each command by id, text and needs.

        Commands that were recorded in other company are looked up one by one, by text and then by id and needs,
        so that a demo outlives a change to a probe. One that was never run is LEFT_OUT where it needs something,
        and has the exit code of a missing command otherwise.
        """
        key = tuple(asked)
        if key in self._exchanges:
            return self._next(key, self._exchanges[key])
        return Exchange(tuple(self._one(*one) for one in asked))

    def _one(self, id_: str, text: str, needs: str) -> Said:
        for key in ((id_, text), (id_, "needs", needs)):
            if key in self._commands:
                return self._next(key, self._commands[key])
        if needs:
            return LEFT_OUT
        return Said(id_, text, "", "sh: 1: this gateway is a recording, and this was not recorded\n", 127)

    def _next(self, key: object, answers: Sequence[T]) -> T:
        position = self._played.get(key, 0)
        self._played[key] = position + 1
        return answers[min(position, len(answers) - 1)]
