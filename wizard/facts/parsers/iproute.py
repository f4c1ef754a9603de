"""Interfaces, addresses and neighbours, as iproute2 and busybox print them.

The commands use the one-line form: it is the same from busybox to iproute2 6, and each line is evidence by
itself. Plain `ip addr` and `ip -j addr` are read too, since people paste those.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, IPv6Network, ip_address, ip_interface
from typing import Any, Final

from wizard.facts.parsers.words import after
from wizard.records import dataclass

ADDRESSES_COMMAND: Final = "ip -d -o link show 2>/dev/null || ip -o link show; ip -o addr show"
"""With details, which say what SA a tunnel interface belongs to; busybox has none to give."""
NEIGHBOURS_COMMAND: Final = "ip neigh show"

_LINK = re.compile(r"(\d{1,9}):\s{1,9}([^\s:@]{1,64})(?:@([^\s:]{1,64}))?:\s{1,9}<([^>\s]{0,400})>(.*)")
_ADDRESS = re.compile(r"(?:(\d{1,9}):\s{1,9}([^\s]{1,64})\s{1,9}|\s{1,9})(inet6?)\s{1,9}(\S{1,100})(.*)")
_MTU = re.compile(r"\smtu (\d{1,9})\b")
_TUNNEL = re.compile(r"\\\s{1,9}(xfrm|vti6?)\s(.{0,300})")
_MAC = re.compile(r"link/\S{1,40} ([0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5})\b")
_ALIVE = frozenset({"REACHABLE", "STALE", "DELAY", "PROBE", "PERMANENT"})


@dataclass(frozen=True, slots=True)
class Address:
    """An address of an interface; `prefix` is the length of its network, 0 to 128."""

    interface: str
    address: str
    prefix: int
    scope: str
    peer: str
    line: str

    @property
    def network(self) -> IPv4Network | IPv6Network:
        """The network the address lies in."""
        return ip_interface(f"{self.address}/{self.prefix}").network


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface; `up` is what somebody set, `carrier` the state of the wire (None: unknown)."""

    name: str
    index: int | None = None
    up: bool = False
    carrier: bool | None = None
    mtu: int | None = None
    mac: str = ""
    parent: str = ""
    addresses: tuple[Address, ...] = ()
    line: str = ""
    kind: str = ""
    """xfrm or vti where it is an interface of a tunnel; empty for others."""
    key: int | None = None
    """The if_id of an xfrm interface, the mark (okey) of a vti; SAs with the same one belong to it."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What the kernel knows of a host on a connected network; `state` is a word of ip-neighbour(8)."""

    address: str
    interface: str
    mac: str
    state: str
    router: bool
    line: str

    @property
    def alive(self) -> bool:
        """Whether the host has answered with a hardware address the kernel still uses."""
        return self.state in _ALIVE and bool(self.mac)


def parse_addresses(text: str) -> tuple[Interface, ...]:
    """Interfaces with their addresses, in the order printed; lines that are neither are passed over."""
    if text.lstrip().startswith("["):
        return _from_json(text)
    links: dict[str, Interface] = {}
    addresses: list[Address] = []
    current = ""
    for line in text.split("\n"):
        if link := _LINK.match(line):
            interface = _interface(link, line)
            current = interface.name
            links[current] = interface
        elif found := _ADDRESS.match(line):
            address = _address(found[2] or current, found[4], found[5], line)
            addresses += [address] if address else []
        elif current and (mac := _MAC.search(line[:400])) and line.lstrip().startswith("link/"):
            links[current] = replace(links[current], mac=mac[1].lower())
    for address in addresses:
        name = address.interface
        known = links.get(name) or Interface(name, line=address.line)
        links[name] = replace(known, addresses=(*known.addresses, address))
    return tuple(links.values())


def _interface(link: re.Match[str], line: str) -> Interface:
    flags = link[4].split(",")
    carrier = True if "LOWER_UP" in flags else False if "NO-CARRIER" in flags or "UP" in flags else None
    mtu, mac = _MTU.search(link[5][:400]), _MAC.search(link[5][:400])
    tunnel = _TUNNEL.search(link[5][:1000])
    words = tunnel[2].split() if tunnel else []
    return Interface(
        name=link[2],
        index=int(link[1]),
        up="UP" in flags,
        carrier=carrier,
        mtu=int(mtu[1]) if mtu else None,
        mac=mac[1].lower() if mac else "",
        parent=link[3] or "",
        line=line.rstrip(),
        kind=tunnel[1].rstrip("6") if tunnel else "",
        key=key_of(after(words, "if_id") or after(words, "okey")),
    )


def key_of(text: str) -> int | None:
    """An if_id, mark or key as a number: decimal, hexadecimal or like an address; a mask after it is left off."""
    word = text.partition("/")[0]
    try:
        return int(ip_address(word)) if word.count(".") == 3 else int(word, 0)
    except ValueError:
        return None


def _address(interface: str, text: str, rest: str, line: str) -> Address | None:
    words = rest.partition("\\")[0].split()
    scope = after(words, "scope")
    peer = words[1].partition("/")[0] if words[:1] == ["peer"] and len(words) > 1 else ""
    if peer and "/" not in text:
        text = f"{text}/{words[1].partition('/')[2] or (128 if ':' in text else 32)}"
    own = _parsed(text)
    if own is None or not interface:
        return None
    return Address(interface.partition("@")[0], str(own.ip), own.network.prefixlen, scope, peer, line.strip())


def _parsed(text: str) -> IPv4Interface | IPv6Interface | None:
    try:
        return ip_interface(text)
    except ValueError:
        return None


def _from_json(text: str) -> tuple[Interface, ...]:
    """`ip -j addr`; the line of each record is its own piece of JSON."""
    try:
        printed = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    links = [link for link in printed if isinstance(link, dict) and isinstance(link.get("ifname"), str)]
    return tuple(_json_interface(link) for link in links)


def _json_interface(link: dict[str, Any]) -> Interface:
    name = link["ifname"]
    index, mtu, stated, flags = (link.get(key) for key in ("ifindex", "mtu", "addr_info", "flags"))
    flags = flags if isinstance(flags, list) else []
    addresses = []
    for item in stated if isinstance(stated, list) else []:
        if not isinstance(item, dict):
            continue
        own = _parsed(f"{item.get('local')}/{item.get('prefixlen')}")
        if own is not None:
            scope, peer = str(item.get("scope", "")), str(item.get("address", ""))
            addresses.append(Address(name, str(own.ip), own.network.prefixlen, scope, peer, json.dumps(item)))
    return Interface(
        name=name,
        index=index if isinstance(index, int) else None,
        up="UP" in flags,
        carrier="LOWER_UP" in flags if flags else None,
        mtu=mtu if isinstance(mtu, int) else None,
        mac=str(link.get("address", "")).lower(),
        parent=str(link.get("link", "")),
        addresses=tuple(addresses),
        line=json.dumps({key: value for key, value in link.items() if key != "addr_info"}),
    )


def interface_holding(interfaces: Iterable[Interface], address: str) -> Interface | None:
    """The interface an address is on, None when it is on none of them or is no address."""
    try:
        wanted = ip_address(address)
    except ValueError:
        return None
    for interface in interfaces:
        if any(ip_address(own.address) == wanted for own in interface.addresses):
            return interface
    return None


def address_within(interfaces: Iterable[Interface], network: str) -> Address | None:
    """An own address inside a network, so that a test can start where the protected hosts are."""
    wanted = _parsed(network)
    if wanted is None:
        return None
    for interface in interfaces:
        for own in interface.addresses:
            if ip_address(own.address) in wanted.network:
                return own
    return None


def parse_neighbours(text: str) -> tuple[Neighbour, ...]:
    """The neighbour table; an entry without a hardware address has failed or is still being asked for."""
    found = []
    for line in text.split("\n"):
        words = line.split()
        if len(words) < 4 or len(words) > 20 or "dev" not in words:
            continue
        try:
            address = str(ip_address(words[0]))
        except ValueError:
            continue
        found.append(
            Neighbour(
                address=address,
                interface=after(words, "dev"),
                mac=after(words, "lladdr").lower(),
                state=words[-1],
                router="router" in words,
                line=line.strip(),
            )
        )
    return tuple(found)
