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
from io import FileIO
from pathlib import Path
from typing import Any

from tests.lab import queue, scenario
from tests.lab.inside import operator
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
        self._verbs: dict[str, Callable[[dict[str, Any], Path], dict[str, Any]]] = {
            "execute": self._execute,
            "terminal": self._terminal,
            "resize": self._resize,
            "apply": self._apply,
            "reset": self._reset,
            "traces": self._traces,
            "status": self._status,
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
            while process.poll() is None:
                if (reply / "cancel").exists() or time.monotonic() > deadline:
                    os.killpg(process.pid, signal.SIGKILL)
                    return {"exit": 124, "why": f"`{' '.join(request['argv'])}` was ended"}
                time.sleep(queue.POLL_S)
        return {"exit": process.returncode if process.returncode >= 0 else 128 - process.returncode}

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
