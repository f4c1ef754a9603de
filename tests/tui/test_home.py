from __future__ import annotations

from textual.widgets import Input, OptionList

from tests.tui import plots
from tests.tui.driving import on_top, running, session_of, showing, text, until
from tests.tui.scripted import DEMO, ScriptedDesk
from wizard.errors import SessionError
from wizard.ui.tui.screens.export import Export
from wizard.ui.tui.screens.home import Home
from wizard.ui.tui.screens.session import Session
from wizard.ui.tui.screens.trouble import Trouble


async def test_home_shows_tunnels_symptoms_and_earlier_sessions_with_symbol_and_word() -> None:
    async with running(ScriptedDesk(), start=None) as pilot:
        screen = await showing(pilot, "✗ fault", "✓ healthy", "… unfinished")
    assert "gw-a ⇄ gw-b" in screen
    assert "It is up, but nothing passes" in screen
    assert "20 Nov 08:15 UTC" in screen


async def test_the_highlighted_tunnel_is_told_in_full() -> None:
    async with running(ScriptedDesk(), start=None) as pilot:
        await showing(pilot, "gw-a (192.0.2.1) ⇄ gw-b (198.51.100.1)")
        await pilot.press("down")
        await showing(pilot, "203.0.113.9 kept by partner's network team")


async def test_enter_twice_begins_a_session_for_the_first_tunnel_and_symptom() -> None:
    desk = ScriptedDesk()
    async with running(desk, start=None) as pilot:
        await pilot.press("enter", "enter")
        session = await session_of(pilot)
    assert (session.session.tunnel, desk.begun[0].symptom) == ("site", "never-up")


async def test_keys_alone_reach_the_second_tunnel_and_the_third_symptom() -> None:
    desk = ScriptedDesk()
    async with running(desk, start=None) as pilot:
        await pilot.press("down", "tab", "down", "down", "enter")
        session = await session_of(pilot)
    assert (session.session.tunnel, desk.begun[0].symptom) == ("partner", "no-traffic")


async def test_a_digit_begins_with_that_symptom_at_once() -> None:
    desk = ScriptedDesk()
    async with running(desk, start=None) as pilot:
        await pilot.press("5")
        await session_of(pilot)
    assert desk.begun[0].symptom == "check"


async def test_the_mouse_alone_begins_a_session() -> None:
    desk = ScriptedDesk()
    async with running(desk, start=None) as pilot:
        await pilot.click("#tunnels", offset=(4, 4))
        await until(pilot, lambda: pilot.app.focused is not None and pilot.app.focused.id == "symptoms")
        await pilot.click("#symptoms", offset=(6, 3))
        session = await session_of(pilot)
    assert (session.session.tunnel, desk.begun[0].symptom) == ("partner", "drops")


async def test_find_leaves_only_tunnels_that_fit_and_escape_brings_all_back() -> None:
    async with running(ScriptedDesk(), start=None) as pilot:
        await pilot.press("slash", *"203.0")
        tunnels = pilot.app.screen.query_one("#tunnels", OptionList)
        assert [option.id for option in tunnels.options] == ["partner"]
        await pilot.press("escape")
        assert [option.id for option in tunnels.options] == ["site", "partner"]
        assert not pilot.app.screen.query_one("#filter", Input).display


async def test_digits_in_the_search_field_are_text_and_begin_nothing() -> None:
    desk = ScriptedDesk()
    async with running(desk, start=None) as pilot:
        await pilot.press("slash", "1", "q")
        assert pilot.app.screen.query_one("#filter", Input).value == "1q"
        await pilot.press("enter")
        assert pilot.app.focused is not None
        assert pilot.app.focused.id == "tunnels"
    assert desk.begun == []


async def test_search_without_a_fit_says_how_to_get_back() -> None:
    async with running(ScriptedDesk(), start=None) as pilot:
        await pilot.press("slash", *"nothing")
        assert "Escape shows all" in text(pilot.app)


async def test_an_empty_inventory_and_no_sessions_say_what_to_do() -> None:
    async with running(ScriptedDesk(rows=(), earlier=()), start=None, size=(120, 40)) as pilot:
        screen = await showing(pilot, "No sessions yet")
        await pilot.press("5")
        await pilot.pause()
        assert isinstance(pilot.app.screen, Home)
    assert "ipsec-wizard init" in screen
    assert "ipsec-wizard demo" in screen


async def test_the_demo_lists_what_can_be_wrong_and_proposes_the_symptom() -> None:
    desk = ScriptedDesk(demo=DEMO, plot=plots.healthy)
    async with running(desk, start=None) as pilot:
        screen = await showing(pilot, "What shall be wrong?", "nothing real is touched")
        assert "one digit was mistyped at one end" in screen
        await pilot.press("down")
        await showing(pilot, "ESP is filtered on the way", "the tunnel is up and nothing passes")
        await pilot.press("enter", "enter")
        session = await session_of(pilot)
    assert (session.session.tunnel, desk.begun[0].symptom) == ("esp-filtered", "no-traffic")


async def test_a_finished_session_opens_at_its_finding_without_touching_a_gateway() -> None:
    desk = ScriptedDesk()
    async with running(desk, start=None) as pilot:
        await showing(pilot, "✗ fault")
        await pilot.press("tab", "tab", "enter")
        await on_top(pilot, Session)
        screen = await showing(pilot, "Put one key on both gateways")
        await pilot.press("escape")
        await on_top(pilot, Home)
    assert "✗ The pre-shared keys differ" in screen
    assert desk.made == []


async def test_an_unfinished_session_goes_on_where_it_stopped() -> None:
    desk = ScriptedDesk()
    async with running(desk, start=None) as pilot:
        await showing(pilot, "unfinished")
        await pilot.press("tab", "tab", "down", "down", "enter")
        await showing(pilot, "May I try this tunnel?")
        await pilot.press("y")
        await showing(pilot, "✗ The pre-shared keys differ")
    assert desk.made[0].carried_out == ["ike-four-points"]


async def test_an_unfinished_session_of_a_tunnel_no_longer_known_can_still_be_read() -> None:
    desk = ScriptedDesk(rows=ScriptedDesk().rows[:1])
    async with running(desk, start=None) as pilot:
        await showing(pilot, "unfinished")
        await pilot.press("tab", "tab", "down", "down", "enter")
        await showing(pilot, "It can be looked at, not", "no tunnel is named 'partner'")
        assert "… unfinished" in text(pilot.app)
        await pilot.press("escape")
        await on_top(pilot, Home)


async def test_a_session_that_cannot_be_read_is_explained() -> None:
    desk = ScriptedDesk()

    def unreadable(session: str) -> None:
        raise SessionError(f"{session} was written by a newer version", advice="upgrade the wizard")

    desk.open_session = unreadable  # type: ignore[assignment, method-assign]
    async with running(desk, start=None) as pilot:
        await showing(pilot, "✗ fault")
        await pilot.press("tab", "tab", "enter")
        await on_top(pilot, Trouble)
        screen = text(pilot.app)
        await pilot.press("escape")
        await on_top(pilot, Home)
    assert "was written by a newer version" in screen
    assert "upgrade the wizard" in screen


async def test_an_unknown_tunnel_on_the_command_line_is_explained_on_the_home_screen() -> None:
    async with running(ScriptedDesk(), start=("nowhere", None)) as pilot:
        await on_top(pilot, Trouble)
        assert "no tunnel is named 'nowhere'" in text(pilot.app)
        assert "write site or partner" in text(pilot.app)


async def test_a_tunnel_without_symptom_on_the_command_line_asks_for_the_symptom() -> None:
    async with running(ScriptedDesk(), start=("partner", None)) as pilot:
        await until(pilot, lambda: pilot.app.focused is not None and pilot.app.focused.id == "symptoms")
        assert isinstance(pilot.app.screen, Home)
        assert pilot.app.screen.chosen == "partner"


async def test_a_transcript_can_be_saved_from_the_list_of_sessions() -> None:
    desk = ScriptedDesk()
    async with running(desk, start=None) as pilot:
        await showing(pilot, "✗ fault")
        await pilot.press("x")
        await on_top(pilot, Export)
        await pilot.press("2")
        await showing(pilot, "✓ Saved to")
    assert desk.exported == [("20261120T081500Z-site", "html")]


async def test_q_quits_from_home() -> None:
    async with running(ScriptedDesk(), start=None) as pilot:
        await pilot.press("q")
        await pilot.pause()
        assert not pilot.app.is_running or pilot.app.return_code == 0
