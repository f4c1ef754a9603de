"""strongSwan with ipsec.conf: what is asked, what is understood of the answer, and that no name becomes a command."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from wizard.facts.focus import Focus, Hints, choose
from wizard.facts.probes import Command, Output
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import Child, Configuration, Connection
from wizard.platforms import kinds
from wizard.platforms.dialect import Presence
from wizard.platforms.stroke import STROKE, as_loaded
from wizard.platforms.swanctl import SWANCTL

HOSTILE = (
    "site",
    "-h",
    "a b",
    "$(touch made)",
    "`touch made`",
    "x'; touch made; '",
    'x"; touch made; "',
    "x[1]",
    "*",
)
LISTING = """\
Status of IKE charon daemon (strongSwan 5.9.8, Linux 6.1.176, x86_64):
  uptime: 34 seconds, since Nov 21 14:47:00 2026
Connections:
        site:  192.0.2.1...198.51.100.1  IKEv2, dpddelay=30s
        site:   local:  [gw-a.example] uses pre-shared key authentication
        site:   remote: [gw-b.example] uses pre-shared key authentication
        site:   child:  10.1.0.0/24 === 10.2.0.0/24 TUNNEL, dpdaction=none
        more:   child:  10.21.0.0/24 === 10.22.0.0/24 TUNNEL, dpdaction=none
Security Associations (0 up, 0 connecting):
  none
"""
CONF = """\
@@ /etc/ipsec.conf
conn site
    left=192.0.2.1
    leftsubnet=10.1.0.0/24
    right=198.51.100.1
    rightsubnet=10.2.0.0/24
conn more
    also=site
    leftsubnet=10.21.0.0/24
    rightsubnet=10.22.0.0/24
"""
STATUS = """\
Security Associations (1 up, 3 connecting):
        site[4]: ESTABLISHED 5 seconds ago, 192.0.2.1[a]...198.51.100.1[b]
        site[5]: CONNECTING, 192.0.2.1[%any]...198.51.100.1[%any]
   site-more[6]: CONNECTING, 192.0.2.1[%any]...198.51.100.1[%any]
        site{5}:  INSTALLED, TUNNEL, reqid 1, ESP SPIs: c4dd2a63_i cc7b53a4_o
        site[7]: CONNECTING, 192.0.2.1[%any]...198.51.100.1[%any]
"""


def printed(dialect: object, outputs: dict[str, tuple[str, int]]) -> list[Output]:
    observe: tuple[Command, ...] = dialect.observe  # type: ignore[attr-defined]
    return [
        Output(command, outputs[command.id][0], "", outputs[command.id][1], False, 0.1)
        for command in observe
        if command.id in outputs
    ]


def by_probe(outputs: list[Output]) -> dict[str, Output]:
    return {one.command.id: one for one in outputs}


def shell(text: str, folder: Path) -> None:
    tool = folder / "ipsec"
    tool.write_text(
        f'#!/bin/sh\necho "$#:$*" >> {folder}/asked\n[ "$1" = status ] && cat {folder}/status\nexit 0\n'
    )
    tool.chmod(0o755)
    subprocess.run(
        ["sh", "-c", text.replace('[ -n "$SUDO" ] || for', "false && for")],
        cwd=folder,
        env={"PATH": f"{folder}:/usr/bin:/bin", "SUDO": ""},
        check=True,
        timeout=20,
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_no_connection_name_is_run(name: str, tmp_path: Path) -> None:
    focus = Focus(connection=Connection(name), name=name, child_name=name)
    (tmp_path / "status").write_text(f"    {name}[5]: CONNECTING, a[%any]...b[%any]\n")
    for command in (*STROKE.initiate(focus), *STROKE.half_open_gone(focus)):
        shell(command.text, tmp_path)
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[0] == f"2:up {name}"
    assert not (tmp_path / "made").exists()


def test_only_attempts_of_this_connection_that_wait_are_ended(tmp_path: Path) -> None:
    (tmp_path / "status").write_text(STATUS)
    (command,) = STROKE.half_open_gone(Focus(connection=Connection("site"), name="site"))
    shell(command.text, tmp_path)
    assert (tmp_path / "asked").read_text().splitlines() == ["1:status", "2:down site[5]", "2:down site[7]"]


def test_a_conn_that_shares_anothers_ike_sa_is_started_by_its_own_name() -> None:
    (command,) = STROKE.initiate(Focus(name="site", child_name="more"))
    assert "up more" in command.text
    assert "up site" not in command.text


def test_what_is_not_installed_costs_nothing(tmp_path: Path) -> None:
    for command in STROKE.observe:
        assert (
            subprocess.run(["sh", "-c", command.needs], cwd=tmp_path, check=False, timeout=5).returncode != 0
        )


def test_a_daemon_that_answers_is_read() -> None:
    fields = STROKE.read(by_probe(printed(STROKE, {"sas": (LISTING, 0), "config": (CONF, 0)})))
    assert fields["version"] == "5.9.8"
    assert fields["daemon_answers"] is True
    assert [one.name for one in fields["loaded"]] == ["site"]
    assert fields["sas"] == ()


@pytest.mark.parametrize(
    ("text", "status", "answers"),
    [
        ("", 3, False),
        (
            "connecting to 'unix:///var/run/charon.ctl' failed: Connection refused\nfailed to connect\n",
            255,
            False,
        ),
        ("connecting to 'unix:///var/run/charon.ctl' failed: No such file or directory\n", 255, False),
        ("connecting to 'unix:///var/run/charon.ctl' failed: Permission denied\n", 255, None),
        ("", 1, None),
    ],
)
def test_whether_the_daemon_runs_is_only_said_when_it_is_known(
    text: str, status: int, answers: bool | None
) -> None:
    fields = STROKE.read(by_probe(printed(STROKE, {"sas": (text, status)})))
    assert fields["daemon_answers"] is answers
    assert "loaded" not in fields
    assert "sas" not in fields


def test_conns_that_share_an_ike_configuration_are_one_connection_on_disk_too() -> None:
    fields = STROKE.read(by_probe(printed(STROKE, {"sas": (LISTING, 0), "config": (CONF, 0)})))
    (site,) = fields["disk"].connections
    assert [child.name for child in site.children] == ["site", "more"]
    assert "children.more.local_ts" in site.where


def test_a_conn_that_is_not_loaded_stays_on_its_own() -> None:
    disk = Configuration(connections=(Connection("site"), Connection("more", children=(Child("more"),))))
    assert as_loaded(disk, [Connection("site", children=(Child("site"),))]) == disk


def test_a_conn_held_under_anothers_name_is_found_by_its_own() -> None:
    snapshot = kinds.read("near", "gw-a", printed(STROKE, {"sas": (LISTING, 0), "config": (CONF, 0)}))
    focus = choose({"near": snapshot}, {"near": Hints(connection="more"), "far": Hints()})["near"]
    assert (focus.name, focus.child_name) == ("site", "more")
    assert focus.local_networks == ("10.21.0.0/24",)


def test_secrets_of_files_nothing_includes_do_not_count() -> None:
    files = (
        "@@ /etc/ipsec.conf\nconn site\n    left=192.0.2.1\n    right=198.51.100.1\n"
        "@@ /etc/ipsec.secrets\ninclude /etc/ipsec.d/*.secrets\n: PSK digest:aaaa\n"
        "@@ /etc/ipsec.d/one.secrets\n: PSK digest:bbbb\n"
        "@@ /etc/strongswan/ipsec.secrets\n: PSK digest:cccc\n"
    )
    fields = STROKE.read(by_probe(printed(STROKE, {"config": (files, 0)})))
    assert sorted(one.digest for one in fields["disk"].secrets) == ["aaaa", "bbbb"]


def vici(conns: str) -> list[Output]:
    stats = "strongSwan swanctl 5.9.8\nuptime: 9 seconds, since Nov 21 11:44:12 2026\n"
    return printed(
        SWANCTL,
        {
            "daemon-stats": (stats, 0),
            "connections": (conns, 0),
            "sas": ("", 0),
            "config": ("@@ /etc/swanctl/swanctl.conf\n", 0),
        },
    )


def test_a_daemon_that_speaks_both_is_asked_as_its_connections_were_configured() -> None:
    both = [
        *vici("list-conn event {site {local_addrs=[192.0.2.1] remote_addrs=[198.51.100.1] version=IKEv2}}\n"),
        *printed(STROKE, {"sas": (LISTING, 0), "config": (CONF, 0)}),
    ]
    assert kinds.read("near", "gw-a", both).implementation == "strongswan-ipsec"


def test_a_daemon_that_has_loaded_nothing_is_asked_by_whoever_has_a_connection_on_disk() -> None:
    nothing = LISTING.partition("Connections:")[0] + "Security Associations (0 up, 0 connecting):\n  none\n"
    both = [*vici(""), *printed(STROKE, {"sas": (nothing, 0), "config": (CONF, 0)})]
    snapshot = kinds.read("near", "gw-a", both)
    assert snapshot.implementation == "strongswan-ipsec"
    assert snapshot.loaded == ()
    assert len(snapshot.disk.connections if snapshot.disk else ()) == 2


def test_an_idle_installation_is_not_taken_for_the_gateways_daemon() -> None:
    both = [
        *vici("list-conn event {site {local_addrs=[192.0.2.1] remote_addrs=[198.51.100.1] version=IKEv2}}\n"),
        *printed(STROKE, {"sas": ("", 3), "config": ("@@ /etc/ipsec.conf\nconfig setup\n", 0)}),
    ]
    assert kinds.read("near", "gw-a", both).implementation == "strongswan-swanctl"


def test_presence_follows_what_is_there() -> None:
    def presence(outputs: dict[str, tuple[str, int]]) -> Presence:
        heard = by_probe(printed(STROKE, outputs))
        return STROKE.presence(heard, STROKE.read(heard))

    assert presence({}) is Presence.ABSENT
    assert presence({"sas": ("sh: ipsec: not found", 127)}) is Presence.ABSENT
    assert presence({"sas": ("", 3)}) is Presence.INSTALLED
    assert presence({"sas": ("", 3), "config": (CONF, 0)}) is Presence.CONFIGURED
    assert presence({"sas": (LISTING, 0)}) is Presence.RUNNING
    assert presence({"sas": (LISTING, 0), "config": (CONF, 0)}) is Presence.IN_USE


def test_one_listing_stands_for_three_probes() -> None:
    snapshot = kinds.read("near", "gw-a", printed(STROKE, {"sas": (LISTING, 0)}))
    assert isinstance(snapshot, Snapshot)
    for probe in ("sas", "connections", "daemon-stats"):
        assert snapshot.cite(probe, "x").command == "ipsec statusall"
