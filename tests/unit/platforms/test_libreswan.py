"""Libreswan: what is asked, what is understood of the answer, and that no name becomes a command."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from wizard.facts.focus import Focus
from wizard.facts.parsers import iproute
from wizard.facts.probes import Command, Output
from wizard.facts.tunnel import Child, Connection
from wizard.platforms import kinds
from wizard.platforms.dialect import Presence
from wizard.platforms.libreswan import LIBRESWAN

HOSTILE = (
    "site",
    "-h",
    "$(touch made)",
    "`touch made`",
    "x'; touch made; '",
    'x"; touch made; "',
    "x\\",
    "*",
    "a b",
)
STATUS = """\
@@ version
Libreswan 4.10
@@ status
000 "site": 10.2.0.0/24===198.51.100.1[@b]...192.0.2.1[@a]===10.1.0.0/24; unrouted; eroute owner: #0
000 "site":   policy: IKEv2+PSK+ENCRYPT+TUNNEL+IKE_FRAG_ALLOW+ESN_NO+ESN_YES;
000 "site":   our idtype: ID_FQDN; our id=@b; their idtype: ID_FQDN; their id=@a
000 Total IPsec connections: loaded 1, active 0
@= 0
"""
CONF = """\
@@ /etc/ipsec.conf
include /etc/ipsec.d/*.conf
@@ /etc/ipsec.d/site.conf
conn site
    left=192.0.2.1
    leftsubnet=10.1.0.0/24
    right=198.51.100.1
    rightsubnet=10.2.0.0/24
    authby=secret
    auto=add
@@ /etc/ipsec.d/site.secrets
@a @b : PSK digest:11112222333344445555666677778888
"""
ADDRESSES = "2: wan0    inet 198.51.100.1/24 brd 198.51.100.255 scope global wan0\\       valid_lft forever\n"
HALF = '000 #5: "site":500 STATE_V2_PARENT_I1 (sent IKE_SA_INIT request); RETRANSMIT in 1s; idle;\n'
IKE_UP = '#6: "site":500 ESTABLISHED_IKE_SA (established IKE SA); REKEY in 9s; newest; idle;\n'
CHILD_UP = (
    '#7: "site":500 ESTABLISHED_CHILD_SA (established Child SA); REKEY in 9s; newest; IKE SA #6; idle;\n'
    '#7: "site" esp.1@192.0.2.1 esp.2@198.51.100.1 tun.0@192.0.2.1 tun.0@198.51.100.1 Traffic: ESPin=0B\n'
)
OTHERS_CHILD = '#8: "other":500 ESTABLISHED_CHILD_SA (established Child SA); REKEY in 9s; IKE SA #6; idle;\n'
OTHERS_HALF = '#9: "other":500 IKE_SA_INIT_I (sent IKE_SA_INIT request); RETRANSMIT in 1s; idle;\n'
MANY = (
    '#11: "site"[1] 192.0.2.1:500 IKE_SA_INIT_R (sent IKE_SA_INIT response); idle;\n'
    '#12: "site"[2] 192.0.2.11:500 IKE_SA_INIT_R (sent IKE_SA_INIT response); idle;\n'
)


def printed(outputs: dict[str, tuple[str, int]]) -> list[Output]:
    return [
        Output(command, outputs[command.id][0], "", outputs[command.id][1], False, 0.1)
        for command in LIBRESWAN.observe
        if command.id in outputs
    ]


def by_probe(outputs: list[Output]) -> dict[str, Output]:
    return {one.command.id: one for one in outputs}


def focus(name: str = "site", *, kept_up: bool = False) -> Focus:
    connection = Connection(name, children=(Child(name, start_action="start" if kept_up else "none"),))
    return Focus(connection=connection, loaded=connection, name=name, peer_addresses=("192.0.2.1",))


def asked(text: str, folder: Path, status: str = "") -> list[str]:
    """What a shell that is given this text asks `ipsec` for, one line a call: number of words, words."""
    (folder / "status").write_text(status)
    tool = folder / "ipsec"
    tool.write_text(
        f'#!/bin/sh\n[ "$2" = --status ] && exec cat {folder}/status\necho "$#:$*" >> {folder}/asked\n'
    )
    tool.chmod(0o755)
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "SUDO": ""}
    subprocess.run(["sh", "-c", text], cwd=folder, env=environment, check=True, timeout=20)
    calls = folder / "asked"
    return calls.read_text().splitlines() if calls.exists() else []


@pytest.mark.parametrize("name", HOSTILE)
def test_no_connection_name_is_run(name: str, tmp_path: Path) -> None:
    (start,) = LIBRESWAN.initiate(focus(name))
    assert asked(start.text, tmp_path) == [f"4:whack --name {name} --initiate"]
    (end,) = LIBRESWAN.half_open_gone(focus(name))
    listed = f'000 #5: "{name}":500 STATE_V2_PARENT_I1 (sent IKE_SA_INIT request); idle;\n'
    asked(end.text, tmp_path, listed)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("kept_up", "status", "calls"),
    [
        pytest.param(
            False, HALF + OTHERS_HALF, ["4:whack --name site --terminate"], id="its own attempt only"
        ),
        pytest.param(
            False, IKE_UP, ["4:whack --name site --terminate"], id="an IKE SA that protects nothing"
        ),
        pytest.param(True, HALF + IKE_UP, ["3:whack --deletestate 5"], id="a connection told to stay up"),
        pytest.param(False, HALF + IKE_UP + CHILD_UP, ["3:whack --deletestate 5"], id="a tunnel that is up"),
        pytest.param(False, IKE_UP + CHILD_UP, [], id="nothing that waits"),
        pytest.param(
            False, HALF + IKE_UP + OTHERS_CHILD, ["3:whack --deletestate 5"], id="an IKE SA others hang on"
        ),
        pytest.param(False, MANY, ["3:whack --deletestate 11"], id="one of many peers"),
    ],
)
def test_only_this_connections_waiting_attempts_are_ended(
    kept_up: bool, status: str, calls: list[str], tmp_path: Path
) -> None:
    (command,) = LIBRESWAN.half_open_gone(focus(kept_up=kept_up))
    assert asked(command.text, tmp_path, status) == calls


def test_a_connection_whose_state_before_is_not_known_is_not_taken_down(tmp_path: Path) -> None:
    (command,) = LIBRESWAN.half_open_gone(replace(focus(), loaded=None))
    assert asked(command.text, tmp_path, HALF) == ["3:whack --deletestate 5"]


def test_the_daemon_is_never_restarted_and_no_other_connection_named() -> None:
    commands: list[Command] = [
        *LIBRESWAN.observe,
        *LIBRESWAN.initiate(focus()),
        *LIBRESWAN.half_open_gone(focus()),
        LIBRESWAN.sas("sas-after"),
        LIBRESWAN.log(),
    ]
    for command in commands:
        for word in ("restart", "--shutdown", "setup", "--crash", "--rereadall", "--unroute", "flush"):
            assert word not in command.text, command.id


def test_what_is_not_installed_costs_nothing(tmp_path: Path) -> None:
    for command in LIBRESWAN.observe:
        ended = subprocess.run(["sh", "-c", command.needs], cwd=tmp_path, check=False, timeout=5)
        assert ended.returncode != 0


def test_a_daemon_that_answers_has_its_connections_and_sas() -> None:
    fields = LIBRESWAN.read(by_probe(printed({"sas": (STATUS, 0)})))
    assert fields["version"] == "4.10"
    assert fields["daemon_answers"] is True
    assert [one.name for one in fields["loaded"]] == ["site"]
    assert fields["sas"] == ()


@pytest.mark.parametrize(
    "said",
    [
        'whack: Pluto is not running (no "/run/pluto/pluto.ctl")',
        'ipsec whack: ERROR: Pluto is not running (no "/run/pluto/pluto.ctl"): No such file or directory (errno 2)',
    ],
)
def test_a_daemon_that_is_gone_is_told_from_one_that_may_not_be_asked(said: str) -> None:
    def read(stderr: str) -> dict[str, object]:
        (listing,) = printed({"sas": ("@@ status\n@@ version\nLibreswan 5.2\n@@ kernel\n", 0)})
        return LIBRESWAN.read({"sas": replace(listing, stderr=stderr)})

    gone = read(f"{said}\n")
    assert gone["daemon_answers"] is False
    assert gone["daemon_line"] == said
    assert gone["version"] == "5.2"
    assert "loaded" not in gone
    assert read("whack: connect(pluto_ctl) failed: Permission denied\n")["daemon_answers"] is None


def test_the_side_that_has_an_own_address_is_local() -> None:
    outputs = by_probe(printed({"sas": (STATUS, 0), "config": (CONF, 0)}))
    command = Command("addresses", iproute.ADDRESSES_COMMAND)
    outputs["addresses"] = Output(command, ADDRESSES, "", 0, False, 0.1)
    (stored,) = LIBRESWAN.read(outputs)["disk"].connections
    assert stored.local_addrs == ("198.51.100.1",)
    assert stored.children[0].local_ts == ("10.2.0.0/24",)


def test_presence_goes_by_what_answers() -> None:
    def presence(heard: dict[str, Output]) -> Presence:
        return LIBRESWAN.presence(heard, LIBRESWAN.read(heard))

    absent = by_probe(printed({"sas": ("@@ version\nLinux strongSwan U5.9.8/K6.1\n@@ status\n", 0)}))
    assert presence(absent) is Presence.ABSENT
    stopped = (
        '@@ version\nLibreswan 4.10\n@@ status\nwhack: Pluto is not running (no "/run/pluto/pluto.ctl")\n'
    )
    assert presence(by_probe(printed({"sas": (stopped, 0)}))) is Presence.INSTALLED
    configured = by_probe(printed({"sas": (stopped, 0), "config": (CONF, 0)}))
    assert presence(configured) is Presence.CONFIGURED
    assert presence(by_probe(printed({"sas": (STATUS, 0)}))) is Presence.IN_USE


def test_a_gateway_with_libreswan_is_read_as_one() -> None:
    snapshot = kinds.read("near", "gw-b", printed({"sas": (STATUS, 0), "config": (CONF, 0)}))
    assert snapshot.implementation == "libreswan"
    assert snapshot.loaded is not None
    assert snapshot.cite("connections", "x").command == "ipsec status; ip -s xfrm state"
    (secret,) = snapshot.disk.secrets if snapshot.disk is not None else ()
    assert secret.identities == ("@a", "@b")


@pytest.mark.parametrize(
    ("option", "read"),
    [
        ("", ["journalctl"]),
        ("  #logfile=/x\n", ["journalctl"]),
        ("\tlogfile=LOG\n", ["clock", "words"]),
        ('\tplutostderrlog = "LOG"  # since last year\n', ["clock", "words"]),
    ],
)
def test_the_log_is_read_where_pluto_writes_it(option: str, read: list[str], tmp_path: Path) -> None:
    log, conf = tmp_path / "pluto.log", tmp_path / "ipsec.conf"
    log.write_text("words\n")
    conf.write_text(f"config setup\n{option.replace('LOG', str(log))}")
    fake = tmp_path / "journalctl"
    fake.write_text("#!/bin/sh\necho journalctl\n")
    fake.chmod(0o755)
    text = (
        LIBRESWAN.log()
        .text.replace("/etc/ipsec.conf", str(conf))
        .replace("/etc/ipsec.d", str(tmp_path / "d"))
    )
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SUDO": ""}
    ended = subprocess.run(
        ["sh", "-c", text], env=environment, capture_output=True, text=True, check=True, timeout=20
    )
    assert [line.split()[1] if line.startswith("@@") else line for line in ended.stdout.splitlines()] == read
