"""Whether a daemon has taken its secrets shows in its words; its exit status says too much or nothing."""

from __future__ import annotations

import shutil
import socketserver
import struct
import subprocess
import threading
from pathlib import Path
from typing import ClassVar

import pytest

from wizard.facts.focus import Focus
from wizard.facts.model import Facts
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import Connection
from wizard.platforms.actions import loaded_secrets
from wizard.platforms.actions.base import Site, Unplannable
from wizard.platforms.actions.credentials import LoadSecrets

SHELLS = [command for command in (["dash"], ["bash"], ["busybox", "sh"]) if shutil.which(command[0])]


def site(implementation: str) -> Site:
    snapshot = Snapshot("near", "gw-a", implementation=implementation)
    return Site({"near": snapshot}, {"near": Focus(Connection("site"), name="site")}, Facts())


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("said", "left", "code"),
    [
        ("loaded ike secret 'ike-site'", 0, 0),
        ("loading '/etc/swanctl/private/x.pem' failed: parsing\nloaded ike secret 'ike-site'", 22, 0),
        ("", 0, 0),
        ("syntax error, unexpected end of file\ninvalid config file '/etc/swanctl/swanctl.conf'", 0, 78),
        ("connecting to 'default' URI failed: No such file or directory", 2, 2),
        ("loading '/etc/swanctl/private/x.pem' failed: parsing", 22, 22),
    ],
)
def test_swanctl_is_taken_at_its_words(
    shell: list[str], said: str, left: int, code: int, tmp_path: Path
) -> None:
    (step,) = LoadSecrets().plan(site("strongswan-swanctl"), "near", {}, {}).steps
    ran = subprocess.run(
        [*shell, "-c", f'swanctl() {{ echo "$SAID"; return {left}; }}\n( {step.apply} )'],
        env={"PATH": "/usr/bin:/bin", "SAID": said, "G": str(tmp_path)},
        capture_output=True,
        check=False,
        text=True,
    )
    assert ran.returncode == code
    assert (ran.stderr != "") == (code != 0)


class Vici(socketserver.StreamRequestHandler):
    """A daemon that holds names of shared secrets and takes them back one by one."""

    held: ClassVar[list[bytes]] = []

    def handle(self) -> None:
        (length,) = struct.unpack(">I", self.rfile.read(4))
        asked = self.rfile.read(length)
        size = asked[1]
        command, rest = asked[2 : 2 + size], asked[2 + size :]
        answer = b"\x01"
        if command == b"get-shared":
            items = b"".join(b"\x05" + struct.pack(">H", len(one)) + one for one in self.held)
            answer += b"\x04\x04keys" + items + b"\x06"
        else:
            self.held.remove(rest[6:])
            answer += b"\x03\x07success" + struct.pack(">H", 3) + b"yes"
        self.wfile.write(struct.pack(">I", len(answer)) + answer)


@pytest.mark.skipif(not shutil.which("perl"), reason="perl speaks to the daemon's socket")
@pytest.mark.parametrize("shell", SHELLS)
def test_undone_the_daemon_lets_go_of_the_secrets_it_did_not_hold(shell: list[str], tmp_path: Path) -> None:
    (step,) = LoadSecrets().plan(site("strongswan-swanctl"), "near", {}, {}).steps
    (tmp_path / "guard").mkdir()
    (tmp_path / "swanctl").write_text("#!/bin/sh\n", encoding="ascii")
    (tmp_path / "swanctl").chmod(0o755)
    path = str(tmp_path / "vici")

    def run(text: str) -> int:
        words = f"( {text.replace(loaded_secrets.SOCKETS[0], path)} )"
        env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "G": str(tmp_path / "guard")}
        return subprocess.run([*shell, "-c", words], env=env, check=False).returncode

    with socketserver.UnixStreamServer(path, Vici) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        Vici.held = [b"ike-branch", b"ike-old one"]
        assert run(step.apply) == 0
        Vici.held = [*Vici.held, b"ike-site", b"ike-branch-2"]
        assert run(step.undo) == 0
        server.shutdown()
    assert Vici.held == [b"ike-branch", b"ike-old one"]


def test_a_certificate_whose_file_has_gone_is_let_go_of() -> None:
    (step,) = LoadSecrets().plan(site("strongswan-swanctl"), "near", {"what": "certificates"}, {}).steps
    assert "--clear" in step.undo
    assert "--clear" not in step.apply


def test_a_daemon_nobody_knows_is_not_planned_for() -> None:
    with pytest.raises(Unplannable, match="is not known"):
        LoadSecrets().plan(site("ios"), "near", {}, {})


def test_there_is_nothing_to_load_where_the_daemon_was_stopped_again() -> None:
    (step,) = LoadSecrets().plan(site("strongswan-swanctl"), "near", {}, {}).steps
    ran = subprocess.run(
        ["sh", "-c", f"swanctl() {{ echo 'URI failed' >&2; return 2; }}\n( {step.undo} )"],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0
