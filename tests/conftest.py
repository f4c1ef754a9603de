"""What every test starts from: nobody's home, no agent, no colour preference, no animation."""

from __future__ import annotations

import os
import time
from pathlib import Path

import hypothesis
import pytest

# Before anything imports Textual or rich, which read these once.
for _name in (
    "NO_COLOR",
    "FORCE_COLOR",
    "COLUMNS",
    "LINES",
    "TEXTUAL",
    "TEXTUAL_THEME",
    "SSH_AUTH_SOCK",
    "SSH_ASKPASS",
):
    os.environ.pop(_name, None)
os.environ.update(
    TEXTUAL_ANIMATIONS="none", TERM="xterm-256color", COLORTERM="truecolor", LC_ALL="C.UTF-8", TZ="UTC"
)
time.tzset()

# No deadline: a slow machine is not a bug. The same examples each time, so that a red build can be repeated;
# HYPOTHESIS_SEARCH=1 looks for new ones.
hypothesis.settings.register_profile(
    "project", deadline=None, derandomize="HYPOTHESIS_SEARCH" not in os.environ
)
hypothesis.settings.load_profile("project")


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder of the test's own, so that no test reads or writes the developer's."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    for name, below in (
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_STATE_HOME", ".local/state"),
        ("XDG_DATA_HOME", ".local/share"),
        ("XDG_CACHE_HOME", ".cache"),
    ):
        monkeypatch.setenv(name, str(folder / below))
    return folder
