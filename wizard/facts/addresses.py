"""What addresses and networks are by themselves: an address at all, within a network, in need of a NAT."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
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


def network_of(text: str) -> IPv4Network | IPv6Network | None:
    """The network in a traffic selector, an address being one of its own; None where there is none."""
    bare = text.partition("[")[0]
    try:
        return ip_network(bare, strict=False)
    except ValueError:
        return None


def within(inner: str, outer: str) -> bool:
    """Whether all of an address or network lies in another; no when either text is neither."""
    first, second = network_of(inner), network_of(outer)
    if first is None or second is None or first.version != second.version:
        return False
    return first.network_address in second and first.prefixlen >= second.prefixlen
