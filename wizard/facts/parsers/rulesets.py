"""All packet filter rules of a gateway from whatever tools it has: both kinds of iptables, and nftables.

The kernel asks all of them. iptables over nf_tables keeps its rules in nftables, where nft shows them without
the parts only iptables can read: those tables are taken from iptables-save.
"""

from __future__ import annotations

import re
from typing import Final

from wizard.facts.parsers import iptables, nftables
from wizard.facts.parsers.framed import Section, sections
from wizard.facts.ruleset import Backend, Chain, Family, Ruleset

COMMAND: Final = """\
both='iptables-nft-save iptables-legacy-save'
for tool in $both; do command -v "$tool" >/dev/null 2>&1 || both=iptables-save; done
for four in $both; do
  for tool in "$four" "ip6${four#ip}"; do
    command -v "$tool" >/dev/null 2>&1 || continue
    echo "@@ $tool"
    case $tool in
      iptables-legacy-save) [ -e /proc/net/ip_tables_names ] || { echo '@= 0'; continue; } ;;
      ip6tables-legacy-save) [ -e /proc/net/ip6_tables_names ] || { echo '@= 0'; continue; } ;;
    esac
    $SUDO $tool -c 2>&1; echo "@= $?"
  done
done
if command -v nft >/dev/null 2>&1; then
  echo '@@ nft-json'; rules=$($SUDO nft -j list ruleset 2>&1); status=$?; printf '%s\\n@= %s\\n' "$rules" "$status"
  case $rules in *'"rule"'*) echo '@@ nft'; $SUDO nft -a list ruleset 2>&1; echo "@= $?" ;; esac
fi"""
"""Lists rules, changes none: the old iptables is left out where the kernel has not loaded it, since asking would
load it. nft is asked twice because nobody can read its JSON as evidence."""

_NO_RULES_THERE: Final = ("not supported", "Table does not exist")
"""What tools say on a kernel that has no such packet filter: then it has no such rules either."""
_FOREIGN = re.compile(r"# Table `(\S{1,64})' (?:contains incompatible|is incompatible)")
"""A table of nft's own that only has a name of iptables': what iptables-save makes of it is empty chains."""
_SAVES: Final = {"iptables": "ip", "ip6tables": "ip6"}


def parse(text: str) -> Ruleset:
    """The rules of all tools; what a tool said instead of rules is among the problems."""
    parts = sections(text)
    chains: list[Chain] = []
    problems: list[str] = []
    answered = False
    seen: set[tuple[Backend, Family, str]] = set()
    for part in parts:
        family = _family(part)
        if family is None:
            continue
        failed = _failed(part)
        answered = answered or not failed
        problems += failed
        backend: Backend = (
            "nft" if "(nf_tables)" in part.body or part.name.endswith("-nft-save") else "legacy"
        )
        foreign = set(_FOREIGN.findall(part.body))
        saved = [
            c
            for c in iptables.parse(part.body, backend, family)
            if c.table not in foreign and (backend, family, c.table) not in seen
        ]
        seen |= {(backend, family, chain.table) for chain in saved}
        chains += saved
    native = next((part for part in parts if part.name == "nft-json"), None)
    if native is not None:
        readable = next((part.body for part in parts if part.name == "nft"), "")
        listed = nftables.parse(native.body, readable)
        if listed is None:
            problems += _failed(native) or ["nft: its JSON could not be read"]
        else:
            answered = True
            chains += [chain for chain in listed if ("nft", chain.family, chain.table) not in seen]
    complete = all(any(words in problem for words in _NO_RULES_THERE) for problem in problems)
    return Ruleset(tuple(chains), tuple(dict.fromkeys(problems)), answered, complete)


def _family(part: Section) -> Family | None:
    """The family of an iptables-save part; a pasted save without a frame counts as IPv4."""
    if part.name == "" and "\n*" in f"\n{part.body}" and "COMMIT" in part.body:
        return "ip"
    for tool, family in _SAVES.items():
        if part.name in {f"{tool}-save", f"{tool}-nft-save", f"{tool}-legacy-save"}:
            return "ip6" if family == "ip6" else "ip"
    return None


def _failed(part: Section) -> list[str]:
    """What a tool said when it failed, None of it when it succeeded."""
    if part.status in {0, None}:
        return []
    said = [line.strip() for line in part.lines if not line.startswith(("#", "*", ":", "["))]
    return said or [f"{part.name} ended with status {part.status}"]
