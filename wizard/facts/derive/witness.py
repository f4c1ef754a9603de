"""What one end saw of an exercise: packets at its outside interface, its log, its counters, its SAs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wizard.facts.derive.notebook import Notebook
from wizard.facts.focus import Focus
from wizard.facts.parsers.charon_log import LogEvent
from wizard.facts.parsers.counters import Counters
from wizard.facts.parsers.ping import Ping
from wizard.facts.parsers.tcpdump import Capture
from wizard.facts.ruleset import Ruleset
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import IkeSa


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
    rules_before: Ruleset | None = None
    rules_after: Ruleset | None = None
    pings: Mapping[str, Ping] = field(default_factory=dict)
    """By probe id; a ping that could not be sent is not in it."""
