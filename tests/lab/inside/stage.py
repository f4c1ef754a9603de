"""Puts scenarios on: the change, the start, the truth; and sees what a diagnosis has left behind."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tests.lab import healthy
from tests.lab.inside import daemons
from tests.lab.inside.gateway import Gateway
from tests.lab.inside.pair import ATTEMPT_S, GATEWAYS, PATIENT_S, Pair, eventually
from tests.lab.inside.picture import Picture, differences, picture
from tests.lab.inside.shell import Ran
from tests.lab.pki import Pki
from tests.lab.scenario import Change, Scenario, Truth
from tests.lab.trouble import LabError
from wizard.platforms import sudoers

TRUTH_PATIENCE_S = 5.0
# Where an operator has the files that a remedy asks for.
GIVEN = Path("/run/lab/given")
# How long the end of an SSH session and of what ran in it may take.
LINGER_S = 3.0
NOTHING = "nothing: the pair is healthy"
UNKNOWN = "unknown: the last change or reset failed"


@dataclass(frozen=True, slots=True)
class Mark:
    """What a diagnosis leaves as it is: the network, the sibling tunnel, the running programs."""

    network: Picture
    sibling: frozenset[str]
    processes: frozenset[str]


class Stage:
    """The pair in one scenario after another."""

    def __init__(self, pair: Pair) -> None:
        """`pair` is healthy; lines of scenarios find the files of the lab in $LAB."""
        os.environ["LAB"] = str(Path(__file__).parents[1])
        self.pair = pair
        self.applied = NOTHING
        self._marks: dict[healthy.Gateway, Mark] = {}
        self._proof: healthy.Proof = "psk"
        self._pki = Pki()

    def reset(self, wanted: dict[healthy.Gateway, str], topology: healthy.Topology) -> None:
        """Make the pair healthy again; see Pair.reset()."""
        self.applied = UNKNOWN
        self.pair.reset(wanted, topology)
        self.applied = NOTHING

    def apply(self, scenario: Scenario) -> None:
        """From the healthy state, make the scenario's state and see that its fault is really there.

        Raises:
            LabError: a change could not be made, the start went the other way, or a truth does not hold.
        """
        wanted = {name: scenario.image(name) for name in GATEWAYS}
        present = {name: gateway.image for name, gateway in self.pair.gateways.items()}
        if self.applied != NOTHING or self.pair.topology != scenario.topology or wanted != present:
            self.reset(wanted, scenario.topology)
        self.applied = UNKNOWN
        try:
            self._put_on(scenario)
        except LabError as wrong:
            raise LabError(f"{scenario.id}: {wrong}") from wrong
        self.applied = scenario.id

    def _put_on(self, scenario: Scenario) -> None:
        verb, _, end = scenario.start.partition("-")
        self._proof = scenario.proof
        if self._proof == "certificate":
            self._certify()
        self._give(scenario)
        if scenario.start == "up-before":
            self._start("gw-a", works=True)
        for node, change in scenario.change.items():
            self._change(node, change)
        if end in {"a", "b"}:
            self._start("gw-a" if end == "a" else "gw-b", works=verb == "up")
        for truth in scenario.truth:
            self._see(truth)
        self._marks = {name: self._mark(name) for name in GATEWAYS}

    def _start(self, name: healthy.Gateway, *, works: bool) -> None:
        ran = self.pair.initiate(name, seconds=PATIENT_S if works else ATTEMPT_S)
        if (ran.exit == 0) != works:
            wanted = "work" if works else "fail"
            raise LabError(f"initiating from {name} was to {wanted}, exit {ran.exit}: {ran.complaint}")

    def _proof_options(self, name: healthy.Gateway) -> dict[str, str | None]:
        return healthy.CERTIFICATE[self.pair.kind(name)].options if self._proof == "certificate" else {}

    def _certify(self) -> None:
        """Let both gateways prove themselves by certificate, as they would have done from the start."""
        for name, gateway in self.pair.gateways.items():
            kind = self.pair.kind(name)
            for path, item in healthy.CERTIFICATE[kind].files.items():
                self._lay_out(gateway, path, item.format(gateway=name))
            files = daemons.files(kind, name, self.pair.topology, self._proof_options(name))
            for path, text in files.items():
                if gateway.inside(path).read_text(encoding="utf-8") != text:
                    gateway.write(path, text)
            gateway.must(self.pair.daemon(name).load)

    def _lay_out(self, gateway: Gateway, path: str, item: str) -> None:
        gateway.write(path, self._pki.item(item), mode=0o600 if "/private/" in path else 0o644)

    def _give(self, scenario: Scenario) -> None:
        """Lay out what a remedy asks of the operator: files in GIVEN, called what `pki` calls them."""
        for path in map(Path, scenario.given.values()):
            if path.parent == GIVEN:
                GIVEN.mkdir(parents=True, exist_ok=True)
                path.write_text(self._pki.item(path.name), encoding="utf-8")

    def _change(self, node: str, change: Change) -> None:
        for name, gateway in self.pair.gateways.items():
            if name == node and change.files:
                self._write(gateway, change)
                if change.load:
                    # A configuration that does not load is what some scenarios are about. A certificate that is
                    # on disk no longer would stay in charon's memory.
                    load = self.pair.daemon(name).load
                    gateway.run(load.replace("--load-all", "--load-all --clear") if change.pki else load)
            for kind in change.grant if name == node else ():
                self._grant(gateway, kind)
        for line in change.run:
            ran = self.pair.shell(node, line)
            if ran.exit != 0:
                raise LabError(f"on {node} `{line}` ended with {ran.exit}: {ran.complaint}")

    def _grant(self, gateway: Gateway, kind: str) -> None:
        """Let oncall do what the file of that kind grants, as `ipsec-wizard sudoers` prints it."""
        file = f"/etc/sudoers.d/ipsec-wizard-{kind}"
        text = sudoers.document(gateway.name, "oncall", "auto", mend=kind == "mending")
        gateway.write(file, text, mode=0o440)
        gateway.must(f"visudo -cf {file}")

    def _write(self, gateway: Gateway, change: Change) -> None:
        if change.set:
            kind = self.pair.kind(gateway.name)
            try:
                proof = self._proof_options(gateway.name)
                options = {
                    path: value
                    for path, value in {**proof, **change.set}.items()
                    # What only the proof would have set need not be taken away again.
                    if value is not None or proof.get(path) is None
                }
                files = daemons.files(kind, gateway.name, self.pair.topology, options)
            except KeyError as absent:
                raise LabError(f"{gateway.name} has no {absent.args[0]} to set.") from absent
            for path, text in files.items():
                if gateway.inside(path).read_text(encoding="utf-8") != text:
                    gateway.write(path, text)
        for edit in change.edit:
            text = gateway.inside(edit.file).read_text(encoding="utf-8")
            if edit.find not in text:
                raise LabError(f"{gateway.name}:{edit.file} has no {edit.find!r}.")
            gateway.write(edit.file, text.replace(edit.find, edit.replace))
        for path, item in change.pki.items():
            if item is None:
                gateway.inside(path).unlink()
            else:
                self._lay_out(gateway, path, item)
        for path, content in change.write.items():
            if content is None:
                gateway.inside(path).unlink()
            else:
                gateway.write(path, content)

    def _see(self, truth: Truth) -> None:
        said: list[Ran] = []

        def holds() -> bool:
            said.append(self.pair.shell(truth.at, truth.run))
            seen = said[-1]
            return (
                (truth.exit is None or seen.exit == truth.exit)
                and (truth.matches is None or re.search(truth.matches, seen.text, re.MULTILINE) is not None)
                and (truth.lacks is None or re.search(truth.lacks, seen.text, re.MULTILINE) is None)
            )

        if not eventually(holds, TRUTH_PATIENCE_S):
            raise LabError(
                f"not true on {truth.at}: `{truth.run}` (wanted: exit {truth.exit}, matches {truth.matches}, "
                f"lacks {truth.lacks}) ended with {said[-1].exit}: {said[-1].complaint}"
            )

    # What a diagnosis must leave alone

    def _mark(self, name: healthy.Gateway) -> Mark:
        gateway = self.pair.gateways[name]
        sibling = gateway.run(self.pair.daemon(name).spis.format(connection="branch")).stdout
        return Mark(picture(name), frozenset(sibling.split()), frozenset(gateway.processes().values()))

    def traces(self) -> list[str]:
        """What changed on the gateways since the scenario was applied and should not have, a line each."""
        found: list[str] = []

        def clean() -> bool:
            found.clear()
            for name, before in self._marks.items():
                now = self._mark(name)
                found.extend(f"{name}: {line}" for line in differences(before.network, now.network))
                left = sorted(now.processes - before.processes)
                found.extend(f"{name}: left running: {line}" for line in left)
                if now.sibling != before.sibling:
                    found.append(f"{name}: the SAs of the sibling tunnel are not the same as before")
            return not found

        eventually(clean, LINGER_S)
        return found
