"""Configurations of makers that are not read here, told by their own words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_MAKERS: Final = (
    (
        r"^ASA Version \d|^\s*tunnel-group \S+ (?:type|ipsec-attributes)|^crypto map \S+ \d+ set peer ",
        "Cisco ASA",
    ),
    (r"^\s*config vpn ipsec phase[12](?:-interface)?\b", "FortiOS"),
    (r"^\s*set security (?:ike|ipsec) |^\s*security \{\s*\n\s+ike \{", "Junos"),
    (r"^\s*/ip[ /]ipsec[ /]|^\s*/ip ipsec\b", "RouterOS"),
    (r"^\s*set vpn ipsec |^\s*vpn \{\s*\n\s+ipsec \{", "VyOS or EdgeOS"),
    (r"<pfsense>|<opnsense>", "pfSense or OPNsense"),
    (r"^\s*(?:ike peer|ipsec policy|ike proposal) \S+(?: \d+ isakmp)?\s*$", "Huawei or H3C"),
    (r"^\s*<entry name=.*>\s*\n\s*<peer-address>", "PAN-OS"),
)
_UNDER_IT: Final = frozenset({"VyOS or EdgeOS", "pfSense or OPNsense"})
"""Those that write a configuration of strongSwan out of their own."""


def maker(texts: Iterable[str]) -> str | None:
    """Whose configuration one of the texts is, None when it is nobody's that is known."""
    for text in texts:
        for pattern, name in _MAKERS:
            if re.search(pattern, text, re.MULTILINE):
                return name
    return None


def advice(name: str) -> str:
    """What to give instead of a configuration of this maker."""
    if name in _UNDER_IT:
        return "give the swanctl.conf or ipsec.conf the system writes for strongSwan, under /etc or /var/etc"
    return "only strongSwan, Libreswan and Cisco IOS are read; compare this end by hand"
