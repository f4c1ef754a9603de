"""`nft -j list ruleset` (libnftables-json(5)) into chains; `nft -a list ruleset` a line to read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Final, cast

from wizard.facts.parsers.iptables_rule import TARGETS
from wizard.facts.parsers.nft_match import UNKNOWN, Sets, match_of
from wizard.facts.ruleset import Action, Chain, Family, Match, Rule
from wizard.records import dataclass

_FAMILIES: Final = frozenset({"ip", "ip6", "inet", "netdev"})
_VERDICTS: Final[Mapping[str, Action]] = {
    "accept": "accept",
    "drop": "drop",
    "reject": "reject",
    "return": "return",
    "masquerade": "masquerade",
    "snat": "snat",
    "dnat": "dnat",
    "redirect": "dnat",
    "queue": "other",
    "tproxy": "other",
    "synproxy": "other",
    "fwd": "other",
}
_DOUBTFUL: Final = frozenset({"limit", "quota", "ct count", "meter"})
"""Statements that let a rule go on for some packets only."""
_OPEN = re.compile(r"\s{0,40}(table|chain) (?:(\w{1,10}) )?([^\s{]{1,128}) \{")
_QUOTED = re.compile(r'"([^"]{1,64})"')
_HANDLE = re.compile(r" # handle (\d{1,10})$")


@dataclass(frozen=True, slots=True)
class _Texts:
    """Lines of the readable listing: of rules by table, chain and handle; of base chains by their name."""

    rules: Mapping[tuple[str, str, str, int], str] = field(default_factory=dict)
    chains: Mapping[tuple[str, str, str], str] = field(default_factory=dict)


def parse(printed: str, readable: str = "") -> tuple[Chain, ...] | None:
    """The chains of all tables in order; None when no line of the text is what `nft -j` prints.

    No rules at all is a good answer. Warnings may stand before the JSON, which is one line.
    """
    objects = _objects(printed)
    if objects is None:
        return None
    texts = _texts(readable)
    sets = _sets(objects)
    chains: dict[tuple[str, str, str], Chain] = {}
    rules: dict[tuple[str, str, str], list[Rule]] = {}
    for kind, item in objects:
        family = str(item.get("family"))
        if kind == "chain" and family in _FAMILIES:
            chain = _chain(item, cast(Family, family), texts)
            chains[chain.family, chain.table, chain.name] = chain
        elif kind == "rule" and family in _FAMILIES:
            key = (family, str(item.get("table")), str(item.get("chain")))
            rules.setdefault(key, []).extend(_rules(item, sets, texts))
    return tuple(replace(chain, rules=tuple(rules.get(key, ()))) for key, chain in chains.items())


def _objects(printed: str) -> list[tuple[str, dict[str, Any]]] | None:
    try:
        document = json.loads(next((line for line in printed.split("\n") if line.startswith("{")), ""))
    except (ValueError, RecursionError):
        return None
    listed = document.get("nftables") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return None
    return [
        (kind, item)
        for entry in listed
        if isinstance(entry, dict)
        for kind, item in entry.items()
        if isinstance(item, dict)
    ]


def _sets(objects: Sequence[tuple[str, dict[str, Any]]]) -> Sets:
    found: Sets = {}
    for kind, item in objects:
        elements = item.get("elem", [])
        if kind in {"set", "map"} and isinstance(elements, list):
            found[str(item.get("family")), str(item.get("table")), f"@{item.get('name')}"] = elements
    return found


def _chain(item: Mapping[str, Any], family: Family, texts: _Texts) -> Chain:
    table, name = str(item.get("table")), str(item.get("name"))
    hook = str(item.get("hook", ""))
    priority = item.get("prio", 0)
    bare = f"chain {family} {table} {name}"
    if hook:
        policy = item.get("policy", "accept")
        bare += f" {{ type {item.get('type')} hook {hook} priority {priority}; policy {policy}; }}"
    line = texts.chains.get((family, table, name), bare)
    return Chain(
        backend="nft",
        family=family,
        table=table,
        name=name,
        line=line,
        hook=hook,
        nat=item.get("type") == "nat",
        priority=priority if isinstance(priority, int) else 0,
        policy="drop" if item.get("policy") == "drop" else "accept",
        devices=_devices(item.get("dev"), line),
    )


def _devices(stated: object, line: str) -> tuple[str, ...]:
    """The interfaces of an ingress chain; nft before 1.1 has them in its readable listing only."""
    if isinstance(stated, str):
        return (stated,)
    if isinstance(stated, list):
        return tuple(str(device) for device in stated)
    hook, device, rest = line.partition(" device")
    return tuple(_QUOTED.findall(rest[:2000])) if device and " hook ingress" in hook else ()


def _rules(item: Mapping[str, Any], sets: Sets, texts: _Texts) -> Iterator[Rule]:
    """One rule may set a mark and then decide, or hold a map of verdicts: each becomes a record."""
    family, table, chain = (str(item.get(key)) for key in ("family", "table", "chain"))
    handle = item.get("handle") if isinstance(item.get("handle"), int) else 0
    expressions = item.get("expr")
    bare = Rule(
        action="continue",
        line=texts.rules.get((family, table, chain, cast(int, handle))) or json.dumps(expressions),
        identity=f"handle {handle}",
    )
    ended = False
    for name, value in _statements(expressions):
        conditions = _conditions(name, value, (family, table), sets)
        if conditions is not None:
            bare = replace(bare, matches=(*bare.matches, *conditions), packets=None)
        elif name == "counter":
            bare = replace(bare, packets=_count(value))
        else:
            for more, action, target in _decisions(name, value, (family, table), sets):
                yield replace(bare, action=action, target=target, matches=(*bare.matches, *more))
                ended = ended or action != "mark"
    if not ended:
        yield bare


def _statements(expressions: object) -> Iterator[tuple[str, object]]:
    for statement in expressions if isinstance(expressions, list) else []:
        if isinstance(statement, dict) and len(statement) == 1:
            yield from statement.items()


def _conditions(name: str, value: object, table: tuple[str, str], sets: Sets) -> list[Match] | None:
    """What a statement asks of a packet; None for one that asks nothing."""
    if name == "match":
        return match_of(value, table, sets)
    if name in _DOUBTFUL or (name == "xt" and _extension(value)[0] == "match"):
        return [UNKNOWN]
    return None


def _decisions(
    name: str, value: object, table: tuple[str, str], sets: Sets
) -> Iterator[tuple[tuple[Match, ...], Action, str]]:
    """What a statement does with a packet, and under which further conditions."""
    if name == "vmap":
        yield from _verdict_map(value, table, sets)
    elif name == "xt":
        kind, target = _extension(value)
        if kind == "target":
            yield (), TARGETS.get(target, "other"), target
    elif name in {"jump", "goto"}:
        yield (), cast(Action, name), _target(value)
    elif name == "mangle" and _sets_mark(value):
        yield (), "mark", ""
    elif name in _VERDICTS:
        yield (), _VERDICTS[name], name


def _verdict_map(
    value: object, table: tuple[str, str], sets: Sets
) -> Iterator[tuple[tuple[Match, ...], Action, str]]:
    """A map of verdicts as rules one after another, which it equals because its keys exclude each other."""
    if not isinstance(value, dict):
        return
    stated = value.get("data")
    entries = sets.get((*table, stated), []) if isinstance(stated, str) else stated
    if isinstance(entries, dict):
        entries = entries.get("set")
    if not isinstance(entries, list) or (isinstance(stated, str) and not entries):
        yield (UNKNOWN,), "other", ""
        return
    for entry in entries:
        if not (isinstance(entry, list) and len(entry) == 2 and isinstance(entry[1], dict) and entry[1]):
            yield (UNKNOWN,), "other", ""
            continue
        key = {"op": "==", "left": value.get("key"), "right": entry[0]}
        (name, target), *_ = entry[1].items()
        action = cast(Action, name) if name in {"jump", "goto"} else _VERDICTS.get(name, "continue")
        matches = () if entry[0] == "*" else tuple(match_of(key, table, sets))
        yield matches, action, _target(target)


def _extension(value: object) -> tuple[str, str]:
    """A match or target of iptables inside an nft rule; nft does not tell what it holds."""
    if not isinstance(value, dict):
        return "match", ""
    return str(value.get("type", "match")), str(value.get("name", ""))


def _sets_mark(value: object) -> bool:
    key = value.get("key") if isinstance(value, dict) else None
    meta = key.get("meta") if isinstance(key, dict) else None
    return isinstance(meta, dict) and meta.get("key") == "mark"


def _target(value: object) -> str:
    return str(value.get("target", "")) if isinstance(value, dict) else ""


def _count(value: object) -> int | None:
    packets = value.get("packets") if isinstance(value, dict) else None
    return packets if isinstance(packets, int) else None


def _texts(readable: str) -> _Texts:
    rules: dict[tuple[str, str, str, int], str] = {}
    chains: dict[tuple[str, str, str], str] = {}
    family, table, chain = "", "", ""
    for line in readable.split("\n"):
        handle = _HANDLE.search(line[-40:])
        text = line[: len(line) - len(handle[0])] if handle else line
        if opened := _OPEN.match(text):
            if opened[1] == "table":
                family, table, chain = opened[2] or "ip", opened[3], ""
            else:
                chain = opened[3]
        elif text.strip() == "}":
            chain = ""
        elif chain and handle:
            rules[family, table, chain, int(handle[1])] = text.strip()
        elif chain and text.lstrip().startswith("type "):
            chains[family, table, chain] = f"chain {chain} {{ {text.strip()} }}"
    return _Texts(rules, chains)
