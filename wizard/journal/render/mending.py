"""The section "Mending" of a transcript, for every format people read, and the same for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from wizard.engine.model import Mark, Result
from wizard.engine.plan import Plan
from wizard.journal.entry import timestamp
from wizard.journal.mending import Mending, Move
from wizard.journal.render.blocks import Block, Heading, Item, Items, Paragraph, Printed
from wizard.journal.render.words import SIGNS, counted, listed, moment, visible
from wizard.journal.transcript import Note

_RESULTS: Final[dict[Result, tuple[Mark, str]]] = {
    "kept": ("ok", "mended and kept"),
    "undone": ("warn", "undone, the gateways are as they were before"),
    "refused": ("warn", "not carried out"),
    "failed": ("fail", "failed; not known what became of it"),
}
_STATES: Final[dict[str, str]] = {"done": "✓ done", "failed": "✗ failed", "running": "… not ended"}
_SOURCES: Final = {
    "generated": "made anew, shown to nobody",
    "read": "read from the other gateway, shown to nobody",
    "file": "from a file of the operator's machine",
}


def mended(mendings: tuple[Mending, ...]) -> Iterator[Block]:
    """What was done about the causes, the first remedy in front."""
    if mendings:
        yield Heading(2, "Mending")
    for mending in mendings:
        yield Heading(3, mending.title)
        yield Paragraph(*_ended(mending))
        yield Items(tuple(_rows(mending)))
        if mending.plan is not None:
            yield from _planned(mending.plan)
        if mending.moves:
            yield Paragraph("", "What was done:")
            yield Items(tuple(_move(move) for move in mending.moves), numbered=True)


def _ended(mending: Mending) -> tuple[str, str]:
    if mending.result is None:
        return "The session was interrupted before it ended; the guard undoes what nobody kept.", "Under way."
    mark, word = _RESULTS[mending.result]
    said = f"{mending.said[:1].upper()}{mending.said[1:].rstrip('.')}." if mending.said else ""
    return said, f"{SIGNS[mark].partition(' ')[0]} {word[:1].upper()}{word[1:]}."


def _rows(mending: Mending) -> Iterator[Item]:
    yield Item(f"{mending.remedy} for {mending.cause or 'the cause found'}", "Remedy:")
    if mending.finding is not None:
        yield Item(f"{mending.finding.title}: {mending.finding.summary}", "Found before:")
    yield Item(f"{moment(mending.began)}, by {mending.wished}", "Wanted:")
    if mending.confirmed_at is not None:
        yield Item(f"{moment(mending.confirmed_at)}, by {mending.confirmed}", "Plan confirmed:")
    elif mending.plan is not None:
        yield Item("by nobody", "Plan confirmed:")
    if mending.plan is not None:
        yield from _about(mending.plan)
    verified = mending.verification
    if verified is not None and verified.at is not None:
        yield Item(verified.said, "Verified:" if verified.state == "done" else "Not verified:")
    if mending.result == "kept":
        yield Item(f"by {mending.kept}", "Kept:")
    if mending.copies:
        copies = tuple(f"{copy.gateway}: {copy.path}" for copy in mending.copies)
        yield Item("the files as they were before are on the gateways", "Copies:", copies)
    elif mending.result == "kept":
        yield Item("no file was changed", "Copies:")
    if mending.at is not None:
        yield Item(moment(mending.at), "Ended:")


def _about(plan: Plan) -> Iterator[Item]:
    touched = tuple(
        f"{blast.gateway}: {listed(blast.touched) if blast.touched else 'no connection'}"
        f" ({len(blast.touched)} of {blast.total})"
        + (f"; interrupted for a moment: {listed(blast.interrupted)}" if blast.interrupted else "")
        for blast in plan.blasts
    )
    if touched:
        yield Item("", "Touches:", touched)
    yield Item(plan.impact, "Impact:")
    yield Item(f"by itself in {plan.guard_seconds} s unless kept", "Undo:")
    yield Item(plan.verified_by, "Counts as mended when:")
    for need in plan.secrets:
        yield Item(f"{need.name}: {_SOURCES[need.source]}", "Secret:")
    for warning in plan.warnings:
        yield Item(warning, "Warning:")
    yield Item(plan.hash, "Plan:")


def _planned(plan: Plan) -> Iterator[Block]:
    for number, step in enumerate(plan.steps, 1):
        if step.diff:
            yield Printed(
                tuple(visible("\n".join(step.diff)).split("\n")), f"Change on {step.gateway}, step {number}"
            )
    lines: list[str] = []
    for number, step in enumerate(plan.steps, 1):
        lines.append(f"{number}. {visible(step.gateway)}: {visible(step.title)}")
        lines += [f"     {line}" for shown in step.show for line in visible(shown).split("\n")]
        undo = step.show_undo or ("nothing to undo",)
        lines += [f"     undo: {line}" for shown in undo for line in visible(shown).split("\n")]
    if lines:
        yield Printed(tuple(lines), f"The plan, {counted(len(plan.steps), 'step')}")


def _move(move: Move) -> Item:
    where = f"{move.gateway}: " if move.gateway else ""
    took = f", {(move.at - move.began).total_seconds():.1f} s" if move.at is not None else ""
    notes = (move.said,) if move.said else ()
    return Item(f"{_STATES[move.state]} ({moment(move.began)}{took})", f"{where}{move.title}:", notes)


def happened(mending: Mending) -> Iterator[Note]:
    """What was done, one line each, for a rendering that tells it in order."""
    yield Note(mending.seq, mending.began, f"Mending: {mending.title}, wanted by {mending.wished}")
    latest = mending.seq
    for move in mending.moves:
        latest = move.seq
        where = f"{move.gateway}: " if move.gateway else ""
        said = f": {move.said}" if move.said else ""
        yield Note(move.seq, move.at or move.began, f"{_STATES[move.state]}: {where}{move.title}{said}")
    said, word = _ended(mending)
    yield Note(latest, mending.at or mending.began, f"{word} {said}")


# --- for programs ----------------------------------------------------------------------------------


def documented(mending: Mending) -> dict[str, Any]:
    """One remedy as JSON values; times are UTC, durations seconds. What gateways run is left out: it is shown."""
    plan = mending.plan
    return {
        "remedy": mending.remedy,
        "cause": mending.cause,
        "title": mending.title,
        "began": timestamp(mending.began),
        "ended": timestamp(mending.at) if mending.at is not None else None,
        "wanted_by": mending.wished,
        "confirmed_by": mending.confirmed or None,
        "confirmed_at": timestamp(mending.confirmed_at) if mending.confirmed_at is not None else None,
        "kept_by": mending.kept or None,
        "result": mending.result,
        "said": mending.said,
        "plan": _plan(plan) if plan is not None else None,
        "moves": [
            {
                "title": move.title,
                "gateway": move.gateway,
                "step": move.number + 1 if move.number >= 0 else None,
                "state": move.state,
                "began": timestamp(move.began),
                "elapsed_s": round((move.at - move.began).total_seconds(), 3)
                if move.at is not None
                else None,
                "said": move.said,
            }
            for move in mending.moves
        ],
        "copies": [{"gateway": copy.gateway, "path": copy.path} for copy in mending.copies],
    }


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "hash": plan.hash,
        "impact": plan.impact,
        "verified_by": plan.verified_by,
        "stops": plan.stops,
        "stops_s": plan.stops_s,
        "guard_seconds": plan.guard_seconds,
        "touches": list(plan.touches),
        "interrupts": list(plan.interrupts),
        "warnings": list(plan.warnings),
        "secrets": [{"name": need.name, "source": need.source, "end": need.end} for need in plan.secrets],
        "steps": [
            {
                "end": step.end,
                "gateway": step.gateway,
                "title": step.title,
                "commands": list(step.show),
                "undo": list(step.show_undo),
                "verify": step.show_verify,
                "diff": list(step.diff),
            }
            for step in plan.steps
        ],
    }
