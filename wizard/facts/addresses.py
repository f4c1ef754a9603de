"""What a text or an address is by itself: an address at all, or one that needs a NAT to reach the Internet."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

_TRANSLATED: Final = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "fc00::/7",
    )
)


def is_address(text: str) -> bool:
    """Whether it is an address, not a name."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def needs_nat(address: IPv4Address | IPv6Address) -> bool:
    """Whether it reaches the Internet only through a NAT (RFC 1918, RFC 6598, RFC 3927, RFC 4193)."""
    return any(address in network for network in _TRANSLATED if network.version == address.version)
