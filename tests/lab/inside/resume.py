"""Goes on with a session that was not finished, as a person would from the home screen; prints how it ended.

Runs on the operator's node: python -m tests.lab.inside.resume INVENTORY STATE SESSION.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from wizard.engine.model import Mended, Stepped
from wizard.ui import conduct
from wizard.ui.desk import InventoryDesk
from wizard.ui.headless.diagnose import Nobody


def main(inventory: str, state: str, name: str) -> None:
    """Carry the session to its end with nobody in front of it."""
    desk = InventoryDesk.open(Path(inventory), (), Path(state))
    session = desk.open_session(name)
    gateways = desk.gateways_for(session.tunnel)
    try:
        outcome = conduct.carry_out(session, gateways, Nobody(sys.stderr))
    finally:
        gateways.close()
        session.close()
    ended = [event for event in session.events if isinstance(event, Mended)]
    steps = [
        f"{event.state} {event.gateway} {event.title} {event.said}"
        for event in session.events
        if isinstance(event, Stepped)
    ]
    print(
        json.dumps(
            {
                "session": session.id,
                "result": ended[-1].result if ended else "",
                "said": ended[-1].said if ended else "",
                "status": outcome.status,
                "steps": steps,
                "notes": list(session.notes),
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:4])
