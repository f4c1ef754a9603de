"""The output of iptables-save and ip6tables-save, from the legacy tools and from those over nf_tables."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from wizard.facts.parsers.iptables_rule import rule as rule_of
from wizard.facts.ruleset import Action, Backend, Chain, Family, Rule

_CHAIN = re.compile(r":(\S{1,64}) (ACCEPT|DROP|REJECT|QUEUE|-)(?: \[(\d{1,20}):\d{1,20}\])?")
_RULE = re.compile(r"(?:\[(\d{1,20}):\d{1,20}\] )?(-A (\S{1,64})(?: .{0,8000})?)")
_HOOKS: Final = {
    "PREROUTING": "prerouting",
    "INPUT": "input",
    "FORWARD": "forward",
    "OUTPUT": "output",
    "POSTROUTING": "postrouting",
}
_PRIORITIES: Final = {"raw": -300, "mangle": -150, "nat": -100, "filter": 0, "security": 50}
"""When a table is asked at a hook (linux/netfilter_ipv4.h, NF_IP_PRI_*); source NAT comes at 100."""


def parse(text: str, backend: Backend, family: Family) -> tuple[Chain, ...]:
    """The chains of all tables in one save; a rule for a chain that was not announced is passed over."""
    chains: dict[tuple[str, str], Chain] = {}
    rules: dict[tuple[str, str], list[Rule]] = {}
    table = ""
    for line in text.split("\n"):
        if line.startswith("*"):
            table = line[1:].strip()
        elif table and (found := _CHAIN.match(line)):
            chains[table, found[1]] = _chain(found, line, table, backend, family)
        elif table and (found := _RULE.match(line)) and (table, found[3]) in chains:
            packets = int(found[1]) if found[1] else None
            rules.setdefault((table, found[3]), []).append(rule_of(found[2], line.strip(), packets))
    return tuple(replace(chain, rules=tuple(rules.get(key, ()))) for key, chain in chains.items())


def _chain(found: re.Match[str], line: str, table: str, backend: Backend, family: Family) -> Chain:
    name = found[1]
    built_in = found[2] != "-"
    policy: Action = "drop" if found[2] in {"DROP", "REJECT"} else "accept"
    nat = table == "nat" and built_in
    return Chain(
        backend=backend,
        family=family,
        table=table,
        name=name,
        line=line.strip(),
        hook=_HOOKS.get(name, "") if built_in else "",
        nat=nat,
        priority=100 if nat and name in {"POSTROUTING", "INPUT"} else _PRIORITIES.get(table, 0),
        policy=policy,
        policy_packets=int(found[3]) if built_in and found[3] else None,
    )
