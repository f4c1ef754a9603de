"""What a rule is made of, and its three-valued truth (Kleene's strong logic).

Unknown is neither true nor false: a comparison with it is unknown, and it decides nothing unless the other
parts already have. Every judgement names the facts that decided it, so that a finding can show its evidence.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Final, Literal, Protocol

from wizard.records import dataclass

End = Literal["near", "far"]
ENDS: Final[tuple[End, End]] = ("near", "far")

Value = bool | int | float | str | tuple[str, ...]
Sign = Literal["==", "!=", "<", "<=", ">", ">="]

_ORDERS: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class FactView(Protocol):
    """What a rule needs of a fact: its value, None where it is unknown."""

    @property
    def value(self) -> Value | None:
        """The value to compare."""


class FactsView(Protocol):
    """What a rule is held against: facts by full name (`near.x`, `x`), a missing one being unknown."""

    def get(self, name: str, /) -> FactView:
        """The fact of that full name."""


@dataclass(frozen=True, slots=True)
class Because:
    """One fact that decided a rule, and the item where the rule asked for one item of a list."""

    name: str
    item: str | None = None


@dataclass(frozen=True, slots=True)
class Name:
    """A fact as the rule writes it; `column` is its offset in the rule, from 0."""

    text: str
    column: int

    def at(self, here: End) -> str:
        """The full name of the fact when `here` is that end."""
        end, dot, rest = self.text.partition(".")
        if not dot or end in ENDS:
            return self.text
        return f"{here if end == 'here' else _other(here)}.{rest}"


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal of the rule."""

    value: Value
    column: int


@dataclass(frozen=True, slots=True)
class Truth:
    """A yes-or-no fact standing for its own truth."""

    name: Name


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two operands compared, at least one of them a fact."""

    left: Name | Constant
    sign: Sign
    right: Name | Constant
    column: int


@dataclass(frozen=True, slots=True)
class Membership:
    """Whether a list fact holds an item."""

    item: Constant
    name: Name


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether a fact is one of several literals."""

    name: Name
    items: tuple[Constant, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """Whether a fact is known at all; never unknown itself."""

    name: Name
    known: bool


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; of unknown it is unknown."""

    part: Expression


@dataclass(frozen=True, slots=True)
class Junction:
    """Parts joined by `and` (every) or by `or` (any)."""

    parts: tuple[Expression, ...]
    every: bool


Atom = Truth | Comparison | Membership | Choice | Known
Expression = Atom | Not | Junction


def atoms_in(expression: Expression) -> Iterator[Atom]:
    """The parts of an expression that speak of facts, from left to right."""
    match expression:
        case Not(part=part):
            yield from atoms_in(part)
        case Junction(parts=parts):
            for part in parts:
                yield from atoms_in(part)
        case _:
            yield expression


def names_in(expression: Expression) -> Iterator[Name]:
    """All names of an expression, from left to right, repeated as they are."""
    for atom in atoms_in(expression):
        if isinstance(atom, Comparison):
            yield from (side for side in (atom.left, atom.right) if isinstance(side, Name))
        else:
            yield atom.name


def judge(expression: Expression, facts: FactsView, here: End) -> tuple[bool | None, tuple[Because, ...]]:
    """The truth of an expression seen from one end, and the facts that decided it."""
    match expression:
        case Not(part=part):
            value, because = judge(part, facts, here)
            return (None if value is None else not value), because
        case Junction(parts=parts, every=every):
            judged = [judge(part, facts, here) for part in parts]
            values = [value for value, _ in judged]
            value = all_of(values) if every else any_of(values)
            return value, tuple(item for outcome, because in judged if outcome is value for item in because)
        case Known(name=name, known=known):
            return (_value(name, facts, here) is not None) is known, (Because(name.at(here)),)
        case Truth(name=name):
            held = _value(name, facts, here)
            return (held if isinstance(held, bool) else None), (Because(name.at(here)),)
        case Membership(item=item, name=name):
            held, word = _value(name, facts, here), str(item.value)
            return (word in held if isinstance(held, tuple) else None), (Because(name.at(here), word),)
        case Choice(name=name, items=items):
            held = _value(name, facts, here)
            value = None if held is None else any(_same(held, item.value) for item in items)
            return value, (Because(name.at(here)),)
        case Comparison():
            return _judge_comparison(expression, facts, here)


def all_of(values: list[bool | None]) -> bool | None:
    """Kleene's `and`: one False decides, else one unknown leaves it open."""
    return False if False in values else None if None in values else True


def any_of(values: list[bool | None]) -> bool | None:
    """Kleene's `or`: one True decides, else one unknown leaves it open."""
    return True if True in values else None if None in values else False


def _judge_comparison(
    comparison: Comparison, facts: FactsView, here: End
) -> tuple[bool | None, tuple[Because, ...]]:
    sides = (comparison.left, comparison.right)
    left, right = (_value(side, facts, here) for side in sides)
    names = [side for side in sides if isinstance(side, Name)]
    if left is None or right is None:
        return None, tuple(Because(name.at(here)) for name in names if _value(name, facts, here) is None)
    return _compared(left, comparison.sign, right), tuple(Because(name.at(here)) for name in names)


def _compared(left: Value, sign: Sign, right: Value) -> bool | None:
    if sign == "==":
        return _same(left, right)
    if sign == "!=":
        return not _same(left, right)
    if isinstance(left, bool | str | tuple) or isinstance(right, bool | str | tuple):
        return None
    return _ORDERS[sign](left, right)


def _value(operand: Name | Constant, facts: FactsView, here: End) -> Value | None:
    return operand.value if isinstance(operand, Constant) else facts.get(operand.at(here)).value


def _same(left: Value, right: Value) -> bool:
    """Equal and of one kind: Python's True == 1 would let a yes pass for a number."""
    return left == right and isinstance(left, bool) is isinstance(right, bool)


def _other(end: End) -> End:
    return "far" if end == "near" else "near"
