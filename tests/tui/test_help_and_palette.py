from __future__ import annotations

from textual.command import CommandInput, CommandList, CommandPalette

from tests.tui.driving import finished, on_top, running, showing, text, until
from tests.tui.scripted import ScriptedDesk
from wizard.ui.tui import keys
from wizard.ui.tui.screens.help import Help
from wizard.ui.tui.screens.home import Home
from wizard.ui.tui.screens.session import Session


async def test_help_lists_every_key_of_the_session_and_explains_the_marks() -> None:
    async with running(ScriptedDesk(), size=(120, 70)) as pilot:
        await finished(pilot)
        await pilot.press("f1")
        await on_top(pilot, Help)
        screen = text(pilot.app)
        await pilot.press("f1")
        assert sum(isinstance(shown, Help) for shown in pilot.app.screen_stack) == 1
        await pilot.press("escape")
        await on_top(pilot, Session)
    for binding in (*keys.SESSION, *keys.RAW):
        assert binding.tooltip in screen
        assert str(binding.id) in screen
    for words in ("Ctrl+P", "Ctrl+Q", "✓ ok", "! warn", "✗ fail", "? unknown", "… running", "--plain"):
        assert words in screen


async def test_help_of_home_lists_the_symptoms_keys() -> None:
    async with running(ScriptedDesk(), start=None, size=(120, 60)) as pilot:
        await pilot.press("f1")
        await showing(pilot, "begin: It is up, but nothing passes", "show only tunnels whose name fits")
        await pilot.click("#close")
        await on_top(pilot, Home)


async def test_help_scrolls_with_the_arrow_keys_where_it_does_not_fit() -> None:
    async with running(ScriptedDesk()) as pilot:
        await finished(pilot)
        await pilot.press("f1")
        await showing(pilot, "On this screen")
        await pilot.press("end")
        await showing(pilot, "screen readers")


def test_every_key_has_an_id_and_a_tooltip_and_ids_name_one_action() -> None:
    bindings = [*keys.APP, *keys.HOME, *keys.SESSION, *keys.RAW, *keys.CONFIRM, *keys.TROUBLE, *keys.EXPORT]
    assert all(binding.id and binding.tooltip for binding in bindings)
    named = {(binding.id, binding.action.partition("(")[0].removeprefix("app.")) for binding in bindings}
    assert len({ident for ident, _ in named}) == len(named)


def test_no_key_is_one_that_terminals_eat() -> None:
    eaten = {"ctrl+h", "ctrl+i", "ctrl+m", "ctrl+j", "ctrl+s"}
    for binding in (*keys.HOME, *keys.SESSION, *keys.RAW, *keys.DIALOG, *keys.CONFIRM):
        assert not eaten & set(binding.key.split(","))


async def test_the_palette_jumps_to_a_stop() -> None:
    async with running(ScriptedDesk(), size=(120, 40)) as pilot:
        session = await finished(pilot)
        await _run(pilot, "go to: Is the tunnel")
        await until(pilot, lambda: session.at == 2)


async def test_the_palette_saves_a_transcript_by_the_name_of_its_form() -> None:
    desk = ScriptedDesk()
    async with running(desk, size=(120, 40)) as pilot:
        await finished(pilot)
        await _run(pilot, "export: JSON")
        await showing(pilot, "✓ Saved to")
    assert desk.exported == [("20261121T101500Z-site", "json")]


async def test_the_palette_changes_the_theme() -> None:
    async with running(ScriptedDesk(), start=None) as pilot:
        await _run(pilot, "theme: wizard-high")
        await until(pilot, lambda: pilot.app.theme == "wizard-high-contrast")


async def test_the_palette_of_home_picks_a_tunnel_and_opens_a_session() -> None:
    async with running(ScriptedDesk(), start=None) as pilot:
        await showing(pilot, "✗ fault")
        await _run(pilot, "check: partner")
        home = await on_top(pilot, Home)
        assert home.chosen == "partner"
        await _run(pilot, "open: site 20 Nov")
        await on_top(pilot, Session)


async def test_the_palette_offers_a_short_list_before_anything_is_typed() -> None:
    async with running(ScriptedDesk(), size=(120, 40)) as pilot:
        await finished(pilot)
        await pilot.press("ctrl+p")
        await on_top(pilot, CommandPalette)
        screen = await showing(pilot, "export: Markdown", "show: raw output", "copy: command")
    assert "export: JSON" not in screen
    assert "go to: Is the tunnel" not in screen


async def _run(pilot: object, typed: str) -> None:
    await pilot.press("ctrl+p")  # type: ignore[attr-defined]
    await on_top(pilot, CommandPalette)  # type: ignore[arg-type]
    app = pilot.app  # type: ignore[attr-defined]
    app.screen.query_one(CommandInput).value = typed
    await until(pilot, lambda: app.screen.query_one(CommandList).option_count == 1)  # type: ignore[arg-type]
    await pilot.press("enter")  # type: ignore[attr-defined]
    await until(pilot, lambda: not isinstance(app.screen, CommandPalette))  # type: ignore[arg-type]
