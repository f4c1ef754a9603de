from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.ui_plain.scripted import Scripted
from wizard.errors import InputError
from wizard.inventory import load as inventory
from wizard.ui.plain.init import ask_and_write, run, write
from wizard.ui.plain.lines import Lines

NOW = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)
VALID = """\
version: 1
gateways: {gw: {host: gw.example}}
tunnels: {t: {ends: [{gateway: gw}, {address: 192.0.2.9}]}}
"""


def asked(target: Path, answers: list[object], ssh_config: Path | None = None) -> tuple[Scripted, str]:
    asks, out = Scripted(answers), io.StringIO()
    code = ask_and_write(target, ssh_config or target.parent / "none", [], asks, Lines(out, 100), NOW)
    assert code == 0
    assert asks.answers == []
    return asks, out.getvalue()


def test_typed_answers_become_an_inventory_only_the_user_can_read(tmp_path: Path) -> None:
    target = tmp_path / "new" / "inventory.yaml"
    _, said = asked(
        target,
        [
            "",
            "gw-a",
            "192.0.2.1",
            "root",
            "no",
            "2001:db8::1",
            "vpn",
            True,
            "",
            "site",
            "gw-a",
            "no",
            "hub",
            "",
        ],
    )
    loaded = inventory.load(target)
    assert loaded.gateways["gw-a"].host == "192.0.2.1"
    assert (loaded.gateways["no"].user, loaded.gateways["no"].become) == ("vpn", "sudo")
    near, far = loaded.tunnel("site").ends
    assert (near.gateway, near.connection, far.gateway) == ("gw-a", "hub", "no")
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in target.parent.iterdir()] == ["inventory.yaml"]
    assert "ipsec-wizard triage site --plain" in said


def test_hosts_of_ssh_config_and_ansible_are_choices(tmp_path: Path) -> None:
    config, ansible = tmp_path / "config", tmp_path / "hosts"
    config.write_text("Host gw-a build\n  HostName 192.0.2.1\nHost *\n  User x\n")
    ansible.write_text(
        "[vpn]\ngw-b ansible_host=192.0.2.2 ansible_port=2222 ansible_user=vpn ansible_become=true\n"
    )
    asks, _ = asked(
        tmp_path / "inventory.yaml", [str(ansible), "gw-a gw-b", "", "site", "gw-a", "gw-b", "", ""], config
    )
    assert asks.asked[1] == "Which of these hosts are IPsec gateways?"
    loaded = inventory.load(tmp_path / "inventory.yaml")
    assert list(loaded.gateways) == ["gw-a", "gw-b"]
    assert (loaded.gateways["gw-a"].host, loaded.gateways["gw-a"].user) == ("gw-a", None)
    imported = loaded.gateways["gw-b"]
    assert (imported.host, imported.port, imported.user, imported.become) == (
        "192.0.2.2",
        2222,
        "vpn",
        "sudo",
    )


def test_an_end_nobody_can_log_in_to_is_an_address(tmp_path: Path) -> None:
    asked(
        tmp_path / "inventory.yaml",
        ["", "gw", "", "", False, "", "partner", "gw", "elsewhere", "", "203.0.113.9", "partner's team", ""],
    )
    far = inventory.load(tmp_path / "inventory.yaml").tunnel("partner").ends[1]
    assert (far.address, far.managed_by) == ("203.0.113.9", "partner's team")


def test_answers_the_inventory_would_refuse_are_asked_again_at_once(tmp_path: Path) -> None:
    asks, _ = asked(
        tmp_path / "inventory.yaml",
        [
            "/nowhere", "", "", "bad name", "gw", "not a host", "gw.example", "two words", "root", "gw", "",
            "t", "gw", "elsewhere", "", "203.0.113.9", "", "",
        ],
    )  # fmt: skip
    assert len(asks.refused) == 6
    assert all(problem.endswith(".") or "/nowhere" in problem for problem in asks.refused)
    assert list(inventory.load(tmp_path / "inventory.yaml").gateways) == ["gw"]


def test_an_imported_host_the_inventory_cannot_hold_is_left_out_and_named(tmp_path: Path) -> None:
    ansible = tmp_path / "hosts"
    ansible.write_text("gw-a\ngw-b ansible_user='two words'\n")
    _, said = asked(
        tmp_path / "inventory.yaml",
        [str(ansible), "gw-a gw-b", "", "t", "gw-a", "elsewhere", "", "203.0.113.9", "", ""],
    )
    assert "warn: gw-b" in said
    assert list(inventory.load(tmp_path / "inventory.yaml").gateways) == ["gw-a"]


def test_an_existing_inventory_is_left_alone_without_a_yes(tmp_path: Path) -> None:
    target = tmp_path / "inventory.yaml"
    target.write_text(VALID)
    _, said = asked(target, [False])
    assert target.read_text() == VALID
    assert "Nothing was changed." in said


def test_an_existing_inventory_is_kept_as_a_dated_copy(tmp_path: Path) -> None:
    target = tmp_path / "inventory.yaml"
    target.write_text(VALID)
    answers: list[object] = [True, "", "gw", "", "root", "", "t", "gw", "elsewhere", "", "192.0.2.9", "", ""]
    asked(target, list(answers))
    asked(target, list(answers))
    copies = sorted(path.name for path in tmp_path.glob("inventory.yaml.*"))
    assert copies == ["inventory.yaml.20261121T101500Z", "inventory.yaml.20261121T101500Z-1"]
    assert (tmp_path / copies[0]).read_text() == VALID
    assert (tmp_path / copies[0]).stat().st_mode & 0o777 == 0o600


def test_leaving_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "inventory.yaml"
    target.write_text(VALID)
    with pytest.raises(KeyboardInterrupt):
        asked(target, [True, "", "gw", KeyboardInterrupt()])
    assert [path.name for path in tmp_path.iterdir()] == ["inventory.yaml"]
    assert target.read_text() == VALID


def test_what_is_no_inventory_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="makes no valid inventory"):
        write(tmp_path / "inventory.yaml", "version: 2\n", NOW)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write(tmp_path / "file" / "inventory.yaml", VALID, NOW)


def test_nothing_is_asked_of_a_pipe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "inventory.yaml") == 2
    assert len(capsys.readouterr().err.splitlines()) <= 3
    assert list(tmp_path.iterdir()) == []
