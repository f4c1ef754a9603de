"""What strongSwan's and Libreswan's ipsec.conf have in common: values, and where each of them stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address

from wizard.facts.parsers.secret_digest import PREFIX
from wizard.facts.parsers.settings import Setting

ANYBODY = frozenset({"%any", "%any4", "%any6", "%defaultroute", "%defaultroute6", "0.0.0.0", "::"})
"""Addresses that stand for "whatever it is"."""

_TIME = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?) *(?P<unit>ms|us|s|m|h|d|w)?")
_UNITS = {"": 1.0, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


class Values:
    """The settings in force in one connection; every question for a value remembers where it stands."""

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        """Takes the settings by their names."""
        self.settings = settings
        self.where: dict[str, str] = {}

    def text(self, *keys: str, field: str = "") -> str | None:
        """The first of these that is set; hidden values and empty ones count as not set."""
        for key in keys:
            setting = self.settings.get(key)
            if setting is None or not setting.value or PREFIX in setting.value:
                continue
            if field:
                self.where.setdefault(field, str(setting.place))
            return setting.value
        return None

    def word(self, *keys: str, field: str = "") -> str | None:
        """The same in lower case."""
        value = self.text(*keys, field=field)
        return value.lower() if value is not None else None

    def seconds(self, *keys: str, field: str = "") -> int | None:
        """A time such as 3600, 60m or 8h in whole seconds; None when it is not set or none."""
        value = self.word(*keys, field=field)
        return seconds(value) if value is not None else None

    def switch(self, *keys: str, field: str = "") -> bool | None:
        """Yes or no; None when it is neither or not set."""
        return switch(self.word(*keys, field=field))


def seconds(value: str) -> int | None:
    """A time as either program writes it, in whole seconds; None when it is none."""
    found = _TIME.fullmatch(value.strip().lower())
    return int(float(found["number"]) * _UNITS[found["unit"] or ""]) if found else None


def switch(word: str | None) -> bool | None:
    """yes, true, on, y, 1 and their opposites."""
    if word in {"yes", "true", "on", "y", "1", "insist", "force", "always"}:
        return True
    return False if word in {"no", "false", "off", "n", "0", "never"} else None


def literal(address: str) -> bool:
    """Whether an address is one, not a name, a wildcard or a network."""
    try:
        ip_address(address)
    except ValueError:
        return False
    return True


def traffic(protoport: str | None) -> str:
    """`leftprotoport` as the end of a selector: "tcp/http" → "[tcp/http]", "udp/%any" → "[udp]"."""
    if not protoport:
        return ""
    protocol, _, port = protoport.partition("/")
    protocol = "" if protocol in {"%any", "0", "any"} else protocol
    port = "" if port in {"%any", "0", "any"} else port.removeprefix("%")
    if not protocol and not port:
        return ""
    return f"[{protocol}/{port}]" if port else f"[{protocol}]"
