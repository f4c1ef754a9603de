"""The course of one attempt: what was overcome, what was left unanswered, what ended it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from wizard.facts.pasted.events import SeenEvent
from wizard.facts.pasted.story import UPS

_TROUBLE: Final = frozenset({"fault", "refused"})
_ENDINGS: Final = frozenset({"dpd-timeout", "rekey-failed", "child-expired", "peer-deleted", "invalid-spi"})
"""What took a tunnel down that was up: coming up again explains nothing away."""
_CHILD_REFUSALS: Final = frozenset({"received-no-proposal-child", "received-single-pair", "child-failed",
    "child-proposal-unacceptable", "ts-unacceptable"})  # fmt: skip
"""An IKE SA that comes up does not make good what was said of the CHILD SA."""
_ANSWERS: Final = frozenset({"exchange-received", "rekeyed"})
_ALIVE: Final = frozenset({"daemon-started", "attempt-started", "peer-started", "ike-up", "child-up"})
"""What only a daemon that runs can say."""


def parted(events: Sequence[SeenEvent]) -> tuple[list[SeenEvent], list[SeenEvent]]:
    """Trouble that a later success of the same attempt overcame, and all the rest."""
    last = max((index for index, event in enumerate(events) if event.name in UPS | {"ike-up"}), default=-1)
    child = max((index for index, event in enumerate(events) if event.name in UPS), default=-1)
    overcome: list[SeenEvent] = []
    rest: list[SeenEvent] = []
    for index, event in enumerate(events):
        success = child if event.name in _CHILD_REFUSALS else last
        past = index <= success and event.level in _TROUBLE and event.name not in _ENDINGS
        (overcome if past else rest).append(event)
    return overcome, rest


def child_refused(events: Sequence[SeenEvent]) -> bool:
    """Whether the CHILD SA was refused and none came up later, whatever became of the IKE SA."""
    for event in reversed(events):
        if event.name in UPS:
            return False
        if event.name in _CHILD_REFUSALS:
            return True
    return False


def first_trouble(events: Sequence[SeenEvent]) -> int | None:
    """Where the first thing went wrong."""
    return next((index for index, event in enumerate(events) if event.level in ("fault", "refused")), None)


def trouble_after(events: Sequence[SeenEvent], index: int) -> bool:
    """Whether anything went wrong after the tunnel came up; being taken down on purpose is nothing wrong."""
    after = events[index + 1 :]
    answered = max((at for at, event in enumerate(after) if event.name in _ANSWERS), default=-1)
    number, children = _newest(events)
    spis = _spis(events)
    return any(
        (event.level in _TROUBLE and not _of_an_older(event, number, children, spis))
        or event.name in ("idle-timeout", "refused-peer", "session-down")
        or (event.name.startswith("retransmit") and at > answered)
        for at, event in enumerate(after)
    )


_NUMBER: Final = re.compile(r"(?:IKE_SA \S*?\[|State #|state #|SA #)(\d+)")


def _newest(events: Sequence[SeenEvent]) -> tuple[int, int]:
    """The highest number of an SA that came up, and how many CHILD SAs did."""
    ups = [event for event in events if event.name in UPS | {"ike-up", "rekeyed"}]
    numbers = [int(found[1]) for event in ups if (found := _NUMBER.search(event.line.text)) is not None]
    numbers += [int(event.line.uid) for event in ups if event.daemon == "pluto" and event.line.uid]
    return max(numbers, default=0), sum(event.name == "child-up" for event in ups)


def lasting(standing: Sequence[SeenEvent], events: Sequence[SeenEvent]) -> list[SeenEvent]:
    """What still holds at the end; a daemon that was not there and started later is there."""
    started = max((event.line.number for event in events if event.name in _ALIVE), default=0)
    return [event for event in standing if event.name != "daemon-unreachable" or event.line.number > started]


_SPIS: Final = re.compile(r"with SPIs (?:0x)?([0-9a-f]{8})\w* (?:\(.{1,20}?\) )?(?:0x)?([0-9a-f]{8})")
_SPI: Final = re.compile(r"CHILD_SA with SPI (?:0x)?([0-9a-f]{8})\b")


def _spis(events: Sequence[SeenEvent]) -> frozenset[str]:
    """The SPIs of the CHILD SA that came up last, empty where they are not named."""
    ups = [found for event in events if event.name == "child-up" and (found := _SPIS.search(event.line.text))]
    return frozenset(ups[-1].groups()) if ups else frozenset()


def _of_an_older(event: SeenEvent, number: int, children: int, spis: frozenset[str]) -> bool:
    """Whether the peer deleted an SA that a newer one had replaced: every rekeying ends so."""
    if event.name != "peer-deleted":
        return False
    spi = _SPI.search(event.line.text)
    if spi is not None and spis:
        return spi[1] not in spis
    found = _NUMBER.search(event.line.text)
    return int(found[1]) < number if found is not None else "CHILD_SA" in event.line.text and children > 1


def unanswered_by(event: SeenEvent, sent: SeenEvent | None, up: bool) -> str | None:
    """Which message an event says was not answered."""
    named = {
        "gave-up-auth": "proof",
        "retransmit-auth": "proof",
        "gave-up-child": "child",
        "retransmit-child": "child",
    }
    if event.name in named:
        return named[event.name]
    if event.name not in ("retransmit", "gave-up"):
        return None
    if up:
        exchange = sent.groups.get("exchange", "") if sent is not None else ""
        return "child" if exchange == "QUICK_MODE" else "later"
    message = event.groups.get("message")
    if message is None:
        return None if event.daemon == "charon" and event.name == "gave-up" and sent is not None else "first"
    exchange = sent.groups.get("exchange", "") if sent is not None else ""
    if exchange == "QUICK_MODE":
        return "child"
    text = event.line.text
    late = re.search(r"seq ([3-9])", text) is not None or "ID HASH" in (
        sent.line.text if sent is not None else ""
    )
    if message != "0":
        return "proof"
    return "proof" if late else "first"
