"""`sessions`, `replay` and `export`: what earlier diagnoses left behind."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from wizard import paths
from wizard.engine.model import Branched, Event, Exercise, Found, Requested, Started, Warned
from wizard.errors import ExitCode, InventoryError
from wizard.inventory.load import load
from wizard.journal.entry import timestamp
from wizard.journal.export import exported
from wizard.session import list_sessions, session_path
from wizard.session import replay as timed_events

LONGEST_PAUSE_S = 2.0
"""How long a replay waits at most between two events, seconds: nobody wants to see a coffee break again."""


def listing(state: Path | None, *, as_json: bool) -> int:
    """Prints the sessions, the latest first; files that are none are told on stderr."""
    rows, problems = list_sessions(state)
    if as_json:
        found = [
            {
                "id": row.id,
                "tunnel": row.tunnel,
                "began": timestamp(row.began),
                "status": row.status,
                "cause": row.cause or None,
            }
            for row in rows
        ]
        json.dump(found, sys.stdout, indent=2)
        print()
    else:
        for row in rows:
            print(
                f"{row.id:<36}{row.status or ('in mid-change' if row.changing else 'unfinished'):<14}{row.cause}"
            )
        if not rows:
            print("no sessions yet; `ipsec-wizard` begins one", file=sys.stderr)
    for problem in problems:
        print(f"ipsec-wizard: {problem}", file=sys.stderr)
    return ExitCode.HEALTHY


def export(
    session: str, form: str, state: Path | None, *, anonymise: bool, names: Sequence[tuple[str, str]] = ()
) -> int:
    """Prints the transcript in one of the formats; raises SessionError or InputError where there is none."""
    sys.stdout.write(exported(session_path(session, state), form, anonymise=anonymise, names=names))
    return ExitCode.HEALTHY


def names_in(inventory: Path | None) -> Sequence[tuple[str, str]]:
    """What an anonymised export must not hold: names and hosts of the inventory, where there is one."""
    try:
        known = load(inventory or paths.inventory_file())
    except InventoryError:
        return ()
    return [
        *(("gateway", name) for name in known.gateways),
        *(("host", gateway.host) for gateway in known.gateways.values()),
        *(("tunnel", name) for name in known.tunnels),
    ]


def replay(session: str, state: Path | None, speed: float) -> int:
    """Shows the events of a session with their pauses, `speed` times faster than they happened."""
    for timed in timed_events(session_path(session, state)):
        line = _line(timed.event)
        if line:
            time.sleep(min(timed.pause_s / speed, LONGEST_PAUSE_S))
            print(line, flush=True)
    return ExitCode.HEALTHY


def _line(event: Event) -> str:
    match event:
        case Started():
            return f"{event.session}: {event.operator} looks at {event.tunnel} ({event.near} and {event.far})"
        case Requested(request=Exercise() as exercise):
            return f"  …       trying the tunnel out: {exercise.name}, from the {exercise.initiator} end"
        case Branched():
            return f"  {event.mark:<8}{event.node}: {event.answer}"
        case Found(finding=finding):
            where = ", ".join(finding.ends)
            return f"cause: {finding.cause} ({finding.confidence}) at {where}: {finding.summary}"
        case Warned(finding=finding):
            return f"warning: {finding.cause} at {', '.join(finding.ends)}: {finding.summary}"
        case _:
            return ""
