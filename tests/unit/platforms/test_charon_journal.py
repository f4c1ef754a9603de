"""Where charon's log is looked for when the journal does not hold it: the script itself, run by a real shell."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from wizard.facts.parsers import charon_log, charon_outlets
from wizard.facts.parsers.charon_outlets import LogFile
from wizard.platforms import charon_journal

NET = (
    "Nov 21 14:47:35 12[NET] <site|3> sending packet: from 192.0.2.1[500] to 198.51.100.1[500] (464 bytes)\n"
)
UNTIMED = "12[IKE] <site|3> initiating IKE_SA site[3] to 198.51.100.1\n"
JOURNALED = '{"MESSAGE":"12[NET] sending packet: from a[500] to b[500]","SYSLOG_IDENTIFIER":"charon"}\n'
SPOKEN = '{"MESSAGE":"00[DMN] Starting IKE charon daemon","SYSLOG_IDENTIFIER":"charon"}\n'


class Machine:
    """A folder that stands for a gateway's root, with a journalctl that prints what a test wants."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "bin").mkdir()
        self.journal("", 0)

    def journal(self, text: str, status: int) -> None:
        self.write("bin/journal", text)
        self.write("bin/journalctl", f"#!/bin/sh\ncat {self.root}/bin/journal\nexit {status}\n")
        (self.root / "bin/journalctl").chmod(0o755)

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def run(self, text: str) -> subprocess.CompletedProcess[str]:
        for folder in ("/etc/strongswan", "/usr/local/etc/strongswan", "/var/log"):
            text = text.replace(f" {folder}", f" {self.root}{folder}")
        return subprocess.run(
            ["sh", "-c", text],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
            env={"PATH": f"{self.root}/bin:/usr/bin:/bin", "SUDO": "", "TZ": "UTC-2"},
        )

    def read(self) -> subprocess.CompletedProcess[str]:
        return self.run(charon_journal.since("recent-log", 900, 600).text)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_journal_that_speaks_of_packets_is_enough(machine: Machine) -> None:
    machine.journal(SPOKEN + JOURNALED + JOURNALED, 0)
    machine.write("var/log/syslog", NET)
    ran = machine.read()
    assert (ran.returncode, ran.stdout) == (0, SPOKEN + JOURNALED + JOURNALED + "@= 0\n")


@pytest.mark.parametrize(
    "conf",
    [
        "charon {{\n  filelog {{\n    mine {{\n      path = {path}\n      default = 1\n    }}\n  }}\n}}\n",
        "charon {{ filelog {{ mine {{ path = {path} }} }} }}\n",
        "charon {{\n filelog {{\n  {path} {{\n   default = 2\n  }}\n }}\n}}\n",
        "charon {{\n # filelog {{ }}\n filelog {{\n  {path}\n  {{\n   ike = 2\n  }}\n }}\n}}\n",
    ],
    ids=["path", "one line", "section is the path", "brace below"],
)
def test_a_configured_file_is_found(machine: Machine, conf: str) -> None:
    path = (
        machine.root / "somewhere/my charon.log" if "mine" in conf else machine.root / "somewhere/charon.log"
    )
    machine.write("etc/strongswan.d/charon-logging.conf", conf.format(path=path))
    machine.write(str(path.relative_to(machine.root)), UNTIMED + NET)
    machine.write("var/log/syslog", f"Nov 21 14:00:00 gw charon: {NET}")
    ran = machine.read()
    assert ran.returncode == 0, ran.stderr
    assert charon_outlets.file_of(ran.stdout) == LogFile(str(path), len(UNTIMED + NET))
    assert [line.text[:10] for line in charon_log.parse(ran.stdout)] == ["initiating", "sending pa"]


def test_of_a_file_many_programs_write_to_only_charons_lines_are_taken(machine: Machine) -> None:
    machine.write(
        "var/log/messages", f"Nov 21 14:47:34 gw sshd[1]: hello\nNov 21 14:47:35 gw charon: {NET[16:]}"
    )
    ran = machine.read()
    assert ran.returncode == 0
    assert "sshd" not in ran.stdout
    found = charon_outlets.file_of(ran.stdout)
    assert found is not None
    assert found.shared
    assert found.path.endswith("/var/log/messages")


def test_syslogs_files_are_left_alone_where_the_journal_holds_charon(machine: Machine) -> None:
    machine.journal(SPOKEN, 0)
    machine.write("var/log/syslog", f"Nov 21 14:47:35 gw charon: {NET[16:]}")
    ran = machine.read()
    assert ran.returncode == 0
    assert charon_outlets.file_of(ran.stdout) is None


@pytest.mark.parametrize(("status", "expected"), [(0, 0), (1, 1), (127, 1)])
def test_an_empty_journal_is_a_silent_log_and_one_that_may_not_be_read_is_none(
    machine: Machine, status: int, expected: int
) -> None:
    machine.journal("", status)
    assert machine.read().returncode == expected


def test_no_path_in_the_configuration_is_run_as_a_command(machine: Machine) -> None:
    made = machine.root / "made"
    for number, path in enumerate(
        (f"/x$(touch {made})", f"/x`touch {made}`", f"/x; touch {made}", "/x'\" *")
    ):
        conf = "charon { filelog { l { path = " + path + " } } }\n"
        machine.write(f"etc/strongswan.d/{number}.conf", conf)
    machine.read()
    file = LogFile(f"/x'; touch {made}; '$(touch {made})", 3)
    for command in (charon_journal.of_file(file), charon_journal.mark(file)):
        machine.run(command.text)
    assert not made.exists()


def test_what_came_after_the_mark_is_fresh_whether_or_not_lines_bear_a_time(machine: Machine) -> None:
    machine.write("log", UNTIMED * 3)
    file = LogFile(str(machine.root / "log"), 0)
    mark = machine.run(charon_journal.mark(file).text).stdout
    machine.write("log", UNTIMED * 3 + NET)
    after = machine.run(charon_journal.of_file(file).text).stdout
    assert len(charon_log.parse(after)) == 4
    (only,) = charon_log.parse(charon_outlets.fresh(after, mark))
    assert only.text.startswith("sending packet")


def test_a_file_begun_anew_after_the_mark_is_all_fresh(machine: Machine) -> None:
    machine.write("log", UNTIMED)
    after = machine.run(charon_journal.of_file(LogFile(str(machine.root / "log"), 0)).text).stdout
    assert charon_outlets.fresh(after, "99999 /log") == after


def test_nothing_is_fresh_when_nothing_was_written() -> None:
    text = f"@@ file {len(UNTIMED)} /log\n@@ now 1795272519 +0000\n{UNTIMED}"
    assert charon_log.parse(charon_outlets.fresh(text, f"{len(UNTIMED)} /log")) == ()


def entry(age_s: float, message: str) -> str:
    stamp = int((time.time() - age_s) * 1_000_000)
    return (
        json.dumps({"__REALTIME_TIMESTAMP": str(stamp), "MESSAGE": message, "SYSLOG_IDENTIFIER": "charon"})
        + "\n"
    )


def looked(machine: Machine, lines: int = 600) -> list[str]:
    """What is read of the last quarter of an hour, and of how tunnels lived before it."""
    ran = machine.run(charon_journal.since("recent-log", 900, lines, lives=True).text)
    assert ran.returncode == 0, ran.stderr
    return [line.text for line in charon_log.parse(ran.stdout)]


@pytest.mark.parametrize("awk", ["awk", "mawk", "gawk", "busybox awk"])
def test_of_what_is_older_only_lives_are_taken_with_one_look(machine: Machine, awk: str) -> None:
    if shutil.which(awk.split(maxsplit=1)[0]) is None:
        pytest.skip(f"no {awk} here")
    machine.write("bin/awk", f'#!/bin/sh\nexec /usr/bin/{awk} "$@"\n')
    (machine.root / "bin/awk").chmod(0o755)
    told = [
        entry(9000, "CHILD_SA net{1} established with SPIs"),
        entry(8000, "received NO_PROPOSAL_CHOSEN notify"),
        entry(7000, "received DELETE for IKE_SA site[1]"),
        entry(60, "sending packet: from a[500] to b[500]"),
        entry(50, "received AUTHENTICATION_FAILED notify error"),
    ]
    machine.journal("".join(told), 0)
    machine.write(
        "bin/journalctl", f'#!/bin/sh\necho x >>"{machine.root}/looks"; cat {machine.root}/bin/journal\n'
    )
    assert [text[:20] for text in looked(machine)] == [
        "CHILD_SA net{1} esta",
        "received DELETE for ",
        "sending packet: from",
        "received AUTHENTICAT",
    ]
    assert (machine.root / "looks").read_text() == "x\n"


def test_where_much_is_written_the_journal_itself_picks_the_lives_out(machine: Machine) -> None:
    machine.write("bin/older", entry(9000, "CHILD_SA net{1} established with SPIs"))
    machine.write(
        "bin/journal",
        entry(8000, "deleting IKE_SA site[1]") + entry(70, "one") + entry(60, "two") + entry(50, "three"),
    )
    machine.write(
        "bin/journalctl",
        f'#!/bin/sh\ncd {machine.root}/bin; case "$*" in *" -g "*) cat older ;; *) cat journal ;; esac\n',
    )
    assert looked(machine, 4) == ["CHILD_SA net{1} established with SPIs", "one", "two", "three"]
    assert looked(machine, 5) == ["deleting IKE_SA site[1]", "one", "two", "three"]
