"""Targets: the inventory's words, ssh_config by OpenSSH and by paramiko, jump hosts."""

from __future__ import annotations

import getpass
import shutil
from pathlib import Path

import pytest

from wizard.errors import InputError
from wizard.ssh import Given, Target, resolve

READERS = [
    pytest.param(
        True, id="openssh", marks=pytest.mark.skipif(not shutil.which("ssh"), reason="no OpenSSH here")
    ),
    pytest.param(False, id="paramiko"),
]


@pytest.fixture(params=READERS)
def config(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ssh_config to write to, read by OpenSSH and by paramiko in turn."""
    if not request.param:
        monkeypatch.setattr("wizard.ssh.openssh.shutil.which", lambda _: None)
    path = tmp_path / "config"
    path.write_text("")
    return path


def test_without_configuration_there_are_defaults(config: Path) -> None:
    target = resolve("gw-a.example", ssh_config=config)
    assert (target.alias, target.host, target.port) == ("gw-a.example", "gw-a.example", 22)
    assert target.user == getpass.getuser()
    assert target.identity_files == ()
    assert target.jump == ()
    assert target.agent is None
    assert [path.name for path in target.known_hosts][:1] == ["known_hosts"]


def test_an_alias_of_ssh_config_is_completed(config: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.touch()
    config.write_text(
        f"Host gw-a\n  HostName 192.0.2.1\n  Port 2222\n  User vpn\n"
        f"  IdentityFile {key}\n  IdentityFile {tmp_path}/gone\n  IdentitiesOnly yes\n"
        f"  UserKnownHostsFile {tmp_path}/one {tmp_path}/two\n  HostKeyAlias the-gateway\n"
        f"  IdentityAgent {tmp_path}/agent.sock\n"
    )
    target = resolve("gw-a", ssh_config=config)
    assert target.address == "vpn@192.0.2.1:2222"
    assert target.label == "gw-a (vpn@192.0.2.1:2222)"
    assert target.identity_files == (key,)
    assert target.known_hosts[:2] == (tmp_path / "one", tmp_path / "two")
    assert target.host_key_name == "the-gateway"
    assert target.identities_only
    assert target.agent == f"{tmp_path}/agent.sock"


def test_the_inventory_wins(config: Path, tmp_path: Path, home: Path) -> None:
    config.write_text(
        "Host 192.0.2.7\n  Port 2222\n  User other\n  IdentityFile /other\n  ProxyJump nowhere\n"
    )
    given = Given(
        host="192.0.2.7",
        port=22,
        user="root",
        identity_file=Path("~/key"),
        known_hosts=tmp_path / "kh",
        jump=(),
        legacy=True,
    )
    target = resolve("gw-a", given, ssh_config=config)
    assert target.address == "root@192.0.2.7:22"
    assert target.identity_files == (home / "key",)
    assert target.known_hosts == (tmp_path / "kh",)
    assert target.jump == ()
    assert target.legacy


def test_proxy_jump_of_ssh_config_is_followed(config: Path) -> None:
    config.write_text(
        "Host gw-a\n  ProxyJump admin@outer:2200,inner\n"
        "Host outer\n  HostName 198.51.100.1\n  ProxyJump first\nHost inner\n  User vpn\n"
    )
    target = resolve("gw-a", ssh_config=config)
    assert [hop.alias for hop in target.jump] == ["first", "outer", "inner"]
    assert target.jump[1].address == "admin@198.51.100.1:2200"
    assert target.jump[2].user == "vpn"


def test_jumps_of_the_inventory_are_gateways_or_aliases(config: Path) -> None:
    config.write_text("Host alias\n  HostName 198.51.100.9\n  User me\nHost 192.0.2.1\n  ProxyJump ignored\n")
    inventory = {"bastion": Given(host="203.0.113.1", port=2022, user="jump")}
    target = resolve(
        "gw-a", Given(host="192.0.2.1", jump=("bastion", "alias")), lookup=inventory.get, ssh_config=config
    )
    assert [hop.address for hop in target.jump] == ["jump@203.0.113.1:2022", "me@198.51.100.9:22"]


@pytest.mark.parametrize(
    ("jump", "address"),
    [
        ("ssh://me@192.0.2.1:2022", "me@192.0.2.1:2022"),
        ("me@[2001:db8::1]:2022", "me@[2001:db8::1]:2022"),
        ("me@2001:db8::1", "me@[2001:db8::1]:22"),
    ],
)
def test_ways_to_write_a_jump_host(config: Path, jump: str, address: str) -> None:
    target = resolve("gw-a", Given(jump=(jump,)), ssh_config=config)
    assert [hop.address for hop in target.jump] == [address]


def test_a_loop_of_jump_hosts_is_refused(config: Path) -> None:
    inventory = {"a": Given(jump=("b",)), "b": Given(jump=("a",))}
    with pytest.raises(InputError, match="form a loop: a → b → a"):
        resolve("a", inventory["a"], lookup=inventory.get, ssh_config=config)


@pytest.mark.parametrize("host", ["-oProxyCommand=touch /tmp/x", "a b", "", "a\nb", "$(id)"])
def test_a_host_that_is_none_never_reaches_a_command_line(config: Path, host: str) -> None:
    with pytest.raises(InputError, match="is not a host name or an address"):
        resolve("gw-a", Given(host=host or " "), ssh_config=config)


@pytest.mark.parametrize("jump", ["-oProxyCommand=x", "a b", "me@", "host:port"])
def test_a_jump_host_that_is_none_is_refused(config: Path, jump: str) -> None:
    with pytest.raises(InputError, match="is not a"):
        resolve("gw-a", Given(jump=(jump,)), ssh_config=config)


def test_include_is_followed(config: Path) -> None:
    (config.parent / "more.conf").write_text("Host gw-a\n  Port 2222\n")
    config.write_text(f"Include {config.parent}/more*.conf\nHost gw-a\n  User vpn\n")
    assert resolve("gw-a", ssh_config=config).address == "vpn@gw-a:2222"


def test_lines_after_an_include_belong_to_the_block_they_stand_in(config: Path) -> None:
    (config.parent / "more.conf").write_text("Host gw-b\n  Port 2222\n")
    config.write_text(f"Host gw-a\n  Include {config.parent}/more.conf\n  User vpn\n")
    assert resolve("gw-a", ssh_config=config).address == "vpn@gw-a:22"


def test_a_match_that_cannot_be_judged_does_not_apply_to_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """paramiko alone takes a criterion it does not know as fulfilled."""
    monkeypatch.setattr("wizard.ssh.openssh.shutil.which", lambda _: None)
    config = tmp_path / "config"
    config.write_text("Match localnetwork 203.0.113.0/24\n  ProxyJump office\nHost *\n  User vpn\n")
    target = resolve("gw-a", ssh_config=config)
    assert target.jump == ()
    assert target.user == "vpn"


def test_a_match_on_the_host_applies(config: Path) -> None:
    config.write_text("Match host gw-a\n  User vpn\nMatch host gw-b\n  User other\n")
    assert resolve("gw-a", ssh_config=config).user == "vpn"


@pytest.mark.skipif(not shutil.which("ssh"), reason="no OpenSSH here")
def test_a_configuration_openssh_refuses_is_quoted(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Host gw-a\n  Prot 22\n")
    with pytest.raises(InputError, match=r"config: line 2: Bad configuration option: prot"):
        resolve("gw-a", ssh_config=config)


def test_a_proxy_command_is_the_users_own_and_gets_its_tokens(config: Path) -> None:
    config.write_text("Host gw-a\n  HostName 192.0.2.1\n  ProxyCommand nc %h %p 100%%\n")
    assert resolve("gw-a", ssh_config=config).proxy_command == "nc 192.0.2.1 22 100%"
    assert resolve("gw-a", Given(jump=("b",)), ssh_config=config).proxy_command is None


def test_no_agent_is_no_agent(config: Path) -> None:
    config.write_text("Host gw-a\n  IdentityAgent none\n")
    assert resolve("gw-a", ssh_config=config).agent == ""


def test_an_address_with_colons_is_written_with_brackets() -> None:
    assert Target("gw", "2001:db8::1", 22, "root").address == "root@[2001:db8::1]:22"
