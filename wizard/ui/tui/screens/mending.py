"""What a session screen does about mending: offers it, shows plan and steps, asks whether a change stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import on

from wizard.engine.course import ARMING
from wizard.engine.model import Decided, Event, Keep, Mend, Mended, Stepped
from wizard.engine.plan import Plan
from wizard.facts.model import End
from wizard.ui import mending, words
from wizard.ui.conduct import GatewaysLike, SessionLike
from wizard.ui.mending import Mending, Offer, Prospect, taken_back
from wizard.ui.tui import pages
from wizard.ui.tui.look import look_of
from wizard.ui.tui.messages import KeepWanted, PlanShown
from wizard.ui.tui.person import walk
from wizard.ui.tui.screens.confirm import Confirm
from wizard.ui.tui.screens.keep import KeepIt
from wizard.ui.tui.screens.mend import Remedies, WhichEnd, WhichFile
from wizard.ui.tui.screens.plan import PlanScreen
from wizard.ui.tui.screens.walking import Question, Walking
from wizard.ui.tui.widgets.steps import Steps

if TYPE_CHECKING:
    from wizard.ui.tui.app import WizardApp

_LONG_S = 20.0
"""For notices that say what became of a change; they are read once and matter."""
_TAKEN_UP = (
    "! A change was under way when this session was interrupted. The gateways are asked what became of it."
)


class Leaving(Confirm):
    """The question before the program is left in the middle of a change."""

    def __init__(self, text: str) -> None:
        super().__init__("Quit in the middle of a change?", text, no="No, stay", yes="Yes, quit")


class MendingWalk(Walking):
    """A session under way, with what it takes to mend what it finds."""

    def __init__(self, session: SessionLike, gateways: GatewaysLike | None) -> None:
        super().__init__(session, gateways)
        self._past = 0
        """Events still to be taken that happened before this screen was opened."""
        self._note = ""
        """What somebody should know who has taken the session up in the middle of a change."""
        self._fires_at: float | None = None
        """When the guard acts, by our clock; None where only the gateway knows."""

    # --- how it stands ------------------------------------------------------------------------

    @property
    def mending(self) -> Mending | None:
        """The plan being carried out; None before it was agreed to and after it has ended."""
        found = self.story.mending
        return found if found is not None and found.begun and found.result is None else None

    @property
    def guarded(self) -> bool:
        """Whether a guard would undo a change if nobody said more."""
        return self.mending is not None and self.mending.armed

    def guard_left_s(self) -> float | None:
        """Seconds until the guard acts; None where none is armed or only the gateway knows."""
        if not self.guarded or self._fires_at is None:
            return None
        return max(0.0, self._fires_at - look_of(self).clock())

    def if_left(self, how: str) -> str:
        """What becomes of session and gateways for somebody who goes now."""
        kept = "The session is kept as it is; it stands among the earlier sessions and can be gone on with."
        if self.mending is None:
            return kept
        who = " and ".join(self.mending.plan.gateways)
        if not self.guarded:
            return f"A change is being begun or ended on {who}; what became of it can be seen by going on. {kept}"
        left = self.guard_left_s()
        at_zero = f", in {left:.0f} s at the latest" if left is not None else ""
        fires = f" ({self.mending.fires})" if self.mending.fires else ""
        does = taken_back(self.mending.plan, "it")
        return f"The change is not kept yet. If you {how} now, {does}{at_zero}{fires}. {kept}"

    def at_stake(self) -> str:
        return mending.at_stake(self.mending) if self.mending is not None else super().at_stake()

    def show_steps(self) -> None:
        """Brings the list of steps and the countdown up to date."""
        self.query_one(Steps).follow(self.mending, self.guard_left_s(), self._note)

    def take_up(self) -> None:
        """Carries the session out from where it stands, and says so when that is in the middle of a change."""
        if self.gateways is None:
            return
        past = tuple(self.session.events)
        self._past = len(past)
        self.operator = walk(self, self.session, self.gateways)
        if mending.underway(past) is not None:
            self._note = _TAKEN_UP

    def took(self, event: Event) -> None:
        if isinstance(event, Mended):
            self._note = ""
        live = self._past <= 0
        self._past -= 1
        if isinstance(event, Stepped) and event.title == ARMING and self.story.mending is not None:
            seconds = self.story.mending.plan.guard_seconds
            self._fires_at = look_of(self).clock() + seconds if live and event.state == "done" else None

    # --- wishing for a remedy -----------------------------------------------------------------

    @property
    def _names(self) -> tuple[str, str]:
        return self.story.name("near"), self.story.name("far")

    @property
    def prospect(self) -> Prospect:
        """What can be done about the outcome on screen."""
        outcome, started = self.story.outcome, self.story.started
        if outcome is None or started is None:
            return Prospect()
        flow = cast("WizardApp", self.app).desk.flow
        return mending.prospect(flow, outcome, started, self.story.facts)

    @property
    def mendable(self) -> bool:
        """Whether there is something to be done, and somebody who can be asked to."""
        return self.gateways is not None and self.operator is None and bool(self.prospect)

    def action_mend(self) -> None:
        if self.mendable:
            self.stack(Remedies(self.prospect), self._picked)

    def _picked(self, offer: Offer | None) -> None:
        started = self.story.started
        if offer is None or started is None:
            return
        if not offer.remedy.chooses:
            self._ask_files(offer, None, {})
            return
        default = mending.right_by_default(offer.finding, started)
        found = next((stop for stop in reversed(self.story.stations) if offer.finding in stop.noted), None)
        because = found.because if found is not None else ()
        now = pages.at_both_ends(self.story, because)

        def chosen(right: End | None) -> None:
            if right is not None:
                self._ask_files(offer, right, {})

        self.stack(WhichEnd(self._names, now, default), chosen)

    def _ask_files(self, offer: Offer, right: End | None, given: dict[str, str]) -> None:
        """Asks for the files that are still missing, one after the other, then begins."""
        missing = next((name for name in offer.remedy.asks if name not in given), None)
        if missing is None:
            self._wish(Mend(offer.remedy.id, offer.finding.cause, right, given))
            return

        def named(path: str | None) -> None:
            if path is not None:
                self._ask_files(offer, right, {**given, missing: path})

        self.stack(WhichFile(offer.remedy.asks[missing]), named)

    def _wish(self, wish: Mend) -> None:
        if self.mendable and self.gateways is not None:
            self.operator = walk(self, self.session, self.gateways, wish)
            self.show()

    # --- questions of the walk ----------------------------------------------------------------

    @on(PlanShown)
    def _plan_shown(self, message: PlanShown) -> None:
        message.stop()
        self._later(Question(lambda: self._ask_plan(message.plan)))

    def _ask_plan(self, plan: Plan) -> None:
        self.running = None
        self.show()
        self.stack(
            PlanScreen(plan, self._names, self._mends(plan)),
            lambda decided: self._answer(decided or Decided(False, "the operator said no")),
        )

    def _mends(self, plan: Plan) -> str:
        cause = cast("WizardApp", self.app).desk.flow.causes.get(plan.cause)
        return cause.title if cause is not None else plan.cause

    @on(KeepWanted)
    def _keep_wanted(self, message: KeepWanted) -> None:
        message.stop()
        self._later(Question(lambda: self._ask_keep(message.keep)))

    def _ask_keep(self, keep: Keep) -> None:
        self.running = None
        self.show()
        change = self.mending or Mending(keep.plan)
        self.stack(KeepIt(keep, change, self.guard_left_s), self._kept)

    def _kept(self, decided: Decided | None) -> None:
        decided = decided or Decided(False, words.NOT_IN_TIME)
        if decided.why == words.NOT_IN_TIME:
            self.notify(
                "Nobody kept the change in time: the guard has undone it. I look what became of it.",
                severity="warning",
                markup=False,
                timeout=_LONG_S,
            )
        self._answer(decided)
