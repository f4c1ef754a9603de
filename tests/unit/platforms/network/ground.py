"""A gateway for actions to plan on: the lab's gw-a and gw-b, as facts or as a network namespace of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from wizard.engine.plan import Step
from wizard.facts.errands import ServiceErrand
from wizard.facts.focus import Focus
from wizard.facts.model import End, Fact, Facts
from wizard.facts.parsers import iproute, routes, rulesets, xfrm
from wizard.facts.probes import Command, Output
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import Child, Connection
from wizard.platforms import guard
from wizard.platforms.actions.base import Action, Planned, Site

A, B = "192.0.2.1", "198.51.100.1"
LAN_A, LAN_B = "10.1.0.0/24", "10.2.0.0/24"


def printed(command: str, text: str) -> Output:
    return Output(Command(command, command), text, "", 0, False, 0.0)


def connection(own: str, peer: str, local: str, remote: str) -> Connection:
    child = Child("net", local_ts=(local,), remote_ts=(remote,))
    return Connection("site", local_addrs=(own,), remote_addrs=(peer,), children=(child,))


def focus(end: End, **changes: object) -> Focus:
    near = end == "near"
    own, peer = (A, B) if near else (B, A)
    local, remote = (LAN_A, LAN_B) if near else (LAN_B, LAN_A)
    configured = connection(own, peer, local, remote)
    made = Focus(
        connection=configured,
        child=configured.children[0],
        loaded=configured,
        local_address=own,
        peer_addresses=(peer,),
        outside_interface="wan0",
        inside_interface="lan0",
        probe_source="10.1.0.1" if near else "10.2.0.1",
        probe_target="10.1.0.10" if near else "10.2.0.10",
        name="site",
        child_name="net",
        service_errand=ServiceErrand("10.2.0.10", 8080) if near else None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def site(
    near: Mapping[str, str] | None = None,
    far: Mapping[str, str] | None = None,
    facts: Mapping[str, object] | None = None,
    given: Mapping[str, str] | None = None,
    **changes: object,
) -> Site:
    """Both gateways by what they printed; an end that is None was not read. `changes` are of gw-a's focus."""
    snapshots: dict[End, Snapshot] = {}
    for end, name, outputs in (("near", "gw-a", near), ("far", "gw-b", far)):
        if outputs is not None:
            snapshots["near" if end == "near" else "far"] = _snapshot(
                "near" if end == "near" else "far", name, outputs
            )
    known = Facts.of(Fact(name, value) for name, value in (facts or {}).items())  # type: ignore[arg-type]
    return Site(snapshots, {"near": focus("near", **changes), "far": focus("far")}, known, given=given or {})


def _snapshot(end: End, name: str, outputs: Mapping[str, str]) -> Snapshot:
    made = Snapshot(end, name)
    if "rules" in outputs:
        made = replace(made, ruleset=rulesets.parse(outputs["rules"]))
    if "addresses" in outputs:
        made = replace(made, interfaces=iproute.parse_addresses(outputs["addresses"]))
    if "lookups" in outputs:
        made = replace(made, lookups=routes.parse_lookups(outputs["lookups"]))
    if "policies" in outputs:
        made = replace(made, policies=xfrm.parse_policies(outputs["policies"]))
    if "states" in outputs:
        made = replace(made, states=xfrm.parse_states(outputs["states"]))
    return made


def planned(
    action: Action, on: Site, at: End, options: Mapping[str, str], outputs: Mapping[str, str]
) -> Planned:
    """What an action plans, its looks answered from these outputs."""
    asked = [command.id for command in action.look(on, at, options)]
    return action.plan(on, at, options, {name: printed(name, outputs.get(name, "")) for name in asked})


@dataclass
class Namespace:
    """A network of its own, with a shell in it that is root there."""

    folder: Path
    shell: subprocess.Popen[str]
    ran: int = field(default=0)

    @classmethod
    def made(cls, folder: Path) -> Namespace | None:
        """None where the system has no such namespaces."""
        try:
            shell = subprocess.Popen(
                ["unshare", "-rn", "sh"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            made = cls(folder, shell)
            return made if made.run("ip link set lo up")[0] == 0 else None
        except (OSError, ValueError):
            return None

    def run(self, script: str) -> tuple[int, str]:
        """Exit status and all it printed."""
        assert self.shell.stdin is not None
        assert self.shell.stdout is not None
        self.ran += 1
        path = self.folder / f"script.{self.ran}"
        path.write_text(script, encoding="utf-8")
        self.shell.stdin.write(f"SUDO= sh {path} </dev/null 2>&1; s=$?; echo; echo @END $s\n")
        self.shell.stdin.flush()
        lines: list[str] = []
        for line in self.shell.stdout:
            if line.startswith("@END "):
                text = "".join(lines)
                return int(line.split()[1]), text.removesuffix("\n")
            lines.append(line)
        raise ValueError("the namespace has ended")

    def end(self) -> None:
        """Lets the namespace go."""
        assert self.shell.stdin is not None
        self.shell.stdin.close()
        self.shell.wait(10)

    def plan(self, action: Action, on: Site, at: End, options: Mapping[str, str]) -> Planned:
        """What an action plans on what it looks at in here."""
        seen = {
            command.id: printed(command.id, self.run(command.text)[1])
            for command in action.look(on, at, options)
        }
        return action.plan(on, at, options, seen)

    def does(self, step: Step, part: str, number: int = 0) -> int:
        """A part of a step as the guard has it done; its exit status."""
        folder = self.folder / "guard"
        folder.mkdir(exist_ok=True)
        (folder / "lib.sh").write_text(guard.LIBRARY, encoding="utf-8")
        text: str = getattr(step, part)
        (folder / f"{number}.{part}").write_text(f"{text}\n", encoding="utf-8")
        status, said = self.run(
            f'G={folder}; ID=test; N={number}; W=; export G ID N W; . "$G/lib.sh"; ( . "$G/{number}.{part}" )'
        )
        if status not in {0, 1, 76}:
            raise AssertionError(f"{part} left {status}: {said}")
        return status
