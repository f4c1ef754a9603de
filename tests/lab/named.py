"""Guests that stay up in the background under a name, for those who develop against real gateways."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.lab import healthy, images, queue
from tests.lab.guest import REPOSITORY, Guest
from tests.lab.trouble import LabError

NAMED_SECONDS = 8 * 3600.0
_KEEPER = "keeper"


def folder(name: str) -> Path:
    """The run folder of that name, the user's own."""
    return Path(tempfile.gettempdir()) / f"ipsec-wizard-lab-{os.getuid()}" / name


def up(name: str, chosen: dict[healthy.Gateway, str], topology: healthy.Topology) -> float:
    """Start a guest of that name in the background; returns the seconds until its pair was healthy.

    Raises:
        LabError: one of that name is up already, or it did not come up.
    """
    run = folder(name)
    if alive(name):
        raise LabError(f"{name} is up already; `python -m tests.lab down {name}` ends it.")
    started = time.monotonic()
    run.parent.mkdir(mode=0o700, exist_ok=True)
    log = run.parent / f"{name}.log"
    words = [sys.executable, "-m", "tests.lab", "keep", name, "--topology", topology]
    words += [f"--image={gateway}={image}" for gateway, image in chosen.items()]
    (run / queue.STATUS).unlink(missing_ok=True)
    with log.open("wb") as said:
        keeper = subprocess.Popen(
            words, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
        )
    while keeper.poll() is None:
        status = queue.get(run / queue.STATUS)
        if status and status["state"] == "ready":
            return time.monotonic() - started
        time.sleep(0.1)
    raise LabError(f"{name} did not come up: {log.read_text(encoding='utf-8', errors='replace').strip()}")


def keep(name: str, chosen: dict[healthy.Gateway, str], topology: healthy.Topology) -> None:
    """Be the process that owns the guest: start it, wait for its end, and end it when told to end."""
    built = [image for image in images.definitions().images if images.path(image).exists()]
    with Guest(folder(name), seconds=NAMED_SECONDS) as guest:
        guest.start(built, chosen, topology)
        (guest.run / _KEEPER).write_text(str(os.getpid()), encoding="utf-8")
        guest.ready()
        guest.wait()


def _keeper(name: str) -> int:
    """The process that owns the guest, 0 when there is none."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        pid = int((folder(name) / _KEEPER).read_text(encoding="utf-8"))
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            return pid if name.encode() in words and b"keep" in words else 0
    return 0


def alive(name: str) -> bool:
    """Whether a guest of that name is up."""
    return _keeper(name) != 0


def ask(name: str, request: dict[str, object], given: bytes | None = None) -> dict[str, object]:
    """Have that guest carry out one request, its output going to ours.

    Raises:
        LabError: there is no such guest, or it ended.
    """
    if not alive(name):
        raise LabError(f"{name} is not up; `python -m tests.lab up --name {name}` starts it.")
    return queue.ask(
        folder(name),
        request,
        ended=lambda: "" if alive(name) else f"see {folder(name)}/console.log",
        given=given,
    )


def down(name: str) -> None:
    """End that guest, and wait until it has ended."""
    pid = _keeper(name)
    if pid:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 15
        while alive(name) and time.monotonic() < deadline:
            time.sleep(0.1)
