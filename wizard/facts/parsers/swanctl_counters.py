"""`swanctl --counters`: how many IKE messages went which way, which shows where packets die without a capture."""

from __future__ import annotations

import re
from collections.abc import Mapping

from wizard.facts.parsers import vici_raw

GLOBAL = "global"
"""The scope that counts all connections together."""

_SCOPE = re.compile(r"(?P<scope>\S[^:\n]{0,255}):\s*$")
_COUNTER = re.compile(r"  (?P<name>[a-z][a-z-]{1,40}) *: (?P<count>[0-9]{1,20})\s*$")


def parse(text: str) -> Mapping[str, Mapping[str, int]]:
    """Scope ("global" or a connection's name) → counter ("ike-init-out-req" …) → messages since the start.

    Retransmissions are not counted, and for IKEv1 only `invalid` is (both observed on 5.9.8). Empty when the
    daemon lacks the counters plugin.
    """
    counters: dict[str, dict[str, int]] = {}
    for message in vici_raw.parse(text).of("counters reply"):
        for scope, section in message.body.section("counters").sections:
            numbers = {name: section.number(name) for name in section.values}
            counters[scope or GLOBAL] = {name: count for name, count in numbers.items() if count is not None}
    scope = ""
    for line in text.splitlines():
        if found := _COUNTER.match(line):
            if scope:
                counters.setdefault(scope, {})[found["name"]] = int(found["count"])
        elif head := _SCOPE.match(line):
            scope = head["scope"]
    return counters
