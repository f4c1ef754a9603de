"""Kernel settings of the gateway's network: now, and in a second step for the next start.

Some settings change others when they are written (forwarding sets that of every interface and whether redirects
are heeded), so the undo puts back every one that may have moved, as it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from shlex import quote
from typing import Final

from wizard.engine.plan import Step
from wizard.facts.model import End
from wizard.facts.parsers import sysctl
from wizard.facts.parsers.iproute import interface_holding
from wizard.facts.parsers.sysctl import Sysctls
from wizard.facts.probes import Command, Output
from wizard.facts.ruleset import network
from wizard.platforms.actions.base import Planned, Site, Unplannable

FILE: Final = "/etc/sysctl.d/90-ipsec-wizard.conf"
"""Read at every start, after what the distribution sets and before what is named 99- (sysctl.d(5))."""
SYSCTLS: Final = Command(
    "sysctls", sysctl.COMMAND, 5, show="sysctl net.ipv4.ip_forward net.ipv4.conf", limits="none"
)

_LATER: Final = "/etc/sysctl.d/9[1-9]*.conf /etc/sysctl.d/[a-z]*.conf /etc/sysctl.conf"
_STRICT, _LOOSE = 1, 2
_KEY = re.compile(r"net\.(?:ipv4|ipv6)\.[\w./@-]{1,80}")
_VALUE = re.compile(r"[0-9 ]{1,40}")


@dataclass(frozen=True, slots=True)
class _Setting:
    key: str
    """As sysctl(8) writes it: a dot in an interface's name is a slash."""
    value: str

    @property
    def path(self) -> str:
        """Where the kernel has it."""
        return "/proc/sys/" + self.key.replace(".", "\0").replace("/", ".").replace("\0", "/")

    @property
    def moved(self) -> str:
        """Patterns of the files below /proc/sys that may change with it, itself last."""
        net = "/proc/sys/" + "/".join(self.key.split(".")[:2])
        if self.key.rpartition(".")[2] in {"ip_forward", "forwarding"}:
            return f"{net}/conf/*/forwarding {net}/conf/*/accept_redirects"
        return self.path


class SetSysctl:
    """`sysctl` (with: {key, value}): set now; {outside}, {inside} and {strict} in the key name an interface.

    {strict} is the interface whose strict reverse path filter drops the tunnel's packets; {family} is ipv4 or ipv6.
    """

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """The settings as they are now."""
        return (SYSCTLS,) if at in site.snapshots else ()

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """One step a setting; none where it is so already."""
        current = _current(site, at, seen)
        gateway = site.snapshot(at).gateway
        steps: list[Step] = []
        for setting in settings(site, at, options, current):
            now = current.get(setting.key)
            if now is None:
                raise Unplannable(f"{gateway} has no setting {setting.key}, or it cannot be read")
            if now.value != setting.value:
                steps.append(_set(site, at, setting, now.value))
        return Planned(
            tuple(steps), touched=(site.focus(at).name,) if steps else (), warnings=_warnings(gateway, steps)
        )


class PersistSysctl:
    """`persist-sysctl` (with: the same): the setting for the next start, in a file of our own."""

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """The settings now, our file, and what is read after it."""
        if at not in site.snapshots:
            return ()
        later = f"grep -Hs = {_LATER} /dev/null; :"
        return (
            SYSCTLS,
            Command("sysctl-file", f"cat {FILE} 2>/dev/null; :", 5, show=f"cat {FILE}", limits="none"),
            Command("sysctl-later", later, 5, show=f"grep = {_LATER}", limits="none"),
        )

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """One step; none where the file says so already."""
        current = _current(site, at, seen)
        wanted = settings(site, at, options, current)
        printed = seen.get("sysctl-file")
        before = printed.stdout if printed is not None else ""
        keys = {one.key for one in wanted}
        stay = [line for line in before.splitlines() if line.partition("=")[0].strip() not in keys]
        lines = [*stay, *(f"{one.key} = {one.value}" for one in wanted)]
        after = "".join(f"{line}\n" for line in lines)
        if not wanted or before.rstrip("\n") + "\n" == after:
            return Planned()
        gateway = site.snapshot(at).gateway
        step = Step(
            end=at,
            gateway=gateway,
            title=f"set it for the next start too, in {FILE}",
            apply=f"mkdir -p {FILE.rpartition('/')[0]} && keep {FILE} && printf %s {quote(after)} | put {FILE} 644",
            undo=f"give_back {FILE}",
            requires=_unchanged(before),
            verify=f"grep -qxF {quote(lines[-1])} {FILE}",
            show=tuple(f"echo '{one.key} = {one.value}' >> {FILE}" for one in wanted),
            show_undo=(f"the former {FILE}" if before else f"rm {FILE}",),
            show_verify=f"cat {FILE}",
            diff=tuple(unified_diff(before.splitlines(), lines, FILE, FILE, lineterm="")),
        )
        return Planned((step,), touched=(site.focus(at).name,), warnings=_overruled(gateway, wanted, seen))


def settings(site: Site, at: End, options: Mapping[str, str], current: Sysctls) -> tuple[_Setting, ...]:
    """The settings that an option means at this end; raises Unplannable."""
    key, value = options.get("key", ""), options.get("value", "")
    focus = site.focus(at)
    six = any((net := network(text)) is not None and net.version == 6 for text in focus.local_networks)
    key = key.replace("{family}", "ipv6" if six else "ipv4")
    if key == "net.ipv6.ip_forward":
        key = "net.ipv6.conf.all.forwarding"
    names = [""]
    if "{strict}" in key:
        names = _strict(site, at, current)
    elif "{outside}" in key or "{inside}" in key:
        name = focus.outside_interface if "{outside}" in key else focus.inside_interface
        names = [name] if name else []
    if not names:
        raise Unplannable(f"which interface of {site.snapshot(at).gateway} it is about cannot be told")
    made = [re.sub(r"\{\w+\}", lambda _, name=name: name.replace(".", "/"), key) for name in names]  # type: ignore[misc]
    if any(not _KEY.fullmatch(one) for one in made) or not _VALUE.fullmatch(value):
        raise Unplannable(f"{key} = {value} is no setting this program sets")
    return tuple(_Setting(one, value) for one in made)


def _strict(site: Site, at: End, current: Sysctls) -> list[str]:
    """The interfaces that filter strictly though packets come in by them that would be answered another way.

    Where no such way is known, those of the tunnel's outside, then that of its inside.
    """
    snapshot, focus = site.snapshot(at), site.focus(at)
    holder = interface_holding(snapshot.interfaces or (), focus.local_address or "")
    held = holder.name if holder is not None else focus.outside_interface
    ways = {one.interface for one in snapshot.lookups or () if one.address in focus.peer_addresses}
    named = [name for name in dict.fromkeys((held, focus.outside_interface, focus.inside_interface)) if name]
    strict = [name for name in named if current.rp_filter(name) == _STRICT]
    if not strict:
        raise Unplannable(
            f"no interface of the tunnel at {snapshot.gateway} filters strictly by reverse path",
            advice="make a fresh diagnosis",
        )
    if held in strict and ways and held not in ways:
        return [held]
    outer = [name for name in strict if name in {held, focus.outside_interface}]
    return outer or strict


def _current(site: Site, at: End, seen: Mapping[str, Output]) -> Sysctls:
    output = seen.get("sysctls")
    if output is None or output.problem is not None:
        raise Unplannable(f"the kernel settings of {site.snapshot(at).gateway} cannot be read")
    return sysctl.parse(output.stdout)


def _set(site: Site, at: End, setting: _Setting, now: str) -> Step:
    path, kept = quote(setting.path), '"$G/sysctls.$N"'
    changed = f"{setting.key} has changed since the plan was made"
    return Step(
        end=at,
        gateway=site.snapshot(at).gateway,
        title=f"set {setting.key} to {setting.value} (it is {now})",
        apply=(
            f"grep -Hs . {setting.moved} {path} >{kept} && [ -s {kept} ] && "
            f"printf '%s\\n' {quote(setting.value)} >{path}"
        ),
        undo=(
            f"[ -s {kept} ] || exit 0\nx=0\nprintf '%s\\n' {quote(now)} >{path} || x=1\n"
            "while IFS= read -r l; do\n"
            '  p=${l%%:*}; v=${l#*:}; [ ! -e "$p" ] || [ "$(cat "$p")" = "$v" ] || printf \'%s\\n\' "$v" >"$p" || x=1\n'
            f"done <{kept}\nexit $x"
        ),
        requires=f'[ "$(cat {path})" = {quote(now)} ] || {{ say {quote(changed)}; exit 76; }}',
        verify=f'[ "$(cat {path})" = {quote(setting.value)} ]',
        show=(f"sysctl -w {setting.key}={quote(setting.value)}",),
        show_undo=(f"sysctl -w {setting.key}={quote(now)}",),
        show_verify=f"sysctl {setting.key}",
        lasts=False,
    )


def _unchanged(before: str) -> str:
    if not before:
        return f'[ ! -s {FILE} ] || {{ say "{FILE} has changed since the plan was made"; exit 76; }}'
    return (
        f'[ "$(cat {FILE})" = {quote(before.rstrip(chr(10)))} ] || {{ say "{FILE} has changed"; exit 76; }}'
    )


def _warnings(gateway: str, steps: list[Step]) -> tuple[str, ...]:
    text = " ".join(line for step in steps for line in step.show)
    lines = []
    if "forward" in text:
        lines.append(
            f"{gateway} will forward between all its networks as far as its firewall lets it, not this tunnel's only"
        )
    if "ipv6" in text and "forwarding" in text:
        lines.append(
            f"interfaces of {gateway} that take IPv6 addresses from router advertisements stop doing so"
        )
    return tuple(lines)


def _overruled(gateway: str, wanted: tuple[_Setting, ...], seen: Mapping[str, Output]) -> tuple[str, ...]:
    """Files read after ours that say otherwise."""
    output = seen.get("sysctl-later")
    lines = output.stdout.splitlines() if output is not None else []
    found = []
    for line in lines:
        path, _, text = line.partition(":")
        key, equals, value = text.partition("=")
        key = (
            key.strip().removeprefix("-").replace("/", ".")
            if "." not in key
            else key.strip().removeprefix("-")
        )
        found += [
            f"{path} of {gateway} sets {one.key} to {value.strip()} after that: change it there"
            for one in wanted
            if equals and key == one.key and value.strip() != one.value
        ]
    return tuple(dict.fromkeys(found))
