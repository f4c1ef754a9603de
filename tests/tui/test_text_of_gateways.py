from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widgets import TextArea

from tests.tui import answers, plots
from tests.tui.driving import finished, running, showing, text
from tests.tui.scripted import EARLIER, PARTNER, SITE, ScriptedDesk, ScriptedGateways
from wizard.engine.model import (
    Branched,
    Collect,
    Collected,
    Ended,
    Entered,
    Event,
    Finding,
    Finish,
    Found,
    Mapped,
    Outcome,
    Reply,
    Request,
    Requested,
    Segment,
    Warned,
)
from wizard.errors import WizardError
from wizard.facts.model import Evidence, Fact
from wizard.ui.conduct import EndRow, SessionRow, TunnelRow
from wizard.ui.tui.story import LEGS
from wizard.ui.tui.widgets.raw import LONGEST_LINE, clean, literal, one_line

HOSTILE = "security> [edit security ike] [/x] [@click=app.quit]q[/] \x1b]0;title\x07\x1b[31m漢字\u202e$var"
SEEN = "[edit security ike] [/x] [@click=app.quit]q[/] 漢字$var"


def _hostile(request: Request, reply: Reply) -> tuple[Event, ...]:
    """A session in which every text a gateway or a tree can fill is hostile."""
    proof = Evidence("gw-a", "p", HOSTILE, HOSTILE)
    fact = Fact("near.disk_difference", HOSTILE, (proof,))
    unknown = Fact("far.disk_difference", None, why_unknown=HOSTILE)
    finding = Finding(HOSTILE, HOSTILE, (HOSTILE,), "likely", HOSTILE, (proof,), (HOSTILE,), (), HOSTILE)
    outcome = Outcome("fault", (finding,), (finding,), (HOSTILE,), (HOSTILE,), (HOSTILE,))
    if isinstance(request, Collect):
        return (
            Entered("t.n", "check", HOSTILE, HOSTILE),
            Branched("t.n", "fail", HOSTILE, (fact, unknown), "t.m", HOSTILE),
            Mapped(tuple(Segment(leg, "fail", HOSTILE) for leg in LEGS)),
            Warned(finding),
            Found(finding),
            Requested(Finish(outcome)),
            Ended(outcome),
        )
    raise AssertionError


def _desk() -> ScriptedDesk:
    record = answers.STORE["collect"].records[2]
    said = Collected((), (record,), problem=HOSTILE)
    return ScriptedDesk(plot=_hostile, gateways=lambda: ScriptedGateways({"collect": said}))


async def test_no_text_of_a_gateway_is_ever_taken_for_markup_on_any_page_of_a_session() -> None:
    async with running(_desk(), size=(160, 60)) as pilot:
        await showing(pilot, "Do now     security> [edit security ike]", "Ask them")
        assert text(pilot.app).count("[edit security ike]") >= 8
        await pilot.press("e", "w", "b")
        await showing(pilot, f"Why        security> {SEEN}", f"Answer     ✗ fail  security> {SEEN}")
        await showing(pilot, f"Rule       security> {SEEN}")
        await pilot.press("r")
        await showing(pilot, f"gw-a $ {record_command()}")
        await pilot.press("slash", *"[/x]", "enter")
        assert pilot.app.screen.query_one("#output", TextArea).selected_text == "[/x]"
        await pilot.press("slash", *"[/z]", "enter")
        await showing(pilot, "Not in this output: [/z]")


def record_command() -> str:
    return answers.STORE["collect"].records[2].command


async def test_wide_characters_long_lines_and_escapes_of_an_output_are_shown_and_harmless() -> None:
    async with running(ScriptedDesk()) as pilot:
        session = await finished(pilot)
        await pilot.press("r", *["up"] * 4)
        area = session.query_one("#output", TextArea)
        assert area.text.startswith(f"{answers.BANNER}\n[/x] red 漢字 wide\n")
        assert area.text.endswith("more characters)")
        assert max(len(line) for line in area.text.split("\n")) < LONGEST_LINE + 40
        assert "漢字 wide" in text(pilot.app)


async def test_names_of_an_inventory_and_summaries_of_journals_are_text_too() -> None:
    ends = EndRow("[edit]", inside=HOSTILE), EndRow("[/b]", managed=False, managed_by=HOSTILE)
    row = SessionRow("s", HOSTILE, EARLIER[0].started, "check", "fault", HOSTILE)
    desk = ScriptedDesk(rows=(SITE, PARTNER, TunnelRow("[/t]", *ends)), earlier=(row,))
    async with running(desk, start=None, size=(160, 40)) as pilot:
        await showing(pilot, "[/t]", f"✗ fault        20 Nov 08:15 UTC  security> {SEEN}")
        assert "  [edit] ⇄ [/b]" in text(pilot.app)
        await pilot.press("end")
        await showing(pilot, f"[edit] ⇄ [/b] kept by security> {SEEN}")


async def test_an_error_text_is_text_too() -> None:
    desk = ScriptedDesk(trouble=WizardError(HOSTILE, advice=HOSTILE))
    async with running(desk, size=(120, 40)) as pilot:
        await finished(pilot)
        await pilot.press("x", "1")
        await showing(pilot, "Happened", "[edit security ike]")


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]52;c;c2VjcmV0\x07copied", "copied"),
        ("\x1b]0;title\x1b\\rest", "rest"),
        ("a\r\nb\r", "a\nb"),
        ("10%\r20%\r30%", "10%\n20%\n30%"),
        ("bell\x07 null\x00", "bell? null?"),
        ("tab\tx", "tab     x"),
        ("left\u202eright\u2066", "leftright"),
        ("\x9b31mc1", "c1"),
        ("lone \ud800", "lone ?"),
    ],
)
def test_what_a_terminal_would_act_on_is_taken_out(given_text: str, shown: str) -> None:
    assert clean(given_text) == shown


def test_a_line_without_end_is_cut_and_says_so_while_short_lines_stay_whole() -> None:
    text_with_one = "short\n" + "x" * (LONGEST_LINE + 7)
    lines = clean(text_with_one).split("\n")
    assert lines[0] == "short"
    assert lines[1] == "x" * LONGEST_LINE + "… (7 more characters)"


@given(st.text())
def test_cleaned_text_holds_no_control_character_but_the_line_feed(anything: str) -> None:
    cleaned = clean(anything)
    assert not [char for char in cleaned if (ord(char) < 32 and char != "\n") or 127 <= ord(char) < 160]


@given(st.text())
def test_literal_text_is_what_it_was_and_one_line_is_one_line(anything: str) -> None:
    assert literal(anything, "bold").plain == clean(anything)
    assert "\n" not in one_line(anything).plain


def test_the_plots_speak_of_causes_the_flow_knows() -> None:
    known = plots.flow().causes
    assert {"psk-mismatch", "psk-missing", "id-mismatch", "daemon-not-running"} <= set(known)
