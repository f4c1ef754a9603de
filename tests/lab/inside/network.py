"""The nodes' network: who is linked to whom, who has which address, who routes where."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from tests.lab.healthy import Topology
from tests.lab.inside.namespace import inside, read
from tests.lab.inside.shell import must, run

_OF_THE_KERNEL = frozenset(
    {"sit0", "tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "ip6tnl0", "ip6gre0"}
)
"""Links that a module makes in every namespace and that cannot be deleted."""
NODES = ("op", "host-a", "gw-a", "nat", "router", "gw-b", "host-b")
FORWARDERS = ("gw-a", "nat", "router", "gw-b")
_NO_RULES = "".join(
    f"*{table}\n{''.join(f':{chain} ACCEPT [0:0]' + chr(10) for chain in chains)}COMMIT\n"
    for table, chains in {
        "raw": ("PREROUTING", "OUTPUT"),
        "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
        "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
        "filter": ("INPUT", "FORWARD", "OUTPUT"),
    }.items()
)
_NAT_RULES = (
    "*nat\n-A POSTROUTING -o wan0 -s 100.64.0.12 -j SNAT --to-source 192.0.2.11\n"
    "-A POSTROUTING -o wan0 -j SNAT --to-source 192.0.2.1\nCOMMIT\n"
)


@dataclass(frozen=True, slots=True)
class _Interface:
    """One end of a link: its addresses as address/prefix."""

    node: str
    name: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Plan:
    """A whole network: pairs of interfaces, a default router for each node, further routes."""

    links: tuple[tuple[_Interface, _Interface], ...]
    via: dict[str, str] = field(default_factory=dict)


_LAN_A = (
    _Interface("host-a", "eth0", ("10.1.0.10/24", "10.11.0.10/24")),
    _Interface("gw-a", "lan0", ("10.1.0.1/24", "10.11.0.1/24")),
)
_LAN_B = (
    _Interface("gw-b", "lan0", ("10.2.0.1/24", "10.12.0.1/24")),
    _Interface("host-b", "eth0", ("10.2.0.10/24", "10.12.0.10/24")),
)
_WAN_B = (
    _Interface("router", "east0", ("198.51.100.254/24",)),
    _Interface("gw-b", "wan0", ("198.51.100.1/24", "198.51.100.11/24")),
)
_WEST = _Interface("router", "west0", ("192.0.2.254/24",))
_MANAGEMENT = (
    (_Interface("op", "gw-a"), _Interface("gw-a", "mgmt0", ("172.31.0.11/24",))),
    (_Interface("op", "gw-b"), _Interface("gw-b", "mgmt0", ("172.31.0.12/24",))),
)
_VIA = {"host-a": "10.1.0.1", "host-b": "10.2.0.1", "gw-b": "198.51.100.254"}
_PLANS: dict[Topology, _Plan] = {
    "plain": _Plan(
        (_LAN_A, (_Interface("gw-a", "wan0", ("192.0.2.1/24", "192.0.2.11/24")), _WEST), _WAN_B, _LAN_B),
        {**_VIA, "gw-a": "192.0.2.254"},
    ),
    "nat": _Plan(
        (
            _LAN_A,
            (
                _Interface("gw-a", "wan0", ("100.64.0.2/24", "100.64.0.12/24")),
                _Interface("nat", "inside0", ("100.64.0.1/24",)),
            ),
            (_Interface("nat", "wan0", ("192.0.2.1/24", "192.0.2.11/24")), _WEST),
            _WAN_B,
            _LAN_B,
        ),
        {**_VIA, "gw-a": "100.64.0.1", "nat": "192.0.2.254"},
    ),
}


def within(node: str) -> list[str]:
    """The words before a command that make it run in that node's network."""
    return ["nsenter", f"--net=/run/netns/{node}"]


def _ip(node: str, *lines: str, strict: bool = True) -> None:
    words = ["ip", "-n", node, *([] if strict else ["-force"]), "-batch", "-"]
    (must if strict else run)(words, given="".join(f"{line}\n" for line in lines))


def make_nodes() -> None:
    """Make the namespaces and the management bridge, once in a guest's life."""
    for node in NODES:
        must(["ip", "netns", "add", node])
        _ip(node, "link set lo up")
    _ip(
        "op",
        "link add mgmt0 type bridge",
        "address add 172.31.0.1/24 dev mgmt0",
        "link set mgmt0 up",
        *(
            f"link add {near.name} type veth peer name {far.name} netns {far.node}"
            for near, far in _MANAGEMENT
        ),
        *(f"link set {near.name} master mgmt0 up" for near, _ in _MANAGEMENT),
    )
    for _, far in _MANAGEMENT:
        _ip(far.node, f"address add {far.addresses[0]} dev {far.name}", f"link set {far.name} up")


def wire(topology: Topology) -> None:
    """Make all links anew, with addresses, routes, forwarding and the NAT's rules.

    Raises:
        LabError: the kernel refused something, so there is no network to test on.
    """
    plan = _PLANS[topology]
    for node in NODES:
        # A deleted end takes its other end along, so some of these are gone when their turn comes.
        _ip(node, *(f"link del {name}" for name in _named(node)), strict=False)
        _ip(node, *(f"rule del pref {priority}" for priority in _added_rules(node)), strict=False)
        drop_rules(node)
    for near, far in plan.links:
        _ip(near.node, f"link add {near.name} type veth peer name {far.name} netns {far.node}")
    for end in (end for link in plan.links for end in link):
        _ip(
            end.node,
            *(f"address add {address} dev {end.name}" for address in end.addresses),
            f"link set {end.name} up",
        )
    for node, gateway in plan.via.items():
        _ip(node, f"route add default via {gateway}")
    for node in FORWARDERS:
        must([*within(node), "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"])
    if topology == "nat":
        must([*within("nat"), "iptables-legacy-restore"], given=_NAT_RULES)


def forget_sas(node: str) -> None:
    """Remove SAs, policies and strongSwan's routes: a namespace keeps what a reboot would lose."""
    _ip(
        node,
        *("xfrm state flush", "xfrm policy flush", "route flush table 220", "rule del lookup 220"),
        strict=False,
    )


def drop_rules(node: str) -> None:
    """Empty the node's firewall; one that no program has ever touched stays untouched."""
    if inside(node, lambda: read("/proc/thread-self/net/ip_tables_names")):
        must([*within(node), "iptables-legacy-restore"], given=_NO_RULES)


def _added_rules(node: str) -> list[int]:
    """The priorities of routing rules that the kernel has not made itself (ip-rule(8))."""
    rules = json.loads(must(["ip", "-n", node, "-json", "rule"]) or "[]")
    return [int(rule["priority"]) for rule in rules if rule["priority"] not in {0, 32766, 32767}]


def _named(node: str) -> list[str]:
    """The links of a node that wire() makes, and those a scenario has added: all but loopback and management."""
    names = [str(link["ifname"]) for link in json.loads(must(["ip", "-n", node, "-json", "link"]) or "[]")]
    return [name for name in names if node != "op" and name not in {"lo", "mgmt0", *_OF_THE_KERNEL}]
