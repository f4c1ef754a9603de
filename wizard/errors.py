"""Everything this program raises on purpose, so that a front end catches one class and shows one sentence.

    WizardError                 the program cannot go on; the rest of the tree says why
    ├── InputError              something given to it is unusable; may hold several problems
    │   ├── InventoryError      the inventory of gateways and tunnels
    │   ├── FlowError           the trees, causes, remedies and signatures
    │   └── SessionError        the journal of an earlier session
    ├── wizard.journal          JournalError, CodecError: the journal of this session
    └── wizard.ssh.errors       what keeps it from a gateway (defined there, it needs no other room)

A gateway that cannot be reached in mid-session is a reply, not an exception (see wizard.gateways).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import IntEnum
from typing import ClassVar, Self

from wizard.records import dataclass


class ExitCode(IntEnum):
    """What the process returns, so that scripts can branch without reading text; fixed by the contract."""

    HEALTHY = 0
    """The tunnel is healthy, or what was asked for is done."""
    FAULT = 1
    """A fault was found: the diagnosis worked, the tunnel does not."""
    USAGE = 2
    """Wrong usage or unusable input."""
    INCONCLUSIVE = 3
    """No cause can be told with what could be learned."""
    LOGIN_FAILED = 4
    """A gateway could not be logged in to."""
    UNDONE = 5
    """A change was undone."""
    INTERRUPTED = 130
    """Interrupted by the operator (128 + SIGINT)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the input a problem is, written the way editors and terminals make clickable.

    Line and column count from 1; None where only the file, or the file and the line, is known.
    """

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where, and what to do about it; none of the parts may hold a secret.

    Message and advice are clauses without a capital and a full stop, since they are joined into one sentence.
    """

    message: str
    place: Place | None = None
    advice: str | None = None

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        what_to_do = f"; {self.advice}" if self.advice else ""
        return f"{where}{self.message}{what_to_do}"


class WizardError(Exception):
    """The program cannot go on; its text is one sentence for the operator, with the place and what to do."""

    exit_code: ClassVar[ExitCode] = ExitCode.INCONCLUSIVE

    def __init__(self, message: str, *, place: Place | None = None, advice: str | None = None) -> None:
        self.problems: tuple[Problem, ...] = (Problem(message, place, advice),)
        super().__init__(message)

    @property
    def message(self) -> str:
        """What is wrong, without place and advice, for front ends that lay the three out themselves."""
        return self.problems[0].message

    @property
    def place(self) -> Place | None:
        """Where the (first) problem is."""
        return self.problems[0].place

    @property
    def advice(self) -> str | None:
        """What to do about the (first) problem."""
        return self.problems[0].advice

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class InputError(WizardError):
    """Something the operator gave cannot be used; nothing has been started, no gateway has been touched."""

    exit_code = ExitCode.USAGE

    @classmethod
    def listing(cls, problems: Iterable[Problem]) -> Self:
        """Makes one error of all problems found, so that a file is mended in one go; its text is a line each.

        Raises ValueError without any problem, because an error about nothing hides a mistake of ours.
        """
        found = tuple(problems)
        if not found:
            raise ValueError("an InputError needs at least one problem")
        error = cls(found[0].message, place=found[0].place, advice=found[0].advice)
        error.problems = found
        return error


class InventoryError(InputError):
    """The inventory is missing, malformed, or names a gateway or tunnel it does not hold."""


class FlowError(InputError):
    """A tree, cause, remedy or signature file is malformed or refers to something that is not there."""


class SessionError(InputError):
    """The journal of a session is missing, unreadable, or was written by a newer version."""


def nearest(word: str, known: Collection[str]) -> str:
    """What to write instead of an unknown word: the nearest known one, or all when they are few."""
    # Here and not on top: most runs find every word.
    import difflib

    close = difflib.get_close_matches(word, sorted(known), n=1)
    if close:
        return f"did you mean {close[0]}?"
    if 0 < len(known) <= 20:
        return f"write one of {', '.join(sorted(known))}"
    return ""
