"""Settings, routes, links, addresses, policies and clamps: planned, done and undone on a kernel of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from tests.unit.platforms.network.ground import LAN_A, LAN_B, Namespace, planned, site
from wizard.engine.plan import Step
from wizard.facts.focus import Focus
from wizard.facts.parsers import iproute, routes, sysctl
from wizard.facts.tunnel import Connection
from wizard.platforms.actions.base import Action, Site, Unplannable
from wizard.platforms.actions.clamp import ClampMss
from wizard.platforms.actions.links import AddAddress, LinkUp
from wizard.platforms.actions.policies import DropPolicy
from wizard.platforms.actions.routes import AddRoute, RemoveRoute
from wizard.platforms.actions.sysctls import FILE, PersistSysctl, SetSysctl
from wizard.platforms.actions.ways import chosen

ROUTES = "ip -4 route show table all; ip -4 rule show"
SETTINGS = (
    "cd /proc/sys/net/ipv4; "
    "grep -H . ip_forward conf/*/*forwarding conf/*/accept_redirects conf/*/rp_filter conf/*/send_redirects"
)
SECOND_LINE = (
    "ip link add wan1 type veth peer name r-wan1; ip link set r-wan1 up; ip link set wan1 up; "
    "ip address add 203.0.113.1/24 dev wan1; "
)


def carried_out(gateway: Namespace, steps: Sequence[Step], listing: str, then: str) -> str:
    """Does the steps, twice undoes them, and returns what `then` printed in between; the listing is as before."""
    before = gateway.run(listing)[1]
    assert steps
    for number, step in enumerate(steps):
        assert gateway.does(step, "requires", number) == 0, step.requires
    for number, step in enumerate(steps):
        assert gateway.does(step, "apply", number) == 0, step.apply
        assert gateway.does(step, "verify", number) == 0, step.verify
    seen = gateway.run(then)[1]
    assert gateway.run(listing)[1] != before
    for _ in range(2):
        for number in reversed(range(len(steps))):
            assert gateway.does(steps[number], "undo", number) == 0, steps[number].undo
    assert gateway.run(listing)[1] == before
    return seen


def here(gateway: Namespace, given: Mapping[str, str] | None = None) -> Site:
    """The site as the namespace is now, gw-b unread."""
    outputs = {
        "addresses": gateway.run(iproute.ADDRESSES_COMMAND)[1],
        "lookups": gateway.run(f"PEERS=198.51.100.1\nexport PEERS\n{routes.LOOKUPS_COMMAND}")[1],
        "policies": gateway.run("ip -s xfrm policy list")[1],
    }
    return site(outputs, None, given=given)


# --- settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("redirects", ["0", "1"])
def test_forwarding_is_set_and_everything_it_moved_is_put_back(gateway: Namespace, redirects: str) -> None:
    gateway.run(
        "cd /proc/sys/net/ipv4; echo 0 >ip_forward; echo 1 >conf/mgmt0/forwarding; "
        f"echo {redirects} >conf/all/accept_redirects; echo 0 >conf/lan0/accept_redirects"
    )
    options = {"key": "net.{family}.ip_forward", "value": "1"}

    steps = gateway.plan(SetSysctl(), here(gateway), "near", options).steps

    assert carried_out(gateway, steps, SETTINGS, "cat /proc/sys/net/ipv4/conf/lan0/forwarding") == "1\n"


def test_the_reverse_path_filter_is_loosened_where_packets_come_by_another_way(gateway: Namespace) -> None:
    gateway.run(
        f"{SECOND_LINE} ip route add 198.51.100.1/32 via 203.0.113.254; cd /proc/sys/net/ipv4/conf; "
        "for i in wan0 wan1 lan0; do echo 1 >$i/rp_filter; done"
    )
    options = {"key": "net.ipv4.conf.{strict}.rp_filter", "value": "2"}

    steps = gateway.plan(SetSysctl(), here(gateway), "near", options).steps

    assert [step.show for step in steps] == [("sysctl -w net.ipv4.conf.wan0.rp_filter=2",)]
    carried_out(gateway, steps, SETTINGS, ":")


def test_a_setting_that_is_so_needs_no_step(gateway: Namespace) -> None:
    gateway.run("echo 1 >/proc/sys/net/ipv4/ip_forward")

    assert (
        gateway.plan(SetSysctl(), here(gateway), "near", {"key": "net.ipv4.ip_forward", "value": "1"}).steps
        == ()
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [("kernel.modprobe", "/tmp/x"), ("net.ipv4.ip_forward", "1; reboot"), ("net.ipv4.x y", "1")],
)
def test_what_is_no_setting_of_the_network_is_refused(key: str, value: str) -> None:
    with pytest.raises(Unplannable):
        planned(
            SetSysctl(),
            site({}),
            "near",
            {"key": key, "value": value},
            {"sysctls": "net.ipv4.ip_forward = 0"},
        )


def test_the_setting_is_written_for_the_next_start_beside_what_the_file_says() -> None:
    outputs = {
        "sysctls": "net.ipv4.ip_forward = 0",
        "sysctl-file": "net.ipv4.conf.wan0.rp_filter = 2\nnet.ipv4.ip_forward = 0\n",
        "sysctl-later": "/etc/sysctl.conf:#net.ipv4.ip_forward=1\n/etc/sysctl.conf:net.ipv4.ip_forward = 0\n",
    }

    made = planned(PersistSysctl(), site({}), "near", {"key": "net.ipv4.ip_forward", "value": "1"}, outputs)

    assert [line for line in made.steps[0].diff if line[:1] in "+-" and line[1:3] not in {"++", "--"}] == [
        "-net.ipv4.ip_forward = 0",
        "+net.ipv4.ip_forward = 1",
    ]
    assert made.steps[0].lasts
    assert f"put {FILE} 644" in made.steps[0].apply
    assert made.warnings == (
        "/etc/sysctl.conf of gw-a sets net.ipv4.ip_forward to 0 after that: change it there",
    )


def test_an_interface_with_a_dot_in_its_name_keeps_it() -> None:
    printed = "net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.eth0/100.rp_filter = 1\n"
    on = site(
        {
            "addresses": "2: eth0.100@eth0: <UP,LOWER_UP> mtu 1500\n2: eth0.100 inet 192.0.2.1/24 scope global\n"
        },
        outside_interface="eth0.100",
    )
    options = {"key": "net.ipv4.conf.{strict}.rp_filter", "value": "2"}

    step = planned(SetSysctl(), on, "near", options, {"sysctls": printed}).steps[0]

    assert sysctl.parse(printed).of_interface("eth0.100", "rp_filter") is not None
    assert "/proc/sys/net/ipv4/conf/eth0.100/rp_filter" in step.apply
    assert step.show == ("sysctl -w net.ipv4.conf.eth0/100.rp_filter=2",)


# --- routes -------------------------------------------------------------------------------------------------------

ADDED: Mapping[str, tuple[str, Mapping[str, str], str]] = {
    "the default route is gone, another route names the router": (
        "ip route del default; ip route add 10.12.0.0/24 via 192.0.2.254 table 220",
        {"to": "peer"},
        "198.51.100.1 via 192.0.2.254 dev wan0",
    ),
    "the default route back": (
        "ip route del default; ip route add 203.0.113.0/24 via 192.0.2.254",
        {"to": "default"},
        "198.51.100.1 via 192.0.2.254 dev wan0",
    ),
    "a neighbour is the only one there": (
        "ip route del default; ip neigh add 192.0.2.254 lladdr 02:00:00:00:00:01 dev wan0 nud permanent",
        {"to": "peer"},
        "198.51.100.1 via 192.0.2.254 dev wan0",
    ),
    "a route that refuses the peer": (
        "ip route add unreachable 198.51.100.1/32",
        {"to": "peer"},
        "198.51.100.1 via 192.0.2.254 dev wan0",
    ),
    "a black hole where the tunnel's route was": (
        """ip rule add lookup 220 priority 220; ip route add 10.12.0.0/24 via 192.0.2.254 table 220
        ip route add blackhole 10.2.0.0/24 table 220""",
        {"to": "remote"},
        "10.2.0.10 via 192.0.2.254 dev wan0 table 220 src 10.1.0.1",
    ),
    "no route to the remote network at all": (
        "ip route del default; ip route add 198.51.100.0/24 via 192.0.2.254",
        {"to": "remote"},
        "10.2.0.10 via 192.0.2.254 dev wan0 src 10.1.0.1",
    ),
    "an aggregate that refuses": (
        "ip route add unreachable 10.0.0.0/8 metric 200",
        {"to": "remote"},
        "10.2.0.10 via 192.0.2.254 dev wan0 src 10.1.0.1",
    ),
}


@pytest.mark.parametrize("case", ADDED)
def test_a_route_is_added_and_taken_out_again(gateway: Namespace, case: str) -> None:
    script, options, way = ADDED[case]
    gateway.run(script)

    steps = gateway.plan(AddRoute(), here(gateway), "near", options).steps

    target = "10.2.0.10 from 10.1.0.1" if options["to"] == "remote" else "198.51.100.1"
    seen = carried_out(gateway, steps, ROUTES, f"ip route get {target}").split("\n")[0]
    assert " ".join(seen.replace("from 10.1.0.1 ", "").replace("src 192.0.2.1 ", "").split()).startswith(
        way.removesuffix(" src 10.1.0.1")
    ), seen


def test_the_rule_for_the_daemons_routes_is_put_back(gateway: Namespace) -> None:
    gateway.run("ip route del default; ip route add 10.2.0.0/24 via 192.0.2.254 table 220")

    steps = gateway.plan(AddRoute(), here(gateway), "near", {"to": "remote"}).steps

    assert steps[0].show == ("ip rule add from all lookup 220 priority 220",)
    assert "via 192.0.2.254" in carried_out(gateway, steps, ROUTES, "ip route get 10.2.0.10")


REMOVED: Mapping[str, tuple[str, str, str]] = {
    "half of the own network by another interface": (
        "ip link add other0 type veth peer name other1; ip link set other0 up; ip route add 10.1.0.0/25 dev other0",
        "astray",
        "10.1.0.10",
    ),
    "the remote network by another interface": (
        f"{SECOND_LINE} ip route add 10.2.0.0/24 via 203.0.113.254",
        "astray",
        "10.2.0.10",
    ),
    "the peer by a second line": (
        f"{SECOND_LINE} ip route add 198.51.100.1/32 via 203.0.113.254",
        "peer",
        "198.51.100.1",
    ),
    "a route with several ways": (
        f"""{SECOND_LINE} ip route add 10.2.0.0/16 proto static metric 50 \\
        nexthop via 203.0.113.253 weight 1 nexthop via 203.0.113.254 weight 3""",
        "remote",
        "10.2.0.10",
    ),
}


@pytest.mark.parametrize("case", REMOVED)
def test_a_route_that_leads_elsewhere_is_taken_out_and_put_back(gateway: Namespace, case: str) -> None:
    script, to, target = REMOVED[case]
    gateway.run(script)
    lan = site({"addresses": gateway.run(iproute.ADDRESSES_COMMAND)[1]}, {})

    steps = gateway.plan(RemoveRoute(), lan, "near", {"to": to}).steps

    seen = carried_out(gateway, steps, ROUTES, f"ip route get {target}")
    assert ("dev lan0" if target.startswith("10.1.") else "dev wan0") in seen


def test_a_second_line_as_default_gets_a_route_beside_it(gateway: Namespace) -> None:
    gateway.run(
        f"{SECOND_LINE} ip route del default; ip route add default via 203.0.113.254; "
        "ip route add 10.12.0.0/24 via 192.0.2.254"
    )

    steps = gateway.plan(RemoveRoute(), here(gateway), "near", {"to": "peer"}).steps

    assert steps[0].show == ("ip route add 198.51.100.1/32 via 192.0.2.254 dev wan0 proto static",)
    assert "dev wan0" in carried_out(gateway, steps, ROUTES, "ip route get 198.51.100.1")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("ip route del default", "--given gateway=ADDRESS"),
        (
            """ip route del default
            ip route add 203.0.113.0/24 via 192.0.2.253; ip route add 203.0.112.0/24 via 192.0.2.254""",
            "it may be 192.0.2.254, 192.0.2.253",
        ),
        ("ip link set wan0 down", "wan0 of gw-a is down"),
        (":", "has a route already"),
    ],
)
def test_a_router_that_is_not_certain_is_asked_for(gateway: Namespace, script: str, words: str) -> None:
    gateway.run(script)

    with pytest.raises(Unplannable) as raised:
        gateway.plan(AddRoute(), here(gateway), "near", {"to": "peer"})

    assert words in f"{raised.value.message} {raised.value.advice}"


def test_the_router_that_was_given_is_taken(gateway: Namespace) -> None:
    gateway.run("ip route del default")

    steps = gateway.plan(
        AddRoute(), here(gateway, given={"gateway": "192.0.2.99"}), "near", {"to": "peer"}
    ).steps

    assert steps[0].show == ("ip route add 198.51.100.1/32 via 192.0.2.99 dev wan0 proto static",)


def test_a_network_the_gateway_is_itself_in_is_left_to_whoever_plans_addresses(gateway: Namespace) -> None:
    gateway.run("ip address add 10.2.0.1/24 dev mgmt0")

    with pytest.raises(Unplannable, match="itself connected to"):
        gateway.plan(RemoveRoute(), here(gateway), "near", {"to": "remote"})


def test_the_way_is_chosen_as_the_kernel_does() -> None:
    routing = routes.parse_routing(
        "@@ routes\ndefault via 192.0.2.254 dev wan0\nthrow 10.9.0.0/16 table 220\n10.0.0.0/8 dev wan1 table 220\n"
        "10.9.9.0/24 dev wan2 metric 20\n10.9.9.0/24 dev wan3 metric 10\n"
        "@@ rules\n0: from all lookup local\n220: from 10.1.0.0/24 lookup 220\n300: from all fwmark 0x7 lookup 7\n"
        "32766: from all lookup main\n"
    )

    ways = [
        chosen(routing, address, source)
        for address, source in (("10.2.0.1", "10.1.0.1"), ("10.2.0.1", ""), ("10.9.9.9", "10.1.0.1"))
    ]

    assert [way.interface if way is not None else "" for way in ways] == ["wan1", "wan0", "wan3"]


# --- links and addresses ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("link", "name"), [("outside", "wan0"), ("inside", "lan0")])
def test_an_interface_is_set_up_and_down_again(gateway: Namespace, link: str, name: str) -> None:
    gateway.run(f"ip link set {name} down")

    steps = gateway.plan(LinkUp(), here(gateway), "near", {"link": link}).steps

    listing = f"ip -o -4 addr show; ip -o link show {name}; ip -4 route show table all"
    assert "LOWER_UP" in carried_out(gateway, steps, listing, f"ip link show {name}")


def test_a_dead_line_is_left_to_whoever_runs_it(gateway: Namespace) -> None:
    gateway.run("ip link set r-wan0 down")

    with pytest.raises(Unplannable, match="its line is dead"):
        gateway.plan(LinkUp(), here(gateway), "near", {"link": "outside"})


def test_the_lost_address_goes_back_where_its_network_is(gateway: Namespace) -> None:
    gateway.run("ip address del 192.0.2.1/24 dev wan0; ip address replace 192.0.2.11/24 dev wan0")

    steps = gateway.plan(AddAddress(), here(gateway), "near", {}).steps

    assert "192.0.2.1/24" in carried_out(gateway, steps, "ip -o -4 addr show", "ip -o addr show dev wan0")


@pytest.mark.parametrize(
    ("script", "owner", "words"),
    [
        ("ip address flush dev wan0", "", "none is on its network"),
        ("ip address add 192.0.2.77/24 dev mgmt0", "", "several are on its network"),
        (":", "answered\n", "another machine has 192.0.2.1"),
        (":", "192.0.2.1 dev wan0 lladdr 02:00:00:00:00:09 REACHABLE\n", "another machine has 192.0.2.1"),
    ],
)
def test_an_address_is_not_put_where_it_may_not_belong(
    gateway: Namespace, script: str, owner: str, words: str
) -> None:
    gateway.run(f"ip address del 192.0.2.1/24 dev wan0; ip address replace 192.0.2.11/24 dev wan0; {script}")
    on = here(gateway)
    printed = {"addresses": gateway.run(iproute.ADDRESSES_COMMAND)[1], "owner": owner}

    with pytest.raises(Unplannable, match=words):
        planned(AddAddress(), on, "near", {}, printed)


def test_an_address_is_not_put_back_that_nobody_calls(gateway: Namespace) -> None:
    gateway.run("ip address del 192.0.2.1/24 dev wan0; ip address replace 192.0.2.11/24 dev wan0")
    on = here(gateway)
    peer = Focus(Connection("site", remote_addrs=("192.0.2.11",)), name="site")
    on = replace(on, focuses={**on.focuses, "far": peer})

    with pytest.raises(Unplannable, match=r"called at 192\.0\.2\.11"):
        planned(AddAddress(), on, "near", {}, {"addresses": gateway.run(iproute.ADDRESSES_COMMAND)[1]})


# --- policies -----------------------------------------------------------------------------------------------------

OWN = (
    "ip xfrm policy add dir out src 10.1.0.0/24 dst 10.2.0.0/24 priority 375423 tmpl src 192.0.2.1 dst 198.51.100.1 "
    "proto esp reqid 1 mode tunnel; "
)
FOREIGN: Mapping[str, str] = {
    "of a retired tunnel": "dir out src 10.1.0.0/24 dst 10.2.0.0/16 priority 100 tmpl src 192.0.2.1 dst 198.51.100.77 "
    "proto esp reqid 77 mode tunnel",
    "that blocks": "dir out src 10.1.0.0/24 dst 10.2.0.0/16 priority 50 action block",
    "that lets in what is not for it": "dir in src 10.2.0.0/16 dst 10.1.0.0/16 priority 7 action block",
    "of two templates": "dir out src 10.0.0.0/8 dst 10.2.0.0/24 priority 9 tmpl src 192.0.2.1 dst 198.51.100.9 proto "
    "ah spi 0x17 reqid 9 mode tunnel level use tmpl src 0.0.0.0 dst 0.0.0.0 proto esp reqid 9 mode transport",
}


@pytest.mark.parametrize("case", FOREIGN)
def test_a_policy_nobody_knows_is_taken_out_and_put_back(gateway: Namespace, case: str) -> None:
    if gateway.run(f"{OWN} ip xfrm policy add {FOREIGN[case]}")[0]:
        pytest.skip("the kernel takes no such policy")

    steps = gateway.plan(DropPolicy(), here(gateway), "near", {}).steps

    assert len(steps) == 1
    seen = carried_out(gateway, steps, "ip xfrm policy list | sort", "ip xfrm policy list")
    assert seen.count("src ") == 2


def test_a_policy_with_a_selector_of_its_own_is_no_conflict(gateway: Namespace) -> None:
    gateway.run(
        f"{OWN} ip xfrm policy add dir out src 10.1.0.0/24 dst 10.2.0.0/24 proto tcp dport 22 priority 3"
    )

    with pytest.raises(Unplannable, match="no policy in the kernel"):
        gateway.plan(DropPolicy(), here(gateway), "near", {})


# --- segments -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tool", ["iptables-legacy", "nft"])
def test_segments_are_clamped_both_ways(gateway: Namespace, tool: str) -> None:
    script = "iptables-legacy -t mangle -S >/dev/null" if tool != "nft" else "nft add table inet wall"
    if gateway.run(script)[0]:
        pytest.skip(f"{tool} does not work in here")
    measured = site({}, None, {"recommended_mss": 1198})
    on = gateway.plan(ClampMss(), measured, "near", {})
    listing = "iptables-legacy-save -t mangle | grep -v '^[#:]'" if tool != "nft" else "nft list ruleset"

    seen = carried_out(gateway, on.steps, listing, listing)

    assert seen.count("1198") == 2
    assert seen.index(LAN_A) < seen.index(LAN_B)


def test_a_size_nobody_measured_is_not_set(gateway: Namespace) -> None:
    with pytest.raises(Unplannable, match="was not measured"):
        gateway.plan(ClampMss(), site({}), "near", {})


@pytest.mark.parametrize(
    "action", [AddRoute(), RemoveRoute(), LinkUp(), DropPolicy(), SetSysctl(), PersistSysctl()]
)
def test_what_cannot_be_read_is_not_changed(action: Action) -> None:
    with pytest.raises(Unplannable):
        action.plan(site({}), "near", {"key": "net.ipv4.ip_forward", "value": "1"}, {})
