"""A plan, a plot and gateways' answers for mending: the keys are made one, and a diagnosis finds the tunnel healthy."""

from __future__ import annotations

from dataclasses import replace

from tests.tui import plots
from wizard.engine.course import ARMING, KEEPING, UNDOING, VERIFYING
from wizard.engine.model import (
    Change,
    Changed,
    Collect,
    Collected,
    CommandRecord,
    Confirm,
    Decided,
    Draw,
    Drawn,
    Ended,
    Event,
    Exercise,
    Finish,
    Keep,
    Mend,
    Mended,
    Outcome,
    Reply,
    Request,
    Requested,
    Stepped,
)
from wizard.engine.plan import Blast, Plan, SecretNeed, Step, sealed

FIRES = "by itself at 14:07:11 UTC unless the change is kept"
FILE = "/etc/swanctl/conf.d/site.conf"
PLAN = sealed(
    Plan(
        remedy="align-psk",
        title="Put one key on both gateways",
        cause="psk-mismatch",
        tunnel="site",
        impact="Stops nothing that works now; the tunnel is set up anew.",
        verified_by="A new IKE SA at both ends, and traffic through the tunnel.",
        steps=(
            Step(
                "far",
                "gw-b",
                "write the key gw-a has",
                apply="keep FILE; secret | put FILE",
                undo="give_back FILE",
                show=(f"edit {FILE}",),
                show_undo=(f"put the copy of {FILE} back",),
                show_verify="the file holds the key",
                diff=(
                    f"--- {FILE}",
                    f"+++ {FILE}",
                    "@@ -27,5 +27,5 @@",
                    "   ike-site {",
                    "     id-b = gw-b.example # [edit security ike] [/x]",
                    "-    secret = \u2039the key gw-b has now\u203a",
                    "+    secret = \u2039the key gw-a has\u203a",
                    "   }",
                ),
                secret="key",
            ),
            Step(
                "far",
                "gw-b",
                "load the credentials",
                apply="swanctl --load-creds",
                undo="swanctl --load-creds",
                show=("swanctl --load-creds --clear --noprompt",),
                show_undo=("swanctl --load-creds --clear --noprompt",),
                undo_last=True,
            ),
            Step(
                "near",
                "gw-a",
                "set the IKE SA up anew",
                apply="swanctl --initiate",
                show=("swanctl --terminate --ike site", "swanctl --initiate --child net --timeout 10"),
                lasts=False,
            ),
        ),
        blasts=(
            Blast("near", "gw-a", ("site",), (), 3),
            Blast("far", "gw-b", ("site",), (), 50),
        ),
        secrets=(SecretNeed("key", "read", "near", read="read-the-key"),),
        guard_seconds=120,
    )
)
DISRUPTIVE = sealed(
    replace(
        PLAN,
        title="Start the daemon again",
        impact="All tunnels of gw-b stop for some seconds.",
        stops="others",
        stops_s=8,
        blasts=(Blast("far", "gw-b", ("site",), ("office", "lab [/x]"), 3),),
        warnings=("Nobody but you can say whether the others may stop now.",),
    )
)


def _record(change: Change) -> tuple[CommandRecord, ...]:
    if change.move != "step":
        return ()
    step = change.plan.steps[change.step]
    return tuple(
        CommandRecord(step.end, step.gateway, f"step-{change.step}", command, "", "", 0, 0.1)
        for command in step.show
    )


def change(request: Change, *, fails: int = -1) -> Changed:
    """What gateways answer to a move when all goes well, or when one step fails."""
    match request.move:
        case "arm":
            return Changed(True, state={"gw-a": "armed", "gw-b": "armed"}, deadline=FIRES)
        case "step" if request.step == fails:
            return Changed(False, "gw-b refused it: [/x] loading connection 'site' failed")
        case "keep":
            return Changed(True, state={"gw-a": "kept", "gw-b": "kept"})
        case "undo":
            return Changed(True, state={"gw-a": "undone", "gw-b": "undone"})
        case _:
            return Changed(True, records=_record(request))


def drawn(plan: Plan | None = PLAN, problem: str = "") -> Drawn:
    """The plan, as gateways that were read hand it out."""
    return Drawn(plan, problem)


class Mends:
    """A plot: the keys differ; once the remedy is carried out a diagnosis finds what `then` finds."""

    def __init__(self, then: plots.Tells = plots.healthy) -> None:
        self._then = then
        self._plan: Plan = PLAN
        self._checking: Request | None = None
        self._why = ""
        self._before = Outcome("inconclusive")

    def __call__(self, request: Request, reply: Reply) -> tuple[Event, ...]:
        match request, reply:
            case Finish(outcome=outcome), Mend():
                self._before = outcome
                return (
                    Requested(Draw(reply.remedy, reply.cause, ("far",), reply.right or "near", reply.given)),
                )
            case Draw(), Drawn(plan=None, problem=problem):
                return self._end("refused", problem, self._before)
            case Draw(), Drawn(plan=Plan() as plan):
                self._plan = plan
                return (Requested(Confirm(plan)),)
            case Confirm(), Decided(yes=True):
                return (Stepped(ARMING, "", "running"), self._move("arm"))
            case Confirm(), Decided(why=why):
                return self._end("refused", why, self._before)
            case Change(), Changed():
                return self._changed(request, reply)
            case Keep(), Decided(yes=True):
                return (Stepped(KEEPING, "", "running"), self._move("keep"))
            case Keep(), Decided(why=why):
                self._why = why
                return (Stepped(UNDOING, "", "running"), self._move("undo"))
            case ((Collect() | Exercise()), _) if self._checking is not None:
                return self._checked(request, reply)
            case _:
                return plots.psk_mismatch(request, reply)

    def _changed(self, request: Change, reply: Changed) -> tuple[Event, ...]:
        match request.move:
            case "arm":
                return (Stepped(ARMING, "", "done", reply.deadline), *self._step(0))
            case "step":
                step = self._plan.steps[request.step]
                ended = Stepped(
                    step.title, step.gateway, "done" if reply.ok else "failed", reply.said, request.step
                )
                if not reply.ok:
                    self._why = f"{step.title} did not work: {reply.said}"
                    return (ended, Stepped(UNDOING, "", "running"), self._move("undo"))
                if request.step + 1 < len(self._plan.steps):
                    return (ended, *self._step(request.step + 1))
                return (ended, self._move("watch"))
            case "watch" if self._checking is None:
                self._checking = Collect(("connections", "ike-log"))
                return (Stepped(VERIFYING, "", "running"), Requested(self._checking))
            case "watch":
                seen = "the tunnel is healthy"
                return (Stepped(VERIFYING, "", "done", seen), Requested(Keep(self._plan, seen)))
            case "keep":
                done = Stepped(KEEPING, "", "done")
                return (done, *self._end("kept", "verified by a fresh diagnosis, and kept", self._after))
            case _:
                done = Stepped(UNDOING, "", "done")
                return (
                    done,
                    *self._end("undone", f"{self._why}; undone, the gateways are as before", self._before),
                )

    def _step(self, number: int) -> tuple[Event, ...]:
        step = self._plan.steps[number]
        return (
            Stepped(step.title, step.gateway, "running", number=number),
            Requested(Change("step", self._plan, "20261121t101500z-0", number)),
        )

    def _checked(self, request: Request, reply: Reply) -> tuple[Event, ...]:
        events = self._then(request, reply)
        ended = [event for event in events if isinstance(event, Ended)]
        if not ended:
            return events
        self._after = ended[0].outcome
        walked = [event for event in events if not isinstance(event, Ended | Requested)]
        return (*walked, self._move("watch"))

    def _move(self, move: str) -> Requested:
        return Requested(Change(move, self._plan, "20261121t101500z-0"))  # type: ignore[arg-type]

    def _end(self, result: str, said: str, outcome: Outcome) -> tuple[Event, ...]:
        self._checking = None
        mended = Mended(self._plan.remedy, result, said, self._plan.hash)  # type: ignore[arg-type]
        return (mended, Requested(Finish(outcome)), Ended(outcome))


def replies(*, to: str = "verify") -> tuple[Reply, ...]:
    """The replies that lead to the moment before verification, or ("keep") before the question whether to keep."""
    diagnosed: tuple[Reply, ...] = (Collected(()), Collected(()))
    began = (Mend("align-psk"), Drawn(PLAN), Decided(True), change(Change("arm", PLAN, "")))
    steps = tuple(change(Change("step", PLAN, "", number)) for number in range(len(PLAN.steps)))
    before = (*diagnosed, *began, *steps, Changed(True))
    return before if to == "verify" else (*before, *diagnosed, Changed(True))
