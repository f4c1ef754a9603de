"""The operator, as the loop sees them: questions go out as messages, answers come back through a queue.

The loop and other background work run in daemon threads and not in Textual's thread workers, because a
worker that waits (for an answer, for a gateway) keeps the process alive for as long as it waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final, cast

from textual.message import Message
from textual.message_pump import MessagePump

from wizard.engine.model import Ask, Confirm, Decided, Event, Exercise, Keep, Mend
from wizard.ui import conduct
from wizard.ui.conduct import GatewaysLike, Progress, SessionLike
from wizard.ui.tui import messages

if TYPE_CHECKING:
    from wizard.ssh import ChangedHostKey, NeedsSecret, Secret, UnknownHostKey


class Left(Exception):
    """The operator has left the session; its loop ends, nothing is lost."""


_GONE: Final = object()
_PATIENCE_S: Final = 1.0
"""For connections to close; the operator has already left."""


class Operator:
    """One operator in front of one session screen; implements `conduct.Person`."""

    def __init__(self, screen: MessagePump) -> None:
        self._screen = screen
        self._replies: SimpleQueue[object] = SimpleQueue()
        self._left = threading.Event()

    def reply(self, value: object) -> None:
        """Hands the loop what it waits for."""
        self._replies.put(value)

    def leave(self) -> None:
        """Ends the loop at its next question or event."""
        self._left.set()
        self._replies.put(_GONE)

    def told(self, events: Sequence[Event]) -> None:
        self._post(messages.Told(events))

    def progress(self, progress: Progress) -> None:
        self._screen.post_message(messages.Moved(progress))

    def permits(self, exercise: Exercise) -> bool:
        return bool(self._asked(messages.PermissionWanted(exercise)))

    def confirms(self, confirm: Confirm) -> Decided:
        return cast("Decided", self._asked(messages.PlanShown(confirm.plan)))

    def keeps(self, keep: Keep) -> Decided:
        return cast("Decided", self._asked(messages.KeepWanted(keep)))

    def answers(self, ask: Ask) -> str | None:
        return cast("str | None", self._asked(messages.AnswerWanted(ask)))

    def secret(self, need: NeedsSecret) -> Secret | None:
        return cast("Secret | None", self._asked(messages.SecretWanted(need)))

    def trusts(self, key: UnknownHostKey) -> bool:
        return bool(self._asked(messages.HostKeyShown(key)))

    def alarmed(self, key: ChangedHostKey) -> None:
        self._asked(messages.HostKeyChanged(key))

    def _asked(self, message: Message) -> object:
        self._post(message)
        value = self._replies.get()
        if value is _GONE:
            raise Left
        return value

    def _post(self, message: Message) -> None:
        if self._left.is_set():
            raise Left
        self._screen.post_message(message)


def walk(
    screen: MessagePump, session: SessionLike, gateways: GatewaysLike, wish: Mend | None = None
) -> Operator:
    """Starts carrying a session out in the background; the screen gets its messages.

    With a wish it goes on with mending where an earlier walk has ended.
    """
    operator = Operator(screen)

    def carry_out() -> Message:
        if wish is not None:
            return messages.WalkEnded(conduct.mend(session, gateways, operator, wish))
        return messages.WalkEnded(conduct.carry_out(session, gateways, operator))

    aside(screen, "finish this session" if wish is None else "go on with mending", carry_out)
    return operator


def part(session: SessionLike, gateways: GatewaysLike | None, operator: Operator | None) -> None:
    """Ends a session's background work and its connections; waits a second for that, and never longer."""
    if operator is not None:
        operator.leave()

    def close() -> None:
        if gateways is not None:
            gateways.cancel()
            gateways.close()
        session.close()

    thread = threading.Thread(target=close, name="parting", daemon=True)
    thread.start()
    thread.join(_PATIENCE_S)


def aside(target: MessagePump, what: str, work: Callable[[], Message | None]) -> threading.Thread:
    """Does something slow in a daemon thread and posts its message to the target, or `Failed`."""

    def run() -> None:
        try:
            message = work()
        except Left:
            return
        except Exception as problem:  # noqa: BLE001  a mistake of ours is shown, not lost with its thread
            message = messages.Failed(what, problem)
        if message is not None:
            target.post_message(message)

    thread = threading.Thread(target=run, name=f"aside: {what}", daemon=True)
    thread.start()
    return thread
