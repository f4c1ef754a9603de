"""Several pings at once: each is printed in one piece under its name, and a loss is looked into."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from wizard.facts.parsers.framed import section, sections
from wizard.facts.parsers.ping import parse
from wizard.platforms import pings
from wizard.platforms.pings import Echo

STUB = """\
#!/bin/sh
for last; do :; done
size=0; previous=
for word; do [ "$previous" = -s ] && size=$word; previous=$word; done
echo "PING $last ($last) $size(84) bytes of data."
case $last in 10.9.*) got=0 ;; *) got=3 ;; esac
if [ "$size" -gt 1410 ]; then
  echo "ping: local error: message too long, mtu=1438" >&2
  got=0
fi
echo
echo "--- $last ping statistics ---"
echo "3 packets transmitted, $got received, 0% packet loss, time 400ms"
[ $got = 3 ]
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    stub = tmp_path / "ping"
    stub.write_text(STUB)
    stub.chmod(0o755)
    return f"{tmp_path}:/usr/bin:/bin"


def run(text: str, path: str) -> str:
    return subprocess.run(
        ["sh", "-c", text],
        env={"PATH": path, "SUDO": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    ).stdout


def test_every_ping_has_its_own_part(path: str) -> None:
    echoes = [Echo("near-host", "10.1.0.10", "10.1.0.1"), Echo("far-host", "10.9.0.10", "10.1.0.1")]
    printed = run(pings.command("test-packets", echoes).text, path)
    assert {part.name: parse(part.body).received for part in sections(printed)} == {
        "near-host": 3,
        "far-host": 0,
    }


def test_only_a_loss_is_looked_into(path: str) -> None:
    lost = "case \" $lost \" in *' far-host '*) echo '@@ why'; echo because ;; esac"
    answered = run(pings.command("test-packets", [Echo("far-host", "10.1.0.10")], lost=lost).text, path)
    unanswered = run(pings.command("test-packets", [Echo("far-host", "10.9.0.10")], lost=lost).text, path)
    assert "@@ why" not in answered
    assert section(unanswered, "why").lines == ["because"]


def test_a_packet_too_large_for_the_tunnel_is_sent_again_as_large_as_the_kernel_says(path: str) -> None:
    printed = run(
        pings.command("test-packets", [Echo("large", "10.1.0.10", size=1500, adapt=True)]).text, path
    )
    body = section(printed, "large").body
    assert "1472(84) bytes" in body
    assert "1410(84) bytes" in body


def test_what_the_operator_sees_can_be_typed() -> None:
    command = pings.command("test-packets", [Echo("a", "10.2.0.10", "10.1.0.1", size=1438)])
    assert command.show == "ping -c 3 -M do -s 1410 -I 10.1.0.1 10.2.0.10"


def test_words_of_an_inventory_stay_words(path: str, tmp_path: Path) -> None:
    printed = run(pings.command("test-packets", [Echo("a", f"$(touch {tmp_path}/made)")]).text, path)
    assert "@@ a" in printed
    assert not (tmp_path / "made").exists()
