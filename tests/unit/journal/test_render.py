from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.unit.journal import sample
from wizard.engine.model import Ended
from wizard.errors import InputError
from wizard.journal.redact import Redactor
from wizard.journal.render import FORMATS, SUFFIXES, render
from wizard.journal.render.markdown import escaped, fenced
from wizard.journal.render.words import counted, folded, one_line, visible
from wizard.journal.transcript import Transcript

EVIL = (
    "</pre><script>alert(1)</script>",
    "``` \n# not a heading\n",
    "````````\nfree",
    "~~~\nfree\n~~~",
    "![x](http://evil.example/x.png)",
    "[link](javascript:alert(1)) <http://evil.example> www.evil.example https://evil.example",
    "[edit security ike] [/x] [bold]",
    "**bold** _it_ `code` | a | b |",
    "- item",
    "1. item",
    "+ item\n---\n===",
    "# heading #",
    "> quote",
    "<!-- &lt; &#60; -->",
    "\\",
    "a\\`b`",
    "| a | b |\n|---|---|\n| c | d |",
    "    indented",
    "[x]: http://evil.example",
    "$x^2$ @everyone :tada: ~~gone~~",
    "line\x1b[2J\x1b]0;title\x07\rover\x00\x9b31m",
    "\u202egnp.exe \u200b\u2066x\u2069 \ufeff",
    "'\"></h1><img src=x onerror=alert(1)>",
    "{{7*7}} %s %(a)s {near} {fact:x}",
)
ANYTHING = st.text(
    alphabet=st.one_of(st.sampled_from(list("`*_#[]()<>!|~-+=.:/\\&$@\"'\n\r\t 01a")), st.characters()),
    max_size=40,
)


def transcript(log: str = sample.PROOF) -> Transcript:
    return Transcript.of(sample.with_log(log))


def lines_of(text: str) -> str:
    return visible(text).rstrip("\n")


# --- all formats ----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_holds_the_whole_story(form: str) -> None:
    text = render(Transcript.of(sample.entries()), form)
    for part in (
        "The pre-shared keys differ",
        "gw-a",
        "gw-b",
        "MAC mismatched",
        "Put one key on both gateways.",
    ):
        assert part in text
    assert "swanctl --initiate --child net" in text


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_session_reads_the_same_each_time(form: str) -> None:
    assert render(transcript(), form) == render(transcript(), form)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kept", range(1, len(sample.entries()) + 1))
def test_an_unfinished_session_can_be_rendered_at_any_point(form: str, kept: int) -> None:
    assert "site" in render(Transcript.of(sample.entries()[:kept]), form)


@pytest.mark.parametrize("form", FORMATS)
def test_no_secret_of_a_journal_reaches_a_rendering(form: str) -> None:
    redactor = Redactor()
    entries = [replace(entry, event=redactor.record(entry.event)) for entry in sample.entries()]
    text = render(Transcript.of(entries), form)
    assert sample.CANARY not in text
    assert "redacted" in text


@pytest.mark.parametrize("form", FORMATS)
@given(text=ANYTHING)
def test_any_text_can_be_written_as_utf_8(form: str, text: str) -> None:
    assert render(transcript(f"x{text}"), form).encode("utf-8")


def test_another_format_is_refused() -> None:
    with pytest.raises(InputError, match="there is no format 'pdf'; take one of md, html, json, text, cast"):
        render(transcript(), "pdf")
    assert SUFFIXES.keys() == FORMATS.keys()


@pytest.mark.parametrize("form", ["md", "text"])
def test_the_first_screenful_says_cause_ends_proof_and_what_to_do(form: str) -> None:
    first = "\n".join(render(Transcript.of(sample.entries()), form).splitlines()[:20])
    assert "The pre-shared keys differ" in first
    assert "Certain at gw-a and gw-b." in first
    assert f"gw-b$ journalctl -u strongswan\n{sample.PROOF}" in first.replace("    ", "")
    assert "Put one key on both gateways." in first
    assert "2026-11-21 10:15:00 UTC" in first


def test_an_inconclusive_session_leads_with_what_could_not_be_seen() -> None:
    outcome = replace(sample.outcome(), status="inconclusive", causes=(), warnings=())
    entries = [*sample.entries()[:-1], replace(sample.entries()[-1], event=Ended(outcome))]
    text = render(Transcript.of(entries), "text")
    first = text.splitlines()[:22]
    assert any("Inconclusive." in line for line in first)
    assert any("gw-b: not known whether the route is there" in line for line in first)
    assert any("Which key do you use" in line for line in first)


def test_a_healthy_session_says_so_first() -> None:
    outcome = replace(sample.outcome(), status="healthy", causes=(), unseen=(), questions_for_peer=())
    entries = [*sample.entries()[:-1], replace(sample.entries()[-1], event=Ended(outcome))]
    assert render(Transcript.of(entries), "md").startswith("# ✓ site: Nothing is wrong with this tunnel\n")


# --- Markdown -------------------------------------------------------------------------------------

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def skeleton(text: str) -> list[str]:
    """The kinds of all tokens, neighbouring texts as one: what of a document is markup."""
    kinds: list[str] = []

    def walk(tokens: list[Token]) -> None:
        for token in tokens:
            kind = "text" if token.type in ("text", "text_special") else f"{token.type} {token.tag}"
            if not (kind == "text" and kinds and kinds[-1] == "text"):
                kinds.append(kind)
            walk(token.children or [])

    walk(PARSER.parse(text))
    return kinds


PLAIN = skeleton(render(transcript("harmless"), "md"))


@pytest.mark.parametrize("evil", EVIL)
def test_text_from_gateways_is_never_markup_in_markdown(evil: str) -> None:
    assert skeleton(render(transcript(evil), "md")) == PLAIN


@given(ANYTHING.filter(lambda text: one_line(text) != ""))
def test_no_text_at_all_is_markup_in_markdown(text: str) -> None:
    assert skeleton(render(transcript(text), "md")) == PLAIN


@given(ANYTHING)
def test_a_fence_shows_its_lines_as_they_are(text: str) -> None:
    shown = visible(text)
    (token,) = PARSER.parse(fenced(tuple(shown.split("\n"))))
    assert token.type == "fence"
    assert token.content == shown + "\n"


@given(ANYTHING)
def test_an_escaped_line_reads_as_it_was(text: str) -> None:
    rendered = PARSER.parseInline("x " + escaped(text))[0].children or []
    assert "".join(token.content for token in rendered) == f"x {one_line(text)}"


# --- HTML -----------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Collects tags, attributes and texts."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, Any]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("evil", EVIL)
def test_text_from_gateways_is_never_markup_in_html(evil: str) -> None:
    page = Page(render(transcript(evil), "html"))
    assert page.tags == Page(render(transcript("harmless"), "html")).tags
    assert any(lines_of(evil) in text for text in page.texts)


@given(ANYTHING.filter(lambda text: one_line(text) != ""))
def test_no_text_at_all_is_markup_in_html(text: str) -> None:
    assert Page(render(transcript(text), "html")).tags == Page(render(transcript("harmless"), "html")).tags


def test_a_page_loads_and_runs_nothing() -> None:
    page = Page(render(transcript(), "html"))
    names = {tag for tag, _ in page.tags}
    assert names.isdisjoint({"script", "link", "img", "iframe", "object", "a", "form"})
    policy = next(
        dict(attrs)["content"] for tag, attrs in page.tags if tag == "meta" and ("content") in dict(attrs)
    )
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"url\(|@import|https?:", render(transcript(), "html"))


# --- text and terminal recordings -----------------------------------------------------------------

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize("form", ["md", "html", "text"])
@pytest.mark.parametrize("evil", EVIL)
def test_nothing_can_move_the_cursor_or_turn_the_text(form: str, evil: str) -> None:
    assert not CONTROL.search(render(transcript(evil), form))


def test_running_text_fits_eighty_columns() -> None:
    for line in render(transcript("word " * 100), "text").splitlines():
        assert len(line) <= 80 or line.startswith("    ")


def cast(text: str) -> tuple[dict[str, Any], list[tuple[float, str, str]]]:
    first, *rest = [json.loads(line) for line in render(transcript(text), "cast").splitlines()]
    return first, [(at, kind, data) for at, kind, data in rest]


def test_a_recording_is_asciicast_version_2() -> None:
    header, events = cast("x")
    assert (header["version"], header["width"], header["height"]) == (2, 100, 30)
    assert header["timestamp"] == int(sample.BEGAN.timestamp())
    assert header["idle_time_limit"] == 2.0
    assert {kind for _, kind, _ in events} == {"o"}
    times = [at for at, _, _ in events]
    assert times == sorted(times)
    assert times[0] == 0.0
    assert times[-1] == 0.5 * (len(sample.entries()) - 1)


@pytest.mark.parametrize("evil", EVIL)
def test_a_recording_holds_no_escape_sequence_but_its_own(evil: str) -> None:
    _, events = cast(evil)
    screen = "".join(data for _, _, data in events)
    own = re.sub(r"\x1b\[[012]m|\r\n", "", screen)
    assert not CONTROL.search(own)
    assert "\n" not in own


def test_a_recording_shows_a_command_with_its_prompt_before_what_it_printed() -> None:
    _, events = cast("x")
    screen = "".join(data for _, _, data in events)
    assert screen.index("gw-a$") < screen.index("swanctl --stats") < screen.index("uptime: 4 seconds")


# --- JSON -----------------------------------------------------------------------------------------


def test_the_document_speaks_as_diagnose_does() -> None:
    document = json.loads(render(Transcript.of(sample.entries()), "json"))
    assert document["schema"] == 1
    assert (document["session"], document["tunnel"], document["status"]) == (
        "20261121T101500Z-site",
        "site",
        "fault",
    )
    assert document["causes"] == [
        {
            "id": "psk-mismatch",
            "title": "The pre-shared keys differ",
            "ends": ["gw-a", "gw-b"],
            "confidence": "certain",
            "summary": "gw-a and gw-b do not hold the same pre-shared key.",
            "evidence": [
                {
                    "end": "gw-b",
                    "probe": "ike-log",
                    "command": "journalctl -u strongswan",
                    "line": sample.PROOF,
                }
            ],
            "excludes": ["psk-missing"],
            "remedies": ["align-psk"],
            "next_step": "Put one key on both gateways.",
        }
    ]
    assert [warning["id"] for warning in document["warnings"]] == ["clock-skew"]
    assert document["path"] == ["triage.look-1", "triage.look-2", "triage.ask", "authentication.psk"]
    assert document["stats"] == {
        "elapsed_s": 1.92,
        "duration_s": 10.0,
        "connections": 2,
        "round_trips": 3,
        "commands": 3,
        "exercises": 1,
    }


def test_the_document_holds_outputs_whole() -> None:
    log = "\n".join(f"line {number}" for number in range(1000))
    document = json.loads(render(transcript(log), "json"))
    assert log in document["commands"][1]["stdout"]


# --- folding and visible text ---------------------------------------------------------------------


def test_a_long_output_is_shown_by_head_and_tail_with_a_mark() -> None:
    lines = folded("\n".join(f"line {number}" for number in range(1000)))
    assert lines[:2] == ("line 0", "line 1")
    assert lines[-1] == "line 999"
    assert "[… 960 lines left out …]" in lines
    assert len(lines) == 41


def test_a_proof_is_never_folded_away() -> None:
    lines = folded("\n".join(f"line {number}" for number in range(1000)), keep=["line 500", "line 502"])
    gap = lines.index("line 500")
    assert lines[gap - 1 : gap + 4] == (
        "[… 475 lines left out …]",
        "line 500",
        "[… 1 line left out …]",
        "line 502",
        "[… 482 lines left out …]",
    )


def test_a_short_output_stays_whole() -> None:
    text = "\n".join(f"line {number}" for number in range(60))
    assert folded(text + "\n") == tuple(text.split("\n"))
    assert folded("") == ()
    assert folded("\n\n") == ()


def test_a_long_line_is_cut_with_a_mark() -> None:
    (line,) = folded("x" * 1500)
    assert line == "x" * 1000 + " [… 500 characters left out …]"


def test_what_cannot_be_seen_is_written_out() -> None:
    assert visible("a\x1b[31m\x00\u202eb\x85\ud800") == "a\\x1b[31m\\x00\\u202eb\\x85\\ud800"
    assert visible("a\r\nb\rc\td") == "a\nb\nc\td"
    assert one_line(" a\n\tb  c ") == "a b c"


def test_numbers_agree_with_their_nouns() -> None:
    assert [counted(number, "time") for number in (0, 1, 2)] == ["0 times", "1 time", "2 times"]
