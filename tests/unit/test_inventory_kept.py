"""An inventory is read and checked again when it has changed, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.errors import InventoryError
from wizard.inventory import kept
from wizard.inventory.load import load

WHOLE = """\
version: 1
gateways:
  gw-a: {host: 192.0.2.1, port: 2222, user: root, identity_file: keys/id, become: sudo, jump: [gw-b, bastion]}
  gw-b: {host: gw-b.example, known_hosts: ~/known, legacy: true, jump: []}
tunnels:
  site:
    ends:
      - {gateway: gw-a, connection: site, child: net, probe_source: 10.1.0.1, probe_target: 10.1.0.10}
      - {gateway: gw-b}
    name_service: {server: 10.2.0.53, name: intranet.example, expect: 10.2.0.10, from: gw-a}
    service: {host: 10.2.0.10, port: 80}
  partner: {ends: [{gateway: gw-a}, {address: 203.0.113.9, managed_by: a partner}]}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("wizard.paths.cache_dir", lambda: tmp_path / "cache")
    path = tmp_path / "inventory.yaml"
    path.write_text(WHOLE)
    return path


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are read as YAML from now on."""
    read: list[Path] = []

    def reading(path: Path) -> object:
        read.append(path)
        return load(path)

    monkeypatch.setattr("wizard.inventory.load.load", reading)
    return read


def test_what_is_kept_is_what_was_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = counted(monkeypatch)
    assert kept.load(file) == load(file)
    assert kept.load(file) == load(file)
    assert read == [file]


def test_a_changed_file_is_read_anew(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.load(file)
    file.write_text(WHOLE.replace("192.0.2.1", "192.0.2.9"))
    assert kept.load(file).gateway("gw-a").host == "192.0.2.9"


def test_another_home_is_another_inventory(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept.load(file)
    monkeypatch.setenv("HOME", str(tmp_path / "elsewhere"))
    assert kept.load(file).gateway("gw-b").known_hosts == tmp_path / "elsewhere" / "known"


def test_a_bad_inventory_is_refused_each_time(file: Path, tmp_path: Path) -> None:
    file.write_text(WHOLE.replace("192.0.2.1", "no host"))
    for _ in range(2):
        with pytest.raises(InventoryError, match="neither a host name nor an address"):
            kept.load(file)
    assert not list((tmp_path / "cache").glob("*.json"))


@pytest.mark.parametrize("harm", ["cut", "others"])
def test_what_is_not_whole_or_not_ours_does_not_count(
    harm: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.load(file)
    (place,) = (tmp_path / "cache").glob("*.json")
    assert place.stat().st_mode & 0o777 == 0o600
    if harm == "cut":
        place.write_bytes(place.read_bytes()[:-20])
    else:
        place.chmod(0o666)
    read = counted(monkeypatch)
    assert kept.load(file) == load(file)
    assert read == [file]


def test_a_file_that_is_not_there_is_said_as_ever(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match="there is no inventory"):
        kept.load(tmp_path / "none.yaml")
