"""Packets a capture saw, as IKE, ESP or plain text, with what identifies each one.

The capture prints the first bytes of each packet beside tcpdump's own words: SPIs and message ids come from
the packet itself. Without those bytes (a pasted capture) the words are read.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final, Literal

from wizard.facts.addresses import is_address
from wizard.facts.parsers.ike_header import Headers, decode
from wizard.records import dataclass

COMMAND: Final = (
    '${SUDO:+$SUDO timeout "${SECONDS_MAX:-30}"} tcpdump -p -nn -tt -l -x -s 96 --immediate-mode'
    ' -c "${LIMIT:-400}" -i "$INTERFACE" "$FILTER" 2>&1'
)
"""Captures on $INTERFACE what the pcap filter $FILTER lets through: at most $LIMIT, for $SECONDS_MAX s.

Only the first 96 bytes of a packet are looked at, and the interface is not made promiscuous.
`--immediate-mode` keeps the last packets from being lost in the kernel's buffer when the capture is ended.
`timeout` runs inside sudo, since a login may not signal root's processes and sudo does not pass on what
comes from its own process group.
"""

Kind = Literal["ike", "natt-ike", "esp", "espinudp", "keepalive", "ah", "icmp-error", "plain"]

_PACKET = re.compile(
    r"(\d{1,10}\.\d{1,9}) (?:(\S{1,32})\s{1,9}(In|Out|[BMP])\s{1,9})?IP6? "
    r"(?:\([^)]{0,300}\) )?(\S{1,80}) > (\S{1,80}): (.{0,2000})"
)
_HEX = re.compile(r"\s{1,9}0x([0-9a-f]{4}):\s{2}((?:(?:[0-9a-f]{2}){1,2} ?){1,8})")
_ESP = re.compile(r"(?:UDP-encap: )?(ESP|AH)\(spi=0x([0-9a-f]{8}),(?:seq=0x([0-9a-f]{1,16}))?")
_IKE = re.compile(
    r"(NONESP-encap: )?isakmp(?: \d\.\d)?(?: msgid ([0-9a-f]{8}))?"
    r"(?: cookie ([0-9a-f]{16})->([0-9a-f]{16}))?: (.{0,80})"
)
_V2 = re.compile(r"(?:parent_sa|child_sa)\s{1,4}(\w{1,20})(?:\[(I?R?)\])?")
_V1 = re.compile(r"phase (?:1|2/others) ([IR?]) ([\w#\-]{1,20})")
_V2_EXCHANGES: Final = {
    "ikev2_init": "IKE_SA_INIT",
    "ikev2_auth": "IKE_AUTH",
    "child_sa": "CREATE_CHILD_SA",
    "inf2": "INFORMATIONAL",
}
_V1_EXCHANGES: Final = {
    "ident": "MAIN",
    "agg": "AGGRESSIVE",
    "oakley-quick": "QUICK",
    "inf": "INFO_V1",
    "#6": "TRANSACTION",
}
_PROTOCOLS: Final = {1: "icmp", 6: "tcp", 17: "udp", 50: "esp", 51: "ah", 58: "ipv6-icmp"}
_CHATTER = re.compile("verbose output|data link type|WARNING")
_SUMMARY = re.compile(r"(\d{1,10}) packets? (captured|received by filter|dropped by kernel)")


@dataclass(frozen=True, slots=True)
class CapturedPacket:
    """One packet on the wire; what it does not have (or the capture does not show) is None or empty."""

    time_s: float
    """Seconds since 1970 by the gateway's own clock."""
    src: str
    dst: str
    sport: int | None
    dport: int | None
    kind: Kind
    exchange: str = ""
    version: int | None = None
    initiator: bool | None = None
    """Whether the end that started the IKE SA sent it."""
    response: bool | None = None
    message_id: int | None = None
    initiator_spi: str = ""
    responder_spi: str = ""
    spi: str = ""
    seq: int | None = None
    proto: str = ""
    fragmented: bool = False
    """The first of several IP fragments: the packet was too big for the line."""
    encrypted: bool | None = None
    """IKEv1 only: whether its payloads are encrypted, as they are once keys are agreed on."""
    interface: str = ""
    direction: Literal["in", "out", ""] = ""
    line: str = ""


@dataclass(frozen=True, slots=True)
class Capture:
    """What was captured; `listening` tells an empty capture from one that never began."""

    packets: tuple[CapturedPacket, ...] = ()
    listening: bool = False
    seen: int | None = None
    dropped: int | None = None
    problems: tuple[str, ...] = ()


def parse(text: str) -> Capture:
    """The packets in the order seen; lines tcpdump prints beside them tell whether it worked."""
    packets: list[CapturedPacket] = []
    problems: list[str] = []
    summary: dict[str, int] = {}
    listening = False
    raw = bytearray()
    for line in [*text.split("\n"), ""]:
        if packet_bytes := _HEX.match(line):
            if int(packet_bytes[1], 16) == len(raw):
                raw += bytes.fromhex(packet_bytes[2])
            continue
        if packets and raw:
            packets[-1] = _with_headers(packets[-1], decode(bytes(raw)))
        raw.clear()
        if packet := _packet(line):
            packets.append(packet)
        elif "listening on " in line[:200]:
            listening = True
        elif counted := _SUMMARY.match(line.strip()):
            summary[counted[2]] = int(counted[1])
        elif line.startswith(("tcpdump: ", "sudo: ", "sh: ", "timeout: ")) and not _CHATTER.search(
            line[:200]
        ):
            problems.append(line.strip())
    return Capture(
        packets=tuple(packets),
        listening=listening or bool(packets),
        seen=summary.get("received by filter"),
        dropped=summary.get("dropped by kernel"),
        problems=tuple(problems),
    )


def _packet(line: str) -> CapturedPacket | None:
    found = _PACKET.match(line)
    if not found:
        return None
    words = found[6]
    src, sport = _end(found[4])
    dst, dport = _end(found[5])
    if not src or not dst:
        return None
    plain = CapturedPacket(
        time_s=float(found[1]),
        src=src,
        dst=dst,
        sport=sport,
        dport=dport,
        kind="plain",
        interface=found[2] or "",
        direction="in" if found[3] == "In" else "out" if found[3] == "Out" else "",
        line=line.strip(),
    )
    if esp := _ESP.match(words):
        kind: Kind = "ah" if esp[1] == "AH" else "espinudp" if words.startswith("UDP") else "esp"
        return replace(plain, kind=kind, spi=esp[2], seq=int(esp[3], 16) if esp[3] else None)
    if words.startswith("isakmp-nat-keep-alive"):
        return replace(plain, kind="keepalive")
    if ike := _IKE.match(words):
        return _ike(plain, ike)
    if words.startswith("ICMP"):
        failed = "unreachable" in words or "time exceeded" in words or "too big" in words
        icmp = "ipv6-icmp" if words.startswith("ICMP6") else "icmp"
        return replace(plain, kind="icmp-error" if failed else "plain", proto=icmp)
    return replace(
        plain, proto="tcp" if words.startswith("Flags [") else "udp" if words.startswith("UDP") else ""
    )


def _ike(plain: CapturedPacket, ike: re.Match[str]) -> CapturedPacket:
    packet = replace(
        plain,
        kind="natt-ike" if ike[1] else "ike",
        message_id=int(ike[2], 16) if ike[2] else None,
        initiator_spi=ike[3] or "",
        responder_spi=ike[4] or "",
    )
    if second := _V2.match(ike[5]):
        return replace(
            packet,
            version=2,
            exchange=_V2_EXCHANGES.get(second[1], second[1]),
            initiator="I" in (second[2] or ""),
            response="R" in (second[2] or ""),
        )
    if first := _V1.match(ike[5]):
        exchange = _V1_EXCHANGES.get(first[2], first[2])
        return replace(
            packet, version=1, exchange=exchange, initiator=None if first[1] == "?" else first[1] == "I"
        )
    return packet


def _with_headers(packet: CapturedPacket, headers: Headers | None) -> CapturedPacket:
    """What the packet's own bytes say, laid over what tcpdump said."""
    if headers is None or headers.fragment:
        return packet
    packet = replace(
        packet,
        sport=headers.sport or packet.sport,
        dport=headers.dport or packet.dport,
        fragmented=headers.first_fragment,
    )
    if headers.ike is not None:
        ike = headers.ike
        return replace(
            packet,
            kind="natt-ike" if 4500 in {headers.sport, headers.dport} else "ike",
            exchange=ike.exchange,
            version=ike.version,
            initiator=packet.initiator if ike.initiator is None else ike.initiator,
            response=ike.response,
            message_id=ike.message_id,
            initiator_spi=ike.initiator_spi,
            responder_spi=ike.responder_spi,
            encrypted=ike.encrypted,
        )
    if headers.keepalive:
        return replace(packet, kind="keepalive")
    if headers.spi:
        kind: Kind = "espinudp" if headers.proto == 17 else "ah" if headers.proto == 51 else "esp"
        return replace(packet, kind=kind, spi=headers.spi, seq=headers.seq)
    return replace(packet, proto=packet.proto or _PROTOCOLS.get(headers.proto, str(headers.proto)))


def _end(text: str) -> tuple[str, int | None]:
    """Address and port of "192.0.2.1.500", "2001:db8::1.500" or an address alone."""
    address, dot, port = text.rpartition(".")
    is_port = bool(dot) and port.isascii() and port.isdigit() and len(port) <= 5
    if is_port and (address.count(".") == 3 or ":" in address) and is_address(address):
        return address, int(port)
    return (text, None) if is_address(text) else ("", None)
