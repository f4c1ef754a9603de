"""The screens on the embedded gateways: real SSH, real trees, real journals; nothing of it is scripted."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import OptionList

from tests.tui.driving import footer, session_of, showing, text, until
from wizard.demo import Pace, Scene
from wizard.ui.demo import DemoDesk
from wizard.ui.tui.app import WizardApp
from wizard.ui.tui.look import Look

LOOK = Look(animate=False, ascii=False)


def written(folder: Path) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in folder.rglob("*.md")]


async def test_the_demo_is_chosen_tried_named_looked_at_and_saved(tmp_path: Path) -> None:
    with Scene(pace=Pace(0, 0)) as scene:
        app = WizardApp(DemoDesk(scene, tmp_path), start=("psk-mismatch", None), look=LOOK)
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: app.focused is not None and app.focused.id == "symptoms")
            await pilot.press("enter")
            await showing(pilot, "May I try this tunnel?")
            await pilot.press("y")
            await showing(pilot, "✗ fault", "MAC mismatched", "Do now")
            session = await session_of(pilot)
            assert session.story.outcome is not None
            assert session.story.outcome.causes[0].cause == "psk-mismatch"
            assert footer(app)[:2] == ["Mend it", "Export"]
            await pilot.press("r")
            commands = session.query_one("#commands", OptionList)
            assert commands.option_count == len(session.story.records) > 20
            await pilot.press("r", "x", "1")
            await showing(pilot, "✓ Saved to")
            assert ["MAC mismatched" in one for one in written(tmp_path)] == [True]
            await pilot.press("escape", "escape")
            await showing(pilot, "Earlier sessions", "✗ fault")


async def test_the_healthy_demo_ends_without_a_fault_on_any_leg(tmp_path: Path) -> None:
    with Scene(pace=Pace(0, 0)) as scene:
        app = WizardApp(DemoDesk(scene, tmp_path), start=("healthy", "check"), look=LOOK)
        async with app.run_test(size=(120, 40)) as pilot:
            session = await session_of(pilot)
            await showing(pilot, "May I try this tunnel?")
            await pilot.press("y")
            await until(pilot, lambda: session.story.outcome is not None and session.is_active)
            assert [segment.mark for segment in session.story.segments] == ["ok"] * 5
            assert "✓ Nothing is wrong with this tunnel" in text(app)
            assert app.exit_code() == 0
