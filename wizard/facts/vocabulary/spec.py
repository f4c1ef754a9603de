"""What a word of the vocabulary consists of."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from wizard.records import dataclass


class FactType(StrEnum):
    """What kind of value a fact has, so that lint can tell a comparison that can never hold."""

    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    TEXT = "text"
    WORDS = "words"


Scope = Literal["end", "pair"]


@dataclass(frozen=True, slots=True)
class FactSpec:
    """One word of the vocabulary; `source` is the probe or the exercise that yields it."""

    name: str
    type: FactType
    scope: Scope
    source: str
    meaning: str
    values: tuple[str, ...] = ()
    """For a text that is one of a few words: those words."""


def end(name: str, kind: FactType, source: str, meaning: str, *values: str) -> FactSpec:
    """A word about one end; trees write it with near., far., here. or there. before it."""
    return FactSpec(name, kind, "end", source, meaning, values)


def pair(name: str, kind: FactType, source: str, meaning: str, *values: str) -> FactSpec:
    """A word about both ends together."""
    return FactSpec(name, kind, "pair", source, meaning, values)


BOOL, INT, FLOAT, TEXT, WORDS = FactType.BOOL, FactType.INT, FactType.FLOAT, FactType.TEXT, FactType.WORDS

IKE = "ike-four-points"
TRAFFIC = "traffic"
AUTH_SERVERS = "auth-servers"
PATH_MTU = "path-mtu"
SERVICES = "names-and-services"
