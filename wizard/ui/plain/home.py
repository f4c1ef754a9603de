"""Where a plain sitting begins: which tunnel, what is wrong with it, or which session to take up again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from wizard.errors import InventoryError
from wizard.ui import words
from wizard.ui.conduct import Desk, EndRow, SessionLike, SessionRow, TunnelRow
from wizard.ui.plain.asking import Asks, Choice, refusing
from wizard.ui.plain.lines import Lines
from wizard.ui.plain.session import run

_RESUME: Final = "session "
_TUNNEL: Final = "tunnel "
_MOST_SESSIONS: Final = 5


def start(desk: Desk, tunnel: str | None = None, symptom: str | None = None) -> int:
    """Asks for what is not given, takes the session to its end, and returns the exit code of contract.md.

    Returns 2 with one sentence on stderr without a terminal, and for a tunnel the inventory does not have.
    """
    return refusing(lambda asks, lines: sit(desk, tunnel, symptom, asks, lines))


def sit(desk: Desk, tunnel: str | None, symptom: str | None, asks: Asks, lines: Lines) -> int:
    """What `start` does once there is somebody to ask."""
    session = _session(desk, tunnel, symptom, asks)
    try:
        gateways = desk.gateways_for(session.tunnel)
    except BaseException:
        session.close()
        raise
    return run(session, gateways, desk, asks=asks, lines=lines)


def _session(desk: Desk, tunnel: str | None, symptom: str | None, asks: Asks) -> SessionLike:
    if tunnel is None and desk.demo:
        tunnel, symptom = _demo(desk, asks, symptom)
    if tunnel is None:
        picked = _pick(desk.tunnels(), desk.sessions(), asks)
        if picked.startswith(_RESUME):
            return desk.open_session(picked.removeprefix(_RESUME))
        tunnel = picked.removeprefix(_TUNNEL)
    return desk.new_session(tunnel, symptom or _symptom(asks))


def _demo(desk: Desk, asks: Asks, symptom: str | None) -> tuple[str, str]:
    choices = [Choice(str(number), cause.title, cause.plain) for number, cause in enumerate(desk.demo)]
    cause = desk.demo[int(asks.choose("Which of the embedded gateways' troubles?", choices, "0"))]
    return cause.tunnel, symptom or cause.symptom


def _pick(tunnels: Sequence[TunnelRow], sessions: Sequence[SessionRow], asks: Asks) -> str:
    choices = [
        Choice(_TUNNEL + row.name, f"{row.name}: {_end(row.near)} and {_end(row.far)}") for row in tunnels
    ]
    unfinished = [row for row in sessions if row.status is None][:_MOST_SESSIONS]
    choices.extend(
        Choice(
            _RESUME + row.id, f"take up session {row.id} again", f"tunnel {row.tunnel}, {_unfinished(row)}"
        )
        for row in unfinished
    )
    if not choices:
        raise InventoryError(
            "the inventory names no tunnel",
            advice="`ipsec-wizard init` adds one, and `ipsec-wizard demo` needs none",
        )
    return asks.choose("Which tunnel?", choices, choices[0].value)


def _unfinished(row: SessionRow) -> str:
    return "a change was under way" if row.changing else "not finished"


def _end(row: EndRow) -> str:
    if row.managed:
        return row.name
    return f"{row.name} (managed by {row.managed_by})" if row.managed_by else f"{row.name} (not managed here)"


def _symptom(asks: Asks) -> str:
    choices = [Choice(symptom.id, symptom.label, symptom.hint) for symptom in words.SYMPTOMS]
    return asks.choose("What is wrong with it?", choices, "check")
