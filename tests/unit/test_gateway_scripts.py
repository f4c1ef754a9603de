"""The filter that runs on the gateway: secrets stay there, equal keys get equal digests."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.facts.parsers.secret_digest import digest_of
from wizard.platforms.gateway_scripts import REDACT_SWANCTL, SWANCTL_FILES

CANARY = "CANARY-7f3a91"
SHELLS = [command for command in (["dash"], ["bash"], ["busybox", "sh"]) if shutil.which(command[0])]


def filtered(lines: Sequence[str], shell: Sequence[str] = ("sh",), salt: str = "salt") -> str:
    """What leaves the gateway of these lines of a file."""
    ran = subprocess.run(
        [*shell, "-c", REDACT_SWANCTL],
        input="".join(f"{line}\n" for line in lines).encode(),
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "SALT": salt},
        capture_output=True,
        check=True,
        timeout=20,
    )
    return ran.stdout.decode("utf-8", "replace")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('secret = "Hello world"', "Hello world"),
        ("secret=Hello", "Hello"),
        ("  secret = Hello  # a remark", "Hello"),
        ("ike-1 { secret = Hello }", "Hello"),
        ('secret = "say \\"hi\\""', 'say "hi"'),
        ("secret = 0x48656c6c6f", "0x48656c6c6f"),
        ("secret = 0sSGVsbG8=", "0sSGVsbG8="),
    ],
)
def test_a_secret_leaves_as_the_digest_this_program_would_make(
    shell: Sequence[str], written: str, value: str
) -> None:
    assert f"digest:{digest_of(value, 'salt')}" in filtered([written], shell)


def test_one_key_in_three_spellings_has_one_digest() -> None:
    lines = filtered(["secret = Hello", "secret = 0x48656C6C6F", "secret = 0sSGVsbG8="]).splitlines()
    assert len({line.partition("digest:")[2] for line in lines}) == 1


def test_another_salt_makes_another_digest() -> None:
    assert filtered(["secret = Hello"], salt="one") != filtered(["secret = Hello"], salt="two")


def test_what_is_no_secret_passes_unchanged() -> None:
    lines = [
        "connections {",
        "  site {",
        "    proposals = aes256-sha256-modp2048",
        "    local_addrs = 192.0.2.1",
        "  }",
        "}",
    ]
    assert filtered(lines).splitlines() == lines


def test_an_old_secret_in_a_remark_does_not_leave() -> None:
    assert CANARY not in filtered([f"# secret = {CANARY}", f"  #psk {CANARY}"])


def test_a_secret_that_is_not_closed_is_left_out_to_its_end() -> None:
    text = filtered([f'secret = "{CANARY}', f'still {CANARY}" more {CANARY}', "version = 2"])
    assert CANARY not in text
    assert "version = 2" in text


@settings(max_examples=60)
@given(
    before=st.sampled_from(["", "  ", "\t", "ike { ", "ike-1{", "} ", "eap-x { id = a\t"]),
    key=st.sampled_from(["secret", "secret1", "SECRET", "pin", "my_secret", "passphrase"]),
    equals=st.sampled_from(["=", " = ", "\t=\t", "= "]),
    quote=st.sampled_from(["", '"']),
    around=st.text(alphabet=" \t{}#=\\'$`;|&x", max_size=4),
    after=st.sampled_from(["", " # remark", " }", "\r", " } }"]),
)
def test_no_way_of_writing_a_secret_lets_it_out(
    before: str, key: str, equals: str, quote: str, around: str, after: str
) -> None:
    value = (
        f"{quote}{CANARY}{around}{quote}"
        if quote
        else f"{CANARY}{around.translate(dict.fromkeys(map(ord, '#{}')))}"
    )
    assert CANARY not in filtered([f"{before}{key}{equals}{value}{after}"])


def test_the_script_is_sound_shell() -> None:
    subprocess.run(["sh", "-nc", SWANCTL_FILES], check=True, timeout=20)
