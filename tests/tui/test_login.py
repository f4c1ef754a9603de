from __future__ import annotations

import pytest
from textual.widgets import Input

from tests.tui import obstacles
from tests.tui.driving import on_top, running, session_of, showing, text, until
from tests.tui.scripted import ScriptedDesk, ScriptedGateways
from wizard.ui.tui.screens.login import AskSecret, ChangedKey, UnknownKey
from wizard.ui.tui.screens.session import Session

CANARY = "canary-7f3"


def desk_with(*obstacles_first: Exception) -> ScriptedDesk:
    return ScriptedDesk(gateways=lambda: ScriptedGateways(obstacles=obstacles_first))


async def test_a_password_is_asked_for_masked_handed_on_and_the_request_repeated() -> None:
    desk = desk_with(obstacles.secret())
    async with running(desk) as pilot:
        await on_top(pilot, AskSecret)
        screen = await showing(
            pilot, "gw-b asks for a password", "root@gw-b's password:", "root@172.31.0.12:22"
        )
        await pilot.press(*CANARY)
        assert CANARY not in text(pilot.app)
        assert "••••" in text(pilot.app)
        await pilot.press("enter")
        await showing(pilot, "May I try this tunnel?")
    assert "never written, logged or shown" in screen
    assert desk.made[0].provided == [CANARY]
    assert desk.made[0].carried_out == ["collect"]


async def test_the_secret_stays_in_no_widget_event_or_clipboard() -> None:
    desk = desk_with(obstacles.secret("passphrase"))
    async with running(desk) as pilot:
        field = (await on_top(pilot, AskSecret)).query_one(Input)
        await pilot.press(*CANARY)
        assert field.value == CANARY
        await pilot.press("enter")
        await showing(pilot, "May I try this tunnel?")
        assert field.value == ""
        assert CANARY not in pilot.app.clipboard
    assert CANARY not in repr(desk.begun[0].events)


async def test_a_refused_password_says_so_and_asks_again() -> None:
    desk = desk_with(obstacles.secret(), obstacles.secret(refused=True))
    async with running(desk) as pilot:
        await on_top(pilot, AskSecret)
        await pilot.press("a", "enter")
        await showing(pilot, "what was given before was not accepted")
        await pilot.press("b")
        await pilot.click("#give")
        await showing(pilot, "May I try this tunnel?")
    assert desk.made[0].provided == ["a", "b"]


@pytest.mark.parametrize("way", ["escape", "button"])
async def test_a_secret_can_be_withheld_and_the_session_goes_on_without_the_gateway(way: str) -> None:
    need = obstacles.secret("sudo")
    desk = desk_with(need)
    async with running(desk) as pilot:
        await showing(pilot, "gw-b asks for the password for sudo")
        if way == "escape":
            await pilot.press("escape")
        else:
            await pilot.press("tab", "tab", "enter")
        await showing(pilot, "May I try this tunnel?")
    assert desk.made[0].refused == [need]
    assert desk.made[0].provided == []


async def test_an_unknown_host_key_shows_its_fingerprint_and_yes_accepts_it_once() -> None:
    key = obstacles.unknown_key(port=2222)
    desk = desk_with(key)
    async with running(desk) as pilot:
        await on_top(pilot, UnknownKey)
        screen = await showing(pilot, "Is this really gw-b?", obstacles.SHOWN, ":2222")
        await pilot.press("y")
        await showing(pilot, "May I try this tunnel?")
    assert "ssh-ed25519" in screen
    assert desk.made[0].accepted == [key]


@pytest.mark.parametrize("way", ["enter", "escape", "n"])
async def test_an_unknown_host_key_is_not_accepted_by_haste(way: str) -> None:
    key = obstacles.unknown_key()
    desk = desk_with(key)
    async with running(desk) as pilot:
        await on_top(pilot, UnknownKey)
        await pilot.press(way)
        await showing(pilot, "May I try this tunnel?")
    assert desk.made[0].accepted == []
    assert desk.made[0].refused == [key]


@pytest.mark.parametrize("way", ["y", "enter", "escape"])
async def test_a_changed_host_key_is_a_full_stop_whatever_key_is_pressed(way: str) -> None:
    key = obstacles.changed_key()
    desk = desk_with(key)
    async with running(desk) as pilot:
        await on_top(pilot, ChangedKey)
        screen = await showing(pilot, obstacles.SHOWN, obstacles.KNOWN, "known_hosts:7", "take line 7 out")
        await pilot.press(way)
        if way == "y":
            await pilot.pause()
            assert isinstance(pilot.app.screen, ChangedKey)
            await pilot.click("#on")
        await showing(pilot, "May I try this tunnel?")
    assert "left alone" in screen
    assert desk.made[0].accepted == []
    assert desk.made[0].refused == [key]


async def test_the_prompt_of_a_gateway_is_text_and_not_markup() -> None:
    need = obstacles.secret("answer", prompt="[bold]Code[/x] \x1b[2J for [edit]:")
    async with running(desk_with(need)) as pilot:
        await showing(pilot, "[bold]Code[/x] for [edit]:")


async def test_while_a_dialog_waits_the_session_behind_it_is_untouched() -> None:
    desk = desk_with(obstacles.secret())
    async with running(desk) as pilot:
        await on_top(pilot, AskSecret)
        session = await session_of(pilot)
        await pilot.press("f1")
        await pilot.press("escape")
        await on_top(pilot, AskSecret)
        assert session.operator is not None
        await pilot.press("escape")
        await until(pilot, lambda: desk.made[0].refused)
        assert isinstance(session, Session)
