from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.tui import answers, obstacles, plots
from tests.tui.scripted import ScriptedGateways, ScriptedSession, played
from wizard.engine.model import (
    Answered,
    Ask,
    Collected,
    Confirm,
    Decided,
    Declined,
    Ended,
    Event,
    Exercise,
    Keep,
    Replied,
    Started,
)
from wizard.errors import WizardError
from wizard.ssh import ChangedHostKey, NeedsSecret, Secret, UnknownHostKey
from wizard.ui.conduct import Progress, carry_out


class Somebody:
    """A person who has made up their mind beforehand."""

    def __init__(self, *, permits: bool = True, secret: str | None = "s3cret", trusts: bool = True) -> None:
        self._permits, self._secret, self._trusts = permits, secret, trusts
        self.heard: list[Event] = []
        self.moves: list[Progress] = []
        self.asked: list[str] = []

    def told(self, events: Sequence[Event]) -> None:
        self.heard.extend(events)

    def progress(self, progress: Progress) -> None:
        self.moves.append(progress)

    def permits(self, exercise: Exercise) -> bool:
        self.asked.append(exercise.name)
        return self._permits

    def confirms(self, confirm: Confirm) -> Decided:
        self.asked.append(confirm.plan.remedy)
        return Decided(self._permits)

    def keeps(self, keep: Keep) -> Decided:
        self.asked.append(keep.seen)
        return Decided(self._permits)

    def answers(self, ask: Ask) -> str | None:
        self.asked.append(ask.node)
        return "network"

    def secret(self, need: NeedsSecret) -> Secret | None:
        self.asked.append(need.kind)
        return Secret(self._secret) if self._secret is not None else None

    def trusts(self, key: UnknownHostKey) -> bool:
        self.asked.append(key.fingerprint)
        return self._trusts

    def alarmed(self, key: ChangedHostKey) -> None:
        self.asked.append(str(key.known_fingerprints))


def test_a_session_is_carried_out_to_its_outcome_and_every_event_is_told_once() -> None:
    session, gateways, person = ScriptedSession(plots.psk_mismatch), ScriptedGateways(), Somebody()
    outcome = carry_out(session, gateways, person)
    assert outcome.causes[0].cause == "psk-mismatch"
    assert person.heard == session.events
    assert gateways.carried_out == ["collect", "ike-four-points"]
    assert [move.gateway for move in person.moves] == ["gw-a", "gw-b", "gw-a", "gw-a", "gw-b", "gw-a"]


def test_permission_is_asked_once_for_two_exercises() -> None:
    def twice(request: object, reply: object) -> tuple[Event, ...]:
        again = plots.psk_mismatch(plots_collect, answers.STORE["collect"])[-1:]
        first = not any(isinstance(event, Replied) for event in session.events[3:])
        return again if first else plots.psk_mismatch(request, reply)  # type: ignore[arg-type]

    session = ScriptedSession(twice)
    plots_collect = session.request
    person, gateways = Somebody(), ScriptedGateways()
    carry_out(session, gateways, person)
    assert person.asked == ["ike-four-points"]
    assert gateways.carried_out == ["collect", "ike-four-points", "ike-four-points"]


def test_without_permission_nothing_is_tried_and_the_session_is_told_why() -> None:
    session, gateways = ScriptedSession(plots.psk_mismatch), ScriptedGateways()
    outcome = carry_out(session, gateways, Somebody(permits=False))
    assert outcome.status == "inconclusive"
    assert gateways.carried_out == ["collect"]
    assert session.replies[-1] == Declined("the operator allowed looking only")


def test_answers_are_handed_to_the_session() -> None:
    session = ScriptedSession(plots.question)
    carry_out(session, ScriptedGateways(), Somebody())
    assert session.replies[1] == Answered("network")


def test_a_session_half_done_goes_on_and_a_finished_one_is_only_told() -> None:
    half = played(plots.psk_mismatch, answers.STORE["collect"])
    person, gateways = Somebody(), ScriptedGateways()
    carry_out(half, gateways, person)
    assert gateways.carried_out == ["ike-four-points"]
    done, again, idle = half, Somebody(), ScriptedGateways()
    carry_out(done, idle, again)
    assert idle.carried_out == []
    assert isinstance(again.heard[0], Started)
    assert isinstance(again.heard[-1], Ended)


def test_secrets_and_host_keys_are_asked_for_one_after_the_other_and_the_request_is_repeated() -> None:
    key = obstacles.unknown_key()
    gateways = ScriptedGateways(obstacles=[key, obstacles.secret(), obstacles.secret("sudo")])
    person = Somebody()
    carry_out(ScriptedSession(plots.healthy), gateways, person)
    assert person.asked == [obstacles.SHOWN, "password", "sudo", "traffic"]
    assert gateways.accepted == [key]
    assert gateways.provided == ["s3cret", "s3cret"]
    assert gateways.carried_out == ["collect", "traffic"]


@pytest.mark.parametrize("first", [obstacles.secret(), obstacles.unknown_key(), obstacles.changed_key()])
def test_what_is_not_given_or_trusted_is_refused_and_the_session_goes_on(first: Exception) -> None:
    gateways = ScriptedGateways(obstacles=[first])
    carry_out(ScriptedSession(plots.healthy), gateways, Somebody(secret=None, trusts=False))
    assert gateways.refused == [first]
    assert gateways.carried_out == ["collect", "traffic"]


def test_what_the_person_raises_to_leave_ends_the_loop_before_anything_is_tried() -> None:
    class Leaving(Somebody):
        def permits(self, exercise: Exercise) -> bool:
            raise WizardError("gone")

    session, gateways = ScriptedSession(plots.psk_mismatch), ScriptedGateways()
    with pytest.raises(WizardError, match="gone"):
        carry_out(session, gateways, Leaving())
    assert gateways.carried_out == ["collect"]
    assert [type(reply) for reply in session.replies] == [Collected]
