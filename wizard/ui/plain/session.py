"""One diagnosis as questions and lines of text: the same session as on the full screen, told in order."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from typing import Final

from wizard.engine.model import Ask, Confirm, Decided, Event, Exercise, Keep, Mend, Outcome
from wizard.errors import ExitCode, WizardError
from wizard.flow.spec import Check, Flow, Question
from wizard.ssh import ChangedHostKey, NeedsSecret, Secret, UnknownHostKey
from wizard.ui import conduct, mending, words
from wizard.ui.conduct import Desk, GatewaysLike, Progress, SessionLike
from wizard.ui.plain.asking import Asks, Choice, Terminal, require_terminal
from wizard.ui.plain.background import Patient
from wizard.ui.plain.lines import Lines
from wizard.ui.plain.mending import Mender
from wizard.ui.plain.telling import Telling

_NO_ANSWER: Final = "?"
"""Value of the choice "I do not know"; no option of a tree has this id, since ids are names."""


class Operator:
    """Who answers at the terminal; implements `conduct.Person`."""

    def __init__(self, lines: Lines, asks: Asks, flow: Flow | None, tunnel: str) -> None:
        """From the flow come the protocol's words for nodes, and what can be mended."""
        self._lines = lines
        self._asks = asks
        self._telling = Telling(lines, _terms_of(flow) if flow is not None else {})
        self._mender = Mender(lines, asks, flow)
        self._tunnel = tunnel
        self._past = True

    def told(self, events: Sequence[Event]) -> None:
        """Writes what has happened; what comes first may have happened in an earlier sitting."""
        self._telling.tell(events)
        self._mender.told(events, past=self._past)
        if self._past:
            self._mender.interrupted(events)
        self._past = False

    def wishes(self, session: SessionLike, outcome: Outcome) -> Mend | None:
        """Asks what shall be mended of what was found; None for nothing."""
        return self._mender.wishes(session, outcome)

    def progress(self, progress: Progress) -> None:
        """Says what begins at an end; of commands that follow each other there the first one only."""
        if progress.done:
            return
        self._telling.begun()
        what, rest, _ = progress.text.partition("\n")
        more = " …" if rest else ""
        self._lines.say(f"running on {progress.gateway}: {what}{more} (at most {progress.limit_s:.0f} s)", 2)

    def permits(self, exercise: Exercise) -> bool:
        """Asks whether the tunnel may be tried; Enter alone is No."""
        self._lines.heading(words.PERMISSION_TITLE)
        self._lines.say(words.PERMISSION.format(tunnel=self._tunnel))
        if exercise.why:
            self._lines.say(f"Why: {exercise.why}")
        for limit in words.PERMISSION_LIMITS:
            self._lines.item(limit.format(tunnel=self._tunnel))
        return self._asks.confirm(f"May I try {self._tunnel}?")

    def confirms(self, confirm: Confirm) -> Decided:
        """Shows the plan; Enter alone is No."""
        return self._mender.confirms(confirm.plan)

    def keeps(self, keep: Keep) -> Decided:
        """Asks whether a verified change stays."""
        return self._mender.keeps(keep)

    def answers(self, ask: Ask) -> str | None:
        """Asks what no probe can see."""
        self._lines.heading("A question only you can answer.")
        if ask.why:
            self._lines.say(f"Why: {ask.why}")
        choices = [Choice(option.id, option.label) for option in ask.options]
        picked = self._asks.choose(
            ask.question, [*choices, Choice(_NO_ANSWER, words.DO_NOT_KNOW)], _NO_ANSWER
        )
        return None if picked == _NO_ANSWER else picked

    def secret(self, need: NeedsSecret) -> Secret | None:
        """Asks with masked input; an empty answer goes on without the gateway."""
        self._lines.heading(str(need))
        self._lines.say("It is kept in memory until this program ends, and written nowhere.")
        prompt = need.prompt.strip().rstrip(":")
        typed = self._asks.masked(f"{prompt} (Enter alone goes on without it):", echo=need.echo)
        return Secret(typed) if typed else None

    def trusts(self, key: UnknownHostKey) -> bool:
        """Shows the fingerprint; Enter alone is No."""
        self._lines.heading(f"Nobody has vouched for the host key of {key.host} yet.")
        self._lines.quote(f"{key.key_type} {key.fingerprint}", 2)
        self._lines.say("Compare it with what its administrator says, or with this, run on the gateway:")
        self._lines.quote("for key in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $key; done", 2)
        self._lines.say("A yes is kept in this program's own list, and asked for no more.")
        return self._asks.confirm("Is this the gateway's fingerprint?")

    def alarmed(self, key: ChangedHostKey) -> None:
        """Says that a host key has changed; there is nothing to agree to."""
        self._lines.heading(f"The host key of {key.host} has changed. The gateway is left alone.")
        self._lines.marked("fail", str(key))
        self._lines.say("Either it was set up anew, or somebody is in between. Find out before you go on.")


def run(
    session: SessionLike,
    gateways: GatewaysLike,
    desk: Desk | None = None,
    *,
    asks: Asks | None = None,
    lines: Lines | None = None,
) -> int:
    """Takes the session to its end at the terminal and returns the exit code of contract.md.

    Closes both. Ctrl-C ends the gateways' work and leaves the session where it is, resumable. Without a
    terminal it writes one sentence to standard error and returns 2; nothing has been asked of a gateway then.
    From the desk, where given, come the protocol's words for nodes and the place of the journal.
    """
    lines = lines or Lines(sys.stdout)
    try:
        if asks is None:
            require_terminal()
            asks = Terminal(lines)
        operator = Operator(lines, asks, desk.flow if desk is not None else None, session.tunnel)
        patient = Patient(gateways, lines)
        outcome = conduct.carry_out(session, patient, operator)
        while (wish := operator.wishes(session, outcome)) is not None:
            outcome = conduct.mend(session, patient, operator, wish)
    except KeyboardInterrupt:
        change = mending.underway(session.events)
        _close(gateways, session)
        if change is not None:
            lines.heading("Interrupted in the middle of a change.")
            lines.marked("warn", mending.at_stake(change))
        lines.heading(f"Interrupted. Session {session.id} is kept; `ipsec-wizard` takes it up again.")
        return ExitCode.INTERRUPTED
    except WizardError as error:
        _close(gateways, session)
        Lines(sys.stderr).say(str(error))
        return error.exit_code
    except BaseException:
        _close(gateways, session)
        raise
    _close(gateways, session)
    where = f" in {desk.journal(session.id)}" if desk is not None else ""
    lines.heading(f"Session {session.id} is kept{where}. For a transcript:")
    lines.quote(f"ipsec-wizard export {session.id} --format md", 2)
    return conduct.exit_code(outcome)


def _terms_of(flow: Flow) -> dict[str, str]:
    """The protocol's words for the nodes of a flow, by node id."""
    nodes = flow.nodes.items()
    return {name: node.term for name, node in nodes if isinstance(node, Check | Question) and node.term}


def _close(gateways: GatewaysLike, session: SessionLike) -> None:
    """Closes both, whatever becomes of one of them; a second Ctrl-C does not leave the journal open."""
    try:
        with contextlib.suppress(KeyboardInterrupt):
            gateways.close()
    finally:
        session.close()
