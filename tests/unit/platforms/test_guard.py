"""The guard's scripts, run by this machine's shell in a folder of the test's own; nothing of them is simulated."""

from __future__ import annotations

import os
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from wizard.engine.plan import Step
from wizard.facts.probes import Command, Output
from wizard.platforms import guard as guards
from wizard.platforms.guard import Guard


class Machine:
    """A gateway that is a folder: what the scripts name elsewhere stands below it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.etc = root / "etc"
        self.etc.mkdir()

    def run(self, command: Command, given: str = "") -> Output:
        text = command.text
        for place in (guards.GUARDS, guards.BACKUPS, "/run/systemd/system", "/etc/systemd/system"):
            text = text.replace(place, f"{self.root}{place}")
        done = subprocess.run(
            ["sh", "-c", text],
            input=given,
            env={**os.environ, "SUDO": ""},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Output(command, done.stdout, done.stderr, done.returncode, False, 0.0)

    def guard_files(self) -> set[str]:
        folder = Path(f"{self.root}{guards.GUARDS}")
        return {str(path.relative_to(folder)) for path in folder.rglob("*")} if folder.exists() else set()

    def end_timers(self) -> None:
        """Ends the sleeping timer, whose command line names the folder."""
        subprocess.run(["pkill", "-f", f"{self.root}{guards.GUARDS}"], check=False)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    one = Machine(tmp_path)
    yield one
    one.end_timers()


GUARD = Guard("20261121t101500z-0123456789abcdef", "anna: Put one key on both gateways", 120)


def replacing(file: Path, new: str, **more: object) -> Step:
    """A step that replaces a file's text."""
    apply = f"keep {file} && printf %s '{new}' | put {file}"
    return Step("near", "gw-a", f"write {file.name}", apply, f"give_back {file}", **more)  # type: ignore[arg-type]


def look(file: Path) -> tuple[bytes, int, int, int]:
    """What undo has to restore: text, mode, modification time, and that it is the very file."""
    about = file.stat()
    return file.read_bytes(), stat.S_IMODE(about.st_mode), about.st_mtime_ns, about.st_ino


def test_a_change_that_is_kept_leaves_the_file_as_it_was_among_the_backups(machine: Machine) -> None:
    conf = machine.etc / "site.conf"
    conf.write_text("old\n")
    conf.chmod(0o640)
    assert machine.run(GUARD.arm([step := replacing(conf, "new\n")])).exit_code == 0
    assert machine.run(GUARD.step(0, step)).exit_code == 0
    assert (conf.read_text(), stat.S_IMODE(conf.stat().st_mode)) == ("new\n", 0o640)
    kept = machine.run(GUARD.keep())
    assert kept.exit_code == 0
    copy = Path(f"{machine.root}{guards.BACKUPS}/{GUARD.id}{conf}")
    assert copy.read_text() == "old\n"
    assert str(copy) in kept.stdout
    assert machine.guard_files() == set()
    assert [path.name for path in machine.etc.iterdir()] == ["site.conf"]
    assert guards.state(machine.run(GUARD.look())) == "kept"


def test_undo_gives_the_very_file_back(machine: Machine) -> None:
    conf = machine.etc / "site.conf"
    conf.write_bytes(b"old without an end of line")
    conf.chmod(0o604)
    before = look(conf)
    machine.run(GUARD.arm([step := replacing(conf, "new\n")]))
    machine.run(GUARD.step(0, step))
    assert look(conf) != before
    assert guards.state(machine.run(GUARD.undo())) == "undone"
    assert look(conf) == before
    assert [path.name for path in machine.etc.iterdir()] == ["site.conf"]
    assert machine.run(GUARD.clear()).exit_code == 0
    assert machine.guard_files() == set()


def test_a_file_that_was_not_there_is_gone_after_undo(machine: Machine) -> None:
    conf = machine.etc / "new.conf"
    machine.run(GUARD.arm([step := replacing(conf, "new\n")]))
    machine.run(GUARD.step(0, step))
    assert conf.read_text() == "new\n"
    assert stat.S_IMODE(conf.stat().st_mode) == 0o600
    machine.run(GUARD.undo())
    assert list(machine.etc.iterdir()) == []


def test_the_timer_undoes_what_nobody_confirms(machine: Machine) -> None:
    conf = machine.etc / "site.conf"
    conf.write_text("old\n")
    hasty = Guard(GUARD.id, GUARD.owner, 1)
    machine.run(hasty.arm([step := replacing(conf, "new\n")]))
    machine.run(hasty.step(0, step))
    waiting = f"until [ -e {machine.root}{hasty.folder}/undone ]; do sleep 0.1; done"
    subprocess.run(["sh", "-c", waiting], timeout=30, check=True)
    assert conf.read_text() == "old\n"
    assert machine.run(hasty.step(0, step)).exit_code == guards.GONE
    assert machine.run(hasty.keep()).exit_code == guards.GONE
    assert guards.state(machine.run(hasty.look())) == "undone"


def test_what_somebody_else_edited_since_is_left_alone_and_told(machine: Machine) -> None:
    conf = machine.etc / "site.conf"
    conf.write_text("old\n")
    machine.run(GUARD.arm([step := replacing(conf, "new\n")]))
    machine.run(GUARD.step(0, step))
    conf.write_text("new\nby somebody else\n")
    output = machine.run(GUARD.undo())
    assert guards.state(output) == "undone-in-part"
    assert "edited by somebody else" in output.stdout
    assert conf.read_text() == "new\nby somebody else\n"
    copy = next(path for path in machine.etc.iterdir() if path != conf)
    assert copy.read_text() == "old\n"


def test_nothing_is_armed_where_the_gateway_has_changed_since_the_plan(machine: Machine) -> None:
    conf = machine.etc / "site.conf"
    conf.write_text("edited\n")
    step = replacing(conf, "new\n", requires=f"same {conf} 0000")
    output = machine.run(GUARD.arm([step]))
    assert output.exit_code == guards.CHANGED
    assert "has changed since the plan was made" in output.stderr
    assert machine.guard_files() == set()
    assert machine.run(GUARD.step(0, step)).exit_code != 0
    assert conf.read_text() == "edited\n"


def test_a_pending_guard_of_somebody_else_is_respected(machine: Machine) -> None:
    conf = machine.etc / "site.conf"
    conf.write_text("old\n")
    other = Guard("other", "berta: Open a port", 120)
    machine.run(other.arm([replacing(conf, "new\n")]))
    output = machine.run(GUARD.arm([replacing(conf, "mine\n")]))
    assert output.exit_code == guards.PENDING
    assert output.stdout.strip() == "berta: Open a port"
    assert not Path(f"{machine.root}{GUARD.folder}").exists()
    assert guards.state(machine.run(other.look())) == "armed"


def test_undo_goes_backwards_and_reads_the_files_again_at_last(machine: Machine) -> None:
    told = machine.root / "told"
    steps = [
        Step("near", "gw-a", "one", "true", f"echo one >>{told}"),
        Step("near", "gw-a", "load", "true", f"echo load >>{told}", undo_last=True),
        Step("near", "gw-a", "two", "true", f"echo two >>{told}"),
        Step("near", "gw-a", "never begun", "true", f"echo never >>{told}"),
    ]
    machine.run(GUARD.arm(steps))
    for number, step in enumerate(steps[:3]):
        assert machine.run(GUARD.step(number, step)).exit_code == 0
    machine.run(GUARD.undo())
    assert told.read_text().split() == ["two", "one", "load"]


def test_after_a_restart_only_what_outlived_it_is_undone(machine: Machine) -> None:
    told = machine.root / "told"
    steps = [
        Step("near", "gw-a", "file", "true", f"echo file >>{told}"),
        Step("near", "gw-a", "rule", "true", f"echo rule >>{told}", lasts=False),
    ]
    machine.run(GUARD.arm(steps))
    for number, step in enumerate(steps):
        machine.run(GUARD.step(number, step))
    Path(f"{machine.root}{GUARD.folder}/boot").write_text("another-boot\n")
    machine.run(GUARD.undo())
    assert told.read_text().split() == ["file"]


def test_a_step_that_failed_half_way_is_not_done_twice_and_is_undone(machine: Machine) -> None:
    told = machine.root / "told"
    step = Step("near", "gw-a", "half", f"echo half >>{told}; false", f"echo back >>{told}")
    machine.run(GUARD.arm([step]))
    assert machine.run(GUARD.step(0, step)).exit_code == 1
    assert machine.run(GUARD.step(0, step)).exit_code == guards.HALF
    machine.run(GUARD.undo())
    machine.run(GUARD.undo())
    assert told.read_text().split() == ["half", "back"]


def test_a_step_that_was_done_is_not_done_again(machine: Machine) -> None:
    told = machine.root / "told"
    step = Step("near", "gw-a", "once", f"echo once >>{told}")
    machine.run(GUARD.arm([step]))
    assert [machine.run(GUARD.step(0, step)).exit_code for _ in range(2)] == [0, 0]
    assert told.read_text().split() == ["once"]


def test_a_secret_comes_by_standard_input_past_other_lines(machine: Machine) -> None:
    conf = machine.etc / "key"
    step = Step(
        "near", "gw-a", "key", f"keep {conf} && secret | put {conf}", f"give_back {conf}", secret="psk"
    )
    machine.run(GUARD.arm([step]))
    assert machine.run(GUARD.step(0, step), "a password nobody asked for\nsecret:c2VjcmV0\n").exit_code == 0
    assert conf.read_text() == "c2VjcmV0\n"


def test_a_step_without_its_secret_changes_nothing(machine: Machine) -> None:
    conf = machine.etc / "key"
    step = Step(
        "near", "gw-a", "key", f"keep {conf} && secret | put {conf}", f"give_back {conf}", secret="psk"
    )
    machine.run(GUARD.arm([step]))
    output = machine.run(GUARD.step(0, step), "something else\n")
    assert output.exit_code == 1
    assert "did not arrive" in output.stderr
    assert not conf.exists()


def test_a_step_that_is_not_in_force_has_failed(machine: Machine) -> None:
    step = Step("near", "gw-a", "nothing", "true", verify="false")
    machine.run(GUARD.arm([step]))
    output = machine.run(GUARD.step(0, step))
    assert output.exit_code == 1
    assert "not in force" in output.stderr


def test_what_comes_out_empty_replaces_nothing(machine: Machine) -> None:
    conf = machine.etc / "site.conf"
    conf.write_text("old\n")
    before = look(conf)
    step = Step("near", "gw-a", "empty", f"keep {conf} && : | put {conf}", f"give_back {conf}")
    machine.run(GUARD.arm([step]))
    assert machine.run(GUARD.step(0, step)).exit_code == 1
    assert conf.read_text() == "old\n"
    assert guards.state(machine.run(GUARD.undo())) == "undone"
    assert look(conf) == before
    assert [path.name for path in machine.etc.iterdir()] == ["site.conf"]


def test_arming_again_after_an_interruption_leaves_an_armed_guard_as_it_is(machine: Machine) -> None:
    conf = machine.etc / "site.conf"
    conf.write_text("old\n")
    machine.run(GUARD.arm([step := replacing(conf, "new\n")]))
    machine.run(GUARD.step(0, step))
    assert machine.run(GUARD.arm([step])).exit_code == 0
    assert machine.run(GUARD.step(0, step)).exit_code == 0
    machine.run(GUARD.undo())
    assert machine.run(GUARD.arm([step])).exit_code == guards.GONE
    assert conf.read_text() == "old\n"


def test_a_kept_change_without_files_is_known_as_kept(machine: Machine) -> None:
    step = Step("near", "gw-a", "set it", "true", "true")
    machine.run(GUARD.arm([step]))
    machine.run(GUARD.step(0, step))
    assert machine.run(GUARD.keep()).exit_code == 0
    assert guards.state(machine.run(GUARD.look())) == "kept"


def test_what_other_guards_left_that_undid_everything_goes_when_the_next_one_is_armed(
    machine: Machine,
) -> None:
    conf = machine.etc / "site.conf"
    conf.write_text("old\n")
    machine.run(GUARD.arm([step := replacing(conf, "new\n")]))
    machine.run(GUARD.undo())
    later = Guard("20261121t102000z-0123456789abcdef", "anna: Put one key on both gateways", 120)
    assert machine.run(later.arm([step])).exit_code == 0
    assert {path.partition("/")[0] for path in machine.guard_files()} == {later.id}


def test_what_was_undone_in_part_stays_for_its_owner(machine: Machine) -> None:
    conf = machine.etc / "site.conf"
    conf.write_text("old\n")
    machine.run(GUARD.arm([step := replacing(conf, "new\n")]))
    machine.run(GUARD.step(0, step))
    conf.write_text("another administrator's\n")
    machine.run(GUARD.undo())
    later = Guard("20261121t102000z-0123456789abcdef", "anna: Put one key on both gateways", 120)
    machine.run(later.arm([step]))
    assert guards.state(machine.run(GUARD.look())) == "undone-in-part"


def test_a_step_that_a_power_cut_ended_does_not_hold_up_the_undo(machine: Machine) -> None:
    conf = machine.etc / "site.conf"
    conf.write_text("old\n")
    machine.run(GUARD.arm([step := replacing(conf, "new\n")]))
    machine.run(GUARD.step(0, step))
    Path(f"{machine.root}{GUARD.folder}/busy").mkdir()
    began = time.monotonic()
    machine.run(Command("restart", f"sh {GUARD.folder}/fire.sh restart", 60))
    assert conf.read_text() == "old\n"
    assert time.monotonic() - began < 20


def test_a_full_disk_is_named_where_a_step_cannot_begin(machine: Machine) -> None:
    conf = machine.etc / "site.conf"
    conf.write_text("old\n")
    before = look(conf)
    machine.run(GUARD.arm([step := replacing(conf, "new\n")]))
    Path(f"{machine.root}{GUARD.folder}/files").symlink_to("/dev/full")
    done = machine.run(GUARD.step(0, step))
    assert done.exit_code == 1
    assert "is the disk full?" in done.stderr
    assert guards.state(machine.run(GUARD.undo())) == "undone"
    assert look(conf) == before
