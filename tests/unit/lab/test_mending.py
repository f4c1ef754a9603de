"""How the lab judges a mended tunnel, on outputs of the real programs."""

from __future__ import annotations

import re

import pytest

from tests.lab import images, mend, misfortune, scenario
from tests.lab.inside import bystander, passage, portrait

PING = """\
PING 10.12.0.10 (10.12.0.10) from 10.11.0.10 : 56(84) bytes of data.
64 bytes from 10.12.0.10: icmp_seq=1 ttl=62 time=1.83 ms
64 bytes from 10.12.0.10: icmp_seq=2 ttl=62 time=1.21 ms
64 bytes from 10.12.0.10: icmp_seq=4 ttl=62 time=1.20 ms

--- 10.12.0.10 ping statistics ---
5 packets transmitted, 3 received, 40% packet loss, time 2003ms
"""
STATES = """\
src 192.0.2.1 dst 198.51.100.1
\tproto esp spi 0xc1d2e3f4(3251823604) reqid 2(0x00000002) mode tunnel
\treplay-window 0 seq 0x00000000 flag af-unspec (0x00100000)
\tlifetime config:
\t  limit: soft (INF)(bytes), hard (INF)(bytes)
\tlifetime current:
\t  168(bytes), 2(packets)
src 198.51.100.1 dst 192.0.2.1
\tproto esp spi 0xcafe0001(3405643777) reqid 2(0x00000002) mode tunnel
\tlifetime current:
\t  84(bytes), 1(packets)
src 198.51.100.11 dst 192.0.2.11
\tproto esp spi 0xcafe0002(3405643778) reqid 1(0x00000001) mode tunnel
\tlifetime current:
\t  8400(bytes), 100(packets)
"""


def test_a_ping_without_answer_is_lost_and_the_last_one_may_still_be_on_its_way() -> None:
    assert bystander.lost_pings(PING) == 1


def test_no_answer_at_all_is_a_loss() -> None:
    assert bystander.lost_pings("12 packets transmitted, 0 received, 100% packet loss, time 5632ms\n") == 11


def test_counters_are_those_of_the_tunnel_between_two_addresses_and_no_other() -> None:
    assert passage.count(STATES, "192.0.2.1", "198.51.100.1") == {
        ("out", "0xc1d2e3f4"): 168,
        ("in", "0xcafe0001"): 84,
    }


def test_pictures_differ_in_what_one_has_and_the_other_has_not() -> None:
    before = {"files": ["/etc/a 100644 0:0 1 aa"], "rules": ["filter -A INPUT -j DROP"]}
    now = {"files": ["/etc/a 100600 0:0 1 aa"], "rules": ["filter -A INPUT -j DROP"]}
    assert portrait.differences(before, now) == [
        "files: was: /etc/a 100644 0:0 1 aa",
        "files: is: /etc/a 100600 0:0 1 aa",
    ]


def test_what_plutos_status_tells_of_the_moment_is_no_difference() -> None:
    before = '000 "site":   host: oriented; local: 192.0.2.1; remote: 198.51.100.1;'
    now = '000 "site":   host: oriented; local: 192.0.2.1; remote: 198.51.100.1; established IKE SA: #7;'
    assert portrait.configured(before) == portrait.configured(now)
    other = before.replace("remote: 198.51.100.1", "remote: 198.51.100.9")
    assert portrait.configured(before) != portrait.configured(other)
    policy = '"site":   policy: IKEv2+PSK+ENCRYPT+TUNNEL+UP+ESN_NO;'
    assert portrait.configured(policy) == portrait.configured(policy.replace("+UP", ""))
    assert portrait.configured('000 "site":   newest IKE SA: #3; newest IPsec SA: #4;') == ""


def test_a_peers_certificate_in_the_cache_is_not_what_is_loaded() -> None:
    listed = """\
List of X.509 End Entity Certificates

  subject:  "CN=own"
  issuer:   "CN=ca"
  serial:    01
  pubkey:    ECDSA 256 bits, has private key
  subjkey:   aa

  subject:  "CN=peer"
  serial:    02
  pubkey:    ECDSA 256 bits
  subjkey:   bb

List of X.509 CA Certificates

  subject:  "CN=ca"
  serial:    03
  flags:     CA CRLSign self-signed
  subjkey:   cc
"""
    assert portrait.loaded_certificates(listed) == [
        *('subject:  "CN=own"', "serial:    01", "subjkey:   aa"),
        *('subject:  "CN=ca"', "serial:    03", "subjkey:   cc"),
    ]


def test_every_case_has_a_remedy_of_the_cause_it_expects() -> None:
    chosen = mend.cases(list(scenario.load().values()), every=True)
    assert chosen
    assert all(one.remedy in {r["id"] for r in mend.remedies()[one.expect]} for one in chosen)
    assert len({one.id for one in chosen}) == len(chosen)


def test_the_sample_mends_on_every_kind_of_daemon_and_a_pair_of_faults() -> None:
    chosen = mend.sample(mend.cases(list(scenario.load().values())))
    known = images.definitions().images
    assert {known[one.image("gw-a")].daemon for one in chosen} == {"swanctl", "ipsecconf", "libreswan"}
    assert any(one.then for one in chosen)
    single = [one.remedy for one in chosen if not one.then]
    assert len(set(single)) == len(single) == 3 * mend.SAMPLED


def test_the_end_that_a_scenario_leaves_alone_is_the_right_one() -> None:
    known = scenario.load()
    assert mend.right_end(known["ike-proposal-dh"]) in {"gw-a", "gw-b"}
    assert mend.right_end(known["healthy-cert.never"]) is None


@pytest.mark.parametrize("one", misfortune.cases(()), ids=lambda one: str(one.id))
def test_every_misfortune_happens_at_a_point_that_the_program_tells_of(one: misfortune.Trouble) -> None:
    plan = {"steps": [{"end": "gw-b", "title": "Put (it) there"}, {"end": "gw-a", "title": "Load it"}]}
    told = "\n".join(
        [
            "  running arm the undo",
            "  done    arm the undo: by itself at 18:53:38 UTC unless the change is kept",
            "  running gw-b: Put (it) there",
            "  done    gw-b: Put (it) there",
            "  running verify with a fresh diagnosis",
            "  done    verify with a fresh diagnosis: the tunnel is healthy",
            "  running keep the change and end the guard",
        ]
    )
    assert re.search(misfortune.point(one.misfortune.at, plan), told, re.MULTILINE)
