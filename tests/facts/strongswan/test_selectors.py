"""Traffic selectors of any spelling, and how those of two ends fit."""

from __future__ import annotations

import pytest

from wizard.facts.parsers.swanctl_ts import effective_selector
from wizard.facts.selectors import contains, equal, mirror, overlap, parse


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10.1.0.5/24", "10.1.0.0/24"),
        ("10.1.0.0-10.1.0.255", "10.1.0.0/24"),
        ("10.1.0.0..10.1.0.255", "10.1.0.0/24"),
        ("10.1.0.1", "10.1.0.1/32"),
        ("10.1.0.0/24[tcp/http]", "10.1.0.0/24[6/80]"),
        ("10.1.0.0/24[icmp/8]", "10.1.0.0/24[icmp/2048]"),
        ("2001:db8::5/64", "2001:db8::/64"),
        ("dynamic[udp/l2f]", "dynamic[17/1701]"),
    ],
)
def test_spellings_of_one_selector_are_equal(one: str, other: str) -> None:
    a, b = parse(one), parse(other)
    assert a is not None
    assert a == b
    assert parse(str(a)) == a


@pytest.mark.parametrize(
    "text", ["", "x", "10.1.0.0/33", "10.1.0.0/24[", "10.1.0.0/24[tcp/nosuch]", "1.2.3.4-fe80::1"]
)
def test_what_is_no_selector_is_none(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ("10.1.0.0/24", "10.1.0.0/24"),
        ("10.1.0.0/24 10.2.0.0/24", "10.1.0.0/24"),
        ("10.1.0.0/255.255.255.0", "10.1.0.0"),
        ("10.1.0.0/33", "10.1.0.0"),
        ("10.1.0.0/", "10.1.0.0/0"),
        ("%any", "0.0.0.0"),
        ("10.0.0.0/24[tcp/0x50]", "10.0.0.0/24[6/80]"),
        ("dynamic[udp/1701]", "dynamic[17/1701]"),
        ("10.1/16", None),
        ("10.0.0.0/24[tcp/HTTP]", None),
        ("host.example", None),
    ],
)
def test_the_daemon_takes_selectors_its_own_way(written: str, taken: str | None) -> None:
    assert effective_selector(written) == taken


def test_containing_and_overlapping() -> None:
    wide, narrow, beside = parse("10.0.0.0/8"), parse("10.1.0.0/24[tcp]"), parse("192.168.0.0/16")
    assert wide is not None
    assert narrow is not None
    assert beside is not None
    assert contains(wide, narrow)
    assert not contains(narrow, wide)
    assert overlap(wide, narrow)
    assert not overlap(wide, beside)
    udp = parse("10.1.0.0/24[udp]")
    assert udp is not None
    assert not overlap(narrow, udp)


def test_dynamic_may_be_any_single_address() -> None:
    dynamic, host, net = parse("dynamic"), parse("192.0.2.1/32"), parse("192.0.2.0/24")
    assert dynamic is not None
    assert host is not None
    assert net is not None
    assert equal(dynamic, host)
    assert not equal(dynamic, net)


def test_mirrored_ends_have_no_difference() -> None:
    found = mirror(
        ["10.1.0.1/24", "10.3.0.0/24"], ["10.2.0.0/24"], ["10.2.0.0/24"], ["10.3.0.0/24", "10.1.0.0/24"]
    )
    assert (found.mirrors, found.overlaps, found.difference) == (True, True, "")


def test_a_wider_network_overlaps_and_is_named() -> None:
    found = mirror(["10.1.0.0/24"], ["10.2.0.0/24"], ["10.2.0.0/24"], ["10.1.0.0/16"])
    assert (found.mirrors, found.overlaps) == (False, True)
    assert found.difference == "{a} protects 10.1.0.0/24, but {b} expects 10.1.0.0/16 there"


def test_one_direction_without_anything_in_common_is_enough_to_fail() -> None:
    found = mirror(["10.1.0.0/24"], ["10.2.0.0/24"], ["10.2.0.0/24"], ["10.9.0.0/24"])
    assert (found.mirrors, found.overlaps) == (False, False)


def test_a_network_only_one_end_knows_is_named() -> None:
    found = mirror(["10.1.0.0/24", "10.3.0.0/24"], ["10.2.0.0/24"], ["10.2.0.0/24"], ["10.1.0.0/24"])
    assert found.difference == "{a} protects 10.3.0.0/24, which {b} does not expect behind it"


def test_no_selector_is_the_endpoints_own_address() -> None:
    told = mirror([], ["10.2.0.0/24"], ["10.2.0.0/24"], ["192.0.2.1/32"], a_address="192.0.2.1")
    other = mirror([], ["10.2.0.0/24"], ["10.2.0.0/24"], ["192.0.2.7/32"], a_address="192.0.2.1")
    assert (told.mirrors, other.mirrors) == (True, False)
