from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.unit.journal import sample
from wizard.errors import InputError, SessionError, WizardError
from wizard.journal.export import export_to, exported
from wizard.journal.redact import Redactor
from wizard.journal.render import FORMATS
from wizard.journal.store import Journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    journal = Journal.create(
        tmp_path / "sessions", "site", version="1", clock=sample.Ticking(), redactor=Redactor()
    )
    for entry in sample.entries():
        journal.append(entry.event)
    journal.close()
    return journal.path


@pytest.mark.parametrize("form", FORMATS)
def test_a_session_is_exported_without_its_secrets(path: Path, form: str) -> None:
    text = exported(path, form)
    assert "The pre-shared keys differ" in text
    assert sample.CANARY not in text


@pytest.mark.parametrize("form", FORMATS)
def test_an_anonymised_export_names_nobody_not_even_in_its_file_name(
    path: Path, tmp_path: Path, form: str
) -> None:
    target = export_to(tmp_path, path, form, anonymise=True, names=[("gateway", "swanctl-host")])
    assert target.name.startswith("20261121T101500Z-tunnel-1.")
    text = target.read_text()
    assert "The pre-shared keys differ" in text
    assert [name for name in ("gw-a", "gw-b", "site", "ada") if name in text.split()] == []
    assert "gateway-1" in text


def test_an_export_is_the_owners_alone_and_overwrites_nothing(path: Path, tmp_path: Path) -> None:
    first, second = export_to(tmp_path, path, "md"), export_to(tmp_path, path, "md")
    assert (first.name, second.name) == ("20261121T101500Z-site.md", "20261121T101500Z-site-2.md")
    assert first.read_bytes() == second.read_bytes()
    assert stat.S_IMODE(first.stat().st_mode) == 0o600


def test_a_session_in_progress_can_be_exported(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path, "site", version="1", clock=sample.Ticking(), redactor=Redactor())
    journal.append(sample.started())
    assert json.loads(exported(journal.path, "json"))["status"] == "unfinished"


def test_a_folder_that_is_not_there_is_told(path: Path, tmp_path: Path) -> None:
    with pytest.raises(WizardError, match="the transcript cannot be written: No such file"):
        export_to(tmp_path / "none", path, "md")


def test_unusable_wishes_are_told(path: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no format 'doc'"):
        exported(path, "doc")
    with pytest.raises(InputError, match="there is no format 'doc'"):
        export_to(tmp_path, path, "doc")
    with pytest.raises(SessionError, match="cannot be read"):
        exported(tmp_path / "none.jsonl", "md")
