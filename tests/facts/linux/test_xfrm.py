from __future__ import annotations

import pytest

from tests.facts.linux.conftest import Recorded
from wizard.facts.parsers.xfrm import STATES_COMMAND, parse_policies, parse_states

WITH_KEYS = """\
src 192.168.100.2 dst 192.168.100.1
\tproto esp spi 0x00001002 reqid 0 mode transport
\treplay-window 0
\tauth-trunc hmac(sha256) 0x0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20 96
\tenc cbc(aes) 0xa1a2a3a4a5a6a7a8a9aaabacadaeafb0
\taead rfc4106(gcm(aes)) 0xb1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4 128
"""
LARVAL = """\
src 192.0.2.1 dst 198.51.100.1
\tproto esp spi 0x00000000 reqid 0 mode transport
\treplay-window 0
\tsel src 192.0.2.1/32 dst 198.51.100.1/32 proto icmp type 8 code 0 dev eth0
"""
WITH_DIRECTION = """\
src 192.0.2.1 dst 198.51.100.1
\tproto esp spi 0xc1234567 reqid 4 mode tunnel
\tencap type espinudp sport 4500 dport 63720 addr 0.0.0.0
\tanti-replay esn context:
\t seq-hi 0x0, seq 0x0, oseq-hi 0x0, oseq 0x1
\tdir out
"""
SOCKET_POLICY = """\
src 0.0.0.0/0 dst 0.0.0.0/0 uid 0
\tsocket out action allow index 35 priority 0 ptype main share any flag  (0x00000000)
src ::/0 dst ::/0 proto ipv6-icmp type 135
\tdir fwd priority 1 ptype main
"""


@pytest.mark.parametrize("release", ["debian12", "debian13"])
def test_the_kernels_sas_tell_spi_reqid_and_what_they_carried(recorded: Recorded, release: str) -> None:
    sas = parse_states(recorded[f"{release}/states"])

    site = [sa for sa in sas if {sa.src, sa.dst} == {"192.0.2.1", "198.51.100.1"}]
    assert len(site) == 2
    assert all(sa.proto == "esp" and sa.mode == "tunnel" and len(sa.spi) == 8 for sa in site)
    assert all(sa.packets is not None and sa.bytes == sa.packets * 84 for sa in site)
    assert all(sa.algorithms == ("hmac(sha256) 128", "cbc(aes)") for sa in site)
    assert all(sa.replay_failed == 0 and not sa.larval and sa.encap is None for sa in site)


def test_both_ends_hold_the_same_spis(recorded: Recorded) -> None:
    near = {sa.spi for sa in parse_states(recorded["debian12/states"])}
    far = {sa.spi for sa in parse_states(recorded["debian13/states"])}

    assert near == far


def test_udp_encapsulation_shows_its_ports(recorded: Recorded) -> None:
    outside = [
        sa for sa in parse_states(recorded["xfrm/states-behind-nat"]) if "100.64.0.2" in {sa.src, sa.dst}
    ]
    assert [sa.encap for sa in outside] == [(4500, 4500)] * 2
    (sa,) = parse_states(WITH_DIRECTION)
    assert (sa.encap, sa.direction) == ((4500, 63720), "out")


def test_ah_marks_interfaces_and_extended_numbers_are_read(recorded: Recorded) -> None:
    sas = {sa.spi: sa for sa in parse_states(recorded["xfrm/states-made-by-hand"])}

    assert (sas["c1000002"].proto, sas["c1000002"].mode) == ("ah", "transport")
    assert (sas["c1000001"].mark, sas["c1000001"].if_id) == ("0x2a/0xffffffff", "0x7")
    assert sas["c1000003"].algorithms == ("rfc4106(gcm(aes)) 128",)
    assert (sas["0c234567"].bytes, sas["0c234567"].packets) == (252, 3)


def test_a_pending_acquire_is_no_working_sa() -> None:
    (sa,) = parse_states(LARVAL)

    assert sa.larval
    assert sa.algorithms == ()


def test_keys_in_a_pasted_list_never_get_into_a_record() -> None:
    (sa,) = parse_states(WITH_KEYS)

    assert "a1a2a3a4" not in repr(sa)
    assert "b1b2b3b4" not in repr(sa)
    assert "01020304" not in repr(sa)
    assert sa.algorithms == ("hmac(sha256) 96", "cbc(aes)", "rfc4106(gcm(aes)) 128")


def test_the_command_cannot_print_keys() -> None:
    assert STATES_COMMAND.endswith("nokeys")
    assert "||" not in STATES_COMMAND


@pytest.mark.parametrize("release", ["debian12", "debian13"])
def test_a_tunnel_has_policies_for_out_in_and_forward(recorded: Recorded, release: str) -> None:
    networks = ("10.1.0.0/24", "10.2.0.0/24")
    here, there = networks if release == "debian12" else networks[::-1]

    found = {
        (policy.src, policy.dst, policy.direction)
        for policy in parse_policies(recorded[f"{release}/policies"])
        if policy.tunnels
    }

    assert {(here, there, "out"), (there, here, "in"), (there, here, "fwd")} <= found


def test_templates_name_the_sa_a_policy_wants(recorded: Recorded) -> None:
    policies = parse_policies(recorded["xfrm/policies-made-by-hand"])

    out = next(policy for policy in policies if policy.src == "10.1.0.0/24")
    (template,) = out.templates
    assert (template.src, template.dst, template.reqid, template.spi) == (
        "192.0.2.1",
        "192.0.2.2",
        1,
        "c1234567",
    )
    block = next(policy for policy in policies if policy.action == "block")
    assert (block.src, block.priority, block.tunnels) == ("10.7.0.0/24", 1000, False)


def test_socket_policies_and_bypasses_are_not_tunnels() -> None:
    socket, bypass = parse_policies(SOCKET_POLICY)

    assert (socket.socket, socket.tunnels) == (True, False)
    assert (bypass.direction, bypass.priority, bypass.tunnels) == ("fwd", 1, False)
