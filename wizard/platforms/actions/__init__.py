"""The kinds of change remedies are made of, each with its undo, by the name remedies.yaml has for them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wizard.platforms.actions.base import Action

ACTIONS: Final[Mapping[str, Action]] = MappingProxyType({})
"""Every action; a test holds flows/remedies.yaml to it."""
