"""The unit that is started is the gateway's own; modes and modules are changed only where they are wrong."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from pathlib import Path

import pytest

from wizard.facts.focus import Focus
from wizard.facts.model import Facts
from wizard.facts.parsers.daemon import Daemon, Unit
from wizard.facts.probes import Command, Output
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import Child, ConfigProblem, Configuration, Connection
from wizard.platforms.actions.base import Planned, Site, Unplannable
from wizard.platforms.actions.daemons import EnableDaemon, LoadModule, StartDaemon, modules
from wizard.platforms.actions.modes import FixModes

NOTHING = Daemon()
UNIT = Unit(
    "strongswan.service",
    "loaded",
    "inactive",
    "dead",
    "success",
    0,
    "",
    None,
    ("strongswan.service",),
    "disabled",
    "",
)


def printed(text: str) -> Output:
    return Output(Command("x", ""), text, "", 0, False, 0.0)


def site(unit: Unit | None = UNIT, snapshot: Snapshot | None = None, child: Child | None = None) -> Site:
    connection = Connection("site", children=(child or Child("net"),))
    found = snapshot or Snapshot(
        "near",
        "gw-a",
        implementation="strongswan-swanctl",
        daemon_answers=False,
        disk=Configuration((connection,)),
    )
    if unit is not None:
        found = dataclasses.replace(found, daemon=dataclasses.replace(NOTHING, units=(unit,)))
    focus = Focus(connection, connection.children[0], name="site", child_name="net")
    return Site({"near": found}, {"near": focus}, Facts())


def test_a_stopped_daemon_is_started_and_stopped_again() -> None:
    (step,) = StartDaemon().plan(site(), "near", {}, {}).steps
    assert "systemctl start strongswan.service" in step.apply
    assert step.undo == "systemctl stop strongswan.service"
    assert not step.lasts


def test_a_daemon_that_answers_is_left_alone() -> None:
    running = Snapshot("near", "gw-a", implementation="strongswan-swanctl", daemon_answers=True)
    assert StartDaemon().plan(site(snapshot=running), "near", {}, {}) == Planned()


@pytest.mark.parametrize(
    ("unit", "why"),
    [
        (dataclasses.replace(UNIT, enabled="masked"), "is masked"),
        (dataclasses.replace(UNIT, active="active", sub="running"), "read its journal first"),
        (None, "no unit of systemd"),
    ],
)
def test_a_daemon_that_must_not_or_cannot_be_started_is_not(unit: Unit | None, why: str) -> None:
    with pytest.raises(Unplannable, match=why):
        StartDaemon().plan(site(unit), "near", {}, {})


def test_a_daemon_is_not_started_on_files_it_would_not_take() -> None:
    disk = Configuration(problems=(ConfigProblem("/etc/swanctl/swanctl.conf:3", "x"),), refused=True)
    refused = Snapshot("near", "gw-a", implementation="strongswan-swanctl", disk=disk)
    with pytest.raises(Unplannable, match=r"swanctl\.conf:3"):
        StartDaemon().plan(site(snapshot=refused), "near", {}, {})


def test_only_a_disabled_unit_is_enabled() -> None:
    (step,) = EnableDaemon().plan(site(), "near", {}, {}).steps
    assert "systemctl disable" in step.undo
    assert (
        EnableDaemon().plan(site(dataclasses.replace(UNIT, enabled="enabled")), "near", {}, {}) == Planned()
    )


def test_the_modules_are_those_of_the_protocol_and_the_ciphers() -> None:
    child = Child("net", proposals=("aes256gcm16-modp2048", "aes256-sha256"))
    found = modules(site(child=child), "near")
    assert found[:2] == ("xfrm_user", "esp4")
    assert {"gcm", "seqiv", "cbc", "echainiv", "sha256_generic", "hmac"} <= set(found)
    assert modules(site(child=Child("net", protocol="ah")), "near")[1] == "ah4"


def test_a_module_is_loaded_where_it_can_be() -> None:
    seen = {"modules": printed("there xfrm_user\ncan esp4\nnone gcm\nkernel 6.1.0\n")}
    (step,) = LoadModule().plan(site(), "near", {}, seen).steps
    assert step.show == ("modprobe esp4",)
    with pytest.raises(Unplannable, match=r"6\.1\.0 of gw-a has no module esp4"):
        LoadModule().plan(site(), "near", {}, {"modules": printed("none esp4\nkernel 6.1.0\n")})
    with pytest.raises(Unplannable, match=r"modprobe\.d"):
        LoadModule().plan(site(), "near", {}, {"modules": printed("refused esp4\nkernel 6.1.0\n")})


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("600 65534 0 /etc/swanctl/swanctl.conf", "600 0 0"),
        ("644 0 0 /etc/swanctl/private/a.pem", "640 0 0"),
        ("666 0 0 /etc/swanctl/conf.d/site.conf", "664 0 0"),
        ("000 0 0 /etc/ipsec.secrets", "600 0 0"),
        ("604 0 0 /etc/ipsec.secrets", "600 0 0"),
    ],
)
def test_owner_and_mode_become_what_the_daemon_needs(line: str, wanted: str) -> None:
    plan = FixModes().plan(site(), "near", {}, {"modes": printed(f"{line}\ndaemon 0\n")})
    (step,) = plan.steps
    mode, owner, group, path = line.split()
    assert f'= "{wanted}" ]' in step.verify
    assert f"chown {owner}:{group} {path} && chmod {mode} {path}" in step.undo


@pytest.mark.parametrize(
    "line",
    ["600 0 0 /etc/ipsec.secrets", "640 0 0 /etc/swanctl/private/a.pem", "644 0 0 /etc/swanctl/swanctl.conf"],
)
def test_what_is_in_order_points_elsewhere(line: str) -> None:
    with pytest.raises(Unplannable, match="AppArmor or SELinux"):
        FixModes().plan(site(), "near", {}, {"modes": printed(f"{line}\ndaemon 0\n")})


def test_the_modes_are_read_and_set_by_what_a_gateway_has(tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    key = tmp_path / "private" / "a key.pem"
    key.write_text("x")
    key.chmod(0o666)
    (tmp_path / "swanctl.conf").write_text("x")
    disk = Configuration(files=(f"{tmp_path}/swanctl.conf",))
    where = site(snapshot=Snapshot("near", "gw-a", implementation="strongswan-swanctl", disk=disk))
    (look,) = FixModes().look(where, "near", {})
    ran = subprocess.run(
        ["sh", "-c", look.text],
        env={"PATH": "/usr/bin:/bin", "SUDO": ""},
        capture_output=True,
        check=True,
        text=True,
    )
    # The daemon of the test is whoever runs it.
    own = f"{ran.stdout}daemon {os.getuid()}\n"
    steps = FixModes().plan(where, "near", {}, {"modes": printed(own)}).steps
    (step,) = [one for one in steps if str(key) in one.title]
    for text, mode in ((step.apply, 0o660), (step.undo, 0o666)):
        assert subprocess.run(["sh", "-c", text], check=False).returncode == 0
        assert key.stat().st_mode & 0o777 == mode
