"""JSON Schema of everything that is written in YAML, so that editors complete and check while one writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import TypeAdapter

from wizard.flow.written import CausesEntry, RehearsalEntry, TreeEntry
from wizard.inventory.written import InventoryEntry

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_KINDS: Final[Mapping[str, tuple[Any, str]]] = {
    "tree": (TreeEntry, "A decision tree (trees/*.yaml)"),
    "causes": (CausesEntry, "The catalogue of causes (causes.yaml)"),
    "rehearsals": (list[RehearsalEntry], "Rehearsals (rehearsals/*.yaml)"),
    "inventory": (InventoryEntry, "Gateways and tunnels (inventory.yaml)"),
}

KINDS: Final = tuple(_KINDS)
"""The kinds of file there is a schema for."""


def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one kind of file; raises KeyError for a kind that is not in KINDS.

    It says which keys and values there may be; whether a node, a cause or a fact exists only lint knows.
    """
    model, title = _KINDS[kind]
    made = TypeAdapter(model).json_schema(mode="validation")
    return {"$schema": _DIALECT, **made, "title": title}
