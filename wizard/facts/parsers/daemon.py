"""What runs on a gateway and what could: units, processes, tools, versions, and what this login may do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Final, Literal

from wizard.facts.parsers.framed import Section, sections
from wizard.facts.parsers.words import whole
from wizard.records import dataclass

UNITS: Final = (
    "strongswan.service",
    "strongswan-starter.service",
    "ipsec.service",
    "strongswan-swanctl.service",
)
"""Units of Debian, Ubuntu, Fedora and Libreswan; some are other names of the same unit."""

COMMAND: Final = f"""\
found= user=${{LOGNAME:-$USER}} uid=
while read -r key value _; do case $key in Uid:) uid=$value; break ;; esac; done 2>/dev/null </proc/self/status
[ -n "$user" ] && [ -n "$uid" ] || {{
  login=$(id); uid=${{login#uid=}}; user=${{uid#*(}}; uid=${{uid%%(*}} user=${{user%%)*}}
}}
echo '@@ login'; printf '%s\\n' "$user" "$uid"
echo '@@ root'; if [ -n "$SUDO" ]; then $SUDO id -u 2>&1; else echo "$uid"; fi; echo "@= $?"
echo '@@ tools'
for tool in swanctl ipsec pluto charon-systemd systemctl journalctl systemd-run ip ss nft iptables-save \\
  tcpdump ping traceroute conntrack nstat timeout openssl sudo; do command -v "$tool"; done
echo '@@ processes'
for entry in /proc/[0-9]*; do
  read -r name <"$entry/comm" || continue
  case $name in charon|charon-*|pluto|starter|racoon|iked) echo "${{entry#/proc/}} $name"; found=$name ;; esac
done 2>/dev/null
units=
command -v systemctl >/dev/null 2>&1 && units=$(systemctl show --no-pager -p Id -p Names -p LoadState \\
  -p ActiveState -p SubState -p Result -p NRestarts -p ExecMainPID -p ActiveEnterTimestamp \\
  -p UnitFileState -p StatusText {" ".join(UNITS)} 2>&1)
echo '@@ versions'
command -v ipsec >/dev/null 2>&1 && ipsec --version 2>/dev/null
case $units in *'strongSwan '[0-9]*) ;; *) command -v swanctl >/dev/null 2>&1 && swanctl --version 2>/dev/null ;; esac
echo '@@ units'; printf '%s\\n' "$units"
:"""
"""Reads only and needs no rights; `$SUDO id -u` shows whether the login may become root at all.

A daemon that runs tells its version in the words it gives systemd; its tool is asked where none does.
"""

Implementation = Literal["strongswan", "libreswan"]

_VERSION = re.compile(
    r"(strongSwan|Libreswan)\s(?:swanctl\s)?[Uv]?(\d{1,3}\.\d{1,3}[\w.\-]{0,40})", re.IGNORECASE
)
_PROCESS = re.compile(r"(\d{1,10}) (\S{1,64})")


@dataclass(frozen=True, slots=True)
class Unit:
    """A systemd unit; states are systemd's own words (systemctl(1)), `restarts` counts those by Restart=."""

    name: str
    load: str
    active: str
    sub: str
    result: str
    restarts: int | None
    active_since: str
    main_pid: int | None
    names: tuple[str, ...]
    enabled: str
    """UnitFileState: enabled, disabled, masked …"""
    line: str

    @property
    def loaded(self) -> bool:
        """Whether there is such a unit."""
        return self.load == "loaded"

    @property
    def running(self) -> bool:
        """Whether the unit has a process that runs."""
        return self.active in {"active", "reloading"} and self.sub not in {"exited", "dead"}


@dataclass(frozen=True, slots=True)
class Process:
    """A running IKE daemon or its starter."""

    pid: int
    name: str
    line: str


@dataclass(frozen=True, slots=True)
class Version:
    """What a tool says of the implementation that is installed."""

    implementation: Implementation
    version: str
    line: str


@dataclass(frozen=True, slots=True)
class Daemon:
    """Everything about the daemon that does not need its control socket."""

    units: tuple[Unit, ...] = ()
    processes: tuple[Process, ...] = ()
    tools: Mapping[str, str] = field(default_factory=dict)
    """Tools found, by name: where they are."""
    versions: tuple[Version, ...] = ()
    user: str = ""
    uid: int | None = None
    becomes_root: bool | None = None
    """Whether commands that need it ran as root; None when even that was not answered."""
    problems: tuple[str, ...] = ()
    """What sudo or systemctl said instead of an answer."""


def parse(text: str) -> Daemon:
    """The parts that are there; a part that failed leaves its fields empty."""
    parts = {part.name: part for part in sections(text)}

    def part(name: str) -> Section:
        return parts.get(name, Section(name, ""))

    login, root, units = part("login").lines, part("root"), part("units")
    became = root.lines[-1].strip() if root.lines else ""
    return Daemon(
        units=_units(units),
        processes=_processes(part("processes")),
        tools=_tools(part("tools")),
        versions=tuple(
            version for line in (*part("versions").lines, *_told(units)) if (version := _version(line))
        ),
        user=login[0].strip() if login else "",
        uid=whole(login[1].strip()) if len(login) > 1 else None,
        becomes_root=became == "0" if root.lines or root.status is not None else None,
        problems=tuple(
            [line.strip() for line in root.lines if whole(line.strip()) is None]
            + [line.strip() for line in units.lines if "=" not in line]
        ),
    )


def _told(units: Section) -> list[str]:
    """What daemons that run say of themselves through systemd."""
    return [line for line in units.lines if line.startswith("StatusText=")]


def _units(part: Section) -> tuple[Unit, ...]:
    units: list[Unit] = []
    seen: set[str] = set()
    for block in part.body.split("\n\n"):
        pairs = dict(line.split("=", 1) for line in block.split("\n") if "=" in line)
        name = pairs.get("Id", "")
        if not name or name in seen:
            continue
        seen.add(name)
        units.append(
            Unit(
                name=name,
                load=pairs.get("LoadState", ""),
                active=pairs.get("ActiveState", ""),
                sub=pairs.get("SubState", ""),
                result=pairs.get("Result", ""),
                restarts=whole(pairs.get("NRestarts", "")),
                active_since=pairs.get("ActiveEnterTimestamp", ""),
                main_pid=whole(pairs.get("ExecMainPID", "")) or None,
                names=tuple(pairs.get("Names", "").split()),
                enabled=pairs.get("UnitFileState", ""),
                line=" ".join(line for line in block.split("\n") if "=" in line),
            )
        )
    return tuple(units)


def _processes(part: Section) -> tuple[Process, ...]:
    found = (_PROCESS.fullmatch(line.strip()) for line in part.lines)
    return tuple(Process(int(match[1]), match[2], match[0]) for match in found if match)


def _tools(part: Section) -> dict[str, str]:
    return {line.strip().rsplit("/", 1)[-1]: line.strip() for line in part.lines if line.startswith("/")}


def _version(line: str) -> Version | None:
    found = _VERSION.search(line[:400])
    if not found:
        return None
    implementation: Implementation = "libreswan" if found[1].lower() == "libreswan" else "strongswan"
    return Version(implementation, found[2], line.strip())
