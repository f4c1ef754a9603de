"""A session that mends: the events of a whole course, with times, over a plan of three steps on two gateways."""

from __future__ import annotations

from tests.tui import mends
from tests.tui.scripted import ScriptedGateways, ScriptedSession
from tests.unit.journal.sample import Ticking
from wizard.engine.model import Change, Changed, Collect, CommandRecord, Decided, Draw, Exercise, Mend, Reply
from wizard.journal.entry import Entry
from wizard.journal.transcript import Transcript

COPY = "/var/backups/ipsec-wizard/20261121t101500z-0/etc/swanctl/conf.d/site.conf"


def entries(*, keep: bool = True, fails: int = -1, until: type[object] | None = None) -> tuple[Entry, ...]:
    """Diagnosis, wish, plan, steps, verification, and keep or undo; `until` ends it before that kind of reply."""
    session, gateways = ScriptedSession(mends.Mends()), ScriptedGateways(fails=fails)
    session.reply(gateways.carry_out(Collect(()), lambda _: None))
    session.reply(gateways.carry_out(Exercise("ike-four-points", "near", "", ""), lambda _: None))
    session.reply(Mend("align-psk", "psk-mismatch", "near"))
    while session.outcome is None:
        reply = _reply(session, gateways, keep)
        if until is not None and isinstance(session.request, until):
            break
        session.reply(reply)
    clock = Ticking()
    return tuple(Entry(seq, clock(), event) for seq, event in enumerate(session.events, 1))


def transcript(**how: object) -> Transcript:
    """The same as a transcript."""
    return Transcript.of(entries(**how))  # type: ignore[arg-type]


def _reply(session: ScriptedSession, gateways: ScriptedGateways, keep: bool) -> Reply:
    match session.request:
        case Collect() | Exercise() | Draw() as request:
            return gateways.carry_out(request, lambda _: None)
        case Change(move="keep"):
            said = f"kept as it was: {COPY}\n"
            record = CommandRecord(
                "far", "gw-b", "guard-keep", "end the guard and keep the change", said, "", 0, 0.1
            )
            return Changed(True, state={"gw-a": "kept", "gw-b": "kept"}, records=(record,))
        case Change() as request:
            return gateways.carry_out(request, lambda _: None)
        case _:
            confirmed = any(isinstance(reply, Decided) for reply in session.replies)
            return Decided(
                keep if confirmed else True, "" if keep or not confirmed else "the operator did not keep it"
            )


__all__ = ["COPY", "entries", "transcript"]
