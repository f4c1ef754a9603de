from __future__ import annotations

import threading

import pytest
from textual.color import Color

from tests.tui import obstacles, plots
from tests.tui.driving import finished, footer, on_top, running, session_of, showing, text, until
from tests.tui.scripted import ScriptedDesk, ScriptedGateways
from wizard.ui.tui.look import THEMES, WITHOUT_COLOUR, Look, needs_ascii
from wizard.ui.tui.screens.confirm import Confirm
from wizard.ui.tui.screens.home import Home
from wizard.ui.tui.screens.mend import Remedies


@pytest.mark.parametrize("size", [(59, 24), (80, 15), (20, 5), (1, 1)])
async def test_a_terminal_too_small_is_told_so_and_nothing_crashes(size: tuple[int, int]) -> None:
    async with running(ScriptedDesk(), start=None, size=size) as pilot:
        if size[0] >= 20:
            await showing(pilot, f"has {size[0]} columns and", "needs 60 and 16")
        await pilot.press("enter", "5")
        await pilot.pause()
        assert isinstance(pilot.app.screen, Home)


async def test_keys_do_nothing_that_cannot_be_seen_and_the_focus_comes_back() -> None:
    desk = ScriptedDesk()
    async with running(desk) as pilot:
        await on_top(pilot, Confirm)
        await pilot.resize_terminal(50, 10)
        await showing(pilot, "has 50 columns")
        await pilot.press("y", "enter", "n", "escape")
        assert isinstance(pilot.app.screen, Confirm)
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: pilot.app.focused is not None and pilot.app.focused.id == "no")
        await pilot.press("y")
        await showing(pilot, "✗ fault")
    assert desk.made[0].carried_out == ["collect", "ike-four-points"]


async def test_quitting_works_even_where_nothing_fits() -> None:
    async with running(ScriptedDesk(), start=None, size=(30, 8)) as pilot:
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert pilot.app.return_code == 0


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (99, 30), (100, 36), (200, 60)])
async def test_every_screen_fits_every_terminal(size: tuple[int, int]) -> None:
    async with running(ScriptedDesk(), start=None, size=size) as pilot:
        await showing(pilot, "Which tunnel?")
        await pilot.press("f1")
        await showing(pilot, "Keys and marks")
        await pilot.press("escape", "enter", "enter")
        await finished(pilot)
        for key in ("e", "b", "r", "r"):
            await pilot.press(key)
            lines = text(pilot.app).splitlines()
            assert len(lines) <= size[1]
            assert max(len(line) for line in lines) <= size[0]


async def test_at_most_five_keys_stand_in_the_footer_and_they_fit_80_columns() -> None:
    gate = threading.Event()
    desk = ScriptedDesk(plot=plots.question, gateways=lambda: ScriptedGateways(gate=gate))
    seen: list[list[str]] = []
    async with running(desk, start=None) as pilot:
        await showing(pilot, "✗ fault")
        seen.append(footer(pilot.app))
        await pilot.press("enter", "enter")
        await showing(pilot, "s stops waiting")
        seen.append(footer(pilot.app))
        await pilot.press("r")
        seen.append(footer(pilot.app))
        await pilot.press("r")
        gate.set()
        await showing(pilot, "Your answer")
        seen.append(footer(pilot.app))
        await pilot.press("b")
        seen.append(footer(pilot.app))
        await pilot.press("enter", "1")
        await finished(pilot)
        seen.append(footer(pilot.app))
        await pilot.press("b")
        seen.append(footer(pilot.app))
        await pilot.press("r", "slash", "a", "enter")
        seen.append(footer(pilot.app))
    assert seen == [
        ["Choose", "Find", "Export", "Help", "Quit"],
        ["Stop", "Back", "Raw", "Help"],
        ["Find", "Stop", "Raw", "Help"],
        ["Choose", "Evidence", "Back", "Raw", "Help"],
        ["Continue", "Evidence", "Back", "Raw", "Help"],
        ["Mend it", "Export", "New check", "Evidence", "Help"],
        ["Continue", "Evidence", "Back", "Raw", "Help"],
        ["Find", "Next hit", "Raw", "Help"],
    ]


async def test_keys_of_the_footer_can_be_clicked() -> None:
    async with running(ScriptedDesk()) as pilot:
        await finished(pilot)
        await pilot.click("Footer", offset=(text(pilot.app).splitlines()[-1].index("Mend it"), 0))
        await on_top(pilot, Remedies)


async def test_without_utf8_every_cell_of_every_screen_is_ascii() -> None:
    async with running(ScriptedDesk(), start=None, ascii=True, size=(120, 40)) as pilot:
        await showing(pilot, "x fault", "+ healthy")
        assert text(pilot.app).isascii()
        await pilot.press("f1")
        await showing(pilot, "x fail")
        assert text(pilot.app).isascii()
        await pilot.press("escape", "enter", "enter")
        session = await session_of(pilot)
        await showing(pilot, "May I try this tunnel?")
        assert text(pilot.app).isascii()
        await pilot.press("y")
        await until(pilot, lambda: session.story.outcome is not None and session.is_active)
        screen = await showing(pilot, "-- x --", "[+ gw-a]", "x The pre-shared keys differ")
        assert text(pilot.app).isascii()
        await pilot.press("x", "1")
        await showing(pilot, "+ Saved to")
        assert "fail" in screen


async def test_the_secret_field_is_masked_in_ascii_too() -> None:
    desk = ScriptedDesk(gateways=lambda: ScriptedGateways(obstacles=[obstacles.secret()]))
    async with running(desk, ascii=True) as pilot:
        await showing(pilot, "asks for a password")
        await pilot.press(*"hidden")
        assert "hidden" not in text(pilot.app)
        assert "******" in text(pilot.app)


@pytest.mark.parametrize(
    ("term", "encoding", "ascii_only"),
    [
        ("xterm-256color", "UTF-8", False),
        ("xterm-256color", "utf8", False),
        ("xterm", "ISO-8859-1", True),
        ("xterm", "ANSI_X3.4-1968", True),
        ("linux", "UTF-8", True),
    ],
)
def test_terminals_that_cannot_show_check_marks_are_known(
    monkeypatch: pytest.MonkeyPatch, term: str, encoding: str, ascii_only: bool
) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr("locale.getencoding", lambda: encoding)
    assert needs_ascii() is ascii_only
    assert Look().ascii is ascii_only


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_mark_can_be_read_on_its_theme_and_none_is_green(theme: object) -> None:
    name = theme.name  # type: ignore[attr-defined]
    variables, ground = theme.variables, Color.parse(theme.background)  # type: ignore[attr-defined]
    wanted = 7.0 if name.endswith("high-contrast") else 4.5
    for mark in ("mark-ok", "mark-warn", "mark-fail", "mark-unknown", "mark-running"):
        colour = Color.parse(variables[mark])
        assert _contrast(colour, ground) >= wanted, (name, mark)
        assert not (colour.g > colour.r and colour.g > colour.b), (name, mark)


def _contrast(one: Color, two: Color) -> float:
    """Ratio of luminances as WCAG 2 defines it, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Color) -> float:
    parts = [part / 255 for part in (colour.r, colour.g, colour.b)]
    red, green, blue = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


async def test_a_keymap_changes_keys_by_their_ids() -> None:
    async with running(ScriptedDesk(), keymap={"session.back": "f7"}) as pilot:
        session = await finished(pilot)
        await pilot.press("f7")
        assert session.looking_back
        await pilot.press("escape", "b")
        assert not session.looking_back
        await pilot.press("f1")
        line = next(line for line in text(pilot.app).splitlines() if "look at the stop before" in line)
        assert "f7" in line


async def test_an_unknown_theme_falls_back_and_a_known_one_is_taken() -> None:
    for wanted, taken in (("no-such-theme", "wizard"), ("wizard-light", "wizard-light")):
        async with running(ScriptedDesk(), start=None, theme=wanted) as pilot:
            assert pilot.app.theme == taken
            assert set(pilot.app.available_themes) == {theme.name for theme in THEMES}


async def test_no_color_takes_the_theme_in_which_what_is_wrong_is_brightest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with running(ScriptedDesk(), start=None) as pilot:
        assert pilot.app.theme == WITHOUT_COLOUR.name
    light = {
        mark: _luminance(Color.parse(value))
        for mark, value in WITHOUT_COLOUR.variables.items()
        if "mark" in mark
    }
    assert light["mark-fail"] == max(light.values())
    assert light["mark-unknown"] == min(light.values())
