"""A gateway's interfaces, neighbours and ways to its peers, read with one process where three and more would do.

A process is what costs time on a busy gateway. `ip` is given all its questions at once, and its answers are put where
each question by itself would have printed them; busybox, which cannot do that, is asked one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from wizard.facts.parsers import iproute, routes
from wizard.facts.probes import Command, Output

ADDRESSES: Final = Command("addresses", iproute.ADDRESSES_COMMAND, 5, show="ip addr", limits="bare")
NEIGHBOURS: Final = Command("neighbours", iproute.NEIGHBOURS_COMMAND, 5, limits="bare")
LOOKUPS: Final = Command("route-lookups", routes.LOOKUPS_COMMAND, 10, show="ip route get PEER", limits="none")
APART: Final = (ADDRESSES, NEIGHBOURS, LOOKUPS)
"""What the one command stands for: its output is taken apart into theirs."""

_FRAME: Final = re.compile(r"@# (\S+) ([0-9]+)")

_SCRIPT: Final = f"""\
{routes.PEERS_SCRIPT}
IFS=' '
all=$(
  {{ printf 'link show\\naddr show\\nneigh show\\n'; for peer in $asked; do echo "route get $peer"; done; }} |
    ip -force -d -o -batch - 2>/dev/null
)
first= near= ways=$nl code=0
IFS=$nl
for line in $all; do
  case $line in
  [0-9]*': '*) first="$first$line$nl" ;;
  unicast\\ *) line=${{line#* }}; ways="$ways${{line%% *}}|$line$nl" ;;
  local\\ *|broadcast\\ *|multicast\\ *|anycast\\ *|unreachable\\ *|blackhole\\ *|prohibit\\ *|throw\\ *|nat\\ *)
    way=${{line#* }}; ways="$ways${{way%% *}}|$line$nl" ;;
  *) near="$near$line$nl" ;;
  esac
done
IFS=' '
case $first in
*': <'*) echo '@# addresses 0'; printf '%s' "$first" ;;
*) echo '@# addresses 0'; {iproute.ADDRESSES_COMMAND}; near=$(ip neigh show); code=$?; ways=$nl near="$near$nl" ;;
esac
printf '@# neighbours %s\\n%s' "$code" "$near"
echo '@# route-lookups 0'
for peer in $asked; do
  echo "@@ $peer"
  case $ways in
  *"$nl$peer|"*)
    way=${{ways#*"$nl$peer|"}} way=${{way%%"$nl"*}}
    printf '%s\\n@= 0\\n' "${{way%%'\\'*}}" ;;
  *) ip route get "$peer" 2>&1; echo "@= $?" ;;
  esac
done"""

COMMAND: Final = Command(
    "network", _SCRIPT, 15, show="ip addr; ip neigh show; ip route get PEER", limits="none"
)


def apart(outputs: Iterable[Output]) -> list[Output]:
    """The outputs with that of COMMAND as those of what it stands for; others stay as they are."""
    found: list[Output] = []
    for output in outputs:
        if output.command.id == COMMAND.id:
            found += _parts(output)
        else:
            found.append(output)
    return found


def _parts(output: Output) -> list[Output]:
    if output.problem is not None:
        return [replace(output, command=one) for one in APART]
    bodies: dict[str, list[str]] = {}
    codes: dict[str, int] = {}
    lines: list[str] = []
    for line in output.stdout.splitlines(keepends=True):
        frame = _FRAME.fullmatch(line.rstrip("\n"))
        if frame is not None:
            lines = bodies.setdefault(frame[1], [])
            codes[frame[1]] = int(frame[2])
        else:
            lines.append(line)
    parts = [
        replace(
            output,
            command=one,
            stdout="".join(bodies.get(one.id, ())),
            stderr="",
            exit_code=codes.get(one.id),
            elapsed_s=0.0,
        )
        for one in APART
    ]
    return [replace(parts[0], stderr=output.stderr, elapsed_s=output.elapsed_s), *parts[1:]]
