"""The gateway's clock and how long it has been up."""

from __future__ import annotations

import re
from typing import Final

from wizard.records import dataclass

COMMAND: Final = 'date +%s.%N; read -r up </proc/uptime; echo "$up"'
"""Where date knows no nanoseconds the fraction is empty or "%N", and the clock is good to a second."""

_DATE = re.compile(r"(\d{9,12})(?:[.,](\d{1,9}|%?N?))?")
_UPTIME = re.compile(r"(\d{1,10}\.\d{1,3}) \d{1,12}\.\d{1,3}")


@dataclass(frozen=True, slots=True)
class Clock:
    """What the gateway's clock showed; `resolution_s` is how finely it was printed, 1 s or 1 ns."""

    epoch_s: float
    resolution_s: float
    uptime_s: float | None
    line: str


def parse(text: str) -> Clock | None:
    """The clock, None when no date was printed."""
    clock: Clock | None = None
    uptime: float | None = None
    for line in text.split("\n"):
        word = line.strip()
        if clock is None and (date := _DATE.fullmatch(word)):
            fraction = date[2] if date[2] and date[2].isdigit() else ""
            resolution = 1e-9 if fraction else 1.0
            clock = Clock(float(f"{date[1]}.{fraction or 0}"), resolution, None, word)
        elif up := _UPTIME.fullmatch(word):
            uptime = float(up[1])
    return Clock(clock.epoch_s, clock.resolution_s, uptime, clock.line) if clock else None
