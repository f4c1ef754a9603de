"""Rules: the expressions trees branch on.

A rule holds names of facts, comparisons, `in`, `is known`, `is unknown`, and, or, not and literals; it has
no calls, arithmetic or subscripts, because a tree is knowledge and not a program. `near.x` and `far.x` are
facts of one end, a bare `x` is a fact about the pair; a rule with `here` and `there` is tried from both ends.
Python's own grammar reads it, and everything beyond the list above is refused with its column.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Final

from wizard.flow.expression import (
    ENDS,
    Because,
    Choice,
    Comparison,
    Constant,
    End,
    Expression,
    FactsView,
    Junction,
    Known,
    Membership,
    Name,
    Not,
    Sign,
    Truth,
    any_of,
    judge,
    names_in,
)
from wizard.records import dataclass

__all__ = ["LONGEST", "Because", "Judgement", "Rule", "RuleError", "parse"]

LONGEST: Final = 1000
"""Characters a rule may have; a longer one cannot be read at 3 a.m. either."""

_SIDES: Final = ("near", "far", "here", "there")
_WORDS: Final = {"true": True, "false": False}
_TOKEN: Final = re.compile(r"'[^'\\]*'|\"[^\"\\]*\"|[\w\s.()\[\],<>=!-]")
_TOKENS: Final = re.compile(rf"(?:{_TOKEN.pattern})*")
_SIGNS: Final[dict[type[ast.cmpop], Sign]] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_LANGUAGE: Final = (
    "write names of facts, comparisons, in, is known, is unknown, and, or, not, ( ) and literals only"
)
_DIVIDE: Final = "divide it over several nodes"


class RuleError(ValueError):
    """A text that is no rule; `column` is the offset of the fault in the text, counted from 0."""

    def __init__(self, message: str, column: int, advice: str | None = None) -> None:
        """Message and advice are clauses, as in wizard.errors.Problem."""
        super().__init__(message)
        self.message = message
        self.column = column
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a rule says of the facts: True, False, or None where too little is known."""

    value: bool | None
    ends: tuple[End, ...] = ()
    """The ends that, taken as `here`, make it true; empty for a rule without `here` and `there`."""
    because: tuple[Because, ...] = ()
    """The facts that decided: of `a and b` both where it is true, only the false ones where it is false."""
    unclear: tuple[End, ...] = ()
    """The ends at which it could not be told."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One parsed rule; made by `parse`."""

    text: str
    expression: Expression

    @property
    def names(self) -> frozenset[str]:
        """The facts it names, as written (`here.x` stays `here.x`)."""
        return frozenset(name.text for name in names_in(self.expression))

    @property
    def uses_here(self) -> bool:
        """Whether it is tried from both ends."""
        return any(name.startswith(("here.", "there.")) for name in self.names)

    def evaluate(self, facts: FactsView) -> Judgement:
        """Holds the rule against facts.

        With `here` or `there` it is true when it is true from any end, false when it is false from both,
        else unknown. Facts that are missing are unknown; nothing is raised.
        """
        if not self.uses_here:
            value, because = judge(self.expression, facts, "near")
            unclear = _ends_of(because) if value is None else ()
            return Judgement(value, (), tuple(dict.fromkeys(because)), unclear)
        tried = [(end, *judge(self.expression, facts, end)) for end in ENDS]
        value = any_of([outcome for _, outcome, _ in tried])
        deciding = (item for _, outcome, because in tried if outcome is value for item in because)
        return Judgement(
            value,
            tuple(end for end, outcome, _ in tried if outcome),
            tuple(dict.fromkeys(deciding)),
            tuple(end for end, outcome, _ in tried if outcome is None),
        )


def _ends_of(because: tuple[Because, ...]) -> tuple[End, ...]:
    """The ends these facts belong to; a fact about the pair belongs to both."""
    prefixes = {item.name.partition(".")[0] if "." in item.name else "" for item in because}
    return tuple(end for end in ENDS if end in prefixes or "" in prefixes)


def parse(text: str) -> Rule:
    """Reads one rule.

    Raises RuleError with the column of the fault for anything beyond the small language.
    """
    if len(text) > LONGEST:
        raise RuleError(f"the rule is longer than {LONGEST} characters", LONGEST, _DIVIDE)
    if not text.strip():
        raise RuleError("the rule is empty", 0, "write a fact or a comparison, or `else` for what is left")
    _refuse_foreign_characters(text)
    # A rule may be folded over lines; as one line it keeps its columns, which Python counts in UTF-8 bytes.
    start = len(text) - len(text.lstrip())
    flat = re.sub(r"\s", " ", text).strip()
    try:
        body = ast.parse(flat, mode="eval").body
    except SyntaxError as error:
        raise _out_of_place(flat, (error.offset or 0) - 1, start) from None
    except (RecursionError, MemoryError, ValueError):
        raise RuleError("the rule is nested too deeply", start, _DIVIDE) from None
    reader = _Reader(lambda node: start + len(flat.encode()[: node.col_offset].decode()))
    try:
        expression = reader.expression(body)
    except RecursionError:
        raise RuleError("the rule is nested too deeply", start, _DIVIDE) from None
    return Rule(flat, expression)


def _out_of_place(flat: str, offset: int, start: int) -> RuleError:
    """Python's words for a fault speak of Python; a reader of trees is told the word that does not fit."""
    word = re.match(r"\w+|[=!<>]+|\S?", flat[offset:]) if 0 <= offset < len(flat) else None
    if word is None or not word[0]:
        return RuleError("the rule breaks off", start + len(flat), _LANGUAGE)
    return RuleError(f"{word[0]!r} is out of place", start + offset, _hint(flat))


def _refuse_foreign_characters(text: str) -> None:
    if _TOKENS.fullmatch(text):
        return
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            character = text[position]
            if character in "'\"":
                raise RuleError("this quotation is not closed", position, "write 'word', without a backslash")
            raise RuleError(f"{character!r} has no meaning in a rule", position, _hint(character))
        position = match.end()


def _hint(text: str) -> str:
    if re.search(r"(?<![=!<>])=(?!=)", text):
        return "write == to compare"
    if "&" in text or "|" in text:
        return "write and, or"
    return _LANGUAGE


class _Reader:
    """Turns Python's syntax tree into ours, and refuses what is not in the language."""

    def __init__(self, column_of: Callable[[ast.expr], int]) -> None:
        self._column = column_of

    def expression(self, node: ast.expr) -> Expression:
        match node:
            case ast.BoolOp(op=op, values=values):
                return Junction(tuple(self.expression(value) for value in values), isinstance(op, ast.And))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Not(self.expression(operand))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._comparison(node, left, op, right)
            case ast.Compare(comparators=[_, second, *_]):
                raise RuleError("comparisons cannot be chained", self._column(second), "join two with and")
            case _:
                pass
        alone = self._operand(node)
        if isinstance(alone, Name):
            return Truth(alone)
        advice = "name a fact, or write `else` for what is left"
        raise RuleError("a literal alone decides nothing", alone.column, advice)

    def _comparison(self, node: ast.expr, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Expression:
        if isinstance(op, ast.Is | ast.IsNot):
            return self._known(left, op, right)
        if isinstance(op, ast.In | ast.NotIn):
            member = self._membership(left, right)
            return member if isinstance(op, ast.In) else Not(member)
        first, second = self._operand(left), self._operand(right)
        if isinstance(first, Constant) and isinstance(second, Constant):
            raise RuleError("two literals are compared", first.column, "name a fact on one side")
        return Comparison(first, _SIGNS[type(op)], second, self._column(node))

    def _known(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Expression:
        name = self._operand(left)
        if not isinstance(name, Name):
            raise RuleError("only a fact can be known or unknown", name.column, "write: fact is unknown")
        word = right.id if isinstance(op, ast.Is) and isinstance(right, ast.Name) else ""
        if word not in ("known", "unknown"):
            column = self._column(right)
            raise RuleError(
                "`is` goes with known and unknown only", column, "write `is known`, `is unknown` or =="
            )
        return Known(name, word == "known")

    def _membership(self, left: ast.expr, right: ast.expr) -> Expression:
        item, held = self._operand(left), self._operand(right)
        match item, held:
            case Constant(value=str()), Name():
                return Membership(item, held)
            case Name(), Constant(value=tuple()) if isinstance(right, ast.List) and right.elts:
                return Choice(item, tuple(self._constant(element) for element in right.elts))
            case _:
                advice = "write 'word' in fact, or fact in ['word', 'word']"
                raise RuleError("`in` is written wrongly", item.column, advice)

    def _operand(self, node: ast.expr) -> Name | Constant:
        column = self._column(node)
        match node:
            case ast.Name(id=word) if word in _WORDS:
                return Constant(_WORDS[word], column)
            case ast.Name(id=word) if word in _SIDES:
                raise RuleError(f"{word} is an end, not a fact", column, f"write {word}.fact")
            case ast.Name(id=word) if word in ("known", "unknown"):
                raise RuleError(f"{word} stands alone", column, f"write: fact is {word}")
            case ast.Name(id=word):
                return Name(word, column)
            case ast.Attribute(value=ast.Name(id=side), attr=word) if side in _SIDES:
                return Name(f"{side}.{word}", column)
            case ast.Attribute():
                message = "only near, far, here and there have facts behind a dot"
                raise RuleError(message, column, "write near.fact, or fact alone")
            case ast.List(elts=elements):
                items = [self._constant(element) for element in elements]
                return Constant(tuple(str(item.value) for item in items), column)
            case _:
                return self._constant(node)

    def _constant(self, node: ast.expr) -> Constant:
        column = self._column(node)
        sign = 1
        literal: ast.expr = node
        if isinstance(literal, ast.UnaryOp) and isinstance(literal.op, ast.USub):
            literal, sign = literal.operand, -1
        if isinstance(literal, ast.Name) and literal.id in _WORDS and sign == 1:
            return Constant(_WORDS[literal.id], column)
        value: object = literal.value if isinstance(literal, ast.Constant) else None
        if isinstance(value, bool):
            raise RuleError(f"{value} is not a word of rules", column, f"write {str(value).lower()}")
        if isinstance(value, int | float):
            return Constant(sign * value, column)
        if isinstance(value, str) and sign == 1:
            return Constant(value, column)
        raise RuleError("this is not allowed in a rule", column, _LANGUAGE)
