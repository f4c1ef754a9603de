"""Rules are put before what drops, let the packet through, and leave the rule set as it was when they are undone."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.unit.platforms.network.ground import LAN_A, LAN_B, Namespace, planned, site
from wizard.facts.firewall import judge
from wizard.facts.parsers import rulesets
from wizard.platforms.actions.base import Site, Unplannable
from wizard.platforms.actions.rules import OpenRule, wanted_passages

IPTABLES = ("iptables-legacy", "iptables-nft")
IKE_POLICY = """
$T -A INPUT -i lo -j ACCEPT
$T -A INPUT -p tcp --dport 22 -j ACCEPT
$T -A INPUT -s 192.0.2.11 -p udp -m multiport --dports 500,4500 -j ACCEPT
$T -P INPUT DROP
"""
CASES: Mapping[str, tuple[str, str, int]] = {
    "a policy that drops IKE": ("ike", IKE_POLICY, 1),
    "a rule that drops UDP 500, another that drops 4500": (
        "ike",
        "$T -A INPUT -p tcp -j ACCEPT\n$T -A INPUT -p udp --dport 500 -j DROP\n$T -A INPUT -p udp --dport 4500 -j DROP",
        1,
    ),
    "IKE held at the way out": ("ike", "$T -A OUTPUT -o wan0 -p udp --dport 500 -j DROP", 1),
    "ESP dropped in and out": ("esp", "$T -A INPUT -p esp -j DROP\n$T -A OUTPUT -p esp -j REJECT", 2),
    "a chain that is jumped to": (
        "ike",
        "$T -N wall\n$T -A INPUT -i wan0 -j wall\n$T -A wall -p tcp --dport 22 -j ACCEPT\n$T -A wall -j DROP",
        1,
    ),
    "forwarding dropped by policy": (
        "forward",
        "$T -A FORWARD -s 10.11.0.0/24 -j ACCEPT\n$T -P FORWARD DROP",
        2,
    ),
    "forwarding rejected one way": ("forward", f"$T -A FORWARD -s {LAN_B} -d {LAN_A} -j REJECT", 1),
    "only pings dropped": ("forward", "$T -A FORWARD -p icmp -j DROP", 2),
    "the gateway's own answers dropped": ("forward", "$T -A INPUT -s 10.2.0.0/16 -j DROP", 1),
    "the service's port dropped": ("service", "$T -A FORWARD -p tcp --dport 8080 -j DROP", 1),
}


@pytest.mark.parametrize("tool", IPTABLES)
@pytest.mark.parametrize("case", CASES)
def test_a_rule_lets_the_tunnel_through_and_is_taken_out_again(
    gateway: Namespace, tool: str, case: str
) -> None:
    what, script, count = CASES[case]
    _made(gateway, tool, script)

    _opened(gateway, OpenRule(), {"what": what}, count, f"{tool}-save")


NATS: Mapping[str, str] = {
    "masquerading": "$T -t nat -A POSTROUTING -s 10.11.0.0/24 -d 10.12.0.0/24 -j ACCEPT\n"
    "$T -t nat -A POSTROUTING -o wan0 -j MASQUERADE",
    "a fixed new source": "$T -t nat -A POSTROUTING -s 10.1.0.0/24 -o wan0 -j SNAT --to-source 192.0.2.1",
    "in a chain of its own": "$T -t nat -N o\n$T -t nat -A POSTROUTING -o wan0 -j o\n$T -t nat -A o -j MASQUERADE",
}


@pytest.mark.parametrize("tool", IPTABLES)
@pytest.mark.parametrize("case", NATS)
def test_tunnel_traffic_is_kept_out_of_nat(gateway: Namespace, tool: str, case: str) -> None:
    _made(gateway, tool, NATS[case])

    _opened(gateway, OpenRule(nat=True), {}, 1, f"{tool}-save")


NFT: Mapping[str, tuple[str, str, int]] = {
    "a policy that drops IKE": (
        "ike",
        """table inet wall { chain input {
            type filter hook input priority 0; policy drop;
            iif lo accept
            tcp dport 22 accept
        }
        }""",
        1,
    ),
    "a rule among others": (
        "ike",
        """table inet wall {
        set bad { type inet_service; elements = { 500, 1900 }
        }
        chain input {
            type filter hook input priority 0;
            tcp dport 22 accept
            udp dport @bad counter drop
            counter
        }
        }""",
        1,
    ),
    "ESP dropped at the way out": (
        "esp",
        """table ip wall { chain output {
            type filter hook output priority 0;
            ip protocol esp drop
        }
        }""",
        1,
    ),
    "two tables drop": (
        "ike",
        """table inet one { chain input {
            type filter hook input priority 0;
            udp dport 500 drop
        }
        }
        table ip two { chain input {
            type filter hook input priority 10; policy drop;
        }
        }""",
        2,
    ),
    "forwarding": (
        "forward",
        """table inet wall { chain forward {
            type filter hook forward priority 0; policy drop;
            ct state established accept
        }
        }""",
        2,
    ),
    "masquerading": (
        "nat",
        """table ip nat { chain postrouting {
            type nat hook postrouting priority 100;
            ip saddr 10.11.0.0/24 accept
            oifname "wan0" masquerade
        }
        }""",
        1,
    ),
}


@pytest.mark.parametrize("case", NFT)
def test_the_same_with_rules_of_nft(gateway: Namespace, case: str) -> None:
    what, script, count = NFT[case]
    status, said = gateway.run(f"cat >rules <<'END'\n{script}\nEND\nnft -f rules; s=$?; rm rules; exit $s")
    if status:
        pytest.skip(f"no nft in here: {said[:80]}")

    _opened(gateway, OpenRule(nat=what == "nat"), {"what": what}, count, "nft list ruleset")


def test_where_no_gateway_drops_whoever_runs_the_network_between_has_to_act() -> None:
    rules = "@@ iptables-save\n*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n@= 0\n"

    with pytest.raises(Unplannable) as raised:
        planned(
            OpenRule(), site({"rules": rules}, {"rules": rules}), "near", {"what": "esp"}, {"rules": rules}
        )

    assert "lost between gw-a and gw-b" in raised.value.message
    assert "192.0.2.1 and 198.51.100.1" in (raised.value.advice or "")


def test_an_end_that_was_not_read_leaves_it_to_the_one_that_was() -> None:
    shut = "@@ iptables-save\n*filter\n:INPUT DROP [0:0]\nCOMMIT\n@= 0\n"
    alone = site({"rules": shut})

    assert OpenRule().look(alone, "far", {"what": "ike"}) == ()
    assert OpenRule().plan(alone, "far", {"what": "ike"}, {}).steps == ()
    assert len(planned(OpenRule(), alone, "near", {"what": "ike"}, {"rules": shut}).steps) == 1


def test_an_end_that_lets_it_through_leaves_it_to_the_one_that_does_not() -> None:
    clear = "@@ iptables-save\n*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n@= 0\n"
    shut = "@@ iptables-save\n*filter\n:INPUT DROP [0:0]\nCOMMIT\n@= 0\n"
    both = site({"rules": clear}, {"rules": shut})

    assert planned(OpenRule(), both, "near", {"what": "ike"}, {"rules": clear}).steps == ()
    assert len(planned(OpenRule(), both, "far", {"what": "ike"}, {"rules": shut}).steps) == 1


def test_a_rule_that_counted_the_packets_is_gone_round_though_its_text_leaves_it_open() -> None:
    line = "-A FORWARD -m set --match-set guests src -j DROP"
    rules = f"@@ iptables-save\n*filter\n:FORWARD ACCEPT [7:420]\n[9:756] {line}\nCOMMIT\n@= 0\n"
    seen = site({"rules": rules}, {"rules": rules}, {"near.drop_rules_hit": (f"[3:252] {line}",)})

    steps = planned(OpenRule(), seen, "near", {"what": "forward"}, {"rules": rules}).steps

    assert [step.show[0].partition(" -m ")[0] for step in steps] == [
        f"iptables -t filter -I FORWARD 1 -s {LAN_A} -d {LAN_B}",
        f"iptables -t filter -I FORWARD 2 -s {LAN_B} -d {LAN_A}",
    ]


def test_a_table_that_belongs_to_a_program_is_left_to_it() -> None:
    json = (
        '{"nftables": [{"chain": {"family": "inet", "table": "firewalld", "name": "filter_INPUT", "handle": 3, '
        '"type": "filter", "hook": "input", "prio": 10, "policy": "drop"}}, {"rule": {"family": "inet", '
        '"table": "firewalld", "chain": "filter_INPUT", "handle": 9, "expr": [{"drop": null}]}}]}'
    )
    table = "table inet firewalld { # progname firewalld\n\tflags owner,persist\n}\n"
    rules = f"@@ nft-json\n{json}\n@= 0\n@@ nft\n{table}"
    both = site({"rules": rules}, {"rules": rules})

    with pytest.raises(Unplannable) as raised:
        planned(OpenRule(), both, "near", {"what": "ike"}, {"rules": rules})

    assert "firewall-cmd --add-service=ipsec" in (raised.value.advice or "")


def test_rules_that_changed_since_are_not_touched(gateway: Namespace) -> None:
    _made(gateway, "iptables-legacy", "$T -A INPUT -p udp --dport 500 -j DROP")
    step = gateway.plan(OpenRule(), _here(), "near", {"what": "ike"}).steps[0]

    gateway.run("iptables-legacy -I INPUT -s 203.0.113.9 -j DROP")

    assert gateway.does(step, "requires") == 76


def test_an_undo_of_what_never_was_done_does_nothing(gateway: Namespace) -> None:
    _made(gateway, "iptables-legacy", "$T -A INPUT -p udp --dport 500 -j DROP")
    before = gateway.run("iptables-legacy-save")[1]
    step = gateway.plan(OpenRule(), _here(), "near", {"what": "ike"}).steps[0]

    assert gateway.does(step, "undo") == 0
    assert _bare(gateway.run("iptables-legacy-save")[1]) == _bare(before)


def test_ufw_is_named_as_the_owner_of_its_chains(recorded_ufw: str) -> None:
    seen = site({"rules": recorded_ufw}, {"rules": recorded_ufw}, outside_interface="eth0")

    made = planned(
        OpenRule(),
        seen,
        "near",
        {"what": "esp"},
        {"rules": recorded_ufw, "rule-files": "/etc/ufw/user.rules\n"},
    )

    assert "/etc/ufw/user.rules" in made.warnings[0]
    assert made.warnings[0].startswith("ufw ") or "rules are kept" in made.warnings[0]


def _here() -> Site:
    return site({}, {})


def _made(gateway: Namespace, tool: str, script: str) -> None:
    status, said = gateway.run(f"set -e\nT={tool}\n{script}")
    if status:
        pytest.skip(f"{tool} does not work in here: {said[:80]}")


def _bare(text: str) -> list[str]:
    """Rules without counters and the comments with the time of the listing."""
    return [
        line.partition(" [")[0] if line.startswith(":") else line
        for line in text.splitlines()
        if line[:1] != "#"
    ]


def _opened(
    gateway: Namespace, action: OpenRule, options: Mapping[str, str], count: int, listing: str
) -> None:
    here = site({}, {})
    before = _bare(gateway.run(listing)[1])

    steps = gateway.plan(action, here, "near", options).steps

    assert len(steps) == count
    for number, step in enumerate(steps):
        assert gateway.does(step, "requires", number) == 0, step.requires
    for number, step in enumerate(steps):
        assert gateway.does(step, "apply", number) == 0, step.apply
        assert gateway.does(step, "verify", number) == 0, step.verify
        assert step.lasts is False
    assert sum("ipsec-wizard" in line for line in _bare(gateway.run(listing)[1])) == count
    assert not any(_dropped(gateway, action, options))
    for _ in range(2):
        for number in reversed(range(len(steps))):
            assert gateway.does(steps[number], "undo", number) == 0
    assert _bare(gateway.run(listing)[1]) == before


def _dropped(gateway: Namespace, action: OpenRule, options: Mapping[str, str]) -> list[bool]:
    look = next(one for one in action.look(site({}, {}), "near", options) if one.id == "rules")
    ruleset = rulesets.parse(gateway.run(look.text)[1])
    what = "nat" if action.nat else options["what"]
    wanted = wanted_passages(site({}, {}), "near", what)
    judged = [judge(ruleset, one.packet, "source-nat" if action.nat else one.way) for one in wanted]
    return [one.rewrites is not False if action.nat else one.blocks is not False for one in judged]
