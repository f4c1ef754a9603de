"""The filter that runs on the gateway: no secret leaves it, however the file is written or broken."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wizard.facts.parsers import settings as settings_file
from wizard.facts.parsers.secret_digest import digest_of
from wizard.platforms.gateway_scripts import REDACT_SWANCTL

CANARY = "Zq7Xw9Kp"
SALT = "salt"
FILE = f"""\
# an old secret = {CANARY}
connections {{
  site {{
    version = 2
    proposals = aes256-sha256-modp2048, default
    local {{ auth = psk
      id = "gw a" }}
    children {{ net {{ local_ts = 10.1.0.0/24 }} }}
  }}
  other : connections.site {{ mobike = no }}
}}
secrets {{
  ike-1 {{ id-1a = gw-a  id2 = x
    secret = "{CANARY} and {CANARY}" }}
  ike-2 {{
    id = b
    secret = {CANARY}!
  }}
  eap-x {{ secret = a {CANARY} #c
  }}
  private-1 {{ file = k.pem
    secret = "{CANARY}\\"x"
  }}
  token {{ pin = {CANARY} }}
}}
include conf.d/*.conf
"""
SHELLS = [shell for shell in (["sh"], ["dash"], ["busybox", "sh"]) if shutil.which(shell[0])]


def redacted(text: str, shell: list[str] | None = None, **environment: str) -> str:
    env = {"PATH": os.environ["PATH"], "SALT": SALT, **environment}
    command = [*(shell or ["sh"]), "-c", REDACT_SWANCTL]
    done = subprocess.run(command, input=text.encode(), capture_output=True, env=env, timeout=60, check=True)
    assert done.stderr == b""
    return done.stdout.decode("utf-8", "surrogateescape")


def shape(group: settings_file.Group) -> object:
    keys = {key: (one.value is None, one.place.line) for key, one in group.settings.items()}
    return keys, group.references, {name: shape(inner) for name, inner in group.groups.items()}


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_equal_keys_in_any_spelling_become_equal_digests(shell: list[str]) -> None:
    spellings = [
        '"canary one"',
        "canary   one",
        "0x63616e617279206f6e65",
        "0sY2FuYXJ5IG9uZQ==",
        '"canary \\\none"',
    ]
    text = (
        "secrets {\n"
        + "".join(f"ike-{n} {{\nsecret = {one}\n}}\n" for n, one in enumerate(spellings))
        + "}\n"
    )
    out = redacted(text, shell)
    expected = f"secret = digest:{digest_of('canary one', SALT)}"
    assert out.count(expected) == len(spellings)
    assert out.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "written", ["0x00ff00", "0x0061", '"ä\\tb\\"\\\\c"', "0sAAAA", "%n%s$HOME`id`", "0x"]
)
def test_the_digest_is_the_one_made_here(written: str) -> None:
    parsed = settings_file.parse({"f": f"secret = {written}\n"}, "f").top.settings["secret"].value
    assert redacted(f"secret = {written}\n") == f"secret = digest:{digest_of(parsed or '', SALT)}\n"


def test_all_but_secrets_comments_and_unknown_options_stays_as_it_is() -> None:
    lines = redacted(FILE).splitlines()
    for number, line in enumerate(FILE.splitlines()):
        if CANARY not in line:
            assert lines[number] == line
    assert CANARY not in "\n".join(lines)
    assert (
        redacted("connections { a { propsals = x } }\n") == "connections { a { propsals = digest:!hidden} }\n"
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.integers(0, 800),
            st.sampled_from(["", *'{}=:#"\\\n ', "include ", '"\n', "secret", " ="]),
            st.integers(0, 3),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_no_damage_to_the_file_lets_a_secret_out(damages: list[tuple[int, str, int]]) -> None:
    text = FILE
    for at, put, cut in damages:
        text = text[:at] + put + text[at + cut :]
    text = text if text.endswith("\n") else text + "\n"
    out = redacted(text)
    assert CANARY not in out
    before, after = settings_file.parse({"f": text}, "f"), settings_file.parse({"f": out}, "f")
    assert (before.problem and before.problem.place) == (after.problem and after.problem.place)
    if before.problem is None:
        assert shape(before.top) == shape(after.top)


def test_an_include_between_a_name_and_its_brace_stays_where_it_is() -> None:
    text = (
        "connections\n  include conf.d/*.conf # why\n{ a { version = 2 } }\nsecrets { ike { secret = x } }\n"
    )
    out = redacted(text)
    assert out.splitlines()[:3] == [
        *text.splitlines()[:1],
        "  include conf.d/*.conf #",
        *text.splitlines()[2:3],
    ]
    assert shape(settings_file.parse({"f": out}, "f").top) == shape(settings_file.parse({"f": text}, "f").top)


def test_without_the_tools_nothing_is_shown(tmp_path: Path) -> None:
    (tmp_path / "awk").symlink_to(shutil.which("awk") or "/usr/bin/awk")
    text = f"secret = {CANARY}\n"
    shell = shutil.which("sh") or "/bin/sh"
    assert redacted(text, [shell], PATH=str(tmp_path)) == "secret = digest:!no-sha256sum\n"
    assert redacted(text, SALT="") == "secret = digest:!no-salt\n"
    without_awk = subprocess.run(
        [shell, "-c", REDACT_SWANCTL],
        input=text.encode(),
        capture_output=True,
        env={"PATH": "", "SALT": "s"},
        check=False,
    )
    assert (without_awk.returncode, without_awk.stdout) == (9, b"")


def test_several_files_keep_their_names() -> None:
    text = f'/etc/a b.conf:secret = {CANARY}\n/etc/a b.conf:id = "open\n/etc/c.conf:version = 2\n'
    out = redacted(text, FILES="/etc/a b.conf\n/etc/c.conf")
    assert out.splitlines()[0] == "@@ /etc/a b.conf"
    assert out.splitlines()[-2:] == ["@@ /etc/c.conf", "version = 2"]
    assert CANARY not in out
