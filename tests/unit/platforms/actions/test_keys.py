"""Which entry of which file gets the other end's key, and when nothing may be changed."""

from __future__ import annotations

import pytest

from wizard.engine.plan import Step
from wizard.facts.focus import Hints, choose
from wizard.facts.model import End, Facts
from wizard.facts.parsers import ipsec_conf, swanctl_conf
from wizard.facts.probes import Command, Output
from wizard.facts.snapshot import Snapshot
from wizard.platforms.actions.base import Planned, Site, Unplannable
from wizard.platforms.actions.credentials import LoadSecrets
from wizard.platforms.actions.keys import CopySecret, RenewSecret

SUM = "0" * 64
HERE, THERE = "gw-a.example", "gw-b.example"
SWANCTL = "/etc/swanctl/conf.d/site.conf"
OTHER = "/etc/swanctl/conf.d/branch.conf"


def conn(name: str, own: str, peer: str, address: str = "192.0.2.1", far: str = "198.51.100.1") -> str:
    return (
        f"connections {{ {name} {{\n local_addrs = {address}\n remote_addrs = {far}\n local {{\n auth = psk\n"
        f" id = {own}\n }}\n remote {{\n auth = psk\n id = {peer}\n }}\n children {{ net {{ }} }}\n }} }}\n"
    )


def key(name: str, digest: str, *ids: str) -> str:
    named = "".join(f" id-{number} = {one}\n" for number, one in enumerate(ids))
    return f"secrets {{ {name} {{\n{named} secret = digest:{digest}\n }} }}\n"


def printed(probe: str, text: str) -> Output:
    return Output(Command(probe, probe), text, "", 0, False, 0.0)


def swanctl(end: End, files: dict[str, str]) -> Snapshot:
    root = "/etc/swanctl/swanctl.conf"
    parts = {root: "include conf.d/*.conf\n", **files}
    shown = "".join(f"@@ {path}\n{text}" for path, text in parts.items())
    return Snapshot(
        end,
        f"gw-{'a' if end == 'near' else 'b'}",
        {"config": printed("config", shown)},
        implementation="strongswan-swanctl",
        disk=swanctl_conf.parse(list(parts.items()), root=root),
    )


def secrets_file(end: End, conf: str, files: dict[str, str], *, libreswan: bool = False) -> Snapshot:
    parts = {"/etc/ipsec.conf": conf, **files}
    shown = "".join(f"@@ {path}\n{text}" for path, text in parts.items())
    return Snapshot(
        end,
        f"gw-{'a' if end == 'near' else 'b'}",
        {"config": printed("config", shown)},
        implementation="libreswan" if libreswan else "strongswan-ipsec",
        disk=ipsec_conf.parse(
            list(parts.items()),
            "/etc/ipsec.conf",
            dialect="libreswan" if libreswan else "strongswan",
            own_addresses=("198.51.100.1",),
        ),
    )


def site(near: Snapshot, far: Snapshot) -> Site:
    both: dict[End, Snapshot] = {"near": near, "far": far}
    hints: dict[End, Hints] = {"near": Hints("site", "site"), "far": Hints("site", "site")}
    return Site(both, choose(both, hints), Facts())


def planned(where: Site, at: End = "far", action: CopySecret | RenewSecret | None = None) -> Planned:
    chosen = action or CopySecret()
    seen = {one.id: printed(one.id, f"{SUM}\nfits\n") for one in chosen.look(where, at, {})}
    return chosen.plan(where, at, {}, seen)


def only(plan: Planned) -> Step:
    (step,) = plan.steps
    return step


def marked(what: str) -> str:
    return (
        f"\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}{what}\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
    )


NEAR = swanctl("near", {SWANCTL: conn("site", HERE, THERE) + key("ike-site", "aaaa", HERE, THERE)})


def test_the_entry_of_the_tunnel_gets_the_other_ends_key_and_the_diff_shows_none() -> None:
    far = swanctl("far", {SWANCTL: conn("site", THERE, HERE) + key("ike-site", "bbbb", HERE, THERE)})
    plan = planned(site(NEAR, far))
    step = only(plan)
    assert step.diff[3:] == (
        f"- secret = {marked('the key gw-b has now')}",
        f"+ secret = {marked('the key gw-a has')}",
    )
    assert step.requires == f"same {SWANCTL} {SUM}"
    assert step.undo == f"give_back {SWANCTL}"
    assert [(one.source, one.end) for one in plan.secrets] == [("read", "near")]
    assert plan.touched == ("site",)
    assert "aaaa" not in repr(plan)
    assert "bbbb" not in repr(plan)


def test_a_missing_key_is_added_with_the_names_of_both_beside_the_connection() -> None:
    far = swanctl("far", {SWANCTL: conn("site", THERE, HERE)})
    step = only(planned(site(NEAR, far)))
    assert step.diff[0] == f"--- {SWANCTL}"
    assert [line for line in step.diff if "id-" in line or "ike-" in line] == [
        "+    ike-site {",
        f"+        id-1 = {THERE}",
        f"+        id-2 = {HERE}",
    ]


def test_a_key_for_everybody_stays_and_the_tunnel_gets_one_of_its_own() -> None:
    both = {
        SWANCTL: conn("site", THERE, HERE),
        OTHER: conn("branch", "x.example", "y.example", "198.51.100.9", "192.0.2.9") + key("ike-any", "bbbb"),
    }
    step = only(planned(site(NEAR, swanctl("far", both))))
    assert step.diff[0] == f"--- {SWANCTL}"
    assert not any(line.startswith("- ") for line in step.diff)


def test_a_key_that_another_tunnel_uses_is_not_changed() -> None:
    both = {
        SWANCTL: conn("site", THERE, HERE),
        OTHER: conn("branch", THERE, "y.example", "198.51.100.9", "192.0.2.9")
        + key("ike-three", "bbbb", THERE, HERE, "y.example"),
    }
    with pytest.raises(Unplannable, match="used by branch, too"):
        planned(site(NEAR, swanctl("far", both)))


def test_two_entries_for_the_same_pair_both_get_the_key() -> None:
    far = swanctl(
        "far",
        {
            SWANCTL: conn("site", THERE, HERE) + key("ike-site", "bbbb", HERE, THERE),
            OTHER: key("ike-site-old", "cccc", THERE, HERE),
        },
    )
    step = only(planned(site(NEAR, far)))
    assert {line for line in step.diff if line.startswith("---")} == {f"--- {SWANCTL}", f"--- {OTHER}"}
    assert set(step.undo.split("; ")) == {f"give_back {SWANCTL}", f"give_back {OTHER}"}


def test_an_end_with_two_different_keys_is_no_source() -> None:
    near = swanctl(
        "near",
        {
            SWANCTL: conn("site", HERE, THERE)
            + key("ike-site", "aaaa", HERE, THERE)
            + key("ike-site-2", "dddd", HERE, THERE)
        },
    )
    far = swanctl("far", {SWANCTL: conn("site", THERE, HERE)})
    with pytest.raises(Unplannable, match="several keys"):
        planned(site(near, far))
    with pytest.raises(Unplannable, match="no key for this tunnel"):
        planned(site(near, far), "near")


def test_nothing_is_planned_for_files_the_daemon_would_not_take() -> None:
    far = swanctl("far", {SWANCTL: conn("site", THERE, HERE), OTHER: "connections {\n"})
    with pytest.raises(Unplannable, match="does not parse"):
        planned(site(NEAR, far))


@pytest.mark.parametrize("libreswan", [True, False])
def test_the_line_of_a_secrets_file_is_found_by_what_stands_before_the_key(libreswan: bool) -> None:
    conf = (
        f"conn site\n  left=198.51.100.1\n  leftid=@{THERE}\n  right=192.0.2.1\n  rightid=@{HERE}\n"
        "  authby=secret\n  auto=add\n"
    )
    files = {"/etc/ipsec.secrets": f"#\n@x @y : PSK digest:cccc\n@{THERE}  @{HERE} : PSK digest:bbbb\n"}
    far = secrets_file("far", conf, files, libreswan=libreswan)
    step = only(planned(site(NEAR, far)))
    assert step.diff[2] == "@@ -3 +3 @@"
    assert f"OWNER='@{THERE} @{HERE}'" in step.apply
    assert "LINE=3" in step.apply
    bare = secrets_file("far", conf, {"/etc/ipsec.secrets": "#\n"}, libreswan=libreswan)
    added = only(planned(site(NEAR, bare)))
    assert next(line for line in added.diff if line.startswith("+@")).startswith(f"+@{THERE} @{HERE} : PSK ")
    none = secrets_file("far", conf, {}, libreswan=libreswan)
    made = only(planned(site(NEAR, none)))
    assert made.requires == "[ ! -e /etc/ipsec.secrets ]"


def test_what_cannot_be_found_on_the_gateway_any_more_is_not_planned() -> None:
    far = swanctl("far", {SWANCTL: conn("site", THERE, HERE) + key("ike-site", "bbbb", HERE, THERE)})
    where = site(NEAR, far)
    with pytest.raises(Unplannable, match="not replaced from here"):
        CopySecret().plan(where, "far", {}, {"place-0": printed("place-0", f"{SUM}\n")})
    with pytest.raises(Unplannable, match="could not be read"):
        CopySecret().plan(where, "far", {}, {})


def test_a_new_key_is_generated_once_for_both_ends() -> None:
    far = swanctl("far", {SWANCTL: conn("site", THERE, HERE)})
    where = site(NEAR, far)
    plans = [planned(where, at, RenewSecret()) for at in ("near", "far")]
    assert plans[0].secrets == plans[1].secrets
    assert plans[0].secrets[0].source == "generated"


def test_secrets_are_read_again_after_everything_else_is_undone() -> None:
    step = only(LoadSecrets().plan(site(NEAR, NEAR), "near", {}, {}))
    assert step.undo_last
    assert step.undo
    assert step.show == ("swanctl --load-creds --noprompt",)
