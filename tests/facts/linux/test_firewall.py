"""Verdicts; on rules recorded in the lab they are what its kernel was seen to do with the packets."""

from __future__ import annotations

import pytest

from tests.facts.linux.conftest import Recorded
from wizard.facts.firewall import Packet, Way, counters_moved, judge
from wizard.facts.parsers import rulesets
from wizard.facts.ruleset import Ruleset

OUT = Packet(
    "10.1.0.0/24", "10.2.0.0/24", in_if="lan0", out_if="wan0", proto="icmp", icmp_type=8, ipsec_out=True
)
IN = Packet(
    "10.1.0.0/24", "10.2.0.0/24", in_if="wan0", out_if="lan0", proto="icmp", icmp_type=8, ipsec_in=True
)
BACK = Packet(
    "10.2.0.0/24",
    "10.1.0.0/24",
    in_if="lan0",
    out_if="wan0",
    proto="icmp",
    icmp_type=0,
    ipsec_out=True,
    ipsec_terms=("mode=tunnel", "tunnel-dst=192.0.2.1"),
)
ESP = Packet("192.0.2.1", "198.51.100.1", in_if="wan0", proto="esp")
IKE = Packet("192.0.2.1", "198.51.100.1", in_if="wan0", proto="udp", sport=500, dport=500)


def saved(rules: str, table: str = "filter") -> Ruleset:
    return rulesets.parse(f"@@ iptables-save\n*{table}\n{rules}\nCOMMIT\n@= 0\n")


@pytest.mark.parametrize(
    ("name", "packet", "way", "blocked"),
    [
        ("forward-policy-drop-before", OUT, "forward", True),
        ("forward-ipsec-ok-before", IN, "forward", False),
        ("forward-ipsec-ok-before", BACK, "forward", False),
        ("forward-reject-before", IN, "forward", True),
        ("esp-in-before", ESP, "input", True),
        ("esp-out-before", ESP, "output", True),
        ("ike-in-before", IKE, "input", True),
        ("ike-in-before", ESP, "input", False),
        ("masq-before", IKE, "input", False),
    ],
)
def test_the_evaluator_says_what_the_kernel_did(
    recorded: Recorded, name: str, packet: Packet, way: Way, blocked: bool
) -> None:
    judgement = judge(rulesets.parse(recorded[f"firewall/{name}"]), packet, way)

    assert judgement.blocks is blocked
    assert judgement.doubts == ()
    assert judgement.rule in recorded[f"firewall/{name}"]


@pytest.mark.parametrize(
    ("name", "rewritten"),
    [
        ("masq-before", True),
        ("masq-exempt-before", False),
        ("masq-pol-none-before", False),
        ("masq-not-dst-before", False),
    ],
)
def test_masquerading_spoils_a_tunnel_unless_something_exempts_it(
    recorded: Recorded, name: str, rewritten: bool
) -> None:
    assert judge(rulesets.parse(recorded[f"firewall/{name}"]), OUT, "source-nat").rewrites is rewritten


def test_the_deciding_rule_is_named_as_the_gateway_prints_it(recorded: Recorded) -> None:
    judgement = judge(rulesets.parse(recorded["firewall/forward-reject-before"]), IN, "forward")

    assert (judgement.verdict, judgement.chain, judgement.certain) == ("reject", "filter TUN", True)
    assert judgement.rule == "[0:0] -A TUN -s 10.1.0.0/16 -j REJECT --reject-with icmp-admin-prohibited"


def test_a_drop_policy_is_named_where_no_rule_decides(recorded: Recorded) -> None:
    judgement = judge(rulesets.parse(recorded["firewall/forward-policy-drop-before"]), OUT, "forward")

    assert judgement.rule == ":FORWARD DROP [0:0]"


@pytest.mark.parametrize(
    ("packet", "blocked"),
    [
        (Packet("198.51.100.1", "192.0.2.1", proto="udp", dport=500, in_if="eth0"), False),
        (Packet("198.51.100.1", "192.0.2.1", proto="udp", dport=4500, in_if="eth0"), False),
        (Packet("198.51.100.2", "192.0.2.1", proto="udp", dport=500, in_if="eth0"), True),
        (
            Packet("198.51.100.2", "192.0.2.1", proto="udp", dport=500, in_if="eth0", state="established"),
            False,
        ),
        (Packet("198.51.100.1", "192.0.2.1", proto="esp", in_if="eth0"), True),
    ],
)
def test_ufw_lets_in_what_it_was_told_to(recorded: Recorded, packet: Packet, blocked: bool) -> None:
    judgement = judge(rulesets.parse(recorded["firewall/ufw"]), packet, "input")

    assert judgement.blocks is blocked


def test_ufw_blocks_forwarding_by_default(recorded: Recorded) -> None:
    ruleset = rulesets.parse(recorded["firewall/ufw"])

    assert judge(ruleset, Packet("10.1.0.10", "10.2.0.10", proto="tcp", dport=443), "forward").blocks is True
    assert (
        judge(ruleset, Packet("10.1.0.10", "10.2.0.10", proto="icmp", icmp_type=8), "forward").blocks is False
    )


def test_every_firewall_of_the_kernel_has_a_say(recorded: Recorded) -> None:
    ruleset = rulesets.parse(recorded["firewall/three-kinds"])

    legacy = judge(ruleset, Packet("192.0.2.9", "198.51.100.1", proto="esp"), "input")
    native = judge(ruleset, Packet("203.0.113.4", "198.51.100.1", proto="udp", dport=500), "input")
    neither = judge(ruleset, Packet("192.0.2.9", "198.51.100.1", proto="udp", dport=500), "input")

    assert (legacy.blocks, native.blocks, neither.blocks) == (True, True, False)
    assert native.rule == "ip saddr 203.0.113.0/24 counter packets 0 bytes 0 drop"


def test_a_rule_for_one_sa_is_certain_only_where_the_sa_is_known(recorded: Recorded) -> None:
    ruleset = rulesets.parse(recorded["firewall/three-kinds"])
    inner = Packet("10.2.0.0/24", "10.1.0.0/24", in_if="eth0", ipsec_in=True)
    known = Packet(
        "10.2.0.0/24", "10.1.0.0/24", in_if="eth0", ipsec_in=True, ipsec_terms=("reqid=1", "proto=esp")
    )
    another = Packet(
        "10.2.0.0/24", "10.1.0.0/24", in_if="eth0", ipsec_in=True, ipsec_terms=("reqid=2", "proto=esp")
    )

    assert judge(ruleset, inner, "forward").blocks is None
    assert judge(ruleset, known, "forward").blocks is False
    assert judge(ruleset, another, "forward").blocks is True


@pytest.mark.parametrize("release", ["1.0.6", "1.1.3"])
def test_nft_sets_maps_and_jumps_are_followed(recorded: Recorded, release: str) -> None:
    ruleset = rulesets.parse(recorded[f"firewall/nft-rich-{release}"])

    def blocks(**packet: object) -> bool | None:
        return judge(ruleset, Packet(dst="192.0.2.1", in_if="eth0", mark=None, **packet), "input").blocks  # type: ignore[arg-type]

    assert blocks(src="203.0.113.7", proto="udp", sport=500, dport=500) is False
    assert blocks(src="203.0.113.7", proto="esp") is False
    assert blocks(src="192.0.2.9", proto="esp") is True
    assert blocks(src="192.0.2.9", proto="esp", ipsec_in=True) is False
    assert blocks(src="2001:db8::9", proto="udp", dport=500) is True


@pytest.mark.parametrize("release", ["1.0.6", "1.1.3"])
def test_nft_exempts_by_return_what_it_would_masquerade(recorded: Recorded, release: str) -> None:
    ruleset = rulesets.parse(recorded[f"firewall/nft-rich-{release}"])

    tunnel = judge(ruleset, Packet("10.1.0.0/24", "10.2.0.0/24", out_if="eth0"), "source-nat")
    internet = judge(ruleset, Packet("10.1.0.0/24", "203.0.113.1", out_if="eth0"), "source-nat")

    assert (tunnel.rewrites, internet.rewrites) == (False, True)
    assert internet.rule.endswith("masquerade")


def test_a_destination_nat_takes_ike_away_from_the_gateway(recorded: Recorded) -> None:
    ruleset = rulesets.parse(recorded["firewall/nft-rich-1.1.3"])

    judgement = judge(
        ruleset, Packet("198.51.100.1", "192.0.2.1", in_if="eth0", proto="udp", dport=4500), "input"
    )

    assert (judgement.verdict, judgement.blocks) == ("nat", None)
    assert judgement.rule.endswith("dnat to 10.1.0.50")


def test_an_unknown_match_makes_an_answer_open_and_names_the_rule() -> None:
    ruleset = saved(":INPUT ACCEPT [0:0]\n-A INPUT -p udp -m recent --name bad --rcheck -j DROP")

    judgement = judge(ruleset, IKE, "input")

    assert (judgement.verdict, judgement.certain, judgement.blocks) == ("accept", False, None)
    assert judgement.doubts == ("-A INPUT -p udp -m recent --name bad --rcheck -j DROP",)


def test_an_unknown_match_that_changes_nothing_leaves_the_answer_certain() -> None:
    ruleset = saved(
        ":INPUT DROP [0:0]\n-A INPUT -p udp -m recent --name bad --rcheck -j DROP\n-A INPUT -m limit -j LOG"
    )

    assert judge(ruleset, IKE, "input").blocks is True


@pytest.mark.parametrize(
    ("rules", "blocked"),
    [
        ("-A INPUT -j A\n-A INPUT -j DROP\n-A A -s 192.0.2.0/24 -j RETURN\n-A A -j ACCEPT", True),
        ("-A INPUT -g A\n-A INPUT -j DROP\n-A A -s 10.0.0.0/8 -j DROP", False),
        ("-A INPUT -j A\n-A INPUT -j DROP\n-A A -m set --match-set x src -j RETURN\n-A A -j ACCEPT", None),
        ("-A INPUT -m set --match-set x src -j A\n-A A -j DROP", None),
        ("-A INPUT -m set --match-set x src -j A\n-A INPUT -j DROP\n-A A -j REJECT", True),
        ("-A INPUT -j A\n-A A -j INPUT", False),
        ("-A INPUT -j NOWHERE", None),
        ("-A INPUT -j NFQUEUE --queue-num 0", None),
        ("-A INPUT -m set --match-set x src -g A\n-A INPUT -j DROP\n-A A -j DROP", True),
        ("-A INPUT -m mark --mark 0x1 -j DROP", False),
        ("-A INPUT -s 192.0.2.9 -j MARK --set-mark 1\n-A INPUT -m mark --mark 0x1 -j DROP", None),
        ("-A INPUT -i lan0 -j DROP", False),
        ("-A INPUT -o wan0 -j DROP", False),
    ],
)
def test_chains_are_walked_as_the_kernel_walks_them(rules: str, blocked: bool | None) -> None:
    assert judge(saved(f":INPUT ACCEPT [0:0]\n:A - [0:0]\n{rules}"), IKE, "input").blocks is blocked


@pytest.mark.parametrize(
    ("option", "packet", "blocked"),
    [
        ("-i wan0", Packet("192.0.2.1", proto="udp", dport=500), None),
        ("-s 192.0.2.0/25", Packet("192.0.2.0/24", proto="esp"), None),
        ("-s 192.0.0.0/16", Packet("192.0.2.0/24", proto="esp"), True),
        ("! -s 192.0.2.0/25", Packet("192.0.2.0/24", proto="esp"), None),
        ("! -s 10.0.0.0/8", Packet("192.0.2.0/24", proto="esp"), True),
        ("-p tcp", Packet("192.0.2.1"), None),
        ("-p udp -m udp --dport 500", Packet("192.0.2.1", proto="udp"), None),
        ("-p esp", Packet("192.0.2.1", proto="50"), True),
        ("-m conntrack --ctstate INVALID", Packet("192.0.2.1", proto="esp"), False),
        ("-m conntrack --ctstate NEW", Packet("192.0.2.1", proto="esp", state=None), None),
        ("-m policy --dir in --pol none", Packet("192.0.2.1", proto="icmp", ipsec_in=True), False),
        ("-p icmp -m icmp --icmp-type 8", Packet("192.0.2.1", proto="icmp"), None),
        ("-m addrtype --dst-type LOCAL", Packet("192.0.2.1", proto="esp"), True),
        ("-m iprange --src-range 192.0.2.1-192.0.2.9", Packet("192.0.2.4", proto="esp"), True),
        ("-m pkttype --pkt-type broadcast", Packet("192.0.2.4", proto="esp"), False),
    ],
)
def test_what_is_not_known_of_a_packet_leaves_the_answer_open(
    option: str, packet: Packet, blocked: bool | None
) -> None:
    assert judge(saved(f":INPUT ACCEPT [0:0]\n-A INPUT {option} -j DROP"), packet, "input").blocks is blocked


def test_other_tables_on_the_way_can_drop_too() -> None:
    assert (
        judge(saved(":PREROUTING ACCEPT [0:0]\n-A PREROUTING -p udp -j DROP", "raw"), IKE, "input").blocks
        is True
    )
    assert (
        judge(
            saved(":POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -p udp -j DROP", "mangle"), IKE, "output"
        ).blocks
        is True
    )


def test_rules_nobody_could_read_are_neither_open_nor_closed(recorded: Recorded) -> None:
    judgement = judge(rulesets.parse(recorded["firewall/refused"]), IKE, "input")

    assert (judgement.verdict, judgement.certain, judgement.blocks, judgement.rewrites) == (
        "unknown",
        False,
        None,
        None,
    )


def test_no_rules_at_all_let_everything_through(recorded: Recorded) -> None:
    judgement = judge(rulesets.parse(recorded["firewall/kernel-without-nf-tables"]), IKE, "input")

    assert (judgement.blocks, judgement.rule, judgement.chain) == (False, "", "")


def test_an_incomplete_picture_can_prove_a_drop_but_no_passage() -> None:
    refused = "@@ nft-json\nsudo: a password is required\n@= 1\n"
    drops = rulesets.parse(f"@@ iptables-save\n*filter\n:INPUT DROP [0:0]\nCOMMIT\n@= 0\n{refused}")
    passes = rulesets.parse(f"@@ iptables-save\n*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n@= 0\n{refused}")

    assert judge(drops, IKE, "input").blocks is True
    assert judge(passes, IKE, "input").blocks is None
    assert judge(passes, IKE, "input").doubts == ("sudo: a password is required",)


def test_thousands_of_chains_that_call_each_other_twice_are_walked_once() -> None:
    names = "\n".join(f":C{n} - [0:0]" for n in range(2000))
    calls = "\n".join(f"-A C{n} -j C{n + 1}\n-A C{n} -j C{n + 1}" for n in range(1999))

    judgement = judge(saved(f":INPUT DROP [0:0]\n{names}\n-A INPUT -j C0\n{calls}"), IKE, "input")

    assert judgement.verdict == "drop"


@pytest.mark.parametrize(
    ("name", "line", "verdict", "packets"),
    [
        ("forward-policy-drop", ":FORWARD DROP [2:168]", "drop", 2),
        (
            "forward-reject",
            "[2:168] -A TUN -s 10.1.0.0/16 -j REJECT --reject-with icmp-admin-prohibited",
            "reject",
            2,
        ),
        ("esp-in", "[2:312] -A INPUT -p esp -j DROP", "drop", 2),
        (
            "ike-in",
            "[5:2460] -A INPUT -s 192.0.2.1/32 -p udp -m multiport --dports 500,4500 -j DROP",
            "drop",
            5,
        ),
    ],
)
def test_a_test_that_runs_into_a_drop_rule_raises_its_counter(
    recorded: Recorded, name: str, line: str, verdict: str, packets: int
) -> None:
    before = rulesets.parse(recorded[f"firewall/{name}-before"])
    after = rulesets.parse(recorded[f"firewall/{name}-after"])

    (moved,) = counters_moved(before, after)

    assert (moved.line, moved.verdict, moved.packets) == (line, verdict, packets)
    assert counters_moved(after, after) == ()


def test_drops_that_cannot_concern_the_test_are_left_out(recorded: Recorded) -> None:
    before = rulesets.parse(recorded["firewall/esp-in-before"])
    after = rulesets.parse(recorded["firewall/esp-in-after"])

    assert counters_moved(before, after, about=IKE) == ()
    assert len(counters_moved(before, after, about=ESP)) == 1


def test_two_rules_of_the_same_words_are_told_apart() -> None:
    text = ":INPUT ACCEPT [0:0]\n[{}:0] -A INPUT -p esp -j DROP\n[{}:0] -A INPUT -p esp -j DROP"

    (moved,) = counters_moved(saved(text.format(4, 1)), saved(text.format(4, 3)))

    assert (moved.packets, moved.line) == (2, "[3:0] -A INPUT -p esp -j DROP")
