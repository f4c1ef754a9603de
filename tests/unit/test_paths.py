from __future__ import annotations

from pathlib import Path

import pytest

from wizard import paths

REPOSITORY = Path(__file__).resolve().parents[2]


def test_in_a_checkout_the_flows_are_read_where_they_are_edited() -> None:
    assert paths.bundled_flows() == REPOSITORY / "flows"


def test_installed_the_flows_are_read_inside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried = tmp_path / "wizard" / "flows"
    carried.mkdir(parents=True)
    monkeypatch.setattr(paths, "__file__", str(tmp_path / "wizard" / "paths.py"))
    assert paths.bundled_flows() == carried


def test_inventory_and_state_are_below_the_users_home(home: Path) -> None:
    assert paths.inventory_file().is_relative_to(home)
    assert paths.state_dir().is_relative_to(home)


def test_everything_kept_moves_with_the_state_option(tmp_path: Path) -> None:
    kept = [place(tmp_path) for place in (paths.sessions_dir, paths.known_hosts_file, paths.log_file)]
    assert [place.parent for place in kept] == [tmp_path] * 3
    assert paths.sessions_dir() == paths.state_dir() / "sessions"


def test_asking_for_a_place_creates_nothing(home: Path) -> None:
    for place in (
        paths.config_dir,
        paths.inventory_file,
        paths.state_dir,
        paths.sessions_dir,
        paths.log_file,
    ):
        place()
    assert list(home.iterdir()) == []
