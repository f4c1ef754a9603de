"""What happened in a pasted log: tunnels told apart, attempts one after the other, the one that counts.

The last attempt that came to something decides: what failed before it may have been mended since.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from wizard.facts.pasted.events import SeenEvent
from wizard.facts.pasted.prefixes import order

MOST_EVENTS: Final = 6000
"""Events of one tunnel that are kept, the last ones; a repeated attempt says nothing new."""
MOST_TUNNELS: Final = 200
"""Tunnels that are told apart; what comes after them is one more."""

_STARTS: Final = frozenset({"attempt-started", "peer-started"})
_OPENINGS: Final = frozenset({"IKE_SA_INIT", "ID_PROT", "AGGRESSIVE"})
UPS: Final = frozenset({"child-up", "session-up"})
_HALF_UPS: Final = frozenset({"ike-up", "rekeyed"})
_TROUBLE: Final = frozenset({"fault", "refused"})
_UNKNOWN_PEERS: Final = frozenset({"no-ike-config", "ike-version-unsupported"})
_PATIENCE: Final = 2
"""Requests of an address no tunnel speaks of that pass for a scan of the Internet; a real peer comes again."""
_ADDRESS: Final = r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})"
_ANY_ADDRESS: Final = re.compile(rf"(?<![\w.:]){_ADDRESS}(?![\w:]|\.\d)")
_CALLER: Final = re.compile(
    rf"(?:\.\.\.|\bfrom |\bwith ){_ADDRESS}(?![\w:]|\.\d)|(?<![\w.:]){_ADDRESS} is initiating "
)
"""Where a line says whose request it was."""


@dataclass(slots=True)
class Attempt:
    """One try to set a tunnel up and what became of it."""

    events: list[SeenEvent] = field(default_factory=list)

    @property
    def conclusive(self) -> bool:
        """Whether it came to anything: up, refused, unanswered."""
        return any(
            event.level in _TROUBLE
            or event.name in UPS | _HALF_UPS
            or event.name.startswith("retransmit")
            or event.name
            in (
                "request-repeated",
                "half-open-gone",
                "refused-peer",
                "refused-proposal",
                "refused-identity",
                "refusal-sent",
            )
            for event in self.events
            if not event.standing
        )

    def names(self) -> tuple[str, ...]:
        """Its events, each once, in the order they first appeared."""
        return tuple(dict.fromkeys(event.name for event in self.events))


@dataclass(slots=True)
class Story:
    """What a log says of one tunnel."""

    conn: str
    attempts: list[Attempt]
    standing: list[SeenEvent]
    stranger: bool = False
    """Whether it tells only of addresses that asked once or twice and that no tunnel of the log speaks of."""

    @property
    def deciding(self) -> Attempt:
        """The last attempt that came to anything, else the last one."""
        for attempt in reversed(self.attempts):
            if attempt.conclusive:
                return attempt
        return self.attempts[-1] if self.attempts else Attempt()

    @property
    def earlier(self) -> list[SeenEvent]:
        """The events of the attempts before the one that decides."""
        deciding = self.deciding
        found: list[SeenEvent] = []
        for attempt in self.attempts:
            if attempt is deciding:
                break
            found.extend(attempt.events)
        return found

    @property
    def last_line(self) -> int:
        """Where the tunnel was last heard of."""
        return max((event.line.number for attempt in self.attempts for event in attempt.events), default=0)


class Teller:
    """Takes events as they come and tells the tunnels apart by connection and number."""

    def __init__(self) -> None:
        """Begins with nothing heard."""
        self._events: dict[str, deque[SeenEvent]] = {}
        self._conns: dict[str, str] = {}
        self._standing: deque[SeenEvent] = deque(maxlen=MOST_EVENTS)
        self._said: dict[str, None] = {}
        self.heard = 0

    def hear(self, event: SeenEvent) -> None:
        """Takes one event; what another program repeats of the daemon's own words is no event."""
        self.heard += 1
        if event.line.relayed:
            if event.line.text in self._said:
                return
        elif event.line.hint:
            self._said[event.line.text] = None
            if len(self._said) > MOST_EVENTS:
                self._said.pop(next(iter(self._said)))
        if event.standing:
            self._standing.append(event)
            return
        uid, conn = event.line.uid, event.line.conn
        if conn:
            self._conns[uid or conn] = conn
            if len(self._conns) > MOST_EVENTS:
                self._conns.pop(next(iter(self._conns)))
        key = f"{conn}\n{uid}" if uid else conn
        if key not in self._events and len(self._events) >= MOST_TUNNELS * 4:
            self._events.pop(next(iter(self._events)))
        self._events.setdefault(key, deque(maxlen=MOST_EVENTS)).append(event)

    def stories(self) -> tuple[Story, ...]:
        """One for each tunnel, in the order they appear; one for all where the log does not tell them apart."""
        by_conn: dict[str, list[SeenEvent]] = {}
        strange = self._strange()
        for key, events in self._events.items():
            conn, _, uid = key.partition("\n")
            if key not in strange:
                by_conn.setdefault(conn or self._conns.get(uid, ""), []).extend(events)
        return (*self._told(by_conn), *self._scans(strange))

    def _scans(self, strange: frozenset[str]) -> list[Story]:
        if not strange:
            return []
        told = self._story("", [event for key in strange for event in self._events[key]])
        told.stranger = True
        return [told]

    def _strange(self) -> frozenset[str]:
        """The requests of addresses that no named tunnel speaks of, where they did not come again and again."""
        nameless: dict[str, frozenset[str]] = {}
        known: set[str] = set()
        called: set[str] = set()
        for key, events in self._events.items():
            conn, _, uid = key.partition("\n")
            if conn or self._conns.get(uid):
                known.update(one for event in events for one in _ANY_ADDRESS.findall(event.line.text))
                called.update(
                    one
                    for event in events
                    if event.name in _STARTS
                    for one in _ANY_ADDRESS.findall(event.line.text)
                )
            elif uid and any(event.name in _UNKNOWN_PEERS for event in events):
                nameless[key] = _callers(events)
        if not known:
            return frozenset()
        often = Counter(caller for callers in nameless.values() for caller in callers)
        return frozenset(
            key
            for key, callers in nameless.items()
            if callers
            and callers.isdisjoint(known)
            and all(often[one] <= _PATIENCE for one in callers)
            and not any(one in event.line.text for event in self._events[key] for one in called)
        )

    def _told(self, by_conn: dict[str, list[SeenEvent]]) -> tuple[Story, ...]:
        named = [conn for conn in by_conn if conn]
        nameless = by_conn.get("", [])
        if len(named) <= 1:
            return (
                self._story(
                    named[0] if named else "", [one for events in by_conn.values() for one in events]
                ),
            )
        shared = [event for event in nameless if not event.line.uid]
        lone = [event for event in nameless if event.line.uid]
        told = [self._story(conn, [*by_conn[conn], *shared]) for conn in named[:MOST_TUNNELS]]
        if lone:
            told.append(self._story("", lone))
        return tuple(told)

    def _story(self, conn: str, events: Iterable[SeenEvent]) -> Story:
        ordered = sorted(events, key=lambda event: event.line.number)
        if _latest_first(ordered):
            ordered.reverse()
        return Story(conn, _attempts(ordered), list(self._standing))


def _callers(events: Iterable[SeenEvent]) -> frozenset[str]:
    """The addresses that asked."""
    return frozenset(
        address
        for event in events
        for found in _CALLER.findall(event.line.text)
        for address in _ANY_ADDRESS.findall(found.removeprefix("..."))
    )


def _latest_first(events: Sequence[SeenEvent]) -> bool:
    """Whether the log begins with its newest line, as the log pages of firewalls do."""
    times = [when for event in events if event.line.stamp and (when := order(event.line.stamp)) is not None]
    falls = sum(later < earlier for earlier, later in pairwise(times))
    return falls > sum(later > earlier for earlier, later in pairwise(times))


def _attempts(events: Iterable[SeenEvent]) -> list[Attempt]:
    attempts: list[Attempt] = [Attempt()]
    opened = False
    for event in events:
        starts = event.name in _STARTS or _opens(event)
        if starts and not (opened and not attempts[-1].conclusive):
            if attempts[-1].events:
                attempts.append(Attempt())
            opened = True
        attempts[-1].events.append(event)
    return attempts


def _opens(event: SeenEvent) -> bool:
    """Whether a message is the first of an exchange that sets up an IKE SA, by this end or the other."""
    sent = event.name == "exchange-sent"
    asked = event.name == "exchange-received" and event.groups.get("kind") == "request"
    first = event.groups.get("exchange") == "IKE_SA_INIT" and event.groups.get("message") == "0"
    return (sent or asked) and first
