"""How the host and the agent in a guest talk: small JSON files in the guest's run folder.

Both sides see that folder, the guest through hostfs. A file appears by rename, so it is whole when seen.
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from tests.lab.trouble import LabError

POLL_S = 0.05
STATUS = "status.json"


def put(file: Path, content: object) -> None:
    """Write a JSON file that others see either whole or not at all."""
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    partial.write_text(json.dumps(content), encoding="utf-8")
    partial.rename(file)


def get(file: Path) -> Any | None:
    """The content of a JSON file, or None while there is none."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def prepare(run: Path) -> None:
    """Make the folders of the queue in an empty run folder."""
    for name in ("requests", "replies"):
        (run / name).mkdir(exist_ok=True)


def ask(
    run: Path,
    request: dict[str, Any],
    *,
    ended: Callable[[], str],
    out: BinaryIO | None = None,
    err: BinaryIO | None = None,
    given: bytes | None = None,
) -> dict[str, Any]:
    """Post a request with its standard input, copy what it prints as it comes, return the answer.

    `ended` says how the guest ended, nothing while it runs.

    Raises:
        LabError: the guest ended before it answered.
        KeyboardInterrupt: passed on after the agent was told to stop the command.
    """
    name = uuid.uuid4().hex[:12]
    reply = run / "replies" / name
    reply.mkdir()
    if given is not None:
        (reply / "stdin").write_bytes(given)
    streams = [(reply / "stdout", out or sys.stdout.buffer), (reply / "stderr", err or sys.stderr.buffer)]
    offsets = [0, 0]
    put(run / "requests" / f"{name}.json", {**request, "name": name})
    try:
        while True:
            answer = get(reply / "done.json")
            for index, (file, stream) in enumerate(streams):
                offsets[index] += _copy(file, offsets[index], stream)
            if answer is not None:
                return dict(answer)
            if why := ended():
                raise LabError(f"The guest ended before it answered ({why}).")
            time.sleep(POLL_S)
    except KeyboardInterrupt:
        (reply / "cancel").touch()
        raise


def _copy(file: Path, offset: int, stream: BinaryIO) -> int:
    try:
        with file.open("rb") as source:
            source.seek(offset)
            piece = source.read()
    except FileNotFoundError:
        return 0
    if piece:
        stream.write(piece)
        stream.flush()
    return len(piece)
