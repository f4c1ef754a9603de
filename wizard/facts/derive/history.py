"""How the tunnel fared before anybody looked: how often it came up, how long it stood, what ended it.

Drawn from the events of the daemon's log with their times, whatever daemon wrote them; only differences of one
gateway's own clock are taken, so that its being wrong does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from wizard.facts.derive.notebook import Notebook
from wizard.facts.model import Evidence
from wizard.facts.parsers.charon_log import LogEvent

RECENT_LOG: Final = "recent-log"
RECENT_S: Final = 900
"""How far back everything the log says is read, seconds; before that only beginnings and ends of tunnels."""
_UP: Final = "child-up"
_OVER: Final[Mapping[str, str]] = {
    "idle-timeout": "idle",
    "dpd-timeout": "dpd",
    "gave-up": "dpd",
    "child-expired": "expired",
    "peer-deleted": "peer-deleted",
    "sa-deleted": "deleted-here",
    "daemon-stopped": "daemon-stopped",
    "daemon-crashed": "daemon-stopped",
    "daemon-started": "daemon-stopped",
}
"""Event → what ended the tunnel, in the words of the fact `down_reason`."""
_OF_ONE_SA: Final = frozenset({"child-expired", "sa-deleted", "idle-timeout", "peer-deleted"})
"""Events that may speak of one SA of several."""
_WHY: Final = frozenset({"idle-timeout", "dpd-timeout", "gave-up"})
"""Events that are the reason of a deletion in one of the next lines."""
_SUCCESSION_S: Final = 60.0
"""How long an SA may outlive the one that took its place, seconds."""
_FOLLOWS_S: Final = 20.0
"""How long after its reason an SA may be gone, seconds: a deletion waits for the peer's answer."""
_NUMBER: Final = re.compile(
    r"CHILD_SA \S*\{(?P<child>\d{1,10})\}|(?:IPSEC|IPsec|Child) (?:State|SA) #(?P<state>\d{1,10})"
)
_STATE: Final = re.compile(r"<[^|<>]{0,128}\|(?P<state>\d{1,10})>")
_OUTBOUND: Final = re.compile(r"SPIs (?P<inbound>[0-9a-f]{1,8})_i (?P<outbound>[0-9a-f]{1,8})_o")
_DELETED: Final = re.compile(r"CHILD_SA with SPI (?P<spi>[0-9a-f]{1,8})")
_OF_LAST: Final = ("last_up_s", "last_sa_s", "down_reason", "cut_by", "fixed_time")
_FITS: Final = 0.1
"""By how much a life may differ from a configured time and still be called cut by it (margins are random)."""


def last_start(events: Sequence[LogEvent]) -> float | None:
    """When the daemon was last started, or began to and did not get that far; None where the log does not say."""
    timed = [one for one in events if one.time is not None]
    marks = [one for one in timed if one.name in {"daemon-started", "daemon-stopped"}]
    if not marks:
        return None
    starts = [one.time for one in marks if one.name == "daemon-started"]
    last = marks[-1]
    # What stands after a stop is of a start that ended before the daemon said a word.
    later = last.name == "daemon-stopped" and timed[-1] is not last
    return last.time if later or not starts else starts[-1]


@dataclass(slots=True)
class Life:
    """One stretch of time in which the tunnel stood."""

    began: float
    last_sa: float
    """When its newest CHILD SA was set up."""
    first: LogEvent
    ended: float | None = None
    reason: str = ""
    by: LogEvent | None = None
    sas: set[str] = field(default_factory=set)
    spis: dict[str, str] = field(default_factory=dict)
    """The SPI a peer's deletion names, and the number of the CHILD SA it belongs to."""
    renewed: float | None = None
    """When the IKE SA was last replaced by a new one."""
    refreshed: bool = False
    """Whether a renewal of its SAs had failed before it ended."""
    reauthenticated: float | None = None
    """When an end last demanded a fresh authentication."""

    @property
    def seconds(self) -> int | None:
        """How long it stood; None while it still does."""
        return round(self.ended - self.began) if self.ended is not None else None

    @property
    def last_sa_s(self) -> int | None:
        """How old its newest CHILD SA was in the end."""
        return round(self.ended - self.last_sa) if self.ended is not None else None


def lives(events: Sequence[LogEvent]) -> tuple[Life, ...]:
    """The stretches of time in which the tunnel stood, oldest first; events without a time are passed over."""
    timed = sorted((one for one in events if one.time is not None), key=_time)
    # pluto numbers every SA in front of the line, charon its CHILD SAs in the words.
    in_front = not any(_NUMBER.search(one.line) for one in timed if one.name == _UP)
    found: list[Life] = []
    at: Life | None = None
    said: LogEvent | None = None
    for event in timed:
        number = _number(event, in_front=in_front)
        if event.name == _UP:
            if at is None:
                at = Life(_time(event), _time(event), event)
                found.append(at)
            at.last_sa = _time(event)
            at.sas.add(number)
            if (spis := _OUTBOUND.search(event.line)) is not None:
                at.spis[spis["outbound"]] = number
        elif at is None:
            continue
        elif event.name == "rekeyed":
            at.renewed = _time(event)
        elif event.name == "rekey-failed":
            at.refreshed = True
        elif event.name == "reauth-missed":
            at.reauthenticated = _time(event)
        elif event.name in _OVER:
            if event.name in _WHY:
                said = event
            if _goes_on(at, event, number, in_front=in_front):
                continue
            why = said if said is not None and _time(event) - _time(said) <= _FOLLOWS_S else event
            at.ended, at.by = _time(event), why
            at.reason = _reason(why, at)
            at, said = None, None
    return tuple(found)


def _number(event: LogEvent, *, in_front: bool) -> str:
    found = _NUMBER.search(event.line)
    if found is not None:
        return found["child"] or found["state"]
    state = _STATE.search(event.line) if in_front else None
    return state["state"] if state is not None else ""


def _goes_on(life: Life, event: LogEvent, number: str, *, in_front: bool) -> bool:
    """Whether the tunnel still stands after an SA went: because it was one of several, or had a successor."""
    if event.name not in _OF_ONE_SA:
        return False
    deleted = _DELETED.search(event.line)
    if deleted is not None:
        number = life.spis.get(deleted["spi"], "" if len(life.sas) < 2 else "?")
    if number in life.sas:
        life.sas.discard(number)
        return bool(life.sas)
    if number or in_front:
        # An SA that carried nothing of this tunnel, such as the old IKE SA of a renewed one.
        return True
    if event.name == "idle-timeout":
        return True
    # The whole IKE SA went: an old one, where a new one has taken its place or a new CHILD SA stands already.
    fresh = _time(event) - life.last_sa <= _SUCCESSION_S and len(life.sas) > 1
    replaced = life.renewed is not None and _time(event) - life.renewed <= _SUCCESSION_S
    return fresh or replaced


def _time(event: LogEvent) -> float:
    return event.time or 0.0


def _reason(event: LogEvent, life: Life) -> str:
    reason = _OVER[event.name]
    if life.refreshed and reason in {"expired", "peer-deleted", "deleted-here"}:
        return "rekey-failed"
    since = (life.ended or 0.0) - life.reauthenticated if life.reauthenticated is not None else None
    if since is not None and since <= 2 * _FOLLOWS_S and reason != "daemon-stopped":
        return "reauth"
    return reason


def facts(
    book: Notebook, events: Sequence[LogEvent] | None, own: Mapping[str, int], peer: Mapping[str, int]
) -> None:
    """What the log tells of earlier times; `own` and `peer` are the times both ends are set to, in seconds."""
    if events is None:
        book.unread(RECENT_LOG, "times_up", "attempts_seen", *_OF_LAST)
        return
    stood = lives(events)
    over = [life for life in stood if life.ended is not None]
    first = [_cite(book, life.first) for life in stood[:3]]
    book.note("times_up", len(stood), *first)
    began = [one for one in events if one.name in {"attempt-started", "peer-started", "acquire"}]
    book.note("attempts_seen", bool(began), *(_cite(book, one) for one in began[-1:]))
    if not over:
        why = "the log tells of no tunnel that came up and went down"
        for name in _OF_LAST:
            book.unknown(name, why)
        return
    last = over[-1]
    lines = [_cite(book, last.first), *([_cite(book, last.by)] if last.by is not None else [])]
    book.note("last_up_s", last.seconds, *lines)
    book.note("last_sa_s", last.last_sa_s, *lines)
    book.note("down_reason", last.reason, *reversed(lines))
    cut = [name for name, time in own.items() if _fits(last, time)]
    cut += [f"peer-{name}" for name, time in peer.items() if _fits(last, time)]
    book.note("cut_by", tuple(cut), *lines)
    lengths = [life.seconds for life in over if life.seconds]
    if len(lengths) < 2:
        book.unknown("fixed_time", "the log tells of one such time only")
    else:
        same = max(lengths) - min(lengths) <= max(2, _FITS * max(lengths))
        book.note("fixed_time", same, *lines)


def _fits(life: Life, time: int) -> bool:
    return any(
        seconds is not None and abs(seconds - time) <= max(2, _FITS * time)
        for seconds in (life.seconds, life.last_sa_s)
    )


def _cite(book: Notebook, event: LogEvent) -> Evidence:
    return book.cite(RECENT_LOG, event.line)
