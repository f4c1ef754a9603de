"""One tree held against everything it names: nodes, causes, facts, exercises."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from wizard.errors import Problem, nearest
from wizard.flow.build import resolve
from wizard.flow.graph import SLOT
from wizard.flow.rule import Rule, RuleError, parse
from wizard.flow.sources import Sources, TreeSource
from wizard.flow.words import Vocabulary, faults, name_fault
from wizard.flow.written import (
    AskEntry,
    CheckEntry,
    ElseEntry,
    IfEntry,
    JumpEntry,
    TargetEntry,
    VerdictEntry,
    WayEntry,
)
from wizard.yaml_source import At, Document

_ENDS: Final = ("near", "far", "here", "there")


def sentence_faults(sentence: str, vocabulary: Vocabulary) -> list[tuple[str, str, int]]:
    """What is wrong with the places of a sentence where something is put in: message, advice, offset."""
    found: list[tuple[str, str, int]] = []
    for slot in SLOT.finditer(sentence):
        word = slot[1]
        if word in _ENDS:
            continue
        if not word.startswith("fact:"):
            advice = "write {here}, {there}, {near}, {far} or {fact:NAME}"
            found.append((f"nothing can be put in for {slot[0]}", advice, slot.start()))
            continue
        fault = name_fault(word.removeprefix("fact:"), vocabulary)
        if fault is not None:
            found.append((*fault, slot.start()))
    left = re.finditer(r"[{}]", SLOT.sub(lambda slot: " " * len(slot[0]), sentence))
    return [*found, *(("a brace stands alone", "write {here}, or no brace", brace.start()) for brace in left)]


class TreeCheck:
    """Collects the problems of one tree."""

    def __init__(
        self, sources: Sources, tree: TreeSource, vocabulary: Vocabulary, exercises: Collection[str]
    ) -> None:
        """Takes all sources, since a tree names nodes and causes of others."""
        self._sources = sources
        self._tree = tree
        self._document: Document = tree.document
        self._vocabulary = vocabulary
        self._exercises = exercises
        self._found: list[Problem] = []

    def problems(self) -> list[Problem]:
        """Everything that is wrong, node by node."""
        names = self._sources.named_nodes[self._tree.id]
        start = self._tree.start
        if start and start not in names:
            self._say(f"there is no node {start} in this tree", ("start",), nearest(start, names))
        for name, entry in self._tree.nodes.items():
            at: At = ("nodes", name)
            match entry:
                case CheckEntry():
                    self._check(entry, at)
                case AskEntry():
                    self._sentence(entry.ask, (*at, "ask"))
                    for option, written in entry.options.items():
                        self._target(written, (*at, "options", option))
                    self._target(entry.otherwise, (*at, "else"))
                case JumpEntry():
                    self._target(TargetEntry(jump=entry.jump), at)
                case VerdictEntry():
                    self._verdict(entry, at)
        return self._found

    def _say(self, message: str, at: At, advice: str = "", offset: int | None = None) -> None:
        place = self._document.place(at) if offset is None else self._document.inside(at, offset)
        self._found.append(Problem(message, place, advice or None))

    # --- checks and their branches ------------------------------------------------------------

    def _check(self, entry: CheckEntry, at: At) -> None:
        self._sentence(entry.check, (*at, "check"))
        if entry.exercise is not None and entry.exercise not in self._exercises:
            advice = nearest(entry.exercise, self._exercises)
            self._say(f"there is no exercise {entry.exercise}", (*at, "exercise"), advice)
        if entry.start_from is not None and entry.exercise is None:
            message = "from: says which end starts an exercise, and this node has none"
            self._say(message, (*at, "from"), "take it out, or name an exercise")
        self._last_branch(entry, at)
        above: set[str] = set()
        for index, branch in enumerate(entry.next):
            where: At = (*at, "next", index)
            if isinstance(branch, ElseEntry):
                self._way(branch.otherwise, (*where, "else"), uses_here=False)
                continue
            rule = self._rule(branch, (*where, "if"))
            uses_here = rule is None or rule.uses_here
            self._way(branch, where, uses_here=uses_here)
            for key, verdict in (("warn", branch.warn), ("also", branch.also)):
                if verdict is not None:
                    self._verdict(verdict, (*where, key))
                    self._ends(verdict.ends, (*where, key), uses_here=uses_here)
            if rule is not None and rule.text in above:
                self._say(
                    "this rule stands above already, so it never decides", (*where, "if"), "take it out"
                )
            above.update([rule.text] if rule is not None else [])

    def _last_branch(self, entry: CheckEntry, at: At) -> None:
        last = len(entry.next) - 1
        elses = [index for index, branch in enumerate(entry.next) if isinstance(branch, ElseEntry)]
        if not elses:
            message = f"{at[-1]} does not say where to go when no rule holds"
            self._say(message, (*at, "next", last), "write a last branch - else: node")
        for index in elses:
            if index != last:
                self._say("what stands after else is never taken", (*at, "next", index), "put else last")

    def _rule(self, branch: IfEntry, at: At) -> Rule | None:
        try:
            rule = parse(branch.rule)
        except RuleError as error:
            self._say(error.message, at, error.advice or "", error.column)
            return None
        for fault in faults(rule, self._vocabulary):
            self._say(fault.message, at, fault.advice or "", fault.column)
        return rule

    def _way(self, way: WayEntry, at: At, *, uses_here: bool) -> None:
        if way.say is not None:
            self._sentence(way.say, (*at, "say"))
            for slot in SLOT.finditer(way.say):
                side = slot[1].removeprefix("fact:").partition(".")[0]
                if side in ("here", "there") and not uses_here:
                    message = f"the branch's rule does not speak of here, so {slot[0]} names nobody"
                    self._say(message, (*at, "say"), "write {near} or {far}", slot.start())
        if way.cause is None:
            self._target(way, at)
            return
        self._verdict(way, at)
        self._ends(way.ends, at, uses_here=uses_here)

    def _ends(self, ends: str | None, at: At, *, uses_here: bool) -> None:
        if ends in ("here", "there") and not uses_here:
            message = f"the rule does not speak of here, so ends: {ends} names nobody"
            self._say(message, (*at, "ends"), "write near, far or both, or a rule with here")

    # --- what is named ------------------------------------------------------------------------

    def _target(self, target: TargetEntry | WayEntry, at: At) -> None:
        if resolve(self._sources, self._tree.id, target.then, target.jump) is not None:
            return
        key = "then" if target.then is not None else "jump"
        written = target.then or target.jump or ""
        other, dot, node = written.partition(".")
        if not dot and key == "then":
            other, node = self._tree.id, written
        if other in self._sources.unread:
            return
        nodes = self._sources.named_nodes.get(other)
        if nodes is None:
            trees = self._sources.named_nodes
            self._say(f"there is no tree {other}", (*at, key), nearest(other, trees.keys()))
        elif not dot and key == "jump":
            self._say(f"the tree {other} has no start", (*at, key), f"write jump: {other}.node")
        else:
            where = "in this tree" if other == self._tree.id else f"in the tree {other}"
            self._say(f"there is no node {node} {where}", (*at, key), self._node_advice(written, nodes))

    def _node_advice(self, written: str, nodes: Collection[str]) -> str:
        trees = self._sources.named_nodes
        return f"write jump: {written}" if written in trees else nearest(written.rpartition(".")[2], nodes)

    def _verdict(self, verdict: VerdictEntry | WayEntry, at: At) -> None:
        main = verdict.cause or ""
        named: list[tuple[str, At]] = [(main, (*at, "cause"))]
        for key in ("alternatives", "excludes"):
            named.extend((cause, (*at, key, index)) for index, cause in enumerate(getattr(verdict, key)))
        for cause, where in named:
            if self._sources.named_causes and cause not in self._sources.named_causes:
                advice = nearest(cause, self._sources.named_causes) or "see causes.yaml"
                self._say(f"there is no cause {cause}", where, advice)
        ruled_out = {*verdict.excludes, *self._excluded_by(main)}
        for cause in sorted({main} & {*verdict.alternatives, *verdict.excludes}):
            self._say(f"{cause} is named together with itself", (*at, "cause"), "take it out of the list")
        for cause in sorted({*verdict.alternatives} & ruled_out):
            self._say(f"{cause} is an alternative and excluded", (*at, "alternatives"), "take it out of one")
        if verdict.summary is not None:
            self._sentence(verdict.summary, (*at, "summary"))

    def _excluded_by(self, cause: str) -> list[str]:
        known = self._sources.causes.get(cause)
        return known.entry.excludes if known is not None else []

    def _sentence(self, sentence: str, at: At) -> None:
        for message, advice, offset in sentence_faults(sentence, self._vocabulary):
            self._say(message, at, advice, offset)
