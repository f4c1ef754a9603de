"""A whole session: diagnosing, and where the operator wants it, mending and diagnosing again.

Like `wizard.engine.run.Run`, which it contains, it states one request at a time and does nothing itself. A remedy
counts as helpful only when a fresh diagnosis, from the top of the trees, no longer finds its cause; what that
diagnosis finds instead is the next thing to mend, because faults come in pairs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from wizard.engine.model import (
    Change,
    Changed,
    Confirm,
    Decided,
    Draw,
    Drawn,
    Ended,
    Event,
    Finding,
    Finish,
    Keep,
    Mend,
    Mended,
    Move,
    Outcome,
    Replied,
    Reply,
    Request,
    Requested,
    Result,
    Standing,
    Started,
    Stepped,
    StepState,
)
from wizard.engine.plan import Plan
from wizard.engine.run import Run
from wizard.errors import InputError, WizardError
from wizard.facts.model import End, other
from wizard.flow.spec import Flow

ARMING: Final = "arm the undo"
VERIFYING: Final = "verify with a fresh diagnosis"
KEEPING: Final = "keep the change and end the guard"
UNDOING: Final = "undo the change"


class Course:
    """One session's conductor; `started.approved` begins with a plan that was confirmed before."""

    def __init__(self, flow: Flow, started: Started, entry: str = "") -> None:
        """Begins with a diagnosis, or with a plan that waits to be carried out."""
        self.started = started
        self._flow = flow
        self._entry = entry
        self._run = Run(flow, started, entry)
        self._outcome: Outcome | None = None
        self._mending: _Mending | None = None
        if started.approved is not None:
            self._mending = _Mending(flow, started, started.approved)
            self._mending.begin()

    @property
    def request(self) -> Request:
        """What is to be done now."""
        if self._mending is not None:
            return self._mending.request
        return Finish(self._outcome) if self._outcome is not None else self._run.request

    @property
    def outcome(self) -> Outcome:
        """How the last diagnosis ended; raises WizardError while there is none."""
        request = self.request
        if not isinstance(request, Finish):
            raise WizardError("the diagnosis has not ended", advice="hand in a reply to its request")
        return request.outcome

    def opening(self) -> tuple[Event, ...]:
        """The events that stand before the first reply."""
        return (self.started, Requested(self.request))

    def reply(self, reply: Reply) -> tuple[Event, ...]:
        """Takes what came of the request; returns the events that follow, the reply itself first.

        Raises WizardError when the reply does not answer the request.
        """
        if self._mending is not None:
            return self._mended(self._mending, reply)
        if isinstance(self.request, Finish) and isinstance(reply, Mend):
            outcome = self.request.outcome
            request = _draw(self._flow, self.started, outcome, reply)
            self._mending = _Mending(self._flow, self.started, None, request, outcome)
            return (Replied(reply), Requested(request))
        return self._run.reply(reply)

    def _mended(self, mending: _Mending, reply: Reply) -> tuple[Event, ...]:
        events: list[Event] = [Replied(reply)]
        mending.take(reply, events)
        if mending.ended:
            self._outcome, self._mending = mending.outcome, None
            events += [Requested(Finish(mending.outcome)), Ended(mending.outcome)]
        else:
            events.append(Requested(mending.request))
        return tuple(events)


def _draw(flow: Flow, started: Started, outcome: Outcome, wish: Mend) -> Draw:
    """The request for a plan; raises InputError where that remedy mends nothing that was found."""
    remedy = flow.remedies.get(wish.remedy)
    if remedy is None:
        raise InputError(f"there is no remedy {wish.remedy}", advice="see flows/remedies.yaml")
    found = [one for one in (*outcome.causes, *outcome.warnings) if one.cause in remedy.mends]
    finding = next((one for one in found if wish.cause in ("", one.cause)), None)
    if finding is None:
        named = ", ".join(one.cause for one in outcome.causes) or "nothing"
        raise InputError(
            f"{remedy.id} mends {', '.join(remedy.mends)}; what was found is {named}",
            advice="choose a remedy of the cause that was found",
        )
    at = _ends(started, finding)
    right = wish.right or (other(at[0]) if len(at) == 1 else "near")
    return Draw(remedy.id, finding.cause, at, right, dict(wish.given))


def _ends(started: Started, finding: Finding) -> tuple[End, ...]:
    named: dict[str, End] = {started.near: "near", started.far: "far"}
    return tuple(named[gateway] for gateway in finding.ends if gateway in named) or ("near", "far")


class _Mending:
    """One remedy, from its plan to its end."""

    def __init__(
        self,
        flow: Flow,
        started: Started,
        plan: Plan | None,
        request: Request | None = None,
        before: Outcome | None = None,
    ) -> None:
        self.request: Request = request or Finish(before or Outcome("inconclusive"))
        self.ended = False
        self.outcome = before or Outcome("inconclusive", unseen=("nothing was diagnosed before the change",))
        self._flow = flow
        self._started = started
        self._plan = plan
        self._check: Run | None = None
        self._base: tuple[Standing, ...] = ()
        self._drops: dict[str, int] = {}
        self._why = ""

    def begin(self) -> None:
        """Waits for the word that the plan may be carried out."""
        self.request = Confirm(self._planned)

    @property
    def _planned(self) -> Plan:
        if self._plan is None:
            raise WizardError("there is no plan yet")
        return self._plan

    def take(self, reply: Reply, events: list[Event]) -> None:
        """Goes on with a reply; raises WizardError where it does not fit."""
        match self.request, reply:
            case Draw(remedy=remedy), Drawn(plan=plan, problem=problem):
                if plan is None or not plan.steps:
                    why = problem or (plan.refer if plan is not None else "") or "there is nothing to change"
                    self._close(remedy, "refused", why, events)
                else:
                    self._plan = plan
                    self.begin()
            case Confirm(), Decided(yes=yes, why=why):
                if yes:
                    self._move("arm", events)
                else:
                    self._end("refused", why or "not confirmed; nothing was changed", events)
            case Change(), Changed():
                self._changed(self.request, reply, events)
            case Keep(), Decided(yes=yes, why=why):
                if yes:
                    self._move("keep", events)
                else:
                    self._undo(why or "not kept", events)
            case _ if self._check is not None:
                self._checked(self._check, reply, events)
            case _:
                raise WizardError(
                    f"a {type(reply).__name__} does not answer a {type(self.request).__name__}",
                    advice="carry out what the session requests",
                )

    # --- moves --------------------------------------------------------------------------------

    def _changed(self, change: Change, reply: Changed, events: list[Event]) -> None:
        match change.move:
            case "arm" if reply.ok:
                self._say(ARMING, "done", reply.deadline, events)
                self._base = reply.standing
                self._step(0, events)
            case "arm":
                self._say(ARMING, "failed", reply.said, events)
                self._end("refused", f"{reply.said}; nothing was changed", events)
            case "step":
                self._stepped(change.step, reply, events)
            case "watch":
                self._watched(reply, events)
            case "keep" if reply.ok:
                self._say(KEEPING, "done", reply.said, events)
                if self._check is not None:
                    # Not before: what is undone after all leaves things as the diagnosis before found them.
                    self.outcome = self._check.outcome
                self._end("kept", "verified by a fresh diagnosis, and kept", events)
            case "keep":
                self._say(KEEPING, "failed", reply.said, events)
                self._undo(f"it could not be kept: {reply.said}", events)
            case _:
                self._undone(reply, events)

    def _step(self, number: int, events: list[Event]) -> None:
        plan = self._planned
        step = plan.steps[number]
        events.append(Stepped(step.title, step.gateway, "running", number=number))
        self.request = Change("step", plan, self._guard, number)

    def _stepped(self, number: int, reply: Changed, events: list[Event]) -> None:
        plan = self._planned
        step = plan.steps[number]
        state: StepState = "done" if reply.ok else "failed"
        events.append(Stepped(step.title, step.gateway, state, reply.said, number))
        if not reply.ok:
            self._undo(f"{step.title} did not work: {reply.said}", events)
        elif number + 1 < len(plan.steps):
            self._step(number + 1, events)
        else:
            self._move("watch", events)

    def _move(self, move: Move, events: list[Event]) -> None:
        titles: dict[Move, str] = {"arm": ARMING, "keep": KEEPING, "undo": UNDOING}
        if move in titles:
            self._say(titles[move], "running", "", events)
        self.request = Change(move, self._planned, self._guard)

    @property
    def _guard(self) -> str:
        return f"{self._started.session.partition('-')[0].lower()}-{self._planned.hash}"

    def _watched(self, reply: Changed, events: list[Event]) -> None:
        """The first look is what the fresh diagnosis is held against, the second what it is judged by."""
        if self._check is None:
            self._drops = dict(reply.drops)
            self._verify(events)
        else:
            self._judge(self._check, reply, events)

    # --- verifying ----------------------------------------------------------------------------

    def _verify(self, events: list[Event]) -> None:
        self._say(VERIFYING, "running", "", events)
        self._check = Run(self._flow, replace(self._started, symptom="check", observe_only=False))
        self.request = self._check.request

    def _checked(self, check: Run, reply: Reply, events: list[Event]) -> None:
        followed = check.reply(reply)[1:]
        events.extend(one for one in followed if not isinstance(one, Requested | Ended))
        if isinstance(check.request, Finish):
            self._move("watch", events)
        else:
            self.request = check.request

    def _judge(self, check: Run, reply: Changed, events: list[Event]) -> None:
        wrong = self._harm(reply) or self._unhelpful(check)
        if wrong:
            self._say(VERIFYING, "failed", wrong, events)
            self._undo(wrong, events)
            return
        found = ", ".join(finding.title for finding in check.outcome.causes)
        seen = "the tunnel is healthy" if not found else f"that cause is gone; what is found now: {found}"
        self._say(VERIFYING, "done", seen, events)
        self.request = Keep(self._planned, seen)

    def _harm(self, reply: Changed) -> str:
        """What other tunnels or the kernel lost by the change; empty where nothing did."""
        if not reply.ok:
            return f"the gateways could not be looked at again: {reply.said}"
        still = {(one.gateway, one.name) for one in reply.standing}
        spared = set(self._planned.interrupts)
        for one in self._base:
            whole = f"{one.gateway}:{one.name}"
            if (one.gateway, one.name) in still or {whole, whole.partition("/")[0]} & spared:
                continue
            return f"the other tunnel {one.name} of {one.gateway} went down"
        for gateway, drops in reply.drops.items():
            if drops > self._drops.get(gateway, drops):
                return f"the kernel of {gateway} drops packets for IPsec reasons since the change"
        return ""

    def _unhelpful(self, check: Run) -> str:
        """Why the fresh diagnosis does not show that it helped; empty where it does."""
        outcome, plan = check.outcome, self._planned
        found = {finding.cause for finding in (*outcome.causes, *outcome.warnings)}
        if plan.cause in found:
            return "the same cause is found as before"
        setback = next((one for one in outcome.causes if one.cause in self._flow.setbacks), None)
        if setback is not None:
            return f"now {setback.title[:1].lower()}{setback.title[1:]}"
        if outcome.status == "healthy":
            return ""
        remedy = self._flow.remedies.get(plan.remedy)
        rule = remedy.proves if remedy is not None else None
        if rule is not None:
            proven = rule.evaluate(check.facts).value
            return "" if proven else "what would prove that it helped was not seen"
        return "" if outcome.status == "fault" else "the fresh diagnosis came to no end"

    # --- the end ------------------------------------------------------------------------------

    def _undo(self, why: str, events: list[Event]) -> None:
        self._why = why
        self._move("undo", events)

    def _undone(self, reply: Changed, events: list[Event]) -> None:
        states = set(reply.state.values())
        if states <= {"undone", "gone"} and reply.state:
            self._say(UNDOING, "done", reply.said, events)
            # What the gateways tell, such as that a guard had fired, says more than what was seen after it.
            self._end("undone", f"{reply.said or self._why}; undone, the gateways are as before", events)
        else:
            self._say(UNDOING, "failed", reply.said, events)
            self._end("failed", f"{self._why}; {reply.said or 'not known whether it was undone'}", events)

    def _end(self, result: Result, said: str, events: list[Event]) -> None:
        self._close(self._planned.remedy, result, said, events)

    def _close(self, remedy: str, result: Result, said: str, events: list[Event]) -> None:
        digest = self._plan.hash if self._plan is not None else ""
        events.append(Mended(remedy, result, said, digest))
        self.ended = True

    @staticmethod
    def _say(title: str, state: StepState, said: str, events: list[Event]) -> None:
        events.append(Stepped(title, "", state, said))
