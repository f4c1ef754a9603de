"""Carries out the host's requests: a command on a node, a scenario, a reset."""

from __future__ import annotations

import os
import signal
import subprocess
import termios
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path
from typing import Any

from tests.lab import queue, scenario
from tests.lab.inside import mishap, operator, portrait
from tests.lab.inside.bystander import Bystander
from tests.lab.inside.pair import GATEWAYS
from tests.lab.inside.passage import passage
from tests.lab.inside.stage import Stage
from tests.lab.trouble import LabError

TERMINAL = Path("/dev/tty1")


class Desk:
    """Answers requests; those that change the lab wait for each other."""

    def __init__(self, stage: Stage, run: Path) -> None:
        """`run` is the folder that host and guest share."""
        self._stage = stage
        self._run = run
        self._changing = threading.Lock()
        self._bystander: Bystander | None = None
        self._portraits: dict[str, dict[str, portrait.Portrait]] = {}
        self._verbs: dict[str, Callable[[dict[str, Any], Path], dict[str, Any]]] = {
            "execute": self._execute,
            "terminal": self._terminal,
            "resize": self._resize,
            "apply": self._apply,
            "reset": self._reset,
            "traces": self._traces,
            "status": self._status,
            "portray": self._portray,
            "watch": self._watch,
            "passage": self._passage,
            "leftovers": self._leftovers,
            "mishap": self._mishap,
        }

    def answer(self, request: dict[str, Any]) -> None:
        """Carry out one request and leave its answer in the reply's folder."""
        reply = self._run / "replies" / str(request["name"])
        try:
            answer = self._verbs[request["verb"]](request, reply)
        except LabError as wrong:
            answer = {"exit": 3, "why": str(wrong)}
        except Exception:  # noqa: BLE001 - whatever happens, the one who waits is told
            answer = {"exit": 3, "why": traceback.format_exc()}
        queue.put(reply / "done.json", answer)

    def _execute(self, request: dict[str, Any], reply: Path) -> dict[str, Any]:
        node = str(request["node"])
        words = [*self._stage.pair.words(node), *request["argv"]]
        environment = operator.environment()
        given = reply / "stdin"
        with (
            (reply / "stdout").open("wb") as out,
            (reply / "stderr").open("wb") as err,
            (given if given.exists() else Path(os.devnull)).open("rb") as stdin,
        ):
            process = subprocess.Popen(
                words,
                stdin=stdin,
                stdout=out,
                stderr=err,
                env=environment,
                cwd="/tmp",
                start_new_session=True,
            )
            deadline = time.monotonic() + float(request.get("seconds") or 3600)
            trips = [
                mishap.Trip(self._stage.pair, wish, reply / "stderr") for wish in request.get("trips", [])
            ]
            if not mishap.wait(
                process, trips, lambda: (reply / "cancel").exists() or time.monotonic() > deadline
            ):
                os.killpg(process.pid, signal.SIGKILL)
                return {"exit": 124, "why": f"`{' '.join(request['argv'])}` was ended"}
        left = {"exit": process.returncode if process.returncode >= 0 else 128 - process.returncode}
        return {**left, "trips": [[one.happened, one.said, one.troubles] for one in trips]} if trips else left

    def _terminal(self, request: dict[str, Any], _reply: Path) -> dict[str, Any]:
        """Run a command on the terminal that the host has joined with the user's."""
        words = [
            "setsid",
            "--ctty",
            "--wait",
            *self._stage.pair.words(str(request["node"])),
            *request["argv"],
        ]
        with TERMINAL.open("r+b", buffering=0) as tty:
            # A terminal that nobody has open forgets its size.
            _set_size(tty, request)
            done = subprocess.run(
                words,
                stdin=tty,
                stdout=tty,
                stderr=tty,
                env={**operator.environment(), **request["environment"]},
                cwd="/tmp",
                check=False,
            )
        return {"exit": done.returncode if done.returncode >= 0 else 128 - done.returncode}

    def _resize(self, request: dict[str, Any], _reply: Path) -> dict[str, Any]:
        with TERMINAL.open("r+b", buffering=0) as tty:
            _set_size(tty, request)
        return {"exit": 0}

    def _apply(self, request: dict[str, Any], _reply: Path) -> dict[str, Any]:
        known = scenario.load()
        name = str(request["scenario"])
        if name not in known:
            raise LabError(f"There is no scenario {name}.")
        with self._changing:
            started = time.monotonic()
            self._stage.apply(known[name])
        return {"exit": 0, "seconds": round(time.monotonic() - started, 1), "expect": known[name].expect}

    def _reset(self, request: dict[str, Any], _reply: Path) -> dict[str, Any]:
        with self._changing:
            started = time.monotonic()
            self._stage.reset(request.get("images", {}), request.get("topology", "plain"))
        return {"exit": 0, "seconds": round(time.monotonic() - started, 1)}

    def _traces(self, _request: dict[str, Any], _reply: Path) -> dict[str, Any]:
        with self._changing:
            return {"exit": 0, "traces": self._stage.traces()}

    # What mending is judged by

    def _portray(self, request: dict[str, Any], _reply: Path) -> dict[str, Any]:
        """Keep a picture of both gateways as `as`, or compare with one as `against`; or say it whole."""
        pair = self._stage.pair
        with ThreadPoolExecutor(2) as pool:
            now = dict(
                zip(GATEWAYS, pool.map(lambda name: portrait.portrait(pair, name), GATEWAYS), strict=True)
            )
        if "as" in request:
            self._portraits[str(request["as"])] = {str(name): one for name, one in now.items()}
        if "against" in request:
            before = self._portraits[str(request["against"])]
            lines = [f"{n}: {line}" for n in GATEWAYS for line in portrait.differences(before[n], now[n])]
            return {"exit": 0, "differences": lines}
        return {"exit": 0, "portrait": now if request.get("whole") else {}}

    def _watch(self, _request: dict[str, Any], _reply: Path) -> dict[str, Any]:
        """Begin to watch the sibling tunnel; or, when it is watched, stop and say what it lost."""
        if self._bystander is None:
            self._bystander = Bystander(self._stage.pair)
            return {"exit": 0, "up": self._bystander.up}
        watched, self._bystander = self._bystander, None
        return {"exit": 0, "up": watched.up, "lost": watched.end()}

    def _passage(self, _request: dict[str, Any], _reply: Path) -> dict[str, Any]:
        return {"exit": 0, "missing": passage(self._stage.pair)}

    def _leftovers(self, _request: dict[str, Any], _reply: Path) -> dict[str, Any]:
        gateways = self._stage.pair.gateways.values()
        left = [f"{one.name}: {line}" for one in gateways for line in portrait.leftovers(one)]
        kept = [f"{one.name}: {line}" for one in gateways for line in portrait.backups(one)]
        records = [f"{one.name}: {line}" for one in gateways for line in portrait.records(one)]
        return {"exit": 0, "left": left, "kept": kept, "records": records}

    def _mishap(self, request: dict[str, Any], _reply: Path) -> dict[str, Any]:
        return {"exit": 0, "said": mishap.happen(self._stage.pair, request["mishap"])}

    def _status(self, _request: dict[str, Any], _reply: Path) -> dict[str, Any]:
        pair = self._stage.pair
        return {
            "exit": 0,
            "applied": self._stage.applied,
            "topology": pair.topology,
            "images": {name: gateway.image for name, gateway in pair.gateways.items()},
        }


def _set_size(tty: FileIO, request: dict[str, Any]) -> None:
    termios.tcsetwinsize(tty, (int(request["rows"]), int(request["columns"])))
