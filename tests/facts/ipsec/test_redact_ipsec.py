"""The filter for ipsec.conf and ipsec.secrets that runs on the gateway: no secret leaves it."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wizard.facts.parsers import ipsec_secrets
from wizard.facts.parsers.secret_digest import digest_of_bytes
from wizard.platforms.ipsec_files import IPSEC_FILES, REDACT_IPSEC

CANARY = "Zq7Xw9Kp"
SALT = "salt"
SECRETS = f"""\
# an old key: PSK "{CANARY}"
192.0.2.1 198.51.100.2 : PSK "{CANARY} one"
@a.example @b.example: PSK '{CANARY}'
: PSK 0s{CANARY}=
%any : PSK {CANARY}
"C=CH, O=x, CN=a" : PSK "{CANARY}" # and {CANARY}
carol@example.org : EAP "{CANARY}"
carol : XAUTH "{CANARY}"
: RSA key.pem "{CANARY}"
: RSA key.pem
: ECDSA {{
  Modulus: 0x{CANARY}
  }}
@a.example : PSK
    "{CANARY}"
1.2.3.4 PSK "{CANARY}"
1.2.3.4 PSK {CANARY}
: PPKS "ppk id" "{CANARY}"
: FOO "{CANARY}"
include /etc/ipsec.d/*.secrets
"""
CONF = f"""\
config setup
  uniqueids=no
conn site
  left=192.0.2.1  # was {CANARY}
  leftid="C=CH, O=x, CN=a" # {CANARY}
  secret={CANARY}
  lefid={CANARY}
  leftcert="a
    {CANARY}"
  # {CANARY}
  also=base
include ipsec.d/*.conf
"""
SHELLS = [shell for shell in (["sh"], ["dash"], ["busybox", "sh"]) if shutil.which(shell[0])]


def redacted(text: str, kind: str = "secrets", shell: list[str] | None = None) -> str:
    env = {"PATH": os.environ["PATH"], "SALT": SALT, "KIND": kind}
    command = [*(shell or ["sh"]), "-c", REDACT_IPSEC]
    done = subprocess.run(command, input=text.encode(), capture_output=True, env=env, timeout=60, check=True)
    assert done.stderr == b""
    return done.stdout.decode("utf-8", "surrogateescape")


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_no_secret_is_left_and_every_line_keeps_its_place(shell: list[str]) -> None:
    for kind, text in (("secrets", SECRETS), ("conf", CONF)):
        out = redacted(text, kind, shell)
        assert CANARY not in out
        assert out.count("\n") == text.count("\n")


def test_what_is_no_secret_stays_as_it_is() -> None:
    lines = redacted(CONF, "conf").splitlines()
    assert lines[:5] == [
        "config setup",
        "  uniqueids=no",
        "conn site",
        "  left=192.0.2.1",
        '  leftid="C=CH, O=x, CN=a"',
    ]
    assert lines[-2:] == ["  also=base", "include ipsec.d/*.conf"]
    secrets = redacted(SECRETS).splitlines()
    assert secrets[1].startswith("192.0.2.1 198.51.100.2 : PSK digest:")
    assert secrets[9] == ": RSA key.pem"
    assert secrets[-1] == "include /etc/ipsec.d/*.secrets"


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ('"a key"', b"a key"),
        ("'a key'", b"a key"),
        ('"0x6161"', b"0x6161"),
        ("0x6161", b"aa"),
        ("0sYWE=", b"aa"),
        ("0tplain", b"plain"),
        ("plain", b"plain"),
        ('"\\n%s$HOME`id`"', b"\\n%s$HOME`id`"),
        ('"ä"', "ä".encode()),
    ],
)
def test_the_digest_made_on_the_gateway_is_the_one_made_here(written: str, key: bytes) -> None:
    text = f"@a @b.example : PSK {written}\n"
    here, _ = ipsec_secrets.parse([("x.secrets", text)], dialect="strongswan", salt=SALT)
    there, _ = ipsec_secrets.parse([("x.secrets", redacted(text))], dialect="strongswan")
    assert here == there
    assert here[0].digest == digest_of_bytes(key, SALT)
    assert here[0].identities == ("@a", "@b.example")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.integers(0, 900), st.sampled_from(["", *"'\":#{}\n ", "PSK", " : ", "\n  "]), st.integers(0, 3)
        ),
        max_size=3,
    )
)
def test_no_secret_leaves_a_file_that_was_damaged(cuts: list[tuple[int, str, int]]) -> None:
    text = SECRETS
    for at, put, drop in cuts:
        text = text[:at] + put + text[at + drop :]
    assert CANARY not in redacted(text).replace(f"include {CANARY}", "")


def test_files_of_a_gateway_come_framed_with_what_they_include(tmp_path: object) -> None:
    assert "find" in IPSEC_FILES
    subprocess.run(["sh", "-n", "-c", IPSEC_FILES], check=True, timeout=10)
