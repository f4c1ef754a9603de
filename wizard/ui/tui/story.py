"""A session's events as something that can be shown: one station for each look and each node.

Kept apart from the widgets, so that what the screen says can be read and tested without a screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import assert_never

from wizard.engine.course import VERIFYING
from wizard.engine.model import (
    Ask,
    Branched,
    Changed,
    Collect,
    Collected,
    CommandRecord,
    Confirm,
    Declined,
    Drawn,
    Ended,
    EndReport,
    Entered,
    Event,
    Exercise,
    Finding,
    Found,
    Mapped,
    Mark,
    Mend,
    Mended,
    Outcome,
    Replied,
    Request,
    Requested,
    Segment,
    Started,
    Stepped,
    Warned,
)
from wizard.facts.model import End, Fact, Facts
from wizard.ui import words
from wizard.ui.mending import Mending

LEGS = ("near-lan", "near-gateway", "wan", "far-gateway", "far-lan")


@dataclass(slots=True)
class Station:
    """One stop of the walk: what was asked, what came back, what was concluded from it."""

    node: str
    """Full id "tree.node"; "" for the first look at both gateways."""
    kind: str
    title: str
    why: str
    mark: Mark | None = None
    """None while the node has not been answered."""
    answer: str = ""
    because: tuple[Fact, ...] = ()
    rule: str = ""
    to: str = ""
    records: tuple[CommandRecord, ...] = ()
    """What was run for this stop."""
    noted: list[Finding] = field(default_factory=list)
    """Warnings and further causes that came up here."""

    @property
    def tree(self) -> str:
        """The tree the node stands in, in words."""
        return self.node.partition(".")[0].replace("-", " ")


@dataclass(frozen=True, slots=True)
class Shelf:
    """A walk put aside, or the empty one that every walk begins with."""

    stations: tuple[Station, ...] = ()
    segments: tuple[Segment, ...] = tuple(Segment(leg, "unknown") for leg in LEGS)
    facts: Facts = field(default_factory=Facts)


@dataclass(slots=True)
class Story:
    """All stations so far, and where things stand."""

    started: Started | None = None
    stations: list[Station] = field(default_factory=list)
    segments: tuple[Segment, ...] = tuple(Segment(leg, "unknown") for leg in LEGS)
    facts: Facts = field(default_factory=Facts)
    records: list[CommandRecord] = field(default_factory=list)
    ends: dict[End, EndReport] = field(default_factory=dict)
    outcome: Outcome | None = None
    mending: Mending | None = None
    """The plan being carried out, or the one carried out last."""
    mended: tuple[tuple[str, Mended], ...] = ()
    """How remedies ended, each with its title, the first in front."""
    request: Request | None = None
    """The request not yet replied to."""
    elapsed_s: float = 0.0
    """Seconds spent on gateways, summed over requests."""
    _shelf: Shelf | None = None
    """How things stood before the change under way, for when it is taken back."""

    def add(self, event: Event) -> None:
        """Takes one event in."""
        match event:
            case Started():
                self.started = event
                if event.approved is not None:
                    self.mending = Mending(event.approved)
            case Requested(request=request):
                self._requested(request)
            case Replied(reply=reply):
                self._replied(reply)
            case Entered(node=node, kind=kind, title=title, why=why):
                if kind != "cause":
                    self.stations.append(Station(node, kind, title, why))
            case Branched():
                self._branched(event)
            case Mapped(segments=segments):
                self.segments = segments
            case Found(finding=finding) | Warned(finding=finding):
                if self.stations:
                    self.stations[-1].noted.append(finding)
            case Stepped():
                self._stepped(event)
            case Mended():
                self._mended(event)
            case Ended(outcome=outcome):
                self.outcome = outcome
                self.request = None
            case _:
                assert_never(event)

    def tell(self, events: Sequence[Event]) -> None:
        """Takes several events in."""
        for event in events:
            self.add(event)

    def name(self, end: End) -> str:
        """The gateway's name at that end."""
        if self.started is None:
            return end
        return self.started.near if end == "near" else self.started.far

    def station_of(self, node: str) -> Station | None:
        """The latest stop at that node."""
        return next((station for station in reversed(self.stations) if station.node == node), None)

    def fact(self, end: End, bare: str) -> Fact:
        """What is known of one end by a fact's bare name."""
        return self.facts.get(f"{end}.{bare}")

    def _requested(self, request: Request) -> None:
        self.request = request
        if isinstance(request, Confirm):
            self.mending = Mending(request.plan)
        if isinstance(request, Collect) and not self.stations:
            self.stations.append(Station("", "look", words.LOOKING.title, words.LOOKING.promise))

    def _replied(self, reply: Collected | Declined | object) -> None:
        request, self.request = self.request, None
        if isinstance(reply, Mend):
            self._shelf = Shelf(tuple(self.stations), self.segments, self.facts)
            self.outcome, self.mending = None, None
        if isinstance(reply, Drawn | Changed):
            self.records.extend(reply.records)
            self.elapsed_s += reply.cost.elapsed_s
        node = request.node if isinstance(request, Exercise | Ask) else ""
        station = self.station_of(node)
        if isinstance(reply, Declined) and station is not None:
            station.answer = f"Not tried: {reply.reason}"
        if not isinstance(reply, Collected):
            return
        self.facts = self.facts.merged(reply.facts)
        self.records.extend(reply.records)
        self.ends.update({report.end: report for report in reply.ends})
        self.elapsed_s += reply.cost.elapsed_s
        if station is None:
            return
        station.records += reply.records
        if isinstance(request, Collect):
            station.mark = "unknown" if any(not report.reached for report in reply.ends) else "ok"
            station.answer = _looked(reply)

    def _stepped(self, event: Stepped) -> None:
        if self.mending is None:
            return
        self.mending.add(event)
        if event.title == VERIFYING and event.state == "running":
            # What follows is a diagnosis of its own, from the top.
            self._lay(Shelf())

    def _mended(self, event: Mended) -> None:
        title = event.remedy
        if self.mending is not None:
            self.mending.result = event
            title = self.mending.plan.title
        self.mended = (*self.mended, (title, event))
        if event.result != "kept" and self._shelf is not None:
            self._lay(self._shelf)
        self._shelf = None

    def _lay(self, shelf: Shelf) -> None:
        self.stations, self.segments, self.facts = list(shelf.stations), shelf.segments, shelf.facts

    def _branched(self, event: Branched) -> None:
        station = self.station_of(event.node)
        if station is None:
            return
        station.mark = event.mark
        station.answer = event.answer
        station.because = event.because
        station.rule = event.rule
        station.to = event.to


def _looked(reply: Collected) -> str:
    said: list[str] = []
    for report in reply.ends:
        if report.reached:
            count = sum(record.end == report.end for record in reply.records)
            said.append(f"{report.gateway}: {count} commands read")
        elif not report.managed:
            said.append(f"{report.gateway}: nobody here can log in to it")
        else:
            said.append(f"{report.gateway}: not reached ({report.problem or 'no reason given'})")
    return ". ".join(said) + "." if said else (reply.problem or "Nothing came back.")
