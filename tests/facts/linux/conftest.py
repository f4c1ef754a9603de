"""What real gateways (Debian 12 and 13, from the lab) and network namespaces printed."""

from __future__ import annotations

from pathlib import Path

import pytest

DATA = Path(__file__).parent / "data"


class Recorded:
    """The recorded outputs by their path below data/, without the suffix."""

    def __getitem__(self, name: str) -> str:
        return (DATA / f"{name}.txt").read_text(encoding="utf-8")


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()
