"""Where in the rule set that is there a rule has to go so that a packet passes: directly before what stops it.

The evaluator that finds the fault also proves the remedy: the rule is put into its model of the rule set, and
only a place after which it lets the packet through is proposed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from wizard.errors import WizardError
from wizard.facts.firewall import Judgement, Packet, Way, fits, judge
from wizard.facts.firewall_match import family_of
from wizard.facts.parsers import iptables_rule
from wizard.facts.passages import Opening, Passage
from wizard.facts.ruleset import BLOCKING, SOURCE_NAT, Action, Chain, Rule, Ruleset
from wizard.platforms.actions.rule_texts import iptables_words

ROUNDS: Final = 4
"""How many chains one packet may be stopped in, one after the other, before it is left to a person."""


_COUNTS = re.compile(r"^\[\d{1,20}:\d{1,20}\] | \[\d{1,20}:\d{1,20}\]$| packets \d{1,20} bytes \d{1,20}")


class Closed(WizardError):
    """No rule of ours would let the packet through; the message says what stands against it."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A rule to be and its place."""

    chain: Chain
    """As the gateway has it, without any of ours."""
    index: int
    """The number it gets, from 0, once those before it in the plan are there."""
    last: bool
    """Whether it goes to the chain's end."""
    opening: Opening
    hook: str
    """The hook the chain serves; a chain that is jumped to serves that of its caller."""
    before: str
    """The rule or policy it goes before, as the gateway printed it."""
    title: str
    handle: int | None = None
    """nft: the rule it goes before."""
    doubts: tuple[str, ...] = ()
    """Rules that may stop the packet all the same."""


def openings(ruleset: Ruleset, passages: Sequence[Passage], hit: Iterable[str] = ()) -> tuple[Placed, ...]:
    """The rules that let all passages through, in the order they are to be made; none where all pass.

    `hit` are rules that were seen to drop the tunnel's packets: those are meant even where it is not certain from
    their text. Raises Closed.
    """
    placed: list[Placed] = []
    seen = set(hit)
    found = {_key(chain): chain for chain in ruleset.chains}
    for passage in passages:
        for _ in range(ROUNDS):
            stop = _stop(ruleset, passage.packet, passage.way, seen)
            if stop is None:
                break
            chain, index, line = stop
            if chain.place in {one.chain.place for one in placed if one.opening == passage.opening}:
                raise Closed(f"{passage.title} is dropped by {line}, and a rule before it would not help")
            ruleset, hook = _with(ruleset, chain, index, passage.opening), _hook(ruleset, chain, passage.way)
            doubts = _doubts(judge(ruleset, passage.packet, passage.way))
            handle = _handle(chain.rules[index]) if index < len(chain.rules) else None
            own = found[_key(chain)]
            end = index == len(chain.rules)
            placed.append(Placed(own, index, end, passage.opening, hook, line, passage.title, handle, doubts))
        else:
            raise Closed(f"{passage.title} is dropped in more than {ROUNDS} chains")
    return tuple(placed)


def exemptions(ruleset: Ruleset, passages: Sequence[Passage]) -> tuple[Placed, ...]:
    """The same for source NAT: accepted before the rule that would rewrite it. Raises Closed."""
    return openings(ruleset, [replace(one, way="source-nat") for one in passages])


def stopped(ruleset: Ruleset | None, passages: Iterable[Passage], hit: Iterable[str] = ()) -> bool:
    """Whether any of the passages is stopped by these rules."""
    seen = set(hit)
    return ruleset is not None and any(_stop(ruleset, one.packet, one.way, seen) for one in passages)


def _key(chain: Chain) -> tuple[str, str, str, str]:
    return chain.backend, chain.family, chain.table, chain.name


def _stop(ruleset: Ruleset, packet: Packet, way: Way, hit: set[str]) -> tuple[Chain, int, str] | None:
    """The chain, the place in it and the line of what stops a packet."""
    judged = judge(ruleset, packet, way)
    stops = SOURCE_NAT if way == "source-nat" else BLOCKING
    wanted = {"nat"} if way == "source-nat" else BLOCKING
    lines = [judged.rule] if judged.verdict in wanted and judged.rule else []
    lines += [line for line in judged.doubts if any(same_rule(line, one) for one in hit)]
    for line in lines:
        places = list(_places(ruleset, packet, line, stops))
        places.sort(key=lambda place: place[0].place != judged.chain)
        if places:
            return *places[0], line
    return None


def same_rule(line: str, other: str) -> bool:
    """Whether two looks show one rule: the counters in front of it are another thing each time."""
    return line == other or uncounted(line) == uncounted(other)


def uncounted(line: str) -> str:
    """The line of a rule or policy without its counters."""
    return _COUNTS.sub("", line)


def _places(
    ruleset: Ruleset, packet: Packet, line: str, stops: frozenset[Action]
) -> Iterator[tuple[Chain, int]]:
    family = family_of(packet) or "ip"
    for chain in ruleset.chains:
        if chain.family not in {"inet", "netdev", family}:
            continue
        for index, rule in enumerate(chain.rules):
            stopping = rule.action in stops and same_rule(rule.line, line)
            if stopping and all(fits(match, packet) is not False for match in rule.matches):
                yield chain, index
        if chain.hook and chain.line == line and chain.policy in stops:
            yield chain, len(chain.rules)


def _with(ruleset: Ruleset, chain: Chain, index: int, opening: Opening) -> Ruleset:
    words = " ".join(iptables_words(opening))
    rule = replace(iptables_rule.rule(f"-A X {words} -j ACCEPT", "(ours)", 0), action="accept")
    grown = replace(chain, rules=(*chain.rules[:index], rule, *chain.rules[index:]))
    return replace(ruleset, chains=tuple(grown if one is chain else one for one in ruleset.chains))


def _doubts(judged: Judgement) -> tuple[str, ...]:
    return judged.doubts if judged.blocks is None and judged.rewrites is None else ()


def _hook(ruleset: Ruleset, chain: Chain, way: Way) -> str:
    """The hook of a chain, or of the first base chain from which it is reached."""
    if chain.hook:
        return chain.hook
    wanted = "postrouting" if way == "source-nat" else way
    callers = [one for one in ruleset.chains if one.hook and _reaches(ruleset, one, chain, set())]
    return next((one.hook for one in callers if one.hook == wanted), callers[0].hook if callers else "")


def _reaches(ruleset: Ruleset, start: Chain, goal: Chain, seen: set[str]) -> bool:
    if (start.backend, start.family, start.table) != (goal.backend, goal.family, goal.table):
        return False
    targets = {rule.target for rule in start.rules if rule.action in {"jump", "goto"}} - seen
    if goal.name in targets:
        return True
    seen |= targets
    return any(
        _reaches(ruleset, one, goal, seen)
        for one in ruleset.chains
        if one.name in targets
        and (one.backend, one.family, one.table) == (goal.backend, goal.family, goal.table)
    )


def _handle(rule: Rule) -> int | None:
    number = rule.identity.removeprefix("handle ")
    return int(number) if rule.identity != number and number.isdigit() else None
