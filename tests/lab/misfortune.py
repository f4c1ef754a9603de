"""Lets things go wrong while the wizard mends, and sees that gateways end as before or mended, and which is said."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tests.lab import healthy, mend, runner
from tests.lab.guest import Guest
from tests.lab.scenario import Scenario, Truth, load
from tests.lab.trouble import LabError

FILE = Path(__file__).with_name("misfortunes.yaml")
Mishap = dict[str, Any]
_POINTS = {
    "arming": r"^  running arm the undo",
    "armed": r"^  done    arm the undo",
    "verifying": r"^  running verify with a fresh diagnosis",
    "verified": r"^  done    verify with a fresh diagnosis",
    "keeping": r"^  running keep the change",
}
_KILLED = 137


class Misfortune(BaseModel):
    """One thing that goes wrong; misfortunes.yaml says what the fields mean."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    title: str
    scenario: str
    before: list[Mishap] = Field(default_factory=list)
    at: Annotated[str, Field(pattern=r"^(arming|armed|step \d|done \d|verifying|verified|keeping)?$")] = ""
    do: list[Mishap] = Field(default_factory=list)
    kill: bool = False
    said: str = ""
    after: list[Mishap] = Field(default_factory=list)
    fires: Literal["operator", "timer", "nobody"] = "nobody"
    exit: list[int] = Field(default_factory=lambda: [_KILLED])
    resumed: list[str] = Field(default_factory=list)
    ends: Literal["before", "mended", "either", "theirs"]
    holds: list[Truth] = Field(default_factory=list)
    # What the lab itself needs to go on afterwards.
    finally_: list[Mishap] = Field(default_factory=list, alias="finally")


class Trouble(mend.Case):
    """A scenario with its remedy and with what goes wrong."""

    misfortune: Misfortune


def cases(names: Sequence[str]) -> list[Trouble]:
    """The named misfortunes, or all.

    Raises:
        LabError: the file or a name is wrong.
    """
    try:
        known = [Misfortune.model_validate(one) for one in yaml.safe_load(FILE.read_text(encoding="utf-8"))]
    except ValidationError as wrong:
        raise LabError(f"{FILE}: {wrong}") from wrong
    if unknown := set(names) - {one.id for one in known}:
        raise LabError(f"There is no misfortune {', '.join(sorted(unknown))}.")
    scenarios = load()
    found = []
    for one in known:
        if not names or one.id in names:
            case = mend.cases([scenarios[one.scenario]])[0]
            found.append(Trouble.model_validate({**case.model_dump(), "id": one.id, "misfortune": one}))
    return found


class Misadventure(mend.Mending):
    """A run in which each mending meets its misfortune."""

    _plans: ClassVar[dict[tuple[int, str], dict[str, Any]]] = {}
    """By guest and scenario: the plan for gateways that stand as they did when it was made."""

    def _judge(self, guest: Guest, scenario: Scenario, verdict: runner.Verdict) -> None:
        if not isinstance(verdict, mend.Mended) or not isinstance(scenario, Trouble):
            raise LabError("a run of misfortunes was given something else")
        # Gateways that a misfortune left exactly as before are ready for the next, and so is the plan.
        plan = self._plans.pop((id(guest), scenario.scenario), None)
        if plan is None:
            answer = guest.ask({"verb": "apply", "scenario": scenario.scenario})
            if answer["exit"] != 0:
                verdict.notes.append(str(answer.get("why")))
                return
            verdict.prepared_s = float(answer["seconds"])
        struck = _Struck(guest, scenario, verdict, self.out / "out")
        plan = plan or struck.plan(verdict.remedy)
        if plan is not None:
            struck.go(plan)
        verdict.ok = not verdict.notes
        if plan is not None and verdict.ok and verdict.undo == "exact" and not scenario.misfortune.before:
            self._plans[id(guest), scenario.scenario] = plan


class _Struck(mend.Attempt):
    """One mending that is struck by a misfortune."""

    def __init__(self, guest: Guest, scenario: Trouble, verdict: mend.Mended, out: Path) -> None:
        super().__init__(guest, scenario, verdict, out, state=f"{runner.STATE}/misfortunes")
        self.misfortune = scenario.misfortune

    def go(self, plan: dict[str, Any]) -> None:
        """Let it go wrong, see what has become of gateways and session."""
        try:
            self._go(plan)
        finally:
            self._happen(self.misfortune.finally_, plan)

    def _go(self, plan: dict[str, Any]) -> None:
        wrong, verdict = self.misfortune, self.verdict
        self._happen(wrong.before, plan)
        self.ask("portray", **{"as": "before"})
        trips = [{"on": point(wrong.at, plan), "do": self._filled(wrong.do, plan), "kill": wrong.kill}]
        code, said, told, tripped = self.wizard(
            "fix",
            "site",
            "--remedy",
            plan["remedy"],
            "--approve",
            plan["hash"],
            "--json",
            trips=trips if wrong.at else (),
        )
        verdict.result = str(said.get("result", "")) or ("killed" if code == _KILLED else f"exit {code}")
        for happened, printed, troubles in tripped:
            verdict.notes += [] if happened else [f"nothing went wrong: {wrong.at} did not come; {told}"]
            verdict.notes += troubles
            if wrong.said not in printed:
                verdict.notes.append(f"{wrong.said} was to be printed, it was: {printed[-300:]}")
        if code not in wrong.exit:
            verdict.notes.append(f"exit {code}, not {wrong.exit}: {said.get('said') or told}")
        self._happen(wrong.after, plan)
        self._fire()
        result = verdict.result
        if wrong.resumed:
            result = self._resumed()
        recorded = self.recorded(str(said.get("session") or ""))
        if recorded != result:
            verdict.notes.append(f"the journal says {recorded or 'nothing'}, the program said {result}")
        self._judge_state(result)
        self._hold()

    def _fire(self) -> None:
        line = {"operator": mend.FIRE, "timer": mend.FIRED, "nobody": ""}[self.misfortune.fires]
        for gateway in healthy.OTHER if line else ():
            self.ask(
                "mishap",
                mishap={
                    "node": gateway,
                    "run": line,
                    "seconds": mend.GUARD_PATIENCE_S + 30,
                    "may_fail": True,
                },
            )

    def _resumed(self) -> str:
        session = self.unfinished()
        if not session:
            self.verdict.notes.append("there is no unfinished session to take up")
            return ""
        result = str(self.resume(session).get("result", ""))
        self.verdict.result = f"{self.verdict.result}, then {result or 'nothing'}"
        if result not in self.misfortune.resumed:
            self.verdict.notes.append(f"taken up, the session says {result}, not {self.misfortune.resumed}")
        return result

    def _judge_state(self, result: str) -> None:
        ends, verdict = self.misfortune.ends, self.verdict
        if ends == "either":
            ends = "mended" if result == "kept" else "before"
        if ends == "mended":
            missing = self.ask("passage")["missing"]
            verdict.verified = "no" if missing else "yes"
            verdict.notes += missing
        elif ends == "before":
            differing = self.ask("portray", against="before")["differences"]
            verdict.undo = f"{len(differing)} differ" if differing else "exact"
            verdict.notes += [f"not as before: {line}" for line in differing[:6]]
        if ends != "theirs":
            seen = self.ask("leftovers")
            # A program that could not reach the gateway any more cannot clear away what the guard tells.
            told = seen["records"] if self.misfortune.resumed else []
            left = [line for line in (*seen["left"], *told) if "/other" not in line]
            verdict.notes += [f"left behind: {line}" for line in left[:4]]

    def _hold(self) -> None:
        for truth in self.misfortune.holds:
            out = io.BytesIO()
            words = ["sh", "-c", truth.run]
            answer = self.guest.ask(
                {"verb": "execute", "node": truth.at, "argv": words}, out=out, err=io.BytesIO()
            )
            seen = out.getvalue().decode(errors="replace")
            if truth.exit is not None and answer["exit"] != truth.exit:
                self.verdict.notes.append(f"on {truth.at} `{truth.run}` ended with {answer['exit']}: {seen}")
            if truth.matches and not re.search(truth.matches, seen, re.MULTILINE):
                self.verdict.notes.append(f"on {truth.at} `{truth.run}` says {seen[-200:]}")

    def recorded(self, session: str) -> str:
        """The result of the change as the session's journal has it, by its export; empty where it has none."""
        out = io.BytesIO()
        words = ["ipsec-wizard", *self._options, "export", session or self.latest(), "--format", "json"]
        self.guest.ask({"verb": "execute", "node": "op", "argv": words}, out=out, err=io.BytesIO())
        (self.out / f"{self.scenario.id}.export.json").write_bytes(out.getvalue())
        try:
            mendings = json.loads(out.getvalue()).get("mending") or [{}]
        except ValueError:
            return ""
        # The program's own answer knows no difference between what was refused and what failed.
        return {"refused": "failed"}.get(result := str(mendings[-1].get("result")), result)

    def _happen(self, mishaps: Sequence[Mishap], plan: dict[str, Any]) -> None:
        for mishap in self._filled(mishaps, plan):
            self.ask("mishap", mishap=mishap)

    def _filled(self, mishaps: Sequence[Mishap], plan: dict[str, Any]) -> list[Mishap]:
        """The mishaps with the wizard's command, the remedy and the hash filled into an operator's line."""
        words = {"wizard": f"ipsec-wizard {' '.join(self._options)}", **plan}
        return [
            {**one, "operator": str(one["operator"]).format_map(words)} if "operator" in one else one
            for one in mishaps
        ]


def point(at: str, plan: dict[str, Any]) -> str:
    """The line of the program that means that point has come."""
    if at in _POINTS or not at:
        return _POINTS.get(at, "")
    kind, _, number = at.partition(" ")
    step = plan["steps"][int(number) - 1]
    state = "running" if kind == "step" else "done   "
    return rf"^  {state} {re.escape(step['end'])}: {re.escape(step['title'])}"
