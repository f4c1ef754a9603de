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
_ONE_SA: Final = frozenset({"child-expired", "sa-deleted", "idle-timeout"})
"""Events that may speak of one CHILD SA of several; then its number is in the line."""
_FOLLOWS_S: Final = 20.0
"""How long after its reason an SA may be gone, seconds: a deletion waits for the peer's answer."""
_NUMBER: Final = re.compile(r"CHILD_SA \S*\{(?P<child>\d{1,10})\}")
_OF_LAST: Final = ("last_up_s", "last_sa_s", "down_reason", "cut_by", "fixed_time")
_FITS: Final = 0.1
"""By how much a life may differ from a configured time and still be called cut by it (margins are random)."""


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
    found: list[Life] = []
    at: Life | None = None
    said: LogEvent | None = None
    for event in sorted((one for one in events if one.time is not None), key=_time):
        number = _NUMBER.search(event.line)
        if event.name == _UP:
            if at is None:
                at = Life(_time(event), _time(event), event)
                found.append(at)
            at.last_sa = _time(event)
            at.sas.add(number["child"] if number else "")
        elif at is None:
            continue
        elif event.name == "rekey-failed":
            at.refreshed = True
        elif event.name == "reauth-missed":
            at.reauthenticated = _time(event)
        elif event.name in _OVER:
            if event.name in {"idle-timeout", "dpd-timeout", "gave-up"}:
                said = event
            if event.name in _ONE_SA and "IKE_SA" not in event.line:
                at.sas.discard(number["child"] if number else "")
                if (at.sas and number) or (number is None and event.name == "idle-timeout"):
                    continue
            why = said if said is not None and _time(event) - _time(said) <= _FOLLOWS_S else event
            at.ended, at.by = _time(event), why
            at.reason = _reason(why, at)
            at, said = None, None
    return tuple(found)


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
