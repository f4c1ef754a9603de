"""Host keys: known, unknown, changed, of another type, revoked; and the files they are kept in."""

from __future__ import annotations

import subprocess
from pathlib import Path

import paramiko
import pytest

from tests.ssh.conftest import Open, Start, needs_openssh
from tests.ssh.server import KEYS
from wizard.errors import InputError
from wizard.ssh import (
    ChangedHostKey,
    KnownHosts,
    OtherHostKeyType,
    RevokedHostKey,
    Target,
    UnknownHostKey,
)

RSA = paramiko.RSAKey.generate(2048)
KEY, OTHER = KEYS["host"], KEYS["other"]
GATEWAY = Target("gw-a", "gw-a.example")


def known(tmp_path: Path, *lines: str) -> tuple[KnownHosts, Target]:
    path = tmp_path / "users"
    path.write_text("\n".join(lines) + "\n")
    return KnownHosts(tmp_path / "ours"), Target(
        "gw-a", "gw-a.example", known_hosts=(path, tmp_path / "missing")
    )


def line(hosts: str, key: paramiko.PKey = KEY) -> str:
    return f"{hosts} {key.get_name()} {key.get_base64()} a comment"


@pytest.mark.parametrize(
    "hosts",
    [
        "gw-a.example",
        "other,gw-a.example,192.0.2.1",
        "*.example",
        "gw-?.example",
        "GW-A.Example",
        "*,!gw-b.example",
    ],
)
def test_a_known_key_passes(tmp_path: Path, hosts: str) -> None:
    keys, target = known(tmp_path, "# a comment", "", line(hosts), "garbage", "gw-a.example ssh-rsa !!!")
    keys.check(target, KEY)


@pytest.mark.parametrize(
    "hosts", ["gw-b.example", "*.example,!gw-a.example", "[gw-a.example]:2222", "*example.", "|1|x|y"]
)
def test_a_line_about_another_host_does_not_count(tmp_path: Path, hosts: str) -> None:
    keys, target = known(tmp_path, line(hosts))
    with pytest.raises(UnknownHostKey):
        keys.check(target, KEY)


def test_other_ports_have_their_own_record(tmp_path: Path) -> None:
    keys, target = known(tmp_path, line("[gw-a.example]:2222"))
    keys.check(Target("gw-a", "gw-a.example", 2222, known_hosts=target.known_hosts), KEY)


@needs_openssh
def test_hashed_hosts_as_openssh_writes_them(tmp_path: Path) -> None:
    keys, target = known(tmp_path, line("gw-a.example"))
    subprocess.run(
        ["ssh-keygen", "-q", "-H", "-f", str(target.known_hosts[0])], check=True, capture_output=True
    )
    assert "gw-a" not in target.known_hosts[0].read_text()
    keys.check(target, KEY)


@needs_openssh
def test_an_unknown_key_comes_with_the_fingerprint_ssh_keygen_prints(tmp_path: Path) -> None:
    with pytest.raises(UnknownHostKey) as unknown:
        KnownHosts(tmp_path / "ours").check(GATEWAY, KEY)
    public = tmp_path / "key.pub"
    public.write_text(f"{KEY.get_name()} {KEY.get_base64()}\n")
    printed = subprocess.run(
        ["ssh-keygen", "-lf", str(public)], capture_output=True, text=True, check=True
    ).stdout
    assert unknown.value.fingerprint == printed.split()[1]
    assert unknown.value.fingerprint in str(unknown.value)
    assert (unknown.value.host, unknown.value.port) == ("gw-a.example", 22)


def test_an_accepted_key_goes_to_our_own_file_only(tmp_path: Path) -> None:
    keys, target = known(tmp_path, line("unrelated"))
    before = target.known_hosts[0].read_text()
    with pytest.raises(UnknownHostKey) as unknown:
        keys.check(target, KEY)
    keys.accept(unknown.value)
    keys.accept(unknown.value)
    keys.check(target, KEY)
    assert target.known_hosts[0].read_text() == before
    assert keys.own.read_text() == f"gw-a.example {KEY.get_name()} {KEY.get_base64()}\n"
    assert keys.own.stat().st_mode & 0o777 == 0o600


def test_our_file_may_lack_its_last_line_end(tmp_path: Path) -> None:
    keys = KnownHosts(tmp_path / "deep" / "ours")
    keys.add("one", 22, KEY)
    keys.own.write_text(keys.own.read_text().rstrip("\n"))
    keys.add("gw-a.example", 22, OTHER)
    keys.check(GATEWAY, OTHER)
    assert len(keys.own.read_text().splitlines()) == 2
    assert keys.own.parent.stat().st_mode & 0o777 == 0o700


def test_a_changed_key_is_a_full_stop_with_both_fingerprints(tmp_path: Path) -> None:
    keys, target = known(tmp_path, line("gw-a.example", OTHER))
    with pytest.raises(ChangedHostKey) as changed:
        keys.check(target, KEY)
    text = str(changed.value)
    assert "has changed" in text
    assert changed.value.fingerprint in text
    assert changed.value.known_fingerprints[0] in text
    assert text.startswith(f"{target.known_hosts[0]}:1: ")
    assert f"ssh-keygen -f {target.known_hosts[0]} -R 'gw-a.example'" in text
    assert not isinstance(changed.value, UnknownHostKey)


def test_one_of_several_known_keys_passes(tmp_path: Path) -> None:
    keys, target = known(tmp_path, line("gw-a.example", OTHER), line("*.example", KEY))
    keys.check(target, KEY)


def test_a_key_of_another_type_is_worded_accordingly(tmp_path: Path) -> None:
    keys, target = known(tmp_path, line("gw-a.example", RSA))
    with pytest.raises(OtherHostKeyType, match=r"another type .* on record is only ssh-rsa SHA256:"):
        keys.check(target, KEY)


def test_a_revoked_key_is_refused_even_when_it_is_known(tmp_path: Path) -> None:
    keys, target = known(tmp_path, line("gw-a.example"), "@revoked " + line("*"))
    with pytest.raises(RevokedHostKey, match="marked as revoked"):
        keys.check(target, KEY)


def test_a_certificate_authority_is_said_not_to_be_supported(tmp_path: Path) -> None:
    keys, target = known(tmp_path, "@cert-authority " + line("*.example", OTHER))
    with pytest.raises(UnknownHostKey, match=r"certificate authority .* not supported"):
        keys.check(target, KEY)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    target = Target("gw-a", "gw-a.example", known_hosts=(tmp_path / "folder",))
    with pytest.raises(InputError, match="folder: the known host keys cannot be read: Is a directory"):
        KnownHosts(tmp_path / "ours").check(target, KEY)


def test_an_unknown_gateway_is_not_logged_in_to_until_it_is_accepted(
    start: Start, connect: Open, known_hosts: KnownHosts
) -> None:
    gateway = start(known=False)
    with pytest.raises(UnknownHostKey) as unknown:
        connect(gateway)
    assert gateway.attempts == []
    known_hosts.accept(unknown.value)
    assert connect(gateway).alive


def test_a_gateway_whose_key_changed_gets_nothing_from_us(
    start: Start, connect: Open, known_hosts: KnownHosts
) -> None:
    gateway = start(known=False)
    known_hosts.add("127.0.0.1", gateway.port, OTHER)
    with pytest.raises(ChangedHostKey):
        connect(gateway)
    assert gateway.attempts == []


def test_a_gateway_is_asked_for_the_type_of_key_that_is_on_record(
    start: Start, connect: Open, known_hosts: KnownHosts
) -> None:
    gateway = start(known=False, host_keys=(KEY, RSA))
    known_hosts.add("127.0.0.1", gateway.port, RSA)
    assert connect(gateway).host_key.startswith("ssh-rsa SHA256:")


def test_a_gateway_that_only_has_another_type_of_key_is_told_so(
    start: Start, connect: Open, known_hosts: KnownHosts
) -> None:
    gateway = start(known=False)
    known_hosts.add("127.0.0.1", gateway.port, RSA)
    with pytest.raises(OtherHostKeyType):
        connect(gateway)


def test_a_host_key_alias_is_the_name_on_record(start: Start, connect: Open, known_hosts: KnownHosts) -> None:
    gateway = start(known=False)
    known_hosts.add("the-alias", gateway.port, KEY)
    assert connect(gateway, host_key_alias="the-alias").alive
