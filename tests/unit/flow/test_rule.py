"""Rules: a small language, three-valued, that says which facts decided."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.facts.model import Fact, Facts, Value
from wizard.flow.rule import LONGEST, Because, Judgement, Rule, RuleError, parse


def facts(**known: Value | None) -> Facts:
    """Facts by name, with __ for the dot."""
    return Facts.of(Fact(name.replace("__", "."), value) for name, value in known.items())


def judged(text: str, **known: Value | None) -> bool | None:
    return parse(text).evaluate(facts(**known)).value


# --- what can be written ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "known", "expected"),
    [
        ("x", {"x": True}, True),
        ("x", {"x": False}, False),
        ("x", {}, None),
        ("near.x", {"near__x": True}, True),
        ("near.x", {"far__x": True}, None),
        ("x == true", {"x": True}, True),
        ("x == false", {"x": True}, False),
        ("x != false", {"x": True}, True),
        ("x == 'up'", {"x": "up"}, True),
        ('x == "up"', {"x": "down"}, False),
        ("'up' == x", {"x": "up"}, True),
        ("x != 'up'", {"x": "down"}, True),
        ("x == 3", {"x": 3}, True),
        ("x < 3", {"x": 2}, True),
        ("x <= 3", {"x": 3}, True),
        ("x > -5", {"x": -5.5}, False),
        ("x >= 0.5", {"x": 0.5}, True),
        ("3 > x", {"x": 2}, True),
        ("x == y", {"x": "a", "y": "a"}, True),
        ("near.x != far.x", {"near__x": 1, "far__x": 2}, True),
        ("'a' in x", {"x": ("a", "b")}, True),
        ("'c' in x", {"x": ("a", "b")}, False),
        ("'c' not in x", {"x": ("a", "b")}, True),
        ("not 'a' in x", {"x": ("a", "b")}, False),
        ("x in ['a', 'b']", {"x": "b"}, True),
        ("x not in ['a', 'b']", {"x": "b"}, False),
        ("x in [1, 2]", {"x": 3}, False),
        ("x == []", {"x": ()}, True),
        ("x != []", {"x": ("a",)}, True),
        ("x == ['a', 'b']", {"x": ("a", "b")}, True),
        ("x is known", {"x": False}, True),
        ("x is known", {}, False),
        ("x is unknown", {}, True),
        ("x is unknown", {"x": False}, False),
        ("not x is known", {}, True),
        ("(x or y) and not z", {"x": False, "y": True, "z": False}, True),
        ("x or y and z", {"x": True, "y": False, "z": False}, True),
        ("  x\n  and y  ", {"x": True, "y": True}, True),
    ],
)
def test_what_a_rule_says(text: str, known: dict[str, Value], expected: bool | None) -> None:
    assert judged(text, **known) is expected


@pytest.mark.parametrize(
    "text", ["x == 1", "x != 1", "x < 1", "x == 'a'", "'a' in x", "x in ['a']", "x == y", "not x"]
)
def test_an_unknown_fact_decides_nothing(text: str) -> None:
    assert judged(text) is None
    assert judged(text, x=None) is None


def test_a_yes_is_no_number_and_a_text_no_list() -> None:
    assert judged("x == 1", x=True) is False
    assert judged("x == true", x=1) is False
    assert judged("x in [1]", x=True) is False
    assert judged("x < 5", x=True) is None
    assert judged("'a' in x", x="abc") is None
    assert judged("x", x="yes") is None


# --- here and there --------------------------------------------------------------------------------


def test_here_is_tried_from_both_ends_and_says_which_made_it_true() -> None:
    rule = parse("here.sent and there.seen == false")
    assert rule.uses_here
    known = facts(near__sent=True, far__seen=True, far__sent=True, near__seen=False)
    assert rule.evaluate(known) == Judgement(True, ("far",), (Because("far.sent"), Because("near.seen")), ())


def test_here_may_hold_from_both_ends() -> None:
    judgement = parse("here.x").evaluate(facts(near__x=True, far__x=True))
    assert (judgement.value, judgement.ends) == (True, ("near", "far"))


def test_here_is_false_only_when_it_is_false_from_both_ends() -> None:
    rule = parse("here.x")
    assert rule.evaluate(facts(near__x=False, far__x=False)).value is False
    one_unknown = rule.evaluate(facts(near__x=False))
    assert (one_unknown.value, one_unknown.unclear, one_unknown.because) == (
        None,
        ("far",),
        (Because("far.x"),),
    )


def test_an_end_that_could_not_be_told_is_named_even_where_the_other_decides() -> None:
    judgement = parse("here.x").evaluate(facts(near__x=True))
    assert (judgement.value, judgement.ends, judgement.unclear) == (True, ("near",), ("far",))


def test_a_rule_without_here_has_no_ends_and_names_those_of_its_unknown_facts() -> None:
    assert parse("far.x").evaluate(facts()) == Judgement(None, (), (Because("far.x"),), ("far",))
    assert parse("x").evaluate(facts()).unclear == ("near", "far")
    assert parse("x").evaluate(facts(x=True)) == Judgement(True, (), (Because("x"),), ())


def test_names_are_kept_as_written() -> None:
    rule = parse("here.a and (near.b == c or 'w' in there.d) and far.e is known")
    assert rule.names == {"here.a", "near.b", "c", "there.d", "far.e"}
    assert not parse("near.b and c").uses_here


# --- because ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "known", "because"),
    [
        ("x and y", {"x": True, "y": True}, ["x", "y"]),
        ("x and y", {"x": True, "y": False}, ["y"]),
        ("x and y and z", {"x": False, "y": True, "z": False}, ["x", "z"]),
        ("x and y", {"x": True}, ["y"]),
        ("x or y", {"x": True, "y": False}, ["x"]),
        ("x or y", {"x": False, "y": False}, ["x", "y"]),
        ("x or y", {"x": False}, ["y"]),
        ("not x", {"x": False}, ["x"]),
        ("x == y", {"x": 1}, ["y"]),
        ("x and x", {"x": True}, ["x"]),
    ],
)
def test_only_the_facts_that_decided_are_named(
    text: str, known: dict[str, Value], because: list[str]
) -> None:
    assert [item.name for item in parse(text).evaluate(facts(**known)).because] == because


def test_an_item_that_was_asked_for_is_named_with_its_list() -> None:
    judgement = parse("'psk' in here.events").evaluate(facts(far__events=("psk", "other")))
    assert judgement.because == (Because("far.events", "psk"),)


# --- what cannot be written ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("", "the rule is empty", 0),
        ("   ", "the rule is empty", 0),
        ("x = y", "'=' is out of place", 2),
        ("x and", "the rule breaks off", 5),
        ("(x", "'(' is out of place", 0),
        ("x y", "'y' is out of place", 2),
        ("  x ==== 1", "'==' is out of place", 6),
        ("x == 'up", "this quotation is not closed", 5),
        ("x == 'a\\n'", "this quotation is not closed", 5),
        ("x # comment", "'#' has no meaning in a rule", 2),
        ("x & y", "'&' has no meaning in a rule", 2),
        ("f(x)", "this is not allowed in a rule", 0),
        ("x and f(y)", "this is not allowed in a rule", 6),
        ("'é' in x and f(y)", "this is not allowed in a rule", 13),
        ("x[0]", "this is not allowed in a rule", 0),
        ("x - y == 0", "this is not allowed in a rule", 0),
        ("x if y else z", "this is not allowed in a rule", 0),
        ("x == None", "this is not allowed in a rule", 5),
        ("x == b'a'", "this is not allowed in a rule", 5),
        ("x == f'a'", "this is not allowed in a rule", 5),
        ("x == 1j", "this is not allowed in a rule", 5),
        ("x == -'a'", "this is not allowed in a rule", 5),
        ("x == True", "True is not a word of rules", 5),
        ("1 < x < 3", "comparisons cannot be chained", 8),
        ("true", "a literal alone decides nothing", 0),
        ("x and 'word'", "a literal alone decides nothing", 6),
        ("1 == 1", "two literals are compared", 0),
        ("here", "here is an end, not a fact", 0),
        ("x == near", "near is an end, not a fact", 5),
        ("up.x", "only near, far, here and there have facts behind a dot", 0),
        ("near.x.y", "only near, far, here and there have facts behind a dot", 0),
        ("x is None", "`is` goes with known and unknown only", 5),
        ("x is not known", "`is` goes with known and unknown only", 9),
        ("3 is known", "only a fact can be known or unknown", 0),
        ("known", "known stands alone", 0),
        ("x in 'abc'", "`in` is written wrongly", 0),
        ("x in []", "`in` is written wrongly", 0),
        ("3 in x", "`in` is written wrongly", 0),
        ("x in [y]", "this is not allowed in a rule", 6),
        ("x" * (LONGEST + 1), "the rule is longer than 1000 characters", LONGEST),
    ],
)
def test_everything_else_is_refused_with_its_column(text: str, message: str, column: int) -> None:
    with pytest.raises(RuleError) as caught:
        parse(text)
    assert (caught.value.message, caught.value.column) == (message, column)
    assert caught.value.advice


def attempt(text: str) -> Rule | RuleError:
    try:
        return parse(text)
    except RuleError as error:
        return error


@pytest.mark.parametrize(
    "text", ["(" * 400 + "x" + ")" * 400, "[" * 900, "x" + " and x" * 160, "not " * 240 + "x"]
)
def test_deep_nesting_is_refused_or_read_and_never_ends_the_program(text: str) -> None:
    made = attempt(text)
    assert made.advice if isinstance(made, RuleError) else made.evaluate(facts(x=True)).value is True


@given(st.text(max_size=60) | st.text("xy.()[]'\"=<>!, andornotiskwhere0", max_size=60))
def test_any_text_is_either_a_rule_or_refused_within_its_bounds(text: str) -> None:
    made = attempt(text)
    if isinstance(made, RuleError):
        assert 0 <= made.column <= len(text)
    else:
        assert made.names
        assert parse(made.text).names == made.names


# --- the laws of Kleene's logic --------------------------------------------------------------------

_ATOMS = st.sampled_from(["a", "b", "near.c", "here.c", "there.c", "d == 'x'", "'w' in e", "a is known"])
_RULES = st.recursive(
    _ATOMS,
    lambda inner: (
        st.builds("({} and {})".format, inner, inner)
        | st.builds("({} or {})".format, inner, inner)
        | st.builds("(not {})".format, inner)
    ),
    max_leaves=6,
)
_TRUTH = st.sampled_from([True, False, None])
_FACTS = st.builds(
    lambda a, b, near, far, d, e: facts(a=a, b=b, near__c=near, far__c=far, d=d, e=e),
    _TRUTH,
    _TRUTH,
    _TRUTH,
    _TRUTH,
    st.sampled_from(["x", "y", None]),
    st.sampled_from([("w",), (), None]),
)
_WITHOUT_HERE = _RULES.filter(lambda text: "here" not in text)


def value(text: str, known: Facts) -> bool | None:
    return parse(text).evaluate(known).value


@given(_WITHOUT_HERE, _WITHOUT_HERE, _FACTS)
def test_the_laws_of_de_morgan_hold(one: str, two: str, known: Facts) -> None:
    assert value(f"not ({one} and {two})", known) is value(f"not {one} or not {two}", known)
    assert value(f"not ({one} or {two})", known) is value(f"not {one} and not {two}", known)
    assert value(f"not (not {one})", known) is value(one, known)


@given(_RULES, _RULES, _FACTS)
def test_order_does_not_matter(one: str, two: str, known: Facts) -> None:
    assert value(f"{one} and {two}", known) is value(f"{two} and {one}", known)
    assert value(f"{one} or {two}", known) is value(f"{two} or {one}", known)


@given(_RULES, _FACTS)
def test_learning_more_never_turns_a_decision_round(text: str, known: Facts) -> None:
    if "is known" in text:
        return
    less = Facts.of(fact for fact in known if fact.name not in ("b", "far.c"))
    before, after = value(text, less), value(text, known)
    assert before is None or before is after


@given(_RULES, _FACTS)
def test_the_facts_that_decided_decide_alone(text: str, known: Facts) -> None:
    judgement = parse(text).evaluate(known)
    names = {item.name for item in judgement.because}
    assert names
    if judgement.value is True and parse(text).uses_here:
        assert judgement.ends
    if judgement.value is not None:
        alone = Facts.of(fact for fact in known if fact.name in names or "is known" in text)
        assert value(text, alone) is judgement.value
    else:
        assert any(not known.get(name).known for name in names)


@given(_RULES, _FACTS)
def test_both_ends_are_treated_alike(text: str, known: Facts) -> None:
    if "near." in text:
        return
    turned = Facts.of(
        Fact({"near.c": "far.c", "far.c": "near.c"}.get(fact.name, fact.name), fact.value) for fact in known
    )
    assert value(text, turned) is value(text, known)
