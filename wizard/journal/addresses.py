"""Pseudonyms of IP and MAC addresses that keep what a diagnosis needs: family, kind, and who contains whom.

Two addresses that share their first n bits have pseudonyms that share their first n bits (the idea of
Crypto-PAn, Xu, Fan, Ammar, Moon 2002), so a host stays inside its network and a network inside its supernet.
Ranges with a meaning of their own (private, shared, link-local, documentation …) map onto themselves. The
price: a public address keeps the bits it shares with the nearest such range, mostly eight or fewer.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from hashlib import blake2b
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# RFC 6890 and its registry. `_KEPT` stays as it is, bit by bit: nobody is named by it.
_KEPT_4: Final = ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4")
_OWN_4: Final = (
    "10.0.0.0/8",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
)
_KEPT_6: Final = ("::/127", "ff00::/8")
_OWN_6: Final = ("::ffff:0:0/96", "64:ff9b::/96", "2001:db8::/32", "2002::/16", "fc00::/7", "fe80::/10")

# One more number may follow: tcpdump writes the port there. Then the length of a network, or its mask.
_V4: Final = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9]\.)(?P<address>(?:[0-9]{1,3}\.){3}[0-9]{1,3})"
    r"(?![0-9A-Za-z]|\.[0-9]+\.[0-9])"
    r"(?:/(?P<length>[0-9]{1,3})\b|(?=[ \t]+(?P<mask>(?:255|0)\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})\b))?"
)
_V6: Final = re.compile(
    r"(?<![0-9A-Za-z:])(?=[0-9A-Fa-f]{0,4}:)"
    r"(?P<address>[0-9A-Fa-f:]{2,30}:(?:[0-9]{1,3}\.){3}[0-9]{1,3}|[0-9A-Fa-f:]{2,39})(?![0-9A-Za-z:])"
    r"(?:/(?P<length>[0-9]{1,3})\b)?"
)
_MAC: Final = re.compile(r"(?<![0-9A-Fa-f:])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![0-9A-Fa-f:])")
_MACS_KEPT: Final = ("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff")


class Addresses:
    """The pseudonyms of one export; another key gives other pseudonyms."""

    def __init__(self, key: bytes) -> None:
        """Takes 16 to 64 random bytes that are forgotten with the export."""
        self._key = key
        self._macs: dict[str, int] = {}
        self._pseudonym = lru_cache(maxsize=None)(self._made)

    def replaced(self, text: str) -> str:
        """The text with a pseudonym for every address in it; prefix lengths, ports and masks stay."""
        text = _MAC.sub(lambda match: self._mac(match[0]), text)
        if text.count(":") > 1:
            text = _V6.sub(self._of, text)
        return _V4.sub(self._of, text)

    def pseudonym(self, address: Address) -> Address:
        """The same address gives the same pseudonym of the same family and kind."""
        return self._pseudonym(address)

    def _of(self, match: re.Match[str]) -> str:
        groups = match.groupdict()
        written = match["address"]
        for end in ("", ":"):
            try:
                address = ipaddress.ip_address(written.removesuffix(end))
            except ValueError:
                continue
            length = groups["length"] or groups.get("mask")
            suffix = f"/{groups['length']}" if groups["length"] else ""
            pseudonym = self._network(address, length) or self._pseudonym(address)
            return f"{pseudonym}{end}{suffix}"
        return match[0]

    def _network(self, address: Address, length: str | None) -> Address | None:
        """The pseudonym of a network's own address, which is one again; None for a host's."""
        if not length:
            return None
        try:
            network = ipaddress.ip_network(f"{address}/{length}")
        except ValueError:
            return None
        pseudonym = ipaddress.ip_network((self._pseudonym(address), network.prefixlen), strict=False)
        return pseudonym.network_address

    def _made(self, address: Address) -> Address:
        bits, width = int(address), address.max_prefixlen
        kept = _kept(address)
        result = bits >> (width - kept)
        for length in range(kept, width):
            bit = bits >> (width - length - 1) & 1
            if not _meets_own_range(bits >> (width - length), length, width):
                bit ^= self._flips(bits >> (width - length), length, width)
            result = result << 1 | bit
        return type(address)(result)

    def _flips(self, prefix: int, length: int, width: int) -> int:
        """One bit that depends on the key and on all bits before it."""
        message = bytes((width, length)) + prefix.to_bytes(16, "big")
        return blake2b(message, digest_size=1, key=self._key).digest()[0] & 1

    def _mac(self, text: str) -> str:
        lowered = text.lower()
        if lowered in _MACS_KEPT:
            return text
        number = self._macs.setdefault(lowered, len(self._macs) + 1)
        return "02:" + ":".join(f"{byte:02x}" for byte in number.to_bytes(5, "big"))


def _networks(texts: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """Each network as (leading bits, how many)."""
    found = []
    for text in texts:
        network = ipaddress.ip_network(text)
        length = network.prefixlen
        found.append((int(network.network_address) >> (network.max_prefixlen - length), length))
    return tuple(found)


_KEPT: Final = {32: _networks(_KEPT_4), 128: _networks(_KEPT_6)}
_OWN: Final = {32: _networks(_OWN_4 + _KEPT_4), 128: _networks(_OWN_6 + _KEPT_6)}


def _kept(address: Address) -> int:
    """How many leading bits stay: all in a kept range, the range's own in another that means something."""
    bits, width = int(address), address.max_prefixlen
    if any(bits >> (width - length) == prefix for prefix, length in _KEPT[width]):
        return width
    return max((length for prefix, length in _OWN[width] if bits >> (width - length) == prefix), default=0)


def _meets_own_range(prefix: int, length: int, width: int) -> bool:
    """Whether a range with a meaning of its own lies below: then the two halves may not change places."""
    return any(own >> (size - length) == prefix for own, size in _OWN[width] if size > length)
