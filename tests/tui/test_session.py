from __future__ import annotations

import threading

import pytest

from tests.tui import answers, plots
from tests.tui.driving import finished, on_top, running, session_of, showing, text, until
from tests.tui.scripted import ScriptedDesk, ScriptedGateways
from wizard.engine.model import Answered, Declined
from wizard.errors import WizardError
from wizard.ui.tui.screens import walking
from wizard.ui.tui.screens.confirm import Confirm
from wizard.ui.tui.screens.home import Home
from wizard.ui.tui.screens.session import Session
from wizard.ui.tui.screens.trouble import Trouble


async def test_the_walk_needs_nobody_until_the_tunnel_is_to_be_tried() -> None:
    desk = ScriptedDesk()
    async with running(desk) as pilot:
        screen = await showing(pilot, "May I try this tunnel?")
        session = await session_of(pilot)
    assert desk.made[0].carried_out == ["collect"]
    assert [station.mark for station in session.story.stations] == ["ok", "ok", "unknown", "ok", None]
    assert "other tunnels are not touched" in screen
    assert "Nothing is changed in any configuration" in screen


async def test_the_finding_has_symbol_word_sentence_proof_exclusions_and_what_to_do() -> None:
    async with running(ScriptedDesk(), size=(80, 50)) as pilot:
        await finished(pilot)
        screen = text(pilot.app)
    for part in (
        "✗ fault",
        "✗ The pre-shared keys differ",
        "gw-b checked the proof of gw-a",
        "Do now     Put one key on both gateways",
        "certain: nothing else",
        "gw-b $ journalctl -u strongswan",
        "but MAC mismatched",
        "Ruled out  A gateway has no key for this peer",
        "! warn  A certificate expires soon",
    ):
        assert part in screen


async def test_a_healthy_tunnel_says_what_that_rests_on() -> None:
    async with running(ScriptedDesk(plot=plots.healthy)) as pilot:
        await finished(pilot)
        screen = text(pilot.app)
    assert "✓ healthy" in screen
    assert "✓ Nothing is wrong with this tunnel" in screen
    assert "✓ ok       Does traffic pass in both directions?" in screen
    assert "══ ✓ ══" in screen


async def test_without_permission_the_tunnel_is_not_tried_and_the_rest_is_told() -> None:
    desk = ScriptedDesk()
    async with running(desk) as pilot:
        session = await finished(pilot, permit=False)
        screen = text(pilot.app)
    assert desk.made[0].carried_out == ["collect"]
    assert isinstance(desk.begun[0].replies[-1], Declined)
    assert session.story.stations[-1].answer == "Not known whether IKE passes."
    assert "? inconclusive" in screen
    assert "Not seen" in screen


async def test_permission_stands_on_no_so_enter_and_escape_are_no() -> None:
    for key in ("enter", "escape"):
        desk = ScriptedDesk()
        async with running(desk) as pilot:
            await showing(pilot, "May I try this tunnel?")
            assert pilot.app.focused is not None
            assert pilot.app.focused.id == "no"
            await pilot.press(key)
            await until(pilot, lambda desk=desk: desk.begun[0].outcome is not None)  # type: ignore[misc]
        assert isinstance(desk.begun[0].replies[-1], Declined)


async def test_yes_can_be_reached_with_the_arrow_keys_and_with_the_mouse() -> None:
    for way in ("keys", "mouse"):
        desk = ScriptedDesk()
        async with running(desk) as pilot:
            await showing(pilot, "May I try this tunnel?")
            if way == "keys":
                await pilot.press("right", "enter")
            else:
                await pilot.click("#yes")
            await until(pilot, lambda desk=desk: desk.begun[0].outcome is not None)  # type: ignore[misc]
        assert desk.made[0].carried_out == ["collect", "ike-four-points"]


async def test_back_looks_at_earlier_stops_and_enter_returns_without_losing_anything() -> None:
    async with running(ScriptedDesk()) as pilot:
        session = await finished(pilot)
        await pilot.press("b", "b")
        screen = text(pilot.app)
        assert "Does IKE get from each gateway to the other?" in screen
        assert "stop 5 of 6" in screen
        await pilot.press("right")
        assert "stop 6 of 6" in text(pilot.app)
        await pilot.press("enter")
        assert "Put one key on both gateways" in text(pilot.app)
        await pilot.press(*["b"] * 7)
        assert "stop 1 of 6" in text(pilot.app)
        await pilot.press("escape")
        assert "Put one key on both gateways" in text(pilot.app)
    assert len(session.story.stations) == 6


async def test_a_stop_shows_why_term_answer_and_both_ends_side_by_side() -> None:
    async with running(ScriptedDesk(), size=(140, 40)) as pilot:
        await finished(pilot)
        await pilot.press("b")
        screen = text(pilot.app)
    assert "IKE_AUTH, pre-shared key (PSK)" in screen
    assert "Why        The gateway that refuses says why in its own log" in screen
    row = next(line for line in screen.splitlines() if "received-auth-failed" in line)
    assert row.index("received-auth-failed") < row.index("psk-mac-mismatch")
    assert "Commands" not in screen


async def test_why_shows_the_rule_and_its_source_and_evidence_shows_everything() -> None:
    async with running(ScriptedDesk(), size=(100, 60)) as pilot:
        await finished(pilot)
        await pilot.press("w")
        assert "A missing key is logged as such" in text(pilot.app)
        await pilot.press("b")
        screen = text(pilot.app)
        assert "psk_agrees == false" in screen
        assert "guide, step 3" in screen
        await pilot.press("w", "e")
        screen = text(pilot.app)
    assert "guide, step 3" not in screen
    assert screen.count("ike-site digest") == 2


async def test_the_trail_leads_to_any_stop_by_keys_and_by_mouse() -> None:
    async with running(ScriptedDesk(), size=(120, 40)) as pilot:
        session = await finished(pilot)
        await pilot.press("shift+tab", "home")
        assert session.at == 0
        await pilot.press("end", "enter")
        assert session.at is None
        await pilot.click("#trail", offset=(5, 4))
        assert "Can the gateways be looked at?" in str(session.query_one("#page").border_title)
        assert session.at == 1


async def test_a_narrow_terminal_hides_the_trail_and_a_wide_one_shows_it() -> None:
    async with running(ScriptedDesk()) as pilot:
        session = await finished(pilot)
        assert not session.query_one("#trail").display
        await pilot.resize_terminal(120, 40)
        await showing(pilot, "✓ Can the gateways be looked at?")


async def test_while_commands_run_the_clock_and_the_limit_are_on_screen() -> None:
    gate, now = threading.Event(), [100.0]
    desk = ScriptedDesk(gateways=lambda: ScriptedGateways(gate=gate))
    async with running(desk, clock=lambda: now[0]) as pilot:
        await showing(pilot, "0 of 15 s", "command 3 of 41", "40 commands")
        now[0] = 108.4
        screen = await showing(pilot, "8 of 15 s", "00:08")
        assert "… looking" in screen
        assert "swanctl --list-conns --raw" in screen
        gate.set()
        await showing(pilot, "May I try this tunnel?")


async def test_stop_ends_the_wait_and_goes_on_with_what_is_there() -> None:
    desk = ScriptedDesk(gateways=lambda: ScriptedGateways(gate=threading.Event()))
    async with running(desk) as pilot:
        await until(pilot, lambda: desk.made and desk.made[0].begun.is_set())
        await showing(pilot, "s stops waiting")
        await pilot.press("s")
        await showing(pilot, "May I try this tunnel?")
    assert desk.made[0].cancelled.is_set()


async def test_a_question_is_answered_by_digit_and_looking_back_does_not_lose_it() -> None:
    desk = ScriptedDesk(plot=plots.question)
    async with running(desk) as pilot:
        screen = await showing(pilot, "Did anything change before it stopped?", "Your answer")
        assert "2 The network in between" in screen
        assert "? your answer, please" in screen
        await pilot.press("b")
        assert "Your answer" not in text(pilot.app)
        await pilot.press("enter")
        await showing(pilot, "Your answer")
        await pilot.press("2")
        await showing(pilot, "May I try this tunnel?")
    assert desk.begun[0].replies[-1] == Answered("network")


async def test_not_knowing_is_an_answer_and_the_default() -> None:
    desk = ScriptedDesk(plot=plots.question)
    async with running(desk) as pilot:
        await showing(pilot, "4 I do not know")
        await pilot.press("enter")
        await showing(pilot, "May I try this tunnel?")
    assert desk.begun[0].replies[-1] == Answered(None)


async def test_a_question_can_be_answered_with_the_mouse() -> None:
    desk = ScriptedDesk(plot=plots.question)
    async with running(desk) as pilot:
        await showing(pilot, "Your answer")
        await pilot.click("#answers", offset=(6, 1))
        await showing(pilot, "May I try this tunnel?")
    assert desk.begun[0].replies[-1] == Answered("config")


async def test_leaving_an_unfinished_session_asks_and_then_closes_everything() -> None:
    desk = ScriptedDesk(gateways=lambda: ScriptedGateways(gate=threading.Event()))
    async with running(desk) as pilot:
        await until(pilot, lambda: desk.made and desk.made[0].begun.is_set())
        await pilot.press("escape")
        await on_top(pilot, Confirm)
        await showing(pilot, "be gone on with")
        await pilot.press("n")
        await on_top(pilot, Session)
        await pilot.press("escape")
        await on_top(pilot, Confirm)
        await pilot.press("y")
        await on_top(pilot, Home)
        await until(pilot, lambda: desk.begun[0].closed)
    assert desk.made[0].closed.is_set()


async def test_a_question_waits_while_another_dialog_is_open_so_that_no_key_answers_the_wrong_one() -> None:
    gate = threading.Event()
    desk = ScriptedDesk(gateways=lambda: ScriptedGateways(gate=gate))
    async with running(desk) as pilot:
        await until(pilot, lambda: desk.made and desk.made[0].begun.is_set())
        await pilot.press("escape")
        await showing(pilot, "Leave this session?")
        gate.set()
        await until(pilot, lambda: desk.begun[0].replies)
        session = await session_of(pilot)
        await until(pilot, lambda: len(session.story.stations) == 5)
        assert "Leave this session?" in text(pilot.app)
        await pilot.press("n")
        await showing(pilot, "May I try this tunnel?")
    assert len(desk.begun[0].replies) == 1


async def test_checking_again_begins_a_new_session_for_the_same_tunnel_and_symptom() -> None:
    desk = ScriptedDesk()
    async with running(desk, start=("partner", "drops")) as pilot:
        await finished(pilot)
        await pilot.press("n")
        await until(pilot, lambda: len(desk.begun) == 2)
        await finished(pilot)
    assert [(session.tunnel, session.symptom) for session in desk.begun] == [("partner", "drops")] * 2
    assert desk.begun[0].closed


async def test_evidence_and_command_can_be_copied() -> None:
    async with running(ScriptedDesk()) as pilot:
        await finished(pilot)
        await pilot.press("C")
        assert pilot.app.clipboard == answers.LOG
        await pilot.press("c")
        assert pilot.app.clipboard.startswith("The pre-shared keys differ: gw-b checked")
        assert answers.REFUSED.line in pilot.app.clipboard
        await showing(pilot, "The evidence was sent", "x saves a file")


async def test_the_transcript_can_be_saved_in_every_form_and_the_path_is_said() -> None:
    desk = ScriptedDesk()
    async with running(desk) as pilot:
        await finished(pilot)
        await pilot.press("x", "enter")
        await showing(pilot, "✓ Saved to transcripts/20261121T101500Z-site.md")
        await pilot.press("c")
        assert pilot.app.clipboard == "transcripts/20261121T101500Z-site.md"
        for key in "234":
            await pilot.press(key)
            await until(pilot, lambda key=key: len(desk.exported) == int(key))  # type: ignore[misc]
    assert [form for _, form in desk.exported] == ["md", "html", "json", "text"]


async def test_a_transcript_that_cannot_be_written_is_explained() -> None:
    desk = ScriptedDesk(trouble=OSError(28, "No space left on device", "/var/lib/wizard/x.md"))
    async with running(desk) as pilot:
        await finished(pilot)
        await pilot.press("x", "1")
        await on_top(pilot, Trouble)
        screen = text(pilot.app)
        await pilot.press("escape")
        await showing(pilot, "✗ Not saved")
    assert "Could not write the transcript" in screen
    assert "No space left on device" in screen


async def test_a_walk_that_fails_is_explained_with_details_behind_a_key_and_stays_readable() -> None:
    desk = ScriptedDesk()

    def broken(*_: object) -> tuple[()]:
        raise WizardError("the journal cannot be written", advice="free some space")

    desk.plot = broken
    async with running(desk, size=(100, 40)) as pilot:
        await on_top(pilot, Trouble)
        screen = text(pilot.app)
        assert "Traceback" not in screen
        await pilot.press("d")
        await showing(pilot, "Traceback")
        await pilot.press("escape")
        await on_top(pilot, Session)
        await showing(pilot, "… unfinished")
        await pilot.press("escape")
        await on_top(pilot, Home)
    assert "the journal cannot be written" in screen
    assert "free some space" in screen
    assert "kept in the session" in screen


async def test_with_animation_stops_appear_one_by_one_and_enter_skips_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(walking, "_PACE_S", 3600.0)
    monkeypatch.setattr(walking, "_LONGEST_S", 3600.0)
    async with running(ScriptedDesk(), animate=True) as pilot:
        session = await session_of(pilot)
        await until(pilot, lambda: session.revealing)
        assert len(session.story.stations) == 1
        await pilot.press("enter")
        await showing(pilot, "May I try this tunnel?")
        assert not session.revealing


async def test_with_animation_the_walk_comes_to_its_question_by_itself() -> None:
    async with running(ScriptedDesk(), animate=True) as pilot:
        await showing(pilot, "May I try this tunnel?")
        assert len((await session_of(pilot)).story.stations) == 5


async def test_an_end_that_cannot_be_reached_says_so_in_words() -> None:
    desk = ScriptedDesk(
        gateways=lambda: ScriptedGateways({"collect": answers.HALF, "ike-four-points": answers.HALF})
    )
    async with running(desk, size=(140, 40)) as pilot:
        await finished(pilot, permit=False)
        await pilot.press(*["b"] * 9)
        screen = text(pilot.app)
    assert "? unknown  not reached: the password was not given" in screen
    assert "✓ ok  read" in screen
