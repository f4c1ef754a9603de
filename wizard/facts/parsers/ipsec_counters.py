"""`ipsec listcounters`: the same counters as `swanctl --counters`, under other names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_COUNTER: Final = re.compile(r"(?P<name>ike[A-Z][A-Za-z]{2,40}) +(?P<count>[0-9]{1,20})\s*$")
_NAMES: Final[Mapping[str, str]] = {
    "ikeInitRekey": "ike-rekey-init",
    "ikeRspRekey": "ike-rekey-resp",
    "ikeChildSaRekey": "child-rekey",
    "ikeInInvalid": "invalid",
    "ikeInInvalidSpi": "invalid-spi",
    **{
        f"ike{way}{exchange}{kind}": f"{new}-{way.lower()}-{word}"
        for way in ("In", "Out")
        for exchange, new in (
            ("Init", "ike-init"),
            ("Auth", "ike-auth"),
            ("CrChild", "create-child"),
            ("Info", "info"),
        )
        for kind, word in (("Req", "req"), ("Rsp", "resp"))
    },
}
"""Its name → the name swanctl gives it."""


def parse(text: str) -> Mapping[str, int]:
    """Counter, by the name swanctl gives it → messages since the start; empty without the counters plugin."""
    found: dict[str, int] = {}
    for line in text.splitlines():
        if counted := _COUNTER.match(line):
            name = _NAMES.get(counted["name"])
            if name is not None:
                found[name] = int(counted["count"])
    return found
