"""From what is written to what the engine walks: names become full ids, rules are parsed.

It never refuses: what is wrong is found by `wizard.flow.lint` and keeps a flow from being used. A target that
is not there is left open, so that the rest of the graph can still be looked at.
"""

from __future__ import annotations

from types import MappingProxyType

from wizard.flow.rule import Rule, RuleError, parse
from wizard.flow.sources import RemedySource, Sources, TreeSource
from wizard.flow.spec import (
    Branch,
    Cause,
    Check,
    Choice,
    Flow,
    Jump,
    Leaf,
    Node,
    Question,
    Referral,
    Remedy,
    RemedyStep,
    Tree,
    Verdict,
)
from wizard.flow.written import (
    AskEntry,
    CheckEntry,
    ElseEntry,
    IfEntry,
    JumpEntry,
    ReferralEntry,
    RemedyEntry,
    TargetEntry,
    VerdictEntry,
    WayEntry,
)
from wizard.flow.written import Node as Written

NOWHERE = ""
"""Where a target leads that is not there."""


def build(sources: Sources) -> Flow:
    """The flow these files make; only to be walked when lint finds no error in them."""
    nodes: dict[str, Node] = {}
    trees: dict[str, Tree] = {}
    for name, tree in sources.trees.items():
        made = {f"{name}.{node}": _node(sources, tree, node, entry) for node, entry in tree.nodes.items()}
        nodes.update(made)
        start = f"{name}.{tree.start}"
        trees[name] = Tree(name, tree.title, tree.source, start, tuple(made), tree.document.file)
    remedies = {name: _remedy(name, source) for name, source in sources.remedies.items()}
    causes = {
        name: Cause(
            id=name,
            title=cause.entry.title,
            family=cause.family,
            plain=cause.entry.plain,
            told_apart=cause.entry.told_apart,
            check=cause.entry.check,
            next_step=cause.entry.next_step,
            summary=cause.entry.summary,
            excludes=tuple(cause.entry.excludes),
            remedies=tuple(one.id for one in remedies.values() if name in one.mends),
            source=cause.entry.source,
        )
        for name, cause in sources.causes.items()
    }
    return Flow(
        trees=MappingProxyType(trees),
        nodes=MappingProxyType(nodes),
        causes=MappingProxyType(causes),
        remedies=MappingProxyType(remedies),
        referrals=MappingProxyType({name: _referral(name, one) for name, one in sources.referrals.items()}),
        setbacks=frozenset(sources.setbacks),
        digest=sources.digest,
        files=tuple(sources.files),
    )


def resolve(sources: Sources, tree: str, then: str | None, jump: str | None) -> str | None:
    """The full id a target means: `then` a node of this tree or tree.node, `jump` a tree or tree.node.

    None when it is not there.
    """
    target = then if then is not None else jump or ""
    other, dot, node = target.partition(".")
    if not dot:
        if then is not None:
            other, node = tree, then
        else:
            node = sources.trees[other].start if other in sources.trees else ""
    return f"{other}.{node}" if node in sources.named_nodes.get(other, ()) else None


def _node(sources: Sources, tree: TreeSource, name: str, entry: Written) -> Node:
    full = f"{tree.id}.{name}"
    place = tree.document.key_place(("nodes", name))
    match entry:
        case CheckEntry():
            return Check(
                id=full,
                title=entry.check,
                why=entry.why,
                branches=tuple(_branch(sources, tree, name, index) for index in range(len(entry.next))),
                term=entry.term,
                source=entry.source,
                exercise=entry.exercise,
                start_from=entry.start_from or "near",
                segment=entry.segment,
                place=place,
            )
        case AskEntry():
            return Question(
                id=full,
                title=entry.ask,
                why=entry.why,
                choices=tuple(
                    Choice(option, written.label, _target(sources, tree, written))
                    for option, written in entry.options.items()
                ),
                otherwise=_target(sources, tree, entry.otherwise),
                term=entry.term,
                source=entry.source,
                place=place,
            )
        case JumpEntry():
            return Jump(full, resolve(sources, tree.id, None, entry.jump) or NOWHERE, place)
        case VerdictEntry():
            return Leaf(full, _verdict(entry), place)


def _target(sources: Sources, tree: TreeSource, entry: TargetEntry | WayEntry) -> str:
    return resolve(sources, tree.id, entry.then, entry.jump) or NOWHERE


def _branch(sources: Sources, tree: TreeSource, node: str, index: int) -> Branch:
    check = tree.nodes[node]
    assert isinstance(check, CheckEntry)
    entry = check.next[index]
    way = entry.otherwise if isinstance(entry, ElseEntry) else entry
    verdict = None
    if way.cause is not None:
        verdict = Verdict(
            cause=way.cause,
            confidence=way.confidence or "certain",
            ends=way.ends,
            summary=way.summary,
            alternatives=tuple(way.alternatives),
            excludes=tuple(way.excludes),
            ask_peer=tuple(way.ask_peer),
            collect=tuple(way.collect),
        )
    return Branch(
        rule=_rule(entry) if isinstance(entry, IfEntry) else None,
        to=None if verdict is not None else _target(sources, tree, way),
        verdict=verdict,
        warn=_verdict(entry.warn) if isinstance(entry, IfEntry) and entry.warn is not None else None,
        also=_verdict(entry.also) if isinstance(entry, IfEntry) and entry.also is not None else None,
        mark=way.mark,
        say=way.say,
        place=tree.document.place(("nodes", node, "next", index)),
    )


def _remedy(name: str, source: RemedySource) -> Remedy:
    entry = source.entry
    assert isinstance(entry, RemedyEntry)
    return Remedy(
        id=name,
        title=entry.title,
        mends=tuple(entry.mends),
        steps=tuple(
            RemedyStep(step.action, step.at, dict(step.options), _parsed(step.when)) for step in entry.steps
        ),
        impact=entry.impact,
        verified_by=entry.verified_by,
        proves=_parsed(entry.proves),
        stops=entry.stops,
        stops_s=entry.stops_s,
        chooses=entry.chooses,
        asks=dict(entry.asks),
        warning=entry.warning,
        guard_s=entry.guard_s,
        source=entry.source,
    )


def _referral(cause: str, source: RemedySource) -> Referral:
    entry = source.entry
    assert isinstance(entry, ReferralEntry)
    return Referral(cause, entry.who, entry.tell)


def _rule(entry: IfEntry) -> Rule | None:
    return _parsed(entry.rule)


def _parsed(text: str | None) -> Rule | None:
    try:
        return parse(text) if text is not None else None
    except RuleError:
        return None


def _verdict(entry: VerdictEntry) -> Verdict:
    return Verdict(
        cause=entry.cause,
        confidence=entry.confidence,
        ends=entry.ends,
        summary=entry.summary,
        alternatives=tuple(entry.alternatives),
        excludes=tuple(entry.excludes),
        ask_peer=tuple(entry.ask_peer),
        collect=tuple(entry.collect),
    )
