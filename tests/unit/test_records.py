"""A class defined by wizard.records is what the standard library would make of it."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import field
from typing import Any

import pytest

from wizard import records


def sample(dataclass: Callable[..., Any]) -> Any:
    @dataclass(frozen=True, slots=True)
    class Sample:
        """Every kind of field."""

        name: str
        size: int = 3
        lines: tuple[str, ...] = ()
        extra: dict[str, int] = field(default_factory=dict, compare=False)
        hidden: str = field(default="x", repr=False)
        twice: str = field(init=False, repr=False, compare=False)
        note: str = field(default="", kw_only=True)

        def __post_init__(self) -> None:
            object.__setattr__(self, "twice", self.name * 2)

        @property
        def long(self) -> bool:
            """Whether there is more than one line."""
            return len(self.lines) > 1

    return Sample


@records.dataclass(frozen=True, slots=True)
class Kept:
    """At the top of a module, where pickle finds it."""

    name: str
    size: int = 1


OURS, THEIRS = sample(records.dataclass), sample(dataclasses.dataclass)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        (("a",), {}),
        (("a", 4, ("x", "y")), {"note": "n"}),
        ((), {"name": "a", "extra": {"k": 1}, "hidden": "h"}),
    ],
)
def test_objects_are_the_same(values: tuple[Any, ...], named: dict[str, Any]) -> None:
    ours, theirs = OURS(*values, **named), THEIRS(*values, **named)
    assert repr(ours) == repr(theirs)
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert ours == OURS(*values, **named)
    assert ours != dataclasses.replace(ours, name="b")
    assert hash(ours) == hash(OURS(*values, **named))
    assert (ours.long, ours.twice) == (theirs.long, theirs.twice)
    assert ours != theirs
    assert dataclasses.replace(ours, size=9).size == 9


@pytest.mark.parametrize("values", [(), ("a", 1, (), {}, "h", "too many")])
def test_wrong_arguments_are_refused(values: tuple[Any, ...]) -> None:
    for made in (OURS, THEIRS):
        with pytest.raises(TypeError, match=r"__init__\(\)"):
            made(*values)


def test_what_is_frozen_stays_as_it_is() -> None:
    one = OURS("a")
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'name'"):
        one.name = "b"
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'name'"):
        del one.name
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.other = 1
    assert not hasattr(one, "__dict__")


def test_fields_and_patterns_are_those_of_a_dataclass() -> None:
    assert dataclasses.is_dataclass(Kept)
    assert OURS.__match_args__ == THEIRS.__match_args__
    assert [one.name for one in dataclasses.fields(OURS)] == [one.name for one in dataclasses.fields(THEIRS)]
    one: object = Kept("a", 2)
    match one:
        case Kept("a", size=found):
            assert found == 2
        case _:
            pytest.fail("the pattern does not fit")


def test_copies_are_equal() -> None:
    one = Kept("a", 2)
    assert copy.copy(one) == copy.deepcopy(one) == pickle.loads(pickle.dumps(one)) == one


def test_factories_make_one_for_each() -> None:
    assert OURS("a").extra is not OURS("a").extra


def test_other_classes_get_the_original() -> None:
    @records.dataclass(frozen=True, slots=True)
    class More(Kept):
        """A class with a base that has fields."""

        more: int = 0

    @records.dataclass
    class Open:
        """A class whose objects change."""

        name: str

    one = Open("a")
    one.name = "b"
    assert (More("a", 1, 2).more, one.name) == (2, "b")
    with pytest.raises(dataclasses.FrozenInstanceError):
        More("a").more = 3  # type: ignore[misc]
