"""What one end saw of an exercise: packets at its outside interface, its log, its counters, its SAs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from wizard.facts.derive.notebook import Notebook
from wizard.facts.focus import Focus
from wizard.facts.parsers.charon_log import LogEvent
from wizard.facts.parsers.counters import Counters
from wizard.facts.parsers.framed import Section
from wizard.facts.parsers.ping import Ping
from wizard.facts.parsers.tcpdump import Capture
from wizard.facts.parsers.xfrm import SecurityAssociation
from wizard.facts.ruleset import Ruleset
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import IkeSa
from wizard.records import dataclass

MAY_NOT_PING: Final = "this login may not ping there"


@dataclass(frozen=True, slots=True)
class Witness:
    """One end's view of one exercise; a part that is None was not to be had."""

    book: Notebook
    focus: Focus
    snapshot: Snapshot
    """The gateway as it was read before, its `outputs` those of the exercise."""
    capture: Capture | None = None
    events: tuple[LogEvent, ...] | None = None
    """What the log says about this attempt, cut to it; None where no log could be read."""
    quiet: bool = False
    """Whether the log is set to say too little: what it does not say may have happened all the same."""
    choices: tuple[LogEvent, ...] = ()
    """Every connection the log says was chosen for this peer in the attempt, whatever its name."""
    sas_before: tuple[IkeSa, ...] | None = None
    sas_after: tuple[IkeSa, ...] | None = None
    ike_before: Mapping[str, int] | None = None
    """The daemon's own message counters; None where it does not keep any."""
    ike_after: Mapping[str, int] | None = None
    kernel_before: Counters | None = None
    kernel_after: Counters | None = None
    states_before: tuple[SecurityAssociation, ...] | None = None
    """The kernel's SAs before the first end's test packets, between both ends' and after the second's."""
    states_between: tuple[SecurityAssociation, ...] | None = None
    states_after: tuple[SecurityAssociation, ...] | None = None
    between_s: float | None = None
    """When the look between was taken, seconds since 1970 by this gateway's own clock."""
    rules_after: Ruleset | None = None
    pings: Mapping[str, Ping] = field(default_factory=dict)
    """By tag or probe id; a ping that could not be sent is not in it."""
    parts: Mapping[str, Section] = field(default_factory=dict)
    """What else stands among the pings, by name: look-ups that explain a loss."""

    def note_ping(self, probe: str, tag: str, name: str) -> None:
        """Whether a ping was answered, as a fact of that name."""
        ping = self.pings.get(tag)
        if ping is None or ping.answered is None:
            self.book.unknown(name, _unasked(ping))
            return
        lines = [ping.line, *(error.line for error in ping.errors[:1])]
        self.book.note(
            name, ping.answered, *(self.book.cite(probe, f"{tag}: {line}") for line in lines if line)
        )

    @property
    def may_not_ping(self) -> bool:
        """Whether a ping was refused to the login here, and so no test packet could be sent."""
        return any(ping.refused for ping in self.pings.values())

    def strange(self, spi: str) -> bool:
        """Whether the kernel here knows no SA of that SPI."""
        known = self.states_after if self.states_after is not None else self.states_between
        return known is not None and spi not in {state.spi for state in known}


def _unasked(ping: Ping | None) -> str:
    if ping is None:
        return "there was nothing to ping"
    return MAY_NOT_PING if ping.refused else "the ping's answer could not be read"
