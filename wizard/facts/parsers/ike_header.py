"""The first bytes of a captured packet: which IKE message or which ESP packet it is.

tcpdump's wording leaves out the SPIs and, for IKEv2, the message id; without them a request seen to leave
one gateway cannot be told from an older one seen to arrive at the other.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from wizard.records import dataclass

EXCHANGES: Final = {
    2: "MAIN",
    4: "AGGRESSIVE",
    5: "INFO_V1",
    6: "TRANSACTION",
    32: "QUICK",
    34: "IKE_SA_INIT",
    35: "IKE_AUTH",
    36: "CREATE_CHILD_SA",
    37: "INFORMATIONAL",
    38: "IKE_SESSION_RESUME",
    43: "IKE_INTERMEDIATE",
    44: "IKE_FOLLOWUP_KE",
}
"""Exchange types by number (IANA, RFC 2408 and RFC 7296)."""

_ESP, _AH, _UDP = 50, 51, 17
_EXTENSIONS = frozenset({0, 43, 60})
_IKE_LENGTH = 28


@dataclass(frozen=True, slots=True)
class IkeHeader:
    """The header every IKE message starts with; SPIs (cookies in IKEv1) are 16 hexadecimal digits."""

    initiator_spi: str
    responder_spi: str
    version: int
    exchange: str
    initiator: bool | None
    """Sent by the end that started the IKE SA; IKEv1 does not say."""
    response: bool | None
    message_id: int
    encrypted: bool | None = None
    """IKEv1's encryption flag; None for IKEv2, which has none."""


@dataclass(frozen=True, slots=True)
class Headers:
    """What the first bytes of an IP packet say; ports and the rest are None where the packet has none."""

    src: str
    dst: str
    proto: int
    sport: int | None = None
    dport: int | None = None
    ike: IkeHeader | None = None
    spi: str = ""
    seq: int | None = None
    keepalive: bool = False
    fragment: bool = False
    """A fragment that is not the first: nothing but the addresses can be read."""
    first_fragment: bool = False
    """The first of several fragments."""


def decode(packet: bytes) -> Headers | None:
    """Reads an IPv4 or IPv6 packet, cut or whole; None when it is neither or too short for its addresses."""
    if not packet:
        return None
    if packet[0] >> 4 == 4 and len(packet) >= 20:
        start = (packet[0] & 15) * 4
        flags = int.from_bytes(packet[6:8])
        ends = str(IPv4Address(packet[12:16])), str(IPv4Address(packet[16:20]))
        found = _payload(packet[start:], packet[9], ends, fragment=flags & 0x1FFF != 0)
        return replace(found, first_fragment=flags & 0x3FFF == 0x2000)
    if packet[0] >> 4 == 6 and len(packet) >= 40:
        ends = str(IPv6Address(packet[8:24])), str(IPv6Address(packet[24:40]))
        proto, rest, fragment, first = packet[6], packet[40:], False, False
        while len(rest) >= 8 and (proto in _EXTENSIONS or proto == 44):
            fragment = fragment or (proto == 44 and int.from_bytes(rest[2:4]) & 0xFFF8 != 0)
            first = first or (proto == 44 and int.from_bytes(rest[2:4]) & 0xFFF9 == 1)
            length = 8 if proto == 44 else 8 + rest[1] * 8
            proto, rest = rest[0], rest[length:]
        return replace(_payload(rest, proto, ends, fragment=fragment), first_fragment=first)
    return None


def _payload(body: bytes, proto: int, ends: tuple[str, str], *, fragment: bool) -> Headers:
    src, dst = ends
    if fragment:
        return Headers(src, dst, proto, fragment=True)
    if proto == _ESP and len(body) >= 8:
        return Headers(src, dst, proto, spi=body[:4].hex(), seq=int.from_bytes(body[4:8]))
    if proto == _AH and len(body) >= 12:
        return Headers(src, dst, proto, spi=body[4:8].hex(), seq=int.from_bytes(body[8:12]))
    if proto in {_UDP, 6} and len(body) >= 4:
        sport, dport = int.from_bytes(body[:2]), int.from_bytes(body[2:4])
        if proto == _UDP:
            return _datagram(body, Headers(src, dst, proto, sport, dport))
        return Headers(src, dst, proto, sport, dport)
    return Headers(src, dst, proto)


def _datagram(body: bytes, found: Headers) -> Headers:
    src, dst, proto, sport, dport = found.src, found.dst, found.proto, found.sport, found.dport
    length, data = int.from_bytes(body[4:6]), body[8:]
    if 4500 in {sport, dport}:
        if length == 9 and data[:1] == b"\xff":
            return Headers(src, dst, proto, sport, dport, keepalive=True)
        if data[:4] == bytes(4):
            return Headers(src, dst, proto, sport, dport, ike=ike_header(data[4:]))
        if len(data) >= 8:
            return Headers(src, dst, proto, sport, dport, spi=data[:4].hex(), seq=int.from_bytes(data[4:8]))
    elif 500 in {sport, dport}:
        return Headers(src, dst, proto, sport, dport, ike=ike_header(data))
    return found


def ike_header(data: bytes) -> IkeHeader | None:
    """The header of an IKE message, None when it is cut or of a version other than 1 and 2."""
    if len(data) < _IKE_LENGTH or data[17] >> 4 not in {1, 2}:
        return None
    version, flags = data[17] >> 4, data[19]
    return IkeHeader(
        initiator_spi=data[:8].hex(),
        responder_spi=data[8:16].hex(),
        version=version,
        exchange=EXCHANGES.get(data[18], f"exchange {data[18]}"),
        initiator=bool(flags & 0x08) if version == 2 else None,
        response=bool(flags & 0x20) if version == 2 else None,
        message_id=int.from_bytes(data[20:24]),
        encrypted=bool(flags & 0x01) if version == 1 else None,
    )
