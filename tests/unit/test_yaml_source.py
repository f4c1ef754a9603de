"""YAML: nothing is turned into something else, every problem has its place, no file can hurt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from wizard.errors import Place, Problem, nearest
from wizard.yaml_source import Document, Entry, Whole, YesNo, check, ordered, parse, read


def doc(text: str) -> Document:
    return parse(text.encode(), "f.yaml")


def shown(problems: tuple[Problem, ...]) -> list[str]:
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(
    "written",
    [
        "no",
        "on",
        "yes",
        "off",
        "NO",
        "True",
        "1:30",
        "0123",
        "1.10",
        "0x1f",
        "1_000",
        "+5",
        "1e3",
        ".5",
        "-0",
    ],
)
def test_words_that_yaml_1_1_turns_into_something_else_stay_the_text_they_are(written: str) -> None:
    assert doc(f"{written}: {written}").value == {written: written}


def test_only_true_false_and_plain_decimals_are_not_text() -> None:
    assert doc("[true, false, 0, 22, -7, '22', \"true\", null, ~, 99999999999999999999]").value == [
        True, False, 0, 22, -7, "22", "true", None, None, "99999999999999999999",
    ]  # fmt: skip


def test_an_empty_value_is_none() -> None:
    assert doc("a:\nb: ''").value == {"a": None, "b": ""}


def test_dates_stay_text() -> None:
    assert doc("- 2026-11-21").value == ["2026-11-21"]


def test_every_key_and_value_has_its_line_and_column() -> None:
    document = doc("top:\n  list:\n    - one\n    - {deep: é, next: x}\n")
    assert document.key_place(("top", "list")) == Place("f.yaml", 2, 3)
    assert document.place(("top", "list", 0)) == Place("f.yaml", 3, 7)
    assert document.place(("top", "list", 1, "deep")) == Place("f.yaml", 4, 14)
    assert document.key_place(("top", "list", 1, "next")) == Place("f.yaml", 4, 17)


def test_a_place_that_is_not_there_is_that_of_what_would_hold_it() -> None:
    document = doc("a:\n  b: 1\n")
    assert document.place(("a", "b", "c", 3)) == Place("f.yaml", 2, 6)
    assert document.key_place(("a", "missing")) == Place("f.yaml", 1, 1)


@pytest.mark.parametrize(
    ("text", "offset", "column"),
    [
        ("k: abc def", 4, 8),
        ("k: 'abc def'", 4, 9),
        ("k: 'it''s def'", 5, 11),
        ('k: "a\\"b def"', 4, 10),
    ],
)
def test_a_place_inside_a_text_counts_quotes_and_escapes(text: str, offset: int, column: int) -> None:
    document = doc(text)
    place = document.inside(("k",), offset)
    assert place.column == column
    assert text[column - 1] == document.value["k"][offset]  # type: ignore[index,call-overload]


def test_a_place_inside_a_text_over_several_lines_is_its_beginning() -> None:
    assert doc("k: >\n  abc\n  def\n").inside(("k",), 5) == Place("f.yaml", 1, 4)


def test_all_duplicate_keys_are_reported_and_the_first_of_each_counts() -> None:
    document = doc("a: 1\nb: {x: 1, x: 2}\na: 3\n")
    assert document.value == {"a": 1, "b": {"x": 1}}
    assert shown(ordered(document.problems)) == [
        "f.yaml:2:11: the key x stands here a second time, first in line 2; keep one of the two",
        "f.yaml:3:1: the key a stands here a second time, first in line 1; keep one of the two",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: b: c", "f.yaml:1:5: this is not YAML: a second `key: value` where none can stand"),
        ("a:\n\t- x", "f.yaml:2:1: a tab indents this line; indent with spaces"),
        ("a: @x", "f.yaml:1:4: no value can begin with @; put the text in quotation marks"),
        ("a: 'x\nb: 1", "this is not YAML: a quotation that is not closed"),
        ("a: [1,\nb: 2", "f.yaml:"),
        ("a: *x", "f.yaml:1:4: this is not YAML: an alias (*name) of something that is not there"),
        ("a: 1\n---\nb: 2", "f.yaml:2:1: this is not YAML: a second document (---) in one file"),
        ("- a\nb: 1", "f.yaml:2:1: this is not YAML: a line that does not fit the list it stands in"),
        ("a: x\x07y", "f.yaml:1:5: a control character stands in the file; take it out"),
        ("", "f.yaml: the file is empty"),
        ("# only a comment", "f.yaml: the file is empty"),
        ("~", "f.yaml: the file is empty"),
        ("? [a]\n: b", "f.yaml:1:3: a key must be a word; write key: value"),
    ],
)
def test_broken_yaml_is_one_sentence_with_its_place(text: str, expected: str) -> None:
    (problem,) = doc(text).problems
    assert expected in str(problem)
    assert "\n" not in str(problem)


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!!int", "!!str", "!custom", "!!binary"])
def test_tags_are_refused(tag: str) -> None:
    document = doc(f"a: {tag} '5'")
    assert document.value is None
    assert "is not allowed; write the value without a tag" in str(document.problems[0])


def test_aliases_work_within_bounds() -> None:
    assert doc("a: &x [1, 2]\nb: *x").value == {"a": [1, 2], "b": [1, 2]}


def test_aliases_that_mean_billions_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    document = doc("\n".join(lines))
    assert document.value is None
    assert "more than 50000 values" in str(document.problems[0])


def test_an_alias_within_itself_is_refused() -> None:
    document = doc("a: &x [1, *x]")
    assert document.value is None
    assert "nests too deeply" in str(document.problems[0])


def test_deep_nesting_is_refused_before_it_can_end_the_program() -> None:
    document = doc("[" * 100_000)
    assert document.value is None
    assert "nested deeper than" in str(document.problems[0])


def test_a_large_file_is_refused() -> None:
    assert "larger than 1024 KiB" in str(parse(b"a: " + b"x" * 1_100_000, "f.yaml").problems[0])


def test_what_is_not_utf_8_is_refused_with_its_place() -> None:
    (problem,) = parse("ok: é\nbad: ".encode() + b"\xff\n", "f.yaml").problems
    assert str(problem) == "f.yaml:2:6: the file is not UTF-8 text; save it as UTF-8"


def test_a_byte_order_mark_is_skipped() -> None:
    assert parse(b"\xef\xbb\xbfa: 1", "f.yaml").value == {"a": 1}


def test_a_file_that_cannot_be_read_is_a_problem_and_no_exception(tmp_path: Path) -> None:
    missing, folder = read(tmp_path / "missing.yaml"), read(tmp_path)
    assert "the file cannot be read: no such file or directory" in str(missing.problems[0])
    assert "the file cannot be read: is a directory" in str(folder.problems[0])


@given(st.text())
def test_no_text_makes_the_reader_raise(text: str) -> None:
    document = parse(text.encode("utf-8", "surrogatepass"), "f.yaml")
    assert document.value is not None or document.problems


_KEYS = st.text(st.characters(categories=["Ll", "Nd"]), min_size=1, max_size=5)
_VALUES = st.recursive(
    st.booleans()
    | st.integers(-999, 999)
    | st.text(st.characters(categories=["Ll", "Nd", "Po", "Zs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(_KEYS, _VALUES, min_size=1, max_size=3))
def test_what_is_written_as_json_is_read_as_it_is(value: dict[str, object]) -> None:
    document = doc(json.dumps(value, ensure_ascii=False))
    assert document.problems == ()
    assert document.value == value


# --- checking against a model ----------------------------------------------------------------------


class Inner(Entry):
    port: Whole = Field(ge=1, le=65535, examples=[22])
    name: str = Field("", examples=["gw-a"])
    open: YesNo = False
    kind: Literal["auto", "none"] = "auto"
    tags: list[str] = []  # noqa: RUF012  (pydantic copies it)


class Outer(Entry):
    inner: Inner
    others: dict[str, Inner] = Field(default={})


def problems_of(text: str) -> list[str]:
    document = doc(text)
    made, problems = check(document, Outer)
    assert (made is None) is bool(problems)
    return shown(ordered(problems))


def test_what_fits_comes_back_as_the_model() -> None:
    made, problems = check(doc("inner: {port: 22, name: 123, open: true}"), Outer)
    assert problems == ()
    assert made is not None
    assert (made.inner.port, made.inner.name, made.inner.open) == (22, "123", True)


def test_all_problems_come_at_once_each_with_place_sentence_and_advice() -> None:
    assert problems_of(
        "inner:\n  port: abc\n  open: yes\n  kind: atuo\n  tags: x\n  nmae: y\nothers:\n  b: {}\n  c: 5\n"
    ) == [
        'f.yaml:2:9: expected a whole number, got "abc"; write port: 22',
        'f.yaml:3:9: expected true or false, got "yes"',
        'f.yaml:4:9: expected one of auto or none, got "atuo"; did you mean auto?',
        'f.yaml:5:9: expected a list, got "x"',
        'f.yaml:6:3: unknown key "nmae"; did you mean name?',
        "f.yaml:8:3: port is missing; write port: 22",
        "f.yaml:9:6: expected a mapping (key: value), got 5",
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("true", "expected a whole number, got true"),
        ("'22'", 'expected a whole number, got "22"'),
        ("1.5", 'expected a whole number, got "1.5"'),
        ("[1]", "expected a whole number, got a list"),
        ("{}", "expected a whole number, got a mapping"),
        ("", "expected a whole number, got nothing"),
        ("0", "expected a number of at least 1, got 0"),
        ("70000", "expected a number of at most 65535, got 70000"),
    ],
)
def test_a_number_is_a_number_and_nothing_that_looks_like_one(value: str, expected: str) -> None:
    (problem,) = problems_of(f"inner: {{port: {value} }}")
    assert expected in problem
    assert problem.endswith("write port: 22")


def test_a_long_wrong_value_is_cut_and_its_control_characters_are_escaped() -> None:
    (problem,) = problems_of('inner: {port: "' + "x" * 100 + '"}')
    assert "x" * 41 not in problem
    (problem,) = problems_of('inner: {port: "a\\e[31m"}')
    assert "\x1b" not in problem


@pytest.mark.parametrize("key", ["password", "psk", "Passphrase", "private_key", "secret"])
def test_a_key_for_a_secret_is_refused_without_showing_it(key: str) -> None:
    (problem,) = problems_of(f"inner: {{port: 22, {key}: hunter2}}")
    assert "hunter2" not in problem
    assert "secrets are asked for" in problem


def test_a_file_that_is_no_mapping_says_so() -> None:
    assert problems_of("- a") == ["f.yaml:1:1: expected a mapping (key: value), got a list"]


def test_problems_are_in_the_order_of_the_file_and_never_twice() -> None:
    places = [Place("b", 1, 1), Place("a", 10, 1), Place("a", 9, 3), Place("a", 9, 2), Place("a")]
    problems = [Problem("x", place) for place in places]
    assert [problem.place for problem in ordered([*problems, *problems])] == [
        Place("a"), Place("a", 9, 2), Place("a", 9, 3), Place("a", 10, 1), Place("b", 1, 1),
    ]  # fmt: skip


def test_the_nearest_word_is_suggested_and_all_are_named_when_there_are_few() -> None:
    assert nearest("hots", ["host", "port"]) == "did you mean host?"
    assert nearest("zzz", ["port", "host"]) == "write one of host, port"
    assert nearest("zzz", [f"word{n}" for n in range(100)]) == ""
    assert nearest("zzz", []) == ""
