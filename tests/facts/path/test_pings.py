"""Several pings at once: each is printed in one piece under its name, and a loss is looked into."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from wizard.facts.parsers.framed import section, sections
from wizard.facts.parsers.ping import parse
from wizard.platforms import linux, pings
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


def run(text: str, path: str, sudo: str = "") -> str:
    return subprocess.run(
        ["sh", "-c", text],
        env={"PATH": path, "SUDO": sudo},
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


REFUSALS = [
    (
        "ping: socktype: SOCK_RAW\nping: socket: Operation not permitted\n"
        "ping: => missing cap_net_raw+p capability or setuid?"
    ),
    "ping: socket: Permission denied",
    "ping: icmp open socket: Operation not permitted",
    "ping: permission denied (are you root?)",
    "ping: Lacking privilege for icmp socket.",
]


def closed(path: str, refusal: str, granted: str) -> str:
    """A login whose ping may open no socket; what sudo does with it is up to `granted`."""
    folder = Path(path.partition(":")[0])
    (folder / "ping").rename(folder / "ping.real")
    (folder / "ping").write_text(
        f"#!/bin/sh\n[ \"$ROOT\" ] && exec {folder}/ping.real \"$@\"\nprintf '%s\\n' '{refusal}' >&2; exit 2\n"
    )
    (folder / "sudo").write_text(f"#!/bin/sh\nshift\n{granted}\n")
    for name in ("ping", "sudo"):
        (folder / name).chmod(0o755)
    return path


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_login_that_may_open_no_socket_has_root_ping(path: str, refusal: str) -> None:
    closed(path, refusal, 'ROOT=1 "$@"')
    echoes = [Echo("near-host", "10.1.0.10", "10.1.0.1"), Echo("large", "10.1.0.11", size=1500, adapt=True)]
    printed = run(pings.command("test-packets", echoes).text, path, "sudo -n")
    assert parse(section(printed, "near-host").body).received == 3
    assert "1410(84) bytes" in section(printed, "large").body
    assert "socket" not in printed

    printed = run(linux.pinged("peer-ping", "10.9.0.10", "10.1.0.1").text, path, "sudo -n")
    assert parse(printed).answered is False


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize(
    ("sudo", "granted"), [("", ""), ("sudo -n", "echo 'sudo: a password is required' >&2; exit 1")]
)
def test_where_root_is_not_to_be_had_the_ping_counts_as_refused(
    path: str, refusal: str, sudo: str, granted: str
) -> None:
    closed(path, refusal, granted)
    printed = run(pings.command("test-packets", [Echo("far-host", "10.1.0.10")]).text, path, sudo)
    found = parse(section(printed, "far-host").body)
    assert (found.refused, found.answered) == (True, None)
    assert ("sudo: a password is required" in printed) is bool(sudo)


def test_a_packet_filter_that_refuses_a_ping_is_no_missing_right(path: str) -> None:
    closed(path, "PING 10.1.0.10 (10.1.0.10)\nping: sendmsg: Operation not permitted", 'ROOT=1 "$@"')
    printed = run(pings.command("test-packets", [Echo("far-host", "10.1.0.10")]).text, path, "sudo -n")
    found = parse(section(printed, "far-host").body)
    assert (found.refused, [error.kind for error in found.errors]) == (False, ["not-permitted"])
