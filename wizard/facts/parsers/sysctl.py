"""Kernel settings that decide whether tunnel traffic gets through, read from /proc/sys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Final

from wizard.facts.parsers.words import whole
from wizard.records import dataclass

COMMAND: Final = """\
grep -H . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/ip_no_pmtu_disc \\
  /proc/sys/net/ipv4/tcp_mtu_probing /proc/sys/net/ipv4/conf/*/forwarding \\
  /proc/sys/net/ipv4/conf/*/rp_filter /proc/sys/net/ipv4/conf/*/accept_redirects \\
  /proc/sys/net/ipv4/conf/*/send_redirects /proc/sys/net/ipv4/conf/*/disable_policy \\
  /proc/sys/net/ipv4/conf/*/disable_xfrm /proc/sys/net/ipv4/conf/*/accept_local \\
  /proc/sys/net/ipv6/conf/all/forwarding /proc/sys/net/ipv6/conf/all/disable_ipv6 \\
  /proc/sys/net/core/xfrm_acq_expires /proc/sys/net/core/xfrm_larval_drop 2>/dev/null; :"""
"""Readable for everybody; interfaces may have dots in their names, which is why sysctl(8) is not asked."""

_LINE = re.compile(r"(?:/proc/sys/)?((?:net|kernel)/[\w\-./@]{1,200}):(.{0,400})")


@dataclass(frozen=True, slots=True)
class Sysctl:
    """One setting; names as sysctl(8) writes them, where a dot in an interface's name becomes a slash."""

    name: str
    value: str
    line: str

    @property
    def number(self) -> int | None:
        """The value as a number, None when it is none."""
        return whole(self.value)


@dataclass(frozen=True, slots=True)
class Sysctls:
    """The settings that could be read, by name."""

    values: Mapping[str, Sysctl] = field(default_factory=dict)

    def get(self, name: str) -> Sysctl | None:
        """The setting of that name, None when it was not read."""
        return self.values.get(name)

    def forwarding(self, family: int = 4) -> Sysctl | None:
        """The setting that lets the gateway forward packets of a family, 4 or 6."""
        return self.get("net.ipv4.ip_forward" if family == 4 else "net.ipv6.conf.all.forwarding")

    def of_interface(self, interface: str, key: str) -> Sysctl | None:
        """An IPv4 setting of one interface, such as "rp_filter"."""
        return self.get(f"net.ipv4.conf.{interface.replace('.', '/')}.{key}")

    def rp_filter(self, interface: str) -> int | None:
        """The reverse path filter in force on an interface: 0 off, 1 strict, 2 loose.

        The kernel takes the higher of the interface's value and that of "all" (ip-sysctl.rst).
        """
        stated = (self.of_interface("all", "rp_filter"), self.of_interface(interface, "rp_filter"))
        numbers = [setting.number for setting in stated if setting is not None and setting.number is not None]
        return max(numbers) if len(numbers) == len(stated) else None


def parse(text: str) -> Sysctls:
    """Settings by name from lines `path:value`; also takes `name = value` as sysctl(8) prints it."""
    values: dict[str, Sysctl] = {}
    for line in text.split("\n"):
        name, equals, value = line.partition(" = ")
        if equals and "/" not in name.split(".")[0]:
            dotted = name.strip()
        elif found := _LINE.match(line):
            value = found[2]
            dotted = found[1].replace(".", "\0").replace("/", ".").replace("\0", "/")
        else:
            continue
        if dotted:
            values[dotted] = Sysctl(dotted, value.strip(), line.strip())
    return Sysctls(values)
