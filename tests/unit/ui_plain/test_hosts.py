from __future__ import annotations

from pathlib import Path

import pytest

from wizard.errors import InputError
from wizard.ui.plain.hosts import MOST_HOSTS, from_ansible, from_ssh_config


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_host_entries_without_wildcards_are_offered_in_order(tmp_path: Path) -> None:
    config = written(
        tmp_path,
        "config",
        "Host gw-b gw-a\n  HostName 192.0.2.1\nHost *.example !bad\n  User x\n"
        'host="quoted"\nMatch host gw-c\nHost * gw-d\n',
    )
    assert [host.name for host in from_ssh_config(config)] == ["gw-b", "gw-a", "quoted", "gw-d"]


def test_an_alias_stays_the_address_so_that_ssh_config_keeps_applying(tmp_path: Path) -> None:
    (host,) = from_ssh_config(written(tmp_path, "config", "Host gw\n  HostName 192.0.2.1\n  Port 2222\n"))
    assert (host.address, host.port, host.user) == ("gw", None, "")


def test_included_files_are_followed_relative_to_the_config(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    written(tmp_path / "conf.d", "20.conf", "Host second\n")
    written(tmp_path / "conf.d", "10.conf", "Host first\n")
    config = written(tmp_path, "config", "Include conf.d/*.conf\nHost third\n")
    assert [host.name for host in from_ssh_config(config)] == ["first", "second", "third"]


def test_a_config_that_includes_itself_comes_to_an_end(tmp_path: Path) -> None:
    config = written(tmp_path, "config", "Include config\nHost gw\n")
    assert [host.name for host in from_ssh_config(config)] == ["gw"]


def test_a_missing_ssh_config_has_no_hosts(tmp_path: Path) -> None:
    assert from_ssh_config(tmp_path / "config") == ()


INI = """\
bare.example
[gateways]
gw-a ansible_host=192.0.2.1 ansible_port=2222  # in the rack
gw-b:2200 ansible_user=vpn ansible_ssh_private_key_file=~/.ssh/vpn
gw[01:03].example
[branches]
gw-x ansible_user=own
[all:vars]
ansible_user=everyone
[sites:children]
gateways
branches
[sites:vars]
ansible_user="sites"
ansible_become=true
[gateways:vars]
ansible_password=CANARY-not-to-be-read
"""


def test_an_ini_inventory_gives_hosts_with_the_variables_of_their_groups(tmp_path: Path) -> None:
    found = {host.name: host for host in from_ansible(written(tmp_path, "hosts", INI))}
    assert list(found) == [
        "bare.example", "gw-a", "gw-b", "gw01.example", "gw02.example", "gw03.example", "gw-x",
    ]  # fmt: skip
    assert (found["gw-a"].address, found["gw-a"].port, found["gw-a"].user) == ("192.0.2.1", 2222, "sites")
    assert (found["gw-b"].port, found["gw-b"].user, found["gw-b"].identity_file) == (
        2200,
        "vpn",
        "~/.ssh/vpn",
    )
    assert found["gw-x"].user == "own"
    assert found["gw-x"].sudo
    assert (found["bare.example"].user, found["bare.example"].sudo) == ("everyone", False)
    assert "CANARY" not in repr(found)


YAML = """\
all:
  vars: {ansible_user: everyone, ansible_password: !vault "$ANSIBLE_VAULT;1.1"}
  hosts:
    gw-a: {ansible_host: 192.0.2.1}
  children:
    branches:
      vars: {ansible_user: branch, ansible_become: yes}
      hosts:
        gw-a:
        gw[1:2]: {ansible_port: 2222, ansible_host: "{{ lookup('x') }}"}
"""


@pytest.mark.parametrize("name", ["hosts.yaml", "hosts"])
def test_a_yaml_inventory_is_told_from_ini_and_its_inner_groups_win(tmp_path: Path, name: str) -> None:
    found = {host.name: host for host in from_ansible(written(tmp_path, name, YAML))}
    assert list(found) == ["gw-a", "gw1", "gw2"]
    assert (found["gw-a"].address, found["gw-a"].user, found["gw-a"].sudo) == ("192.0.2.1", "branch", True)
    assert (found["gw2"].address, found["gw2"].port) == ("gw2", 2222)


def test_a_huge_range_is_cut_short(tmp_path: Path) -> None:
    found = from_ansible(written(tmp_path, "hosts", "[a]\ngw[1:999999999][1:999999999]\n"))
    assert len(found) == MOST_HOSTS


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("hosts.yaml", "all:\n  hosts: {gw: [}\n", "hosts.yaml:2:"),
        ("hosts", "[a]\ngw ansible_host='open\n", "hosts:2"),
        ("hosts", "[a]\ngw\n[b c:d]\n", "hosts:3"),
    ],
)
def test_an_unusable_inventory_is_refused_with_its_place(
    tmp_path: Path, name: str, text: str, place: str
) -> None:
    with pytest.raises(InputError) as refused:
        from_ansible(written(tmp_path, name, text))
    assert place in str(refused.value)


def test_a_missing_inventory_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        from_ansible(tmp_path / "nowhere")
