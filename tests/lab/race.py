"""Three ways to look at a broken tunnel, raced on the operator's node with added delay to both gateways.

Ours; the same commands as one `ssh` process each; the guide's check script sent to both gateways over ssh. All run
in turns within one run, because what the machine does beside changes from minute to minute. `python -m tests.lab
bench` runs it in a guest; `--inside` is the part in there.
"""

from __future__ import annotations

import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.lab import single
from tests.lab.inside.operator import INVENTORY
from tests.lab.record_demo import diagnosed
from tests.lab.scenario import Scenario
from wizard.demo.tape import Exchange, Said

DELAYS_MS: Final = (0, 40, 150)
"""Added to each round trip between the operator and a gateway, milliseconds."""
ROUNDS: Final = 2
GATEWAYS: Final = ("gw-a", "gw-b")
CONFIG: Final = "/run/lab/ssh_config"
ROWS: Final = ("ipsec-wizard", "one ssh a command", "the guide's script", "floor")

# What the guide's check-ipsec.sh runs, with what it would print of secrets and keys left out.
GUIDE: Final = r"""
systemctl status strongswan 2>/dev/null || systemctl status ipsec 2>/dev/null
ps aux | grep -E "charon|ipsec" | grep -v grep
ipsec status 2>/dev/null || swanctl --list-sas 2>/dev/null
ipsec statusall 2>/dev/null | grep -E "IKE|ESP" | head -10
grep -E "conn|left|right|ike|esp" /etc/ipsec.conf 2>/dev/null | head -20
ip xfrm policy list 2>/dev/null | head -10
ip xfrm state list nokeys 2>/dev/null | head -10
for peer in @PEER@; do
  ping -c 2 -W 2 $peer 2>&1 | tail -2
  nc -w 2 -zuv $peer 500 2>&1
  nc -w 2 -zuv $peer 4500 2>&1
done
iptables -L -n 2>/dev/null | grep -E "500|4500|ESP"
journalctl -u strongswan --no-pager -n 10 2>/dev/null
"""
PEERS: Final = {"gw-a": "198.51.100.1", "gw-b": "192.0.2.1"}


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one gateway was asked in our diagnosis."""

    gateway: str
    exchanges: tuple[Exchange, ...]


def bench(scenario: Scenario) -> int:
    """Races the three in a guest of its own and prints the table; returns 0 when ours keeps its promises."""
    return single.execute(scenario, "op", [sys.executable, "-m", "tests.lab.race", "--inside"])


def inside() -> int:
    """The race itself, on the operator's node."""
    spoken, longest_s = _our_commands()
    print("median of", ROUNDS, "runs each, seconds")
    print("added delay".ljust(14), *(row.rjust(20) for row in ROWS), "ours / floor".rjust(14), flush=True)
    kept = True
    for delay in DELAYS_MS:
        _delay(delay)
        times: dict[str, list[float]] = {row: [] for row in ROWS}
        for _ in range(ROUNDS):
            times["ipsec-wizard"].append(_ours())
            times["one ssh a command"].append(_timed(lambda: _both(_one_by_one, spoken)))
            times["the guide's script"].append(_timed(_guide))
            times["floor"].append(_timed(_handshake) + longest_s)
        kept &= _show(delay, {row: statistics.median(taken) for row, taken in times.items()})
    _delay(0)
    return 0 if kept else 1


def _our_commands() -> tuple[list[Spoken], float]:
    """Everything our diagnosis ran, and the time of its longest exercise's commands, seconds."""
    tapes = diagnosed()
    spoken = [Spoken(name, exchanges) for name, exchanges in tapes.items()]
    exercises = [
        sum(one.elapsed_s for one in exchange.said[exchange.watches :])
        for gateway in spoken
        for exchange in gateway.exchanges
        if exchange.watches
    ]
    return spoken, max(exercises, default=0.0)


def _delay(milliseconds: int) -> None:
    for gateway in GATEWAYS:
        subprocess.run(["tc", "qdisc", "del", "dev", gateway, "root"], capture_output=True, check=False)
        if milliseconds:
            netem = ["tc", "qdisc", "add", "dev", gateway, "root", "netem", "delay", f"{milliseconds}ms"]
            subprocess.run(netem, check=True)


def _timed(run: Callable[[], object]) -> float:
    began = time.monotonic()
    run()
    return time.monotonic() - began


def _ours() -> float:
    with tempfile.TemporaryDirectory() as state:
        words = [
            "ipsec-wizard",
            "--inventory",
            str(INVENTORY),
            "--state",
            state,
            "diagnose",
            "site",
            "--json",
        ]
        began = time.monotonic()
        done = subprocess.run(words, capture_output=True, check=False)
        took = time.monotonic() - began
    if not json.loads(done.stdout)["causes"]:
        raise SystemExit("the diagnosis named no cause, so its time means nothing")
    return took


def _ssh(gateway: str, text: str) -> list[str]:
    return ["ssh", "-F", CONFIG, "-o", "BatchMode=yes", gateway, f"sh -c {shlex.quote(text)}"]


def _both(run: Callable[[Spoken], None], spoken: Sequence[Spoken]) -> None:
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(run, spoken))


def _one_by_one(spoken: Spoken) -> None:
    for exchange in spoken.exchanges:
        watches = [_started(spoken.gateway, one) for one in exchange.said[: exchange.watches]]
        for one in exchange.said[exchange.watches :]:
            process = _started(spoken.gateway, one)
            process.wait()
        for watch in watches:
            watch.terminate()
            watch.wait()


def _started(gateway: str, one: Said) -> subprocess.Popen[bytes]:
    environment: Mapping[str, str] = {"SUDO": "", "SALT": "bench", "PEERS": ""}
    given = "".join(f"{name}={value}; export {name}; " for name, value in environment.items())
    quiet: dict[str, Any] = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    return subprocess.Popen(_ssh(gateway, given + one.text), **quiet)


def _guide() -> None:
    for gateway in GATEWAYS:
        script = GUIDE.replace("@PEER@", PEERS[gateway])
        subprocess.run(_ssh(gateway, script), capture_output=True, check=False)


def _handshake() -> None:
    subprocess.run(_ssh(GATEWAYS[0], ":"), capture_output=True, check=True)


def _show(delay: int, medians: Mapping[str, float]) -> bool:
    """Prints one row; whether ours is the fastest there and near the floor, which without delay is not asked."""
    ratio = medians["ipsec-wizard"] / medians["floor"]
    row = [f"{medians[name]:.1f}".rjust(20) for name in ROWS]
    print(f"{delay} ms".ljust(14), *row, f"{ratio:.2f}".rjust(14), flush=True)
    return not delay or (medians["ipsec-wizard"] <= min(medians[name] for name in ROWS[1:3]) and ratio <= 1.5)


if __name__ == "__main__":
    os.chdir(Path(__file__).parents[2])
    sys.exit(inside() if "--inside" in sys.argv else 2)
