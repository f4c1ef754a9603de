"""A gateway that is a folder: its files are read through the real filter, and steps run on them with the real words."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wizard.engine.plan import Step
from wizard.facts.focus import Focus, Hints, choose
from wizard.facts.model import ENDS, End, Facts
from wizard.facts.probes import Command, Output
from wizard.facts.snapshot import Snapshot
from wizard.platforms import kinds
from wizard.platforms.actions.base import Action, Planned, Site
from wizard.platforms.dialect import Dialect
from wizard.platforms.guard import LIBRARY
from wizard.platforms.libreswan import LIBRESWAN
from wizard.platforms.stroke import STROKE
from wizard.platforms.surroundings import ADDRESSES as HELD
from wizard.platforms.swanctl import SWANCTL

DIALECTS: Mapping[str, Dialect] = {"swanctl": SWANCTL, "stroke": STROKE, "libreswan": LIBRESWAN}
LISTINGS = {
    "swanctl": (
        "daemon-stats",
        "strongSwan swanctl {version}\nuptime: 2 minutes, since Nov 21 18:00:00 2026\n",
    ),
    "stroke": (
        "sas",
        "Status of IKE charon daemon (strongSwan {version}, Linux 6.1.0, x86_64):\n  uptime: 2 minutes\n",
    ),
    "libreswan": (
        "sas",
        "@@ version\nLibreswan {version}\n@@ status\n000 Total IPsec connections: loaded 0, active 0\n",
    ),
}
VERSIONS = {"swanctl": "5.9.8", "stroke": "5.9.8", "libreswan": "4.10"}
ADDRESSES: Mapping[End, str] = {"near": "192.0.2.1", "far": "198.51.100.1"}


@dataclass(slots=True)
class Box:
    """One gateway in a folder of its own."""

    end: End
    root: Path
    kind: str
    version: str
    dialect: Dialect = field(init=False)

    def __post_init__(self) -> None:
        self.dialect = DIALECTS[self.kind]

    def write(self, path: str, content: str | bytes) -> Path:
        """A file of the gateway."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def tool(self, name: str, script: str) -> None:
        """A program of the gateway; $BOX is its folder."""
        self.write(f"/bin/{name}", f"#!/bin/sh\n{script}\n").chmod(0o755)

    def bytes(self, path: str) -> bytes:
        """What is in a file now."""
        return (self.root / path.lstrip("/")).read_bytes()

    def run(self, text: str) -> subprocess.CompletedProcess[str]:
        """A script, with the gateway's root moved into the folder."""
        moved = re.sub(r"(?<![\w.])/etc(?=[/ ])", f"{self.root}/etc", text)
        tools = self.root / "bin"
        env = {**os.environ, "SUDO": "", "SALT": "salt", "BOX": str(self.root)}
        env["PATH"] = f"{tools}:{env['PATH']}"
        return subprocess.run(
            ["sh", "-c", moved], env=env, capture_output=True, text=True, timeout=30, check=False
        )

    def output(self, command: Command) -> Output:
        """What a command prints there, with the gateway's own paths."""
        done = self.run(command.text)
        printed = done.stdout.replace(str(self.root), "")
        return Output(command, printed, done.stderr, done.returncode, False, 0.0)

    def snapshot(self) -> Snapshot:
        """What a diagnosis would know of its files."""
        probe, text = LISTINGS[self.kind]
        by_id = {command.id: command for command in self.dialect.observe}
        listing = Output(by_id[probe], text.format(version=self.version), "", 0, False, 0.0)
        held = f"2: wan0    inet {ADDRESSES[self.end]}/24 scope global wan0\\       valid_lft forever\n"
        return kinds.read(
            self.end,
            f"gw-{'a' if self.end == 'near' else 'b'}",
            [listing, self.output(by_id["config"]), Output(HELD, held, "", 0, False, 0.0)],
        )

    def step(self, step: Step, text: str = "") -> subprocess.CompletedProcess[str]:
        """Carries a step's text out as the guard does, its own by default."""
        guard = self.root / "guard"
        guard.mkdir(exist_ok=True)
        script = f"G={guard}; ID=test; N=0; W=\n{LIBRARY}\n( {text or step.apply}\n)"
        return self.run(script)


def box(tmp_path: Path, end: End, kind: str, files: Mapping[str, str | bytes], version: str = "") -> Box:
    """A gateway with these files."""
    made = Box(end, tmp_path / end, kind, version or VERSIONS[kind])
    for path, content in files.items():
        made.write(path, content)
    return made


def site(*boxes: Box, right: End = "far", connection: str = "site", child: str | None = None) -> Site:
    """What a plan is made from."""
    snapshots = {one.end: one.snapshot() for one in boxes}
    hints = {end: Hints(tunnel="site", connection=connection, child=child) for end in ENDS}
    focuses: dict[End, Focus] = choose(snapshots, hints)
    return Site(snapshots, focuses, Facts(), right=right)


def planned(action: Action, where: Site, gateway: Box, options: Mapping[str, str]) -> Planned:
    """Looks, then plans."""
    looked = {one.id: gateway.output(one) for one in action.look(where, gateway.end, options)}
    return action.plan(where, gateway.end, options, looked)
