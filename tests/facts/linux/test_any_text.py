"""What holds for all: no text makes a parser raise or hang; each command is good shell and only reads."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.facts.linux.conftest import DATA
from wizard.facts.firewall import Packet, counters_moved, judge
from wizard.facts.parsers import (
    clock,
    counters,
    daemon,
    framed,
    iproute,
    nftables,
    ping,
    routes,
    rulesets,
    sockets,
    sysctl,
    tcpdump,
    xfrm,
)

PARSERS: dict[str, Callable[[str], Any]] = {
    "addresses": iproute.parse_addresses,
    "neighbours": iproute.parse_neighbours,
    "routing": routes.parse_routing,
    "lookups": routes.parse_lookups,
    "states": xfrm.parse_states,
    "policies": xfrm.parse_policies,
    "counters": counters.parse,
    "sockets": sockets.parse,
    "daemon": daemon.parse,
    "sysctl": sysctl.parse,
    "clock": clock.parse,
    "ping": ping.parse,
    "tcpdump": tcpdump.parse,
    "rulesets": rulesets.parse,
    "framed": framed.sections,
}
COMMANDS = {
    "addresses": iproute.ADDRESSES_COMMAND,
    "neighbours": iproute.NEIGHBOURS_COMMAND,
    "routes": routes.ROUTES_COMMAND,
    "lookups": routes.LOOKUPS_COMMAND,
    "states": xfrm.STATES_COMMAND,
    "policies": xfrm.POLICIES_COMMAND,
    "counters": counters.COMMAND,
    "sockets": sockets.COMMAND,
    "daemon": daemon.COMMAND,
    "sysctl": sysctl.COMMAND,
    "clock": clock.COMMAND,
    "firewall": rulesets.COMMAND,
    "ping": ping.ASK + ping.ONCE + ping.COMMAND,
    "tcpdump": tcpdump.COMMAND,
}
RECORDED = [path.read_text(encoding="utf-8") for path in sorted(DATA.rglob("*.txt"))]
LINES = sorted({line for text in RECORDED for line in text.split("\n") if line.strip() and len(line) < 400})
parsers = pytest.mark.parametrize("parse", PARSERS.values(), ids=PARSERS.keys())


@parsers
@settings(max_examples=60)
@given(text=st.text(max_size=400))
def test_no_text_makes_a_parser_raise(parse: Callable[[str], Any], text: str) -> None:
    parse(text)


@parsers
@settings(max_examples=60)
@given(
    lines=st.lists(st.sampled_from(LINES), max_size=30),
    cut=st.integers(min_value=0, max_value=3000),
    hole=st.integers(min_value=0, max_value=3000),
    noise=st.text(max_size=6),
)
def test_no_mix_of_real_lines_makes_a_parser_raise(
    parse: Callable[[str], Any], lines: list[str], cut: int, hole: int, noise: str
) -> None:
    text = "\n".join(lines)[:cut]
    parse(text[:hole] + noise + text[hole:])


@parsers
def test_the_output_of_another_command_is_no_reason_to_raise(parse: Callable[[str], Any]) -> None:
    for text in RECORDED:
        parse(text)


@parsers
@pytest.mark.parametrize(
    "piece",
    [
        "a",
        " ",
        "1",
        ":",
        "0x",
        "-A INPUT ",
        "src 1 dst 2\n",
        "\\",
        '"',
        "[1:1] ",
        "1: ",
        "IP ",
        "\t0x0000:  ",
        "@@ x\n",
        "1.1.1.1 ",
    ],
)
def test_a_great_deal_of_one_thing_takes_no_time(parse: Callable[[str], Any], piece: str) -> None:
    text = piece * (200_000 // len(piece))

    start = time.perf_counter()
    parse(text)

    assert time.perf_counter() - start < 5


WORDS = [
    "match",
    "op",
    "left",
    "right",
    "meta",
    "key",
    "payload",
    "protocol",
    "field",
    "set",
    "range",
    "prefix",
]
WORDS += [
    "elem",
    "val",
    "vmap",
    "data",
    "jump",
    "target",
    "xt",
    "counter",
    "packets",
    "&",
    "fib",
    "ct",
    "accept",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["@peers", "ip", "*"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=200)
@given(
    expression=st.lists(JSON, max_size=4),
    chain=st.dictionaries(st.sampled_from(["name", "prio", "hook", "dev"]), JSON),
)
def test_no_json_makes_the_firewall_raise(expression: list[Any], chain: dict[str, Any]) -> None:
    base = {"family": "inet", "table": "t", "name": "c", "hook": "input", "type": "filter", **chain}
    rule = {"family": "inet", "table": "t", "chain": "c", "handle": 1, "expr": expression}
    printed = json.dumps(
        {"nftables": [{"chain": base}, {"rule": rule}, {"set": {"name": "peers", "elem": expression}}]}
    )

    assert nftables.parse(printed) is not None
    ruleset = rulesets.parse(f"@@ nft-json\n{printed}\n@= 0\n")
    judge(ruleset, Packet("192.0.2.1", "198.51.100.1", proto="udp", dport=500), "input")


@settings(max_examples=100)
@given(
    rules=st.lists(st.sampled_from([line for line in LINES if " -A " in line]), max_size=30),
    way=st.sampled_from(["input", "output", "forward", "source-nat"]),
)
def test_any_choice_of_real_rules_can_be_judged(rules: list[str], way: Any) -> None:
    chains = "\n".join(f":{rule.split()[2]} - [0:0]" for rule in rules)
    text = f"*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n{chains}\n" + "\n".join(rules) + "\nCOMMIT\n"
    ruleset = rulesets.parse(f"@@ iptables-save\n{text}@= 0\n")

    judgement = judge(ruleset, Packet("10.1.0.0/24", "10.2.0.0/24", proto="udp", dport=500), way)

    assert judgement.certain == (not judgement.doubts)
    assert counters_moved(ruleset, ruleset) == ()


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
@pytest.mark.parametrize("shell", ["sh", "dash", "bash", "busybox sh"])
def test_every_command_is_good_shell(command: str, shell: str) -> None:
    if shutil.which(shell.partition(" ")[0]) is None:
        pytest.skip(f"no {shell} here")

    done = subprocess.run(
        [*shell.split(), "-n", "-c", command], capture_output=True, text=True, check=False, timeout=30
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_no_command_writes_a_file_or_changes_the_kernel(command: str) -> None:
    words = command.replace(">/dev/null", "").replace("2>&1", "").replace("set -f\n", "").split()

    assert not any(word.startswith((">", "1>")) for word in words)
    assert not {
        "-A",
        "-I",
        "-D",
        "-F",
        "-w",
        "add",
        "del",
        "delete",
        "flush",
        "replace",
        "set",
        "restart",
        "reload",
    } & set(words)


def test_a_frame_tells_parts_and_their_exit_status_apart() -> None:
    parts = framed.sections("before\n@@ one\na\n\nb\n@= 0\n@@ two\n@= 127\n@@ three\ncut")

    assert [(part.name, part.lines, part.status) for part in parts] == [
        ("", ["before"], None),
        ("one", ["a", "b"], 0),
        ("two", [], 127),
        ("three", ["cut"], None),
    ]
