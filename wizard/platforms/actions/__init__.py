"""The kinds of change remedies are made of, each with its undo, by the name remedies.yaml has for them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wizard.platforms.actions.base import Action
from wizard.platforms.actions.certificates import InstallCa, InstallCertificate, InstallCrl
from wizard.platforms.actions.clamp import ClampMss
from wizard.platforms.actions.correcting import CorrectOption
from wizard.platforms.actions.credentials import LoadSecrets
from wizard.platforms.actions.daemons import EnableDaemon, LoadModule, StartDaemon
from wizard.platforms.actions.keys import CopySecret, RenewSecret
from wizard.platforms.actions.links import AddAddress, LinkUp
from wizard.platforms.actions.loading import LoadConnections
from wizard.platforms.actions.modes import FixModes
from wizard.platforms.actions.negotiation import Renegotiate, Terminate
from wizard.platforms.actions.options import ALIGN, SET_OPTION
from wizard.platforms.actions.policies import DropPolicy
from wizard.platforms.actions.routes import AddRoute, RemoveRoute
from wizard.platforms.actions.rules import OpenRule
from wizard.platforms.actions.sysctls import PersistSysctl, SetSysctl

ACTIONS: Final[Mapping[str, Action]] = MappingProxyType(
    {
        "add-address": AddAddress(),
        "add-route": AddRoute(),
        "align": ALIGN,
        "allow": OpenRule(),
        "clamp-mss": ClampMss(),
        "copy-secret": CopySecret(),
        "correct-option": CorrectOption(),
        "drop-conflicting-policy": DropPolicy(),
        "enable-daemon": EnableDaemon(),
        "exempt-from-nat": OpenRule(nat=True),
        "fix-modes": FixModes(),
        "install-ca": InstallCa(),
        "install-certificate": InstallCertificate(),
        "install-crl": InstallCrl(),
        "link-up": LinkUp(),
        "load-connections": LoadConnections(),
        "load-module": LoadModule(),
        "load-secrets": LoadSecrets(),
        "persist-sysctl": PersistSysctl(),
        "remove-route": RemoveRoute(),
        "renegotiate": Renegotiate(),
        "renew-secret": RenewSecret(),
        "set-option": SET_OPTION,
        "start-daemon": StartDaemon(),
        "sysctl": SetSysctl(),
        "terminate": Terminate(),
    }
)
"""Every action; a test holds flows/remedies.yaml to it."""
