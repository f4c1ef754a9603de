"""JSON Schema: what editors check is what the loader accepts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wizard.flow.schema import KINDS, schema


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_file_has_a_schema_that_is_plain_json(kind: str) -> None:
    made = schema(kind)
    assert made["$schema"].startswith("https://json-schema.org/")
    assert json.loads(json.dumps(made)) == made


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(KeyError):
        schema("novel")


def test_keys_are_those_of_the_files_and_no_others_are_allowed() -> None:
    definitions: dict[str, Any] = schema("tree")["$defs"]
    check = definitions["CheckEntry"]
    assert {"check", "why", "from", "next"} <= set(check["properties"])
    assert check["required"] == ["check", "why", "next"]
    assert check["additionalProperties"] is False
    assert {"if", "then", "warn"} <= set(definitions["IfEntry"]["properties"])


def test_a_short_form_is_allowed_where_the_loader_takes_it() -> None:
    definitions: dict[str, Any] = schema("tree")["$defs"]
    assert {"type": "string"} in definitions["ElseEntry"]["properties"]["else"]["anyOf"]
    assert {"type": "string"} in definitions["IfEntry"]["properties"]["warn"]["anyOf"]
