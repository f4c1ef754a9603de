"""Pictures of the screens users see; `pytest --snapshot-update` takes them anew after a wanted change."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui import mends, obstacles, plots
from tests.tui.driving import SITE, application, finished, on_top, showing, to_keep, to_plan
from tests.tui.scripted import DEMO, ScriptedDesk, ScriptedGateways
from wizard.ui.tui.screens.login import ChangedKey

Snap = Callable[..., bool]
Steps = Callable[[Pilot[None]], Awaitable[object]]

NARROW, MIDDLE, WIDE = (80, 24), (120, 36), (120, 40)


def taken(snap: Snap, desk: ScriptedDesk, steps: Steps, size: tuple[int, int], **settings: Any) -> bool:
    """Compares the screen after these steps with its picture."""

    async def before(pilot: Pilot[None]) -> None:
        await pilot.pause()
        await steps(pilot)
        await pilot.pause()

    start = settings.pop("start", SITE)
    return snap(application(desk, start=start, **settings), run_before=before, terminal_size=size)


def test_home(snap_compare: Snap) -> None:
    assert taken(snap_compare, ScriptedDesk(), lambda pilot: showing(pilot, "✗ fault"), NARROW, start=None)


def test_home_of_the_demo(snap_compare: Snap) -> None:
    desk = ScriptedDesk(demo=DEMO, earlier=())
    assert taken(snap_compare, desk, lambda pilot: showing(pilot, "No sessions yet"), WIDE, start=None)


def test_gateways_being_read(snap_compare: Snap) -> None:
    gates = ScriptedGateways(gate=threading.Event())
    desk = ScriptedDesk(gateways=lambda: gates)
    assert taken(snap_compare, desk, lambda pilot: showing(pilot, "command 3 of 41", "40 commands"), WIDE)


def test_permission(snap_compare: Snap) -> None:
    assert taken(snap_compare, ScriptedDesk(), lambda pilot: showing(pilot, "May I try"), NARROW)


def test_question(snap_compare: Snap) -> None:
    desk = ScriptedDesk(plot=plots.question)
    assert taken(snap_compare, desk, lambda pilot: showing(pilot, "Your answer"), NARROW)


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])
def test_finding(snap_compare: Snap, size: tuple[int, int]) -> None:
    assert taken(snap_compare, ScriptedDesk(), finished, size)


def test_stop_with_both_ends_side_by_side(snap_compare: Snap) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await finished(pilot)
        await pilot.press("b", "w")

    assert taken(snap_compare, ScriptedDesk(), steps, WIDE)


def test_healthy(snap_compare: Snap) -> None:
    assert taken(snap_compare, ScriptedDesk(plot=plots.healthy), finished, NARROW)


def test_raw_output(snap_compare: Snap) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await finished(pilot)
        await pilot.press("r")

    assert taken(snap_compare, ScriptedDesk(), steps, WIDE)


def test_changed_host_key(snap_compare: Snap) -> None:
    desk = ScriptedDesk(gateways=lambda: ScriptedGateways(obstacles=[obstacles.changed_key()]))
    assert taken(snap_compare, desk, lambda pilot: on_top(pilot, ChangedKey), NARROW)


def test_finding_without_colour(snap_compare: Snap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert taken(snap_compare, ScriptedDesk(), finished, NARROW)


def test_finding_in_ascii(snap_compare: Snap) -> None:
    assert taken(snap_compare, ScriptedDesk(), finished, NARROW, ascii=True)


def test_finding_with_high_contrast(snap_compare: Snap) -> None:
    assert taken(snap_compare, ScriptedDesk(), finished, NARROW, theme="wizard-high-contrast")


MENDING = pytest.mark.parametrize("size", [NARROW, MIDDLE], ids=["80x24", "120x36"])


def mending(**gates: Any) -> ScriptedDesk:
    """A desk whose finding can be mended."""
    return ScriptedDesk(plot=mends.Mends(), gateways=lambda: ScriptedGateways(**gates))


@MENDING
def test_plan(snap_compare: Snap, size: tuple[int, int]) -> None:
    assert taken(snap_compare, mending(), to_plan, size)


@MENDING
def test_steps(snap_compare: Snap, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await to_plan(pilot)
        await pilot.press("y")
        await showing(pilot, "guard 02:00", "Sending a few pings")

    assert taken(snap_compare, mending(gate=threading.Event(), gate_at="traffic"), steps, size)


@MENDING
def test_keep_or_undo(snap_compare: Snap, size: tuple[int, int]) -> None:
    assert taken(snap_compare, mending(), to_keep, size)


def test_which_gateway_is_right(snap_compare: Snap) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await finished(pilot)
        await pilot.press("m", "enter")
        await showing(pilot, "Which gateway is right?")

    assert taken(snap_compare, mending(), steps, NARROW)


def test_disruptive_plan_without_colour(snap_compare: Snap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert taken(snap_compare, mending(plan=mends.DISRUPTIVE), to_plan, NARROW)


def test_plan_in_the_smallest_terminal_and_ascii(snap_compare: Snap) -> None:
    assert taken(snap_compare, mending(), to_plan, (60, 16), ascii=True)


def test_terminal_too_small(snap_compare: Snap) -> None:
    assert taken(snap_compare, ScriptedDesk(), lambda pilot: showing(pilot, "needs 60"), (50, 12), start=None)
