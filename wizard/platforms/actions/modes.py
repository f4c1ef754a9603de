"""Files the daemon cannot read, or that everybody can: owner and mode set right, one by one, and back again.

A daemon without CAP_DAC_OVERRIDE, as systemd may start it, is refused by modes like everybody else; what an
AppArmor profile or SELinux refuses no mode mends.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from shlex import quote
from typing import Final

from wizard.engine.plan import Step
from wizard.facts.model import End
from wizard.facts.probes import Command, Output
from wizard.facts.snapshot import Snapshot
from wizard.platforms.actions.base import Planned, Site, Unplannable

_MOST: Final = 200
_SECRET_FOLDERS: Final = frozenset({"private", "rsa", "ecdsa", "pkcs8", "pkcs12", "bliss"})
_READ: Final = """\
set -f; IFS='
'
for one in {files}; do echo "$one"; done | while IFS= read -r f; do stat -L -c '%a %u %g %n' "$f" 2>/dev/null; done
find -L {folders} -type f 2>/dev/null | head -n {most} | while IFS= read -r f; do
  stat -L -c '%a %u %g %n' "$f" 2>/dev/null
done
for p in $(pidof charon-systemd charon pluto 2>/dev/null); do
  echo "daemon $(sed -n 's/^Uid:[[:space:]]*[0-9]*[[:space:]]*\\([0-9]*\\).*/\\1/p' /proc/$p/status)"
done
"""


@dataclass(frozen=True, slots=True)
class _Mode:
    path: str
    mode: str
    """Octal, as stat(1) prints it."""
    owner: str
    group: str

    @property
    def state(self) -> str:
        """As it is compared."""
        return f"{self.mode} {self.owner} {self.group}"


@dataclass(frozen=True, slots=True)
class FixModes:
    """Configuration, secrets and private keys: readable for the daemon's user, secret ones for nobody else."""

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """See `Action`."""
        snapshot = site.snapshot(at)
        files, folders = _wanted(snapshot)
        # One word a line: the names are quoted, and IFS is a line's end.
        script = _READ.format(
            files=" ".join(quote(one) for one in files) or "''",
            folders=" ".join(quote(one) for one in folders) or "/nonexistent",
            most=_MOST,
        )
        return (Command("modes", f"$SUDO sh -c {quote(script)}", 10, show="stat …", limits="time"),)

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """See `Action`."""
        snapshot = site.snapshot(at)
        printed = seen.get("modes")
        if printed is None or printed.problem is not None or not printed.stdout.strip():
            raise Unplannable(f"owner and mode of the files of {snapshot.gateway} could not be read")
        modes, daemon = _parsed(printed.stdout)
        steps = tuple(
            _step(snapshot, one, wanted)
            for one in dict.fromkeys(modes)
            if (wanted := _right(one, daemon)) is not None
        )
        if not steps:
            raise Unplannable(
                f"owner and mode of every file of {snapshot.gateway}'s daemon are in order; something else refuses: "
                "look for AppArmor or SELinux in `journalctl -k | grep -i denied` and at the unit's own limits"
            )
        focus = site.focuses.get(at)
        return Planned(steps, touched=(focus.name,) if focus is not None and focus.name else ())


def _wanted(snapshot: Snapshot) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Files by name and folders whose files count."""
    disk = snapshot.disk
    known = (*disk.files, *(one.partition(" (")[0] for one in disk.unreadable)) if disk is not None else ()
    files = [one for one in known if one.startswith("/") and not set(one) & set("*?[")]
    match snapshot.implementation:
        case "strongswan-swanctl":
            top = next(
                (posixpath.dirname(one) for one in files if one.endswith("/swanctl.conf")), "/etc/swanctl"
            )
            folders = [
                top + "/" + name for name in ("conf.d", "x509", "x509ca", "x509crl", *sorted(_SECRET_FOLDERS))
            ]
            files += [f"{top}/swanctl.conf", "/etc/strongswan.conf"]
        case "strongswan-ipsec" | "libreswan":
            root = next((posixpath.dirname(one) for one in files if one.endswith("/ipsec.conf")), "/etc")
            folders = [f"{root}/ipsec.d"]
            files += [f"{root}/ipsec.conf", f"{root}/ipsec.secrets"]
        case _:
            raise Unplannable(f"which files the daemon of {snapshot.gateway} reads is not known")
    return tuple(dict.fromkeys(files)), tuple(folders)


def _parsed(text: str) -> tuple[list[_Mode], str]:
    modes: list[_Mode] = []
    daemon = "0"
    for line in text.splitlines():
        if line.startswith("daemon "):
            daemon = line.removeprefix("daemon ").strip() or "0"
            continue
        words = line.split(" ", 3)
        if len(words) == 4 and words[0].isdigit() and words[1].isdigit() and words[3].startswith("/"):
            modes.append(_Mode(words[3], *words[:3]))
    return modes, daemon


def _right(one: _Mode, daemon: str) -> _Mode | None:
    """How it ought to be; None where it is in order. The group is left as it is where it is needed for nothing."""
    bits = int(one.mode, 8)
    secret = one.path.endswith(".secrets") or bool(set(one.path.split("/")[:-1]) & _SECRET_FOLDERS)
    readable = bits & 0o004 or (one.owner in {daemon, "0"} and one.owner == daemon and bits & 0o400)
    readable = readable or (one.group == daemon and bits & 0o040)
    too_open = (secret and bits & 0o007) or bits & 0o002
    if readable and not too_open:
        return None
    owner = one.owner if readable else daemon
    wanted = bits & ~0o007 if secret else bits & ~0o002
    wanted |= 0o600 if bits & 0o200 or not readable else 0o400
    return _Mode(one.path, f"{wanted:o}", owner, one.group)


def _step(snapshot: Snapshot, now: _Mode, wanted: _Mode) -> Step:
    file = quote(now.path)

    def state(mode: _Mode) -> str:
        return f'[ "$(stat -L -c \'%a %u %g\' {file})" = "{mode.state}" ]'

    def commands(mode: _Mode, before: _Mode) -> list[str]:
        owner = [f"chown {mode.owner}:{mode.group} {now.path}"] if mode.owner != before.owner else []
        return [*owner, f"chmod {mode.mode} {now.path}"]

    return Step(
        snapshot.end,
        snapshot.gateway,
        f"Let the daemon of {snapshot.gateway}, and nobody else, read {now.path}",
        apply=f"chown {wanted.owner}:{wanted.group} {file} && chmod {wanted.mode} {file}",
        undo=f"[ ! -e {file} ] || {{ chown {now.owner}:{now.group} {file} && chmod {now.mode} {file}; }}",
        requires=state(now),
        verify=state(wanted),
        show=tuple(commands(wanted, now)),
        show_undo=tuple(commands(now, wanted)),
    )
