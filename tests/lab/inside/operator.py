"""The operator's node: keys, inventory and the environment that ipsec-wizard runs in there."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.lab import healthy

FOLDER = Path("/run/lab")
INVENTORY = FOLDER / "inventory.yaml"
ONE_END = FOLDER / "one-end.yaml"
WITH_SERVICES = FOLDER / "services.yaml"
SAME_INSIDE = FOLDER / "same-inside.yaml"
ON_CALL = FOLDER / "on-call.yaml"
ON_CALL_SUDO = FOLDER / "on-call-sudo.yaml"
ON_CALL_BOTH = FOLDER / "on-call-both.yaml"


def furnish(keys: Path) -> None:
    """Copy the login key where it belongs to root, and write known hosts and the configuration of ssh."""
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    login = FOLDER / "login"
    shutil.copyfile(keys / "login", login)
    login.chmod(0o600)
    known = []
    for name, address in healthy.MANAGEMENT.items():
        for key in sorted(keys.glob(f"{name}_*.pub")):
            kind, value = key.read_text(encoding="utf-8").split()[:2]
            known.append(f"{address} {kind} {value}\n")
    (FOLDER / "known_hosts").write_text("".join(known), encoding="utf-8")
    (FOLDER / "ssh_config").write_text(_ssh_config(), encoding="utf-8")


def write_inventories(childless: Mapping[healthy.Gateway, bool]) -> None:
    """Write the inventories; on `childless` gateways a child has no name beside its connection's.

    In two of them gw-a is logged in to as `oncall`, who is nobody there or may do some things by sudo; in a
    third one both gateways are.
    """
    # JSON is YAML, and needs no care about quoting.
    logins: dict[Path, dict[str, str]] = {
        INVENTORY: {},
        ONE_END: {},
        WITH_SERVICES: {},
        SAME_INSIDE: {},
        ON_CALL: {"user": "oncall"},
        ON_CALL_SUDO: {"user": "oncall", "become": "sudo"},
        ON_CALL_BOTH: {"user": "oncall", "become": "sudo"},
    }
    for file, login in logins.items():
        wanted = _WANTED if file == WITH_SERVICES else {}
        as_login: list[healthy.Gateway] = ["gw-a", "gw-b"] if file == ON_CALL_BOTH else ["gw-a"]
        inside = _SAME_INSIDE if file == SAME_INSIDE else _INSIDE
        content = _inventory(
            childless, dict.fromkeys(as_login, login), wanted, inside, one_end=file == ONE_END
        )
        file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


_WANTED: Mapping[str, object] = {
    "name_service": {
        "server": "10.2.0.10",
        "name": "intranet.site.example",
        "expect": "10.2.0.10",
        "from": "gw-a",
    },
    "service": {"host": "10.2.0.10", "port": 8080, "from": "gw-a"},
}
"""What the users behind gw-a want of the site behind gw-b."""


_INSIDE = [
    {"probe_source": "10.1.0.1", "probe_target": "10.1.0.10"},
    {"probe_source": "10.2.0.1", "probe_target": "10.2.0.10"},
]
_SAME_INSIDE = [_INSIDE[0], {"probe_source": "10.1.0.2", "probe_target": "10.1.0.20"}]
"""Where a site has been numbered like the other one."""


def _ssh_config() -> str:
    hosts = "".join(f"Host {name}\n  HostName {address}\n" for name, address in healthy.MANAGEMENT.items())
    return (
        f"{hosts}Host *\n  User root\n  IdentityFile {FOLDER}/login\n"
        f"  UserKnownHostsFile {FOLDER}/known_hosts\n"
    )


def _inventory(
    childless: Mapping[healthy.Gateway, bool],
    logins: Mapping[healthy.Gateway, Mapping[str, str]],
    wanted: Mapping[str, object],
    inside: list[dict[str, str]],
    *,
    one_end: bool,
) -> dict[str, object]:
    near: list[healthy.Gateway] = ["gw-a"] if one_end else ["gw-a", "gw-b"]
    gateways = {
        name: {
            "host": healthy.MANAGEMENT[name],
            "user": "root",
            "identity_file": str(FOLDER / "login"),
            "known_hosts": str(FOLDER / "known_hosts"),
            **logins.get(name, {}),
        }
        for name in near
    }

    def ends(tunnel: str, child: str, probes: list[dict[str, str]]) -> dict[str, object]:
        found: list[dict[str, str]] = []
        which = 0 if tunnel == "site" else 1
        for name, probe in zip(healthy.OTHER, probes, strict=True):
            if name in near:
                named = {} if childless[name] else {"child": child}
                found.append({"gateway": name, "connection": tunnel, **named, **probe})
            else:
                address = healthy.REACHED_AT[name][which]
                found.append({"address": address, "managed_by": "the partner's network team"})
        return {"ends": found}

    site = ends("site", "net", inside)
    return {
        "version": 1,
        "gateways": gateways,
        "tunnels": {
            "site": {**site, **wanted},
            "branch": ends(
                "branch",
                "branch-net",
                [
                    {"probe_source": "10.11.0.1", "probe_target": "10.11.0.10"},
                    {"probe_source": "10.12.0.1", "probe_target": "10.12.0.10"},
                ],
            ),
        },
    }


def environment() -> dict[str, str]:
    """The environment of commands on the operator's node: the programs and the code of this tree come first."""
    prefix = os.environ["LAB_PREFIX"]
    return {
        "PATH": f"{prefix}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/tmp/home",
        "LANG": "C.UTF-8",
        "TERM": os.environ.get("LAB_TERM", "dumb"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "VIRTUAL_ENV": prefix,
    }
