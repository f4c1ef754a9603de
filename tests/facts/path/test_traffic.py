"""Test packets of both ends in one exercise: whose were counted, and what a loss is put down to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from wizard.facts.derive import exercise_facts, tags
from wizard.facts.focus import Focus
from wizard.facts.model import End, Fact, Value
from wizard.facts.parsers.iproute import Interface
from wizard.facts.probes import Command, Level, Output
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import Child, ChildSa, IkeSa
from wizard.facts.vocabulary import PATH_MTU, TRAFFIC

SPIS = {"near": ("c0000001", "c0000002"), "far": ("c0000002", "c0000001")}
ANSWERED = "3 packets transmitted, 3 received, 0% packet loss, time 400ms"
SILENT = "3 packets transmitted, 0 received, 100% packet loss, time 400ms"


def states(end: End, into: int, out: int, when: float = 0.0) -> str:
    own, peer = SPIS[end]
    dated = f"{when}\n" if when else ""
    return dated + "".join(
        f"src 192.0.2.1 dst 198.51.100.1\n\tproto esp spi 0x{spi} reqid 1 mode tunnel\n\tlifetime current:\n"
        f"\t  {count * 100}(bytes), {count}(packets)\n"
        for spi, count in ((own, into), (peer, out))
    )


def pinged(**answers: str) -> str:
    return "".join(
        f"@@ {tag.replace('_', '-')}\nPING 10.2.0.10 (10.2.0.10)\n{line}\n" for tag, line in answers.items()
    )


def output(probe: str, text: str) -> Output:
    return Output(Command(probe, probe), text, "", 0, False, 0.0)


def looks(
    end: End, before: tuple[int, int], between: tuple[int, int], after: tuple[int, int], said: str
) -> list[Output]:
    return [
        output(tags.BEFORE, states(end, *before)),
        output(tags.BETWEEN, states(end, *between, when=1000.0)),
        output(tags.AFTER, states(end, *after)),
        output(tags.PINGS, said),
    ]


def facts(outputs: Mapping[End, list[Output]], name: str = TRAFFIC) -> dict[str, Value | None]:
    return {fact.name: fact.value for fact in drawn(outputs, name).values()}


def drawn(outputs: Mapping[End, list[Output]], name: str = TRAFFIC) -> dict[str, Fact]:
    snapshots, focuses = {}, {}
    for end, printed in outputs.items():
        local, remote = ("10.1.0.0/24", "10.2.0.0/24") if end == "near" else ("10.2.0.0/24", "10.1.0.0/24")
        child = ChildSa("net", state="installed", spi_in=SPIS[end][0], spi_out=SPIS[end][1])
        snapshots[end] = Snapshot(
            end,
            end,
            outputs={one.command.id: one for one in printed},
            sas=(IkeSa("site", state="established", children=(child,)),),
            interfaces=(Interface("wan0", up=True, mtu=1500), Interface("lan0", up=True)),
        )
        focuses[end] = Focus(
            child=Child("net", local_ts=(local,), remote_ts=(remote,)),
            outside_interface="wan0",
            inside_interface="lan0",
            probe_source=local.replace("0/24", "1"),
            probe_target=local.replace("0/24", "10"),
            name="site",
            child_name="net",
        )
    return {fact.name: fact for fact in exercise_facts(name, "near", snapshots, focuses, ())}


FINE = pinged(lan_host_ping=ANSWERED, remote_host_ping=ANSWERED, large_ping=ANSWERED)


def test_what_each_end_sent_is_counted_by_itself() -> None:
    found = facts(
        {
            "near": looks("near", (0, 0), (6, 6), (12, 12), FINE),
            "far": looks("far", (0, 0), (6, 6), (12, 12), FINE),
        }
    )
    wanted = ["request_encrypted", "request_decrypted", "reply_encrypted", "reply_decrypted", "large_ping"]
    assert [found[f"{end}.{name}"] for end in ("near", "far") for name in wanted] == [True] * 10


def test_packets_lost_one_way_are_told_from_those_lost_the_other_way() -> None:
    lost = pinged(lan_host_ping=ANSWERED, remote_host_ping=SILENT)
    found = facts(
        {
            "near": looks("near", (0, 0), (0, 6), (6, 12), lost),
            "far": looks("far", (0, 0), (0, 0), (0, 6), lost),
        }
    )
    assert (found["near.request_encrypted"], found["far.request_decrypted"]) == (True, False)
    assert (found["far.request_encrypted"], found["near.request_decrypted"]) == (True, True)
    assert (found["near.reply_encrypted"], found["far.reply_decrypted"]) == (True, False)


def test_a_stray_packet_of_somebody_else_proves_no_encryption() -> None:
    lost = pinged(remote_host_ping=SILENT)
    found = facts({"near": looks("near", (0, 0), (0, 1), (0, 1), lost)})
    assert found["near.request_encrypted"] is False


def test_packets_that_could_not_be_sent_leave_it_open_what_becomes_of_them() -> None:
    said = (
        "@@ remote-host-ping\nping: connect: Network is unreachable\n@@ route-to-remote\n"
        "RTNETLINK answers: Network is unreachable\n@= 2\n"
    )
    found = facts({"near": looks("near", (0, 0), (0, 0), (0, 0), said)})
    assert found["near.request_encrypted"] is None
    assert found["near.tunnel_route"] == "missing"


def test_a_login_that_may_not_ping_is_told_so() -> None:
    refused = (
        "@@ remote-host-ping\nping: socktype: SOCK_RAW\nping: socket: Operation not permitted\n"
        "sudo: a password is required\n"
    )
    printed = looks("near", (0, 0), (0, 0), (0, 0), refused)
    printed[-1] = replace(
        printed[-1], command=replace(printed[-1].command, level=Level.EXERCISE, show="ping x")
    )
    found = drawn({"near": printed})
    for name in ("request_encrypted", "remote_host_ping"):
        assert found[f"near.{name}"].value is None
        assert found[f"near.{name}"].why_unknown == "this login may not ping there"
    assert found["near.rights_missing"].value == ("ping",)
    assert [line.line for line in found["near.rights_missing"].evidence] == [
        "ping: socket: Operation not permitted"
    ]


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ("10.2.0.10 from 10.1.0.1 via 192.0.2.254 dev wan0 table 220 uid 0 \n    cache", "tunnel"),
        ("10.2.0.10 from 10.1.0.1 dev docker0 uid 0 \n    cache", "elsewhere"),
        ("local 10.2.0.10 from 10.1.0.1 dev lo uid 0 \n    cache <local>", "elsewhere"),
        ("RTNETLINK answers: Invalid argument", "missing"),
    ],
)
def test_where_packets_for_the_remote_network_go(answer: str, word: str) -> None:
    said = pinged(remote_host_ping=SILENT) + f"@@ route-to-remote\n{answer}\n@= 0\n"
    assert facts({"near": looks("near", (0, 0), (0, 6), (0, 6), said)})["near.tunnel_route"] == word


def test_large_packets_say_nothing_where_small_ones_are_lost() -> None:
    said = pinged(remote_host_ping=SILENT, large_ping=SILENT)
    assert facts({"near": looks("near", (0, 0), (0, 6), (0, 6), said)})["near.large_ping"] is None


def test_a_second_owner_of_the_address_is_named() -> None:
    said = pinged(remote_host_ping=SILENT) + (
        "@@ duplicate-address\nARPING 192.0.2.1 from 0.0.0.0 wan0\n"
        "Unicast reply from 192.0.2.1 [02:00:00:00:00:09]  0.7ms\n@= 1\n"
    )
    assert facts({"near": looks("near", (0, 0), (0, 6), (0, 6), said)})["near.address_duplicated"] is True


def sizes(*inside: tuple[int, str]) -> list[Output]:
    return [output("mtu-pings", "".join(f"@@ inside {size}\nPING x\n{line}\n" for size, line in inside))]


def test_a_black_hole_is_told_from_a_tunnel_that_says_what_fits() -> None:
    told = "From 10.1.0.1 icmp_seq=1 Frag needed and DF set (mtu = 1230)\n" + SILENT.replace(
        "0 received", "0 received, +3 errors"
    )
    found = facts(
        {
            "near": sizes((1438, SILENT), (1326, SILENT), (1230, ANSWERED), (910, ANSWERED)),
            "far": sizes((1438, told), (1326, told), (1230, ANSWERED)),
        },
        PATH_MTU,
    )
    assert (found["near.large_packets_lost"], found["near.path_mtu_inside"]) == (True, 1230)
    assert found["far.large_packets_lost"] is False
    assert (found["recommended_mtu"], found["recommended_mss"]) == (1230, 1190)
