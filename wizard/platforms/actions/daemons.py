"""The IKE daemon's unit started, or told to start with the gateway; a kernel module that is missing, loaded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from shlex import quote
from typing import Final

from wizard.engine.plan import Step
from wizard.facts.model import End
from wizard.facts.parsers.daemon import Unit
from wizard.facts.probes import Command, Output
from wizard.facts.snapshot import Snapshot
from wizard.platforms.actions.base import ANSWERS, Planned, Site, Unplannable

_PREFERRED: Final[Mapping[str, tuple[str, ...]]] = {
    "strongswan-swanctl": ("strongswan.service", "strongswan-swanctl.service"),
    "strongswan-ipsec": ("strongswan-starter.service", "strongswan.service", "ipsec.service"),
    "libreswan": ("ipsec.service",),
}
"""Units by implementation, the one that is meant first."""
_START_S: Final = 45.0


@dataclass(frozen=True, slots=True)
class StartDaemon:
    """Starts the unit of the gateway's own daemon; stopped again when the change is undone.

    `mended: "yes"`: a step before this one mends the files that do not parse.
    """

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """See `Action`."""
        return ()

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """See `Action`."""
        snapshot = site.snapshot(at)
        if snapshot.daemon_answers:
            return Planned()
        unit = _unit(snapshot)
        if unit.enabled == "masked" or unit.load == "masked":
            raise Unplannable(
                f"{unit.name} of {snapshot.gateway} is masked, so somebody does not want it to run; "
                f"if it is to run: systemctl unmask {unit.name}"
            )
        if unit.running:
            raise Unplannable(
                f"{unit.name} of {snapshot.gateway} runs and its daemon does not answer; read its journal first: "
                f"journalctl -u {unit.name}"
            )
        disk = snapshot.disk
        if disk is not None and disk.refused and options.get("mended") != "yes":
            place = disk.problems[0].place if disk.problems else disk.files[0]
            raise Unplannable(
                f"the configuration of {snapshot.gateway} does not parse ({place}); mend that first"
            )
        name = quote(unit.name)
        answers = ANSWERS.get(snapshot.implementation or "", "true")
        step = Step(
            at,
            snapshot.gateway,
            f"Start the IKE daemon of {snapshot.gateway}",
            apply=(
                f"systemctl reset-failed {name} 2>/dev/null\n"
                f"systemctl start {name} || {{ systemctl status -n 3 {name} 2>&1 | tail -n 3 >&2; exit 1; }}"
            ),
            undo=f"systemctl stop {name}",
            requires=f"! systemctl is-active --quiet {name}",
            verify=(
                f"i=0; until {answers} >/dev/null 2>&1; do i=$((i + 1)); [ $i -lt 15 ] || exit 1; sleep 1; done\n"
                f"systemctl is-active --quiet {name}"
            ),
            show=(f"systemctl start {unit.name}",),
            show_undo=(f"systemctl stop {unit.name}",),
            show_verify=f"systemctl is-active {unit.name}; {answers}",
            lasts=False,
            limit_s=_START_S,
        )
        total = {one.name for one in disk.connections} if disk is not None else set()
        warning = f"every tunnel of {snapshot.gateway} starts with it" if len(total) > 1 else ""
        return Planned((step,), touched=_names(site, at), warnings=(warning,) if warning else ())


@dataclass(frozen=True, slots=True)
class EnableDaemon:
    """Has the daemon's unit start with the gateway from now on."""

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """See `Action`."""
        return ()

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """See `Action`."""
        snapshot = site.snapshot(at)
        unit = _unit(snapshot)
        if unit.enabled != "disabled":
            return Planned()
        name = quote(unit.name)
        step = Step(
            at,
            snapshot.gateway,
            f"Have the IKE daemon start with {snapshot.gateway}",
            apply=f"systemctl enable {name} 2>&1",
            undo=f"systemctl disable {name} 2>&1",
            requires=f'[ "$(systemctl is-enabled {name} 2>/dev/null)" = disabled ]',
            verify=f"systemctl is-enabled --quiet {name}",
            show=(f"systemctl enable {unit.name}",),
            show_undo=(f"systemctl disable {unit.name}",),
        )
        return Planned((step,))


def _unit(snapshot: Snapshot) -> Unit:
    """The unit of the daemon this gateway is configured for; raises Unplannable where there is none."""
    daemon = snapshot.daemon
    loaded = [one for one in daemon.units if one.load in {"loaded", "masked"}] if daemon is not None else []
    for wanted in _PREFERRED.get(snapshot.implementation or "", ()):
        for unit in loaded:
            if wanted == unit.name or wanted in unit.names:
                return unit
    if len(loaded) == 1:
        return loaded[0]
    raise Unplannable(
        f"{snapshot.gateway} has no unit of systemd for its IKE daemon that is known here; "
        "start it the way it is started there"
    )


def _names(site: Site, at: End) -> tuple[str, ...]:
    focus = site.focuses.get(at)
    return (focus.name,) if focus is not None and focus.name else ()


# --- kernel modules ---------------------------------------------------------------------------

_CIPHERS: Final[Mapping[str, tuple[str, ...]]] = {
    r"aes\d*gcm|AES_GCM": ("gcm", "seqiv"),
    r"aes\d*ccm|AES_CCM": ("ccm", "seqiv"),
    r"aes\d*ctr|AES_CTR": ("ctr", "seqiv"),
    r"chacha20": ("chacha20poly1305", "seqiv"),
    r"camellia": ("camellia_generic", "cbc", "echainiv"),
    r"3des": ("des_generic", "cbc", "echainiv"),
    r"aes(\d+)?(-|$|_CBC)": ("aes_generic", "cbc", "echainiv"),
    r"sha256|sha2_256|SHA2_256|sha2-256": ("sha256_generic", "hmac"),
    r"sha384|sha512|sha2_512|SHA2_512|SHA2_384": ("sha512_generic", "hmac"),
    r"sha1|SHA1": ("sha1_generic", "hmac"),
    r"md5": ("md5", "hmac"),
    r"xcbc": ("xcbc",),
    r"cmac": ("cmac",),
}
"""What the kernel calls the ciphers of a proposal as written, by a pattern over it (linux, crypto/Makefile)."""
_LOOK: Final = """\
for m in {modules}; do
  n=$(echo $m | tr - _)
  if [ -d /sys/module/$n ]; then echo "there $m"
  elif modprobe -q -n $m 2>/dev/null; then
    case $(modprobe -n -v $m 2>/dev/null) in
    '') echo "there $m" ;; install*) echo "refused $m" ;; *) echo "can $m" ;; esac
  else echo "none $m"; fi
done; echo "kernel $(uname -r)"
"""


@dataclass(frozen=True, slots=True)
class LoadModule:
    """Loads what the kernel has as a module and needs for this tunnel: the protocol, and the ciphers configured."""

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """See `Action`."""
        script = _LOOK.format(modules=" ".join(modules(site, at)))
        return (
            Command("modules", f"$SUDO sh -c {quote(script)}", 8, show="modprobe -n -v …", limits="time"),
        )

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """See `Action`."""
        snapshot = site.snapshot(at)
        printed = seen.get("modules")
        lines = (
            [line.split(maxsplit=1) for line in printed.stdout.splitlines()] if printed is not None else []
        )
        told = [(line[0], line[1]) for line in lines if len(line) == 2]
        if not told or (printed is not None and printed.problem is not None):
            raise Unplannable(f"which modules the kernel of {snapshot.gateway} has could not be read")
        kernel = next((name for word, name in told if word == "kernel"), "that runs")
        refused = [name for word, name in told if word == "refused"]
        if refused:
            raise Unplannable(
                f"{', '.join(refused)} may not be loaded on {snapshot.gateway} (modprobe.d says so); "
                "whoever wrote that has to allow it"
            )
        steps = tuple(
            Step(
                at,
                snapshot.gateway,
                f"Load the kernel module {name} on {snapshot.gateway}",
                apply=f"modprobe {name}",
                undo=f"modprobe -r {name} 2>/dev/null || [ ! -d /sys/module/{name.replace('-', '_')} ]",
                requires=f"[ ! -d /sys/module/{name.replace('-', '_')} ]",
                verify=f"[ -d /sys/module/{name.replace('-', '_')} ]",
                show=(f"modprobe {name}",),
                show_undo=(f"modprobe -r {name}",),
                lasts=False,
            )
            for word, name in told
            if word == "can"
        )
        if not steps:
            missing = [name for word, name in told if word == "none" and name in _PROTOCOLS]
            raise Unplannable(
                f"the kernel {kernel} of {snapshot.gateway} has no module {', '.join(missing) or 'to load'}: start the "
                "kernel its modules are installed for, or install its package of further modules"
            )
        return Planned(steps, touched=_names(site, at))


_PROTOCOLS: Final = frozenset({"esp4", "esp6", "ah4", "ah6", "xfrm_user"})


def modules(site: Site, at: End) -> tuple[str, ...]:
    """What the kernel needs for this tunnel, by name, most needed first."""
    focus = site.focus(at)
    child = focus.child
    six = any(":" in one for one in focus.peer_addresses)
    protocol = child.protocol if child is not None else "esp"
    found = ["xfrm_user", f"{protocol}{'6' if six else '4'}", "authenc"]
    for text in child.proposals or () if child is not None else ():
        for pattern, names in _CIPHERS.items():
            if re.search(pattern, text, re.IGNORECASE):
                found += names
    return tuple(dict.fromkeys(found))
