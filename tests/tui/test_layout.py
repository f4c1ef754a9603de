from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.content import Content

from wizard.engine.model import Mark, Segment
from wizard.ui.tui.blocks import Block, Gap, Head, Pair, Para, Quote, Row, Table, lay_out
from wizard.ui.tui.story import LEGS
from wizard.ui.tui.widgets.pathmap import Places, draw
from wizard.ui.tui.widgets.raw import literal
from wizard.ui.words import plain_ascii

words = st.text(alphabet="ab漢é -", max_size=80).map(literal)
block: st.SearchStrategy[Block] = st.one_of(
    st.builds(Para, words, st.sampled_from(("", "Why", "Do now")), st.integers(0, 4), st.booleans()),
    st.builds(Quote, words, st.integers(0, 4)),
    st.builds(Head, words),
    st.builds(Pair, st.tuples(words, words), st.tuples(words)),
    st.builds(Table, st.builds(Row, words, words, words), st.tuples(st.builds(Row, words, words))),
    st.just(Gap()),
)
marks = st.sampled_from(("ok", "warn", "fail", "unknown"))


@given(st.lists(block, max_size=6), st.integers(36, 130))
def test_no_line_is_wider_than_its_page(blocks: list[Block], width: int) -> None:
    assert max((line.cell_length for line in lay_out(blocks, width)), default=0) <= width


def test_a_label_stands_once_and_the_text_hangs_beside_it() -> None:
    lines = [line.plain.rstrip() for line in lay_out([Para(Content("one two three four five"), "Why")], 32)]
    assert lines == ["Why        one two three four", "           five"]


def test_values_of_both_ends_stand_side_by_side_and_pair_values_across() -> None:
    table = Table(
        Row(Content("What"), Content("gw-a"), Content("gw-b")),
        (
            Row(Content("key"), Content("yes"), Content("no")),
            Row(Content("same key"), Content("no, they differ")),
        ),
    )
    lines = [line.plain.rstrip() for line in lay_out([table], 40)]
    assert lines[0].split() == ["What", "gw-a", "gw-b"]
    assert lines[1].index("yes") == lines[0].index("gw-a")
    assert lines[1].index("no") == lines[0].index("gw-b")
    assert lines[2].index("no, they differ") == lines[0].index("gw-a")


def test_gaps_do_not_add_up() -> None:
    assert len(lay_out([Gap(), Para(Content("a")), Gap(), Gap(), Para(Content("b"))], 20)) == 3


@given(st.tuples(marks, marks, marks, marks, marks), st.integers(60, 200), st.booleans(), st.booleans())
def test_the_map_fits_and_shows_a_symbol_for_each_leg(
    five: tuple[Mark, Mark, Mark, Mark, Mark], width: int, running: bool, captions: bool
) -> None:
    segments = [Segment(leg, mark, "a note" * 30) for leg, mark in zip(LEGS, five, strict=True)]
    places = Places("10.1.0.10", "gw-a", "gw-b", "10.2.0.10")
    lines = draw(places, segments, width, running=running, captions=captions)
    assert len(lines) == 3 + captions
    assert max(line.cell_length for line in lines) <= width
    path = lines[captions].plain
    symbols = {"ok": "✓", "warn": "!", "fail": "✗", "unknown": "…" if running else "?"}
    assert [char for char in path if char in "✓!✗?…"] == [symbols[mark] for mark in five]


@given(st.text(alphabet="gateway-é漢", min_size=1, max_size=60), st.text(max_size=60), st.integers(56, 130))
def test_the_map_fits_whatever_the_names(name: str, host: str, width: int) -> None:
    segments = [Segment(leg, "ok") for leg in LEGS]
    assert max(line.cell_length for line in draw(Places(host, name, name, host), segments, width)) <= width


def test_the_map_says_what_is_wrong_where_it_stops_and_faults_go_before_warnings() -> None:
    segments = [
        Segment("near-lan", "warn", "a warning"),
        Segment("near-gateway", "ok"),
        Segment("wan", "fail", "UDP 500 is dropped"),
        Segment("far-gateway", "unknown"),
        Segment("far-lan", "unknown"),
    ]
    path, marks_line, note = (line.plain for line in draw(Places("a", "gw-a", "gw-b", "b"), segments, 78))
    assert note.strip() == "✗ UDP 500 is dropped"
    assert abs(path.index("✗") - (note.index("✗") + len("✗ UDP 500 is dropped") // 2)) <= 2
    assert marks_line.split() == ["warn", "ok", "fail", "unknown", "unknown"]


def test_what_works_is_drawn_through_and_what_is_not_known_is_dotted() -> None:
    segments = [Segment(leg, "ok" if leg == "wan" else "unknown") for leg in LEGS]
    path = draw(Places("a", "gw-a", "gw-b", "b"), segments, 78)[0].plain
    assert "══ ✓ ══" in path
    assert "┄ ? ┄" in path


@given(st.text())
def test_ascii_text_is_ascii_and_as_wide_as_it_was(text: str) -> None:
    shown = plain_ascii(text)
    assert shown.isascii()
    if all(char.isprintable() for char in text):
        assert abs(len(shown) - Content(text).cell_length) <= sum(not char.isascii() for char in text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("✓ ok ✗ … ⇄", "+ ok x ~ ="), ("╭─ é 漢 ─╮", "+- e ?? -+"), ("══ ✗ ╌╌", "== x --"), ("plain", "plain")],
)
def test_signs_have_likenesses_in_ascii(text: str, shown: str) -> None:
    assert plain_ascii(text) == shown
    assert len(shown) == Content(text).cell_length
