"""What the host tells a guest about itself, in a file of the run folder."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tests.lab.healthy import Gateway, Topology

FILE = "settings.json"


class Settings(BaseModel):
    """The guest's orders: images by block device, what to boot, and how long it may live."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    prefix: str
    devices: dict[str, str]
    images: dict[Gateway, str]
    topology: Topology
    seconds: float

    @classmethod
    def read(cls, run: Path) -> Settings:
        """The settings in that run folder."""
        return cls.model_validate_json((run / FILE).read_text(encoding="utf-8"))

    def write(self, run: Path) -> None:
        """Put the settings into that run folder."""
        (run / FILE).write_text(self.model_dump_json(), encoding="utf-8")
