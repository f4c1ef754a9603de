"""Starting the application for a test, waiting for it, reading what stands on its screen."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from tests.tui.scripted import ScriptedDesk
from wizard.ui.tui.app import WizardApp
from wizard.ui.tui.look import Look
from wizard.ui.tui.screens.keep import KeepIt
from wizard.ui.tui.screens.mend import Remedies, WhichEnd
from wizard.ui.tui.screens.plan import PlanScreen
from wizard.ui.tui.screens.session import Session

SITE: tuple[str, str | None] = ("site", "never-up")


def application(desk: ScriptedDesk, *, start: tuple[str, str | None] | None = SITE, **look: Any) -> WizardApp:
    """The application as tests and screenshots want it: no animation, a clock that stands still."""
    settings: dict[str, Any] = {"animate": False, "ascii": False, "clock": lambda: 100.0, **look}
    return WizardApp(desk, start=start, look=Look(**settings))


@asynccontextmanager
async def running(
    desk: ScriptedDesk,
    *,
    start: tuple[str, str | None] | None = SITE,
    size: tuple[int, int] = (80, 24),
    **look: Any,
) -> AsyncIterator[Pilot[None]]:
    """The application under a pilot, its first screen shown."""
    app = application(desk, start=start, **look)
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        yield pilot


async def until(pilot: Pilot[None], condition: Callable[[], object], limit_s: float = 30.0) -> None:
    """Lets the application work until the condition holds; fails with the screen's text if it never does."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"never came about; the screen says:\n{text(pilot.app)}"
        await pilot.pause(0.01)
    await pilot.pause()


async def showing(pilot: Pilot[None], *wanted: str) -> str:
    """Waits until all of these stand on the screen, however their lines are broken, and returns its text."""

    def whole() -> str:
        return f"{text(pilot.app)}\n{flowing(pilot.app)}"

    await until(pilot, lambda: all(part in whole() for part in wanted))
    return whole()


async def on_top(pilot: Pilot[None], kind: type[Any]) -> Any:
    """Waits until a screen of this kind is on top, and returns it."""
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))
    return pilot.app.screen


async def session_of(pilot: Pilot[None]) -> Session:
    """Waits for the session screen, whatever dialog stands on it."""

    def found() -> list[Session]:
        return [screen for screen in pilot.app.screen_stack if isinstance(screen, Session)]

    await until(pilot, found)
    return found()[0]


async def finished(pilot: Pilot[None], *, permit: bool = True) -> Session:
    """Takes a session to its outcome, saying yes (or no) when asked for permission."""
    session = await session_of(pilot)
    await showing(pilot, "May I try this tunnel?")
    await pilot.press("y" if permit else "n")
    await until(pilot, lambda: session.story.outcome is not None and session.is_active)
    return session


async def to_plan(pilot: Pilot[None]) -> PlanScreen:
    """Takes a session to the plan of the first remedy offered, with the default answers on the way."""
    await finished(pilot)
    await pilot.press("m")
    await on_top(pilot, Remedies)
    await pilot.press("enter")
    await on_top(pilot, WhichEnd)
    await pilot.press("enter")
    screen: PlanScreen = await on_top(pilot, PlanScreen)
    return screen


async def to_keep(pilot: Pilot[None]) -> KeepIt:
    """Takes a session through that plan to the question whether the change stays."""
    await to_plan(pilot)
    await pilot.press("y")
    screen: KeepIt = await on_top(pilot, KeepIt)
    return screen


def text(app: Any) -> str:
    """What stands on the topmost screen, line by line."""
    # Private, and the only way to the cells themselves; an exported SVG breaks lines into pieces.
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


def flowing(app: Any) -> str:
    """The text of the dialog on top, or of the whole screen, without frames and as if on one line."""
    lines = text(app).splitlines()
    for box in app.screen.query("#box"):
        region = box.region
        lines = [line[region.x : region.right] for line in lines[region.y : region.bottom]]
    return " ".join(re.sub(r"[│╭╮╰╯─┃]", " ", " ".join(lines)).split())


def footer(app: Any) -> list[str]:
    """The keys the footer offers."""
    shown = [active.binding for active in app.screen.active_bindings.values() if active.binding.show]
    return list(dict.fromkeys(binding.description for binding in shown))
