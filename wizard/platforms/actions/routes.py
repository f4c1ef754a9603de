"""Routes of a gateway: to its peer, to the remote network, to its own hosts; each undone by its exact inverse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from shlex import join, quote
from typing import Final

from wizard.engine.plan import Step
from wizard.facts.addresses import is_address, within
from wizard.facts.model import End, other
from wizard.facts.parsers import iproute, routes
from wizard.facts.parsers.iproute import Interface, interface_holding
from wizard.facts.parsers.routes import Route, Routing
from wizard.facts.probes import Command, Output
from wizard.facts.ruleset import network
from wizard.platforms.actions.base import Planned, Site, Unplannable
from wizard.platforms.actions.rule_texts import PATHS
from wizard.platforms.actions.ways import (
    GATEWAYS,
    Router,
    chosen,
    claims,
    restored,
    routers,
    without,
)

ROUTES: Final = Command(
    "routes", routes.ROUTES_COMMAND, 5, show="ip route show table all; ip rule", limits="none"
)
ADDRESSES: Final = Command("addresses", iproute.ADDRESSES_COMMAND, 5, show="ip addr", limits="none")
NEIGHBOURS: Final = Command("neighbours", iproute.NEIGHBOURS_COMMAND, 5, limits="none")
TABLE: Final = "220"
"""Where charon keeps the routes of its tunnels, and the priority of their rule (charon.routing_table)."""


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the gateway printed just now."""

    site: Site
    at: End
    routing: Routing
    interfaces: tuple[Interface, ...]
    outputs: Mapping[str, Output]

    @property
    def gateway(self) -> str:
        """The gateway's name."""
        return self.site.snapshot(self.at).gateway

    @property
    def holder(self) -> Interface:
        """The interface with the tunnel's own outside address; raises Unplannable."""
        focus = self.site.focus(self.at)
        found = interface_holding(self.interfaces, focus.local_address or "")
        found = found or next((one for one in self.interfaces if one.name == focus.outside_interface), None)
        if found is None:
            raise Unplannable(f"which interface of {self.gateway} leads to its peer cannot be told")
        return found

    def target(self, to: str) -> str:
        """An address on the way in question: the peer's, one of the remote network, one behind this gateway."""
        focus = self.site.focus(self.at)
        found: str | None
        if to == "peer":
            found = next((one for one in focus.peer_addresses if _is_address(one)), None)
        elif to == "remote":
            opposite = self.site.focuses.get(other(self.at))
            found = _one_of(focus.remote_networks, opposite.probe_target if opposite is not None else None)
        else:
            found = _one_of(focus.local_networks, focus.probe_target)
        if found is None or not _is_address(found):
            raise Unplannable(f"which address the route of {self.gateway} is for is not known")
        return found

    def right(self, route: Route | None, to: str) -> bool:
        """Whether a route leads where it should."""
        if route is None or route.kind != "unicast":
            return False
        focus = self.site.focus(self.at)
        if to == "local":
            return route.interface == focus.inside_interface
        if to == "peer":
            return route.interface == self.holder.name
        tunnels = {one.name for one in self.interfaces if one.kind}
        return route.interface in {self.holder.name, focus.outside_interface, *tunnels}


class _Routes:
    """What every action on routes looks at."""

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """Routes, addresses and neighbours as they are now, and what names a router."""
        return (ROUTES, ADDRESSES, NEIGHBOURS, GATEWAYS) if at in site.snapshots else ()


class AddRoute(_Routes):
    """`add-route` (with: {to: peer | default | remote}): where there is none that leads anywhere."""

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """One route, or the rule that has charon's table asked; what is in the way of just this route is replaced."""
        ground = _ground(site, at, seen)
        to = options.get("to", "peer")
        found = chosen(
            ground.routing, ground.target("remote" if to == "remote" else "peer"), _source(ground, to)
        )
        if ground.right(found, "remote" if to == "remote" else "peer"):
            raise Unplannable(
                f"{ground.gateway} has a route already: {found.line if found is not None else ''}"
            )
        if to == "remote":
            return _planned(ground, *_to_remote(ground))
        return _planned(ground, *_to_peer(ground, "default" if to == "default" else ""))


class RemoveRoute(_Routes):
    """`remove-route` (with: {to: peer | remote | local | astray}): takes the route out that leads elsewhere.

    "astray" is whichever of the remote network and the own hosts is sent elsewhere. Where nothing right is left
    without the route, it is replaced by a right one.
    """

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """One step."""
        ground = _ground(site, at, seen)
        to = options.get("to", "astray")
        if to == "astray":
            to = "remote" if not _right(ground, "remote") else "local"
        target = ground.target(to)
        found = chosen(ground.routing, target, _source(ground, to))
        if ground.right(found, to):
            raise Unplannable(
                f"{ground.gateway} sends packets for {target} the right way: {found.line if found else ''}"
            )
        if found is None:
            raise Unplannable(f"{ground.gateway} has no route to {target} that could be taken out")
        if found.protocol == "kernel" or found.kind == "local":
            raise Unplannable(
                f"{ground.gateway} is itself connected to {found.destination}, by {found.interface}",
                advice=f"whoever plans the addresses has to take it off {found.interface}, or renumber a site",
            )
        after = chosen(without(ground.routing, found), target, _source(ground, to))
        if ground.right(after, to):
            return _planned(ground, (_removed(ground, found),), (_by_whom(ground, found),))
        if to == "local":
            raise Unplannable(
                f"{ground.gateway} would have no way to {target} without this route: {found.line}"
            )
        return _planned(ground, *(_to_remote(ground) if to == "remote" else _to_peer(ground, "")))


def _right(ground: _Ground, to: str) -> bool:
    return ground.right(chosen(ground.routing, ground.target(to), _source(ground, to)), to)


def _planned(ground: _Ground, steps: tuple[Step, ...], warnings: Sequence[str]) -> Planned:
    name = ground.site.focus(ground.at).name
    told = [line for line in warnings if line]
    if steps:
        told.append(
            f"a restart of {ground.gateway}'s network undoes it, until it stands in the network's configuration"
        )
    return Planned(steps, touched=(name,) if steps else (), warnings=tuple(told))


def _to_peer(ground: _Ground, wide: str) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    peer, holder = ground.target("peer"), ground.holder
    if not holder.up:
        raise Unplannable(f"{holder.name} of {ground.gateway} is down", advice=f"set {holder.name} up first")
    length = 128 if ":" in peer else 32
    goal = wide or f"{peer}/{length}"
    if any(ip_address(peer) in address.network for address in holder.addresses):
        return _placed(ground, goal, ["dev", holder.name], "main"), ()
    router = _router(ground, peer, holder)
    steps = _placed(ground, goal, ["via", router.address, "dev", holder.name], "main", router.why)
    warning = "" if router.sure else f"that {router.address} is the router is only concluded: {router.why}"
    return steps, (warning,)


def _router(ground: _Ground, peer: str, holder: Interface) -> Router:
    printed = {name: output.stdout for name, output in ground.outputs.items() if output.problem is None}
    found = routers(
        holder,
        peer,
        ground.routing,
        iproute.parse_neighbours(printed.get("neighbours", "")),
        printed.get("gateways", ""),
        ground.site.given,
    )
    if len(found) == 1 and _is_address(found[0].address):
        return found[0]
    names = ", ".join(one.address for one in found)
    several = f"it may be {names}" if found else "nothing on the gateway names it"
    raise Unplannable(
        f"by which router {ground.gateway} reaches {peer} cannot be told: {several}",
        advice="ask whoever runs its line and give it: --given gateway=ADDRESS",
    )


def _to_remote(ground: _Ground) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """The route of a tunnel as the daemon would have made it, or the one into the tunnel's interface."""
    focus, routing = ground.site.focus(ground.at), ground.routing
    target = ground.target("remote")
    remote = next(text.partition("[")[0] for text in focus.remote_networks if within(target, text))
    asked = any(rule.table == TABLE for rule in routing.rules)
    kept = [route for route in routing.routes if route.table == TABLE]
    if not asked and any(within(target, route.destination) and route.kind == "unicast" for route in kept):
        return (_rule(ground),), ()
    tunnel = _tunnel_interface(ground)
    if tunnel is not None:
        return _placed(ground, remote, ["dev", tunnel.name], "main", "the interface of its SA"), ()
    table = TABLE if asked and kept else "main"
    way = chosen(routing, ground.target("peer"), focus.local_address or "")
    if way is None or way.kind != "unicast":
        raise Unplannable(
            f"{ground.gateway} has no route to its peer either", advice="give it that one first"
        )
    via = ["via", way.gateway] if way.gateway else []
    own = focus.probe_source if focus.probe_source in _own(ground) else None
    words = [*via, "dev", way.interface, *(["src", own] if own else [])]
    return _placed(
        ground, remote, words, table, "the way to its peer; the policy takes the packets there"
    ), ()


def _tunnel_interface(ground: _Ground) -> Interface | None:
    """The one interface whose key is that of the tunnel's SAs in the kernel."""
    snapshot, focus = ground.site.snapshot(ground.at), ground.site.focus(ground.at)
    keys = {
        key
        for state in snapshot.states or ()
        if {state.src, state.dst} & set(focus.peer_addresses)
        for text in (state.if_id, state.mark)
        if (key := iproute.key_of(text)) not in (None, 0)
    }
    found = [one for one in ground.interfaces if one.kind and one.key in keys]
    return found[0] if len(found) == 1 else None


def _placed(ground: _Ground, goal: str, words: list[str], table: str, why: str = "") -> tuple[Step, ...]:
    """The step that adds a route, in place of one that refuses or leads elsewhere for just the same network."""
    six = ":" in goal or ":" in " ".join(words)
    wide = ("::/0" if six else "0.0.0.0/0") if goal == "default" else goal
    there = [one for one in claims(ground.routing, wide) if one.table == table]
    ip = ["ip", "-6" if six else "-4"]
    new = [goal, *words, "proto", "static", *(["table", table] if table != "main" else [])]
    exact = join([*ip, "route", "show", "table", table, "exact", goal])
    fresh = f"{exact} 2>/dev/null"
    old = there[0] if there else None
    what = f"send packets for {goal} {' '.join(words)}" + (f" ({why})" if why else "")
    if old is not None:
        return (
            _step(
                ground,
                f"{what}, in place of {old.line}",
                f"{join([*ip, 'route', 'replace', *new])}",
                f"{_listed(old)} || {join([*ip, 'route', 'replace', *restored(old)])}",
                _listed(old),
                (join(["ip", "route", "replace", *new]), join(["ip", "route", "replace", *restored(old)])),
            ),
        )
    return (
        _step(
            ground,
            what,
            f': >"$G/route.$N" && {join([*ip, "route", "add", *new])}',
            f'[ -e "$G/route.$N" ] || exit 0\n{join([*ip, "route", "del", *new])} 2>/dev/null\n[ -z "$({fresh})" ]',
            f'[ -z "$({fresh})" ]',
            (join(["ip", "route", "add", *new]), join(["ip", "route", "del", *new])),
        ),
    )


def _removed(ground: _Ground, route: Route) -> Step:
    ip = ["ip", "-6" if ":" in route.destination else "-4"]
    words = restored(route)
    return _step(
        ground,
        f"take out the route {route.line}",
        join([*ip, "route", "del", *words]),
        f"{_listed(route)} || {join([*ip, 'route', 'add', *words])}",
        _listed(route),
        (join(["ip", "route", "del", *words]), join(["ip", "route", "add", *words])),
    )


def _rule(ground: _Ground) -> Step:
    words = ["from", "all", "lookup", TABLE, "priority", TABLE]
    family = "-6" if ":" in ground.target("remote") else "-4"
    there = f"ip {family} rule show | grep -q 'lookup {TABLE}'"
    return _step(
        ground,
        f"have table {TABLE} asked again, where the routes of the tunnels are",
        f': >"$G/route.$N" && {join(["ip", family, "rule", "add", *words])}',
        f'[ -e "$G/route.$N" ] || exit 0\n! {there} || {join(["ip", family, "rule", "del", *words])}',
        f"! {there}",
        (join(["ip", "rule", "add", *words]), join(["ip", "rule", "del", *words])),
    )


def _step(ground: _Ground, title: str, apply: str, undo: str, requires: str, shown: tuple[str, str]) -> Step:
    return Step(
        end=ground.at,
        gateway=ground.gateway,
        title=title,
        apply=f"{PATHS}\n{apply}",
        undo=f"{PATHS}\n{undo}",
        requires=f"{PATHS}\n{{ {requires}; }} || {{ say 'the routes have changed since the plan was made'; exit 76; }}",
        show=(shown[0],),
        show_undo=(shown[1],),
        lasts=False,
    )


def _listed(route: Route) -> str:
    family = "-6" if ":" in route.destination else "-4"
    return f"ip -o {family} route show table all | sed 's/ *$//' | grep -qxF {quote(route.line)}"


def _by_whom(ground: _Ground, route: Route) -> str:
    if route.protocol in {"", "static", "boot"}:
        return ""
    return f"the route of {ground.gateway} was made by {route.protocol}, which may make it again: change it there"


def _ground(site: Site, at: End, seen: Mapping[str, Output]) -> _Ground:
    for name in ("routes", "addresses"):
        output = seen.get(name)
        if output is None or output.problem is not None or not output.stdout.strip():
            raise Unplannable(f"the {name} of {site.snapshot(at).gateway} cannot be read")
    routing = routes.parse_routing(seen["routes"].stdout)
    return _Ground(site, at, routing, iproute.parse_addresses(seen["addresses"].stdout), seen)


def _source(ground: _Ground, to: str) -> str:
    focus = ground.site.focus(ground.at)
    return (focus.local_address if to in {"peer", "default"} else focus.probe_source) or ""


def _own(ground: _Ground) -> set[str]:
    return {address.address for one in ground.interfaces for address in one.addresses}


def _is_address(text: str) -> bool:
    return is_address(text) and not ip_address(text).is_unspecified


def _one_of(selectors: tuple[str, ...], host: str | None) -> str | None:
    """The host where it is in one of the networks; else an address of the first, past the network's own."""
    if host is not None and any(within(host, text) for text in selectors):
        return host
    for text in selectors:
        net = network(text.partition("[")[0])
        if net is not None and net.prefixlen:
            return str(net.network_address + (1 if net.num_addresses > 2 else 0))
    return None
