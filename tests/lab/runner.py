"""Runs scenarios in guests side by side and judges what the wizard says about each."""

from __future__ import annotations

import io
import json
import os
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.lab import healthy
from tests.lab.guest import REPOSITORY, Guest
from tests.lab.scenario import Scenario, pair_of
from tests.lab.trouble import LabError

Check = Literal["truth", "diagnose"]
RUNS = REPOSITORY / ".cache" / "lab"
KEPT_RUNS = 5
# The guest counts its own time, too, and powers off: this bounds a run that nobody watches.
RUN_SECONDS = 3600.0
DIAGNOSE_SECONDS = 120.0
STATE = "/tmp/state"
INVENTORIES = {
    "both": "/run/lab/inventory.yaml",
    "gw-a": "/run/lab/one-end.yaml",
    "on-call": "/run/lab/on-call.yaml",
    "on-call-sudo": "/run/lab/on-call-sudo.yaml",
    "on-call-both": "/run/lab/on-call-both.yaml",
    "services": "/run/lab/services.yaml",
    "same-inside": "/run/lab/same-inside.yaml",
}


@dataclass(slots=True)
class Verdict:
    """What came of one scenario: `cause` and `status` are the wizard's, `ok` is the lab's judgement."""

    scenario: str
    expect: str
    ok: bool = False
    status: str = ""
    cause: str = ""
    confidence: str = ""
    seconds: float = 0.0
    round_trips: int = 0
    prepared_s: float = 0.0
    tries: int = 1
    warn: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)
    """What the diagnosis left on the gateways or did to other tunnels."""


class Run:
    """One run: shares scenarios out to guests and collects the verdicts."""

    tries_twice = True
    """Whether a scenario that is not as expected is tried once more at the end."""

    def __init__(
        self,
        chosen: list[Scenario],
        check: Check,
        report: Callable[[Verdict], None],
        limit_s: float = RUN_SECONDS,
    ) -> None:
        """`report` is called with each verdict as it comes, from the guests' threads one at a time.

        After `limit_s` seconds no further scenario is begun; those that were not are in `left_out`.
        """
        self._until = time.monotonic() + limit_s
        self.left_out: list[str] = []
        self.verdicts: list[Verdict] = []
        self.troubles: list[str] = []
        self.out = _fresh_folder()
        self._guests: list[Guest] = []
        self._waiting = list(chosen)
        self._again: list[Scenario] = []
        self._first: dict[str, Verdict] = {}
        self._check = check
        self._report = report
        self._lock = threading.Lock()

    def carry_out(self, guests: int) -> None:
        """Run all scenarios; returns when every guest has ended.

        Raises:
            LabError: not one scenario could be run.
        """
        count = max(1, min(guests, len(self._waiting)))
        threads = [threading.Thread(target=self._guest, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except KeyboardInterrupt:
            with self._lock:
                self._waiting.clear()
                for guest in self._guests:
                    guest.kill()
            for thread in threads:
                thread.join()
            raise
        if not self.verdicts:
            raise LabError("The lab could not run:\n" + "\n".join(self.troubles))
        if time.monotonic() >= self._until:
            self.left_out = [scenario.id for scenario in self._waiting]
            self.verdicts += [self._first[scenario.id] for scenario in self._again]
            return
        for scenario in [*self._waiting, *self._again]:
            verdict = self._blank(scenario, 2)
            verdict.notes.append("not run: no guest was left")
            self._settle(verdict)

    def _guest(self, number: int) -> None:
        # Each thread starts with a scenario of its own kind, so that guests share the work by images.
        first = self._take(None)
        if first is None:
            return
        folder = Path(tempfile.mkdtemp(prefix="ipsec-wizard-lab-"))
        try:
            with Guest(folder / "guest", seconds=RUN_SECONDS) as guest:
                with self._lock:
                    self._guests.append(guest)
                self._work(guest, first)
        except LabError as trouble:
            with self._lock:
                self.troubles.append(f"guest {number}: {trouble}")
        finally:
            for name in ("console.log", "agent.log", "console-gw-a.log", "console-gw-b.log"):
                if (log := folder / "guest" / name).exists():
                    shutil.copyfile(log, self.out / f"guest{number}-{name}")
            shutil.rmtree(folder, ignore_errors=True)

    def _work(self, guest: Guest, first: Scenario) -> None:
        available = {scenario.image(name) for scenario in [first, *self._waiting] for name in healthy.OTHER}
        guest.start(available, {name: first.image(name) for name in healthy.OTHER}, first.topology)
        try:
            guest.ready()
        except LabError:
            with self._lock:
                self._waiting.insert(0, first)
            raise
        at: Scenario | None = first
        while at is not None:
            tries = 2 if at.id in self._first else 1
            verdict = self._blank(at, tries)
            try:
                self._judge(guest, at, verdict)
            finally:
                self._settle(verdict, at)
            at = self._take(at)
        # The last scenario's traces must be removable, too.
        answer = guest.ask({"verb": "reset"})
        if answer["exit"] != 0:
            raise LabError(f"the last reset failed: {answer.get('why')}")
        if self._check == "diagnose":
            guest.ask(_execute("sh", "-c", f"cp -r {STATE} /mnt/run/state"))
            shutil.copytree(guest.run / "state", self.out / "state", dirs_exist_ok=True)

    def _take(self, last: Scenario | None) -> Scenario | None:
        """The next scenario: one on the same images if there is one, else one of the largest group."""
        with self._lock:
            if time.monotonic() >= self._until:
                return None
            if not self._waiting:
                return self._again.pop(0) if self._again else None
            kinds = Counter(pair_of(scenario) for scenario in self._waiting)
            wanted = pair_of(last) if last and pair_of(last) in kinds else kinds.most_common(1)[0][0]
            if last is None and self._started:
                wanted = kinds.most_common(2)[-1][0]
            self._started = True
            at = next(scenario for scenario in self._waiting if pair_of(scenario) == wanted)
            self._waiting.remove(at)
            return at

    _started = False

    def _settle(self, verdict: Verdict, again: Scenario | None = None) -> None:
        """Keeps a verdict; one that is not as expected is tried once more at the end, on a quieter machine."""
        with self._lock:
            if not verdict.ok and again is not None and verdict.tries == 1 and self.tries_twice:
                self._first[again.id] = verdict
                self._again.append(again)
            else:
                self.verdicts.append(verdict)
            with (self.out / "results.jsonl").open("a", encoding="utf-8") as results:
                results.write(json.dumps(asdict(verdict)) + "\n")
            self._report(verdict)

    def _blank(self, scenario: Scenario, tries: int) -> Verdict:
        """A verdict on that scenario in which nothing is said yet."""
        return Verdict(scenario.id, scenario.expect, tries=tries, warn=scenario.warn)

    def _judge(self, guest: Guest, scenario: Scenario, verdict: Verdict) -> None:
        """Put the scenario on, do what this run is about, and fill the verdict in."""
        answer = guest.ask({"verb": "apply", "scenario": scenario.id})
        if answer["exit"] != 0:
            verdict.notes.append(str(answer.get("why")))
            return
        verdict.prepared_s = float(answer["seconds"])
        if self._check == "truth":
            verdict.ok = True
            return
        self._diagnose(guest, scenario, verdict)
        verdict.traces += guest.ask({"verb": "traces"})["traces"]
        verdict.ok = not verdict.notes and not verdict.traces

    def _diagnose(self, guest: Guest, scenario: Scenario, verdict: Verdict) -> None:
        words = [
            "ipsec-wizard",
            "--inventory",
            INVENTORIES[scenario.inventory],
            "--state",
            f"{STATE}/{scenario.id}",
        ]
        out, err = io.BytesIO(), io.BytesIO()
        started = time.monotonic()
        request = _execute(*words, "diagnose", "site", "--json", "--symptom", scenario.symptom)
        answer = guest.ask({**request, "seconds": DIAGNOSE_SECONDS}, out=out, err=err)
        verdict.seconds = round(time.monotonic() - started, 1)
        (self.out / "out" / f"{scenario.id}.json").write_bytes(out.getvalue())
        (self.out / "out" / f"{scenario.id}.err").write_bytes(err.getvalue())
        _compare(out.getvalue(), int(answer["exit"]), err.getvalue(), verdict)


def _compare(document: bytes, code: int, words: bytes, verdict: Verdict) -> None:
    """Fill in what the wizard said and note everything that is not as the scenario expects it."""
    try:
        said: dict[str, Any] = json.loads(document)
    except ValueError:
        tail = words.decode(errors="replace").strip()[-400:]
        verdict.notes.append(f"diagnose ended with {code} and printed no JSON: {tail}")
        return
    causes = said.get("causes") or []
    verdict.status = str(said.get("status"))
    verdict.cause = str(causes[0]["id"]) if causes else ""
    verdict.confidence = str(causes[0].get("confidence")) if causes else ""
    verdict.round_trips = int(said.get("stats", {}).get("round_trips", 0))
    warned = {str(one["id"]) for one in said.get("warnings") or []}
    verdict.notes += [f"no warning of {one}" for one in verdict.warn if one not in warned]
    if verdict.expect == "healthy":
        if verdict.status != "healthy" or causes or code != 0:
            verdict.notes.append("a healthy tunnel was not called healthy")
    elif verdict.status != "fault" or verdict.cause != verdict.expect or code != 1:
        verdict.notes.append(f"the cause was not named first (exit {code})")


NAMED_AT_LEAST = 0.95
"""The share of faults that a run must name first to pass; a healthy tunnel must never be called faulty."""


def passed(verdicts: Sequence[Verdict]) -> bool:
    """Whether a run is good enough: faults named, no healthy tunnel blamed, gateways and siblings left alone.

    A healthy pair that could not be staged, or of which nothing could be told, is a miss among all and no more.
    """
    faults = [verdict for verdict in verdicts if verdict.expect != "healthy"]
    named = sum(verdict.ok for verdict in faults)
    blamed = [verdict for verdict in verdicts if verdict.expect == "healthy" and verdict.status == "fault"]
    return (
        named >= NAMED_AT_LEAST * len(faults)
        and sum(verdict.ok for verdict in verdicts) >= NAMED_AT_LEAST * len(verdicts)
        and not blamed
        and not any(verdict.traces for verdict in verdicts)
    )


def _execute(*words: str) -> dict[str, Any]:
    return {"verb": "execute", "node": "op", "argv": list(words)}


def leaks(out: Path) -> list[str]:
    """The files of a run, of everything the wizard wrote or printed, that hold a planted secret."""
    mark = healthy.CANARY_MARK.encode()
    files = [file for place in ("out", "state") for file in (out / place).rglob("*") if file.is_file()]
    return [str(file.relative_to(out)) for file in files if mark in file.read_bytes()]


def _fresh_folder() -> Path:
    """A folder for this run's outputs; those of older runs go, save the latest few."""
    RUNS.mkdir(parents=True, exist_ok=True)
    for old in sorted(path for path in RUNS.iterdir() if path.is_dir())[:-KEPT_RUNS]:
        shutil.rmtree(old, ignore_errors=True)
    out = RUNS / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}"
    (out / "out").mkdir(parents=True)
    return out
