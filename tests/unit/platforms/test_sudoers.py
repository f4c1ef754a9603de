"""What the printed sudoers files grant is what the commands ask root for, and nothing that makes a login root."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wizard.engine.plan import Step
from wizard.errors import InputError
from wizard.facts.certificates import CertificateStore
from wizard.facts.derive.exercise import RECENT_LOG
from wizard.facts.focus import Focus
from wizard.facts.model import ENDS, End
from wizard.facts.parsers.charon_outlets import LogFile
from wizard.facts.probes import Command, Output
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import Child, Connection
from wizard.facts.vocabulary import AUTH_SERVERS, IKE, PATH_MTU, SERVICES, TRAFFIC
from wizard.platforms import charon_journal, kinds, privileges, rights, sudoers
from wizard.platforms.guard import Guard, by_root
from wizard.platforms.privileges import Invocation, Pattern, UnknownPrivilege
from wizard.ui.headless import setup

CLASSES = {"[:alnum:]": "a-zA-Z0-9", "[:digit:]": "0-9", "[:xdigit:]": "0-9a-fA-F", "[:space:]": r"\s"}
CHILD = Child(name="net", local_ts=("10.1.0.0/24",), remote_ts=("10.2.0.0/24", "2001:db8:2::/64"))
FOCUSES: dict[End, Focus] = {
    end: Focus(
        connection=Connection(name="site-2.example"),
        child=CHILD,
        local_address="192.0.2.1",
        peer_addresses=("198.51.100.1", "2001:db8::1"),
        outside_interface="eth0.12",
        inside_interface="lan0",
        probe_source="10.1.0.1",
        probe_target="10.1.0.10",
        name="site-2.example",
        child_name="net_1",
    )
    for end in ENDS
}


def granted(document: str) -> list[tuple[str, str, bool]]:
    """Program, arguments and whether they are a regular expression, for everything a file grants."""
    text = re.sub(r"^#.*\n", "", document, flags=re.MULTILINE).replace("\\\n", " ")
    found = []
    for line in text.splitlines():
        _, marker, commands = line.partition(" NOPASSWD: ")
        for command in re.split(r"(?<!\\),\s+", commands) if marker else ():
            path, _, arguments = command.strip().partition(" ")
            regular = arguments.startswith("^") and arguments.endswith("$")
            if regular:
                # Python has no such classes, and wants `[` escaped within brackets.
                for name, members in CLASSES.items():
                    arguments = arguments.replace(name, members)
                arguments = re.sub(
                    r"(?<=[\]/])\[\]", r"\\[]", arguments.replace("[[]", r"\[").replace("[][", r"[\]\[")
                )
            else:
                assert not re.search(r"(?<!\\)[*?\[\]]", arguments), f"a wildcard in {command}"
                arguments = re.sub(r"\\(.)", r"\1", arguments)
            found.append((path.rpartition("/")[2], arguments, regular))
    return found


def allows(document: str, program: str, *arguments: str) -> bool:
    """Whether sudo would run it: arguments are joined by blanks before they are compared (sudoers(5))."""
    joined = " ".join(arguments)
    return any(
        name == program and (re.search(known, joined) is not None if regular else known == joined)
        for name, known, regular in granted(document)
    )


def snapshot(end: End, implementation: str, log: str | None) -> Snapshot:
    code = 0 if log is not None else 1
    output = Output(Command(RECENT_LOG, ""), log or "", "", code, False, 0.0)
    return Snapshot(end, end, {RECENT_LOG: output}, implementation, certificates=CertificateStore())


def commands() -> Iterator[Command]:
    """All that a diagnosis may run at either end, of every dialect, as it is really run."""
    yield from kinds.OBSERVE
    for dialect in kinds.DIALECTS:
        yield from dialect.half_open_gone(FOCUSES["near"])
        for log in (None, "", "@@ file 12 /var/log/charon.log\n", "@@ shared 12 /var/log/vpn/all.log\n"):
            snapshots = {end: snapshot(end, dialect.name, log) for end in ENDS}
            for exercise in (IKE, TRAFFIC, PATH_MTU, SERVICES, AUTH_SERVERS):
                for starter in ENDS:
                    for part in kinds.play(exercise, starter, FOCUSES, snapshots).values():
                        yield from (watching.command for watching in part.watches)
                        yield from (*part.before, *part.act, *part.after, *part.later)
    yield charon_journal.mark(LogFile("/var/log/charon.log", 0))


COMMANDS = tuple({command.text: command for command in commands()}.values())
OBSERVING = sudoers.document("gw-a", "oncall", "auto", mend=False)
MENDING = sudoers.document("gw-a", "oncall", "auto", mend=True)
STUBS = (
    *("swanctl", "ipsec", "strongswan", "tcpdump", "timeout", "nft", "iptables-save", "ip6tables-save"),
    *("ss", "ip", "journalctl", "arping", "ping", "openssl", "systemctl", "bash", "nc"),
)


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    """A PATH in which every tool there may be is there, and sudo notes what it is asked for and does nothing."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in STUBS:
        (folder / name).write_text("#!/bin/sh\nexit 1\n")
    (folder / "ping").write_text("#!/bin/sh\necho ping: socket: Operation not permitted >&2; exit 2\n")
    (folder / "sudo").write_text(
        # One write a call: pings run side by side.
        '#!/bin/sh\nshift\nline=$(printf "%s\\037" "$@"); printf "%s\\n" "$line" >>"$LOG"\n'
        "case $* in *whack*--status*) printf '%s\\n' '000 #3: \"site-2.example\":500 STATE_V2_PARENT_I1 (sent)' ;;\n"
        "*--list-sas*) echo 'list-sa event {x {uniqueid=7 version=2 state=CONNECTING' ;;\n"
        "*statusall) ;; *status) echo 'site-2.example[4]: CONNECTING, 192.0.2.1' ;;\n"
        "*wc*) echo 12 file ;; esac\nexit 0\n"
    )
    for file in folder.iterdir():
        file.chmod(0o755)
    return folder


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.id)
def test_whatever_a_command_asks_root_for_is_granted(command: Command, stage: Path, tmp_path: Path) -> None:
    log = tmp_path / "asked"
    log.touch()
    ran = subprocess.run(
        ["sh", "-c", command.text],
        env={"PATH": f"{stage}:/usr/bin:/bin", "SUDO": "sudo -n", "LOG": str(log), "SALT": "x", "PEERS": ""},
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert b"sudo -n" not in ran.stderr
    for line in log.read_text().split("\037\n")[:-1]:
        program, *arguments = line.split("\037")
        assert allows(OBSERVING, program, *arguments), f"{program} {arguments}"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.id)
def test_every_mention_of_root_in_a_command_is_understood_and_granted(command: Command) -> None:
    mentions = len(re.findall(r"\$SUDO\b(?!\"|:\+)", command.text.replace("${SUDO:+$SUDO", "$SUDO")))
    places = list(privileges.invocations(command.text, rights.SENTINELS))
    assert bool(places) == bool(mentions)
    for one in places:
        assert one.program in {program for program, _, _ in granted(OBSERVING)}
        assert sudoers.reason(one)


@pytest.mark.parametrize(
    "asked",
    [
        ("timeout", "30 tcpdump -p -nn -tt -l -x -s 96 --immediate-mode -c 400 -i any -w /etc/cron.d/x udp"),
        ("timeout", "30 tcpdump -p -nn -tt -l -x -s 96 --immediate-mode -c 400 -i any udp -z /tmp/evil"),
        ("timeout", "30 tcpdump -p -nn -tt -l -x -s 96 --immediate-mode -c 400 -i -w udp"),
        ("timeout", "30 sh"),
        ("timeout", "6 ipsec up site sh"),
        ("tcpdump", "-i any"),
        ("find", "/etc/swanctl -name *.conf -type f -exec sh {} ;"),
        ("find", "/etc -maxdepth 1 -type f -name x -exec sh {} ;"),
        ("find", "/etc -maxdepth 1 -type f -name -delete x"),
        ("find", "/root -maxdepth 1 -type f -name x"),
        ("grep", "-H ^ /etc/shadow"),
        ("grep", "-H ^ /etc/swanctl/../shadow"),
        ("grep", "-H ^ /etc/swanctl/swanctl.conf /etc/shadow"),
        ("grep", "-H ^ /etc/swanctl/private/key.pem"),
        ("grep", "-f /etc/shadow /etc/swanctl/swanctl.conf"),
        ("tail", "-c 300000 /etc/shadow"),
        ("tail", "-c 300000 /var/log/../../etc/shadow"),
        ("tail", "-c 300000 /var/log/a /etc/shadow"),
        ("tail", "-n 600 -- /var/log/a\n/etc/shadow"),
        ("openssl", "pkey -inform PEM -in /etc/swanctl/private/key.pem"),
        ("openssl", "pkey -inform PEM -in /etc/swanctl/private/key.pem -passin pass:"),
        ("openssl", "x509 -inform PEM -in /a -engine /tmp/evil.so"),
        ("openssl", "x509 -inform PEM -in /a -out /etc/cron.d/x"),
        ("ip", "netns exec x sh"),
        ("ip", "-s xfrm state list"),
        ("ip", "xfrm state flush"),
        ("journalctl", ""),
        ("journalctl", "-u strongswan"),
        ("swanctl", "--load-all"),
        ("swanctl", "--terminate --ike site"),
        ("ipsec", "restart"),
        ("ipsec", "whack --name a --terminate --shutdown"),
        ("ipsec", "down site"),
        ("nft", "-f /tmp/x"),
        ("nft", "flush ruleset"),
        ("iptables-save", "-c -f /etc/passwd"),
        ("iptables-save", "-M /tmp/evil"),
        ("ping", "-f 192.0.2.1"),
        ("ping", "-n -i 0 -W 1 -c 3 192.0.2.1"),
        ("ping", "-n -i 0.2 -W 1 -c 3 -I lan0 -f 192.0.2.1"),
        ("ping", "-n -i 0.2 -W 1 -c 3 192.0.2.1 -l 60000"),
        ("awk", "1"),
        ("cat", "/etc/swanctl/swanctl.conf"),
        ("sh", "-s ipsec-wizard"),
        ("sh", "-c id"),
    ],
    ids=" ".join,
)
def test_observing_opens_no_back_door(asked: tuple[str, str]) -> None:
    assert not allows(OBSERVING, *asked)


def test_programs_that_run_others_or_write_files_are_not_granted_for_observing() -> None:
    programs = {program for program, _, _ in granted(OBSERVING)}
    assert not programs & {
        "sh",
        "awk",
        "sed",
        "tee",
        "tcpdump",
        "vi",
        "less",
        "cat",
        "cp",
        "systemctl",
        "xargs",
    }


def test_the_guard_is_served_by_the_file_for_mending() -> None:
    guard = Guard("20261121t101500z-0123456789abcdef", "anna: a change", 120)
    step = Step("near", "gw-a", "Do it", "true", "true")
    looked = by_root(Command("look", "$SUDO cat /etc/ipsec.secrets"), {"SALT": "x y"})
    texts = [
        one.text
        for one in (
            *(guard.arm([step]), guard.step(0, step), guard.keep()),
            *(guard.undo(), guard.look(), guard.clear(), looked),
        )
    ]
    asked: list[tuple[Any, ...]] = []
    for text in texts:
        outside = re.sub(r"'(?:[^']|'\"'\"')*'", "''", text)
        asked += [tuple(found.split()) for found in re.findall(r"\$SUDO ([^|;&\n]+)", outside)]
    assert len(asked) == len(texts) + 1
    for program, *arguments in asked:
        assert allows(MENDING, program, *arguments), arguments
        assert not allows(OBSERVING, program, *arguments)


def test_the_file_for_mending_says_that_it_makes_root() -> None:
    assert "IS ROOT" in MENDING
    assert "IS ROOT" not in OBSERVING


def test_what_is_handed_on_whole_is_handed_to_ping_alone() -> None:
    held = {one.invocation for one in rights.observing("auto") if privileges.ECHOES in one.invocation.shown()}
    assert {one.program for one in held} == {"ping"}


def test_keys_stand_apart_so_that_they_can_be_left_out() -> None:
    before, _, after = OBSERVING.partition("# Configuration files whole.")
    assert not allows(before, "grep", "-H", "^", "/etc/ipsec.secrets")
    assert allows(after, "grep", "-H", "^", "/etc/ipsec.secrets", "/etc/ipsec.d/site.secrets")


@pytest.mark.parametrize(
    ("platform", "there", "not_there"),
    [
        ("strongswan", ("swanctl", "--stats"), ("ipsec", "whack --status")),
        ("libreswan", ("ipsec", "whack --status"), ("swanctl", "--stats")),
    ],
)
def test_a_gateway_grants_only_what_its_platform_is_asked(
    platform: str, there: tuple[str, str], not_there: tuple[str, str]
) -> None:
    document = sudoers.document("gw-a", "oncall", platform, mend=False)
    assert allows(document, *there)
    assert not allows(document, *not_there)


def test_an_older_sudo_that_would_take_an_expression_for_a_wildcard_finds_a_mistake_in_the_line() -> None:
    open_ended = [
        one.invocation for one in rights.observing("auto") + rights.mending() if not one.invocation.exact
    ]
    assert open_ended
    assert all(":" in sudoers.arguments(one) for one in open_ended)


@pytest.mark.parametrize("part", ["[.*?]+:", "[a-z]+", "a:" * 520])
def test_what_sudo_would_not_take_for_an_expression_is_refused(part: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in sudoers"):
        sudoers.arguments(Invocation("ls", ((Pattern(part),),)))


@pytest.mark.parametrize("text", ["$SUDO cat $ANYTHING", "$SUDO $(which cat) x", "$SUDO $TOOL"])
def test_what_nobody_has_declared_is_refused(text: str) -> None:
    with pytest.raises(UnknownPrivilege):
        list(privileges.invocations(text, {}))


def test_words_are_read_as_the_shell_reads_them() -> None:
    text = "T=\"ipsec whack\"\nfor x in a 'b'; do :; done; for y in c d; do $SUDO $T --z \"q $y\" 'r s' 2>&1 | wc; done"
    found = [one.shown() for one in privileges.invocations(text, {})]
    assert found == ["ipsec whack --z q c r s", "ipsec whack --z q d r s"]


INVENTORY = """
version: 1
gateways:
  gw-a: {host: 192.0.2.1, user: root}
  gw-b: {host: 192.0.2.2, user: anna, become: sudo, platform: libreswan}
  gw-c: {host: 192.0.2.3, user: anna, platform: strongswan}
  gw-d: {host: 192.0.2.4, platform: cisco_ios}
tunnels:
  site: {ends: [{gateway: gw-a}, {gateway: gw-b}]}
"""


@pytest.mark.parametrize(
    ("name", "login", "noted"),
    [
        ("gw-a", "oncall", "gw-a logs in as root, who needs none of this"),
        ("gw-b", "anna", "for mending there is a second file: ipsec-wizard sudoers gw-b --mending"),
        ("gw-c", "anna", "gw-c needs `become: sudo` in the inventory"),
    ],
)
def test_the_file_is_for_the_login_and_platform_of_the_inventory(
    name: str, login: str, noted: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    assert setup.sudoers(tmp_path / "inventory.yaml", name, None, mend=False) == 0
    said = capsys.readouterr()
    assert f"\n{login} ALL=(root) NOPASSWD: " in said.out
    assert noted in said.err
    assert ("whack" in said.out, "swanctl --stats" in said.out) == (name in {"gw-a", "gw-b"}, name != "gw-b")


def test_a_gateway_without_sudo_has_no_such_file(tmp_path: Path) -> None:
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    with pytest.raises(InputError, match="gw-d is a cisco_ios"):
        setup.sudoers(tmp_path / "inventory.yaml", "gw-d", None, mend=True)


@pytest.mark.parametrize("mend", [False, True])
@pytest.mark.parametrize("platform", ["auto", "strongswan", "libreswan"])
@pytest.mark.skipif(shutil.which("visudo") is None, reason="visudo is not installed")
def test_visudo_takes_the_files(platform: str, mend: bool, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text(sudoers.document("gw-a", "first.last", platform, mend=mend))
    file.chmod(0o440)
    visudo = shutil.which("visudo") or ""
    checked = subprocess.run(
        [visudo, "-cf", str(file)], capture_output=True, text=True, check=False, timeout=20
    )
    assert checked.returncode == 0, checked.stderr
