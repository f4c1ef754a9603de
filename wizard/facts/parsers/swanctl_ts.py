"""What charon makes of a traffic selector in swanctl.conf, which is often not what its author meant.

It reads the prefix length up to the first character that is no digit: "10.1.0.0/24 10.2.0.0/24", where a
comma is missing, protects 10.1.0.0/24 only, "10.1.0.0/255.255.255.0" is the one address 10.1.0.0, and
"10.1.0.0/" is everything. All of it loads without a word (observed on 5.9.8 and 6.0.1).
"""

from __future__ import annotations

import re
from ipaddress import ip_address

from wizard.facts import selectors

_PREFIX = re.compile(r"[ \t]*[+-]?([0-9]{1,9})")
_NUMBER = re.compile(r"[ \t]*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")
_ANY = {"%any": "0.0.0.0", "%any4": "0.0.0.0", "%any6": "::"}


def effective_selector(value: str) -> str | None:
    """The selector the daemon takes it for, in a spelling without surprises; None when it refuses it."""
    network, bracket, rest = value.partition("[")
    traffic = ""
    if bracket:
        inside, closing, _ = rest.rpartition("]")
        protocol, _, port = inside.partition("/")
        numbers = (_protocol(protocol), _ports(port))
        if not closing or numbers[0] is None or numbers[1] is None:
            return None
        traffic = f"[{numbers[0]}/{numbers[1]}]" if numbers[1] else f"[{numbers[0]}]" if numbers[0] else ""
    net = _network(network)
    return f"{net}{traffic}" if net is not None else None


def _network(text: str) -> str | None:
    if text == "dynamic":
        return text
    if "-" in text:
        return text if selectors.parse(text) is not None else None
    written, slash, prefix = text.partition("/")
    try:
        address = ip_address(_ANY.get(written.lower(), written))
    except ValueError:
        return None
    digits = _PREFIX.match(prefix)
    length = int(digits[1]) if digits else 0
    if not slash:
        return str(address)
    return str(address) if length >= address.max_prefixlen else f"{address}/{length}"


def _protocol(word: str) -> int | None:
    if word in {"", "any"}:
        return 0
    number = selectors.PROTOCOLS.get(word) or selectors.PROTOCOLS.get(word.lower() if word.isupper() else "")
    if number is not None:
        return number
    found = _NUMBER.fullmatch(word)
    number = _integer(found) if found else None
    return number if number is not None and 0 <= number <= 255 else None


def _ports(word: str) -> str | None:
    """One port, a range or the word opaque; empty for all of them."""
    if word in {"", "any"}:
        return ""
    if word == "opaque":
        return word
    if word in selectors.SERVICES:
        return str(selectors.SERVICES[word])
    low, dash, high = word.partition("-")
    first, last = _NUMBER.fullmatch(low), _NUMBER.fullmatch(high)
    if first is None or (dash and high and last is None):
        return None
    numbers = (_integer(first), _integer(last) if last else 0 if dash else _integer(first))
    if any(not 0 <= number <= 65535 for number in numbers):
        return None
    return f"{numbers[0]}-{numbers[1]}" if dash else str(numbers[0])


def _integer(found: re.Match[str]) -> int:
    digits = found[2].lower()
    number = (
        int(digits, 16) if digits.startswith("0x") else int(digits, 8) if digits[0] == "0" else int(digits)
    )
    return -number if found[1] == "-" else number
