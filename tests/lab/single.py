"""One scenario in a guest of its own: a command in it, or a terminal."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.lab import healthy, terminal
from tests.lab.guest import Guest
from tests.lab.scenario import Scenario
from tests.lab.trouble import LabError

SHELL_SECONDS = 4 * 3600.0
EXECUTE_SECONDS = 1800.0


@contextlib.contextmanager
def _in(scenario: Scenario, seconds: float, tty: int | None = None) -> Iterator[Guest]:
    """A guest with the scenario put on; it is ended, and its folder gone, afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="ipsec-wizard-lab-"))
    try:
        with Guest(folder / "guest", seconds=seconds, terminal=tty) as guest:
            chosen = {name: scenario.image(name) for name in healthy.OTHER}
            guest.start((), chosen, scenario.topology)
            guest.ready()
            answer = guest.ask({"verb": "apply", "scenario": scenario.id})
            if answer["exit"] != 0:
                raise LabError(str(answer.get("why")))
            yield guest
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def execute(scenario: Scenario, node: str, words: list[str]) -> int:
    """Run a command on a node in that scenario, its output going to ours; returns its exit status.

    Raises:
        LabError: the scenario could not be put on.
    """
    with _in(scenario, EXECUTE_SECONDS) as guest:
        answer = guest.ask({"verb": "execute", "node": node, "argv": words, "seconds": EXECUTE_SECONDS})
    if why := answer.get("why"):
        raise LabError(str(why))
    return int(answer["exit"])


def shell(scenario: Scenario, node: str, words: list[str]) -> int:
    """Give the user's terminal to a command on a node in that scenario; returns its exit status.

    Raises:
        LabError: the scenario could not be put on, or the guest ended by itself.
    """
    with terminal.joined() as (ours, guests), _in(scenario, SHELL_SECONDS, guests) as guest:
        rows, columns = terminal.size()
        request = {
            "verb": "terminal",
            "node": node,
            "argv": words,
            "rows": rows,
            "columns": columns,
            "environment": {
                name: os.environ[name] for name in ("TERM", "COLORTERM", "NO_COLOR") if name in os.environ
            },
        }
        answers: list[dict[str, Any]] = []
        troubles: list[LabError] = []

        def ask() -> None:
            try:
                answers.append(guest.ask(request))
            except LabError as trouble:
                troubles.append(trouble)

        def resized(rows: int, columns: int) -> None:
            resize = {"verb": "resize", "rows": rows, "columns": columns}
            # The screen must not wait for the guest to have taken notice.
            threading.Thread(target=guest.ask, args=(resize,), daemon=True).start()

        asking = threading.Thread(target=ask)
        asking.start()
        terminal.relay(ours, asking.is_alive, resized)
        asking.join()
        if troubles:
            raise troubles[0]
    if why := answers[0].get("why"):
        raise LabError(str(why))
    return int(answers[0]["exit"])
