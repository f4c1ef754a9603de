"""Carries an exercise out on both gateways: watch, note where things stand, act, look again.

Each end runs one script and so costs one round trip: its captures start, it reads its counters, and it holds.
When both hold, the starter is released; when the starter is done, the other end is released to take its own
turn, or only to look again. A starter that has something to do after that holds for a second time.
What is run is the platform's; nothing here knows IPsec.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, Protocol

from wizard.errors import WizardError
from wizard.facts.model import ENDS, End
from wizard.facts.probes import Command, Output
from wizard.records import dataclass

READY_S: Final = 20.0
"""How long an end may take until it watches and has read its counters, seconds."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One command has begun at one end; `limit_s` is how long it may take, in seconds."""

    end: End
    gateway: str
    text: str
    """The command as the operator could type it; text for a screen, never markup."""
    done: int
    """Commands finished before this one, in this request at this end."""
    total: int
    limit_s: float


@dataclass(frozen=True, slots=True)
class Watching:
    """A command that runs beside the others, such as a packet capture, and the words by which it says it is ready."""

    command: Command
    ready: str


@dataclass(frozen=True, slots=True)
class Part:
    """What one end does in an exercise."""

    watches: tuple[Watching, ...] = ()
    before: tuple[Command, ...] = ()
    act: tuple[Command, ...] = ()
    """What this end does in its turn, while the other one watches."""
    after: tuple[Command, ...] = ()
    later: tuple[Command, ...] = ()
    """What the starter does when the other end's turn is over."""


class Playing(Protocol):
    """One end's part while it runs."""

    def ready(self, timeout_s: float) -> bool:
        """Whether it watches, has done its `before`, and holds; after a release, whether it holds again."""

    def release(self) -> None:
        """Lets it go on with `act` and `after`, for the second time with `later`."""

    def outputs(self) -> list[Output]:
        """Waits for its end; an output for each command and watch, one that failed saying why."""

    def cancel(self) -> None:
        """Gives it up at once."""


class Hidden(Protocol):
    """A secret that shows itself only to whoever asks by name."""

    def reveal(self) -> str:
        """The value; call it where it is handed over and keep no copy."""


class Link(Protocol):
    """One logged-in gateway: batches of commands in one round trip, and parts of an exercise."""

    def batch(self, commands: Sequence[Command], variables: Mapping[str, str]) -> list[Output]:
        """Runs the commands in order; one that fails or hangs does not take the others with it."""

    def play(self, part: Part) -> Playing:
        """Starts a part and returns while it runs; it holds before `act`, and before `later` if there is any."""

    def deliver(self, command: Command, secret: Hidden) -> Output:
        """Runs a command that reads a line `secret:VALUE` from its standard input."""

    def obtain(self, command: Command) -> tuple[Hidden | None, Output]:
        """Runs a command that prints a secret; the output beside it holds none of it."""

    def close(self) -> None:
        """Ends everything at once, from any thread."""


Play = Mapping[End, Part]
Tell = Callable[[End, str, int, float], None]
"""Called with the end, what runs there now, how many commands it is, and how long it may take in seconds."""


def perform(play: Play, starter: End, links: Mapping[End, Link], tell: Tell) -> dict[End, list[Output]]:
    """Plays the parts of all linked ends; returns every output by end.

    A part that cannot be started or does not get ready is gone on without: what it would have shown is unknown.
    """
    ends = [end for end in ENDS if end in play and end in links]
    playing: dict[End, Playing] = {}
    try:
        for end in ends:
            part = play[end]
            tell(end, "watching the outside interface", len(part.watches) + len(part.before), READY_S)
            with suppress(WizardError):
                playing[end] = links[end].play(part)
        for one in playing.values():
            one.ready(READY_S)
        order = sorted(playing, key=lambda end: end != starter)
        outputs: dict[End, list[Output]] = {}
        for end in order:
            part = play[end]
            commands = (*part.act, *part.after)
            limit_s = sum(command.timeout_s for command in commands)
            if commands:
                tell(end, _shown(commands[0]), len(commands), limit_s)
            playing[end].release()
            if part.later:
                playing[end].ready(limit_s)
            else:
                outputs[end] = playing[end].outputs()
        for end in order:
            if end not in outputs:
                tell(end, _shown(play[end].later[0]), len(play[end].later), READY_S)
                playing[end].release()
                outputs[end] = playing[end].outputs()
    finally:
        for one in playing.values():
            one.cancel()
    return outputs


def _shown(command: Command) -> str:
    return command.show or command.text.replace("$SUDO ", "")
