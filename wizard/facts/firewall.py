"""What a gateway's own packet filter does to one packet, and which of its drop rules a test ran into.

The evaluator walks the chains the way the kernel does (netfilter hooks in order of priority, user chains,
return, policy). Where a rule cannot be decided it follows both possibilities: an answer is certain only
when all of them come to the same end, so that an unknown match makes an answer open and never wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal

from wizard.facts.firewall_match import Packet, Way, family_of, fits
from wizard.facts.ruleset import BLOCKING, SOURCE_NAT, Action, Chain, Rule, Ruleset
from wizard.records import dataclass

__all__ = ["Judgement", "Moved", "Packet", "Verdict", "Way", "counters_moved", "fits", "judge"]

Verdict = Literal["accept", "drop", "reject", "nat", "unknown"]

_DEPTH = 64
_HOOKS: Mapping[Way, tuple[str, ...]] = {
    "input": ("ingress", "prerouting", "input"),
    "output": ("output", "postrouting"),
    "forward": ("ingress", "prerouting", "forward", "postrouting"),
    "source-nat": ("postrouting",),
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What happens to a packet and the rule that decides it; `doubts` lists what might decide otherwise."""

    verdict: Verdict
    rule: str = ""
    """The rule or the policy as the gateway printed it; empty when no chain looks at the packet."""
    chain: str = ""
    certain: bool = False
    doubts: tuple[str, ...] = ()

    @property
    def blocks(self) -> bool | None:
        """True when the packet certainly is dropped or rejected, False when it certainly passes."""
        if not self.certain or self.verdict in {"nat", "unknown"}:
            return None
        return self.verdict in BLOCKING

    @property
    def rewrites(self) -> bool | None:
        """True when addresses certainly are translated, False when certainly not, else None."""
        if not self.certain or self.verdict == "unknown":
            return None
        return self.verdict == "nat"


@dataclass(frozen=True, slots=True)
class Moved:
    """A rule or policy that drops, and how many packets it dropped between two looks."""

    line: str
    chain: str
    verdict: Action
    packets: int


@dataclass(frozen=True, slots=True)
class _Outcome:
    verdict: Verdict
    line: str
    chain: str

    @property
    def kind(self) -> str:
        return "block" if self.verdict in BLOCKING else self.verdict


@dataclass(frozen=True, slots=True)
class _Walk:
    """Where a chain can lead: `settled` is the end when no doubtful rule fits, None when it falls through."""

    settled: _Outcome | None
    possible: tuple[_Outcome, ...]
    falls_through: bool


def judge(ruleset: Ruleset, packet: Packet, way: Way) -> Judgement:
    """What becomes of a packet on its way to the gateway itself, from it, through it, or at source NAT.

    "source-nat" answers "nat" or "accept"; the others answer "nat" where destination NAT takes the packet.
    """
    if not ruleset.readable:
        return Judgement("unknown")
    walker = _Walker(ruleset, packet, way)
    passed = Judgement("accept", certain=True)
    pending: _Outcome | None = None
    doubts: list[str] = []
    translated = False
    for chain in _stations(ruleset, packet, way):
        walk = walker.base(chain)
        kinds = {outcome.kind for outcome in walk.possible}
        settled = walk.settled
        if settled is None or kinds == {"accept"}:
            if settled is not None and way in {chain.hook, "source-nat"}:
                passed = replace(passed, rule=settled.line, chain=settled.chain)
            continue
        if kinds == {"block"}:
            return _judgement(settled, certain=not translated, doubts=doubts if translated else [])
        if kinds == {"nat"}:
            return _judgement(settled, certain=not doubts, doubts=doubts)
        doubts += [outcome.line for outcome in walk.possible if outcome.kind != settled.kind]
        translated = translated or "nat" in kinds
        if settled.kind != "accept" and pending is None:
            pending = settled
    if pending is not None:
        return _judgement(pending, certain=False, doubts=doubts)
    if not ruleset.complete:
        doubts += ruleset.problems
    return replace(passed, certain=not doubts, doubts=tuple(doubts))


def counters_moved(before: Ruleset, after: Ruleset, about: Packet | None = None) -> tuple[Moved, ...]:
    """The drop and reject rules and drop policies that counted packets between two looks.

    With `about`, rules that certainly do not fit that packet are left out: a gateway on the internet drops
    something all the time.
    """
    earlier = dict(_counted(before))
    moved = []
    for key, now in _counted(after):
        then = earlier.get(key)
        if then is None or now.packets <= then.packets:
            continue
        if about is None or _may_concern(now, about):
            moved.append(replace(now.moved, packets=now.packets - then.packets))
    return tuple(moved)


def _judgement(outcome: _Outcome, *, certain: bool, doubts: list[str]) -> Judgement:
    return Judgement(outcome.verdict, outcome.line, outcome.chain, certain, tuple(doubts))


def _stations(ruleset: Ruleset, packet: Packet, way: Way) -> Iterator[Chain]:
    """The base chains a packet meets, in the order in which the kernel asks them."""
    for hook in _HOOKS[way]:
        here = [chain for chain in ruleset.chains if chain.hook == hook and _suits(chain, packet)]
        if way == "source-nat":
            here = [chain for chain in here if chain.nat]
        elif hook in {"input", "postrouting"}:
            here = [chain for chain in here if not chain.nat]
        yield from sorted(here, key=lambda chain: chain.priority)


def _suits(chain: Chain, packet: Packet) -> bool:
    """Whether a chain sees packets of this family and, at ingress, of this interface."""
    if chain.devices and packet.in_if is not None and packet.in_if not in chain.devices:
        return False
    return chain.family in {"inet", "netdev", family_of(packet) or "ip"}


class _Walker:
    """Walks chains for one packet; each chain once, because the packet does not change on the way."""

    def __init__(self, ruleset: Ruleset, packet: Packet, way: Way) -> None:
        if way == "input":
            packet = replace(packet, out_if=packet.out_if or "")
        elif way == "output":
            packet = replace(packet, in_if=packet.in_if or "")
        if any(rule.action == "mark" for chain in ruleset.chains for rule in chain.rules):
            packet = replace(packet, mark=None)
        self._packet = packet
        self._way = way
        self._chains = {(c.backend, c.family, c.table, c.name): c for c in ruleset.chains}
        self._walked: dict[tuple[str, str, str, str], _Walk] = {}

    def base(self, chain: Chain) -> _Walk:
        """Where a base chain leads: what falls through it meets its policy."""
        walk = self._rules(chain, 0)
        end = _Outcome("drop" if chain.policy in BLOCKING else "accept", chain.line, chain.place)
        possible = (*walk.possible, end) if walk.falls_through else walk.possible
        return _Walk(walk.settled or end, possible, falls_through=False)

    def _called(self, caller: Chain, rule: Rule, depth: int) -> _Walk:
        key = (caller.backend, caller.family, caller.table, rule.target)
        chain = self._chains.get(key)
        if chain is None or depth > _DEPTH:
            return _Walk(None, (_Outcome("unknown", rule.line, caller.place),), falls_through=True)
        if key not in self._walked:
            self._walked[key] = _Walk(None, (), falls_through=True)
            self._walked[key] = self._rules(chain, depth)
        return self._walked[key]

    def _rules(self, chain: Chain, depth: int) -> _Walk:
        possible: dict[_Outcome, None] = {}
        settled: _Outcome | None = None
        may_return = False
        for rule in chain.rules:
            fit = self._fit(rule)
            if fit is False:
                continue
            if rule.action == "return":
                if fit:
                    break
                may_return = True
            elif rule.action in {"jump", "goto"}:
                walk = self._called(chain, rule, depth + 1)
                possible |= dict.fromkeys(walk.possible)
                if fit:
                    settled = settled or walk.settled
                    if rule.action == "goto" or not walk.falls_through:
                        return _Walk(settled, tuple(possible), walk.falls_through or may_return)
                elif rule.action == "goto":
                    may_return = may_return or walk.falls_through
            elif (outcome := self._outcome(chain, rule)) is not None:
                possible[outcome] = None
                if fit and outcome.verdict != "unknown":
                    return _Walk(settled or outcome, tuple(possible), may_return)
        return _Walk(settled, tuple(possible), falls_through=True)

    def _fit(self, rule: Rule) -> bool | None:
        answers = [fits(match, self._packet, self._way) for match in rule.matches]
        return False if False in answers else None if None in answers else True

    def _outcome(self, chain: Chain, rule: Rule) -> _Outcome | None:
        """The end a rule puts to the walk; None for one that only looks, counts or marks."""
        verdict: Verdict
        if rule.action in {"accept", "drop", "reject"}:
            verdict = rule.action
        elif rule.action in SOURCE_NAT or rule.action == "dnat":
            verdict = "nat"
        elif rule.action == "other":
            verdict = "unknown"
        else:
            return None
        return _Outcome(verdict, rule.line, chain.place)


@dataclass(frozen=True, slots=True)
class _Count:
    chain: Chain
    rule: Rule | None
    moved: Moved

    @property
    def packets(self) -> int:
        return self.moved.packets


def _counted(ruleset: Ruleset) -> Iterator[tuple[tuple[str, ...], _Count]]:
    """Every rule and policy that drops and counts, by a name that is the same in two looks."""
    for chain in ruleset.chains:
        place = (chain.backend, chain.family, chain.table, chain.name)
        if chain.policy in BLOCKING and chain.policy_packets is not None:
            moved = Moved(chain.line, chain.place, chain.policy, chain.policy_packets)
            yield (*place, "policy"), _Count(chain, None, moved)
        seen: dict[str, int] = {}
        for rule in chain.rules:
            if rule.action in BLOCKING and rule.packets is not None:
                nth = seen[rule.identity] = seen.get(rule.identity, 0) + 1
                moved = Moved(rule.line, chain.place, rule.action, rule.packets)
                yield (*place, rule.identity, str(nth)), _Count(chain, rule, moved)


def _may_concern(count: _Count, packet: Packet) -> bool:
    if not _suits(count.chain, packet):
        return False
    return count.rule is None or all(fits(match, packet) is not False for match in count.rule.matches)
