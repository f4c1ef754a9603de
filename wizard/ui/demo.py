"""`ipsec-wizard demo`: any front end in front of the embedded gateways."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from wizard import paths
from wizard.demo import Pace, Scene
from wizard.errors import InputError
from wizard.gateways import Gateways
from wizard.links import Doors
from wizard.ssh import KnownHosts
from wizard.ui.conduct import DemoCause
from wizard.ui.desk import InventoryDesk

_RECORDED = (
    "the demo's gateways are recordings and cannot be changed; on your own gateways the plan comes now"
)


class DemoDesk(InventoryDesk):
    """The desk in front of a scene: every recording is a tunnel of its own name."""

    def __init__(self, scene: Scene, state: Path | None) -> None:
        """Loads the bundled knowledge; raises FlowError with every problem of it."""
        super().__init__(scene.inventory, [paths.bundled_flows()], state)
        self._scene = scene
        self.demo: Sequence[DemoCause] = tuple(
            DemoCause(header.id, header.title, header.story, header.symptom) for header in scene.recordings
        )

    def gateways_for(self, tunnel: str) -> Gateways:
        """Gateways that play this recording; raises InputError for one that is not there.

        The user's ssh_config is left out, because what it says of all hosts is not meant for these.
        """
        inventory = self._scene.inventory_of(tunnel)
        doors = Doors(
            inventory, KnownHosts(self._scene.known_hosts), self._secrets, ssh_config=Path(os.devnull)
        )
        return Gateways(
            inventory, tunnel, doors, self._signatures, self._redactor, flow=self.flow, unchangeable=_RECORDED
        )


def run(
    cause: str | None, *, plain: bool, as_json: bool, state: Path | None, pace: Pace | None = None
) -> int:
    """Opens the demo, on the screen unless `plain`, `as_json` or the lack of a terminal say otherwise.

    Returns the exit code of contract.md. Raises InputError for an unknown cause, and without a cause where
    nobody can choose one.
    """
    with Scene(pace=pace) as scene:
        chosen = scene.recording(cause) if cause is not None else None
        desk = DemoDesk(scene, state)
        if plain:
            from wizard.ui import plain as questions

            return questions.start(desk, cause, chosen.symptom if chosen is not None else None)
        if not as_json and sys.stdin.isatty() and sys.stdout.isatty():
            from wizard.ui import tui

            return tui.run(desk, start=(chosen.id, chosen.symptom) if chosen is not None else None)
        if chosen is None:
            known = ", ".join(header.id for header in scene.recordings)
            raise InputError("there is no terminal to choose on", advice=f"name one of {known}")
        from wizard.ui.headless import diagnose

        return diagnose.run(desk, chosen.id, chosen.symptom, as_json=as_json)
