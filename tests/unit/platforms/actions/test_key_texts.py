"""A key is read, replaced and added where it stands, in every spelling, and the rest of the file stays as it is."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from wizard.facts.parsers.secret_digest import digest_of_bytes
from wizard.facts.tunnel import Dialect
from wizard.platforms.actions import key_texts
from wizard.platforms.gateway_scripts import REDACT_SWANCTL
from wizard.platforms.guard import LIBRARY
from wizard.platforms.ipsec_files import REDACT_IPSEC

SHELLS = [command for command in (["dash"], ["bash"], ["busybox", "sh"]) if shutil.which(command[0])]
NEW = b"Dummy new key \x01\xff"
WRITTEN = f"0s{base64.b64encode(NEW).decode()}"
HELLO = base64.b64encode(b"Hello").decode()


def run(text: str, folder: Path, shell: Sequence[str] = ("sh",)) -> subprocess.CompletedProcess[str]:
    """The text as a step of a guard runs it, with NEW as its secret."""
    guard = folder / "guard"
    guard.mkdir(exist_ok=True)
    words = f"G={guard}; ID=trial; N=0; W={base64.b64encode(NEW).decode()}\n{LIBRARY}\n{text}\n"
    return subprocess.run(
        [*shell, "-c", words],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
        capture_output=True,
        check=False,
        text=True,
        timeout=20,
    )


SWANCTL = [
    ("secret = Hello", "secret = @"),
    ("secret=Hello\t# a remark", "secret=@\t# a remark"),
    ('secret = "Hello"', "secret = @"),
    ('  secret = "Hel" "lo"', "  secret = @"),
    ("secret = 0x48656c6C6f", "secret = @"),
    ("secret = 0x48:65:6c:6c:6f", "secret = @"),
    ("secret = 0sSGVsbG8=", "secret = @"),
    ('secret = "0SSGVsbG8="', "secret = @"),
    ('secret = "He\\llo"', "secret = @"),
    ("secret = Hello\r", "secret = @\r"),
]
SECRETS = [
    ("@a @b : PSK Hello", "@a @b : PSK @", "@a @b"),
    ('@a @b : PSK "Hello"', "@a @b : PSK @", "@a @b"),
    ("@a   @b :psk 'Hello'  # old", "@a   @b :psk @  # old", "@a @b"),
    ("@a @b : PSK 0x48656c6c6f", "@a @b : PSK @", "@a @b"),
    ("@a @b : PSK 0sSGVsbG8=", "@a @b : PSK @", "@a @b"),
    ("@a @b : PSK 0tHello", "@a @b : PSK @", "@a @b"),
    (": PSK Hello", ": PSK @", ""),
    ("192.0.2.1 198.51.100.1 : PSK Hello\r", "192.0.2.1 198.51.100.1 : PSK @\r", "192.0.2.1 198.51.100.1"),
    ('"C=CH, CN=a" @b : PSK "Hello"', '"C=CH, CN=a" @b : PSK @', '"C=CH, CN=a" @b'),
    ("@a @b : PSK\n   Hello", "@a @b : PSK\n   @", "@a @b"),
    ("@a\n  @b : PSK Hello", "@a\n  @b : PSK @", "@a"),
]


def swanctl_file(line: str) -> tuple[str, int]:
    """A file with the line as the key of `ike-site`, and the number of that line."""
    before = "secrets {\n  ike-old {\n    secret = Others\n  }\n  ike-site {\n    id-1 = a # secret = x\n"
    return f"{before}{line}\n  }}\n}}\n", 7


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("line", "after"), SWANCTL)
def test_a_key_in_swanctl_conf_is_replaced_in_its_place(
    tmp_path: Path, shell: Sequence[str], line: str, after: str
) -> None:
    file = tmp_path / "site.conf"
    text, number = swanctl_file(line)
    file.write_bytes(text.encode())
    ran = run(key_texts.read(str(file), number, "ike-site", "swanctl"), tmp_path, shell)
    assert ran.stdout == (HELLO if '"Hel" "lo"' not in line else base64.b64encode(b"Hel lo").decode())
    ran = run(key_texts.write(str(file), number, "ike-site", "swanctl"), tmp_path, shell)
    assert (ran.returncode, ran.stdout) == (0, "")
    assert file.read_bytes().decode() == swanctl_file(after.replace("@", WRITTEN))[0]
    assert run(f"give_back {file}", tmp_path, shell).returncode == 0
    assert file.read_bytes().decode() == text


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("lines", "after", "owner"), SECRETS)
def test_a_key_in_a_secrets_file_is_replaced_in_its_place(
    tmp_path: Path, shell: Sequence[str], lines: str, after: str, owner: str
) -> None:
    file = tmp_path / "ipsec.secrets"
    around = "# keys\n@x : PSK Others\n{}\n@y : PSK Others\n"
    file.write_bytes(around.format(lines).encode())
    ran = run(key_texts.read(str(file), 3, owner, "libreswan"), tmp_path, shell)
    assert ran.stdout == HELLO
    ran = run(key_texts.write(str(file), 3, owner, "libreswan"), tmp_path, shell)
    assert (ran.returncode, ran.stdout) == (0, "")
    assert file.read_bytes().decode() == around.format(after[::-1].replace("@", WRITTEN[::-1], 1)[::-1])


def test_what_is_written_is_the_very_key_for_the_daemon(tmp_path: Path) -> None:
    for dialect, filtering in (("swanctl", REDACT_SWANCTL), ("ipsec.conf", REDACT_IPSEC)):
        text = "secrets {\n ike-x { secret = old }\n}\n" if dialect == "swanctl" else "x\n@a : PSK old\n"
        file = tmp_path / f"{dialect}.file"
        file.write_text(text)
        owner = "ike-x" if dialect == "swanctl" else "@a"
        known: Dialect = "swanctl" if dialect == "swanctl" else "ipsec.conf"
        assert run(key_texts.write(str(file), 2, owner, known), tmp_path).returncode == 0
        seen = subprocess.run(
            ["sh", "-c", filtering],
            input=file.read_text(),
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "SALT": "salt", "KIND": "secrets"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert f"digest:{digest_of_bytes(NEW, 'salt')}" in seen.stdout


@pytest.mark.parametrize(
    ("dialect", "lines", "owner"),
    [
        ("swanctl", 'ike-site {\n  secret = "over\n  two lines"\n}', "ike-site"),
        ("swanctl", "ike-other {\n  secret = Hello\n}", "ike-site"),
        ("swanctl", "ike-site {\n  id = a\n  secret = Hello\n}", "ike-site"),
        ("swanctl", "ike-site {\n  secret =\n}", "ike-site"),
        ("ipsec.conf", "#\n@a @c : PSK Hello", "@a @b"),
        ("ipsec.conf", '#\n@a @b : PSK "Hello', "@a @b"),
        ("ipsec.conf", "#\n@a @b : PSK\n@c : PSK Hello", "@a @b"),
        ("ipsec.conf", "#\n@a @b : RSA file.pem", "@a @b"),
    ],
)
def test_what_is_not_understood_or_not_this_tunnels_is_left_alone(
    tmp_path: Path, dialect: Dialect, lines: str, owner: str
) -> None:
    file = tmp_path / "file"
    file.write_text(f"{lines}\n")
    assert run(key_texts.read(str(file), 2, owner, dialect), tmp_path).stdout == ""
    assert run(key_texts.found(str(file), 2, owner, dialect), tmp_path).returncode != 0
    assert run(key_texts.write(str(file), 2, owner, dialect), tmp_path).returncode != 0
    assert file.read_text() == f"{lines}\n"


@pytest.mark.parametrize("exists", [True, False])
def test_a_key_is_added_at_the_end_and_taken_away_again(tmp_path: Path, exists: bool) -> None:
    file = tmp_path / "ipsec.secrets"
    if exists:
        file.write_text("@x : PSK Others")
        file.chmod(0o640)
    ran = run(key_texts.add(str(file), "@a @b : PSK ", "\n", exists), tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert file.read_text() == ("@x : PSK Others\n" if exists else "") + f"@a @b : PSK {WRITTEN}\n"
    assert file.stat().st_mode & 0o777 == (0o640 if exists else 0o600)
    run(f"give_back {file}", tmp_path)
    assert (file.read_text() if file.exists() else None) == ("@x : PSK Others" if exists else None)


def test_a_step_without_its_secret_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("#\n@a : PSK Hello\n")
    text = key_texts.write(str(file), 2, "@a", "ipsec.conf")
    assert run(f"W=\n{text}", tmp_path).returncode != 0
    assert file.read_text() == "#\n@a : PSK Hello\n"
