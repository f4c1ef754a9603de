"""Writes the pictures of the documentation: `make screenshots`, or one by name.

They are taken from the scripted sessions of the screen tests, with a clock that stands still, so that the
same program gives the same files. Textual names a font on a public server in each; a reader's browser shall
fetch nothing, so it is taken out and the reader's own monospaced font is used.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

os.environ.update(TEXTUAL_ANIMATIONS="none", COLORTERM="truecolor", TERM="xterm-256color")
os.environ.pop("NO_COLOR", None)
sys.path.insert(0, str(Path(__file__).parents[1]))

from textual.pilot import Pilot

from tests.tui import mends, plots
from tests.tui.driving import SITE, application, finished, showing, to_plan
from tests.tui.scripted import DEMO, ScriptedDesk, ScriptedGateways

HERE = Path(__file__).parent
FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
Steps = Callable[[Pilot[None]], Awaitable[object]]


async def home(pilot: Pilot[None]) -> None:
    """Tunnels, symptoms, earlier sessions."""
    await showing(pilot, "✗ fault")


async def demo(pilot: Pilot[None]) -> None:
    """The states of the embedded gateways."""
    await showing(pilot, "nothing real is touched")


async def reading(pilot: Pilot[None]) -> None:
    """Commands as they run at both ends."""
    await showing(pilot, "command 3 of 41", "40 commands")


async def permission(pilot: Pilot[None]) -> None:
    """The one question before a tunnel is tried."""
    await showing(pilot, "May I try this tunnel?")


async def stop(pilot: Pilot[None]) -> None:
    """One check, both ends side by side."""
    await finished(pilot)
    await pilot.press("b")


async def raw(pilot: Pilot[None]) -> None:
    """What the gateways printed, at the line that decided."""
    await finished(pilot)
    await pilot.press("r")


async def mending(pilot: Pilot[None]) -> None:
    """Steps of a change with their states, the guard counting, the diagnosis that verifies."""
    await to_plan(pilot)
    await pilot.press("y")
    await showing(pilot, "guard 02:00", "Sending a few pings")


def verifying() -> ScriptedGateways:
    """Gateways that wait while a change is being verified."""
    return ScriptedGateways(gate=threading.Event(), gate_at="traffic")


def waiting() -> ScriptedGateways:
    """Gateways that do not come to an end."""
    return ScriptedGateways(gate=threading.Event())


PICTURES: dict[str, tuple[ScriptedDesk, Steps, bool]] = {
    "home": (ScriptedDesk(), home, False),
    "demo": (ScriptedDesk(demo=DEMO), demo, False),
    "reading": (ScriptedDesk(gateways=waiting), reading, True),
    "permission": (ScriptedDesk(), permission, True),
    "stop": (ScriptedDesk(), stop, True),
    "finding": (ScriptedDesk(), finished, True),
    "healthy": (ScriptedDesk(plot=plots.healthy), finished, True),
    "raw": (ScriptedDesk(), raw, True),
    "plan": (ScriptedDesk(plot=mends.Mends()), to_plan, True),
    "mending": (ScriptedDesk(plot=mends.Mends(), gateways=verifying), mending, True),
}
"""File name, the desk it is taken at, the steps to it, whether it is of a session."""


async def take(name: str) -> Path:
    """Takes one picture."""
    desk, steps, in_session = PICTURES[name]
    app = application(desk, start=SITE if in_session else None)
    async with app.run_test(size=(110, 36)) as pilot:
        await pilot.pause()
        await steps(pilot)
        await pilot.pause()
        picture = app.export_screenshot(title="ipsec-wizard", simplify=True)
    path = HERE / f"{name}.svg"
    path.write_text(tidy(picture), encoding="utf-8")
    return path


def tidy(picture: str) -> str:
    """The picture without a font from elsewhere, and with names that do not change from run to run."""
    picture = re.sub(r"@font-face\s*{[^}]*}\s*", "", picture)
    picture = picture.replace("font-family: Fira Code, monospace", f"font-family: {FONT}")
    return re.sub(r"terminal-\d+", "terminal", picture)


def main(names: list[str]) -> None:
    """Takes the pictures named, or all."""
    for name in names or PICTURES:
        print(asyncio.run(take(name)).relative_to(HERE.parent))


if __name__ == "__main__":
    main(sys.argv[1:])
