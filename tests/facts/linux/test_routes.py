from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.facts.linux.conftest import Recorded
from wizard.facts.parsers.routes import LOOKUPS_COMMAND, parse_lookups, parse_routing


def test_routes_of_all_tables_keep_table_source_and_kind(recorded: Recorded) -> None:
    routes = parse_routing(recorded["host/routes"]).routes

    tunnel = next(route for route in routes if route.table == "220")
    assert (tunnel.destination, tunnel.gateway, tunnel.interface, tunnel.source) == (
        "10.2.0.0/24",
        "192.0.2.254",
        "w0",
        "10.1.0.1",
    )
    assert {route.kind for route in routes} >= {
        "unicast",
        "unreachable",
        "blackhole",
        "prohibit",
        "throw",
        "local",
    }
    assert next(route for route in routes if route.destination == "10.1.0.0/24").flags == ("linkdown",)
    assert next(route for route in routes if route.destination == "0.0.0.0/0").gateway == "192.0.2.254"


def test_a_route_with_two_next_hops_is_two_routes(recorded: Recorded) -> None:
    hops = [r for r in parse_routing(recorded["host/routes"]).routes if r.destination == "10.9.0.0/24"]

    assert [hop.gateway for hop in hops] == ["192.0.2.254", "192.0.2.253"]
    assert hops[0].line == hops[1].line


def test_next_hops_on_lines_of_their_own_belong_to_the_line_above() -> None:
    text = (
        "10.9.0.0/24 proto static metric 50 \n"
        "\tnexthop via 192.0.2.1 dev a weight 1 \n"
        "\tnexthop via 192.0.2.2 dev b weight 1 \n"
    )

    first, second = parse_routing(text).routes

    assert (first.gateway, first.interface, first.metric) == ("192.0.2.1", "a", 50)
    assert (second.gateway, second.interface, second.protocol) == ("192.0.2.2", "b", "static")


@pytest.mark.parametrize("release", ["debian12", "debian13"])
def test_rules_say_which_table_is_asked_first(recorded: Recorded, release: str) -> None:
    rules = parse_routing(recorded[f"{release}/routes"]).rules

    assert [(rule.priority, rule.action, rule.table) for rule in rules[:3]] == [
        (0, "lookup", "local"),
        (220, "lookup", "220"),
        (32766, "lookup", "main"),
    ]


def test_a_rule_may_answer_by_itself() -> None:
    (rule,) = parse_routing("@@ rules\n100:\tfrom 10.1.0.0/24 to 10.2.0.0/24 unreachable\n").rules

    assert (rule.selector, rule.action, rule.table) == ("from 10.1.0.0/24 to 10.2.0.0/24", "unreachable", "")


@pytest.mark.parametrize("form", ["host/lookups", "host/busybox-lookups"])
def test_a_lookup_tells_a_way_from_each_kind_of_refusal(recorded: Recorded, form: str) -> None:
    answers = {answer.address: answer for answer in parse_lookups(recorded[form])}

    way = answers["198.51.100.1"]
    assert (way.reachable, way.kind, way.gateway, way.interface, way.source) == (
        True,
        "unicast",
        "192.0.2.254",
        "w0",
        "192.0.2.1",
    )
    assert answers["192.0.2.1"].kind == "local"
    assert {address: answers[address].kind for address in ("203.0.113.1", "203.0.113.2", "203.0.113.3")} == {
        "203.0.113.1": "unreachable",
        "203.0.113.2": "blackhole",
        "203.0.113.3": "prohibit",
    }
    refused = answers["2001:db8:2::1"]
    assert (refused.reachable, refused.kind) == (False, "none")
    assert "Network is unreachable" in refused.error


def test_an_answer_that_is_neither_leaves_reachable_open() -> None:
    (answer,) = parse_lookups("@@ 198.51.100.1\nsh: ip: not found\n@= 127\n")

    assert answer.reachable is None
    assert answer.error == "sh: ip: not found"


STUB = '#!/bin/sh\nprintf "%s\\n" "$*" >>"$LOG"\n'


def test_only_addresses_reach_the_lookup_command(tmp_path: Path) -> None:
    """Peers come from configuration files and from a daemon: hostile text must stay text."""
    tools = tmp_path / "bin"
    tools.mkdir()
    log = tmp_path / "log"
    (tools / "ip").write_text(STUB)
    (tools / "grep").write_text(
        "#!/bin/sh\n"
        "echo 'remote_addrs = 198.51.100.7, 2001:db8::7 %any # 192.0.2.9'\n"
        "echo '  right=\"203.0.113.8\"'\n"
    )
    for tool in tools.iterdir():
        tool.chmod(0o755)
    owned = tmp_path / "owned"
    peers = f"198.51.100.1 $(touch${{IFS}}{owned}) `touch {owned}` 198.51.100.1;id -h 10.0.0.0/8 ::1"
    environment = {"PATH": f"{tools}:{os.environ['PATH']}", "LOG": str(log), "SUDO": "", "PEERS": peers}

    done = subprocess.run(
        ["sh", "-c", LOOKUPS_COMMAND],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    asked = log.read_text().splitlines()
    assert {
        "route get 198.51.100.1",
        "route get 198.51.100.7",
        "route get 2001:db8::7",
        "route get 203.0.113.8",
        "route get ::1",
    } <= set(asked)
    assert all(line.split()[2].replace(".", "").replace(":", "").isalnum() for line in asked)
    assert "route get 192.0.2.9" not in asked
    assert not owned.exists()
    assert "@@ 198.51.100.7" in done.stdout
