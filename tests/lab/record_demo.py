"""Records the demo anew: puts the lab into each state, diagnoses it, and keeps what the gateways said.

    python -m tests.lab.record_demo                 all states, in a guest of their own (named "demo")
    python -m tests.lab.record_demo psk-mismatch    these states only
    python -m tests.lab.record_demo --name dev …    in a guest that is up already; it is left up

A state whose diagnosis does not name its cause is not kept. Needed whenever a probe's command changes.
"""

from __future__ import annotations

import argparse
import base64
import io
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.lab import named, queue, scenario
from tests.lab.healthy import CANARY_MARK
from tests.lab.trouble import LabError
from wizard import paths
from wizard.choreography import Link
from wizard.demo.record import RecordingLink, Tape
from wizard.demo.scene import RECORDINGS
from wizard.demo.tape import SUFFIX, Exchange, Header, load, save
from wizard.engine.model import Exercise, Outcome, Requested
from wizard.facts.model import ENDS
from wizard.facts.vocabulary import EXERCISES, VOCABULARY
from wizard.flow.load import load as load_flow
from wizard.flow.signatures import GATEWAYS
from wizard.flow.signatures import load as load_signatures
from wizard.gateways import Gateways
from wizard.inventory import EndRef
from wizard.inventory.load import load as load_inventory
from wizard.journal.redact import Redactor
from wizard.links import Doors
from wizard.platforms import kinds
from wizard.session import Session
from wizard.ssh import KnownHosts
from wizard.ui import conduct
from wizard.ui.headless.diagnose import Nobody

INVENTORY = Path("/run/lab/inventory.yaml")
TUNNEL = "site"
MARK = "recording:"


@dataclass(frozen=True, slots=True)
class State:
    """One state of the demo; `scenario` is the lab's name for it."""

    id: str
    scenario: str
    symptom: str
    title: str
    story: str

    @property
    def expected(self) -> str | None:
        """The cause that must be named."""
        return None if self.id.startswith("healthy") else self.id


def states() -> list[State]:
    """The states of the demo, from demo.yaml beside this file."""
    entries = yaml.safe_load(Path(__file__).with_name("demo.yaml").read_text(encoding="utf-8"))
    return [State(**entry) for entry in entries]


def main(argv: Sequence[str] | None = None) -> int:
    """Records the named states, or all; returns 1 when one could not be recorded."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.record_demo", description=__doc__)
    parser.add_argument("states", nargs="*", metavar="STATE")
    parser.add_argument("--name", help="a guest that is up already")
    parser.add_argument(
        "--stale", action="store_true", help="only name the recordings whose commands have changed"
    )
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    chosen = [state for state in states() if not arguments.states or state.id in arguments.states]
    if arguments.stale:
        return _stale(chosen)
    if arguments.inside:
        return _inside(chosen[0])
    name = arguments.name or "demo"
    try:
        if arguments.name is None:
            named.up(name, {}, "plain")
        recorded = [_recorded(name, state) for state in chosen]
        return 0 if all(recorded) else 1
    except LabError as wrong:
        print(wrong, file=sys.stderr)
        return 3
    finally:
        if arguments.name is None:
            named.down(name)


def _stale(chosen: Sequence[State]) -> int:
    """Names what has to be recorded anew: its demo still runs, with outputs of the commands as they were."""
    asked = {(command.id, command.text, command.needs) for command in kinds.OBSERVE}
    always = {one for one in asked if not one[2]}
    changed = 0
    for state in chosen:
        path = RECORDINGS / f"{state.id}{SUFFIX}"
        tapes = load(path)[1] if path.exists() else {}
        recorded = [set(one.key) for tape in tapes.values() for one in tape]
        if not any(always <= one <= asked for one in recorded):
            print(state.id)
            changed += 1
    return 1 if changed else 0


def _recorded(guest: str, state: State) -> bool:
    """Puts the guest into a state and takes the recording out of it; says how that went."""
    wanted = scenario.load()[state.scenario]
    for request in (
        {"verb": "reset", "images": wanted.images, "topology": wanted.topology},
        {"verb": "apply", "scenario": wanted.id},
    ):
        answer = named.ask(guest, dict(request))
        if answer["exit"]:
            print(f"{state.id}: {answer.get('why')}")
            return False
    said, words = io.BytesIO(), io.BytesIO()
    argv = [sys.executable, "-m", "tests.lab.record_demo", "--inside", state.id]
    queue.ask(
        named.folder(guest),
        {"verb": "execute", "node": "op", "argv": argv, "seconds": 300},
        ended=lambda: "" if named.alive(guest) else "it is not up",
        out=said,
        err=words,
    )
    name, found, content = said.getvalue().decode().partition(MARK)
    if not found:
        print(f"{state.id}: not recorded\n{name}{words.getvalue().decode()}")
        return False
    path = RECORDINGS / f"{state.id}{SUFFIX}"
    path.write_bytes(base64.b64decode(content))
    print(f"{state.id}: {path.stat().st_size / 1024:.0f} KiB, {name.strip()}", flush=True)
    return True


# --- inside the guest, on the operator's node --------------------------------------------------------


class RecordingDoors(Doors):
    """Doors whose links are listened in on."""

    tapes: dict[str, Tape]

    def open(self, gateway: str) -> Link:
        """A link to a gateway; see Doors."""
        tape = self.tapes.setdefault(gateway, Tape(_cleaned))
        return RecordingLink(super().open(gateway), tape)


def _cleaned(text: str) -> str:
    text = Redactor().clean(text)
    if CANARY_MARK in text:
        raise LabError("a secret is in an output, and the redactor left it there")
    return text


def diagnosed() -> dict[str, tuple[Exchange, ...]]:
    """What each gateway is asked in one diagnosis of the tunnel, with what it answered; on the operator's node."""
    doors, gateways, session = _listening("never-up")
    try:
        conduct.carry_out(session, gateways, Nobody(sys.stderr))
    finally:
        gateways.close()
    return {name: tape.exchanges() for name, tape in doors.tapes.items()}


def _listening(symptom: str) -> tuple[RecordingDoors, Gateways, Session]:
    knowledge = [paths.bundled_flows()]
    flow, signatures = load_flow(knowledge, VOCABULARY, EXERCISES), load_signatures(knowledge, GATEWAYS)
    inventory = load_inventory(INVENTORY)
    doors = RecordingDoors(inventory, KnownHosts(Path(tempfile.mkdtemp()) / "known_hosts"))
    doors.tapes = {}
    gateways = Gateways(inventory, TUNNEL, doors, signatures)
    ends = inventory.tunnel(TUNNEL).ends
    session = Session.new(
        flow,
        tunnel=TUNNEL,
        near=ends[0].name,
        far=ends[1].name,
        symptom=symptom,
        operator="lab",
        journaled=False,
    )
    return doors, gateways, session


def _inside(state: State) -> int:
    doors, gateways, session = _listening(state.symptom)
    ends = load_inventory(INVENTORY).tunnel(TUNNEL).ends
    try:
        outcome = conduct.carry_out(session, gateways, Nobody(sys.stderr))
        _everything_else(session, gateways)
    finally:
        gateways.close()
    first = outcome.causes[0].cause if outcome.causes else None
    if outcome.status == "inconclusive" or first != state.expected:
        print(f"the diagnosis says {_named(outcome)} and not {state.expected or 'healthy'}")
        return 1
    header = Header(state.id, state.title, state.story, state.symptom, state.expected, tuple(map(_end, ends)))
    tapes = {name: tape.exchanges() for name, tape in doors.tapes.items()}
    path = save(header, tapes, Path(tempfile.mkdtemp()))
    print(_named(outcome) + MARK + base64.b64encode(path.read_bytes()).decode())
    return 0


def _everything_else(session: Session, gateways: Gateways) -> None:
    """Exercises this walk had no need of, because another symptom or a later tree may lead to them."""
    done = {
        (event.request.name, event.request.initiator)
        for event in session.events
        if isinstance(event, Requested) and isinstance(event.request, Exercise)
    }
    for name in sorted(EXERCISES):
        for end in ENDS:
            if (name, end) not in done:
                gateways.carry_out(Exercise(name, end, "", ""), lambda _: None)


def _end(end: EndRef) -> dict[str, str]:
    fields = ("gateway", "connection", "child", "probe_source", "probe_target")
    return {name: value for name in fields if (value := getattr(end, name)) is not None}


def _named(outcome: Outcome) -> str:
    causes = ", ".join(finding.cause for finding in outcome.causes)
    return f"{outcome.status}{': ' if causes else ''}{causes}"


if __name__ == "__main__":
    sys.exit(main())
