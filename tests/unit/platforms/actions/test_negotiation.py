"""Only what belongs to the tunnel is ended, by what the daemons' own listings say at that moment."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from wizard import paths
from wizard.engine.model import Draw
from wizard.engine.phrase import Phrases
from wizard.facts.focus import Focus
from wizard.facts.model import End, Facts
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import Child, ChildSa, Connection, IkeSa
from wizard.facts.vocabulary import EXERCISES, VOCABULARY
from wizard.flow import kept
from wizard.flow.signatures import GATEWAYS
from wizard.platforms.actions.base import Site, Unplannable
from wizard.platforms.actions.negotiation import Renegotiate, Terminate
from wizard.platforms.plans import draw

SHELLS = [command for command in (["dash"], ["bash"], ["busybox", "sh"]) if shutil.which(command[0])]


def listed(name: str, number: int, peer: str, *children: tuple[str, int]) -> str:
    """One IKE SA as `swanctl --list-sas --raw` prints it, as far as it matters here."""
    inside = " ".join(
        f"{child}-{one} {{name={child} uniqueid={one} reqid=1 state=INSTALLED}}" for child, one in children
    )
    return (
        f"list-sa event {{{name} {{uniqueid={number} version=2 state=ESTABLISHED local-host=192.0.2.1 "
        f"remote-host={peer} remote-port=4500 child-sas {{{inside}}}}}}}\n"
    )


RAW = (
    listed("branch", 2, "198.51.100.1", ("net", 3))
    + listed("site", 6, "198.51.100.1", ("net", 5), ("lab", 7))
    + listed("site", 9, "203.0.113.9", ("net", 8))
    + "list-sas reply {}\n"
)
STATUS = """\
Security Associations (2 up, 0 connecting):
      branch[2]: ESTABLISHED 15 seconds ago, 192.0.2.11[a]...198.51.100.11[b]
      branch{3}:  INSTALLED, TUNNEL, reqid 1, ESP SPIs: c263ac7c_i c1a49610_o
        site[4]: ESTABLISHED 3 seconds ago, 192.0.2.1[a]...198.51.100.1[b]
         net{5}:  INSTALLED, TUNNEL, reqid 2, ESP SPIs: c263ac7d_i c1a49611_o
         lab{6}:  INSTALLED, TUNNEL, reqid 3, ESP SPIs: c263ac7e_i c1a49612_o
        site[7]: ESTABLISHED 3 seconds ago, 192.0.2.1[a]...203.0.113.9[c]
"""
STATES = """\
000 #3: "branch":4500 STATE_V2_ESTABLISHED_IKE_SA (established IKE SA); REKEY in 14001s; newest; idle;
000 #4: "branch":4500 STATE_V2_ESTABLISHED_CHILD_SA (established Child SA); REKEY in 3201s; newest; IKE SA #3; idle;
000 #4: "branch" esp.c3e32e52@192.0.2.11 esp.2177a8ca@198.51.100.11 Traffic: ESPin=84B
000 #5: "site":4500 STATE_V2_ESTABLISHED_IKE_SA (established IKE SA); REKEY in 14001s; newest; idle;
000 #6: "site":4500 STATE_V2_ESTABLISHED_CHILD_SA (established Child SA); REKEY in 3201s; newest; IKE SA #5; idle;
"""
SHARED = f'{STATES}000 #8: "more":4500 STATE_V2_ESTABLISHED_CHILD_SA (established Child SA); newest; IKE SA #5; idle;\n'


def snapshot(end: End, implementation: str, sas: tuple[IkeSa, ...] = ()) -> Snapshot:
    return Snapshot(end, f"gw-{end}", implementation=implementation, sas=sas)


def site(implementation: str, near: tuple[IkeSa, ...] = (), far: tuple[IkeSa, ...] = ()) -> Site:
    child = "site" if implementation == "libreswan" else "net"
    connection = Connection("site", children=(Child(child),))
    focus = Focus(
        connection, connection.children[0], peer_addresses=("198.51.100.1",), name="site", child_name=child
    )
    snapshots = {"near": snapshot("near", implementation, near), "far": snapshot("far", implementation, far)}
    return Site({"near": snapshots["near"], "far": snapshots["far"]}, {"near": focus, "far": focus}, Facts())


def ended(where: Site, level: str, listing: str, folder: Path, shell: list[str]) -> list[str]:
    """The commands that change something when the step runs on a gateway with this listing."""
    (step,) = Terminate().plan(where, "near", {"level": level}, {}).steps
    (folder / "listing").write_text(listing)
    fake = folder / "fake"
    fake.write_text(
        f'#!/bin/sh\ncase "$*" in *--list-sas*|status|*--status*) cat {folder}/listing ;; '
        f'*--stats*) ;; *) echo "$*" >>{folder}/said ;; esac\n'
    )
    fake.chmod(0o755)
    for name in ("swanctl", "ipsec"):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(fake)
    (folder / "said").write_text("")
    ran = subprocess.run(
        [*shell, "-c", f"say() {{ :; }}\n{step.apply}"],
        env={"PATH": f"{folder}:/usr/bin:/bin"},
        capture_output=True,
        check=False,
        timeout=20,
    )
    assert ran.returncode == 0
    return sorted((folder / "said").read_text().splitlines())


@pytest.mark.parametrize("shell", SHELLS)
def test_swanctl_ends_the_one_sa_by_its_number(tmp_path: Path, shell: list[str]) -> None:
    where = site("strongswan-swanctl")
    assert ended(where, "ike", RAW, tmp_path, shell) == ["--terminate --ike-id 6 --force --timeout 2"]
    assert ended(where, "child", RAW, tmp_path, shell) == ["--terminate --child-id 5 --force --timeout 2"]
    assert ended(where, "ike", "list-sas reply {}\n", tmp_path, shell) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_stroke_ends_the_one_sa_by_its_number(tmp_path: Path, shell: list[str]) -> None:
    where = site("strongswan-ipsec")
    assert ended(where, "ike", STATUS, tmp_path, shell) == ["down site[4]"]
    assert ended(where, "child", STATUS, tmp_path, shell) == ["down net{5}"]


@pytest.mark.parametrize("shell", SHELLS)
def test_libreswan_ends_the_connection_unless_others_ride_on_its_ike_sa(
    tmp_path: Path, shell: list[str]
) -> None:
    where = site("libreswan")
    whole = "whack --name site --terminate"
    assert ended(where, "child", STATES, tmp_path, shell) == [whole]
    assert ended(where, "ike", STATES, tmp_path, shell) == ["whack --deletestate 5", whole]
    assert ended(where, "child", SHARED, tmp_path, shell) == ["whack --deletestate 6"]


def test_siblings_of_the_ike_sa_are_named_as_interrupted() -> None:
    sas = (
        IkeSa(
            "site",
            state="established",
            children=(ChildSa("net", state="installed"), ChildSa("lab", state="installed")),
        ),
        IkeSa("branch", state="established", children=(ChildSa("other", state="installed"),)),
    )
    where = site("strongswan-swanctl", near=sas)
    assert Renegotiate().plan(where, "near", {"level": "ike"}, {}).interrupted == ("site/lab",)
    assert Renegotiate().plan(where, "near", {"level": "child"}, {}).interrupted == ()


def test_what_only_the_other_end_has_left_is_ended_there_first() -> None:
    where = site("strongswan-swanctl", far=(IkeSa("site", state="established"),))
    assert [step.end for step in Renegotiate().plan(where, "near", {}, {}).steps] == ["far", "near"]


def test_sas_that_both_ends_share_are_ended_from_one() -> None:
    one, two = (IkeSa("site", state="established", initiator_spi=spi) for spi in ("aa", "bb"))
    shared = site("strongswan-swanctl", near=(one,), far=(one,))
    assert [step.end for step in Renegotiate().plan(shared, "near", {}, {}).steps] == ["near"]
    parted = site("strongswan-swanctl", near=(one,), far=(two,))
    assert [step.end for step in Renegotiate().plan(parted, "near", {}, {}).steps] == ["far", "near"]


def test_a_plan_names_the_tunnel_at_both_ends_where_both_are_cleared() -> None:
    flow = kept.load([paths.bundled_flows()], VOCABULARY, EXERCISES, GATEWAYS)[0]
    where = site("strongswan-swanctl", far=(IkeSa("site", state="established"),))
    request = Draw("start-tunnel", "peer-deleted", ("near",), "far")
    plan = draw(flow, request, where, lambda end, commands: [], "site", Phrases.of({"near": "a", "far": "b"}))
    assert plan.touches == ("gw-near:site", "gw-far:site")


def test_a_gateway_nobody_knows_how_to_speak_to_is_not_planned_for() -> None:
    with pytest.raises(Unplannable, match="is not known"):
        Renegotiate().plan(site("ios"), "near", {}, {})


@pytest.mark.parametrize(
    ("implementation", "tool", "listing", "other"),
    [
        ("strongswan-swanctl", "swanctl", RAW, listed("site", 9, "203.0.113.9", ("net", 8))),
        ("strongswan-ipsec", "ipsec", STATUS, STATUS.replace("net{5}", "more{5}")),
        (
            "libreswan",
            "ipsec",
            f'{STATES}000 #6: "site" esp.c3e32e52@198.51.100.1 tun.0@192.0.2.1 Traffic: ESPin=84B\n',
            STATES,
        ),
    ],
)
def test_what_comes_back_by_itself_is_not_started_a_second_time(
    tmp_path: Path, implementation: str, tool: str, listing: str, other: str
) -> None:
    (step,) = Renegotiate().plan(site(implementation), "near", {"level": "ike"}, {}).steps
    fake = tmp_path / tool
    fake.write_text(
        f'#!/bin/sh\ncase "$*" in *--list-sas*|status|*--status*) cat {tmp_path}/listing ;; '
        f'*initiate*|"up "*) echo "$*" >>{tmp_path}/started ;; esac\n'
    )
    fake.chmod(0o755)
    (tmp_path / "sleep").write_text("#!/bin/sh\n")
    (tmp_path / "sleep").chmod(0o755)
    for text, started in ((listing, False), (other, True)):
        (tmp_path / "listing").write_text(text)
        ran = subprocess.run(
            ["sh", "-c", f"say() {{ :; }}\n{step.apply}"],
            env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
            capture_output=True,
            check=False,
            timeout=30,
        )
        assert ran.returncode == 0
        assert (tmp_path / "started").exists() == started
