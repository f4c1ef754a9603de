from __future__ import annotations

import json

import pytest

from tests.facts.linux.conftest import Recorded
from wizard.facts.parsers import iptables_rule, nftables, rulesets
from wizard.facts.ruleset import Chain, Match, Rule, Ruleset, Span, network


def chain(ruleset: Ruleset, place: str, backend: str = "") -> Chain:
    return next(c for c in ruleset.chains if c.place == place and backend in {"", c.backend})


def rule(text: str) -> Rule:
    return iptables_rule.rule(text, text, None)


def test_rules_of_legacy_nft_backed_and_native_tools_stand_side_by_side(recorded: Recorded) -> None:
    ruleset = rulesets.parse(recorded["firewall/three-kinds"])

    assert (ruleset.readable, ruleset.complete, ruleset.problems) == (True, True, ())
    backed, legacy = chain(ruleset, "filter INPUT", "nft"), chain(ruleset, "filter INPUT", "legacy")
    assert backed.rules[0].line.endswith("-m policy --dir in --pol ipsec -j ACCEPT")
    assert legacy.rules[0].line == "[0:0] -A INPUT -p esp -j DROP"
    assert chain(ruleset, "own in").rules[0].line == "ip saddr 203.0.113.0/24 counter packets 0 bytes 0 drop"


def test_tables_that_iptables_can_read_are_not_taken_from_nft_again(recorded: Recorded) -> None:
    chains = rulesets.parse(recorded["firewall/three-kinds"]).chains

    assert len([c for c in chains if (c.backend, c.table, c.name) == ("nft", "filter", "INPUT")]) == 1
    assert not any(m.kind == "unknown" for c in chains for r in c.rules for m in r.matches)


def test_a_login_without_rights_has_read_nothing(recorded: Recorded) -> None:
    ruleset = rulesets.parse(recorded["firewall/refused"])

    assert (ruleset.chains, ruleset.readable, ruleset.complete) == ((), False, False)
    assert any("Permission denied" in problem for problem in ruleset.problems)


def test_a_kernel_without_nf_tables_has_no_hidden_rules(recorded: Recorded) -> None:
    ruleset = rulesets.parse(recorded["firewall/kernel-without-nf-tables"])

    assert (ruleset.chains, ruleset.readable, ruleset.complete) == ((), True, True)
    assert ruleset.problems


def test_a_refused_tool_beside_one_that_answered_leaves_the_picture_incomplete() -> None:
    ruleset = rulesets.parse(
        "@@ iptables-save\n*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n@= 0\n"
        "@@ nft-json\nsudo: a password is required\n\n@= 1\n"
    )

    assert (ruleset.readable, ruleset.complete) == (True, False)


def test_a_pasted_save_needs_no_frame() -> None:
    ruleset = rulesets.parse(
        "# Generated\n*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -o eth0 -j MASQUERADE\nCOMMIT\n"
    )

    assert chain(ruleset, "nat POSTROUTING").rules[0].action == "masquerade"


def test_base_chains_know_their_hook_priority_and_policy(recorded: Recorded) -> None:
    ruleset = rulesets.parse(recorded["firewall/forward-policy-drop-after"])

    forward = chain(ruleset, "filter FORWARD")
    assert (forward.hook, forward.policy, forward.policy_packets, forward.nat) == (
        "forward",
        "drop",
        2,
        False,
    )
    assert forward.line == ":FORWARD DROP [2:168]"
    source_nat = chain(ruleset, "nat POSTROUTING")
    assert (source_nat.hook, source_nat.priority, source_nat.nat) == ("postrouting", 100, True)


@pytest.mark.parametrize(
    ("options", "matches"),
    [
        (
            "-i eth+ ! -o wan0",
            (Match("in-interface", ("eth*",)), Match("out-interface", ("wan0",), negated=True)),
        ),
        (
            "! -s 10.1.0.0/24 -d 10.2.0.0/255.255.255.0",
            (
                Match("source", (network("10.1.0.0/24") or "",), negated=True),
                Match("destination", (network("10.2.0.0/24") or "",)),
            ),
        ),
        (
            "-p udp -m udp ! --sport 500 -m multiport --dports 500,4500:4510",
            (
                Match("protocol", (Span(17, 17),)),
                Match("source-port", (Span(500, 500),), negated=True),
                Match("destination-port", (Span(500, 500), Span(4500, 4510))),
            ),
        ),
        ("-m policy --dir in --pol ipsec", (Match("ipsec-in"),)),
        ("-m policy --dir out --pol none", (Match("ipsec-out", negated=True),)),
        (
            "-m policy --dir in --pol ipsec --reqid 1 --proto esp -m state --state NEW",
            (Match("ipsec-in", ("reqid=1", "proto=esp")), Match("state", ("new",))),
        ),
        ("-m policy --dir in --pol ipsec --strict ! --reqid 1", (Match("ipsec-in", partial=True),)),
        ("-m conntrack --ctstate RELATED,ESTABLISHED", (Match("state", ("related", "established")),)),
        ("-m mark ! --mark 0x1/0x1", (Match("mark", ("0x1/0x1",), negated=True),)),
        (
            "-p icmp -m icmp --icmp-type 3/4",
            (Match("protocol", (Span(1, 1),)), Match("icmp-type", (Span(3, 3),), partial=True)),
        ),
        (
            "-m addrtype ! --dst-type LOCAL,BROADCAST",
            (Match("destination-type", ("local", "broadcast"), negated=True),),
        ),
        ("-m physdev --physdev-is-bridged", (Match("unknown"), Match("unknown"))),
        ('-m comment --comment "a \\"b\\" -j ACCEPT -p udp"', ()),
        ("-p all", ()),
    ],
)
def test_options_of_iptables_mean_what_they_say(options: str, matches: tuple[Match, ...]) -> None:
    assert rule(f"-A INPUT {options} -j DROP") == Rule(
        "drop", f"-A INPUT {options} -j DROP", f"-A INPUT {options} -j DROP", matches, "DROP"
    )


@pytest.mark.parametrize(
    ("end", "action", "target"),
    [
        ("-j REJECT --reject-with icmp-admin-prohibited", "reject", "REJECT"),
        ("-j SNAT --to-source 192.0.2.1", "snat", "SNAT"),
        ("-j DNAT --to-destination 10.1.0.50:500", "dnat", "DNAT"),
        ('-j LOG --log-prefix "drop: "', "log", "LOG"),
        ("-j MARK --set-xmark 0x1/0xffffffff", "mark", "MARK"),
        ("-j NFQUEUE --queue-num 0", "other", "NFQUEUE"),
        ("-j ufw-user-input", "jump", "ufw-user-input"),
        ("-g LEAVE", "goto", "LEAVE"),
        ("", "continue", ""),
    ],
)
def test_targets_of_iptables_do_what_they_say(end: str, action: str, target: str) -> None:
    found = rule(f"-A FORWARD -s 10.1.0.0/24 {end}")

    assert (found.action, found.target) == (action, target)


@pytest.mark.parametrize("release", ["1.0.6", "1.1.3"])
def test_nft_rules_keep_the_line_nft_shows_to_people(recorded: Recorded, release: str) -> None:
    rules = chain(rulesets.parse(recorded[f"firewall/nft-rich-{release}"]), "filter input").rules

    ike = next(r for r in rules if "@peers udp dport" in r.line)
    assert ike.line == 'ip saddr @peers udp dport { 500, 4500 } counter name "ikec" accept'
    assert ike.matches == (
        Match("family", ("ip",)),
        Match("source", (network("198.51.100.1") or "", network("203.0.113.0/24") or "")),
        Match("protocol", (Span(17, 17),)),
        Match("destination-port", (Span(500, 500), Span(4500, 4500))),
    )


@pytest.mark.parametrize("release", ["1.0.6", "1.1.3"])
def test_nft_chains_know_their_hook_and_device(recorded: Recorded, release: str) -> None:
    ruleset = rulesets.parse(recorded[f"firewall/nft-rich-{release}"])

    entry = chain(ruleset, "filter input")
    assert (entry.hook, entry.policy, entry.family) == ("input", "drop", "inet")
    assert entry.line == "chain input { type filter hook input priority filter; policy drop; }"
    assert chain(ruleset, "ing i").devices == ("lo",)
    assert chain(ruleset, "nat postrouting").nat
    assert chain(ruleset, "v6 input").priority == 10


@pytest.mark.parametrize("release", ["1.0.6", "1.1.3"])
def test_a_map_of_verdicts_is_a_rule_for_each_key(recorded: Recorded, release: str) -> None:
    rules = chain(rulesets.parse(recorded[f"firewall/nft-rich-{release}"]), "filter input").rules

    states = {r.matches[0].items: r.action for r in rules if r.line.startswith("ct state vmap")}
    assert states == {("invalid",): "drop", ("established",): "accept", ("related",): "accept"}
    ports = {(r.matches[1].items, r.action, r.target) for r in rules if r.line == "udp dport vmap @ports"}
    assert ports == {((Span(500, 500),), "accept", ""), ((Span(22, 22),), "jump", "ssh")}


def nft(*statements: object) -> tuple[Rule, ...]:
    printed = {
        "nftables": [
            {
                "chain": {
                    "family": "inet",
                    "table": "t",
                    "name": "c",
                    "type": "filter",
                    "hook": "input",
                    "prio": 0,
                }
            },
            {"rule": {"family": "inet", "table": "t", "chain": "c", "handle": 7, "expr": list(statements)}},
        ]
    }
    chains = nftables.parse(f"# Warning: table ip filter is managed by iptables-nft\n{json.dumps(printed)}\n")
    assert chains is not None
    return chains[0].rules


def matched(left: object, right: object, operator: str = "==") -> tuple[Match, ...]:
    (found,) = nft({"match": {"op": operator, "left": left, "right": right}}, {"drop": None})
    assert found.action == "drop"
    return found.matches


@pytest.mark.parametrize(
    ("left", "right", "operator", "match"),
    [
        ({"meta": {"key": "ipsec"}}, True, "==", Match("ipsec-in")),
        ({"meta": {"key": "secpath"}}, False, "==", Match("ipsec-in", negated=True)),
        ({"rt": {"key": "ipsec"}}, True, "!=", Match("ipsec-out", negated=True)),
        ({"ipsec": {"key": "reqid", "dir": "in", "spnum": 0}}, 1, "==", Match("ipsec-in", ("reqid=1",))),
        ({"ipsec": {"key": "spi", "dir": "out", "spnum": 0}}, 99, "==", Match("ipsec-out", partial=True)),
        ({"&": [{"meta": {"key": "mark"}}, 255]}, 66, "==", Match("mark", ("66/255",))),
        ({"meta": {"key": "nfproto"}}, "ipv6", "==", Match("family", ("ip6",))),
        (
            {"meta": {"key": "l4proto"}},
            {"set": ["esp", 51]},
            "==",
            Match("protocol", (Span(50, 50), Span(51, 51))),
        ),
        (
            {"ct": {"key": "state"}},
            {"|": ["established", "related"]},
            "in",
            Match("state", ("established", "related")),
        ),
        (
            {"fib": {"result": "type", "flags": ["daddr"]}},
            "local",
            "!=",
            Match("destination-type", ("local",), negated=True),
        ),
        (
            {"payload": {"protocol": "th", "field": "dport"}},
            1024,
            "<",
            Match("destination-port", (Span(0, 1023),)),
        ),
        (
            {"payload": {"protocol": "th", "field": "sport"}},
            {"range": [1, 9]},
            "==",
            Match("source-port", (Span(1, 9),)),
        ),
        ({"socket": {"key": "transparent"}}, 1, "==", Match("unknown")),
        ({"concat": [{"meta": {"key": "l4proto"}}, {"meta": {"key": "mark"}}]}, "x", "==", Match("unknown")),
    ],
)
def test_expressions_of_nft_mean_what_they_say(
    left: object, right: object, operator: str, match: Match
) -> None:
    assert matched(left, right, operator) == (match,)


def test_a_field_of_a_header_implies_the_header() -> None:
    assert matched({"payload": {"protocol": "icmpv6", "field": "type"}}, "echo-request") == (
        Match("protocol", (Span(58, 58),)),
        Match("icmp-type", (Span(128, 128),)),
    )
    assert matched({"payload": {"protocol": "esp", "field": "spi"}}, 4660) == (
        Match("protocol", (Span(50, 50),)),
        Match("unknown"),
    )
    assert matched({"payload": {"protocol": "udp", "field": "dport"}}, "isakmp") == (
        Match("protocol", (Span(17, 17),)),
        Match("destination-port", (Span(500, 500),)),
    )


def test_a_rule_that_marks_and_accepts_does_both() -> None:
    marks, accepts = nft({"mangle": {"key": {"meta": {"key": "mark"}}, "value": 1}}, {"accept": None})

    assert (marks.action, accepts.action) == ("mark", "accept")


def test_a_counter_before_further_conditions_says_nothing_of_the_drop() -> None:
    port = {"match": {"op": "==", "left": {"payload": {"protocol": "th", "field": "dport"}}, "right": 500}}

    (early,) = nft({"counter": {"packets": 9, "bytes": 1}}, port, {"drop": None})
    (late,) = nft(port, {"counter": {"packets": 9, "bytes": 1}}, {"drop": None})

    assert (early.packets, late.packets) == (None, 9)


def test_what_only_iptables_can_read_may_or_may_not_fit() -> None:
    (found,) = nft(
        {"xt": {"type": "match", "name": "policy"}}, {"xt": {"type": "target", "name": "MASQUERADE"}}
    )

    assert (found.action, found.matches) == ("masquerade", (Match("unknown"),))


@pytest.mark.parametrize("text", ["", "nft: command not found", "[]", '{"nftables": 7}', "{" * 5000])
def test_output_that_is_no_ruleset_is_none(text: str) -> None:
    assert nftables.parse(text) is None


def test_a_table_of_nfts_own_with_a_name_of_iptables_is_read_from_nft(recorded: Recorded) -> None:
    ruleset = rulesets.parse(recorded["firewall/nft-own-nat-table"])

    assert [(chain.table, chain.name) for chain in ruleset.chains] == [("nat", "postrouting")]
    assert [rule.action for rule in ruleset.chains[0].rules] == ["accept", "masquerade"]
