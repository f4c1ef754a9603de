"""`fix`: a plan printed with its hash, or exactly that plan carried out, verified, kept or undone."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any, TextIO

from wizard.engine.model import (
    Changed,
    Confirm,
    Decided,
    Event,
    Mend,
    Mended,
    Outcome,
    Replied,
    Stepped,
)
from wizard.engine.plan import Plan
from wizard.errors import ExitCode, InputError
from wizard.facts.model import End
from wizard.journal.plans import Plans
from wizard.session import Session
from wizard.ui import conduct
from wizard.ui.desk import InventoryDesk
from wizard.ui.headless.diagnose import Nobody
from wizard.ui.headless.report import SCHEMA, finding


class Planner(Nobody):
    """Sees the plan, and says no to it: it is only shown."""

    def __init__(self, words: TextIO) -> None:
        """Takes the stream for people's words."""
        super().__init__(words)
        self.plan: Plan | None = None

    def confirms(self, confirm: Confirm) -> Decided:
        """Keeps the plan; nothing is changed."""
        self.plan = confirm.plan
        return Decided(yes=False, why="it was only to be shown")


class Onlooker(Nobody):
    """Says each step of a change, besides the nodes of the diagnosis that verifies it."""

    def told(self, events: Sequence[Event]) -> None:
        """Says what was done and what it came to."""
        super().told(events)
        for event in events:
            if isinstance(event, Stepped):
                where = f"{event.gateway}: " if event.gateway else ""
                self._say(f"  {event.state:<8}{where}{event.title}{f': {event.said}' if event.said else ''}")


class Approver(Onlooker):
    """Carries out the one plan that was approved."""

    def __init__(self, words: TextIO, digest: str) -> None:
        """Takes the hash that was approved."""
        super().__init__(words)
        self._digest = digest

    def confirms(self, confirm: Confirm) -> Decided:
        """Yes to the plan with this hash, and to no other."""
        yes = confirm.plan.hash == self._digest
        return Decided(yes, "" if yes else "another plan was approved")


def plan(
    desk: InventoryDesk,
    tunnel: str,
    remedy: str,
    *,
    right: str | None,
    given: Sequence[str],
    as_json: bool,
    only: bool,
) -> int:
    """Diagnoses, and prints the plan that would mend what was found; returns the exit code of contract.md.

    Raises InputError for an unknown remedy or gateway, or when the remedy mends nothing that was found.
    """
    if remedy not in desk.flow.remedies:
        known = ", ".join(desk.flow.remedies)
        raise InputError(f"there is no remedy {remedy}", advice=f"use one of {known}")
    wish = Mend(remedy, right=_end(desk, tunnel, right), given=_given(given))
    words = sys.stderr if as_json else sys.stdout
    _tell_interrupted(desk, tunnel, words)
    planner = Planner(words)
    gateways = desk.gateways_for(tunnel)
    session = desk.new_session(tunnel, "check")
    try:
        outcome = conduct.carry_out(session, gateways, planner)
        conduct.mend(session, gateways, planner, wish)
    finally:
        gateways.close()
        session.close()
    if planner.plan is None:
        ended = [event for event in session.events if isinstance(event, Mended)]
        raise InputError(ended[-1].said if ended else "there is no plan", advice=f"see session {session.id}")
    desk.plans().keep(planner.plan)
    if as_json:
        _print_json({**document(planner.plan), "status": outcome.status, "session": session.id})
    else:
        for line in lines(planner.plan):
            print(line)
        print(f"session {session.id}")
        if not only:
            print("Nothing was changed. To carry it out:")
        print(f"ipsec-wizard fix {tunnel} --remedy {remedy} --approve {planner.plan.hash}")
    return ExitCode.HEALTHY


def approve(desk: InventoryDesk, tunnel: str, remedy: str, digest: str, *, as_json: bool) -> int:
    """Carries out the plan with this hash; returns 0 when it was kept, 5 when it was undone."""
    plan = _approved(desk.plans(), tunnel, remedy, digest)
    words = sys.stderr if as_json else sys.stdout
    _tell_interrupted(desk, tunnel, words)
    gateways = desk.gateways_for(tunnel)
    session = desk.new_mending(plan)
    try:
        outcome = conduct.carry_out(session, gateways, Approver(words, digest))
    finally:
        gateways.close()
        session.close()
    return report(plan, session, outcome, as_json=as_json)


def report(plan: Plan, session: Session, outcome: Outcome, *, as_json: bool) -> int:
    """Prints what became of a plan that was carried out; returns 0 when it was kept, 5 when it was undone."""
    events = tuple(session.events)
    ended = [event for event in events if isinstance(event, Mended)]
    result = ended[-1] if ended else Mended(plan.remedy, "failed", "it came to no end", plan.hash)
    if as_json:
        _print_json(_told(plan, result, events, outcome, session.id))
    else:
        print(f"{result.result}: {result.said}")
        print(f"status: {outcome.status}")
        for cause in outcome.causes:
            print(f"next cause: {cause.cause} at {', '.join(cause.ends)}: {cause.summary}")
        print(f"session {session.id}")
    return _code(result, events)


def _tell_interrupted(desk: InventoryDesk, tunnel: str, words: TextIO) -> None:
    for row in desk.sessions():
        if row.tunnel == tunnel and row.changing:
            told = f"session {row.id} was interrupted while it changed a gateway"
            print(f"{told}: ipsec-wizard resume {row.id} says what became of it", file=words)


def _approved(plans: Plans, tunnel: str, remedy: str, digest: str) -> Plan:
    plan = plans.get(digest)
    if (plan.tunnel, plan.remedy) != (tunnel, remedy):
        raise InputError(
            f"{digest} is a plan of {plan.remedy} for {plan.tunnel}",
            advice=f"approve it with fix {plan.tunnel} --remedy {plan.remedy}",
        )
    return plan


def _end(desk: InventoryDesk, tunnel: str, gateway: str | None) -> End | None:
    if gateway is None:
        return None
    ends = desk.inventory.tunnel(tunnel).ends
    names: dict[str, End] = {ends[0].name: "near", ends[1].name: "far"}
    if gateway not in names:
        raise InputError(f"{gateway} is no gateway of {tunnel}", advice=f"use one of {', '.join(names)}")
    return names[gateway]


def _given(pairs: Sequence[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise InputError(
                f"--given {pair}: that is not NAME=VALUE", advice="write it as ca-file=/path/ca.pem"
            )
        given[name] = value
    return given


def document(plan: Plan) -> dict[str, Any]:
    """A plan as contract.md writes it."""
    return {
        "schema": SCHEMA,
        "remedy": plan.remedy,
        "title": plan.title,
        "cause": plan.cause,
        "tunnel": plan.tunnel,
        "hash": plan.hash,
        "steps": [
            {
                "end": step.gateway,
                "title": step.title,
                "apply": "\n".join(step.show) or step.apply,
                "undo": "\n".join(step.show_undo) or step.undo,
                "verify": step.show_verify or step.verify,
                "diff": "\n".join(step.diff),
            }
            for step in plan.steps
        ],
        "touches": list(plan.touches),
        "interrupts": list(plan.interrupts),
        "impact": plan.impact,
        "stops": plan.stops,
        "stops_seconds": plan.stops_s,
        "verified_by": plan.verified_by,
        "warnings": list(plan.warnings),
        "guard_seconds": plan.guard_seconds,
    }


def lines(plan: Plan) -> list[str]:
    """A plan as a person reads it in a terminal."""
    told = [f"plan {plan.hash}: {plan.title} (mends {plan.cause})", f"impact: {plan.impact}"]
    for blast in plan.blasts:
        spared = blast.total - len(blast.touched)
        touched = ", ".join(blast.touched) or "no connection"
        told.append(
            f"touches {blast.gateway}: {touched} ({len(blast.touched)} of {blast.total}; {spared} left alone)"
        )
    if plan.interrupts:
        told.append(f"interrupts {', '.join(plan.interrupts)}")
    told += [f"warning: {line}" for line in plan.warnings]
    for number, step in enumerate(plan.steps, 1):
        told.append(f"{number}. {step.gateway}: {step.title}")
        told += [f"     {line}" for line in step.diff]
        told += [f"   $ {line}" for line in step.show]
        told += [f"   undo: {line}" for line in step.show_undo]
    told.append(f"verified by: {plan.verified_by}")
    told.append(f"undone by itself after {plan.guard_seconds} s unless it is verified")
    return told


def _told(
    plan: Plan, result: Mended, events: tuple[Event, ...], outcome: Outcome, session: str
) -> dict[str, Any]:
    seen = {event.number: event for event in events if isinstance(event, Stepped) and event.number >= 0}
    told = document(plan)
    for number, step in enumerate(told["steps"]):
        event = seen.get(number)
        step["state"] = event.state if event is not None else "not done"
        step["seen"] = event.said if event is not None else ""
    return {
        **told,
        "result": "failed" if result.result == "refused" else result.result,
        "said": result.said,
        "status": outcome.status,
        "causes": [finding(one) for one in outcome.causes],
        "session": session,
    }


def _code(result: Mended, events: tuple[Event, ...]) -> int:
    if result.result == "kept":
        return ExitCode.HEALTHY
    if result.result == "undone":
        return ExitCode.UNDONE
    changed = [
        event.reply for event in events if isinstance(event, Replied) and isinstance(event.reply, Changed)
    ]
    if result.result == "refused":
        unreached = any("cannot be reached" in reply.said for reply in changed)
        return ExitCode.LOGIN_FAILED if unreached else ExitCode.USAGE
    return ExitCode.INCONCLUSIVE


def _print_json(told: dict[str, Any]) -> None:
    json.dump(told, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


__all__ = ["Onlooker", "approve", "document", "lines", "plan", "report"]
