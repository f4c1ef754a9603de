"""Whether a daemon has taken its secrets shows in its words; its exit status says too much or nothing."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from wizard.facts.focus import Focus
from wizard.facts.model import Facts
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import Connection
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
def test_swanctl_is_taken_at_its_words(shell: list[str], said: str, left: int, code: int) -> None:
    (step,) = LoadSecrets().plan(site("strongswan-swanctl"), "near", {}, {}).steps
    ran = subprocess.run(
        [*shell, "-c", f'swanctl() {{ echo "$SAID"; return {left}; }}\n( {step.apply} )'],
        env={"PATH": "/usr/bin:/bin", "SAID": said},
        capture_output=True,
        check=False,
        text=True,
    )
    assert ran.returncode == code
    assert (ran.stderr != "") == (code != 0)


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
