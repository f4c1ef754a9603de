"""TCP segments of tunnel traffic kept small enough to pass: a clamp on both directions of forwarded connections."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote
from typing import Final

from wizard.engine.plan import Step
from wizard.facts import passages
from wizard.facts.model import End
from wizard.facts.passages import Opening
from wizard.facts.probes import Command, Output
from wizard.facts.ruleset import Chain, Ruleset
from wizard.platforms.actions import rule_texts
from wizard.platforms.actions.base import Planned, Site, Unplannable
from wizard.platforms.actions.rule_texts import PATHS, TAG
from wizard.platforms.actions.rules import RULE_FILES, RULES, kept_in, read_rules, rule_step

LEAST: Final = 536
"""The segment size every host takes (RFC 9293, section 3.7.1), bytes; less than that is no clamp but a mistake."""
MOST: Final = 9000
TABLE: Final = "ipsec_wizard"
"""The nft table of ours, so that taking it out leaves nothing behind."""


class ClampMss:
    """`clamp-mss`: new TCP connections through the tunnel agree on segments that pass; nothing else changes."""

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """The rules as they are now."""
        return (RULES, RULE_FILES) if at in site.snapshots else ()

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """A rule each way; raises Unplannable where the size that passes was not measured."""
        gateway = site.snapshot(at).gateway
        size = site.facts.get("recommended_mss").value
        if not isinstance(size, int) or not LEAST <= size <= MOST:
            raise Unplannable(
                "which segment size passes was not measured",
                advice="make a fresh diagnosis, which measures it",
            )
        openings = list(
            dict.fromkeys(
                one.opening
                for one in passages.inside(site.focus(at), site.snapshot(at).policies)
                if not one.opening.protocol
            )
        )
        if not openings:
            raise Unplannable(f"the protected networks of {gateway} are not known")
        ruleset = read_rules(site, at, seen)
        tools = rule_texts.tools(seen["rules"].stdout)
        family = "ip6" if ":" in openings[0].source else "ip"
        tool = _iptables(ruleset, tools, family)
        told = (
            kept_in(gateway, seen, [], nft=not tool),
            "connections that are there already keep their segment size",
        )
        steps = (
            tuple(_by_iptables(site, at, tool, _mangle(ruleset, family), one, size) for one in openings)
            if tool
            else (_by_nft(site, at, openings, size),)
        )
        return Planned(steps, touched=(site.focus(at).name,), warnings=told)


def _iptables(ruleset: Ruleset, tools: Mapping[tuple[str, str], str], family: str) -> str:
    """The tool whose rules the kernel has; empty where those are nft's own, or it has none."""
    legacy = tools.get(("legacy", family), "")
    if ("nft", family) not in tools and legacy:
        return legacy
    used = [chain for chain in ruleset.chains if chain.family == family and not rule_texts.native(chain)]
    if any(chain.backend == "legacy" for chain in used) or any(
        "nf_tables" in one for one in ruleset.problems
    ):
        return legacy
    mangle = any(chain.backend == "nft" and chain.table == "mangle" for chain in used)
    return tools.get(("nft", family), "") if mangle else ""


def _mangle(ruleset: Ruleset, family: str) -> Chain:
    found = [
        chain
        for chain in ruleset.chains
        if (chain.table, chain.name, chain.family) == ("mangle", "FORWARD", family)
        and not rule_texts.native(chain)
    ]
    own = "ip6" if family == "ip6" else "ip"
    return (
        found[0]
        if found
        else Chain("legacy", "ip6" if own == "ip6" else "ip", "mangle", "FORWARD", ":FORWARD ACCEPT")
    )


def _by_iptables(site: Site, at: End, tool: str, chain: Chain, opening: Opening, size: int) -> Step:
    matches = [*rule_texts.iptables_words(opening), "-p", "tcp", "-m", "tcp", "--tcp-flags", "SYN,RST", "SYN"]
    texts = rule_texts.iptables_rule(
        tool, chain, None, matches, ("TCPMSS", "--set-mss", str(size)), guarded=False
    )
    return rule_step(site, at, _title(opening, size), texts)


def _title(opening: Opening, size: int) -> str:
    return f"TCP segments of at most {size} bytes from {opening.source} to {opening.destination}"


def _by_nft(site: Site, at: End, openings: list[Opening], size: int) -> Step:
    rules = [
        f"{' '.join(rule_texts.nft_words(one))} tcp flags & (syn | rst) == syn "
        f'tcp option maxseg size set {size} comment "{TAG}"'
        for one in openings
    ]
    chain = f"add chain inet {TABLE} forward {{ type filter hook forward priority -150; policy accept; }}"
    lines = [f"add table inet {TABLE}", chain, *(f"add rule inet {TABLE} forward {rule}" for rule in rules)]
    there = f"nft list table inet {TABLE} >/dev/null 2>&1"
    shown = tuple(f"nft {quote(line)}" for line in lines)
    return Step(
        end=at,
        gateway=site.snapshot(at).gateway,
        title=f"TCP segments of at most {size} bytes through the tunnel, both ways",
        apply=f'{PATHS}\n: >"$G/rules.$N" && printf "%s\\n" {" ".join(quote(line) for line in lines)} | nft -f -',
        undo=f'{PATHS}\n[ -e "$G/rules.$N" ] || exit 0\n! {there} || nft delete table inet {TABLE}',
        requires=f"{PATHS}\n! {there} || {{ say 'there is a table {TABLE} by now'; exit 76; }}",
        verify=f"{PATHS}\n{there}",
        show=shown,
        show_undo=(f"nft delete table inet {TABLE}",),
        show_verify=f"nft list table inet {TABLE}",
        lasts=False,
    )
