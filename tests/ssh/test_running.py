"""Scripts on a gateway: streams, deadlines, exit codes, bounded output, and ends that come too early."""

from __future__ import annotations

import threading
import time

import paramiko
import pytest

from tests.ssh.conftest import Open, Start
from tests.ssh.server import Gateway
from wizard.ssh import LinkLost, SessionRefused


def test_streams_and_exit_code_come_back_apart(start: Start, connect: Open) -> None:
    raw = connect(start()).run("echo out; echo err >&2; exit 3", deadline_s=10)
    assert (raw.stdout, raw.stderr, raw.exit_code) == ("out\n", "err\n", 3)
    assert [raw.timed_out, raw.lost, raw.cancelled, raw.truncated] == [False] * 4


def test_four_mebibytes_on_both_streams_do_not_block_each_other(start: Start, connect: Open) -> None:
    script = "head -c 4194304 /dev/zero | tr '\\0' e >&2; head -c 4194304 /dev/zero | tr '\\0' o"
    raw = connect(start()).start(script, deadline_s=30, max_bytes=5_000_000).result()
    assert raw.out.data == b"o" * 4194304
    assert raw.err.data == b"e" * 4194304
    assert raw.exit_code == 0


def test_endless_output_keeps_head_and_tail_and_marks_the_gap(start: Start, connect: Open) -> None:
    script = "echo first; head -c 10000000 /dev/zero | tr '\\0' x; echo last"
    raw = connect(start()).start(script, deadline_s=30, max_bytes=100_000).result()
    assert raw.truncated
    assert raw.stdout.startswith("first\nxxx")
    assert raw.stdout.endswith("xxxlast\n")
    assert f"\n[... {raw.out.dropped} bytes cut out ...]\n" in raw.stdout
    assert len(raw.out.head) + len(raw.out.tail) == 100_000
    assert len(raw.out.head) + len(raw.out.tail) + raw.out.dropped == 10_000_000 + len("first\nlast\n")


def test_a_slow_script_ends_at_its_deadline_and_keeps_what_it_said(start: Start, connect: Open) -> None:
    started = time.monotonic()
    raw = connect(start()).run("echo before; sleep 60", deadline_s=0.8)
    assert raw.timed_out
    assert not raw.lost
    assert raw.exit_code is None
    assert raw.stdout == "before\n"
    assert time.monotonic() - started < 10


def test_a_script_that_trickles_does_not_outlive_its_deadline(start: Start, connect: Open) -> None:
    raw = connect(start()).run("while :; do echo tick; sleep 0.1; done", deadline_s=0.8)
    assert raw.timed_out
    assert raw.stdout.startswith("tick\n")


def test_a_script_killed_by_a_signal_has_no_exit_code(start: Start, connect: Open) -> None:
    raw = connect(start()).run("echo out; kill -9 $$", deadline_s=10)
    assert raw.exit_code is None
    assert raw.stdout == "out\n"
    assert [raw.lost, raw.timed_out] == [False, False]


def test_a_gateway_that_sends_no_exit_status_is_not_waited_for(start: Start, connect: Open) -> None:
    def serve(channel: paramiko.Channel, script: str, gateway: Gateway) -> None:
        channel.sendall(b"said\n")
        channel.close()

    raw = connect(start(serve=serve)).run("show version", deadline_s=30)
    assert (raw.stdout, raw.exit_code, raw.lost, raw.timed_out) == ("said\n", None, False, False)


def test_a_connection_cut_in_the_middle_is_told_from_an_end(start: Start, connect: Open) -> None:
    def serve(channel: paramiko.Channel, script: str, gateway: Gateway) -> None:
        channel.sendall(b"half a li")
        gateway.hang_up()

    connection = connect(start(serve=serve))
    raw = connection.run("show version", deadline_s=30)
    assert raw.lost
    assert raw.stdout == "half a li"
    assert raw.exit_code is None
    assert not connection.alive
    with pytest.raises(LinkLost, match="was lost"):
        connection.run("true", deadline_s=5)


def test_bytes_that_are_not_text_are_replaced(start: Start, connect: Open) -> None:
    raw = connect(start()).run(
        r"printf 'caf\351 \033[31mred\033[0m \033]0;title\007x\r\ny\rz\b\n'", deadline_s=10
    )
    assert raw.stdout == "caf� red x\ny\nz\n"


def test_a_script_waits_on_stdin_until_it_is_released(start: Start, connect: Open) -> None:
    running = connect(start()).start("echo ready; read x; echo went on; cat", deadline_s=10, hold=True)
    assert running.wait_for("ready", 5)
    assert not running.wait_for("went on", 0.05)
    running.release()
    assert running.wait_for("went on", 5)
    assert running.result().stdout == "ready\nwent on\n"


def test_waiting_for_a_text_ends_when_it_cannot_come_any_more(start: Start, connect: Open) -> None:
    running = connect(start()).start("echo something else", deadline_s=20)
    assert not running.wait_for("ready", 20)
    assert running.result().elapsed_s < 10


def test_stdin_reaches_the_script_and_ends(start: Start, connect: Open) -> None:
    assert connect(start()).run("cat; echo end", deadline_s=10, stdin=b"given\n").stdout == "given\nend\n"


def test_a_daemon_that_keeps_the_output_open_is_not_waited_for(start: Start, connect: Open) -> None:
    started = time.monotonic()
    raw = connect(start()).run("sleep 30 & echo started", deadline_s=25)
    assert (raw.stdout, raw.exit_code) == ("started\n", 0)
    assert not raw.timed_out
    assert time.monotonic() - started < 15


def test_the_last_word_on_both_streams_is_the_end(start: Start, connect: Open) -> None:
    script = "sleep 30 & echo out; echo over; echo err >&2; echo over >&2"
    started = time.monotonic()
    raw = connect(start()).start(script, deadline_s=25, last_word=b"over\n").result()
    assert (raw.stdout, raw.stderr, raw.exit_code) == ("out\nover\n", "err\nover\n", 0)
    assert time.monotonic() - started < 1.9


def test_closing_from_another_thread_frees_a_blocked_read_at_once(start: Start, connect: Open) -> None:
    connection = connect(start())
    running = connection.start("echo on; sleep 60", deadline_s=60)
    assert running.wait_for("on", 5)
    results = []
    waiting = threading.Thread(target=lambda: results.append(running.result()))
    waiting.start()
    started = time.monotonic()
    connection.close()
    waiting.join(5)
    assert time.monotonic() - started < 1.5
    assert results[0].lost
    assert results[0].stdout == "on\n"


def test_cancelling_frees_a_blocked_read_and_keeps_the_connection(start: Start, connect: Open) -> None:
    connection = connect(start())
    running = connection.start("echo on; sleep 60", deadline_s=60)
    assert running.wait_for("on", 5)
    running.cancel()
    raw = running.result()
    assert raw.cancelled
    assert not raw.lost
    assert connection.run("echo still here", deadline_s=10).stdout == "still here\n"


def test_scripts_on_two_gateways_and_two_on_one_run_at_the_same_time(start: Start, connect: Open) -> None:
    near, far = connect(start()), connect(start())
    running = [
        connection.start("echo ready; read x; echo done", deadline_s=20, hold=True)
        for connection in (near, near, far)
    ]
    assert all(one.wait_for("ready", 10) for one in running)
    for one in running:
        one.release()
    assert [one.result().stdout for one in running] == ["ready\ndone\n"] * 3


def test_a_fourth_script_waits_for_a_place(start: Start, connect: Open) -> None:
    connection = connect(start())
    running = [connection.start("read x", deadline_s=20, hold=True) for _ in range(3)]
    with pytest.raises(SessionRefused, match="none has ended"):
        connection.start("true", deadline_s=0.2)
    running[0].release()
    assert running[0].result().exit_code == 0
    assert connection.run("echo fourth", deadline_s=10).stdout == "fourth\n"


def test_a_gateway_that_opens_no_session_says_so(start: Start, connect: Open) -> None:
    connection = connect(start(max_sessions=0))
    with pytest.raises(SessionRefused, match="does not open another session"):
        connection.run("true", deadline_s=5)
    assert connection.alive


def test_a_gateway_that_runs_no_commands_says_so(start: Start, connect: Open) -> None:
    with pytest.raises(SessionRefused, match="does not run commands"):
        connect(start(refuses_exec=True)).run("true", deadline_s=5)


def test_round_trips_and_connections_are_counted(start: Start, connect: Open) -> None:
    connection = connect(start())
    connection.run("true", deadline_s=10)
    connection.run("true", deadline_s=10)
    reading = connection.meter.read()
    assert (reading.connections, reading.round_trips) == (1, 2)
