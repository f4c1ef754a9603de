"""What a kernel's policies, SAs and rules say of a tunnel, told from what is merely beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from wizard.facts.derive.kernel import kernel
from wizard.facts.derive.network import firewall_rules
from wizard.facts.derive.notebook import Notebook
from wizard.facts.focus import Focus
from wizard.facts.model import Value
from wizard.facts.parsers import rulesets
from wizard.facts.parsers.iproute import Interface
from wizard.facts.parsers.xfrm import parse_policies, parse_states
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import Child, ChildSa, IkeSa

NETS = Child("net", local_ts=("10.1.0.0/24",), remote_ts=("10.2.0.0/24",))
FOCUS = Focus(
    child=NETS,
    local_address="192.0.2.1",
    peer_addresses=("198.51.100.1",),
    outside_interface="wan0",
    inside_interface="lan0",
    probe_source="10.1.0.1",
    name="site",
    child_name="net",
)
CHILD = ChildSa(
    "net",
    state="installed",
    mode="tunnel",
    spi_in="c0000001",
    spi_out="c0000002",
    local_ts=("10.1.0.0/24",),
    remote_ts=("10.2.0.0/24",),
)


def policy(
    src: str, dst: str, way: str, *, priority: int = 375423, action: str = "allow", more: str = ""
) -> str:
    template = (
        ""
        if action == "block"
        else "\ttmpl src 192.0.2.1 dst 198.51.100.1\n\t\tproto esp reqid 1 mode tunnel\n"
    )
    return f"src {src} dst {dst} {more}uid 0\n\tdir {way} action {action} priority {priority} ptype main\n{template}"


OWN = (
    policy("10.1.0.0/24", "10.2.0.0/24", "out")
    + policy("10.2.0.0/24", "10.1.0.0/24", "in")
    + policy("10.2.0.0/24", "10.1.0.0/24", "fwd")
)
STATES = (
    "src 192.0.2.1 dst 198.51.100.1\n\tproto esp spi 0xc0000002 reqid 1 mode tunnel\n"
    "src 198.51.100.1 dst 192.0.2.1\n\tproto esp spi 0xc0000001 reqid 1 mode tunnel\n"
)


def facts(
    policies: str, states: str = STATES, interfaces: tuple[Interface, ...] = ()
) -> Mapping[str, Value | None]:
    sa = IkeSa("site", state="established", children=(CHILD,))
    snapshot = Snapshot(
        "near",
        "gw-a",
        sas=(sa,),
        policies=parse_policies(policies),
        states=parse_states(states),
        interfaces=interfaces,
    )
    book = Notebook(snapshot)
    kernel(book, FOCUS)
    return {fact.name.removeprefix("near."): fact.value for fact in book.facts}


def test_the_policies_of_all_directions_make_a_tunnel_whole() -> None:
    found = facts(OWN)
    assert (found["kernel_policies_present"], found["policies_missing"]) == (True, ())
    assert (found["policy_taken"], found["sa_interface"], found["sa_encapsulated"]) == (
        False,
        "none-needed",
        False,
    )


@pytest.mark.parametrize("way", ["out", "in", "fwd"])
def test_a_direction_without_policy_is_named(way: str) -> None:
    blocks = ["src " + block for block in OWN.split("src 10.") if block]
    kept = "".join(f"src 10.{one.removeprefix('src ')}" for one in blocks if f"dir {way} " not in one)
    assert facts(kept)["policies_missing"] == (way,)


@pytest.mark.parametrize(
    ("other", "taken"),
    [
        (policy("10.1.0.0/24", "10.2.0.0/16", "out", priority=100, action="block"), True),
        (policy("0.0.0.0/0", "0.0.0.0/0", "out", priority=100, action="block"), True),
        (policy("10.1.0.0/24", "10.2.0.0/16", "out", priority=400000, action="block"), False),
        (policy("10.1.0.0/24", "10.9.0.0/16", "out", priority=100, action="block"), False),
        (policy("10.1.0.0/24", "10.1.0.0/24", "out", priority=100, action="block"), False),
        (policy("10.1.0.0/24", "10.2.0.0/24", "out", priority=100, action="block", more="proto tcp "), False),
        (policy("10.1.0.0/24", "10.2.0.0/16", "out", priority=100), False),
    ],
)
def test_only_a_policy_asked_first_that_takes_all_of_it_is_a_conflict(other: str, taken: bool) -> None:
    assert facts(OWN + other)["policy_taken"] is taken


@pytest.mark.parametrize(
    ("interfaces", "word"),
    [
        ((), "missing"),
        ((Interface("ipsec0", up=True, kind="xfrm", key=7),), "missing"),
        ((Interface("ipsec0", up=False, kind="xfrm", key=42),), "down"),
        ((Interface("ipsec0", up=True, kind="xfrm", key=42),), "fits"),
    ],
)
def test_an_sa_with_an_if_id_needs_its_interface(interfaces: tuple[Interface, ...], word: str) -> None:
    states = STATES.replace("mode tunnel\n", "mode tunnel\n\tif_id 0x2a\n")
    assert facts(OWN, states, interfaces)["sa_interface"] == word


def rules(text: str, way: str = "iptables-save") -> Mapping[str, Value | None]:
    ruleset = rulesets.parse(f"@@ {way}\n{text}\n@= 0\n")
    snapshot = Snapshot("near", "gw-a", ruleset=ruleset, policies=parse_policies(OWN))
    book = Notebook(snapshot)
    firewall_rules(book, replace(FOCUS))
    return {fact.name.removeprefix("near."): fact.value for fact in book.facts}


def forward(*lines: str, policy: str = "ACCEPT") -> str:
    return "\n".join(["*filter", f":FORWARD {policy} [0:0]", *lines, "COMMIT"])


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        (forward("-A FORWARD -s 10.1.0.0/24 -d 10.2.0.0/24 -j DROP"), True),
        (forward(policy="DROP"), True),
        (forward("-A FORWARD -p icmp -j DROP"), None),
        (
            forward(
                "-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT",
                "-A FORWARD -s 10.1.0.0/24 -d 10.2.0.0/24 -j ACCEPT",
                policy="DROP",
            ),
            None,
        ),
        (forward(), False),
    ],
)
def test_rules_that_leave_something_through_are_no_proof(text: str, blocks: bool | None) -> None:
    """Pings kept out, or connections begun on one side only, may be meant so."""
    assert rules(text)["forward_blocks_tunnel"] is blocks


@pytest.mark.parametrize(
    ("target", "rewrites"),
    [
        ("MASQUERADE", True),
        ("SNAT --to-source 192.0.2.1", True),
        ("SNAT --to-source 10.1.0.77", False),
    ],
)
def test_a_source_that_stays_in_the_protected_network_still_meets_the_policy(
    target: str, rewrites: bool
) -> None:
    text = "\n".join(["*nat", ":POSTROUTING ACCEPT [0:0]", f"-A POSTROUTING -o wan0 -j {target}", "COMMIT"])
    assert rules(text)["nat_rewrites_tunnel"] is rewrites
