"""Trees, causes and rehearsals as they are written: which keys there are, and which values they may have.

`docs/writing-a-flow.md` explains the format to people, `wizard.flow.schema` gives it to their editors.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from wizard.flow.spec import AtWord, Confidence, EndsWord, From, MarkWord, SegmentWord, Stops
from wizard.yaml_source import Entry, YesNo, wrong

_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def _id(value: str) -> str:
    if _ID.fullmatch(value) is None:
        raise wrong(f"{value!r} is no id", "write lower-case words joined by hyphens")
    return value


def _kind(value: object) -> str | None:
    """The first key, which says what kind of entry it is, as the tag of a union."""
    return f"<{next(iter(value), '')}>" if isinstance(value, dict) else None


def _begins_with(what: str, *kinds: str) -> Discriminator:
    first = f"{', '.join(kinds[:-1])} or {kinds[-1]}"
    context: dict[str, str | int | float] = {
        "message": f"{what} begins with {first}",
        "advice": f"make {first} its first key",
        "key": "",
    }
    return Discriminator(
        _kind, custom_error_type="wrong", custom_error_message="{message}", custom_error_context=context
    )


def _target(value: Any) -> Any:
    return {"then": value} if isinstance(value, str) else value


def _named(value: Any) -> Any:
    return {"cause": value} if isinstance(value, str) else value


Id = Annotated[str, AfterValidator(_id)]
Text = Annotated[str, Field(min_length=1)]
Where = Annotated[
    str, Field(min_length=1, description="A node of this tree, or tree.node", examples=["next-node"])
]


class VerdictEntry(Entry):
    """A cause with how sure it is: a leaf, or what `warn:` and `also:` note."""

    cause: Text = Field(examples=["psk-mismatch"], description="An id of causes.yaml")
    confidence: Confidence = "certain"
    ends: EndsWord | None = Field(None, description="Which ends it is about, as the rule held")
    summary: Text | None = Field(
        None, description="One sentence with {here}, {there}, {near}, {far}, {fact:NAME}"
    )
    alternatives: list[str] = Field(default=[], description="Causes this evidence cannot tell apart from it")
    excludes: list[str] = Field(default=[], description="Causes this evidence rules out")
    ask_peer: list[Text] = Field(default=[], description="What to ask the other end's administrator for")
    collect: list[Text] = Field(default=[], description="What to collect at this end")


class TargetEntry(Entry):
    """Where a question goes on."""

    then: Where | None = None
    jump: Text | None = Field(None, description="A tree, or tree.node", examples=["other-tree"])

    @model_validator(mode="after")
    def _one_way(self) -> TargetEntry:
        if (self.then is None) is (self.jump is None):
            raise wrong("it leads nowhere, or to two places", "write either then: or jump:")
        return self


class WayEntry(Entry):
    """Where a branch goes on, or the cause it ends with."""

    then: Where | None = None
    jump: Text | None = Field(None, description="A tree, or tree.node", examples=["other-tree"])
    cause: Text | None = Field(
        None, examples=["psk-mismatch"], description="An id of causes.yaml; ends the walk"
    )
    confidence: Confidence | None = Field(None, description="certain where nothing is said")
    ends: EndsWord | None = Field(None, description="Which ends the cause is about")
    summary: Text | None = Field(
        None, description="One sentence with {here}, {there}, {near}, {far}, {fact:NAME}"
    )
    alternatives: list[str] = Field(default=[], description="Causes this evidence cannot tell apart from it")
    excludes: list[str] = Field(default=[], description="Causes this evidence rules out")
    ask_peer: list[Text] = Field(default=[], description="What to ask the other end's administrator for")
    collect: list[Text] = Field(default=[], description="What to collect at this end")
    say: Text | None = Field(None, description="The answer in plain words")
    mark: MarkWord | None = None

    @model_validator(mode="after")
    def _one_way(self) -> WayEntry:
        if [self.then, self.jump, self.cause].count(None) != 2:
            raise wrong("the branch leads nowhere, or to two places", "write one of then:, jump: and cause:")
        for key in ("confidence", "ends", "summary", "alternatives", "excludes", "ask_peer", "collect"):
            if self.cause is None and key in self.model_fields_set:
                raise wrong(f"{key} is said of a cause, and this branch names none", f"take {key} out", key)
        return self


class IfEntry(WayEntry):
    """A branch that is taken when its rule holds."""

    rule: Text = Field(alias="if", examples=["near.daemon_running == false"])
    warn: (
        Annotated[VerdictEntry, BeforeValidator(_named, json_schema_input_type=str | VerdictEntry)] | None
    ) = None
    also: (
        Annotated[VerdictEntry, BeforeValidator(_named, json_schema_input_type=str | VerdictEntry)] | None
    ) = None


class ElseEntry(Entry):
    """The last branch: for what is left, and for what is not known."""

    otherwise: Annotated[WayEntry, BeforeValidator(_target, json_schema_input_type=str | WayEntry)] = Field(
        alias="else", examples=["next-node"]
    )


Branch = IfEntry | ElseEntry
BranchEntry = Annotated[
    Annotated[IfEntry, Tag("<if>")] | Annotated[ElseEntry, Tag("<else>")],
    _begins_with("a branch", "if", "else"),
]


class CheckEntry(Entry):
    """A node that branches on facts."""

    check: Text = Field(examples=["Does IKE get from each gateway to the other?"])
    why: Text = Field(examples=["IKE runs over UDP 500. Until it passes both ways nothing else can work."])
    term: str = Field("", description="The protocol's word, shown beside the plain ones")
    source: str = Field("", description="Where this is written down")
    exercise: str | None = Field(None, description="Tried out before the node branches")
    start_from: From | None = Field(None, alias="from", description="The end that starts the exercise")
    segment: SegmentWord | None = Field(None, description="The leg of the path map this node speaks of")
    next: list[BranchEntry] = Field(min_length=1)


class OptionEntry(TargetEntry):
    """One answer of a question."""

    label: Text = Field(examples=["It never came up"])


class AskEntry(Entry):
    """A node that asks the operator."""

    ask: Text = Field(examples=["What do the users see?"])
    why: Text = Field(examples=["What worked and stopped has another reason than what never worked."])
    term: str = ""
    source: str = ""
    options: dict[Id, OptionEntry] = Field(min_length=1)
    otherwise: Annotated[TargetEntry, BeforeValidator(_target, json_schema_input_type=str | TargetEntry)] = (
        Field(alias="else", examples=["next-node"], description="Where to go when nobody can answer")
    )


class JumpEntry(Entry):
    """A node that goes on in another tree."""

    jump: Text = Field(description="A tree, or tree.node", examples=["other-tree"])


Node = CheckEntry | AskEntry | JumpEntry | VerdictEntry
NodeEntry = Annotated[
    Annotated[CheckEntry, Tag("<check>")]
    | Annotated[AskEntry, Tag("<ask>")]
    | Annotated[JumpEntry, Tag("<jump>")]
    | Annotated[VerdictEntry, Tag("<cause>")],
    _begins_with("a node", "check", "ask", "jump", "cause"),
]


class TreeEntry(Entry):
    """A file of trees/."""

    tree: Id = Field(examples=["key-negotiation"], description="As the file is called")
    title: Text = Field(examples=["Do the gateways agree on keys?"])
    source: str = ""
    start: Text = Field(examples=["first-node"])
    nodes: dict[Id, NodeEntry] = Field(min_length=1)


class CauseEntry(Entry):
    """One cause of causes.yaml."""

    title: Text = Field(examples=["The pre-shared keys differ"])
    plain: str = Field("", description="What it means, for someone who has never seen it")
    told_apart: str = Field("", description="How it is told from its neighbours")
    check: str = Field("", description="The check that decides")
    next_step: str = Field("", description="What to do now; {here} is the gateway it was found at")
    summary: str = Field("", description="The sentence of a finding, with {here}, {there}, {near}, {far}")
    excludes: list[str] = Field(default=[], description="Causes it rules out wherever it is certain")
    source: str = ""


class CausesEntry(Entry):
    """The file causes.yaml: families, and in each its causes by id."""

    causes: dict[Id, dict[Id, CauseEntry]] = Field(min_length=1)


class StepEntry(Entry):
    """One action of a remedy."""

    action: Id = Field(examples=["load-connections"])
    at: AtWord = "here"
    when: str | None = Field(
        None, description="Left out where this rule does not hold of the diagnosis' facts"
    )
    options: dict[Id, str] = Field(default={}, alias="with", description="What the action is told beside")


class RemedyEntry(Entry):
    """One remedy of remedies.yaml."""

    title: Text = Field(examples=["Put one key on both gateways"])
    mends: list[str] = Field(min_length=1, description="Ids of causes.yaml")
    impact: Text = Field(description="What it means for traffic, in one sentence")
    verified_by: Text = Field(description="What has to be seen before it counts as mended, in one sentence")
    proves: str | None = Field(None, description="A rule over the facts of a fresh diagnosis")
    stops: Stops = "nothing"
    stops_s: int = Field(0, ge=0, le=600, description="For how long traffic stops at most, seconds")
    chooses: YesNo = Field(False, description="Whether the operator says which end is right")
    asks: dict[str, str] = Field(
        default={},
        description="Files it needs from the operator's machine, by name: what to ask for",
        examples=[{"ca-file": "The certificate of the CA, a PEM file"}],
    )
    warning: str = ""
    guard_s: int = Field(180, ge=30, le=900, description="How long the guard waits, seconds")
    source: str = ""
    steps: list[StepEntry] = Field(min_length=1)


class ReferralEntry(Entry):
    """Who has to act where no remedy mends a cause."""

    who: Text = Field(examples=["whoever runs the network between the gateways"])
    tell: Text = Field(description="What to tell them, with {here}, {there}, {near}, {far}, {fact:NAME}")


class RemediesEntry(Entry):
    """The file remedies.yaml."""

    remedies: dict[Id, RemedyEntry] = Field(default={})
    referrals: dict[Id, ReferralEntry] = Field(default={}, description="By the cause they are for")
    setbacks: list[str] = Field(default=[], description="Causes that after a change mean that it did harm")


class AttemptsEntry(Entry):
    """The facts an exercise yields when it is started from one end or from the other."""

    from_near: dict[str, Any] = Field(default={}, alias="from-near")
    from_far: dict[str, Any] = Field(default={}, alias="from-far")


class EndsEntry(Entry):
    """How far each end can be looked at; `reached` where nothing is said."""

    near: Literal["reached", "unmanaged", "unreachable"] = "reached"
    far: Literal["reached", "unmanaged", "unreachable"] = "reached"


class ExpectEntry(Entry):
    """Where the walk has to end; what is not said is not compared."""

    status: Literal["healthy", "fault", "inconclusive"] = Field(examples=["fault"])
    cause: str | None = Field(None, description="The first cause", examples=["psk-mismatch"])
    ends: list[Literal["near", "far"]] | None = Field(None, description="The ends of the first cause")
    confidence: Confidence | None = None
    alternatives: list[str] | None = Field(None, description="The further causes, in order")
    path: list[str] | None = Field(None, description="All nodes of the walk, as tree.node")
    warnings: list[str] | None = Field(None, description="The causes warned of, in order")


class RehearsalEntry(Entry):
    """One rehearsal: facts in, path and cause out."""

    name: Text = Field(examples=["the keys differ, seen by the responder"])
    entry: str = Field("", description="The tree the walk begins with; triage where nothing is said")
    symptom: str = "check"
    facts: dict[str, Any] = Field(default={}, description="What the collection finds")
    exercises: dict[str, AttemptsEntry] = Field(default={}, description="What each exercise finds")
    answers: dict[str, str] = Field(default={}, description="For a question (tree.node): the option chosen")
    ends: EndsEntry = EndsEntry()
    observe_only: YesNo = False
    expect: ExpectEntry
