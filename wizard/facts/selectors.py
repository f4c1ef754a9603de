"""Traffic selectors: what a CHILD SA carries, read from any spelling and compared across two gateways.

Host bits do not count (10.1.0.5/24 is 10.1.0.0/24), `dynamic` stands for the IKE endpoint's own address, and
what is local at one end must be remote at the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from wizard.records import dataclass

Network = IPv4Network | IPv6Network

ALL_PORTS: Final = (0, 65535)
OPAQUE: Final = (65535, 0)
"""No port can be known, as for fragments (RFC 4301)."""

PROTOCOLS: Final = {
    "any": 0,
    "icmp": 1,
    "igmp": 2,
    "ipencap": 4,
    "tcp": 6,
    "udp": 17,
    "ipv6": 41,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "ipv6-icmp": 58,
    "icmpv6": 58,
    "ospf": 89,
    "ipip": 94,
    "vrrp": 112,
    "l2tp": 115,
    "sctp": 132,
    "udplite": 136,
}
SERVICES: Final = {
    "ftp": 21,
    "ssh": 22,
    "telnet": 23,
    "smtp": 25,
    "domain": 53,
    "bootps": 67,
    "bootpc": 68,
    "tftp": 69,
    "http": 80,
    "www": 80,
    "kerberos": 88,
    "pop3": 110,
    "sunrpc": 111,
    "ntp": 123,
    "imap2": 143,
    "snmp": 161,
    "bgp": 179,
    "ldap": 389,
    "https": 443,
    "microsoft-ds": 445,
    "isakmp": 500,
    "syslog": 514,
    "ldaps": 636,
    "imaps": 993,
    "l2f": 1701,
    "l2tp": 1701,
    "pptp": 1723,
    "radius": 1812,
    "nfs": 2049,
    "ms-wbt-server": 3389,
    "ipsec-nat-t": 4500,
    "sip": 5060,
}
_SPLIT = re.compile(r"(?P<net>[^\[\]]*)(?:\[(?P<proto>[^/\]]*)(?:/(?P<port>[^\]]*))?\])?")
_ICMP = re.compile(r"(?P<type>[0-9]{1,3})(?:\((?P<code>[0-9]{1,3})\))?")


@dataclass(frozen=True, slots=True)
class Selector:
    """One selector as a range of addresses, a protocol and a range of ports; `dynamic` has no range yet."""

    version: int
    """4 or 6; 0 as long as it is `dynamic`."""
    first: int
    last: int
    protocol: int = 0
    """IP protocol number, 0 for any."""
    ports: tuple[int, int] = ALL_PORTS
    """Lowest and highest port; for ICMP type and code in one number."""

    @property
    def dynamic(self) -> bool:
        """It stands for whatever address the IKE endpoint (or its virtual IP) has."""
        return self.version == 0

    def __str__(self) -> str:
        return self._networks() + self._traffic()

    def _networks(self) -> str:
        if self.dynamic:
            return "dynamic"
        first, last = _address(self.version, self.first), _address(self.version, self.last)
        size = self.last - self.first + 1
        if size & (size - 1) == 0 and self.first % size == 0:
            return f"{first}/{first.max_prefixlen - size.bit_length() + 1}"
        return f"{first}-{last}"

    def _traffic(self) -> str:
        if self.protocol == 0 and self.ports == ALL_PORTS:
            return ""
        names = {number: name for name, number in reversed(PROTOCOLS.items())}
        protocol = names.get(self.protocol, str(self.protocol))
        if self.ports == ALL_PORTS:
            return f"[{protocol}]"
        low, high = self.ports
        ports = "opaque" if self.ports == OPAQUE else str(low) if low == high else f"{low}-{high}"
        return f"[{protocol}/{ports}]"


@dataclass(frozen=True, slots=True)
class Mirror:
    """How the selectors of two ends, a and b, fit; the difference names them as {a} and {b}."""

    mirrors: bool
    """What is local here is remote there, exactly, in both directions."""
    overlaps: bool
    """There is something in common in both directions, so that narrowing (IKEv2) can succeed."""
    differences: tuple[str, ...] = ()

    @property
    def difference(self) -> str:
        """Everything that differs in one plain sentence, empty when the ends mirror each other."""
        return "; ".join(self.differences)


def parse(text: str) -> Selector | None:
    """Reads one selector as swanctl.conf, ipsec.conf or a listing spells it; None when it is none."""
    found = _SPLIT.fullmatch(text.strip())
    if found is None:
        return None
    protocol = _protocol(found["proto"])
    ports = _ports(found["port"], protocol)
    if protocol is None or ports is None:
        return None
    span = (0, 0, 0) if found["net"] == "dynamic" else _span(found["net"].strip())
    return Selector(*span, protocol, ports) if span is not None else None


def parse_all(texts: Iterable[str]) -> tuple[Selector, ...]:
    """Reads several and leaves out what is none."""
    return tuple(selector for text in texts if (selector := parse(text)) is not None)


def resolved(selector: Selector, address: str | None) -> Selector:
    """`dynamic` with the endpoint's address put in; unchanged when it is not or the address is unknown."""
    if not selector.dynamic or address is None:
        return selector
    try:
        host = ip_address(address)
    except ValueError:
        return selector
    return Selector(host.version, int(host), int(host), selector.protocol, selector.ports)


def equal(a: Selector, b: Selector) -> bool:
    """The same traffic; `dynamic` is taken to equal any single address, since it may be that one."""
    if a.dynamic != b.dynamic:
        single = b if a.dynamic else a
        return single.first == single.last and (a.protocol, a.ports) == (b.protocol, b.ports)
    return a == b


def contains(outer: Selector, inner: Selector) -> bool:
    """Everything the inner one matches, the outer one matches too."""
    if outer.protocol not in {0, inner.protocol}:
        return False
    if outer.ports != ALL_PORTS and not (
        outer.ports[0] <= inner.ports[0] and inner.ports[1] <= outer.ports[1]
    ):
        return False
    if outer.dynamic or inner.dynamic:
        return outer.dynamic and equal(Selector(0, 0, 0), Selector(inner.version, inner.first, inner.last))
    return outer.version == inner.version and outer.first <= inner.first and inner.last <= outer.last


def overlap(a: Selector, b: Selector) -> bool:
    """Some packet matches both; `dynamic` may overlap anything of the same protocol and ports."""
    if a.protocol and b.protocol and a.protocol != b.protocol:
        return False
    if OPAQUE not in {a.ports, b.ports} and (a.ports[1] < b.ports[0] or b.ports[1] < a.ports[0]):
        return False
    if a.dynamic or b.dynamic:
        return True
    return a.version == b.version and a.first <= b.last and b.first <= a.last


def mirror(
    a_local: Sequence[str],
    a_remote: Sequence[str],
    b_local: Sequence[str],
    b_remote: Sequence[str],
    *,
    a_address: str | None = None,
    b_address: str | None = None,
) -> Mirror:
    """Compares the selectors of two ends, each as configured there.

    No selector at all means the endpoint's own address (`dynamic`). The addresses, as the peer sees them,
    put a value to it; without them `dynamic` is given the benefit of the doubt.
    """
    differences: list[str] = []
    overlaps = True
    for owner, here, there, address in (
        ("a", a_local, b_remote, a_address),
        ("b", b_local, a_remote, b_address),
    ):
        mine = [resolved(one, address) for one in parse_all(here or ("dynamic",))]
        theirs = [resolved(one, address) for one in parse_all(there or ("dynamic",))]
        overlaps = overlaps and any(overlap(one, other) for one in mine for other in theirs)
        only_mine = [one for one in mine if not any(equal(one, other) for other in theirs)]
        only_theirs = [one for one in theirs if not any(equal(one, other) for other in mine)]
        if only_mine or only_theirs:
            differences.append(_difference(owner, only_mine, only_theirs))
    return Mirror(not differences, overlaps, tuple(differences))


def _difference(owner: str, only_mine: list[Selector], only_theirs: list[Selector]) -> str:
    other = "b" if owner == "a" else "a"
    mine, theirs = (", ".join(str(one) for one in group) for group in (only_mine, only_theirs))
    if not only_theirs:
        return f"{{{owner}}} protects {mine}, which {{{other}}} does not expect behind it"
    if not only_mine:
        return f"{{{other}}} expects {theirs} behind {{{owner}}}, which {{{owner}}} does not protect"
    return f"{{{owner}}} protects {mine}, but {{{other}}} expects {theirs} there"


def _address(version: int, number: int) -> IPv4Address | IPv6Address:
    return IPv4Address(number) if version == 4 else IPv6Address(number)


def _span(text: str) -> tuple[int, int, int] | None:
    low, dots, high = text.partition("..")
    if not dots:
        low, dash, high = text.partition("-")
        dots = dash
    try:
        if dots:
            first, last = ip_address(low.strip()), ip_address(high.strip())
            if first.version != last.version:
                return None
            return first.version, int(first), int(last)
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    return network.version, int(network[0]), int(network[-1])


def _protocol(word: str | None) -> int | None:
    if not word:
        return 0
    number = PROTOCOLS.get(word.lower())
    if number is None and re.fullmatch(r"[0-9]{1,3}|0[xX][0-9a-fA-F]{1,2}", word):
        number = int(word, 0) if word.lower().startswith("0x") else int(word)
    return number if number is not None and number <= 255 else None


def _ports(word: str | None, protocol: int | None) -> tuple[int, int] | None:
    if not word or word.lower() == "any":
        return ALL_PORTS
    if word.lower() == "opaque":
        return OPAQUE
    if word.lower() in SERVICES:
        return (SERVICES[word.lower()],) * 2
    if protocol in {1, 58} and (found := _ICMP.fullmatch(word)) and int(found["type"]) <= 255:
        # Type and code share the two octets of a port.
        return (int(found["type"]) * 256 + int(found["code"] or 0),) * 2
    low, dash, high = word.partition("-")
    if not re.fullmatch(r"[0-9]{1,5}", low) or (dash and not re.fullmatch(r"[0-9]{1,5}", high)):
        return None
    first, last = int(low), int(high or low)
    return (first, last) if first <= 65535 and last <= 65535 else None
