"""Who owns UDP 500 and 4500."""

from __future__ import annotations

import re
from typing import Final

from wizard.records import dataclass

COMMAND: Final = """\
if command -v ss >/dev/null 2>&1; then
  $SUDO ss -Hlnup '( sport = :500 or sport = :4500 )' 2>/dev/null ||
    ss -Hlnup '( sport = :500 or sport = :4500 )'
else
  $SUDO netstat -lnup 2>/dev/null || cat /proc/net/udp /proc/net/udp6 2>/dev/null
fi"""
"""Without rights the sockets are still shown, only their owner is not."""

_OWNER = re.compile(r'users:\(\("([^"]{1,64})",pid=(\d{1,10})')
_NETSTAT_OWNER = re.compile(r"\s(\d{1,10})/(\S{1,64})")
_PROC = re.compile(r"\s{0,9}\d{1,9}: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F]{8,32}:[0-9A-F]{4} 07 ")


@dataclass(frozen=True, slots=True)
class Socket:
    """A UDP socket that takes packets from anybody; `process` is empty when the owner was not shown."""

    address: str
    """As printed: 0.0.0.0, [::], *, an address; a scope may follow after %."""
    port: int
    process: str
    pid: int | None
    line: str


def parse(text: str) -> tuple[Socket, ...]:
    """Sockets printed by ss or netstat, or read from /proc/net/udp (without owners there)."""
    found = (_from_proc(line) or _from_tool(line) for line in text.split("\n"))
    return tuple(socket for socket in found if socket is not None)


def _from_tool(line: str) -> Socket | None:
    words = line.split(None, 8)
    if len(words) < 5:
        return None
    if words[0] in {"UNCONN", "udp", "udp6"}:
        local = words[3]
    elif words[1] == "UNCONN":
        local = words[4]
    else:
        return None
    address, colon, port = local.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit() and len(port) <= 5):
        return None
    owner = _OWNER.search(line[:4000])
    if owner:
        return Socket(address, int(port), owner[1], int(owner[2]), line.strip())
    program = _NETSTAT_OWNER.search(line[:4000]) if words[0].startswith("udp") else None
    name = program[2] if program else ""
    return Socket(address, int(port), name, int(program[1]) if program else None, line.strip())


def _from_proc(line: str) -> Socket | None:
    found = _PROC.match(line)
    if not found:
        return None
    address = found[1]
    if len(address) == 8:
        address = ".".join(str(int(address[at : at + 2], 16)) for at in (6, 4, 2, 0))
    elif set(address) == {"0"}:
        address = "[::]"
    return Socket(address, int(found[2], 16), "", None, line.strip())
