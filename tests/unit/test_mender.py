"""Moves of a plan on gateways that are scripted: what is sent where, and what becomes of what goes wrong."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wizard.choreography import Hidden, Link, Part, Playing
from wizard.engine.model import Change, Changed, CommandRecord, Move
from wizard.engine.plan import Plan, SecretNeed, Step, sealed
from wizard.errors import WizardError
from wizard.facts.focus import Focus
from wizard.facts.model import End
from wizard.facts.probes import Command, Output
from wizard.facts.snapshot import Snapshot
from wizard.mender import Mender
from wizard.platforms import guard as guards
from wizard.ssh import NeedsSecret, Secret, Target
from wizard.ssh.sudo import NEEDS_PASSWORD, sudo_problem

STEPS = (
    Step("near", "gw-a", "one", "1", "u1"),
    Step("far", "gw-b", "two", "2", "u2"),
    Step("far", "gw-b", "three", "3"),
)


def plan(*needs: SecretNeed, steps: tuple[Step, ...] = STEPS) -> Plan:
    return sealed(Plan("r", "Mend it", "c", "site", "Nothing stops.", "Seen.", steps=steps, secrets=needs))


class Wire:
    """A link that answers as told and keeps what was run."""

    def __init__(self, answers: Mapping[str, Output | tuple[int, str]]) -> None:
        self.answers = dict(answers)
        self.ran: list[str] = []
        self.handed: list[str] = []
        self.closed = False

    def _output(self, command: Command) -> Output:
        self.ran.append(command.id)
        answer = self.answers.get(command.id, (0, ""))
        if isinstance(answer, Output):
            return answer
        return Output(command, answer[1], "", answer[0], False, 0.0)

    def batch(self, commands: Sequence[Command], variables: Mapping[str, str]) -> list[Output]:
        return [self._output(command) for command in commands]

    def play(self, part: Part) -> Playing:
        raise NotImplementedError

    def deliver(self, command: Command, secret: Hidden) -> Output:
        self.handed.append(secret.reveal())
        return self._output(command)

    def obtain(self, command: Command) -> tuple[Hidden | None, Output]:
        output = self._output(command)
        return (Secret("a2V5"), output) if output.exit_code == 0 else (None, output)

    def close(self) -> None:
        self.closed = True


def lost(probe: str) -> Output:
    return Output(Command(probe, ""), "", "", None, False, 0.0, "the connection was lost")


class Bench:
    """Two gateways; a new connection to one answers as `anew` says."""

    def __init__(self, near: Wire, far: Wire, anew: Mapping[End, Wire | None] | None = None) -> None:
        self.wires: dict[End, Wire] = {"near": near, "far": far}
        self.anew = dict(anew or {})
        self.learned: list[str] = []

    @property
    def links(self) -> Mapping[End, Link]:
        return self.wires

    @property
    def snapshots(self) -> Mapping[End, Snapshot]:
        return {end: Snapshot(end, self.name(end)) for end in self.wires}

    @property
    def focuses(self) -> Mapping[End, Focus]:
        return {}

    def name(self, end: End) -> str:
        return {"near": "gw-a", "far": "gw-b"}[end]

    def reopen(self, end: End) -> Link:
        wire = self.anew.get(end, self.wires[end])
        if wire is None:
            raise WizardError("gw does not answer")
        self.wires[end] = wire
        return wire

    def record(self, end: End, output: Output) -> CommandRecord:
        return CommandRecord(
            end,
            self.name(end),
            output.command.id,
            output.shown,
            output.stdout,
            output.stderr,
            output.exit_code,
            0.0,
        )

    def learn(self, secret: str) -> None:
        self.learned.append(secret)


def mender(bench: Bench) -> Mender:
    return Mender(bench, "anna", lambda: datetime(2026, 11, 21, 10, 15, tzinfo=UTC))


def move(bench: Bench, what: Move, of: Plan, step: int = 0, by: Mender | None = None) -> Changed:
    return (by or mender(bench)).move(Change(what, of, "id-hash", step), lambda end, text: None)


def test_arming_says_when_it_will_be_undone() -> None:
    near, far = Wire({}), Wire({})
    reply = move(Bench(near, far), "arm", plan())
    assert reply.ok
    assert "10:18:00 UTC" in reply.deadline
    assert reply.state == {"gw-a": "armed", "gw-b": "armed"}
    assert near.ran[0] == far.ran[0] == "guard-arm"


@pytest.mark.parametrize(
    ("code", "said", "expected"),
    [
        (guards.PENDING, "berta: Open a port", "a guard is already pending on gw-b (berta: Open a port)"),
        (
            guards.CHANGED,
            "/etc/x has changed since the plan was made",
            "gw-b is not as it was when the plan was made",
        ),
        (1, "No space left on device", "the undo could not be armed on gw-b: No space left on device"),
    ],
)
def test_where_one_end_cannot_be_armed_the_other_is_freed(code: int, said: str, expected: str) -> None:
    near, far = Wire({}), Wire({"guard-arm": (code, said)})
    reply = move(Bench(near, far), "arm", plan())
    assert not reply.ok
    assert reply.said.startswith(expected)
    assert near.ran == ["guard-arm", "guard-undo", "guard-clear"]
    assert far.ran == ["guard-arm"]


def test_steps_are_counted_among_those_of_their_gateway() -> None:
    near, far = Wire({}), Wire({})
    bench = Bench(near, far)
    for number in range(3):
        assert move(bench, "step", plan(), number).ok
    assert (near.ran, far.ran) == (["change-1"], ["change-1", "change-2"])


def test_a_step_that_fails_says_the_gateways_own_words() -> None:
    far = Wire({"change-1": (1, "Operation not permitted\nstep 0 left 1")})
    assert move(Bench(Wire({}), far), "step", plan(), 1).said == "Operation not permitted"


def test_what_nft_prints_below_its_error_is_not_the_error() -> None:
    said = "Error: Could not process rule: No such file or directory\nadd rule inet t c rt ipsec exists\n    ^^^^^^^^\n"
    far = Wire({"change-1": (1, f"{said}step 0 left 1")})
    told = move(Bench(Wire({}), far), "step", plan(), 1).said
    assert told == "Error: Could not process rule: No such file or directory"


def test_a_generated_key_is_handed_to_both_ends_and_shown_to_nobody() -> None:
    steps = (
        Step("near", "gw-a", "key", "w", secret="psk"),
        Step("far", "gw-b", "key", "w", secret="psk"),
    )
    near, far = Wire({}), Wire({})
    bench = Bench(near, far)
    by = mender(bench)
    whole = plan(SecretNeed("psk", "generated"), steps=steps)
    replies = [
        move(bench, "arm", whole, by=by),
        *(move(bench, "step", whole, number, by) for number in (0, 1)),
    ]
    assert all(reply.ok for reply in replies)
    assert near.handed == far.handed == bench.learned
    assert len(base64.b64decode(near.handed[0])) == 32
    assert near.handed[0] not in repr(replies) + repr(by)


def refused(probe: str, problem: str) -> Output:
    return Output(Command(probe, ""), "", "", 1, False, 0.0, problem)


@pytest.mark.parametrize(
    "problem", [NEEDS_PASSWORD, sudo_problem("Sorry, user x is not allowed to execute 'y'")]
)
def test_a_login_that_may_only_observe_is_told_so_and_the_other_end_is_freed(problem: str) -> None:
    near, far = Wire({}), Wire({"guard-arm": refused("guard-arm", problem)})
    reply = move(Bench(near, far), "arm", plan())
    assert reply.said == (
        "the login at gw-b may observe and not mend, so nothing was changed; "
        "`ipsec-wizard sudoers gw-b --mending` prints what it has to be granted"
    )
    assert near.ran == ["guard-arm", "guard-undo", "guard-clear"]


def test_where_a_password_is_asked_for_in_between_nothing_stays_armed() -> None:
    class Asking(Wire):
        def batch(self, commands: Sequence[Command], variables: Mapping[str, str]) -> list[Output]:
            raise NeedsSecret(Target("gw-b", "gw-b", 22, "anna"), "sudo", "anna@gw-b", "password")

    near = Wire({})
    with pytest.raises(NeedsSecret):
        move(Bench(near, Asking({})), "arm", plan())
    assert near.ran == ["guard-arm", "guard-undo", "guard-clear"]


def test_a_key_that_cannot_be_read_stops_before_anything_is_armed() -> None:
    near, far = Wire({"secret": (1, "awk: not found")}), Wire({})
    reply = move(Bench(near, far), "arm", plan(SecretNeed("psk", "read", "near", "script")))
    assert reply.said == "the key on gw-a could not be read: awk: not found"
    assert (near.ran, far.ran) == (["secret"], [])


def test_a_file_of_the_operator_is_handed_over_as_it_is(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_bytes(b"\x00pem")
    step = Step("far", "gw-b", "install", "w", secret="ca")
    far = Wire({})
    bench = Bench(Wire({}), far)
    by = mender(bench)
    whole = plan(SecretNeed("ca", "file", path=str(ca)), steps=(step,))
    assert move(bench, "arm", whole, by=by).ok
    assert move(bench, "step", whole, 0, by).ok
    assert base64.b64decode(far.handed[0]) == b"\x00pem"
    missing = plan(SecretNeed("ca", "file", path=str(tmp_path / "none.pem")), steps=(step,))
    assert "could not be read" in move(bench, "arm", missing).said


def test_a_secret_that_was_lost_with_the_program_fails_its_step() -> None:
    step = Step("far", "gw-b", "key", "w", secret="psk")
    reply = move(Bench(Wire({}), Wire({})), "step", plan(SecretNeed("psk", "generated"), steps=(step,)))
    assert not reply.ok
    assert "lost when the program ended" in reply.said


def test_keeping_goes_over_new_connections_and_asks_all_guards_first() -> None:
    fresh: dict[End, Wire | None] = {
        "near": Wire({"guard-state": (0, "armed\n")}),
        "far": Wire({"guard-state": (0, "armed\n")}),
    }
    bench = Bench(Wire({}), Wire({}), fresh)
    reply = move(bench, "keep", plan())
    assert reply.ok
    assert reply.state == {"gw-a": "kept", "gw-b": "kept"}
    assert all(wire is not None and wire.ran == ["guard-state", "guard-keep"] for wire in fresh.values())


def test_a_guard_that_was_kept_before_the_program_ended_is_not_told_again() -> None:
    near, far = Wire({"guard-state": (0, "kept\n")}), Wire({"guard-state": (0, "armed\n")})
    reply = move(Bench(near, far), "keep", plan())
    assert reply.ok
    assert reply.state == {"gw-a": "kept", "gw-b": "kept"}
    assert (near.ran, far.ran) == (["guard-state"], ["guard-state", "guard-keep"])


def test_nothing_is_kept_where_one_guard_has_fired() -> None:
    near, far = Wire({"guard-state": (0, "armed\n")}), Wire({"guard-state": (0, "undone\n")})
    reply = move(Bench(near, far), "keep", plan())
    assert reply.said == "the guard of gw-b is undone"
    assert "guard-keep" not in near.ran + far.ran


def test_undoing_takes_a_new_connection_where_the_old_one_is_lost() -> None:
    fresh = Wire({"guard-undo": (0, "undone\n")})
    bench = Bench(
        Wire({"guard-undo": (0, "undone\n")}), Wire({"guard-undo": lost("guard-undo")}), {"far": fresh}
    )
    reply = move(bench, "undo", plan())
    assert reply.ok
    assert reply.state == {"gw-a": "undone", "gw-b": "undone"}
    assert fresh.ran == ["guard-undo", "guard-clear"]


def test_a_gateway_that_cannot_be_reached_undoes_by_itself_and_that_is_said() -> None:
    bench = Bench(
        Wire({"guard-undo": (0, "undone\n")}), Wire({"guard-undo": lost("guard-undo")}), {"far": None}
    )
    reply = move(bench, "undo", plan())
    assert not reply.ok
    assert reply.state["gw-b"] == "unknown"
    assert "gw-b: gw does not answer; its guard undoes the change by itself" in reply.said


def test_what_was_undone_in_part_keeps_its_traces_and_is_told() -> None:
    words = "undoing, now (operator)\n/etc/x was edited by somebody else since\nundone-in-part\n"
    far = Wire({"guard-undo": (1, words)})
    reply = move(Bench(Wire({"guard-undo": (0, "undone\n")}), far), "undo", plan())
    assert not reply.ok
    assert "gw-b: /etc/x was edited by somebody else since" in reply.said
    assert "guard-clear" not in far.ran


def test_a_guard_that_had_fired_by_itself_is_told_with_its_time() -> None:
    words = "undoing, 2026-11-21T10:18:00Z (timer)\nundone\n"
    bench = Bench(
        Wire({"guard-undo": (0, "undoing, 2026-11-21T10:15:00Z (operator)\nundone\n")}),
        Wire({"guard-undo": (0, words)}),
    )
    reply = move(bench, "undo", plan())
    assert reply.ok
    assert reply.said == "gw-b: its guard had undone the change by itself at 2026-11-21T10:18:00Z"
