"""An exercise: both ends watch before one of them acts, and both look again afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from wizard.choreography import Hidden, Part, Playing, Watching, perform
from wizard.errors import WizardError
from wizard.facts.probes import Command, Output


def said(command: Command) -> Output:
    return Output(command, f"{command.id} ran", "", 0, False, 0.0)


@dataclass
class Script:
    """A part that writes down when it was started, became ready, was released and read."""

    name: str
    part: Part
    diary: list[str]
    released: bool = False

    def ready(self, timeout_s: float) -> bool:
        self.diary.append(f"{self.name} ready")
        return True

    def release(self) -> None:
        self.released = True
        self.diary.append(f"{self.name} released")

    def outputs(self) -> list[Output]:
        self.diary.append(f"{self.name} read")
        part = self.part
        watched = [watching.command for watching in part.watches]
        return [said(one) for one in (*watched, *part.before, *part.act, *part.after, *part.later)]

    def cancel(self) -> None:
        self.diary.append(f"{self.name} over")


@dataclass
class Gateway:
    name: str
    diary: list[str] = field(default_factory=list)
    broken: bool = False

    def batch(self, commands: Sequence[Command], variables: Mapping[str, str]) -> list[Output]:
        return [said(command) for command in commands]

    def play(self, part: Part) -> Playing:
        if self.broken:
            raise WizardError("the connection was lost")
        self.diary.append(f"{self.name} started")
        return Script(self.name, part, self.diary)

    def deliver(self, command: Command, secret: Hidden) -> Output:
        return said(command)

    def obtain(self, command: Command) -> tuple[Hidden | None, Output]:
        return None, said(command)

    def close(self) -> None:
        self.diary.append(f"{self.name} closed")


def part(name: str) -> Part:
    return Part(
        watches=(Watching(Command(f"{name}-watch", "tcpdump"), "listening"),),
        before=(Command(f"{name}-before", "b"),),
        act=(Command(f"{name}-act", "a"),),
        after=(Command(f"{name}-after", "c"),),
    )


def test_both_ends_watch_before_the_starter_acts_and_the_other_looks_again_after_it() -> None:
    diary: list[str] = []
    links = {"near": Gateway("near", diary), "far": Gateway("far", diary)}
    perform({"near": part("n"), "far": part("f")}, "far", links, lambda *_: None)  # type: ignore[arg-type]
    assert diary[:8] == [
        "near started",
        "far started",
        "near ready",
        "far ready",
        "far released",
        "far read",
        "near released",
        "near read",
    ]
    assert diary[8:] == ["near over", "far over"]


def test_an_end_without_a_link_is_left_out() -> None:
    outputs = perform(
        {"near": part("n"), "far": part("f")}, "near", {"near": Gateway("near")}, lambda *_: None
    )
    assert [output.command.id for output in outputs["near"]] == ["n-watch", "n-before", "n-act", "n-after"]
    assert "far" not in outputs


def test_an_end_whose_link_is_gone_does_not_stop_the_other() -> None:
    links = {"near": Gateway("near"), "far": Gateway("far", broken=True)}
    outputs = perform({"near": part("n"), "far": part("f")}, "near", links, lambda *_: None)  # type: ignore[arg-type]
    assert list(outputs) == ["near"]


def test_progress_names_what_runs_and_how_long_it_may_take() -> None:
    told: list[tuple[str, str, int, float]] = []
    perform({"near": part("n")}, "near", {"near": Gateway("near")}, lambda *args: told.append(args))
    assert told[0][1:3] == ("watching the outside interface", 2)
    assert told[1] == ("near", "a", 2, 20.0)


def test_a_starter_with_more_to_do_waits_for_the_other_ends_turn() -> None:
    diary: list[str] = []
    links = {"near": Gateway("near", diary), "far": Gateway("far", diary)}
    starter = replace(part("n"), later=(Command("n-later", "l"),))
    outputs = perform({"near": starter, "far": part("f")}, "near", links, lambda *_: None)  # type: ignore[arg-type]
    assert diary[4:10] == [
        "near released",
        "near ready",
        "far released",
        "far read",
        "near released",
        "near read",
    ]
    assert [one.command.id for one in outputs["near"]][-1] == "n-later"
