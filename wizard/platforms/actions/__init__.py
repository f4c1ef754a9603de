"""The kinds of change remedies are made of, each with its undo, by the name remedies.yaml has for them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wizard.platforms.actions.base import Action
from wizard.platforms.actions.keys import CopySecret, LoadSecrets, RenewSecret
from wizard.platforms.actions.negotiation import Renegotiate, Terminate

ACTIONS: Final[Mapping[str, Action]] = MappingProxyType(
    {
        "copy-secret": CopySecret(),
        "load-secrets": LoadSecrets(),
        "renegotiate": Renegotiate(),
        "renew-secret": RenewSecret(),
        "terminate": Terminate(),
    }
)
"""Every action; a test holds flows/remedies.yaml to it."""
