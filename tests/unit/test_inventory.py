"""The inventory: read as the contract says, and refused with every problem at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.errors import ExitCode, InventoryError
from wizard.inventory import EndRef, Gateway, Inventory, NameService, Service
from wizard.inventory.load import load, load_text

CONTRACT = """\
version: 1
gateways:
  gw-a:
    host: 172.31.0.11
    port: 22
    user: root
    identity_file: ~/.ssh/id_ed25519
    known_hosts: ~/.ssh/known_hosts
    platform: auto
    become: none
    jump: [bastion]
  gw-b: {host: gw-b.example}
tunnels:
  site:
    ends:
      - {gateway: gw-a, connection: site, child: net, probe_source: 10.1.0.1, probe_target: 10.1.0.10}
      - {gateway: gw-b}
    name_service: {server: 10.2.0.53, name: intranet.corp.example, expect: 10.2.0.10, from: gw-a}
    service: {host: 10.2.0.10, port: 80, from: gw-a}
  partner:
    ends:
      - {gateway: gw-a}
      - {address: 203.0.113.9, managed_by: "partner's network team"}
"""


def refused(text: str) -> list[str]:
    with pytest.raises(InventoryError) as caught:
        load_text(text)
    return str(caught.value).splitlines()


def changed(old: str, new: str) -> str:
    assert old in CONTRACT
    return CONTRACT.replace(old, new, 1)


def test_the_inventory_of_the_contract_is_read_in_full(home: Path) -> None:
    inventory = load_text(CONTRACT)
    assert inventory.gateway("gw-a") == Gateway(
        name="gw-a",
        host="172.31.0.11",
        port=22,
        user="root",
        identity_file=home / ".ssh/id_ed25519",
        known_hosts=home / ".ssh/known_hosts",
        platform="auto",
        become="none",
        jump=("bastion",),
    )
    assert inventory.gateway("gw-b") == Gateway("gw-b", "gw-b.example")
    site = inventory.tunnel("site")
    assert site.ends == (
        EndRef("gw-a", connection="site", child="net", probe_source="10.1.0.1", probe_target="10.1.0.10"),
        EndRef("gw-b"),
    )
    assert site.name_service == NameService("10.2.0.53", "intranet.corp.example", "10.2.0.10", "gw-a")
    assert site.service == Service("10.2.0.10", 80, "gw-a")
    partner = inventory.tunnel("partner")
    assert partner.ends[1] == EndRef(address="203.0.113.9", managed_by="partner's network team")
    assert [end.name for end in partner.ends] == ["gw-a", "203.0.113.9"]


def test_gateways_and_tunnels_keep_the_order_they_are_written_in() -> None:
    inventory = load_text(CONTRACT)
    assert list(inventory.gateways) == ["gw-a", "gw-b"]
    assert list(inventory.tunnels) == ["site", "partner"]


def test_a_relative_path_starts_at_the_folder_of_the_inventory(tmp_path: Path) -> None:
    folder = tmp_path / "vpn"
    folder.mkdir()
    file = folder / "inventory.yaml"
    file.write_text(changed("~/.ssh/id_ed25519", "keys/gw-a"))
    assert load(file).gateway("gw-a").identity_file == folder / "keys/gw-a"


def test_a_name_that_looks_like_a_boolean_is_a_name() -> None:
    assert load_text(CONTRACT.replace("gw-b", "no")).tunnel("site").ends[1].gateway == "no"


def test_ipv6_addresses_are_taken() -> None:
    inventory = load_text(changed("203.0.113.9", "'2001:DB8::9'"))
    assert inventory.tunnel("partner").ends[1].address == "2001:DB8::9"


def test_a_missing_inventory_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match="make one with `ipsec-wizard init`") as caught:
        load(tmp_path / "inventory.yaml")
    assert caught.value.exit_code is ExitCode.USAGE


def test_an_unknown_tunnel_or_gateway_is_refused_with_the_nearest_known_one() -> None:
    inventory = load_text(CONTRACT)
    with pytest.raises(
        InventoryError, match=r"there is no tunnel 'sit' in inventory.yaml; did you mean site\?"
    ):
        inventory.tunnel("sit")
    with pytest.raises(InventoryError, match="write one of gw-a, gw-b"):
        inventory.gateway("zzz")


def test_all_kinds_of_problems_come_at_once_with_their_places() -> None:
    text = """\
version: 2
gateways:
  gw-a: {hots: a, jump: [gw-b]}
  gw-b: {host: b, port: abc, jump: [gw-a]}
  gw-b: {host: c}
tunnels:
  site:
    ends:
      - {gateway: gw-c, probe_source: 10.1.0.300}
      - {gateway: gw-b}
"""
    assert refused(text) == [
        "inventory.yaml:1:10: expected one of 1, got 2; write version: 1",
        "inventory.yaml:3:3: host is missing; write host: 172.31.0.11",
        'inventory.yaml:3:10: unknown key "hots"; did you mean host?',
        (
            "inventory.yaml:3:25: the jump hosts come back to where they began: gw-a → gw-b → gw-a; "
            "take one of them out"
        ),
        'inventory.yaml:4:25: expected a whole number, got "abc"; write port: 22',
        "inventory.yaml:5:3: the key gw-b stands here a second time, first in line 4; keep one of the two",
        "inventory.yaml:9:19: there is no gateway 'gw-c' here; did you mean gw-b?",
        "inventory.yaml:9:39: this is not an address; write an IPv4 or IPv6 address",
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("version: 1\n", "", "inventory.yaml:1:1: version is missing; write version: 1"),
        ("host: 172.31.0.11", "host: 172.31.0.311", "4:11: this is neither a host name nor an address"),
        ("host: 172.31.0.11", "host: -oProxyCommand=x", "4:11: this is neither a host name nor an address"),
        ("user: root", "user: -l root", "6:11: this is not a user name; write user: root"),
        ("port: 22", "port: 0", "5:11: expected a number of at least 1, got 0; write port: 22"),
        ("port: 22", "port: true", "5:11: expected a whole number, got true; write port: 22"),
        ("platform: auto", "platform: libreswann", "9:15: expected one of auto, strongswan,"),
        ("become: none", "become: yes", '10:13: expected one of none or sudo, got "yes"'),
        ("jump: [bastion]", "jump: bastion", '11:11: expected a list, got "bastion"; write jump: [bastion]'),
        ("jump: [bastion]", "jump: ['-x y']", "11:12: this is not the name of a jump host"),
        ("jump: [bastion]", "jump: [gw-a]", "the jump hosts come back to where they began: gw-a → gw-a"),
        ("gw-b: {", "gw b: {", "12:3: a name may hold letters, digits, dots, hyphens and underscores only"),
        ("  site:", "  ../site:", "14:3: a name may hold letters, digits"),
        ("probe_source: 10.1.0.1,", "probe_source: 10.1.0.1/24,", "write it without the network length"),
        ("{gateway: gw-b}", "{}", "17:9: an end needs either"),
        ("{gateway: gw-b}", "{gateway: gw-b, address: 192.0.2.1}", "17:9: an end needs either"),
        ("{gateway: gw-b}", "{gateway: gw-a}", "15:5: both ends are the same gateway"),
        ("{gateway: gw-b}", "{gateway: gw-b, managed_by: us}", "17:25: managed_by goes with an address"),
        ("managed_by:", "child: net, managed_by:", "23:32: child can only be told of a gateway"),
        ("      - {gateway: gw-b}\n", "", "15:5: expected at least 2 items, got 1"),
        ("- {gateway: gw-b}", "- {gateway: gw-b}\n      - {}", "15:5: expected at most 2 items, got 3"),
        ("from: gw-a}\n    service", "from: gw-z}\n    service", "18:93: there is no gateway 'gw-z' here"),
        ("port: 80, from: gw-a", "port: 80, from: gw-z", "19:48: there is no gateway 'gw-z' here"),
        ("server: 10.2.0.53", "server: dns", "18:28: this is not an address"),
        ("jump: [bastion]", "password: hunter2", "11:5: unknown key \"password\"; take it out"),
        ("tunnels:", "tunnel:", "inventory.yaml:1:1: tunnels is missing"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place_and_what_to_write(old: str, new: str, expected: str) -> None:
    lines = refused(changed(old, new))
    assert any(expected in line for line in lines), lines
    assert not any("hunter2" in line for line in lines)


def test_one_end_at_least_has_to_be_a_gateway() -> None:
    text = changed(
        "      - {gateway: gw-a}\n      - {address", "      - {address: 192.0.2.1}\n      - {address"
    )
    assert refused(text) == [
        (
            "inventory.yaml:21:5: a tunnel needs a gateway at one end at least; "
            "write gateway: NAME at one of its ends"
        )
    ]


def test_the_asking_gateway_of_a_service_has_to_be_an_end_of_its_tunnel() -> None:
    text = changed("  gw-b: {host", "  gw-c: {host: c}\n  gw-b: {host").replace(
        "port: 80, from: gw-a", "port: 80, from: gw-c"
    )
    assert refused(text) == ["inventory.yaml:20:48: there is no gateway 'gw-c' here; did you mean gw-b?"]


def test_a_long_chain_of_jump_hosts_that_ends_is_fine() -> None:
    lines = [f"  g{n}: {{host: h{n}, jump: [g{n + 1}]}}" for n in range(50)] + ["  g50: {host: h50}"]
    inventory = load_text(CONTRACT.replace("gateways:\n", "gateways:\n" + "\n".join(lines) + "\n"))
    assert inventory.gateway("g0").jump == ("g1",)


@pytest.mark.parametrize(
    "text",
    ["", "~", "- a", "just words", "version: 1", "gateways: 5\ntunnels: 6", "tunnels: {a: {ends: [1, x]}}"],
)
def test_what_is_no_inventory_at_all_is_refused_with_a_place(text: str) -> None:
    for line in refused(text):
        assert line.startswith("inventory.yaml:")


def test_an_inventory_cannot_be_changed_by_who_reads_it() -> None:
    inventory: Inventory = load_text(CONTRACT)
    with pytest.raises(TypeError):
        inventory.gateways["gw-a"] = Gateway("x", "y")  # type: ignore[index]
