"""The daemon takes its files, or the step is refused: what was loaded before stays loaded, whatever the tool says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.actions.gateways import Box, box, site
from wizard.platforms.actions.base import Site, Unplannable
from wizard.platforms.actions.loading import LoadConnections
from wizard.platforms.guard import REFUSED

FILES = {
    "/etc/swanctl/swanctl.conf": "include conf.d/*.conf\n",
    "/etc/swanctl/conf.d/site.conf": "connections {\n  site {\n    version = 2\n  }\n}\n",
    "/etc/swanctl/conf.d/branch.conf": "connections {\n  branch {\n    version = 2\n  }\n}\n",
}
SWANCTL = """\
case $* in
*--list-conns*) while read -r one; do echo "list-conn event {$one {local_addrs=[192.0.2.1]}}"; done <"$BOX/loaded" ;;
*--load-conns*--file*) grep -rhoE '^  [a-z]+ [{]' "${3%/*}" | tr -d ' {' >"$BOX/loaded" ;;
*--load-conns*) . "$BOX/behaviour" ;;
esac
"""
IPSEC = """\
case $* in
statusall) echo Connections:; sed 's/.*/      &:  192.0.2.1...198.51.100.1  IKEv2/' "$BOX/loaded" ;;
"whack --status") sed 's/.*/000 "&": 192.0.2.1...198.51.100.1/' "$BOX/loaded" ;;
"whack --name site --delete") sed -i /site/d "$BOX/loaded" ;;
addconn*) [ ! -e "$BOX/broken" ] || { echo "cannot load config '/etc/ipsec.conf': bad line"; exit 3; } ;;
update | "auto --replace site" | "replace site") . "$BOX/behaviour" ;;
esac
"""


def _gateway(tmp_path: Path, kind: str, loaded: str, behaviour: str, version: str = "") -> Box:
    conns = "".join(
        f"conn {one}\n  left=192.0.2.1\n  right=198.51.100.1\n  auto=add\n" for one in ("site", "branch")
    )
    made = box(tmp_path, "near", kind, FILES if kind == "swanctl" else {"/etc/ipsec.conf": conns}, version)
    made.tool("swanctl", SWANCTL)
    made.tool("ipsec", IPSEC)
    made.write("/loaded", loaded)
    made.write("/behaviour", behaviour)
    return made


def _site(gateway: Box, loaded: tuple[str, ...]) -> Site:
    """The gateway with these connections loaded, as a diagnosis would have found them."""
    where = site(gateway)
    snapshot = where.snapshots["near"]
    assert snapshot.disk is not None
    named = tuple(replace(snapshot.disk.connections[0], name=name) for name in loaded)
    return replace(where, snapshots={"near": replace(snapshot, loaded=named)})


def _loads(*names: str) -> str:
    lines = " ".join(names)
    return f'printf "%s\\n" {lines} >"$BOX/loaded"; echo "successfully loaded {len(names)} connections, 0 unloaded"'


@pytest.mark.parametrize(
    ("kind", "version"), [("swanctl", ""), ("stroke", ""), ("libreswan", "4.10"), ("libreswan", "5.2")]
)
def test_the_step_is_done_when_everything_is_listed(kind: str, version: str, tmp_path: Path) -> None:
    gateway = _gateway(tmp_path, kind, "site\nbranch\n", _loads("site", "branch"), version)
    (step,) = LoadConnections().plan(_site(gateway, ("site", "branch")), "near", {}, {}).steps
    done = gateway.step(step)
    assert (done.returncode, done.stderr) == (0, "")
    assert gateway.step(step, step.undo).returncode == 0


@pytest.mark.parametrize("kind", ["swanctl", "libreswan"])
def test_a_daemon_that_drops_another_connection_refuses_the_step_although_its_tool_left_with_zero(
    kind: str, tmp_path: Path
) -> None:
    gateway = _gateway(tmp_path, kind, "site\nbranch\n", _loads("site"))
    (step,) = LoadConnections().plan(_site(gateway, ("site", "branch")), "near", {}, {}).steps
    done = gateway.step(step)
    assert done.returncode == REFUSED
    assert "lacks branch" in done.stderr


@pytest.mark.parametrize(
    "said",
    [
        "echo \"/etc/swanctl/conf.d/site.conf:20: syntax error, unexpected '}'\" >&2",
        "echo \"loading connection 'site' failed: invalid value for: proposals, config discarded\" >&2; exit 22",
    ],
)
def test_what_swanctl_complains_about_refuses_the_step(said: str, tmp_path: Path) -> None:
    gateway = _gateway(tmp_path, "swanctl", "site\nbranch\n", said)
    (step,) = LoadConnections().plan(_site(gateway, ("site", "branch")), "near", {}, {}).steps
    done = gateway.step(step)
    assert done.returncode == REFUSED
    assert "failed" in done.stderr or "syntax error" in done.stderr


def test_another_connection_that_could_not_be_loaded_before_either_is_no_reason(tmp_path: Path) -> None:
    said = (
        "echo \"loaded connection 'site'\"; echo \"loading connection 'old' failed: unknown option: x\" >&2\n"
        'echo "loaded 1 of 2 connections, 1 failed to load, 0 unloaded"; exit 22'
    )
    gateway = _gateway(tmp_path, "swanctl", "site\nbranch\n", said)
    (step,) = LoadConnections().plan(_site(gateway, ("site", "branch")), "near", {}, {}).steps
    assert gateway.step(step).returncode == 0


def test_a_file_libreswan_cannot_read_is_not_loaded_at_all(tmp_path: Path) -> None:
    gateway = _gateway(tmp_path, "libreswan", "site\nbranch\n", _loads("branch"))
    (step,) = LoadConnections().plan(_site(gateway, ("site", "branch")), "near", {}, {}).steps
    gateway.write("/broken", "")
    done = gateway.step(step)
    assert done.returncode == REFUSED
    assert gateway.bytes("/loaded") == b"site\nbranch\n"


@pytest.mark.parametrize("kind", ["swanctl", "libreswan"])
def test_what_was_not_loaded_before_is_taken_out_again(kind: str, tmp_path: Path) -> None:
    gateway = _gateway(tmp_path, kind, "branch\n", _loads("branch", "site"))
    (step,) = LoadConnections().plan(_site(gateway, ("branch",)), "near", {}, {}).steps
    assert gateway.step(step).returncode == 0
    assert b"site" in gateway.bytes("/loaded")
    done = gateway.step(step, step.undo)
    assert (done.returncode, done.stderr) == (0, "")
    assert gateway.bytes("/loaded") == b"branch\n"
    assert not list((gateway.root / "guard").glob("without*"))


def test_an_undo_that_leaves_it_loaded_says_so(tmp_path: Path) -> None:
    gateway = _gateway(tmp_path, "swanctl", "branch\n", _loads("branch", "site"))
    (step,) = LoadConnections().plan(_site(gateway, ("branch",)), "near", {}, {}).steps
    assert gateway.step(step).returncode == 0
    gateway.tool("swanctl", SWANCTL.replace("--file", "--never"))
    done = gateway.step(step, step.undo)
    assert done.returncode == REFUSED
    assert "site is still loaded" in done.stderr


def test_an_undo_before_anything_was_done_does_nothing(tmp_path: Path) -> None:
    gateway = _gateway(tmp_path, "swanctl", "site\nbranch\n", "exit 1")
    (step,) = LoadConnections().plan(_site(gateway, ("site", "branch")), "near", {}, {}).steps
    assert gateway.step(step, step.undo).returncode == 0


def test_a_connection_that_stands_in_no_file_would_be_lost_so_nothing_is_loaded(tmp_path: Path) -> None:
    gateway = _gateway(tmp_path, "swanctl", "site\nbranch\nnm-7\n", _loads("site", "branch"))
    with pytest.raises(Unplannable, match="would take nm-7 out of the daemon"):
        LoadConnections().plan(_site(gateway, ("site", "branch", "nm-7")), "near", {}, {})


def test_a_connection_that_waits_on_disk_is_named(tmp_path: Path) -> None:
    gateway = _gateway(tmp_path, "stroke", "site\n", _loads("site", "branch"))
    plan = LoadConnections().plan(_site(gateway, ("site",)), "near", {}, {})
    assert any("branch" in warning for warning in plan.warnings)
