"""Rules in the gateway's packet filter: let one thing through, keep tunnel traffic out of NAT.

Only a rule that certainly is in the way is gone round, with one as narrow as the tunnel; where none of the two
gateways stops anything, it is lost between them, and whoever runs that network has to act.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from wizard.engine.plan import Step
from wizard.facts import passages
from wizard.facts.model import End, other
from wizard.facts.parsers import rulesets
from wizard.facts.passages import Passage
from wizard.facts.probes import Command, Output
from wizard.facts.ruleset import Ruleset
from wizard.platforms.actions import rule_texts
from wizard.platforms.actions.base import Planned, Site, Unplannable
from wizard.platforms.actions.rule_places import Closed, Placed, exemptions, openings, stopped, uncounted
from wizard.platforms.actions.rule_texts import RuleTexts

RULES: Final = Command(
    "rules", rulesets.COMMAND, 10, show="iptables-save -c; nft -j list ruleset", limits="time"
)
RULE_FILES: Final = Command(
    "rule-files",
    "for f in /etc/iptables/rules.v4 /etc/iptables/rules.v6 /etc/sysconfig/iptables /etc/sysconfig/ip6tables "
    "/etc/nftables.conf /etc/sysconfig/nftables.conf /etc/ufw/user.rules /etc/firewalld/firewalld.conf "
    '/etc/shorewall/rules; do [ -e "$f" ] && echo "$f"; done; :',
    5,
    show="ls /etc/iptables /etc/nftables.conf /etc/ufw /etc/firewalld",
    limits="none",
)
"""Where rules are kept for the next start, by whoever keeps them."""

_OWNED: Final = re.compile(
    r"^table (\w{1,10}) (\S{1,128}) \{[^\n]{0,80}\n\s{0,20}flags [\w, ]{0,60}\bowner\b", re.MULTILINE
)

What = Literal["ike", "esp", "ah", "forward", "tunnel-in", "service"]


@dataclass(frozen=True, slots=True)
class OpenRule:
    """`allow` (with: {what: ike | esp | ah | forward | tunnel-in | service}) and `exempt-from-nat`."""

    nat: bool = False

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """The rules as they are now, and the files they are kept in."""
        return (RULES, RULE_FILES) if at in site.snapshots else ()

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """One step for each chain that stops the tunnel's packets; none where only the other end does."""
        what = "nat" if self.nat else options.get("what", "")
        if at not in site.snapshots:
            return self._elsewhere(site, at, what)
        ruleset = read_rules(site, at, seen)
        wanted = wanted_passages(site, at, what)
        if not wanted:
            raise Unplannable(
                f"which packets of the tunnel {site.snapshot(at).gateway} has to let through is not known",
                advice="its peer's address or its protected networks are not configured",
            )
        try:
            placed = exemptions(ruleset, wanted) if self.nat else openings(ruleset, wanted, _hit(site, at))
        except Closed as error:
            raise Unplannable(f"{site.snapshot(at).gateway}: {error.message}") from error
        if not placed and what == "forward":
            return self.plan(site, at, {**options, "what": "tunnel-in"}, seen)
        if not placed:
            return self._elsewhere(site, at, what)
        _refuse_owned(site, at, placed, _printed(seen, "rules"))
        known = rule_texts.tools(_printed(seen, "rules"))
        steps = tuple(_step(site, at, one, _texts(one, known), self.nat) for one in placed)
        return Planned(
            steps, touched=(site.focus(at).name,), warnings=_warnings(site, at, placed, seen, self.nat)
        )

    def _elsewhere(self, site: Site, at: End, what: str) -> Planned:
        """No step where the other end is the one that stops it; else whoever runs what lies between has to act."""
        there = other(at)
        found = site.snapshots.get(there)
        if (
            found is not None
            and found.ruleset is not None
            and found.ruleset.readable
            and site.focuses.get(there)
        ):
            hit = _hit(site, there)
            if stopped(found.ruleset, wanted_passages(site, there, what), hit):
                return Planned()
        message, advice = _referral(site, at, what)
        raise Unplannable(message, advice=advice)


def read_rules(site: Site, at: End, seen: Mapping[str, Output]) -> Ruleset:
    """The rules as they are now; raises Unplannable where they cannot be read."""
    ruleset = rulesets.parse(_printed(seen, "rules"))
    gateway = site.snapshot(at).gateway
    if not ruleset.readable:
        said = f": {ruleset.problems[0]}" if ruleset.problems else ""
        raise Unplannable(
            f"the firewall rules of {gateway} cannot be read{said}", advice="log in with more rights"
        )
    return ruleset


def wanted_passages(site: Site, at: End, what: str) -> tuple[Passage, ...]:
    """What the tunnel needs of a gateway."""
    focus, policies = site.focus(at), site.snapshot(at).policies
    match what:
        case "ike" | "esp" | "ah":
            return passages.outside(focus, what)
        case "forward":
            return passages.inside(focus, policies)
        case "tunnel-in":
            return (*passages.inside(focus, policies, "input"), *passages.inside(focus, policies, "output"))
        case "nat":
            return tuple(one for one in passages.inside(focus, policies) if one.opening.protected == "out")
        case "service":
            return tuple(
                passage
                for end, leaving in ((at, True), (other(at), False))
                if (errand := site.focuses[end].service_errand if end in site.focuses else None) is not None
                for passage in passages.service(focus, policies, errand.host, errand.port, leaving=leaving)
            )
        case _:
            raise Unplannable(f"there is nothing called {what} to let through")


def _refuse_owned(site: Site, at: End, placed: Sequence[Placed], listing: str) -> None:
    """An nft table may belong to the program that made it; nobody else can put a rule in (nft(8), flags owner)."""
    owned = set(_OWNED.findall(listing))
    chain = next((one.chain for one in placed if (one.chain.family, one.chain.table) in owned), None)
    if chain is None:
        return
    command = (
        "firewall-cmd --add-service=ipsec, in the zone of the outside interface"
        if (chain.table == "firewalld")
        else "the program that made it"
    )
    raise Unplannable(
        f"the table {chain.table} of {site.snapshot(at).gateway} can only be changed by the program that owns it",
        advice=f"let it through with {command}",
    )


def _hit(site: Site, at: End) -> tuple[str, ...]:
    """The drop rules whose counters rose during the test."""
    value = site.facts.get(f"{at}.drop_rules_hit").value
    return value if isinstance(value, tuple) else ()


def _printed(seen: Mapping[str, Output], probe: str) -> str:
    output = seen.get(probe)
    return output.stdout if output is not None and output.problem is None else ""


def _texts(placed: Placed, tools: Mapping[tuple[str, str], str]) -> RuleTexts:
    chain = placed.chain
    if rule_texts.native(chain):
        return rule_texts.nft_rule(chain, placed.handle, rule_texts.nft_words(placed.opening, placed.hook))
    tool = tools.get((chain.backend, chain.family), "iptables" if chain.family == "ip" else "ip6tables")
    return rule_texts.iptables_rule(
        tool,
        chain,
        None if placed.last else placed.index,
        rule_texts.iptables_words(placed.opening, placed.hook),
    )


def _step(site: Site, at: End, placed: Placed, texts: RuleTexts, nat: bool) -> Step:
    title = f"keep {placed.title} out of NAT" if nat else f"let {placed.title} through"
    return rule_step(site, at, f"{title}: {placed.chain.place}, before {uncounted(placed.before)}", texts)


def rule_step(site: Site, at: End, title: str, texts: RuleTexts) -> Step:
    """The step that puts a rule in; a restart takes it out by itself."""
    return Step(
        end=at,
        gateway=site.snapshot(at).gateway,
        title=title,
        apply=texts.apply,
        undo=texts.undo,
        requires=texts.requires,
        verify=texts.verify,
        show=texts.show,
        show_undo=texts.show_undo,
        show_verify=texts.show_verify,
        lasts=False,
    )


def kept_in(gateway: str, seen: Mapping[str, Output], chains: Sequence[str], *, nft: bool = False) -> str:
    """The warning that a restart takes the rule away, with the file to put it into."""
    files = [file for file in _printed(seen, "rule-files").split() if nft or "nftables" not in file]
    owner = next(
        (one for one in ("ufw", "firewalld", "shorewall") if any(one in name for name in chains)), ""
    )
    own = [file for file in files if owner in file] if owner else files
    where = f" (here {', '.join(own)})" if own else ""
    if owner:
        return f"{owner} rules these chains of {gateway}: its next reload takes the rule out; add it there{where}"
    return f"a restart of {gateway} takes the rule out, until it is put where its rules are kept{where}"


def _warnings(
    site: Site, at: End, placed: Sequence[Placed], seen: Mapping[str, Output], nat: bool
) -> tuple[str, ...]:
    gateway = site.snapshot(at).gateway
    names = [f"{one.chain.table} {one.chain.name}" for one in placed]
    nft = any(rule_texts.native(one.chain) for one in placed)
    lines = [kept_in(gateway, seen, names, nft=nft)]
    if any(not (one.opening.source and one.opening.destination) for one in placed):
        lines.append(f"the peer of {gateway} has no fixed address: the rule is for everybody")
    lines += [
        f"{gateway}: this rule may drop it all the same: {doubt}" for one in placed for doubt in one.doubts
    ]
    if nat:
        lines.append("connections that are there already stay translated until they end")
    return tuple(dict.fromkeys(lines))


def _referral(site: Site, at: End, what: str) -> tuple[str, str]:
    near, far = (_name(site, end) for end in ("near", "far"))
    match what:
        case "nat":
            return f"no NAT rule of {_name(site, at)} rewrites the tunnel's traffic", "make a fresh diagnosis"
        case "forward" | "tunnel-in" | "service":
            gateways = [found.gateway for found in site.snapshots.values()]
            message = f"no firewall rule of {' or '.join(gateways)} drops it"
            return message, "whoever runs the host itself, or the firewall before it, has to let it through"
        case _:
            pass
    packets = {"ike": "UDP 500 and 4500", "esp": "IP protocol 50 (ESP)", "ah": "IP protocol 51 (AH)"}[what]
    addresses = " and ".join(site.focuses[end].local_address or "" for end in site.focuses)
    unread = [end for end in ("near", "far") if end not in site.snapshots]
    lost = f"at {_name(site, unread[0])} or on the way" if unread else f"between {near} and {far}"
    who = "that end or the network between them" if unread else "the network between them"
    return f"no firewall rule that could be read drops {packets}: it is lost {lost}", (
        f"whoever runs {who} has to let {packets} pass, both ways, between {addresses}; "
        "the captures of this diagnosis are the proof"
    )


def _name(site: Site, end: str) -> str:
    found = site.snapshots.get("near" if end == "near" else "far")
    return found.gateway if found is not None else f"the {end} end (not read)"
