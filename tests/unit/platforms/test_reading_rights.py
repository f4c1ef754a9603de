"""Configuration files that only root may read: read by sudo where it is granted, reported where it is not."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from wizard.platforms import charon_journal
from wizard.platforms.certificate_scripts import script
from wizard.platforms.gateway_scripts import SWANCTL_FILES
from wizard.platforms.ipsec_files import IPSEC_FILES

NOBODY = 65534
REFUSAL = "Sorry, user oncall is not allowed to execute '$*' as root on gw-a."
FORBIDDEN = "sudo: a password is required"


@pytest.fixture
def gateway() -> Iterator[Path]:
    """A folder that stands for a gateway's root, which a login without rights may look into."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        for folder in ("etc/swanctl/conf.d", "etc/ipsec.d", "bin"):
            (root / folder).mkdir(parents=True)
        (root / "etc/swanctl/swanctl.conf").write_text("include conf.d/*.conf\n")
        for tunnel in ("a", "b"):
            file = root / f"etc/swanctl/conf.d/{tunnel}.conf"
            file.write_text(f"connections {{ {tunnel} {{ version = 2 }} }}\n")
            file.chmod(0)
        (root / "etc/ipsec.conf").write_text("include ipsec.d/*.conf\n")
        (root / "etc/ipsec.d/a.conf").write_text("conn a\n  left=192.0.2.1\n")
        (root / "etc/ipsec.d/a.conf").chmod(0)
        yield root


def read(root: Path, script: str, sudo: str) -> subprocess.CompletedProcess[str]:
    """What a login reads whose sudo does as the shell lines say; what it asks for stands in the file `asked`."""
    (root / "asked").touch()
    (root / "asked").chmod(0o666)
    (root / "bin/sudo").write_text(f'#!/bin/sh\nshift\nprintf "%s\\n" "$*" >>{root}/asked\n{sudo}\n')
    (root / "bin/sudo").chmod(0o755)
    user = NOBODY if os.geteuid() == 0 else None
    return subprocess.run(
        ["sh", "-c", script.replace("/etc/", f"{root}/etc/").replace(" /etc ", f" {root}/etc ")],
        env={"PATH": f"{root}/bin:/usr/bin:/bin", "SUDO": "sudo -n", "SALT": "x"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        user=user,
        cwd=root,
    )


def asked(root: Path) -> list[str]:
    return (root / "asked").read_text().replace(f"{root}", "").splitlines()


# Gives the contents as root's grep would.
GIVEN = r"""
shift 2
for f; do sed "s|^|$f:|" <<E
conn_of = ${f##*/}
E
done"""


def test_only_what_the_login_cannot_read_is_asked_of_root(gateway: Path) -> None:
    printed = read(gateway, SWANCTL_FILES, f"case $1 in grep) shift;{GIVEN} ;; esac").stdout
    (once,) = asked(gateway)
    assert sorted(once.split()) == [
        "-H",
        "/etc/swanctl/conf.d/a.conf",
        "/etc/swanctl/conf.d/b.conf",
        "^",
        "grep",
    ]
    assert printed.count("@@ ") == 3


@pytest.mark.parametrize("words", [REFUSAL, FORBIDDEN])
def test_a_file_that_sudo_does_not_give_is_reported_and_the_others_are_read(
    gateway: Path, words: str
) -> None:
    sudo = f'case "$*" in *a.conf*) echo "{words}" >&2; exit 1 ;; esac\nshift;{GIVEN}'
    ran = read(gateway, SWANCTL_FILES, sudo)
    assert f"grep: {gateway}/etc/swanctl/conf.d/a.conf: Permission denied" in ran.stderr
    names = {
        Path(line.removeprefix("@@ ")).name for line in ran.stdout.splitlines() if line.startswith("@@ ")
    }
    assert names == {"swanctl.conf", "b.conf"}


def test_a_folder_that_is_closed_is_listed_by_root(gateway: Path) -> None:
    (gateway / "etc/swanctl").chmod(0)
    listed = f"{gateway}/etc/swanctl/swanctl.conf"
    printed = read(
        gateway, SWANCTL_FILES, f"case $1 in find) echo {listed} ;; *) shift;{GIVEN} ;; esac"
    ).stdout
    assert asked(gateway)[0] == "find /etc/swanctl -name *.conf -type f"
    assert f"@@ {listed}" in printed
    (gateway / "etc/swanctl").chmod(0o755)


def test_ipsec_conf_is_read_the_same_way(gateway: Path) -> None:
    ran = read(gateway, IPSEC_FILES, f"case $3 in include) ;; *) shift;{GIVEN} ;; esac")
    assert "grep -H ^ /etc/ipsec.d/a.conf" in asked(gateway)
    assert f"@@ {gateway}/etc/ipsec.d/a.conf" in ran.stdout


def test_certificates_and_keys_that_only_root_may_read_are_asked_of_openssl(gateway: Path) -> None:
    for name in ("x509/own.pem", "private/own.pem"):
        (gateway / "etc/swanctl" / name).parent.mkdir()
        (gateway / "etc/swanctl" / name).write_text("sealed")
        (gateway / "etc/swanctl" / name).chmod(0)
    sudo = 'case $1 in ls) exec "$@" ;; openssl) echo "public of $6" ;; esac'
    ran = read(gateway, script(("/etc/swanctl",), "true"), sudo)
    assert "sudo -n" not in ran.stderr
    assert (
        f"@@ file {gateway}/etc/swanctl/x509/own.pem\npublic of {gateway}/etc/swanctl/x509/own.pem"
        in ran.stdout
    )
    assert f" {gateway}/etc/swanctl/private/own.pem\n" in ran.stdout
    assert {line.split()[0] for line in asked(gateway)} == {"ls", "grep", "openssl"}


def test_a_log_file_that_only_root_may_read_is_found(gateway: Path) -> None:
    (gateway / "etc/strongswan.conf").write_text(
        f"charon {{ filelog {{ a {{ path = {gateway}/charon.log\n }} }} }}\n"
    )
    sudo = "case $1 in wc) echo 30 x ;; tail) echo '05[NET] sending packet' ;; esac"
    ran = read(gateway, charon_journal.since("recent-log", 900, 600).text, sudo)
    assert f"@@ file 30 {gateway}/charon.log" in ran.stdout
    assert "05[NET] sending packet" in ran.stdout
