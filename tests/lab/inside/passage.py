"""Whether traffic goes through tunnel `site`, both ways, by what hosts and kernels say and no daemon."""

from __future__ import annotations

import re

from tests.lab import healthy
from tests.lab.inside.pair import GATEWAYS, Pair, eventually
from tests.lab.inside.shell import must

PATIENCE_S = 8.0
_PINGS = (
    ("host-a", "ping -n -c2 -i0.2 -W2 -I 10.1.0.10 10.2.0.10"),
    ("host-b", "ping -n -c2 -i0.2 -W2 -I 10.2.0.10 10.1.0.10"),
)


def passage(pair: Pair) -> list[str]:
    """What does not pass, a line each; nothing when pings pass both ways and all four ESP counters move."""
    before = {name: counters(pair, name) for name in GATEWAYS}
    found = [
        f"no ping from {node}"
        for node, line in _PINGS
        if not eventually(lambda: pair.shell(node, line).exit == 0, PATIENCE_S)  # noqa: B023 - asked at once
    ]
    for name in GATEWAYS:
        now = counters(pair, name)
        moved = {way for (way, spi), count in now.items() if count > before[name].get((way, spi), 0)}
        found += [f"the kernel of {name} counts nothing {way}" for way in ("in", "out") if way not in moved]
    return found


def counters(pair: Pair, name: healthy.Gateway) -> dict[tuple[str, str], int]:
    """The bytes that each of the kernel's SAs of `site` has carried, by its direction and SPI."""
    return count(
        must(["ip", "-n", name, "-s", "xfrm", "state"]),
        healthy.OUTSIDE[pair.topology][name][0],
        healthy.REACHED_AT[healthy.OTHER[name]][0],
    )


def count(listing: str, own: str, peer: str) -> dict[tuple[str, str], int]:
    """The bytes of the states between two addresses, as `ip -s xfrm state` lists them."""
    ways = {(own, peer): "out", (peer, own): "in"}
    counted: dict[tuple[str, str], int] = {}
    for block in re.split(r"^(?=src )", listing, flags=re.MULTILINE):
        ends = re.match(r"src (\S+) dst (\S+)\s+proto \w+ spi (0x\w+)", block)
        carried = re.search(r"lifetime current:\s+(\d+)\s*\(bytes\)", block)
        if ends and carried and (way := ways.get((ends[1], ends[2]))):
            counted[way, ends[3]] = int(carried[1])
    return counted
