"""Mending as questions and lines of text: what can be done, the plan in full, keep or undo."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from wizard.engine.course import ARMING
from wizard.engine.model import Decided, Event, Keep, Mend, Outcome, Started, Stepped
from wizard.engine.plan import Plan, Step
from wizard.facts.model import ENDS, End, other
from wizard.flow.spec import Flow
from wizard.ui import mending, words
from wizard.ui.conduct import SessionLike
from wizard.ui.mending import Duty, Offer
from wizard.ui.plain.asking import Asks, Choice
from wizard.ui.plain.lines import Lines

_NOTHING: Final = "-"
"""Value of the choice to change nothing."""


class Mender:
    """Asks about changes at the terminal; implements that part of `conduct.Person`."""

    def __init__(
        self, lines: Lines, asks: Asks, flow: Flow | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Without a flow no remedies are offered; `clock` in seconds is for tests."""
        self._lines = lines
        self._asks = asks
        self._flow = flow
        self._clock = clock
        self._ends: dict[End, str] = {"near": "", "far": ""}
        self._fires = ""
        self._fires_at: float | None = None
        self._seconds = 0
        self._live = False

    # --- following --------------------------------------------------------------------------------

    def told(self, events: Iterable[Event], *, past: bool) -> None:
        """Keeps when the guard acts; what happened before this sitting has no clock of ours."""
        for event in events:
            if isinstance(event, Started):
                self._ends = {"near": event.near, "far": event.far}
            if isinstance(event, Stepped) and event.title == ARMING and event.state == "done":
                self._fires = event.said
                self._fires_at = None if past else self._clock() + self._seconds

    def interrupted(self, events: Iterable[Event]) -> None:
        """Says so when a session is taken up in the middle of a change."""
        change = mending.underway(events)
        if change is not None:
            self._lines.heading("Taken up in the middle of a change.")
            self._lines.marked("warn", mending.interrupted(change))

    # --- wishing ----------------------------------------------------------------------------------

    def wishes(self, session: SessionLike, outcome: Outcome) -> Mend | None:
        """What the operator wants mended; None for nothing, or where there is nothing to be done here."""
        started = next((event for event in session.events if isinstance(event, Started)), None)
        if self._flow is None or started is None:
            return None
        can = mending.prospect(self._flow, outcome, started, mending.facts_of(session.events))
        for duty in can.duties:
            self._refer(duty)
        if not can.offers:
            return None
        offer = self._offered(can.offers)
        if offer is None:
            return None
        right = self._right(offer, started) if offer.remedy.chooses else None
        given = {name: self._file(question) for name, question in offer.remedy.asks.items()}
        return Mend(offer.remedy.id, offer.finding.cause, right, given)

    def _refer(self, duty: Duty) -> None:
        self._lines.heading(f"Nobody here can mend this: {duty.finding.title}.")
        self._lines.say(f"Who has to act: {duty.who}.")
        self._lines.say("What to tell them:")
        self._lines.quote(duty.message, 2)

    def _offered(self, offers: tuple[Offer, ...]) -> Offer | None:
        several = len({offer.finding.cause for offer in offers}) > 1
        choices = [Choice(_NOTHING, "No, change nothing")]
        for number, offer in enumerate(offers):
            of = f"for {offer.finding.title}: " if several else ""
            warning = f" {offer.remedy.warning}" if offer.remedy.warning else ""
            choices.append(Choice(str(number), offer.remedy.title, f"{of}{offer.impact}{warning}"))
        self._lines.heading(
            "This can be mended from here. First a plan is made; nothing is changed by choosing."
        )
        picked = self._asks.choose("Mend it?", choices, _NOTHING)
        return None if picked == _NOTHING else offers[int(picked)]

    def _right(self, offer: Offer, started: Started) -> End:
        names: dict[End, str] = {"near": started.near, "far": started.far}
        for end in ENDS:
            lines = [proof.line for proof in offer.finding.evidence if proof.end == names[end] and proof.line]
            if lines:
                self._lines.heading(f"{names[end]} has now:")
                for line in lines:
                    self._lines.quote(line)
        choices = [Choice(end, f"{names[end]} is right", f"{names[other(end)]} is changed") for end in ENDS]
        default = mending.right_by_default(offer.finding, started)
        return "near" if self._asks.choose("Which gateway is right?", choices, default) == "near" else "far"

    def _file(self, question: str) -> str:
        def wrong(typed: str) -> str | None:
            said = mending.unreadable(typed)
            return f"That does not do: {said}." if said else None

        typed = self._asks.text(f"{question} (a path on this machine)", check=wrong)
        return str(Path(typed).expanduser().absolute())

    # --- deciding ---------------------------------------------------------------------------------

    def confirms(self, plan: Plan) -> Decided:
        """Shows the plan in full; Enter alone is No, and a disruptive plan wants a gateway's name."""
        self._seconds = plan.guard_seconds
        self._plan(plan)
        wanted = mending.typed_name(plan)
        if wanted:
            typed = self._asks.text(
                f"This interrupts other tunnels. Type the gateway's name ({wanted}) to carry it out, Enter alone "
                "changes nothing"
            )
            yes = typed == wanted
        else:
            yes = self._asks.confirm("Carry this plan out? Enter alone changes nothing.")
        return Decided(yes, "" if yes else "the operator said no")

    def _plan(self, plan: Plan) -> None:
        say = self._lines.say
        cause = self._flow.causes.get(plan.cause) if self._flow is not None else None
        self._lines.heading(f"Plan: {plan.title} ({words.NOTHING_CHANGED}).")
        say(f"Mends: {cause.title if cause is not None else plan.cause}.")
        say("Touches:")
        for touched in mending.touches(plan):
            self._lines.item(touched)
        say(f"Stops: {mending.stops(plan)}. {plan.impact}")
        say(f"Undo: {mending.undone(plan)}.")
        say(f"Counts as mended when this is seen: {plan.verified_by}")
        for secret in mending.secrets(plan, self._ends["near"], self._ends["far"]):
            say(f"Key: {secret}.")
        for warning in plan.warnings:
            self._lines.marked("warn", warning)
        for edit in mending.edits(plan.steps):
            self._lines.heading(f"Changes in {edit.file or 'a file'} on {edit.gateway}:")
            self._lines.quote("\n".join(edit.lines), 2)
        self._lines.heading(f"Steps, {len(plan.steps)} of them:")
        for number, step in enumerate(plan.steps, 1):
            self._step(number, step)
        say(f"Plan {plan.hash}.")

    def _step(self, number: int, step: Step) -> None:
        self._lines.say(f"{number}. {step.gateway}: {step.title}", 2)
        self._lines.quote("\n".join(step.show), 6)
        if step.show_undo:
            self._lines.say("Undone by:", 5)
            self._lines.quote("\n".join(step.show_undo), 8)
        else:
            self._lines.say("Nothing to undo.", 5)
        if step.show_verify:
            self._lines.say("In force when:", 5)
            self._lines.quote(step.show_verify, 8)

    def keeps(self, keep: Keep) -> Decided:
        """Asks whether a verified change stays, and says how long there is for the answer."""
        self._lines.heading(f"Verified: {keep.seen}.")
        does = mending.taken_back(keep.plan)
        fires = f" It is undone {self._fires}." if self._fires else ""
        if self._fires_at is None:
            self._lines.say(f"Without an answer {does}.{fires}")
        else:
            left = max(0, int(self._fires_at - self._clock()))
            self._lines.say(f"{left} seconds are left to answer; then {does}.{fires}")
        yes = self._asks.confirm("Keep the change? Enter alone undoes it.")
        if self._fires_at is not None and self._clock() >= self._fires_at:
            self._lines.marked(
                "warn", "The time was over before the answer: the guard has undone the change."
            )
            return Decided(False, words.NOT_IN_TIME)
        return Decided(yes, "" if yes else "the operator did not keep it")
