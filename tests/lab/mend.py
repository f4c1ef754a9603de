"""Has the wizard mend what scenarios have broken, and sees what became of the tunnel, its sibling and the gateways."""

from __future__ import annotations

import io
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.lab import healthy, images, runner
from tests.lab.guest import REPOSITORY, Guest
from tests.lab.scenario import Scenario, pair_of
from tests.lab.trouble import LabError

FIX_SECONDS = 240.0
GUARD_PATIENCE_S = 200
SAMPLED = 4
_REFUSED = 2
FIRE = "for f in /var/lib/ipsec-wizard/*/fire.sh; do [ ! -e $f ] || sh $f operator; done"
FIRED = (
    f"for i in $(seq {GUARD_PATIENCE_S}); do ls /var/lib/ipsec-wizard/*/armed >/dev/null 2>&1 || exit 0; "
    "sleep 1; done; exit 1"
)
AFTER_THE_LAST_STEP = r"^  running verify with a fresh diagnosis"
HEADINGS = ("scenario", "cause", "remedy", "plan s", "mend s", "verified", "sibling", "undo", "")


class Case(Scenario):
    """A scenario with the remedy that is to mend it."""

    scenario: str
    remedy: str


@dataclass(slots=True)
class Mended(runner.Verdict):
    """What came of mending one scenario; `seconds` is from the approval to the end."""

    remedy: str = ""
    result: str = ""
    plan_s: float = 0.0
    verified: str = ""
    sibling: str = ""
    undo: str = ""

    def row(self) -> tuple[str, ...]:
        """The verdict as cells under HEADINGS."""
        return (
            self.scenario,
            self.expect,
            self.remedy,
            f"{self.plan_s:.1f}" if self.plan_s else "",
            f"{self.seconds:.1f}" if self.seconds else "",
            self.verified,
            self.sibling,
            self.undo,
            "ok" if self.ok else "FAIL",
        )


@cache
def remedies() -> dict[str, tuple[dict[str, Any], ...]]:
    """Cause to its remedies, the smallest change first; each with its `id`."""
    content = yaml.safe_load((REPOSITORY / "flows" / "remedies.yaml").read_text(encoding="utf-8"))
    found: dict[str, list[dict[str, Any]]] = {}
    for name, remedy in content["remedies"].items():
        for cause in remedy["mends"]:
            found.setdefault(cause, []).append({**remedy, "id": name})
    return {cause: tuple(ones) for cause, ones in found.items()}


def may_mend(scenario: Scenario) -> bool:
    """Whether its logins have the rights; those that have not are told so, which has tests of its own."""
    logins: dict[str, tuple[healthy.Gateway, ...]] = {
        "on-call": ("gw-a",),
        "on-call-sudo": ("gw-a",),
        "on-call-both": ("gw-a", "gw-b"),
    }
    return all(
        name in scenario.change and "mending" in scenario.change[name].grant
        for name in logins.get(scenario.inventory, ())
    )


def cases(scenarios: Sequence[Scenario], *, every: bool = False) -> list[Case]:
    """Each scenario whose cause has a remedy, with its first one; `every`: with each of them."""
    found = []
    for one in scenarios:
        known = remedies().get(one.expect, ()) if may_mend(one) else ()
        # A remedy that asks for what the scenario does not give is not this one's.
        known = tuple(remedy for remedy in known if set(remedy.get("asks", ())) <= set(one.given))
        if one.mended_by is not None and not every:
            known = tuple(remedy for remedy in known if remedy["id"] == one.mended_by)
        for remedy in known if every else known[:1]:
            name = f"{one.id}.{remedy['id']}" if every else one.id
            content = {**one.model_dump(), "id": name, "scenario": one.id, "remedy": remedy["id"]}
            found.append(Case.model_validate(content))
    return found


def sample(chosen: Sequence[Case]) -> list[Case]:
    """SAMPLED scenarios for each kind of daemon, on one pair of images, no remedy twice; and a pair of faults."""
    known = images.definitions().images
    taken: list[Case] = []
    used: set[str] = set()
    for kind in dict.fromkeys(one.daemon for one in known.values()):
        own = [
            one for one in chosen if not one.then and {known[i].daemon for i in pair_of(one)[1:]} == {kind}
        ]
        places = Counter(pair_of(one) for one in each_remedy(own))
        for place, _ in places.most_common(1):
            fitting = each_remedy([one for one in own if pair_of(one) == place])
            fresh = [one for one in fitting if one.remedy not in used] or fitting
            taken += fresh[:SAMPLED]
            used |= {one.remedy for one in fresh[:SAMPLED]}
    return [*taken, *[one for one in chosen if one.then][:1]]


def each_remedy(chosen: Sequence[Case]) -> list[Case]:
    """One scenario for each remedy, the first one that is staged for it."""
    first = {one.remedy: one for one in reversed(chosen) if not one.then}
    return sorted(first.values(), key=list(chosen).index)


def right_end(scenario: Scenario) -> str | None:
    """The gateway that the scenario leaves alone, where it changes one: what a person knows and no program."""
    changed = [name for name in healthy.OTHER if name in scenario.change]
    return healthy.OTHER[changed[0]] if len(changed) == 1 else None


class Mending(runner.Run):
    """A run that mends; `undo`: whether each change is first made and left to its guard."""

    tries_twice = False
    brief = False
    """Whether no diagnosis is made but those that a plan begins with and a mending ends with."""
    undo: str = "fire"
    """"fire": an operator runs fire.sh; "timer": the guard's own timer is waited for; "none": no undo is tried."""

    def _blank(self, scenario: Scenario, tries: int) -> Mended:
        remedy = scenario.remedy if isinstance(scenario, Case) else ""
        return Mended(scenario.id, scenario.expect, tries=tries, remedy=remedy)

    def _judge(self, guest: Guest, scenario: Scenario, verdict: runner.Verdict) -> None:
        if not isinstance(verdict, Mended) or not isinstance(scenario, Case):
            raise LabError("a run that mends was given something else")
        answer = guest.ask({"verb": "apply", "scenario": scenario.scenario})
        if answer["exit"] != 0:
            verdict.notes.append(str(answer.get("why")))
            return
        verdict.prepared_s = float(answer["seconds"])
        attempt = Attempt(guest, scenario, verdict, self.out / "out")
        attempt.brief = self.brief
        attempt.mend(self.undo)
        verdict.ok = not verdict.notes and not verdict.traces


class Attempt:
    """One scenario being mended in one guest."""

    def __init__(self, guest: Guest, scenario: Case, verdict: Mended, out: Path, *, state: str = "") -> None:
        """`out`: where what the wizard prints is kept; `state`: its state folder, one for the scenario if not told."""
        self.guest = guest
        self.scenario = scenario
        self.verdict = verdict
        self.out = out
        self.brief = False
        self._runs = 0
        self._options = [
            "--inventory",
            runner.INVENTORIES[scenario.inventory],
            "--state",
            state or f"{runner.STATE}/{scenario.id}",
        ]

    def mend(self, undo: str) -> None:
        """Diagnose, plan, have the change undone, make it again and keep it; fills the verdict in."""
        verdict = self.verdict
        self.ask("portray", **{"as": "before"})
        watched = self.ask("watch")
        try:
            if self.brief or self.found():
                plan = self.plan(verdict.remedy)
                if plan is not None:
                    if undo != "none":
                        self.undone(plan, undo)
                    self.kept(plan)
        finally:
            seen = self.ask("watch")
        lost = seen["lost"]
        planned = bool(verdict.status == "interrupts")
        verdict.sibling = ("interrupted as planned" if planned else "lost") if lost else "untouched"
        if not watched["up"]:
            verdict.sibling = "down with it"
        elif lost and not planned:
            verdict.traces += [f"the sibling tunnel: {line}" for line in lost]

    # --- the commands of the wizard -----------------------------------------------------------

    def ask(self, verb: str, **options: Any) -> dict[str, Any]:
        """One request to the guest that must not fail."""
        answer = self.guest.ask({"verb": verb, **options})
        if answer["exit"] != 0:
            raise LabError(f"{self.scenario.id}: {verb}: {answer.get('why')}")
        return answer

    def wizard(
        self, *words: str, trips: Sequence[dict[str, Any]] = ()
    ) -> tuple[int, dict[str, Any], str, list[Any]]:
        """Run the wizard; exit status, the JSON it printed, its last words, what its trips did."""
        out, err = io.BytesIO(), io.BytesIO()
        request = {
            "verb": "execute",
            "node": "op",
            "argv": ["ipsec-wizard", *self._options, *words],
            "seconds": FIX_SECONDS,
            "trips": list(trips),
        }
        answer = self.guest.ask(request, out=out, err=err)
        self._runs += 1
        stem = f"{self.scenario.id}.{self._runs}-{words[0]}"
        (self.out / f"{stem}.json").write_bytes(out.getvalue())
        (self.out / f"{stem}.err").write_bytes(err.getvalue())
        try:
            said = json.loads(out.getvalue())
        except ValueError:
            said = {}
        lines = err.getvalue().decode(errors="replace").strip().splitlines()
        return int(answer["exit"]), said, " | ".join(lines[-3:])[-400:], answer.get("trips", [])

    def resume(self, session: str) -> dict[str, Any]:
        """Take an interrupted session to its end; what became of its change."""
        code, said, told, _ = self.wizard("resume", session, "--json")
        if not said:
            self.verdict.notes.append(f"resuming {session} ended with {code}: {told}")
        return said

    def unfinished(self) -> str:
        """The latest session that came to no end."""
        return next((str(row["id"]) for row in self._sessions() if not row["status"]), "")

    def latest(self) -> str:
        """The latest session."""
        return next((str(row["id"]) for row in self._sessions()), "")

    def _sessions(self) -> list[dict[str, Any]]:
        out = io.BytesIO()
        words = ["ipsec-wizard", *self._options, "sessions", "--json"]
        self.guest.ask({"verb": "execute", "node": "op", "argv": words}, out=out, err=io.BytesIO())
        return list(json.loads(out.getvalue() or b"[]"))

    # --- what is asked of a remedy ------------------------------------------------------------

    def found(self) -> bool:
        """Whether a diagnosis names the fault; says so where it does not."""
        code, said, words, _ = self.wizard("diagnose", "site", "--json", "--symptom", self.scenario.symptom)
        causes = [str(one["id"]) for one in said.get("causes") or []]
        wanted = {self.scenario.expect, *self.scenario.then}
        ok = bool(causes) and causes[0] in wanted
        if not ok:
            self.verdict.notes.append(
                f"the diagnosis says {causes or said.get('status')} (exit {code}) {words}"
            )
        return ok

    def plan(self, remedy: str) -> dict[str, Any] | None:
        """The plan of that remedy; notes why there is none."""
        chooses = any(
            one.get("chooses") for ones in remedies().values() for one in ones if one["id"] == remedy
        )
        right = right_end(self.scenario) if chooses else None
        words = [
            "fix",
            "site",
            "--remedy",
            remedy,
            "--plan",
            "--json",
            *(["--right", right] if right else []),
        ]
        begun = time.monotonic()
        code, said, told, _ = self.wizard(*words, *self._given())
        self.verdict.plan_s = round(time.monotonic() - begun, 1)
        if code != 0 or not said.get("hash"):
            if code == _REFUSED and not any(node in healthy.OTHER for node in self.scenario.change):
                # What is broken between the gateways is nobody's here to mend: the plan says so.
                self.verdict.verified = "referred"
            else:
                self.verdict.notes.append(f"no plan (exit {code}): {told}")
            return None
        if said["interrupts"]:
            self.verdict.status = "interrupts"
        return said

    def _given(self) -> list[str]:
        return [
            word for name, value in self.scenario.given.items() for word in ("--given", f"{name}={value}")
        ]

    def undone(self, plan: dict[str, Any], how: str) -> None:
        """Kill the program when all steps are done, let the guard undo them, compare with before."""
        trip = {"on": AFTER_THE_LAST_STEP, "kill": True}
        code, said, told, trips = self.wizard(
            "fix", "site", "--remedy", plan["remedy"], "--approve", plan["hash"], "--json", trips=[trip]
        )
        if not trips or not trips[0][0]:
            self.verdict.undo = "not tried"
            self.verdict.notes.append(
                f"the steps did not come to their end (exit {code}): {said.get('said') or told}"
            )
            return
        for gateway in healthy.OTHER:
            line = FIRED if how == "timer" else FIRE
            self.ask(
                "mishap",
                mishap={"node": gateway, "run": line, "seconds": GUARD_PATIENCE_S + 30, "may_fail": True},
            )
        differing = list(self.ask("portray", against="before")["differences"])
        session = self.unfinished()
        resumed = self.resume(session) if session else {}
        if resumed.get("result") != "undone":
            differing.append(
                f"resumed, the session says {resumed.get('result') or 'nothing'}: {resumed.get('said')}"
            )
        seen = self.ask("leftovers")
        differing += [*seen["left"], *seen["records"]]
        self.verdict.undo = f"{len(differing)} differ" if differing else "exact"
        self.verdict.notes += [f"undo: {line}" for line in differing[:6]]

    def kept(self, plan: dict[str, Any]) -> None:
        """Carry the plan out to its end, and see traffic, health, and nothing left behind."""
        verdict = self.verdict
        begun = time.monotonic()
        code, said, told, _ = self.wizard(
            "fix", "site", "--remedy", plan["remedy"], "--approve", plan["hash"], "--json"
        )
        verdict.seconds = round(time.monotonic() - begun, 1)
        verdict.result = str(said.get("result", ""))
        if code != 0 or verdict.result != "kept":
            verdict.verified = verdict.result or f"exit {code}"
            verdict.notes.append(f"{verdict.result or 'no result'} (exit {code}): {said.get('said') or told}")
            return
        said = self.then(said)
        missing = self.ask("passage")["missing"]
        if not self.brief:
            code, said, told, _ = self.wizard("diagnose", "site", "--json", "--symptom", "check")
        if said.get("status") != "healthy":
            causes = [str(one["id"]) for one in said.get("causes") or []]
            missing.append(f"a fresh diagnosis says {causes or said.get('status')} (exit {code})")
        verdict.verified = "no" if missing else "yes"
        verdict.notes += missing
        seen = self.ask("leftovers")
        verdict.notes += [f"left behind: {line}" for line in seen["left"][:5]]
        lines = [line for step in plan["steps"] for line in step["diff"].splitlines()]
        if any(line.startswith("-") and not line.startswith("---") for line in lines) and not seen["kept"]:
            verdict.notes.append("there is no copy of the files as they were")

    def then(self, said: dict[str, Any]) -> dict[str, Any]:
        """Mend what was found next, as long as the scenario holds more faults; what was said last."""
        for _ in self.scenario.then:
            causes = [str(one["id"]) for one in said.get("causes") or []]
            known = remedies().get(causes[0], ()) if causes else ()
            if not known:
                self.verdict.notes.append(f"found next: {causes or said.get('status')}, which nothing mends")
                return said
            self.verdict.remedy += f" + {known[0]['id']}"
            plan = self.plan(known[0]["id"])
            if plan is None:
                return said
            begun = time.monotonic()
            code, said, told, _ = self.wizard(
                "fix", "site", "--remedy", plan["remedy"], "--approve", plan["hash"], "--json"
            )
            self.verdict.seconds = round(self.verdict.seconds + time.monotonic() - begun, 1)
            if code != 0:
                self.verdict.notes.append(
                    f"then {said.get('result') or 'no result'} (exit {code}): {said.get('said') or told}"
                )
                return said
        return said
