from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input

from tests.tui import mends, plots
from tests.tui.driving import (
    finished,
    flowing,
    footer,
    on_top,
    running,
    session_of,
    showing,
    text,
    to_keep,
    to_plan,
    until,
)
from tests.tui.scripted import ScriptedDesk, ScriptedGateways, ScriptedSession
from wizard.engine.model import Decided, Event, Mend
from wizard.flow.spec import Flow, Remedy, RemedyStep
from wizard.ui import words
from wizard.ui.tui.screens.keep import KeepIt
from wizard.ui.tui.screens.mend import WhichFile
from wizard.ui.tui.screens.mending import Leaving
from wizard.ui.tui.screens.plan import PlanScreen
from wizard.ui.tui.screens.session import Session


class Clock:
    """The front end's clock, moved by the test."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def desk(then: plots.Tells = plots.healthy, flow: Flow | None = None, **gates: object) -> ScriptedDesk:
    made: Callable[[], ScriptedGateways] = lambda: ScriptedGateways(**gates)  # type: ignore[arg-type]  # noqa: E731
    return ScriptedDesk(plot=mends.Mends(then), gateways=made, flow=flow or plots.flow())


def begun(desk: ScriptedDesk) -> ScriptedSession:
    return desk.begun[0]


async def ended(pilot: Pilot[None], session: Session) -> None:
    await until(pilot, lambda: session.story.outcome is not None and session.operator is None)


# --- choosing --------------------------------------------------------------------------------------


async def test_a_finding_with_a_remedy_offers_it_in_the_footer_and_without_one_it_does_not() -> None:
    async with running(ScriptedDesk()) as pilot:
        await finished(pilot)
        assert footer(pilot.app) == ["Mend it", "Export", "New check", "Evidence", "Help"]
        await pilot.press("b")
        assert "Mend it" not in footer(pilot.app)
        assert "Back" in footer(pilot.app)
    bare = ScriptedDesk(flow=Flow({}, {}, {}))
    async with running(bare) as pilot:
        await finished(pilot)
        assert "Mend it" not in footer(pilot.app)


async def test_remedies_are_offered_smallest_first_with_their_impact() -> None:
    async with running(desk()) as pilot:
        await finished(pilot)
        await pilot.press("m")
        said = await showing(pilot, "1 Put one key on both gateways", "2 Make a new key")
        assert "Stops nothing that works now; gw-b is asked for the tunnel anew." in said
        await pilot.press("down")
        await showing(pilot, "Whoever keeps the key elsewhere has to be told.")
        await showing(pilot, "whoever runs the CA", "Renew the certificate of gw-b now. [/x]")


async def test_a_remedy_that_chooses_asks_which_end_is_right_and_shows_what_each_has() -> None:
    sat = desk()
    async with running(sat) as pilot:
        await finished(pilot)
        await pilot.press("m", "enter")
        await showing(pilot, "digest 3f9a17c2", "digest b01c88de", "gw-b is right")
        await pilot.press("down", "enter")
        await on_top(pilot, PlanScreen)
    assert begun(sat).replies[2] == Mend("align-psk", "psk-mismatch", "far", {})


async def test_a_remedy_that_needs_a_file_asks_for_one_that_can_be_read(tmp_path: Path) -> None:
    remedy = Remedy(
        "install-ca",
        "Install the CA",
        ("psk-mismatch",),
        (RemedyStep("install-ca"),),
        "Stops nothing.",
        "A new IKE SA.",
        asks={"ca-file": "The certificate of the CA"},
    )
    file = tmp_path / "ca.pem"
    file.write_text("certificate")
    sat = desk(flow=Flow({}, {}, {}, {remedy.id: remedy}))
    async with running(sat) as pilot:
        await finished(pilot)
        await pilot.press("m", "enter")
        dialog: WhichFile = await on_top(pilot, WhichFile)
        await showing(pilot, "The certificate of the CA")
        await pilot.press("enter")
        await showing(pilot, "no file was named")
        dialog.query_one(Input).value = str(tmp_path / "none.pem")
        await pilot.press("enter")
        await showing(pilot, "No such file")
        dialog.query_one(Input).value = str(file)
        await pilot.press("enter")
        await on_top(pilot, PlanScreen)
    assert begun(sat).replies[2] == Mend("install-ca", "psk-mismatch", None, {"ca-file": str(file)})


async def test_where_nobody_here_can_mend_it_the_words_for_those_who_can_are_there_to_copy() -> None:
    flow = plots.flow()
    only = Flow({}, {}, {}, {}, dict(flow.referrals))
    async with running(desk(flow=only)) as pilot:
        await finished(pilot)
        await pilot.press("m")
        await showing(pilot, "whoever runs the CA", "Renew the certificate of gw-b now. [/x]")
        await pilot.press("c")
        assert "Renew the certificate of gw-b now. [/x]" in pilot.app.clipboard


@pytest.mark.parametrize("steps", [("m", "escape"), ("m", "enter", "escape")])
async def test_going_back_before_the_plan_asks_nothing_of_anybody(steps: tuple[str, ...]) -> None:
    sat = desk()
    async with running(sat) as pilot:
        session = await finished(pilot)
        await pilot.press(*steps)
        await until(pilot, lambda: session.is_active)
        assert "Mend it" in footer(pilot.app)
    assert len(begun(sat).replies) == 2


# --- the plan --------------------------------------------------------------------------------------


async def test_the_plan_says_what_it_touches_what_stops_and_how_it_is_undone() -> None:
    async with running(desk(), size=(80, 50)) as pilot:
        await to_plan(pilot)
        said = await showing(pilot, "nothing changed yet")
        for part in (
            "gw-b: site (1 of 50; the other 49 are not interrupted)",
            "nothing that works now",
            "by itself on gw-b and gw-a in 120 s unless you keep it",
            "-    secret = \u2039the key gw-b has now\u203a",
            "+    secret = \u2039the key gw-a has\u203a",
            "id-b = gw-b.example # [edit security ike] [/x]",
            "the key gw-a has is read there; nobody is shown it",
            "$ swanctl --load-creds --clear --noprompt",
            mends.PLAN.hash,
        ):
            assert part in said, part
        assert "undone by" not in said
        await pilot.press("e")
        await showing(pilot, "undone by", "put the copy of /etc/swanctl/conf.d/site.conf back", "holds when")


@pytest.mark.parametrize("keys", [("n",), ("escape",), ("enter",)])
async def test_no_is_the_answer_of_n_of_escape_and_of_enter_alone(keys: tuple[str, ...]) -> None:
    sat = desk()
    async with running(sat) as pilot:
        await to_plan(pilot)
        session = await session_of(pilot)
        await pilot.press(*keys)
        await ended(pilot, session)
        await showing(pilot, "not done", "The operator said no. Nothing was changed.")
        assert "Mend it" in footer(pilot.app)
    assert begun(sat).replies[-1] == Decided(False, "the operator said no")
    assert "arm" not in sat.made[0].carried_out


async def test_a_disruptive_plan_wants_the_gateways_name_typed() -> None:
    sat = desk(plan=mends.DISRUPTIVE)
    async with running(sat) as pilot:
        plan = await to_plan(pilot)
        await showing(
            pilot, "interrupted for a moment: office, lab [/x]", "! warn Nobody but you", "name: gw-b"
        )
        await pilot.press("y")
        assert pilot.app.screen is plan
        assert plan.query_one("#yes", Button).disabled
        await pilot.press(*"gw-")
        await pilot.press("enter")
        assert pilot.app.screen is plan
        await pilot.press("b", "enter")
        await until(pilot, lambda: plan.focused is plan.query_one("#yes"))
        await pilot.press("enter")
        await on_top(pilot, KeepIt)


async def test_a_plan_longer_than_the_screen_scrolls_while_the_focus_stays_on_no() -> None:
    async with running(desk(), size=(60, 16)) as pilot:
        plan = await to_plan(pilot)
        assert "3 steps" not in text(pilot.app)
        for _ in range(5):
            await pilot.press("pagedown")
        await showing(pilot, mends.PLAN.hash)
        assert plan.focused is plan.query_one("#no")


async def test_why_there_is_no_plan_is_said_and_nothing_was_changed() -> None:
    async with running(desk(plan=None)) as pilot:
        session = await finished(pilot)
        await pilot.press("m", "enter", "enter")
        await ended(pilot, session)
        await showing(pilot, "There is nothing to change. Nothing was changed.")


# --- the steps -------------------------------------------------------------------------------------


async def test_steps_show_their_states_and_the_guard_counts_down_to_what_happens_at_zero() -> None:
    gate, clock = threading.Event(), Clock()
    async with running(desk(gate=gate, gate_at="step 1"), clock=clock) as pilot:
        await to_plan(pilot)
        await pilot.press("y")
        said = await showing(pilot, "guard 02:00", "… running  3 gw-b: load the credentials")
        for part in (
            "at zero gw-b and gw-a undo the change by themselves",
            "✓ done     1 Arm the undo",
            "✓ done     2 gw-b: write the key gw-a has",
            "· waiting  5 Verify with a fresh diagnosis",
            "… mending",
        ):
            assert part in said, part
        clock.now += 95
        await showing(pilot, "guard 00:25")
        assert "Stop" not in footer(pilot.app)
        gate.set()
        await on_top(pilot, KeepIt)


async def test_the_verifying_diagnosis_has_map_and_trail_of_its_own() -> None:
    async with running(desk(gate=threading.Event(), gate_at="traffic"), size=(120, 40)) as pilot:
        await to_plan(pilot)
        await pilot.press("y")
        said = await showing(pilot, "… running  5 Verify", "Sending a few pings")
        assert "Both ends hold the same SAs" in said
        assert "refused the key" not in said


async def test_permission_is_not_asked_again_while_the_guard_counts() -> None:
    sat = desk()
    async with running(sat) as pilot:
        await to_keep(pilot)
    assert sat.made[0].carried_out == [
        *("collect", "ike-four-points", "draw align-psk", "arm", "step 0", "step 1", "step 2"),
        *("watch", "collect", "traffic", "watch"),
    ]


async def test_a_step_that_fails_is_undone_and_the_finding_stands_as_before() -> None:
    async with running(desk(fails=1)) as pilot:
        await to_plan(pilot)
        session = await session_of(pilot)
        await pilot.press("y")
        await ended(pilot, session)
        said = await showing(pilot, "! undone", "did not work: gw-b refused it: [/x] loading")
        assert "refused the key that gw-a proved itself with" in said
        assert "Mend it" in footer(pilot.app)


# --- keep or undo ----------------------------------------------------------------------------------


async def test_a_change_is_kept_only_by_saying_so() -> None:
    sat = desk()
    async with running(sat) as pilot:
        dialog = await to_keep(pilot)
        assert dialog.focused is dialog.query_one("#undo")
        await pilot.press("escape")
        assert pilot.app.screen is dialog
        await pilot.press("k")
        session = await session_of(pilot)
        await ended(pilot, session)
        await showing(pilot, "✓ mended", "Verified by a fresh diagnosis, and kept.", "✓ healthy")
    assert sat.made[0].carried_out[-1] == "keep"


async def test_undoing_says_so_and_shows_the_finding_again() -> None:
    sat = desk()
    async with running(sat) as pilot:
        await to_keep(pilot)
        await pilot.press("u")
        session = await session_of(pilot)
        await ended(pilot, session)
        await showing(pilot, "! undone", "The operator did not keep it; undone, the gateways are as before.")
        assert session.story.outcome is not None
        assert session.story.outcome.status == "fault"
    assert sat.made[0].carried_out[-1] == "undo"


async def test_when_nobody_answers_the_guard_fires_and_the_session_looks_what_became_of_it() -> None:
    sat, clock = desk(), Clock()
    async with running(sat, clock=clock) as pilot:
        await to_keep(pilot)
        await showing(pilot, "guard 02:00")
        clock.now += 121
        session = await session_of(pilot)
        await ended(pilot, session)
        await showing(pilot, "Nobody kept the change in time", "! undone")
    assert Decided(False, words.NOT_IN_TIME) in begun(sat).replies
    assert sat.made[0].carried_out[-1] == "undo"


async def test_a_verification_that_outlasts_the_guard_leaves_nothing_to_keep() -> None:
    gate, clock = threading.Event(), Clock()
    sat = desk(gate=gate, gate_at="traffic")
    async with running(sat, clock=clock) as pilot:
        await to_plan(pilot)
        await pilot.press("y")
        await showing(pilot, "… running  5 Verify", "Sending a few pings")
        clock.now += 200
        await showing(pilot, "! guard fired  gw-b and gw-a undo the change by themselves")
        gate.set()
        session = await session_of(pilot)
        await ended(pilot, session)
        await showing(pilot, "! undone")
    assert Decided(False, words.NOT_IN_TIME) in begun(sat).replies


async def test_the_next_finding_can_be_mended_as_well() -> None:
    def second(request: object, reply: object) -> tuple[Event, ...]:
        return plots.psk_mismatch(request, reply)  # type: ignore[arg-type]

    sat = desk(second)
    async with running(sat) as pilot:
        await to_keep(pilot)
        await pilot.press("k")
        session = await session_of(pilot)
        await ended(pilot, session)
        await showing(pilot, "✓ mended", "The pre-shared keys differ")
        await pilot.press("m", "enter", "enter")
        await on_top(pilot, PlanScreen)
    assert sum(isinstance(reply, Mend) for reply in begun(sat).replies) == 2


# --- leaving ---------------------------------------------------------------------------------------


async def test_quitting_with_a_guard_armed_says_what_the_gateways_will_do() -> None:
    gate = threading.Event()
    sat = desk(gate=gate, gate_at="step 1")
    async with running(sat) as pilot:
        await to_plan(pilot)
        await pilot.press("y")
        await showing(pilot, "guard 02:00")
        await pilot.press("ctrl+q")
        await on_top(pilot, Leaving)
        said = flowing(pilot.app)
        assert "gw-b and gw-a undo it by themselves, in 120 s at the latest" in said
        assert mends.FIRES in said
        await pilot.press("ctrl+q")
        await pilot.press("n")
        await until(pilot, lambda: not isinstance(pilot.app.screen, Leaving))
        await pilot.press("escape")
        await showing(pilot, "Leave this session?", "The change is not kept yet.")
        await pilot.press("escape")
        await pilot.press("ctrl+q", "y")
    assert sat.made[0].closed.is_set()
    assert begun(sat).closed


async def test_quitting_before_anything_was_changed_asks_nothing() -> None:
    sat = desk()
    async with running(sat) as pilot:
        await to_plan(pilot)
        await pilot.press("ctrl+q")
    assert begun(sat).closed


# --- taking up -------------------------------------------------------------------------------------


def resumed(to: str, **gates: object) -> ScriptedDesk:
    session = ScriptedSession(mends.Mends())
    for reply in mends.replies(to=to):
        session.reply(reply)
    sat = desk(**gates)  # type: ignore[arg-type]
    sat.opens = session
    return sat


async def test_a_session_interrupted_in_the_middle_of_a_change_says_so_and_goes_on() -> None:
    gate = threading.Event()
    sat = resumed("verify", gate=gate, gate_at="traffic")
    async with running(sat, start=None) as pilot:
        await showing(pilot, "Earlier sessions")
        pilot.app.screen.open("20261118T030500Z-partner")  # type: ignore[attr-defined]
        said = await showing(pilot, "! A change was under way", "! guard armed", "… running  5 Verify")
        assert mends.FIRES in flowing(pilot.app)
        assert "guard 0" not in said
        gate.set()
        await on_top(pilot, KeepIt)
    assert sat.made[0].carried_out == ["collect", "traffic", "watch"]


async def test_the_home_list_says_that_a_change_was_under_way() -> None:
    rows = [*ScriptedDesk().earlier]
    rows[2] = replace(rows[2], changing=True)
    async with running(ScriptedDesk(earlier=rows), start=None) as pilot:
        await showing(pilot, "a change was under way")
