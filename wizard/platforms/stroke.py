"""strongSwan configured with ipsec.conf: starter, charon and its stroke interface, spoken to through `ipsec`.

One listing, `ipsec statusall`, says what the daemon has loaded and what runs; its exit status and that of
`ipsec up` say nothing of the tunnel. Where a distribution gives the name `ipsec` to Libreswan, the command is
called `strongswan` and its files stand in /etc/strongswan.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from shlex import quote
from types import MappingProxyType
from typing import Any, Final

from wizard.facts.derive import attempt
from wizard.facts.derive.exercise import RECENT_LOG
from wizard.facts.focus import Focus
from wizard.facts.parsers import framed, ipsec_conf, ipsec_secrets, ipsec_statusall
from wizard.facts.parsers.ipsec_statusall import Statusall
from wizard.facts.probes import Command, Level, Output
from wizard.facts.tunnel import Configuration, Connection
from wizard.platforms import charon_journal, linux
from wizard.platforms.dialect import ATTEMPT_S, LOG_S, RECENT_S, Dialect, Presence
from wizard.platforms.ipsec_files import IPSEC_FILES

_FOLDERS: Final = (
    *("/usr/lib/ipsec", "/usr/libexec/strongswan", "/usr/libexec/ipsec", "/usr/lib/strongswan"),
    *("/usr/lib64/ipsec", "/usr/lib64/strongswan", "/usr/local/libexec/ipsec", "/usr/local/lib/ipsec"),
)
"""Where the distributions we know put the program that speaks with charon; Libreswan has none of that name."""
_SOCKETS: Final = ("/var/run/charon.ctl", "/run/strongswan/charon.ctl", "/var/run/strongswan/charon.ctl")
_NEEDS: Final = (
    f"for d in {' '.join(_FOLDERS)}; do [ -x $d/stroke ] && break; done; [ -x $d/stroke ]"
    + "".join(f" || [ -S {socket} ]" for socket in _SOCKETS)
)
_TOOL: Final = f"""\
S=ipsec; ! command -v strongswan >/dev/null 2>&1 || S=strongswan
[ -n "$SUDO" ] || for d in {" ".join(_FOLDERS)}; do [ -x $d/stroke ] && S=$d/stroke && break; done
"""
"""Root speaks with the daemon itself: the script `ipsec` runs four programs more to do the same."""
_UNIT: Final = "strongswan-starter"
_NOT_RUNNING: Final = 3
"""Exit status of `ipsec statusall` where charon has left no pid file."""
_NO_SUCH_COMMAND: Final = 127
_ROOTS: Final = ("/etc/strongswan/ipsec.conf", "/etc/ipsec.conf", "/usr/local/etc/ipsec.conf")
_INCLUDE: Final = re.compile(r"^\s*include\s+(\S+)\s*$", re.MULTILINE)


class Stroke:
    """The dialect of ipsec.conf on strongSwan; see `Dialect`."""

    name = "strongswan-ipsec"
    retries = False
    observe: tuple[Command, ...] = (
        Command(
            "sas",
            f"{_TOOL}$SUDO $S statusall",
            8,
            show="ipsec statusall",
            needs=_NEEDS,
            limits="time",
        ),
        Command(
            "config",
            IPSEC_FILES,
            15,
            show="cat /etc/ipsec.conf /etc/ipsec.secrets (secrets as digests)",
            needs=_NEEDS,
            limits="time",
        ),
        charon_journal.since(RECENT_LOG, RECENT_S, 600, needs=_NEEDS, lives=True, unit=_UNIT),
    )
    shared: Mapping[str, str] = MappingProxyType({"daemon-stats": "sas", "connections": "sas"})

    def presence(self, outputs: Mapping[str, Output], fields: Mapping[str, Any]) -> Presence:
        """See `Dialect`."""
        disk: Configuration | None = fields.get("disk")
        stored = {one.name for one in disk.connections} if disk is not None else set()
        if fields["daemon_answers"]:
            loaded = {child.name for one in fields.get("loaded", ()) for child in one.children}
            return Presence.IN_USE if loaded & stored else Presence.RUNNING
        if stored:
            return Presence.CONFIGURED
        listing = outputs.get("sas")
        there = listing is not None and listing.exit_code != _NO_SUCH_COMMAND
        return Presence.INSTALLED if there else Presence.ABSENT

    def read(self, outputs: Mapping[str, Output]) -> dict[str, Any]:
        """See `Dialect`."""
        listing = outputs.get("sas")
        said = ipsec_statusall.parse(listing.stdout) if listing is not None else Statusall()
        answers, line = _answers(listing, said)
        fields: dict[str, Any] = {"version": said.version, "daemon_answers": answers, "daemon_line": line}
        if answers:
            fields.update(loaded=said.connections, sas=said.sas)
        config = outputs.get("config")
        if config is not None and linux.usable(config):
            disk = _configuration(config, said.version, (*said.listening, *linux.own_addresses(outputs)))
            fields["disk"] = as_loaded(disk, said.connections)
        return fields

    def initiate(self, focus: Focus) -> tuple[Command, ...]:
        """See `Dialect`."""
        name = quote(focus.child_name or focus.name)
        text = (
            f"{_TOOL}if command -v timeout >/dev/null 2>&1; then $SUDO timeout {ATTEMPT_S} $S up {name}\n"
            f"else $SUDO $S up {name}; fi"
        )
        shown = f"ipsec up {name}"
        return (
            Command(attempt.ATTEMPT, text, ATTEMPT_S + 4, show=shown, level=Level.EXERCISE, limits="time"),
        )

    def half_open_gone(self, focus: Focus) -> tuple[Command, ...]:
        """See `Dialect`."""
        # What the listing prints is compared as text, never run: a connection may be called anything.
        text = (
            f"{_TOOL}N={quote(focus.name)}\n"
            "$SUDO $S status 2>/dev/null | while read -r sa state _; do\n"
            '  case $sa in "$N["*"]:") ;; *) continue ;; esac\n'
            '  [ "$state" = CONNECTING, ] || continue\n'
            '  sa=${sa#"$N["}; sa=${sa%"]:"}\n'
            '  case $sa in *[!0-9]*|"") ;; *) $SUDO $S down "$N[$sa]" </dev/null ;; esac\n'
            "done"
        )
        shown = f"ipsec down {quote(f'{focus.name}[n]')} (half-open only)"
        return (Command("half-open", text, 5, show=shown, level=Level.EXERCISE, limits="time"),)

    def sas(self, probe: str) -> Command:
        """See `Dialect`."""
        return Command(probe, f"{_TOOL}$SUDO $S statusall", 8, show="ipsec statusall", limits="time")

    def counters(self, probe: str) -> Command | None:
        """See `Dialect`."""
        return Command(probe, f"{_TOOL}$SUDO $S listcounters", 5, show="ipsec listcounters", limits="time")

    def log(self) -> Command:
        """See `Dialect`."""
        return charon_journal.since(attempt.LOG, LOG_S, 4000, unit=_UNIT)


STROKE: Final[Dialect] = Stroke()


def _answers(listing: Output | None, said: Statusall) -> tuple[bool | None, str]:
    """Whether the daemon answers on its control socket, and the line that shows it."""
    if listing is None or listing.problem is not None:
        return None, ""
    if said.answered:
        return True, said.line
    lines = [line for line in f"{listing.stdout}\n{listing.stderr}".splitlines() if line.strip()]
    refused = next((line for line in lines if "connect" in line and "failed" in line), None)
    if refused is not None:
        gone = "No such file" in refused or "Connection refused" in refused
        return (False, refused) if gone else (None, refused)
    if listing.exit_code == _NOT_RUNNING and not lines:
        return False, f"(exit status {_NOT_RUNNING}: charon is not running)"
    return None, lines[-1] if lines else ""


def _configuration(output: Output, version: str | None, own: Sequence[str]) -> Configuration:
    """What stands on disk: the files behind their `@@ PATH` lines, secrets as digests."""
    listed = [(part.name, part.body) for part in framed.sections(output.stdout) if part.name]
    root = next((name for name in _ROOTS if any(path == name for path, _ in listed)), None)
    return ipsec_conf.parse(
        _read_by_charon(listed, root),
        root,
        dialect="strongswan",
        version=version,
        own_addresses=own,
        unreadable=linux.refused_files(output),
    )


def _read_by_charon(files: Sequence[tuple[str, str]], root: str | None) -> list[tuple[str, str]]:
    """Without the files of another root (Libreswan's beside ours) and without secrets nothing includes."""
    home = posixpath.dirname(root or _ROOTS[1])
    main = f"{home}/ipsec.secrets"
    kept = [(path, text) for path, text in files if not ipsec_secrets.is_secrets(path, text)]
    waiting = [main]
    seen: set[str] = set()
    while waiting:
        wanted = waiting.pop()
        for path, text in files:
            if path in seen or not ipsec_secrets.is_secrets(path, text) or not fnmatchcase(path, wanted):
                continue
            seen.add(path)
            kept.append((path, text))
            folder = posixpath.dirname(path)
            waiting += [posixpath.join(folder, one.strip('"')) for one in _INCLUDE.findall(text)]
    return [one for one in kept if not one[0].endswith("/ipsec.conf") or one[0] == root]


def as_loaded(disk: Configuration, loaded: Sequence[Connection]) -> Configuration:
    """The connections on disk, those together that charon holds as one.

    Conns that differ in their networks only share one IKE configuration, under the name of the first; the others
    are its children.
    """
    owner = {child.name: one.name for one in loaded for child in one.children if child.name != one.name}
    stored = {one.name: one for one in disk.connections}
    moved = {name: to for name, to in owner.items() if name in stored and to in stored}
    if not moved:
        return disk
    together: list[Connection] = []
    for one in disk.connections:
        if one.name in moved:
            continue
        guests = [guest for guest in disk.connections if moved.get(guest.name) == one.name]
        children = (*one.children, *(child for guest in guests for child in guest.children))
        places = {
            key: place
            for guest in guests
            for key, place in guest.where.items()
            if key.startswith("children.")
        }
        together.append(replace(one, children=children, where={**places, **one.where}))
    return replace(disk, connections=tuple(together))
