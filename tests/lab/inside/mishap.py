"""What goes wrong while a tunnel is mended: links cut, programs killed, disks full, machines restarted.

A trip waits for a line of a running program; when it comes, the program is stopped, the mishap happens, and the
program goes on or is killed. So a mishap falls exactly between two of its moves.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.lab import queue
from tests.lab.inside import network, operator
from tests.lab.inside.pair import Pair
from tests.lab.inside.shell import run
from tests.lab.trouble import LabError

_POLL_S = 0.005


def happen(pair: Pair, mishap: dict[str, Any]) -> str:
    """Let one mishap happen; returns what was printed.

    `{"node": …, "run": LINE}`, `{"cut": GATEWAY}`, `{"join": GATEWAY}` (the management link), `{"fill": GATEWAY}`,
    `{"drain": GATEWAY}` (its disk), `{"reboot": GATEWAY}`, `{"wait": SECONDS}`.

    Raises:
        LabError: it could not be made to happen.
    """
    match mishap:
        case {"node": str(node), "run": str(line)}:
            ran = pair.shell(node, line, deadline_s=float(mishap.get("seconds", 60)))
            if ran.exit != 0 and not mishap.get("may_fail"):
                raise LabError(f"on {node} `{line}` ended with {ran.exit}: {ran.complaint}")
            return ran.text
        case {"operator": str(line)}:
            known = [f"{name}={value}" for name, value in operator.environment().items()]
            ran = run([*pair.words("op"), "env", *known, "sh", "-c", line], deadline_s=180)
            return ran.text
        case {"cut": str(name)}:
            _management(name, "down")
        case {"join": str(name)}:
            _management(name, "up")
        case {"fill": str(name)}:
            fill(name)
        case {"drain": str(name)}:
            _resize(name, "60%")
        case {"reboot": str(name)}:
            reboot(pair, name)
        case {"wait": seconds}:
            time.sleep(float(seconds))
        case _:
            raise LabError(f"there is no mishap {mishap}")
    return ""


def _management(name: str, state: str) -> None:
    # The port of the management bridge that the gateway hangs on: silence, not a refusal.
    ran = run(["ip", "-n", "op", "link", "set", name, state])
    if ran.exit != 0:
        raise LabError(f"the management link of {name} could not be set {state}: {ran.complaint}")


def fill(name: str) -> None:
    """Leave no free page on the gateway's disk; names of empty files can still be made, as on a real one."""
    place = Path("/mnt/gateways") / name
    seen = os.statvfs(place)
    _resize(name, f"{(seen.f_blocks - seen.f_bfree) * seen.f_frsize // 1024}k")


def _resize(name: str, size: str) -> None:
    ran = run(["mount", "-o", f"remount,size={size}", f"/mnt/gateways/{name}"])
    if ran.exit != 0:
        raise LabError(f"the disk of {name} could not be made {size}: {ran.complaint}")


def reboot(pair: Pair, name: str) -> None:
    """Restart the gateway; SAs, policies and firewall rules are lost with its kernel, as on a real machine."""
    gateway = next(one for one in pair.gateways.values() if one.name == name)
    gateway.stop()
    network.forget_sas(name)
    network.drop_rules(name)
    gateway.reboot(pair.daemon(gateway.name))


class Trip:
    """Waits in a program's output for its line; see `check`."""

    def __init__(self, pair: Pair, wish: dict[str, Any], output: Path) -> None:
        """`wish`: {"on": regular expression, "do": [mishap …], "kill": bool}; `output`: what the program writes."""
        self._pair = pair
        self._on = re.compile(str(wish["on"]).encode(), re.MULTILINE)
        self._do: list[dict[str, Any]] = list(wish.get("do", []))
        self._kill = bool(wish.get("kill"))
        self._output = output
        self.happened = False
        self.said = ""
        self.troubles: list[str] = []

    def check(self, process: subprocess.Popen[bytes]) -> None:
        """If the line has come, let happen what was wished, with the program stopped meanwhile."""
        if self.happened or not self._on.search(self._output.read_bytes()):
            return
        self.happened = True
        os.killpg(process.pid, signal.SIGKILL if self._kill else signal.SIGSTOP)
        try:
            for mishap in self._do:
                self.said += happen(self._pair, mishap)
        except LabError as trouble:
            self.troubles.append(str(trouble))
        finally:
            if not self._kill:
                os.killpg(process.pid, signal.SIGCONT)


def wait(process: subprocess.Popen[bytes], trips: list[Trip], over: Callable[[], bool]) -> bool:
    """Until the program has ended, with every trip looked after; False when it was over first."""
    while process.poll() is None:
        for trip in trips:
            trip.check(process)
        if over():
            return False
        time.sleep(_POLL_S if any(not trip.happened for trip in trips) else queue.POLL_S)
    return True
