"""`resume`: takes an interrupted session to its end with nobody in front of it, and says what became of it."""

from __future__ import annotations

import sys

from wizard.engine.model import Mended
from wizard.errors import InputError
from wizard.ui import conduct
from wizard.ui.desk import InventoryDesk
from wizard.ui.headless import diagnose, fix


def run(desk: InventoryDesk, name: str, *, as_json: bool) -> int:
    """Goes on where the session stopped; returns the exit code of `fix` or of `diagnose`, whichever it was.

    A plan that nobody has confirmed stays unconfirmed: what is taken up is at most a change that has begun, to see
    what its guard has done and to end it. Raises InputError for a session that has ended, SessionError for none.
    """
    words = sys.stderr if as_json else sys.stdout
    session = desk.open_session(name)
    try:
        if session.outcome is not None:
            raise InputError(
                f"session {name} has come to its end", advice=f"ipsec-wizard export {name} shows it"
            )
        gateways = desk.gateways_for(session.tunnel)
        try:
            for note in session.notes:
                print(note, file=words)
            outcome = conduct.carry_out(session, gateways, fix.Onlooker(words))
        finally:
            gateways.close()
    finally:
        session.close()
    if (plan := session.started.approved) is not None:
        return fix.report(plan, session, outcome, as_json=as_json)
    for ended in session.events:
        if isinstance(ended, Mended):
            print(f"{ended.result}: {ended.said}", file=words)
    return diagnose.report(session, outcome, as_json=as_json)
