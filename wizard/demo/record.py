"""Listens in on the links of a diagnosis and keeps what is said, for the demo.

Used in the lab only (tests/lab/record_demo.py); the program itself never records this way.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from wizard.choreography import Hidden, Link, Part, Playing
from wizard.demo.tape import Exchange, Said
from wizard.facts.probes import Command, Output

Clean = Callable[[str], str]
"""Takes secrets out of a text."""


class Tape:
    """What one gateway was asked and answered; safe to use from several threads."""

    def __init__(self, clean: Clean) -> None:
        """Every output passes `clean` before it is kept."""
        self._clean = clean
        self._exchanges: list[Exchange] = []
        self._lock = threading.Lock()

    def add(self, outputs: Sequence[Output], watches: int = 0) -> None:
        """Keeps one exchange; the first `watches` outputs are those of watches."""
        exchange = Exchange(tuple(self._said(output) for output in outputs), watches)
        with self._lock:
            self._exchanges.append(exchange)

    def exchanges(self) -> tuple[Exchange, ...]:
        """Everything so far, in order."""
        with self._lock:
            return tuple(self._exchanges)

    def _said(self, output: Output) -> Said:
        return Said(
            output.command.id,
            output.command.text,
            self._clean(output.stdout),
            self._clean(output.stderr),
            output.exit_code,
            round(output.elapsed_s, 2),
            output.command.needs,
        )


class RecordingLink:
    """A link that passes everything on and keeps it; implements `Link`."""

    def __init__(self, link: Link, tape: Tape) -> None:
        """What goes over `link` ends up on `tape`."""
        self._link = link
        self._tape = tape

    def batch(self, commands: Sequence[Command], variables: Mapping[str, str]) -> list[Output]:
        """See `Link`; variables are not kept, because they differ from session to session."""
        outputs = self._link.batch(commands, variables)
        self._tape.add(outputs)
        return outputs

    def play(self, part: Part) -> Playing:
        """See `Link`."""
        return _RecordingPlaying(self._link.play(part), self._tape, len(part.watches))

    def deliver(self, command: Command, secret: Hidden) -> Output:
        """See `Link`; nothing of it is kept."""
        return self._link.deliver(command, secret)

    def obtain(self, command: Command) -> tuple[Hidden | None, Output]:
        """See `Link`; nothing of it is kept."""
        return self._link.obtain(command)

    def close(self) -> None:
        """See `Link`."""
        self._link.close()


class _RecordingPlaying:
    """A part of an exercise whose outputs are kept, once, when they are taken."""

    def __init__(self, playing: Playing, tape: Tape, watches: int) -> None:
        self._playing = playing
        self._tape = tape
        self._watches = watches
        self._kept = False

    def ready(self, timeout_s: float) -> bool:
        return self._playing.ready(timeout_s)

    def release(self) -> None:
        self._playing.release()

    def outputs(self) -> list[Output]:
        outputs = self._playing.outputs()
        if not self._kept:
            self._kept = True
            self._tape.add(outputs, self._watches)
        return outputs

    def cancel(self) -> None:
        self._playing.cancel()
