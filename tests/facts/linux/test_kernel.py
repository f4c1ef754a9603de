from __future__ import annotations

import pytest

from tests.facts.linux.conftest import Recorded
from wizard.facts.parsers import clock, counters, sysctl


def test_packets_that_are_not_forwarded_raise_a_counter(recorded: Recorded) -> None:
    before = counters.parse(recorded["host/counters-before"])
    after = counters.parse(recorded["host/counters-after"])

    risen = {rise.name: rise.by for rise in counters.rises(before, after)}

    assert risen["IpInAddrErrors"] == 3
    assert {name for name in risen if name in counters.FORWARD_ERRORS} == {"IpInAddrErrors"}


def test_counters_have_the_names_nstat_gives_them(recorded: Recorded) -> None:
    found = counters.parse(recorded["debian13/counters"])

    for name in (
        "IpForwDatagrams",
        "IpOutNoRoutes",
        "TcpExtIPReversePathFilter",
        "XfrmInNoStates",
        "Ip6InReceives",
    ):
        assert found.get(name) is not None, name


def test_counters_this_program_has_never_heard_of_are_kept() -> None:
    found = counters.parse("XfrmInNewfangledError   \t7\n").get("XfrmInNewfangledError")

    assert found is not None
    assert found.value == 7


def test_a_counter_that_was_not_there_before_has_not_risen() -> None:
    assert counters.rises(counters.parse(""), counters.parse("XfrmInNoStates 4\n")) == ()


def test_values_that_do_not_fit_their_names_are_passed_over() -> None:
    assert len(counters.parse("Ip: InAddrErrors OutNoRoutes\nIp: 1\nIp: 1 2 3\nUdp: 1 2\n")) == 0


@pytest.mark.parametrize("release", ["debian12", "debian13"])
def test_settings_of_a_gateway_are_read_by_name(recorded: Recorded, release: str) -> None:
    settings = sysctl.parse(recorded[f"{release}/sysctl"])

    forwarding = settings.forwarding()
    assert forwarding is not None
    assert (forwarding.number, forwarding.line) == (1, "net/ipv4/ip_forward:1")
    assert settings.rp_filter("wan0") == 0
    assert settings.rp_filter("nosuch0") is None


def test_the_stricter_reverse_path_filter_is_in_force() -> None:
    settings = sysctl.parse("net/ipv4/conf/all/rp_filter:1\nnet/ipv4/conf/wan0/rp_filter:0\n")

    assert settings.rp_filter("wan0") == 1


def test_a_dot_in_an_interface_is_not_a_separator() -> None:
    settings = sysctl.parse("net/ipv4/conf/all/rp_filter:0\n/proc/sys/net/ipv4/conf/eth0.42/rp_filter:2\n")

    assert settings.rp_filter("eth0.42") == 2


def test_what_sysctl_itself_prints_is_read_too() -> None:
    setting = sysctl.parse("net.ipv4.ip_forward = 0\nsysctl: permission denied on key 'x'\n").forwarding()

    assert setting is not None
    assert setting.number == 0


def test_a_clock_is_read_to_the_nanosecond_where_date_can(recorded: Recorded) -> None:
    seen = clock.parse(recorded["debian12/clock"])

    assert seen is not None
    assert 1795264169 < seen.epoch_s < 1795264170
    assert seen.resolution_s == pytest.approx(1e-9)
    assert seen.uptime_s == pytest.approx(763.16)


@pytest.mark.parametrize("printed", ["1795262267.%N", "1795262267.", "1795262267", "1795262267.N"])
def test_a_clock_without_fractions_is_good_to_a_second(printed: str) -> None:
    seen = clock.parse(f"{printed}\n2314.73 3789.67\n")

    assert seen is not None
    assert (seen.epoch_s, seen.resolution_s, seen.uptime_s) == (1795262267.0, 1.0, 2314.73)


def test_no_date_is_no_clock() -> None:
    assert clock.parse("date: command not found\n12.3 4.5\n") is None
