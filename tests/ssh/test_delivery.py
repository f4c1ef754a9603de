"""Secrets reach a command through its standard input, and come back without passing an output."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.ssh.conftest import Open, Start
from wizard.facts.probes import Command
from wizard.platforms.guard import by_root
from wizard.ssh import Secret, Secrets, deliver, obtain

READS = Command(
    "step",
    "$SUDO sh -c 'while read -r W; do case $W in secret:*) echo \"got ${#W}\"; exit 0;; esac; done; exit 9'",
)

# Asks a program for its password, as `sudo -A` does, unless $SUDO_FREE; every call is noted.
SUDO = r"""#!/bin/sh
printf '%s\n' "$*" >>"${0%/*}/sudo.log"
while :; do case $1 in -A) asks=1; shift ;; -n) asks=0; shift ;; -p) prompt=$2; shift 2 ;; *) break ;; esac; done
[ -n "$SUDO_FREE" ] || {
  [ "$asks" = 1 ] || { echo "sudo: a password is required" >&2; exit 1; }
  given=$("$SUDO_ASKPASS" "$prompt")
  [ "$given" = s3cret-w0rd ] || { echo "sudo: 1 incorrect password attempt" >&2; exit 1; }
}
exec "$@"
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    program = tmp_path / "bin" / "sudo"
    program.parent.mkdir()
    program.write_text(SUDO)
    program.chmod(0o755)
    return f"{program.parent}:/usr/sbin:/usr/bin:/sbin:/bin"


def test_a_secret_is_handed_over_and_shown_nowhere(start: Start, connect: Open) -> None:
    gateway = start()
    output = deliver(connect(gateway), READS, Secret("a-very-secret-key"))
    assert (output.stdout, output.exit_code, output.problem) == ("got 24\n", 0, None)
    assert "a-very-secret-key" not in repr(output)


@pytest.mark.parametrize("free", ["", "yes"])
def test_whether_sudo_asks_or_not_its_password_is_not_taken_for_the_secret(
    start: Start, connect: Open, path: str, tmp_path: Path, free: str
) -> None:
    connection = connect(start(environment={"PATH": path, "SUDO_FREE": free}))
    secrets = Secrets()
    secrets.store("sudo", connection.target.address, Secret("s3cret-w0rd"))
    output = deliver(connection, READS, Secret("a-very-secret-key"), become="sudo", secrets=secrets)
    assert (output.stdout, output.exit_code) == ("got 24\n", 0)
    told = (tmp_path / "bin" / "sudo.log").read_text()
    assert not re.search("s3cret|very", told)


def test_a_script_for_roots_shell_is_read_by_it_and_the_password_is_not(
    start: Start, connect: Open, path: str
) -> None:
    connection = connect(start(environment={"PATH": path}))
    secrets = Secrets()
    secrets.store("sudo", connection.target.address, Secret("s3cret-w0rd"))
    command = by_root(Command("secret", "$SUDO cat /dev/null; printf %s a2V5LWtleQ=="), {})
    secret, output = obtain(connection, command, become="sudo", secrets=secrets)
    assert secret is not None, output.stderr
    assert secret.reveal() == "a2V5LWtleQ=="


def test_without_a_password_sudo_is_not_waited_for(start: Start, connect: Open, path: str) -> None:
    output = deliver(
        connect(start(environment={"PATH": path})), READS, Secret("key-key"), become="sudo", secrets=Secrets()
    )
    assert output.exit_code == 1
    assert "a password is required" in output.stderr


def test_what_is_read_is_a_secret_and_its_output_is_empty(start: Start, connect: Open) -> None:
    secret, output = obtain(connect(start()), Command("secret", "echo a2V5LWtleQ=="))
    assert secret is not None
    assert secret.reveal() == "a2V5LWtleQ=="
    assert output.stdout == ""


@pytest.mark.parametrize("text", ["exit 3", "true", "echo half; exit 1"])
def test_a_secret_that_cannot_be_read_is_none(start: Start, connect: Open, text: str) -> None:
    secret, _ = obtain(connect(start()), Command("secret", text))
    assert secret is None


def test_a_lost_link_is_an_answer(start: Start, connect: Open) -> None:
    connection = connect(start())
    connection.close()
    assert str(deliver(connection, READS, Secret("key-key")).problem).startswith("not run")
