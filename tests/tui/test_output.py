from __future__ import annotations

import threading

from textual.widgets import OptionList, TextArea

from tests.tui import answers
from tests.tui.driving import finished, running, session_of, showing, text, until
from tests.tui.scripted import ScriptedDesk, ScriptedGateways
from wizard.ui.tui.screens.session import Session


async def test_raw_output_opens_at_the_line_of_evidence_and_closes_again() -> None:
    async with running(ScriptedDesk()) as pilot:
        session = await finished(pilot)
        await pilot.press("r")
        area = session.query_one("#output", TextArea)
        assert area.selected_text == answers.REFUSED.line
        await pilot.press("r")
        assert "Put one key on both gateways" in text(pilot.app)


async def test_raw_output_can_be_searched_from_hit_to_hit() -> None:
    async with running(ScriptedDesk()) as pilot:
        session = await finished(pilot)
        await pilot.press("r", "slash", *"charon", "enter")
        area = session.query_one("#output", TextArea)
        first = area.selection
        assert area.selected_text == "charon"
        await pilot.press("n")
        assert area.selected_text == "charon"
        assert area.selection.start > first.start
        await pilot.press("n")
        assert area.selection == first
        await pilot.press("slash", *"nowhere", "enter")
        await showing(pilot, "Not in this output")
        await pilot.press("slash", "escape")
        assert session.query_one("#raw").display
        await pilot.press("escape")
        assert not session.query_one("#raw").display
        assert isinstance(pilot.app.screen, Session)


async def test_raw_output_says_what_did_not_end_and_what_came_on_stderr() -> None:
    async with running(ScriptedDesk()) as pilot:
        session = await finished(pilot)
        await pilot.press("r", "up", "up")
        screen = text(pilot.app)
        await pilot.press("enter")
        area = session.query_one("#output", TextArea)
        await until(pilot, lambda: pilot.app.focused is area)
        assert "--- on stderr ---\ntimed out" in area.text
    assert "did not end" in screen


async def test_lists_of_the_session_are_never_empty_boxes() -> None:
    desk = ScriptedDesk(gateways=lambda: ScriptedGateways(gate=threading.Event()))
    async with running(desk) as pilot:
        session = await session_of(pilot)
        await showing(pilot, "s stops waiting")
        await pilot.press("r")
        await showing(pilot, "Nothing has been run yet")
        assert session.query_one("#commands", OptionList).option_count == 0


async def test_raw_output_of_an_earlier_stop_opens_at_that_stops_evidence() -> None:
    async with running(ScriptedDesk()) as pilot:
        session = await finished(pilot)
        await pilot.press("r", "home")
        assert "swanctl --list-conns" in str(session.query_one("#output").border_title)
        await pilot.press("r", "b", "r")
        assert session.query_one("#output", TextArea).selected_text == answers.REFUSED.line
        commands = session.query_one("#commands", OptionList)
        assert commands.highlighted == commands.option_count - 1
        await until(pilot, lambda: commands.scroll_y == commands.max_scroll_y)
