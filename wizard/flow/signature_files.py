"""Signatures as they are written, checked key by key."""

from __future__ import annotations

from pydantic import Field

from wizard.flow.signatures import Level
from wizard.flow.written import Text
from wizard.yaml_source import Entry, YesNo


class SignatureEntry(Entry):
    """One event and the words that stand for it."""

    event: Text = Field(pattern=r"^[a-z][a-z0-9-]*$")
    level: Level = "sign"
    standing: YesNo = False
    meaning: Text
    note: str = ""
    patterns: list[Text] = Field(min_length=1)
    samples: list[Text] = Field(min_length=1)
    not_: list[Text] = Field(default=[], alias="not")


class SignatureFile(Entry):
    """The signatures of one daemon."""

    daemon: Text
    source: str = ""
    standing: YesNo = False
    events: list[SignatureEntry]
