"""What the log of the end that refuses says of the certificate it refused, read against its own clock."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from wizard.facts.derive.witness import Witness

_TIME: Final = "cert-invalid-time"
_FORMATS: Final = ("%b %d %H:%M:%S %Y", "%b %d %H:%M:%S UTC %Y")


def facts(witness: Witness) -> None:
    """Whether the certificate refused for its dates has ended or has not begun, by this end's clock."""
    book = witness.book
    event = next((one for one in witness.events or () if one.name == _TIME), None)
    clock = book.snapshot.clock
    if event is None or clock is None:
        book.unknown(
            "refused_cert_time", "no certificate was refused for its dates, or the clock was not read"
        )
        return
    begins, ends = (_moment(event.groups.get(name)) for name in ("from", "to"))
    if begins is None or ends is None:
        book.unknown("refused_cert_time", "the log does not say from when until when it is valid")
        return
    now = clock.epoch_s
    word = "ended" if ends < now else "not-begun" if begins > now else "within"
    book.note("refused_cert_time", word, book.cite("ike-log", event.line))


def _moment(text: str | None) -> float | None:
    """The daemon writes local times without their zone; a few hours do not matter against dates."""
    for form in _FORMATS:
        with suppress(ValueError):
            return datetime.strptime(" ".join((text or "").split()), form).replace(tzinfo=UTC).timestamp()
    return None
