from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.unit.demo.staged import CAPTURE, DATE, EXERCISE, SAS
from wizard.choreography import Hidden, Part, Playing
from wizard.demo.record import RecordingLink, Tape
from wizard.facts.probes import Command, Output
from wizard.ssh import Secret


def output(command: Command, stdout: str) -> Output:
    return Output(command, stdout, "", 0, False, 0.126)


class Gateway:
    """A link that answers every command with its id and a number that rises."""

    def __init__(self) -> None:
        self.runs = 0
        self.released: list[str] = []

    def batch(self, commands: Sequence[Command], variables: Mapping[str, str]) -> list[Output]:
        self.runs += 1
        return [output(command, f"{command.id} {self.runs} SECRET") for command in commands]

    def play(self, part: Part) -> Playing:
        return Exercise(self, part)

    def deliver(self, command: Command, secret: Hidden) -> Output:
        return output(command, secret.reveal())

    def obtain(self, command: Command) -> tuple[Hidden | None, Output]:
        return Secret("SECRET"), output(command, "")

    def close(self) -> None:
        self.released.append("close")


class Exercise:
    def __init__(self, gateway: Gateway, part: Part) -> None:
        self.gateway = gateway
        self.part = part

    def ready(self, timeout_s: float) -> bool:
        return timeout_s > 0

    def release(self) -> None:
        self.gateway.released.append("release")

    def outputs(self) -> list[Output]:
        commands = [watching.command for watching in self.part.watches]
        commands += [*self.part.before, *self.part.act, *self.part.after]
        return [output(command, command.id) for command in commands]

    def cancel(self) -> None:
        self.gateway.released.append("cancel")


def clean(text: str) -> str:
    return text.replace("SECRET", "…")


def test_what_is_answered_is_passed_on_as_it_is_and_kept_cleaned() -> None:
    tape = Tape(clean)
    link = RecordingLink(Gateway(), tape)
    for _ in range(2):
        outputs = link.batch([SAS, DATE], {"SALT": "another each time"})
    assert outputs[0].stdout == "sas 2 SECRET"
    kept = tape.exchanges()
    assert [one.said[0].stdout for one in kept] == ["sas 1 …", "sas 2 …"]
    assert kept[0].key == kept[1].key
    assert "SALT" not in repr(kept)


def test_secrets_that_are_handed_over_or_read_pass_by_the_tape() -> None:
    tape = Tape(clean)
    link = RecordingLink(Gateway(), tape)
    assert link.deliver(SAS, Secret("SECRET")).stdout == "SECRET"
    secret, _ = link.obtain(DATE)
    assert secret is not None
    assert secret.reveal() == "SECRET"
    assert tape.exchanges() == ()


def test_an_exercise_is_kept_once_with_its_watches_first() -> None:
    tape, gateway = Tape(clean), Gateway()
    link = RecordingLink(gateway, tape)
    playing = link.play(EXERCISE)
    assert playing.ready(1)
    playing.release()
    playing.outputs()
    playing.outputs()
    playing.cancel()
    link.close()
    (kept,) = tape.exchanges()
    assert kept.watches == 1
    assert kept.key[0] == (CAPTURE.id, CAPTURE.text, "")
    assert len(kept.said) == 4
    assert gateway.released == ["release", "cancel", "close"]
