"""Scenarios: how one end of a healthy pair, or the way between, is broken, and what must be said about it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from tests.lab import healthy, images
from tests.lab.trouble import LabError

FOLDER = Path(__file__).with_name("scenarios")

Node = Literal["op", "host-a", "gw-a", "nat", "router", "gw-b", "host-b"]
# never: left untouched. attempt-*: initiated from that end, and that fails. up-*: initiated, and that works.
# up-before: established from gw-a before the change, so that its SAs outlive it.
Start = Literal["never", "attempt-a", "attempt-b", "up-a", "up-b", "up-before"]
Text = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Edit(_Strict):
    """One exact replacement in a file; the text sought must be there once at least."""

    file: Text
    find: Text
    replace: str


class Change(_Strict):
    """What differs at one node; carried out in the order of the fields, `load` before `run`."""

    set: dict[Text, str | None] = Field(default_factory=dict)
    edit: list[Edit] = Field(default_factory=list)
    write: dict[Text, str | None] = Field(default_factory=dict)
    # Path of a file to the item of the lab's PKI that is to stand in it (see pki.py), or null to take it away.
    pki: dict[Text, str | None] = Field(default_factory=dict)
    load: bool = True
    run: list[Text] = Field(default_factory=list)
    # Which of the files that `ipsec-wizard sudoers` prints stand in /etc/sudoers.d, for oncall.
    grant: list[Literal["observing", "mending"]] = Field(default_factory=list)

    @property
    def files(self) -> bool:
        """Whether the node's own files change, which only gateways have."""
        return bool(self.set or self.edit or self.write or self.pki)


class Truth(_Strict):
    """One observation that holds only when the fault is really there."""

    at: Node
    run: Text
    exit: int | None = 0
    matches: str | None = None
    lacks: str | None = None

    @field_validator("matches", "lacks")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as wrong:
                raise ValueError(f"not a regular expression: {wrong}") from wrong
        return value


class Scenario(_Strict):
    """One state of the lab with the answer that a diagnosis of tunnel `site` must give."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    title: Text
    expect: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    images: dict[healthy.Gateway, str] = Field(default_factory=dict)
    topology: healthy.Topology = "plain"
    proof: healthy.Proof = "psk"
    change: dict[Node, Change] = Field(default_factory=dict)
    start: Start = "never"
    truth: Annotated[list[Truth], Field(min_length=1)]
    # services: with a name server and a service behind gw-b to try from gw-a.
    # same-inside: the site behind gw-b is numbered like the one behind gw-a.
    # gw-a: only that end can be logged in to. on-call, on-call-sudo: at gw-a as somebody with few rights or some;
    # on-call-both: at both ends as somebody with some.
    inventory: Literal[
        "both", "gw-a", "on-call", "on-call-sudo", "on-call-both", "services", "same-inside"
    ] = "both"
    # What a healthy tunnel is to be warned of.
    warn: tuple[str, ...] = ()
    symptom: Literal["never-up", "drops", "no-traffic", "partly", "check"] = "check"
    # Faults come in pairs: what is to be mended after `expect`, which stands first.
    then: tuple[str, ...] = ()
    # What a remedy asks of the operator, such as ca-file: paths on the operator's node.
    given: dict[Text, Text] = Field(default_factory=dict)
    # The remedy it is mended with; without one the first of its cause.
    mended_by: Text | None = None

    @field_validator("images", mode="before")
    @classmethod
    def _both(cls, value: object) -> object:
        return {"gw-a": value, "gw-b": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _fits(self) -> Scenario:
        known = images.definitions().images
        for name in self.images.values():
            if name not in known:
                raise ValueError(f"images: there is no image {name}; there are {', '.join(sorted(known))}")
        for node, change in self.change.items():
            if change.files and node not in healthy.OTHER:
                raise ValueError(f"change.{node}: only gw-a and gw-b have files of their own")
        return self

    def image(self, gateway: healthy.Gateway) -> str:
        """The image that gateway runs on."""
        return self.images.get(gateway, DEFAULT_IMAGE)


DEFAULT_IMAGE = "deb12-swanctl"
SAMPLED = 2


class _NoDuplicates(yaml.SafeLoader):
    """YAML in which a key written twice is an error, because the first would be lost in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if name in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key written twice: {name}", key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep)


def load(folder: Path = FOLDER) -> dict[str, Scenario]:
    """Every scenario by id, in the order of files and of places in them.

    An entry may give `start` as a list: it stands for one scenario each, with the start added to its id.

    Raises:
        LabError: a file is not YAML or an entry not a scenario; names file, entry and field.
    """
    found: dict[str, Scenario] = {}
    for file in sorted(folder.glob("*.yaml")):
        for place, entry in enumerate(_entries(file)):
            for variant in _variants(entry):
                scenario = _one(file, place, variant)
                if scenario.id in found:
                    raise LabError(f"{file}: the id {scenario.id} is used twice.")
                found[scenario.id] = scenario
    return found


def _entries(file: Path) -> list[object]:
    try:
        # The loader is a SafeLoader that is only stricter.
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=_NoDuplicates)  # noqa: S506
    except yaml.YAMLError as wrong:
        raise LabError(f"{file}: {wrong}") from wrong
    if not isinstance(content, list):
        raise LabError(f"{file}: a list of scenarios is expected.")
    return content


def _variants(entry: object) -> list[object]:
    if isinstance(entry, dict) and isinstance(entry.get("start"), list):
        return [{**entry, "start": start, "id": f"{entry.get('id')}.{start}"} for start in entry["start"]]
    return [entry]


def _one(file: Path, place: int, entry: object) -> Scenario:
    name = entry.get("id") if isinstance(entry, dict) else None
    where = f"{file}: {name or f'entry {place + 1}'}"
    try:
        return Scenario.model_validate(entry)
    except ValidationError as wrong:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'entry'}: {fault['msg']}"
            for fault in wrong.errors()
        )
        raise LabError(f"{where}: {faults}") from wrong


def sample(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """Each cause once, and SAMPLED scenarios on each pair of images in each topology, a healthy one among them."""

    chosen: list[Scenario] = []
    pairs: Counter[tuple[str, ...]] = Counter()
    causes: set[str] = set()
    met: set[tuple[str, ...]] = set()
    # A fault begun in another way comes after other faults with the same cause.
    for one in sorted(scenarios, key=lambda one: (_begun_otherwise(one, scenarios), one.expect != "healthy")):
        if one.expect not in causes or (
            pairs[pair_of(one)] < SAMPLED and (one.expect, *pair_of(one)) not in met
        ):
            chosen.append(one)
            pairs[pair_of(one)] += 1
            causes.add(one.expect)
            met.add((one.expect, *pair_of(one)))
    return chosen


def pair_of(one: Scenario) -> tuple[str, ...]:
    """The topology and both images: scenarios that share them follow each other without booting."""
    return one.topology, *(one.image(name) for name in healthy.OTHER)


def _begun_otherwise(scenario: Scenario, scenarios: Sequence[Scenario]) -> bool:
    fault = scenario.id.partition(".")[0]
    return next(one for one in scenarios if one.id.partition(".")[0] == fault) is not scenario


def choose(names: list[str], known: dict[str, Scenario]) -> list[Scenario]:
    """The named scenarios, or all; a name also stands for its variants and for the cause it expects.

    Raises:
        LabError: a name fits no scenario.
    """
    if not names:
        return list(known.values())
    chosen: dict[str, Scenario] = {}
    for name in names:
        exact = [known[name]] if name in known else []
        fitting = exact or [s for s in known.values() if s.id.startswith(f"{name}.") or s.expect == name]
        if not fitting:
            raise LabError(f"There is no scenario {name}; `python -m tests.lab list` names them all.")
        chosen.update({s.id: s for s in fitting})
    return list(chosen.values())
