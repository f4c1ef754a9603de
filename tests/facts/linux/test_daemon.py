from __future__ import annotations

import pytest

from tests.facts.linux.conftest import Recorded
from wizard.facts.parsers import daemon, sockets


@pytest.mark.parametrize("release", ["debian12", "debian13"])
def test_a_running_gateway_shows_unit_process_and_tools(recorded: Recorded, release: str) -> None:
    seen = daemon.parse(recorded[f"{release}/daemon"])

    running = [unit for unit in seen.units if unit.running]
    assert [unit.name for unit in running] == ["strongswan.service"]
    assert running[0].names == ("strongswan.service", "strongswan-swanctl.service")
    assert (running[0].restarts, running[0].enabled, running[0].result) == (0, "enabled", "success")
    assert running[0].main_pid == seen.processes[0].pid
    assert [process.name for process in seen.processes] == ["charon-systemd"]
    assert seen.tools["swanctl"] == "/usr/sbin/swanctl"
    assert (seen.user, seen.uid, seen.becomes_root, seen.problems) == ("root", 0, True, ())


def test_units_that_do_not_exist_are_not_loaded(recorded: Recorded) -> None:
    units = {unit.name: unit for unit in daemon.parse(recorded["debian12/daemon"]).units}

    assert not units["ipsec.service"].loaded
    assert not units["ipsec.service"].running
    assert len(units) == 3


@pytest.mark.parametrize(
    ("line", "implementation", "version"),
    [
        ("strongSwan 5.9.8 swanctl", "strongswan", "5.9.8"),
        ("strongSwan swanctl 6.0.1", "strongswan", "6.0.1"),
        ("Linux strongSwan U5.9.8/K6.1.0-13-amd64", "strongswan", "5.9.8"),
        ("Linux Libreswan 4.10", "libreswan", "4.10"),
        ("Libreswan 5.2 (XFRM) on 6.1.0", "libreswan", "5.2"),
        ("Libreswan v5.0", "libreswan", "5.0"),
    ],
)
def test_versions_are_told_in_the_words_of_each_tool(line: str, implementation: str, version: str) -> None:
    (found,) = daemon.parse(f"@@ versions\n{line}\n").versions

    assert (found.implementation, found.version, found.line) == (implementation, version, line)


def test_a_login_that_may_not_become_root_says_so() -> None:
    seen = daemon.parse("@@ login\noncall\n1001\n@@ root\nsudo: a password is required\n@= 1\n")

    assert (seen.user, seen.uid, seen.becomes_root) == ("oncall", 1001, False)
    assert seen.problems == ("sudo: a password is required",)


def test_a_machine_without_systemd_has_no_units() -> None:
    seen = daemon.parse(
        "@@ units\nSystem has not been booted with systemd as init system (PID 1). Can't operate.\n"
    )

    assert seen.units == ()
    assert seen.problems
    assert seen.becomes_root is None


def test_a_failed_unit_is_not_running() -> None:
    (unit,) = daemon.parse(
        "@@ units\nId=strongswan.service\nLoadState=loaded\nActiveState=failed\nSubState=failed\n"
        "Result=exit-code\nNRestarts=5\n"
    ).units

    assert (unit.loaded, unit.running, unit.restarts, unit.result) == (True, False, 5, "exit-code")


@pytest.mark.parametrize("release", ["debian12", "debian13"])
def test_the_ike_ports_belong_to_the_daemon(recorded: Recorded, release: str) -> None:
    found = sockets.parse(recorded[f"{release}/sockets"])

    assert {socket.port for socket in found} == {500, 4500}
    assert {socket.process for socket in found} == {"charon-systemd"}
    assert {socket.address for socket in found} == {"0.0.0.0", "*"}
    assert all(socket.line in recorded[f"{release}/sockets"] for socket in found)


def test_without_rights_the_owner_stays_unknown() -> None:
    (socket,) = sockets.parse("UNCONN 0      0            0.0.0.0:500       0.0.0.0:*          \n")

    assert (socket.port, socket.process, socket.pid) == (500, "", None)


def test_netstat_and_proc_are_read_where_there_is_no_ss() -> None:
    (listed,) = sockets.parse(
        "udp        0      0 0.0.0.0:4500            0.0.0.0:*                           812/charon\n"
    )
    (bare,) = sockets.parse(
        "  123: 0100007F:01F4 00000000:0000 07 00000000:00000000 00:00000000 00000000     0 0 2 2 0 0\n"
    )

    assert (listed.address, listed.port, listed.process, listed.pid) == ("0.0.0.0", 4500, "charon", 812)
    assert (bare.address, bare.port, bare.process) == ("127.0.0.1", 500, "")
