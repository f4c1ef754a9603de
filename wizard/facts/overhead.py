"""How large a packet may be to fit into a tunnel, from the path outside and what the SA adds to each packet."""

from __future__ import annotations

from typing import Final

from wizard.facts.parsers.xfrm import SecurityAssociation

IPV4_HEADER: Final = 20
IPV6_HEADER: Final = 40
_TCP_HEADER: Final = 20
_SPI_AND_SEQUENCE: Final = 8
_UDP_HEADER: Final = 8
_TRAILER: Final = 2
"""Pad length and next header (RFC 4303, 2.4 and 2.6)."""
_COUNTER_IV: Final = 8
_WORD: Final = 4


def inside_mtu(outside_mtu: int, sa: SecurityAssociation) -> int:
    """The largest packet that the SA carries over a path of that MTU, bytes; at least 0.

    As the kernel reckons (net/ipv4/esp4.c, xfrm_state_mtu): outer header, SPI and sequence number, IV, padding
    to the cipher's blocks, trailer, authentication tag. Tunnel mode; transport mode has room for 20 bytes more.
    """
    iv, block, tag = _cipher(sa.algorithms)
    outer = IPV6_HEADER if ":" in sa.dst else IPV4_HEADER
    if sa.proto == "ah":
        return max(0, outside_mtu - outer - 12 - tag)
    fixed = outer + _SPI_AND_SEQUENCE + iv + tag + (_UDP_HEADER if sa.encap is not None else 0)
    return max(0, (outside_mtu - fixed) // block * block - _TRAILER)


def mss(packet: int, address: str) -> int:
    """The TCP maximum segment size for packets of that size (RFC 9293, 3.7.1)."""
    return max(0, packet - (IPV6_HEADER if ":" in address else IPV4_HEADER) - _TCP_HEADER)


def _cipher(algorithms: tuple[str, ...]) -> tuple[int, int, int]:
    """Bytes of IV, of padding blocks and of the tag; the largest in common use where a name says nothing."""
    iv, block, tag = 16, 16, 16
    for name in algorithms:
        bits = int(name.rpartition(" ")[2]) if name.rpartition(" ")[2].isdigit() else 0
        if any(word in name for word in ("gcm", "ccm", "poly1305", "gmac")):
            return _COUNTER_IV, _WORD, (bits or 128) // 8
        if "ctr" in name:
            iv, block = _COUNTER_IV, _WORD
        elif "des3" in name or "(des)" in name or "blowfish" in name or "cast" in name:
            iv, block = 8, 8
        elif "null" in name:
            iv, block = 0, _WORD
        elif bits:
            tag = bits // 8
        elif "sha1" in name or "md5" in name:
            tag = 12
    return iv, block, tag
