from __future__ import annotations

import pytest

from tests.facts.linux.conftest import Recorded
from wizard.facts.parsers.iproute import (
    address_within,
    interface_holding,
    parse_addresses,
    parse_neighbours,
)


@pytest.mark.parametrize("form", ["host/ip-addr", "host/ip-addr-json", "host/busybox-o"])
def test_every_form_of_ip_addr_tells_the_same(recorded: Recorded, form: str) -> None:
    interfaces = {interface.name: interface for interface in parse_addresses(recorded[form])}

    assert list(interfaces) == ["lo", "w0", "l0", "tunB", "tunA"]
    wan, lan, tunnel = interfaces["w0"], interfaces["l0"], interfaces["tunA"]
    assert (wan.up, wan.carrier, wan.mtu, wan.mac) == (True, True, 1500, "66:38:13:ee:4d:42")
    assert (lan.up, lan.carrier) == (True, False)
    assert [(a.address, a.prefix, a.scope) for a in lan.addresses] == [
        ("10.1.0.1", 24, "global"),
        ("2001:db8:1::1", 64, "global"),
    ]
    assert not tunnel.up
    assert [(a.address, a.prefix, a.peer) for a in tunnel.addresses] == [("10.255.0.1", 32, "10.255.0.2")]


@pytest.mark.parametrize("release", ["debian12", "debian13"])
def test_a_gateway_shows_its_outside_and_inside_interface(recorded: Recorded, release: str) -> None:
    interfaces = parse_addresses(recorded[f"{release}/addresses"])
    near = release == "debian12"

    outside = interface_holding(interfaces, "192.0.2.11" if near else "198.51.100.11")
    inside = address_within(interfaces, "10.1.0.0/24" if near else "10.2.0.0/24")

    assert outside is not None
    assert outside.name == "wan0"
    assert outside.carrier
    assert outside.line.startswith("4: wan0@") or outside.line.split(": ")[1].startswith("wan0@")
    assert inside is not None
    assert (inside.interface, inside.address) == ("lan0", "10.1.0.1" if near else "10.2.0.1")
    assert str(inside.network) == ("10.1.0.0/24" if near else "10.2.0.0/24")
    assert inside.line in recorded[f"{release}/addresses"]


def test_addresses_nobody_holds_are_found_nowhere(recorded: Recorded) -> None:
    interfaces = parse_addresses(recorded["host/ip-addr"])

    assert interface_holding(interfaces, "192.0.2.2") is None
    assert interface_holding(interfaces, "not an address") is None
    assert address_within(interfaces, "10.9.0.0/16") is None
    assert address_within(interfaces, "nonsense") is None


@pytest.mark.parametrize("form", ["host/neigh", "host/busybox-neigh"])
def test_a_neighbour_that_failed_is_not_alive(recorded: Recorded, form: str) -> None:
    failed, router = parse_neighbours(recorded[form])

    assert (failed.address, failed.state, failed.mac, failed.alive) == ("192.0.2.77", "FAILED", "", False)
    assert (router.address, router.interface, router.mac) == ("192.0.2.254", "w0", "06:7c:3f:e7:6b:d7")
    assert router.alive


def test_a_host_behind_the_gateway_is_among_its_neighbours(recorded: Recorded) -> None:
    alive = [n.address for n in parse_neighbours(recorded["debian12/neighbours"]) if n.alive]

    assert "10.1.0.10" in alive
