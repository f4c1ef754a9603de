"""The agent: makes the pair, then carries out what the host asks, until it is told to power off."""

from __future__ import annotations

import os
import threading
import time
import traceback
from pathlib import Path
from typing import Any

from tests.lab import queue
from tests.lab.inside import operator, requests
from tests.lab.inside.pair import Pair
from tests.lab.inside.stage import Stage
from tests.lab.settings import Settings
from tests.lab.trouble import LabError

RUN = Path("/mnt/run")


def main() -> None:
    """Run until the host says so or the guest's time is up."""
    settings = Settings.read(RUN)
    os.environ["LAB_PREFIX"] = settings.prefix
    started = time.monotonic()
    print(
        f"agent started {Path('/proc/uptime').read_text(encoding='ascii').split()[0]} s after boot",
        flush=True,
    )
    try:
        operator.furnish(RUN / "keys")
        pair = Pair(settings.devices, RUN / "keys", RUN)
        pair.make(settings.images, settings.topology)
    except LabError as wrong:
        queue.put(RUN / queue.STATUS, {"state": "failed", "why": str(wrong)})
        return
    except Exception:
        queue.put(RUN / queue.STATUS, {"state": "failed", "why": traceback.format_exc()})
        raise
    queue.put(RUN / queue.STATUS, {"state": "ready", "seconds": round(time.monotonic() - started, 1)})
    _serve(requests.Desk(Stage(pair), RUN), started + settings.seconds)


def _serve(desk: requests.Desk, deadline: float) -> None:
    folder = RUN / "requests"
    while time.monotonic() < deadline:
        for file in sorted(folder.glob("*.json")):
            request: dict[str, Any] = queue.get(file) or {}
            file.unlink()
            if request.get("verb") == "power-off":
                queue.put(RUN / "replies" / request["name"] / "done.json", {"exit": 0})
                return
            threading.Thread(target=desk.answer, args=(request,), daemon=True).start()
        time.sleep(queue.POLL_S)


if __name__ == "__main__":
    main()
