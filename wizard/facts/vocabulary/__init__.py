"""The words trees may use: every fact's name, type, meaning, and the probe or exercise that yields it.

A tree that uses a name not listed here does not pass `ipsec-wizard lint`; a parser that yields one is a bug.
"""

from __future__ import annotations

from wizard.facts.vocabulary import (
    attempt,
    certificates,
    comparison,
    configuration,
    gateway,
    log,
    network,
    running,
    services,
    traffic,
)
from wizard.facts.vocabulary.spec import (
    AUTH_SERVERS,
    IKE,
    PATH_MTU,
    SERVICES,
    TRAFFIC,
    FactSpec,
    FactType,
)

__all__ = [
    "AUTH_SERVERS",
    "EXERCISES",
    "IKE",
    "PATH_MTU",
    "SERVICES",
    "TRAFFIC",
    "VOCABULARY",
    "FactSpec",
    "FactType",
]

_TOPICS = (
    gateway,
    configuration,
    comparison,
    certificates,
    running,
    network,
    attempt,
    traffic,
    services,
    log,
)

VOCABULARY: dict[str, FactSpec] = {spec.name: spec for topic in _TOPICS for spec in topic.SPECS}
"""Every fact by its name without the end prefix."""

EXERCISES: frozenset[str] = frozenset({IKE, TRAFFIC, AUTH_SERVERS, PATH_MTU, SERVICES})
"""Names a tree may give in `exercise:`."""
