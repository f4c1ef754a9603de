"""Watches the tunnel that nobody mends: pings through it all the while, and its SAs before and after."""

from __future__ import annotations

import re
import signal
import subprocess
from dataclasses import dataclass, field

from tests.lab.inside import network
from tests.lab.inside.pair import GATEWAYS, PINGS, Pair

EVERY_S = 0.5
_WAYS = (("host-a", "10.11.0.10", "10.12.0.10"), ("host-b", "10.12.0.10", "10.11.0.10"))


@dataclass(slots=True)
class Bystander:
    """The sibling tunnel `branch` while something is done to `site`; begins with its making."""

    pair: Pair
    up: bool = False
    """Whether it carried traffic at the beginning: a fault may take it along."""
    _spis: dict[str, list[str]] = field(default_factory=dict)
    _pings: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.up = self.pair.shell("host-a", PINGS["branch"]).exit == 0
        self._spis = self._seen()
        if self.up:
            self._pings = [
                subprocess.Popen(
                    [*network.within(node), "ping", "-n", "-i", str(EVERY_S), "-I", source, target],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    start_new_session=True,
                )
                for node, source, target in _WAYS
            ]

    def _seen(self) -> dict[str, list[str]]:
        return {
            name: sorted(
                self.pair.gateways[name]
                .run(self.pair.daemon(name).spis.format(connection="branch"))
                .stdout.split()
            )
            for name in GATEWAYS
        }

    def end(self) -> list[str]:
        """Stops watching; what it lost, a line each."""
        found: list[str] = []
        for (node, _, _), ping in zip(_WAYS, self._pings, strict=False):
            ping.send_signal(signal.SIGINT)
            said, _ = ping.communicate(timeout=10)
            lost = lost_pings(said)
            found += [f"{lost} pings from {node} were lost"] if lost else []
        self._pings = []
        now = self._seen()
        if self.up:
            found += [
                f"{name}: SPIs {' '.join(old)} are now {' '.join(now[name])}"
                for name, old in self._spis.items()
                if old != now[name]
            ]
        return found


def lost_pings(said: str) -> int:
    """How many pings had no answer, by what ping printed; the last one may still be on its way."""
    answered = {int(number) for number in re.findall(r"bytes from .*icmp_seq=(\d+)", said)}
    sent = re.search(r"^(\d+) packets transmitted", said, re.MULTILINE)
    count = int(sent[1]) if sent else max(answered, default=0)
    missing = set(range(1, count + 1)) - answered - {count}
    return len(missing) if answered or count > 1 else 0
