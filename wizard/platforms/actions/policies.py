"""A policy in the kernel that takes a tunnel's traffic and that no daemon of the gateway knows.

A policy holds no key, so it can be put back as it was. A state does, and nobody may read it: states that do not
fit are renewed by negotiation, never deleted by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from itertools import product
from shlex import join
from typing import Final

from wizard.engine.plan import Step
from wizard.facts.addresses import within
from wizard.facts.model import End, other
from wizard.facts.parsers import xfrm
from wizard.facts.parsers.xfrm import Policy
from wizard.facts.probes import Command, Output
from wizard.platforms.actions.base import Planned, Site, Unplannable
from wizard.platforms.actions.rule_texts import PATHS

POLICIES: Final = Command(
    "policies", xfrm.POLICIES_COMMAND, 5, show="ip -s xfrm policy list nosock", limits="none"
)
_RULED: Final = {"proto", "sport", "dport", "dev", "type", "code", "key"}


class DropPolicy:
    """`drop-conflicting-policy`: exactly the policies that are asked before the tunnel's own and nobody knows."""

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """The policies as they are now."""
        return (POLICIES,) if at in site.snapshots else ()

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """One step a policy; raises Unplannable where it belongs to a connection of the gateway, or none is."""
        gateway = site.snapshot(at).gateway
        output = seen.get("policies")
        if output is None or output.problem is not None:
            raise Unplannable(f"the policies in the kernel of {gateway} cannot be read")
        policies = xfrm.parse_policies(output.stdout)
        taken = list(_before(site, at, policies))
        if not taken:
            raise Unplannable(f"no policy in the kernel of {gateway} is asked before the tunnel's own")
        for policy in taken:
            owner = _owner(site, at, policy)
            if owner:
                raise Unplannable(
                    f"the policy of {gateway} for {policy.src} to {policy.dst} is that of its connection {owner}",
                    advice=f"make the networks of {owner} smaller, or take that connection out",
                )
        steps = tuple(_step(site, at, policy, policies) for policy in taken)
        told = (
            f"what made this policy on {gateway} is not known: a script, or another daemon, may make it again"
        )
        return Planned(steps, touched=(site.focus(at).name,), warnings=(told,))


def _before(site: Site, at: End, policies: tuple[Policy, ...]) -> Iterator[Policy]:
    """Policies for all traffic of some of the tunnel's networks, asked before the daemon's, and not made by it."""
    focus = site.focus(at)
    pairs = list(product(_plain(focus.local_networks), _plain(focus.remote_networks)))
    opposite = site.focuses.get(other(at))
    tested = (focus.probe_source or "", (opposite.probe_target if opposite is not None else None) or "")
    peers = set(focus.peer_addresses)
    for way in ("out", "in", "fwd"):
        fitting = [one for one in policies if one.direction == way and not one.socket]
        ours = [one for one in fitting if one.templates and _ends(one) & peers and _meets(one, pairs, way)]
        first = min((one.precedence for one in ours), default=None)
        for one in fitting:
            alone = one not in ours and _covers(one, [*pairs, tested], way) and not _restricted(one)
            same = not ours or (one.if_id, one.mark) == (ours[0].if_id, ours[0].mark)
            if alone and same and (first is None or one.precedence < first):
                yield one


def _meets(policy: Policy, pairs: list[tuple[str, str]], way: str) -> bool:
    for local, remote in pairs:
        src, dst = (local, remote) if way == "out" else (remote, local)
        if _overlaps(policy.src, src) and _overlaps(policy.dst, dst):
            return True
    return False


def _covers(policy: Policy, pairs: list[tuple[str, str]], way: str) -> bool:
    """Whether it takes all packets of one of the pairs, one way."""
    for local, remote in pairs:
        src, dst = (local, remote) if way == "out" else (remote, local)
        if within(src, policy.src) and within(dst, policy.dst):
            return True
    return False


def _ends(policy: Policy) -> set[str]:
    return {address for template in policy.templates for address in (template.src, template.dst)}


def _owner(site: Site, at: End, policy: Policy) -> str:
    """The connection of the gateway that has made a policy, by its peer, its SAs' reqid or its networks."""
    snapshot = site.snapshot(at)
    reqids = {template.reqid for template in policy.templates}
    for sa in snapshot.sas or ():
        if any(child.reqid in reqids and child.reqid is not None for child in sa.children):
            return sa.name
    stored = snapshot.disk.connections if snapshot.disk is not None else ()
    for connection in (*(snapshot.loaded or ()), *stored):
        for child in connection.children:
            nets = (_plain(child.local_ts), _plain(child.remote_ts))
            forms = {(policy.src, policy.dst), (policy.dst, policy.src)}
            mine = forms & set(product(*nets))
            if mine and (not policy.templates or set(connection.remote_addrs) & _ends(policy)):
                return connection.name
    return ""


def _step(site: Site, at: End, policy: Policy, policies: tuple[Policy, ...]) -> Step:
    selector = ["src", policy.src, "dst", policy.dst]
    keys = [word for name in ("mark", "if_id") for word in _stated(policy, name)]
    twins = [one for one in policies if _selector(one) == _selector(policy)]
    gateway = site.snapshot(at).gateway
    if len(twins) > 1:
        raise Unplannable(
            f"{gateway} has several policies for {policy.src} to {policy.dst}, of which one alone cannot be taken out",
            advice="look at ip xfrm policy list, and at what made them",
        )
    delete = ["ip", "xfrm", "policy", "delete", *selector, "dir", policy.direction, *keys]
    add = _added(policy, selector, keys)
    listed = join(["ip", "xfrm", "policy", "get", *selector, "dir", policy.direction, *keys])
    there = f"{listed} >/dev/null 2>&1"
    return Step(
        end=at,
        gateway=gateway,
        title=f"take out the policy {' '.join(add[4:])}",
        apply=f"{PATHS}\n{join(delete)}",
        undo=f"{PATHS}\n{there} || {join(add)}",
        requires=f"{PATHS}\n{there} || {{ say 'the policy has gone since the plan was made'; exit 76; }}",
        verify=f"{PATHS}\n! {there}",
        show=(join(delete),),
        show_undo=(join(add),),
        show_verify=listed,
        lasts=False,
    )


def _selector(policy: Policy) -> tuple[str, str, str]:
    return policy.src, policy.dst, policy.direction


def _added(policy: Policy, selector: list[str], keys: list[str]) -> list[str]:
    words = ["ip", "xfrm", "policy", "add", *selector, "dir", policy.direction, *keys]
    words += ["action", policy.action] if policy.action != "allow" else []
    words += ["priority", str(policy.priority)] if policy.priority else []
    for template, level in zip(policy.templates, _levels(policy), strict=False):
        words += ["tmpl", "src", template.src, "dst", template.dst, "proto", template.proto]
        words += ["spi", f"0x{template.spi}"] if template.spi.strip("0") else []
        words += ["reqid", str(template.reqid)] if template.reqid else []
        words += ["mode", template.mode, *(["level", level] if level else [])]
    return words


def _levels(policy: Policy) -> list[str]:
    """What each template says of `level use`, which lets packets pass without it."""
    lines = [line.split() for line in policy.lines]
    after = [
        following for line, following in zip(lines, [*lines[1:], []], strict=True) if line[:1] == ["tmpl"]
    ]
    return ["use" if words[-2:] == ["level", "use"] or "use" in words else "" for words in after]


def _stated(policy: Policy, name: str) -> list[str]:
    value = policy.mark if name == "mark" else policy.if_id
    if not value:
        return []
    mark, _, mask = value.partition("/")
    return [name, mark, *(["mask", mask] if mask else [])]


def _restricted(policy: Policy) -> bool:
    return bool(_RULED & set(policy.lines[0].split()))


def _plain(selectors: tuple[str, ...]) -> list[str]:
    return [text.partition("[")[0] for text in selectors if text and text != "dynamic"]


def _overlaps(one: str, two: str) -> bool:
    try:
        first, second = ip_network(one, strict=False), ip_network(two, strict=False)
    except ValueError:
        return False
    return first.version == second.version and first.overlaps(second)
