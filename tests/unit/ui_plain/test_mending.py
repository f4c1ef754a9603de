from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tui import mends, plots
from tests.tui.scripted import ScriptedDesk, ScriptedGateways, ScriptedSession
from tests.unit.ui_plain.scripted import Scripted
from wizard.engine.course import ARMING
from wizard.engine.model import Decided, Keep, Mend, Stepped
from wizard.errors import ExitCode
from wizard.flow.spec import Flow, Remedy, RemedyStep
from wizard.ui import words
from wizard.ui.plain.lines import Lines
from wizard.ui.plain.mending import Mender
from wizard.ui.plain.session import run


def sat(
    *answers: object, flow: Flow | None = None, session: ScriptedSession | None = None, **gates: Any
) -> tuple[int, str, ScriptedSession, ScriptedGateways]:
    """One sitting with these answers, all of which are taken; its exit code and words, as if on one line."""
    out, asks = io.StringIO(), Scripted(list(answers))
    session = session or ScriptedSession(mends.Mends())
    gateways = ScriptedGateways(**gates)
    code = run(session, gateways, ScriptedDesk(flow=flow or plots.flow()), asks=asks, lines=Lines(out, 100))
    assert asks.answers == []
    return code, " ".join(out.getvalue().split()), session, gateways


def test_a_remedy_is_chosen_its_plan_shown_carried_out_verified_and_kept() -> None:
    code, said, session, gateways = sat(True, "0", "near", True, True)
    assert code == ExitCode.HEALTHY
    assert session.replies[2] == Mend("align-psk", "psk-mismatch", "near", {})
    for part in (
        "This can be mended from here. First a plan is made; nothing is changed by choosing.",
        "gw-a has now: /etc/swanctl/conf.d/site.conf:31 ike-site digest 3f9a17c2",
        "Plan: Put one key on both gateways (nothing changed yet).",
        "Mends: The pre-shared keys differ.",
        "- gw-b: site (1 of 50; the other 49 are not interrupted)",
        "Stops: nothing that works now.",
        "Undo: by itself on gw-b and gw-a in 120 s unless you keep it.",
        "Key: the key gw-a has is read there; nobody is shown it.",
        "Changes in /etc/swanctl/conf.d/site.conf on gw-b:",
        "- secret = \u2039the key gw-b has now\u203a + secret = \u2039the key gw-a has\u203a",
        "id-b = gw-b.example # [edit security ike] [/x]",
        "2. gw-b: load the credentials swanctl --load-creds --clear --noprompt Undone by:",
        "In force when: the file holds the key",
        f"Plan {mends.PLAN.hash}.",
        f"ok: Arm the undo: {mends.FIRES}.",
        "ok: gw-b: load the credentials.",
        "Verify with a fresh diagnosis.",
        "Verified: the tunnel is healthy.",
        "seconds are left to answer; then gw-b and gw-a undo the change by themselves.",
        "The change: mended. ok: Verified by a fresh diagnosis, and kept.",
    ):
        assert part in said, part
    assert gateways.carried_out[-1] == "keep"


def test_nothing_is_changed_by_enter_alone() -> None:
    code, _, session, _ = sat(True, "")
    assert code == ExitCode.FAULT
    assert len(session.replies) == 2
    code, said, session, gateways = sat(True, "0", "near", False, "")
    assert session.replies[-1] == Decided(False, "the operator said no")
    assert "The change: not done. warn: The operator said no. Nothing was changed." in said
    assert "arm" not in gateways.carried_out


@pytest.mark.parametrize(("typed", "yes"), [("", False), ("yes", False), ("gw-a", False), ("gw-b", True)])
def test_a_disruptive_plan_wants_the_gateways_name(typed: str, yes: bool) -> None:
    after = (True,) if yes else ("",)
    _, said, _session, gateways = sat(True, "0", "near", typed, *after, plan=mends.DISRUPTIVE)
    assert ("arm" in gateways.carried_out) is yes
    assert "interrupted for a moment: office, lab [/x]" in said
    assert "warn: Nobody but you can say" in said


def test_what_is_not_kept_is_undone_and_can_be_tried_another_way() -> None:
    _, said, _session, gateways = sat(True, "0", "far", True, False, "")
    assert "The operator did not keep it; undone, the gateways are as before." in said
    assert gateways.carried_out[-1] == "undo"


def test_a_step_that_fails_is_told_and_undone() -> None:
    _, said, *_ = sat(True, "0", "near", True, "", fails=1)
    assert "fail: gw-b: load the credentials: gw-b refused it: [/x] loading connection 'site' failed." in said
    assert "The change: undone." in said


def test_who_has_to_act_is_said_where_nobody_here_can() -> None:
    flow = plots.flow()
    code, said, session, _ = sat(True, flow=Flow({}, {}, {}, {}, dict(flow.referrals)))
    assert code == ExitCode.FAULT
    assert (
        "Nobody here can mend this: A certificate expires soon. Who has to act: whoever runs the CA." in said
    )
    assert "Renew the certificate of gw-b now. [/x]" in said
    assert len(session.replies) == 2


def test_a_file_is_asked_for_until_it_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("certificate")
    remedy = Remedy(
        "install-ca",
        "Install the CA",
        ("psk-mismatch",),
        (RemedyStep("install-ca"),),
        "",
        "",
        asks={"ca-file": "CA"},
    )
    flow = Flow({}, {}, {}, {remedy.id: remedy})
    _, _, session, _ = sat(True, "0", "/none", str(tmp_path / "ca.pem"), False, "", flow=flow)
    assert session.replies[2] == Mend(
        "install-ca", "psk-mismatch", None, {"ca-file": str(tmp_path / "ca.pem")}
    )


def test_a_session_taken_up_in_the_middle_of_a_change_says_so_and_asks_no_permission() -> None:
    session = ScriptedSession(mends.Mends())
    for reply in mends.replies():
        session.reply(reply)
    _, said, *_ = sat(True, session=session)
    assert "Taken up in the middle of a change. warn: A change was under way on gw-b and gw-a" in said
    assert f"undoes it {mends.FIRES}" in said
    assert "seconds are left" not in said


def test_ctrl_c_in_the_middle_of_a_change_says_what_the_gateways_do() -> None:
    code, said, *_ = sat(True, "0", "near", True, KeyboardInterrupt())
    assert code == ExitCode.INTERRUPTED
    assert f"Unless it was kept, the guard there undoes it {mends.FIRES}." in said


@pytest.mark.parametrize(
    ("passes_s", "decided"), [(10, Decided(True)), (200, Decided(False, words.NOT_IN_TIME))]
)
def test_a_yes_that_comes_after_the_guard_fired_keeps_nothing(passes_s: int, decided: Decided) -> None:
    now = [0.0]

    class Slow(Scripted):
        def confirm(self, question: str) -> bool:
            if question.startswith("Keep"):
                now[0] += passes_s
            return True

    clock: Callable[[], float] = lambda: now[0]  # noqa: E731
    out = io.StringIO()
    mender = Mender(Lines(out, 100), Slow([]), plots.flow(), clock)
    mender.confirms(mends.PLAN)
    mender.told([Stepped(ARMING, "", "done", mends.FIRES)], past=False)
    assert mender.keeps(Keep(mends.PLAN, "the tunnel is healthy")) == decided
    assert "120 seconds are left" in out.getvalue()


def test_a_terminal_of_its_own_gets_a_whole_mending(tmp_path: Path) -> None:
    """The real thing: questionary on a pseudo terminal."""
    from tests.unit.ui_plain.terminal import converse

    program = (
        "import sys; from tests.tui import mends; from tests.tui.scripted import *; from wizard.ui.plain import run; "
        "sys.exit(run(ScriptedSession(mends.Mends()), ScriptedGateways(), ScriptedDesk()))"
    )
    answers = [
        ("May I try site?", "y\r"),
        ("Number from 1 to 3", "2\r"),
        ("Number from 1 to 2", "1\r"),
        ("Carry this plan out?", "y\r"),
        ("Keep the change?", "y\r"),
    ]
    code, said = converse(program, answers, tmp_path)
    assert code == ExitCode.HEALTHY
    assert "The change: mended." in said
