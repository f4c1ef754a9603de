"""Interfaces of a gateway that somebody has set down, and the tunnel's own address that has gone from one."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import join, quote

from wizard.engine.plan import Step
from wizard.facts.addresses import is_address, within
from wizard.facts.focus import ANY
from wizard.facts.model import End, other
from wizard.facts.parsers import iproute
from wizard.facts.parsers.iproute import Interface
from wizard.facts.probes import Command, Output
from wizard.platforms.actions.base import Planned, Site, Unplannable
from wizard.platforms.actions.routes import ADDRESSES
from wizard.platforms.actions.rule_texts import PATHS


class LinkUp:
    """`link-up` (with: {link: outside | inside}): sets an interface up that was set down."""

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """The interfaces as they are now."""
        return (ADDRESSES,) if at in site.snapshots else ()

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """One step; raises Unplannable where the interface is up and its line is dead."""
        focus, gateway = site.focus(at), site.snapshot(at).gateway
        name = focus.inside_interface if options.get("link") == "inside" else focus.outside_interface
        found = next((one for one in _interfaces(site, at, seen) if one.name == name), None)
        if found is None:
            raise Unplannable(f"which interface of {gateway} it is cannot be told")
        if found.up:
            raise Unplannable(
                f"{found.name} of {gateway} is set up"
                + (", but its line is dead" if found.carrier is False else "; there is nothing to set"),
                advice=f"whoever runs the line at {found.name} of {gateway} has to look at cable, switch port and VLAN",
            )
        down = f"ip -o link show dev {quote(found.name)} | grep -q '[<,]UP[,>]'"
        step = Step(
            end=at,
            gateway=gateway,
            title=f"set {found.name} up",
            apply=f'{PATHS}\n: >"$G/link.$N" && {join(["ip", "link", "set", "dev", found.name, "up"])}',
            undo=f'{PATHS}\n[ ! -e "$G/link.$N" ] || {join(["ip", "link", "set", "dev", found.name, "down"])}',
            requires=f"{PATHS}\n! {down} || {{ say {quote(f'{found.name} is up by now')}; exit 76; }}",
            verify=(
                f"{PATHS}\ni=0; until ip -o link show dev {quote(found.name)} | grep -q LOWER_UP; do\n"
                "  i=$((i + 1)); [ $i -le 5 ] || exit 1; sleep 1\ndone"
            ),
            show=(join(["ip", "link", "set", "dev", found.name, "up"]),),
            show_undo=(join(["ip", "link", "set", "dev", found.name, "down"]),),
            show_verify=f"ip link show dev {quote(found.name)}",
            lasts=False,
        )
        told = (
            f"routes by {found.name} went when it was set down: what they were is not known; look for them after it",
            f"somebody has set {found.name} of {gateway} down; it may have been on purpose",
        )
        return Planned((step,), touched=(focus.name,), warnings=told)


class AddAddress:
    """`add-address`: the tunnel's configured own address, back on the interface whose network it is from."""

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """The addresses now, and whether another machine answers for the one that is missing."""
        if at not in site.snapshots:
            return ()
        address = _missing(site, at)
        family = "-6" if ":" in address else "-4"
        text = (
            f"ping -c 1 -W 1 {quote(address)} >/dev/null 2>&1 && echo answered; "
            f"ip {family} neigh show {quote(address)}; :"
        )
        return (
            ADDRESSES,
            Command("owner", text, 5, show=f"ping -c 1 {quote(address)}; ip neigh", limits="none"),
        )

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """One step; raises Unplannable where somebody else has the address or no interface is fit for it."""
        gateway, address = site.snapshot(at).gateway, _missing(site, at)
        owner = seen.get("owner")
        lines = owner.stdout.splitlines() if owner is not None and owner.problem is None else []
        if any(line == "answered" or " lladdr " in f"{line} " for line in lines):
            raise Unplannable(
                f"another machine has {address}, the tunnel's own address at {gateway}",
                advice="if it is the other node of a pair, work there; else whoever plans addresses has to act",
            )
        found = [
            (interface, one)
            for interface in _interfaces(site, at, seen)
            for one in interface.addresses
            if interface.up and within(address, str(one.network)) and one.network.num_addresses > 1
        ]
        if len({interface.name for interface, _ in found}) != 1:
            raise Unplannable(
                f"on which interface of {gateway} {address} belongs cannot be told: "
                + ("several are" if found else "none is")
                + " on its network",
                advice="whoever set the gateway up has to say; or the connection names another address of it",
            )
        interface, beside = found[0]
        words = [f"{address}/{beside.prefix}", "dev", interface.name]
        there = f"ip -o addr show dev {quote(interface.name)} | grep -qF {quote(f' {address}/')}"
        step = Step(
            end=at,
            gateway=gateway,
            title=f"put {address}/{beside.prefix} back on {interface.name}",
            apply=f'{PATHS}\n: >"$G/address.$N" && {join(["ip", "address", "add", *words])}',
            undo=(
                f'{PATHS}\n[ -e "$G/address.$N" ] || exit 0\n! {there} || {join(["ip", "address", "del", *words])}'
            ),
            requires=f"{PATHS}\n! {there} || {{ say {quote(f'{address} is there by now')}; exit 76; }}",
            verify=f"{PATHS}\n{there}",
            show=(join(["ip", "address", "add", *words]),),
            show_undo=(join(["ip", "address", "del", *words]),),
            show_verify=join(["ip", "address", "show", "dev", interface.name]),
            lasts=False,
        )
        told = f"a restart of {gateway} takes it off again, until it stands in the network's configuration"
        return Planned((step,), touched=(site.focus(at).name,), warnings=(told,))


def _missing(site: Site, at: End) -> str:
    connection, snapshot = site.focus(at).connection, site.snapshot(at)
    named = [one for one in (connection.local_addrs if connection is not None else ()) if one not in ANY]
    fit = [one for one in named if is_address(one)]
    held = set(snapshot.addresses())
    if not fit or set(fit) & held:
        raise Unplannable(f"no address of the tunnel is missing at {snapshot.gateway}")
    peer = site.focuses.get(other(at))
    theirs = peer.on_disk or peer.connection if peer is not None else None
    called = [one for one in (theirs.remote_addrs if theirs is not None else ()) if one in held]
    if called:
        raise Unplannable(
            f"{snapshot.gateway} is called at {called[0]}, which it has: its connection names another address",
            advice="have it speak from the address it is called at (use-own-address)",
        )
    return fit[0]


def _interfaces(site: Site, at: End, seen: Mapping[str, Output]) -> tuple[Interface, ...]:
    output = seen.get("addresses")
    if output is None or output.problem is not None:
        raise Unplannable(f"the interfaces of {site.snapshot(at).gateway} cannot be read")
    return iproute.parse_addresses(output.stdout)
