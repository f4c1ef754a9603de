"""Batches: rendered, run by real shells, taken apart again; no command may reach its neighbours."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ssh.conftest import Open, Start
from wizard.facts.probes import Command, Limits, Output
from wizard.ssh import (
    HOLD,
    Captured,
    NeedsSecret,
    Raw,
    Secret,
    Secrets,
    Step,
    Watch,
    commands_of,
    frame,
    held,
    last_word,
    new_marker,
    parse_script,
    render,
    run_batch,
    split,
    start_batch,
    start_watch,
)

MARKER = new_marker()
PIECES = [
    f"{MARKER}[{record}]\n".encode()
    for record in (
        "a 1",
        "b 0 1.0",
        "x 0 3",
        "g 0",
        "e 0 2.0",
        "b 1 2.0",
        "x 1 0",
        "e 1 3.0",
        "w 1 1.0",
        "o 1",
        "d",
    )
]
"""Records of the frame, for putting together streams that no gateway would send."""
BUSYBOX = shutil.which("busybox")
SHELLS = [
    pytest.param(
        words, id=name, marks=pytest.mark.skipif(not shutil.which(words[0]), reason=f"no {name} here")
    )
    for name, words in {
        "dash": ("dash",),
        "bash": ("bash",),
        "busybox": ("busybox", "sh"),
        "zsh": ("zsh",),
        "mksh": ("mksh",),
    }.items()
]


def run_locally(
    steps: Sequence[Step],
    *,
    shell: Sequence[str] = ("/bin/sh",),
    variables: Mapping[str, str] | None = None,
    path: str = "/usr/bin:/bin",
    stdin: bytes = b"",
    **options: object,
) -> list[Output]:
    script = render(steps, marker=MARKER, variables=variables, **options)  # type: ignore[arg-type]
    done = subprocess.run(
        [shutil.which(shell[0]) or shell[0], *shell[1:], "-c", script],
        input=stdin,
        capture_output=True,
        env={"PATH": path},
        timeout=60,
        check=False,
    )
    return split(Raw.of(done.stdout, done.stderr, done.returncode), commands_of(steps), MARKER)


def one(text: str, timeout_s: float = 10) -> Command:
    return Command("it", text, timeout_s)


WILD = [
    Command("plain", "echo out; echo err >&2; exit 3"),
    Command("no-line-end", "printf out; printf err >&2"),
    Command("kills-itself", "echo before; kill -9 $$"),
    Command("kills-its-parent", "kill -9 $PPID; sleep 1; echo survived"),
    Command("syntax", "if then"),
    Command("unbalanced", "echo 'it"),
    Command("reads", 'cat; read x; echo "end $?"'),
    Command(
        "leaves-functions", "run() { echo hijacked; }; M=x; set -e; trap 'echo trapped' EXIT; cd /; umask 777"
    ),
    Command(
        "quotes",
        """printf '%s|' "it's" "a\\b" '$HOME' '`x`' "$(echo sub)" 'two
lines'""",
    ),
    Command("closes", "exec >&- 2>&-; true"),
    Command("nothing", ":"),
    Command("missing", "no-such-command-here"),
    Command("last", "echo last"),
]


@pytest.mark.parametrize("shell", SHELLS)
def test_no_command_reaches_its_neighbours(shell: Sequence[str]) -> None:
    outputs = {output.command.id: output for output in run_locally(WILD, shell=shell)}
    assert [command.id for command in WILD] == list(outputs)

    def got(name: str) -> tuple[str, str, int | None]:
        return outputs[name].stdout, outputs[name].stderr, outputs[name].exit_code

    assert got("plain") == ("out\n", "err\n", 3)
    assert got("no-line-end") == ("out", "err", 0)
    assert outputs["kills-itself"].stdout == "before\n"
    assert outputs["kills-itself"].exit_code == 137
    assert outputs["kills-its-parent"].exit_code == 137
    assert outputs["syntax"].exit_code not in {0, None}
    assert "yntax error" in outputs["syntax"].stderr
    assert outputs["unbalanced"].exit_code not in {0, None}
    assert got("reads") == ("end 1\n", "", 0)
    assert got("leaves-functions") == ("trapped\n", "", 0)
    assert got("quotes") == ("it's|a\\b|$HOME|`x`|sub|two\nlines|", "", 0)
    assert got("closes") == ("", "", 0)
    assert got("nothing") == ("", "", 0)
    assert outputs["missing"].exit_code == 127
    assert got("last") == ("last\n", "", 0)
    assert all(output.problem is None and not output.truncated for output in outputs.values())


@pytest.mark.parametrize("shell", SHELLS)
def test_a_command_that_hangs_is_ended_and_the_next_one_runs(shell: Sequence[str]) -> None:
    hangs = Command("hangs", "echo partial; sleep 60", 1)
    stubborn = Command("stubborn", "trap '' TERM; echo here; sleep 60; sleep 60", 1)
    first, second, third = run_locally([hangs, stubborn, one("echo next")], shell=shell)
    assert first.stdout == "partial\n"
    assert first.problem == "it did not finish within 1 s"
    assert 0.9 <= first.elapsed_s < 5
    assert second.stdout == "here\n"
    assert second.problem == "it did not finish within 1 s"
    assert (third.stdout, third.exit_code, third.problem) == ("next\n", 0, None)


def ended(process: int, within_s: float) -> bool:
    """Whether a process that is no child of ours is gone by then."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], within_s)[0])
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_command_that_has_had_its_time_is_ended_with_all_it_started(shell: Sequence[str]) -> None:
    family = (
        "sh -c 'echo $$; trap \"\" TERM; sleep 300; sleep 300' & sh -c 'echo $$; exec sleep 300' | cat; wait"
    )
    steps = [Command("family", family, 1, limits="time"), Command("next", "echo next; exit 5", limits="time")]
    first, second = run_locally(steps, shell=shell)
    assert first.problem == "it did not finish within 1 s"
    assert len(first.stdout.split()) == 2
    assert all(ended(int(process), 3) for process in first.stdout.split())
    assert (second.stdout, second.exit_code, second.problem) == ("next\n", 5, None)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_command_that_takes_seconds_within_its_time_keeps_its_exit_code(shell: Sequence[str]) -> None:
    steps = [Command("slow", "sleep 2.3; echo done; exit 7", 8, limits="time")]
    (slow,) = run_locally(steps, shell=shell)
    assert (slow.stdout, slow.exit_code, slow.problem) == ("done\n", 7, None)
    assert 2.2 <= slow.elapsed_s < 5


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_that_is_killed_leaves_no_watch_behind(shell: Sequence[str]) -> None:
    watch = Watch(Command("capture", "echo pid $$; exec sleep 300", 60), ready="pid")
    script = render((watch, HOLD), marker=MARKER)
    words = [shutil.which(shell[0]) or shell[0], *shell[1:], "-c", script]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        said = b""
        while b"[h]" not in said:
            said += running.stdout.readline()
        steps = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
        for process in (*steps, str(running.pid)):
            with suppress(ProcessLookupError):
                os.kill(int(process), signal.SIGKILL)
    found = re.search(rb"pid (\d+)", said)
    assert found is not None
    assert ended(int(found[1]), 5)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_command_that_prints_without_end_is_cut_on_the_gateway(shell: Sequence[str]) -> None:
    steps = [
        Command("endless", "yes"),
        Command("endless-errors", "yes >&2"),
        Command("big", "echo first; head -c 5000000 /dev/zero | tr '\\0' x; echo last; exit 7"),
        Command("just-fits", "head -c 393216 /dev/zero | tr '\\0' y"),
        Command("next", "echo next"),
    ]
    endless, errors, big, fits, after = run_locally(steps, shell=shell)
    assert endless.truncated
    assert endless.exit_code == 141
    assert 500_000 < len(endless.stdout) < 540_000
    assert errors.truncated
    assert len(errors.stderr) < 100_000
    assert big.truncated
    assert big.exit_code == 7
    assert big.stdout.startswith("first\nxx")
    assert big.stdout.endswith("xxlast\n")
    assert "[... the gateway printed more than is kept ...]" in big.stdout
    assert (len(fits.stdout), fits.truncated, fits.exit_code) == (393216, False, 0)
    assert (after.stdout, after.problem) == ("next\n", None)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_background_process_that_keeps_the_output_does_not_hold_up_the_batch(shell: Sequence[str]) -> None:
    first, second = run_locally(
        [Command("leaves", "sleep 60 & echo started", 1), one("echo next")], shell=shell
    )
    assert (first.stdout, first.exit_code) == ("started\n", 0)
    assert second.stdout == "next\n"


@pytest.mark.skipif(BUSYBOX is None, reason="no busybox here")
def test_a_gateway_whose_tools_are_all_busybox(tmp_path: Path) -> None:
    """Its head reads ahead, its timeout ends with another code."""
    assert BUSYBOX is not None
    for name in subprocess.run(
        [BUSYBOX, "--list"], capture_output=True, text=True, check=True
    ).stdout.split():
        (tmp_path / name).symlink_to(BUSYBOX)
    steps = [
        Command("big", "echo first; head -c 5000000 /dev/zero | tr '\\0' x; echo last; exit 7"),
        Command("hangs", "echo partial; sleep 60", 1),
        Command("last", "echo last"),
    ]
    script = render(steps, marker=MARKER).replace("PATH=${PATH:+$PATH:}/usr", f"PATH={tmp_path}:/nowhere")
    done = subprocess.run(
        [BUSYBOX, "sh", "-c", script], capture_output=True, env={"PATH": ""}, timeout=60, check=False
    )
    big, hangs, last = split(Raw.of(done.stdout, done.stderr), steps, MARKER)
    assert big.truncated
    assert big.stdout.endswith("xxlast\n")
    assert len(big.stdout) > 500_000
    assert big.exit_code == 7
    assert hangs.problem == "it did not finish within 1 s"
    assert (last.stdout, last.problem) == ("last\n", None)


def test_without_timeout_on_the_gateway_commands_run_unlimited(tmp_path: Path) -> None:
    for name in ("sh", "head", "tail", "cat", "date", "sleep"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    script = render([one("echo ran; exit 4")], marker=MARKER).replace(
        "PATH=${PATH:+$PATH:}/usr", f"PATH={tmp_path}:/nowhere"
    )
    done = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, env={"PATH": ""}, timeout=60, check=False
    )
    (output,) = split(Raw.of(done.stdout, done.stderr), [one("")], MARKER)
    assert (output.stdout, output.exit_code, output.problem) == ("ran\n", 4, None)


@pytest.mark.parametrize("shell", SHELLS)
def test_commands_with_fewer_limits_are_framed_like_the_others(shell: Sequence[str]) -> None:
    steps = [
        Command("plain", "echo out; echo err >&2; exit 3", limits="none"),
        Command("no-line-end", "printf out; printf err >&2", limits="none"),
        Command("syntax", "if then", limits="none"),
        Command("reads", 'cat; echo "end $?"', limits="none"),
        Command(
            "leaves", "run() { echo hijacked; }; M=x; set -e; cd /; trap 'echo left' EXIT", limits="none"
        ),
        Command("kills-itself", "echo before; kill -9 $$", limits="time"),
        Command("hangs", "echo partial; sleep 60", 1, limits="time"),
        Command("capped", "yes | head -c 500000"),
        Command("bare", "echo one | cat; echo err >&2; (exit 6)", limits="bare"),
        Command("last", "echo last", limits="none"),
    ]
    outputs = {output.command.id: output for output in run_locally(steps, shell=shell)}
    plain = outputs["plain"]
    assert (plain.stdout, plain.stderr, plain.exit_code, plain.problem) == ("out\n", "err\n", 3, None)
    assert (outputs["no-line-end"].stdout, outputs["no-line-end"].stderr) == ("out", "err")
    assert outputs["syntax"].exit_code not in {0, None}
    assert outputs["reads"].stdout == "end 0\n"
    assert outputs["leaves"].stdout == "left\n"
    assert (outputs["kills-itself"].stdout, outputs["kills-itself"].exit_code) == ("before\n", 137)
    assert outputs["hangs"].stdout == "partial\n"
    assert outputs["hangs"].problem == "it did not finish within 1 s"
    bare = outputs["bare"]
    assert (bare.stdout, bare.stderr, bare.exit_code, bare.problem) == ("one\n", "err\n", 6, None)
    assert len(outputs["capped"].stdout) == 500_000
    assert (outputs["last"].stdout, outputs["last"].problem) == ("last\n", None)


def test_the_environment_is_predictable_and_variables_arrive_as_given() -> None:
    value = 'it\'s "quoted" $HOME `x`\nsecond line'
    names, path, given = run_locally(
        [
            Command("locale", "echo $LC_ALL"),
            Command("path", "echo $PATH"),
            Command("given", 'printf %s "$CHILD|$PEER_ADDRESS"'),
        ],
        variables={"CHILD": value, "PEER_ADDRESS": "192.0.2.1"},
    )
    assert names.stdout == "C\n"
    assert {"/usr/sbin", "/sbin"} <= set(path.stdout.strip().split(":"))
    assert given.stdout == f"{value}|192.0.2.1"


@pytest.mark.parametrize("name", ["x", "M", "PATH", "LC_ALL", "SUDO", "P0", "A B", "A=1", "", "LD_PRELOAD"])
def test_variables_cannot_change_the_shell(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be a variable"):
        render([one("true")], marker=MARKER, variables={name: "x"})


def test_a_script_reads_back_as_what_it_was_rendered_from() -> None:
    script = render(WILD, marker=MARKER, variables={"CHILD": "it's", "PEER": "a b"})
    parsed = parse_script(script)
    assert parsed is not None
    assert parsed.marker == MARKER
    assert parsed.commands == tuple((command.id, command.text, "") for command in WILD)
    assert parsed.variables == {"CHILD": "it's", "PEER": "a b"}
    assert not parsed.holds
    assert not parsed.wants_password


def test_a_long_text_that_occurs_several_times_is_sent_once() -> None:
    text = f"echo 'it is $HOME'; : {'x' * 500}"
    needs = f"[ {'y' * 200} ]"
    steps = [
        Command("first", text, needs=needs, limits="time"),
        Command("second", text, needs=needs, limits="none"),
        Command("third", "echo 'short'"),
        Command("fourth", text),
    ]
    script = render(steps, marker=MARKER)
    assert script.count("x" * 500) == script.count("y" * 200) == 1
    parsed = parse_script(script)
    assert parsed is not None
    assert parsed.commands == tuple((one.id, one.text, one.needs) for one in steps)
    assert [one.stdout for one in run_locally(steps)] == [
        "it is $HOME\n",
        "it is $HOME\n",
        "short\n",
        "it is $HOME\n",
    ]


def test_needs_read_back_with_their_command() -> None:
    steps = [Command("status", "ipsec status", needs="[ -x /usr/lib/ipsec/stroke ]"), one("true")]
    parsed = parse_script(render(steps, marker=MARKER))
    assert parsed is not None
    assert parsed.commands == (
        ("status", "ipsec status", "[ -x /usr/lib/ipsec/stroke ]"),
        ("it", "true", ""),
    )


@pytest.mark.parametrize("limits", ["all", "time", "none", "bare"])
def test_a_command_whose_needs_are_not_met_is_left_out(limits: Limits) -> None:
    commands = [
        Command("there", "echo here", needs="command -v sh", limits=limits),
        Command("absent", "echo here", needs="command -v no-such-program || [ -x /no/such ]", limits=limits),
        Command("after", "echo there", limits=limits),
    ]
    assert [(one.command.id, one.stdout) for one in run_locally(commands)] == [
        ("there", "here\n"),
        ("after", "there\n"),
    ]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_condition_may_look_at_how_long_a_command_took(shell: Sequence[str]) -> None:
    steps = [
        Command("quick", "exit 3", limits="time"),
        Command("slow", "sleep 2.5", limits="time"),
        Command("after-quick", "echo here", needs='case $TOOK in *" quick:"[01]" "*) false ;; esac'),
        Command("after-slow", "echo here", needs='case $TOOK in *" slow:"[01]" "*) false ;; esac'),
    ]
    assert [one.command.id for one in run_locally(steps, shell=shell)] == ["quick", "slow", "after-slow"]


def test_a_condition_may_look_at_whether_a_command_was_ended_by_its_limit() -> None:
    over = 'case $TOOK in *" @:over "*) false ;; esac'
    steps = [
        Command("quick", "exit 3", 1, limits="time"),
        Command("stuck", "sleep 30", 1, limits="time"),
        Command("after-quick", "echo here", needs=over.replace("@", "quick")),
        Command("after-stuck", "echo here", needs=over.replace("@", "stuck")),
    ]
    assert [one.command.id for one in run_locally(steps)] == ["quick", "stuck", "after-quick"]


def test_an_output_cannot_leave_a_command_out_that_needs_nothing() -> None:
    stream = f"{MARKER}[a 1]\n{MARKER}[k 0]\n{MARKER}[d]\n"
    (output,) = split(Raw.of(stream, f"{MARKER}[d]\n", 0), [one("true")], MARKER)
    assert output.problem is not None


def test_a_script_with_watches_reads_back_too() -> None:
    steps = (Watch(Command("capture", "tcpdump -n"), ready="listening on"), HOLD, one("swanctl -i"))
    parsed = parse_script(render(steps, marker=MARKER, become="sudo", password=True))
    assert parsed is not None
    assert parsed.commands == (("capture", "tcpdump -n", ""), ("it", "swanctl -i", ""))
    assert parsed.holds
    assert parsed.wants_password
    assert parse_script("uname -a") is None


def test_recorded_results_framed_look_like_those_of_a_real_shell() -> None:
    commands = [command for command in WILD if command.id not in {"kills-itself", "kills-its-parent"}]
    real = run_locally(commands)
    recorded = [(output.command.id, output.stdout, output.stderr, output.exit_code) for output in real]
    stdout, stderr, code = frame(MARKER, recorded)
    replayed = split(Raw.of(stdout, stderr, code), commands, MARKER)

    def seen(outputs: list[Output]) -> list[tuple[object, ...]]:
        return [(o.command.id, o.stdout, o.stderr, o.exit_code, o.truncated, o.problem) for o in outputs]

    assert seen(replayed) == seen(real)
    assert code == 0


def test_markers_in_an_output_change_nothing_without_knowing_the_marker() -> None:
    forged = "@000000000000000000000000@[e 0 1.0]\n@000000000000000000000000@[d]\n"
    first, second = run_locally([Command("forger", f"printf '%s' '{forged}'"), one("echo next")])
    assert first.stdout == forged
    assert second.stdout == "next\n"


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (Raw.of(""), "not run: the gateway's login shell did not run the script"),
        (Raw.of("", "csh: M: not found\n", 1), "login shell did not run the script: csh: M: not found"),
        (
            Raw.of(f"{MARKER}[b 0 1]\n{MARKER}[x 0 {'9' * 400}]\n{MARKER}[e 0 9]\n"),
            "it did not end within 13 s",
        ),
        (Raw(Captured(f"{MARKER}[b 0 1]\n".encode()), cancelled=True), "it was given up while it ran"),
        (Raw(lost=True), "not run: the connection to the gateway was lost"),
        (Raw(timed_out=True, elapsed_s=12.2), "not run: the commands together took longer than 12 s"),
        (Raw(cancelled=True), "not run: it was given up"),
        (Raw.of(b"\xff\x00\x1b[" * 1000), "login shell did not run the script"),
        (Raw.of(f"{MARKER}[a 1]\n"), "not run: the script ended early"),
        (Raw.of(f"{MARKER}[a 1]\n{MARKER}[b 0 1.0]\nhalf"), "its end is missing"),
        (
            Raw(Captured(f"{MARKER}[a 1]\n{MARKER}[b 0 1.0]\nhalf".encode()), lost=True),
            "was lost while it ran",
        ),
        (Raw.of(f"{MARKER}[a 1]\n{MARKER}[b 0 1]\n{MARKER}[e 0 9]\n"), "it did not end within 13 s"),
        (
            Raw.of(f"{MARKER}[e 0 9]\n{MARKER}[x 0 0]\n{MARKER}[g 0]\n{MARKER}[z 0]\n"),
            "not run: the gateway's login shell",
        ),
        (
            Raw.of(f"{MARKER}[b 0 1.2.3]\n{MARKER}[x 0 ..]\n{MARKER}[e 0 ]\n{MARKER}[e]\n"),
            "its beginning is missing",
        ),
    ],
)
def test_whatever_comes_back_becomes_an_output_with_a_problem(raw: Raw, problem: str) -> None:
    first, second = split(raw, [one("true"), one("false")], MARKER)
    assert problem in str(first.problem)
    assert second.problem is not None
    assert second.exit_code is None


@given(
    out=st.lists(st.binary(max_size=40) | st.sampled_from(PIECES), max_size=12).map(b"".join),
    err=st.lists(st.binary(max_size=40) | st.sampled_from(PIECES), max_size=12).map(b"".join),
    cut=st.tuples(st.integers(0, 400), st.integers(0, 400)),
)
def test_no_stream_whatever_raises(out: bytes, err: bytes, cut: tuple[int, int]) -> None:
    captured = Captured(out[: cut[0]], out[cut[0] + cut[1] :], min(cut[1], len(out)))
    outputs = split(Raw(captured, Captured(err), 0), [one("true"), one("false")], MARKER)
    for number, output in enumerate(outputs):
        assert "\x1b" not in output.stdout + output.stderr
        if f"[b {number} ".encode() not in out and f"[w {number} ".encode() not in out:
            assert output.problem is not None or output.truncated


def test_a_stream_cut_by_us_loses_only_what_was_in_the_gap() -> None:
    commands = [Command(str(number), f"echo {number}") for number in range(50)]
    stdout, stderr, _ = frame(MARKER, [(c.id, f"{c.id} " + "x" * 400 + "\n", "", 0) for c in commands])
    data = stdout.encode()
    raw = Raw(Captured(data[:5000], data[-5000:], len(data) - 10_000), Captured(stderr.encode()), 0)
    outputs = split(raw, commands, MARKER)
    whole = [output for output in outputs if output.problem is None and not output.truncated]
    lost = [output for output in outputs if output.problem]
    assert len(whole) >= 16
    assert all(output.stdout == f"{output.command.id} " + "x" * 400 + "\n" for output in whole)
    assert lost
    assert all("printed too much" in str(output.problem) for output in lost)
    partly = [output for output in outputs if output.problem is None and output.truncated]
    assert all("bytes cut out" in output.stdout or output.stdout.endswith("x") for output in partly)
    assert outputs[0] in whole
    assert outputs[-1] in whole


WATCHED = 'trap "echo bye; exit 0" TERM; echo start; echo listening on eth0 >&2; while :; do sleep 0.1; done'


@pytest.mark.parametrize("shell", SHELLS)
def test_a_watch_runs_beside_the_commands_and_is_ended_with_them(shell: Sequence[str]) -> None:
    steps = (Watch(Command("capture", WATCHED), ready="listening on"), HOLD, one("printf one"))
    capture, command = run_locally(steps, shell=shell, stdin=b"\n")
    assert capture.stdout.startswith("start\nbye\n")
    assert "listening on eth0\n" in capture.stderr
    assert capture.problem is None
    assert (command.stdout, command.exit_code) == ("one", 0)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_batch_can_hold_twice(shell: Sequence[str]) -> None:
    steps = (one("printf one"), HOLD, one("printf two"), HOLD, one("printf three"))
    assert [output.stdout for output in run_locally(steps, shell=shell, stdin=b"\n\n")] == [
        "one",
        "two",
        "three",
    ]
    first, second, third = run_locally(steps, shell=shell, stdin=b"\n")
    assert (first.stdout, second.stdout, third.stdout) == ("one", "two", "")
    assert str(third.problem).startswith("not run")
    parsed = parse_script(render(steps, marker=MARKER))
    assert parsed is not None
    assert parsed.holds == 2


@pytest.mark.parametrize("shell", SHELLS)
def test_a_batch_whose_operator_is_gone_stops_at_its_hold(shell: Sequence[str]) -> None:
    steps = (Watch(Command("capture", WATCHED), ready="listening on"), HOLD, one("echo acted"))
    capture, command = run_locally(steps, shell=shell, stdin=b"")
    assert capture.stdout.startswith("start\nbye\n")
    assert command.stdout == ""
    assert str(command.problem).startswith("not run")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_watch_that_cannot_start_does_not_hold_up_the_batch(shell: Sequence[str]) -> None:
    watch = Watch(Command("capture", "no-such-tcpdump -n"), ready="listening on")
    capture, command = run_locally((watch, one("echo went on")), shell=shell)
    assert capture.exit_code == 127
    assert "not found" in capture.stderr
    assert command.stdout == "went on\n"


def test_two_watches_and_a_flood_of_lines() -> None:
    flood = Watch(Command("flood", "yes long-line; echo never"), ready="long-line")
    quiet = Watch(Command("quiet", "echo ready; exec sleep 60"), ready="ready")
    first, second, command = run_locally((flood, quiet, one("yes | head -c 200000")))
    assert first.stdout == "long-line\n" * 2000
    assert second.stdout == "ready\n"
    assert command.stdout == "y\n" * 100_000


def test_a_batch_over_ssh_is_one_round_trip(start: Start, connect: Open) -> None:
    gateway = start()
    connection = connect(gateway)
    outputs = run_batch(connection, WILD)
    assert [output.command for output in outputs] == WILD
    assert outputs[0].stdout == "out\n"
    assert outputs[-1].stdout == "last\n"
    reading = connection.meter.read()
    assert (reading.connections, reading.round_trips, reading.commands) == (1, 1, len(WILD))
    assert len(gateway.seen) == 1


def test_a_batch_that_fills_half_of_what_is_kept_is_still_whole(
    start: Start, connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wizard.ssh.batch.MAX_BYTES", 40_000)
    commands = [
        Command(f"c{number}", f"echo {number}; head -c 300 /dev/zero | tr '\\0' x") for number in range(60)
    ]
    outputs = run_batch(connect(start()), commands)
    assert [output.stdout for output in outputs] == [f"{number}\n{'x' * 300}" for number in range(60)]
    assert not any(output.truncated or output.problem for output in outputs)


def test_the_end_of_a_batch_is_seen_though_a_daemon_keeps_its_output_open(
    start: Start, connect: Open
) -> None:
    script = "setsid sleep 30 >/proc/$PPID/fd/4 2>&1 & echo started"
    (output,) = run_batch(connect(start()), [Command("daemon", script, 2)])
    assert output.exit_code == 0
    assert output.problem is None


def test_a_lost_link_becomes_a_problem_of_every_command(start: Start, connect: Open) -> None:
    gateway = start()
    connection = connect(gateway)
    gateway.hang_up()
    outputs = run_batch(connection, [one("true"), one("true")])
    assert [str(output.problem)[:33] for output in outputs] == ["not run: the connection to gw-a ("] * 2


def test_a_deadline_in_mid_batch_keeps_what_was_done(start: Start, connect: Open) -> None:
    commands = [
        Command("quick", "echo quick"),
        Command("slow", "echo began; sleep 60"),
        Command("never", "echo never"),
    ]
    quick, slow, never = run_batch(connect(start()), commands, deadline_s=1.5)
    assert (quick.stdout, quick.problem) == ("quick\n", None)
    assert slow.stdout == "began\n"
    assert slow.problem == "it had not ended when the time for all commands was over"
    assert str(never.problem).startswith("not run: the commands together took longer")


def test_a_script_too_long_for_one_argument_is_sent_in_parts(start: Start, connect: Open) -> None:
    gateway = start()
    commands = [Command(f"c{number}", f": {'x' * 30_000}\necho {number}") for number in range(8)]
    outputs = run_batch(connect(gateway), commands)
    assert [output.stdout for output in outputs] == [f"{number}\n" for number in range(8)]
    assert len(gateway.seen) == 4
    assert all(len(script) < 128 * 1024 for script in gateway.seen)


def test_watches_on_two_gateways_while_one_acts(start: Start, connect: Open) -> None:
    near, far = connect(start()), connect(start())
    capture = Command("capture", "echo listening on any >&2; while :; do echo packet; sleep 0.1; done", 20)
    watches = [start_watch(connection, capture) for connection in (near, far)]
    assert all(watch.wait_for("listening on", 10) for watch in watches)
    (acted,) = run_batch(near, [one("echo acted")])
    assert acted.stdout == "acted\n"
    for watch in watches:
        output = watch.stop()
        assert output.stdout.startswith("packet\n")
        assert output.stderr.startswith("listening on any\n")
        assert output.problem is None


def test_a_held_batch_is_ready_when_its_watch_is(start: Start, connect: Open) -> None:
    steps = (Watch(Command("capture", WATCHED), ready="listening on"), HOLD, one("echo acted"))
    batch = start_batch(connect(start()), steps)
    assert batch.ready(10)
    assert not batch.wait_for("acted", 0.1)
    batch.release()
    capture, acted = batch.outputs()
    assert capture.stdout.startswith("start\nbye\n")
    assert acted.stdout == "acted\n"
    assert held("M") == "M[h]\n"
    assert last_word("M") == "M[d]\n"


FAKE_SUDO = """#!/bin/sh
# Behaves like sudo without a terminal, for a user whose password is s3cret-w0rd.
echo "$*" >>"$0.log"
case $1 in
-n)
  echo "sudo: a password is required" >&2; exit 1 ;;
-S)
  IFS= read -r typed
  [ "$typed" = s3cret-w0rd ] && exit 0
  echo "Sorry, try again." >&2; echo "sudo: 1 incorrect password attempt" >&2; exit 1 ;;
-A)
  [ "$("$SUDO_ASKPASS" "$3")" = s3cret-w0rd ] || { echo "sudo: 3 incorrect password attempts" >&2; exit 1; }
  unset WIZARD_ANSWER; shift 3; exec "$@" ;;
esac
"""


@pytest.fixture
def sudo_path(tmp_path: Path) -> str:
    program = tmp_path / "bin" / "sudo"
    program.parent.mkdir()
    program.write_text(FAKE_SUDO)
    program.chmod(0o755)
    return f"{program.parent}:/usr/bin:/bin"


PRIVILEGED = [
    Command("plain", "echo plain"),
    Command("root", "$SUDO echo one && $SUDO sh -c 'echo two' | cat"),
    Command("environment", "env; echo; cat /proc/$$/cmdline /proc/$PPID/cmdline; $SUDO cat"),
]


def test_sudo_without_a_password_given_is_asked_for(start: Start, connect: Open, sudo_path: str) -> None:
    connection = connect(start(environment={"PATH": sudo_path}))
    secrets = Secrets()
    with pytest.raises(NeedsSecret) as needed:
        run_batch(connection, PRIVILEGED, become="sudo", secrets=secrets)
    assert needed.value.kind == "sudo"
    assert "vpn@127.0.0.1" in needed.value.prompt
    assert not needed.value.refused
    secrets.decline(needed.value)
    plain, root, _ = run_batch(connection, PRIVILEGED, become="sudo", secrets=secrets)
    assert (plain.stdout, plain.problem) == ("plain\n", None)
    assert root.problem == "not permitted: sudo asks for a password"


def test_a_sudo_password_works_everywhere_and_shows_nowhere(
    start: Start, connect: Open, sudo_path: str, tmp_path: Path
) -> None:
    gateway = start(environment={"PATH": sudo_path})
    connection = connect(gateway)
    secrets = Secrets()
    secrets.store("sudo", connection.target.address, Secret("s3cret-w0rd"))
    plain, root, environment = run_batch(connection, PRIVILEGED, become="sudo", secrets=secrets)
    assert plain.stdout == "plain\n"
    assert root.stdout == "one\ntwo\n"
    assert environment.exit_code == 0
    log = (tmp_path / "bin" / "sudo.log").read_text()
    assert "-A -p" in log
    for text in (environment.stdout, environment.stderr, log, *gateway.seen):
        assert "s3cret-w0rd" not in text


def test_a_wrong_sudo_password_is_tried_once_and_asked_for_again(
    start: Start, connect: Open, sudo_path: str, tmp_path: Path
) -> None:
    connection = connect(start(environment={"PATH": sudo_path}))
    secrets = Secrets()
    secrets.store("sudo", connection.target.address, Secret("wrong"))
    with pytest.raises(NeedsSecret) as needed:
        run_batch(connection, PRIVILEGED, become="sudo", secrets=secrets)
    assert needed.value.refused
    assert "wrong" not in str(needed.value)
    assert (tmp_path / "bin" / "sudo.log").read_text().count("\n") == 1


def test_an_account_that_sudo_does_not_serve_still_runs_the_rest(
    start: Start, connect: Open, sudo_path: str, tmp_path: Path
) -> None:
    refusal = "echo 'Sorry, user vpn may not run sudo on gw.' >&2; exit 1"
    (tmp_path / "bin" / "sudo").write_text(f"#!/bin/sh\n{refusal}\n")
    connection = connect(start(environment={"PATH": sudo_path}))
    secrets = Secrets()
    secrets.store("sudo", connection.target.address, Secret("s3cret-w0rd"))
    plain, root, _ = run_batch(connection, PRIVILEGED, become="sudo", secrets=secrets)
    assert (plain.stdout, plain.problem) == ("plain\n", None)
    assert root.problem == "not permitted: sudo does not allow this account to run it"


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("sudo: a password is required", "not permitted: sudo asks for a password"),
        (
            "sudo: a terminal is required to read the password; use -S",
            "not permitted: sudo asks for a password",
        ),
        ("sudo: interactive authentication is required", "not permitted: sudo asks for a password"),
        ("sudo: sorry, you must have a tty to run sudo", "sudo wants a terminal"),
        ("vpn is not in the sudoers file.", "does not allow this account"),
        ("Sorry, user vpn is not allowed to execute '/bin/ip' as root on gw.", "does not allow this account"),
        ("sh: 1: sudo: not found", "there is no sudo"),
        ("bash: line 1: sudo: command not found", "there is no sudo"),
    ],
)
def test_what_sudo_says_becomes_a_problem(said: str, problem: str) -> None:
    commands = [Command("it", "$SUDO ip xfrm state list nokeys")]
    stdout, stderr, _ = frame(MARKER, [("it", "", f"{said}\n", 1)])
    (output,) = split(Raw.of(stdout, stderr), commands, MARKER)
    assert problem in str(output.problem)
