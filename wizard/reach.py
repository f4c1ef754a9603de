"""Both ends of one tunnel as far as they are logged in to, and why the others are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from wizard.choreography import Link
from wizard.engine.model import EndReport
from wizard.errors import WizardError
from wizard.facts.model import ENDS, End, Evidence, Fact
from wizard.inventory import EndRef
from wizard.links import Doors
from wizard.ssh import ChangedHostKey, LinkProblem, NeedsSecret, UnknownHostKey

Obstacle = NeedsSecret | UnknownHostKey | ChangedHostKey
"""What only a person can clear away."""

T = TypeVar("T")


class Reach:
    """Logs in to the ends once, keeps their links, and reports how it went."""

    def __init__(self, refs: Mapping[End, EndRef], doors: Doors) -> None:
        """Nothing is connected yet."""
        self.links: dict[End, Link] = {}
        self.reports: dict[End, EndReport] = {}
        self._refs = refs
        self._doors = doors

    def each(self, work: Callable[[End], T]) -> dict[End, T]:
        """Logs in where that is still to be done and does the work at every end that is reached, both at once.

        Neither end waits for the other. What stands in the way of one is raised when the other is done.
        """

        def one(end: End) -> tuple[Obstacle | None, tuple[T, ...]]:
            if (
                end not in self.links
                and end not in self.reports
                and (obstacle := self._open(end)) is not None
            ):
                return obstacle, ()
            return None, (work(end),) if end in self.links else ()

        with ThreadPoolExecutor(max_workers=len(ENDS)) as pool:
            came = dict(zip(ENDS, pool.map(one, ENDS), strict=True))
        obstacles = [obstacle for obstacle, _ in came.values() if obstacle is not None]
        if obstacles:
            raise obstacles[0]
        return {end: done[0] for end, (_, done) in came.items() if done}

    def open(self) -> None:
        """Logs in where that is still to be done; raises what stands in the way."""
        self.each(lambda _: None)

    def _open(self, end: End) -> Obstacle | None:
        ref = self._refs[end]
        if ref.gateway is None:
            who = (
                f"it is looked after by {ref.managed_by}"
                if ref.managed_by
                else "the inventory has no login for it"
            )
            self.reports[end] = EndReport(end, ref.name, reached=False, managed=False, problem=who)
            return None
        try:
            self.links[end] = self._doors.open(ref.gateway)
        except (NeedsSecret, UnknownHostKey, ChangedHostKey) as obstacle:
            return obstacle
        except WizardError as error:
            login = isinstance(error, LinkProblem)
            self.reports[end] = EndReport(
                end, ref.gateway, reached=False, login_failed=login, problem=str(error)
            )
            return None
        self.reports[end] = EndReport(end, ref.gateway, reached=True)
        return None

    def refuse(self, obstacle: Obstacle) -> None:
        """Goes on without what is behind this obstacle.

        A gateway whose login is refused counts as not reached and is left alone; without a password for sudo
        it is read as far as its login may.
        """
        if isinstance(obstacle, NeedsSecret) and obstacle.kind == "sudo":
            self._doors.secrets.decline(obstacle)
            return
        for end, ref in self._refs.items():
            if (
                ref.gateway is not None
                and end not in self.links
                and self._doors.stands_before(ref.gateway, obstacle)
            ):
                why = str(obstacle).splitlines()[0]
                self.reports[end] = EndReport(end, ref.gateway, reached=False, login_failed=True, problem=why)

    def reopen(self, end: End) -> Link:
        """A link over a new connection in place of the old one; raises WizardError."""
        gateway = self._refs[end].gateway
        if gateway is None:
            raise WizardError(f"nobody here can log in to {self._refs[end].name}")
        fresh = self._doors.open(gateway)
        old = self.links.get(end)
        self.links[end] = fresh
        if old is not None:
            old.close()
        return fresh

    def close(self) -> None:
        """Ends all connections, from any thread."""
        for link in list(self.links.values()):
            link.close()
        self._doors.close()

    def facts(self) -> list[Fact]:
        """Which ends are managed and logged in to."""
        facts: list[Fact] = []
        for end, report in self.reports.items():
            facts.append(Fact(f"{end}.managed", report.managed))
            if report.managed:
                asked = f"ssh {report.gateway}"
                told = (Evidence(report.gateway, "login", asked, report.problem),) if report.problem else ()
                facts.append(Fact(f"{end}.logged_in", report.reached, told))
            else:
                facts.append(Fact(f"{end}.logged_in", None, why_unknown=report.problem or ""))
            if report.problem:
                facts.append(Fact(f"{end}.login_problem", report.problem))
        return facts
