"""IKE identities: of which type a written one is, and whether the one a peer sends is the one expected.

The type is guessed from the spelling as strongSwan does it (swanctl.conf(5)): two identities that read alike
but differ in type, such as `gw` (a name) and `keyid:gw`, do not match.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, Literal

from wizard.records import dataclass

Kind = Literal["any", "address", "subnet", "range", "name", "e-mail", "distinguished name", "key id", "other"]

ANY: Final = frozenset({"", "%any", "%any4", "%any6", "0.0.0.0", "*", "::", "0::0"})

_PREFIXES: Final[dict[str, Kind]] = {
    "ipv4": "address",
    "ipv6": "address",
    "ipv4net": "subnet",
    "ipv6net": "subnet",
    "ipv4range": "range",
    "ipv6range": "range",
    "rfc822": "e-mail",
    "email": "e-mail",
    "userfqdn": "e-mail",
    "fqdn": "name",
    "dns": "name",
    "asn1dn": "distinguished name",
    "asn1gn": "other",
    "xmppaddr": "other",
    "keyid": "key id",
}
_RDN_NAMES: Final = {
    "email": "E",
    "emailaddress": "E",
    "employeenumber": "EN",
    "unstructuredname": "UN",
    "unstructuredaddress": "UA",
}
_PREFIX = re.compile(r"(?P<word>[A-Za-z0-9]+):(?P<rest>.*)", re.DOTALL)
_SLASHED = re.compile(r"/(?=[A-Za-z0-9.]+=)")
_COMMAED = re.compile(r"[,;/](?=\s*[A-Za-z0-9.]+\s*=)")

Rdn = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Identity:
    """One identity with its type; `value` is what is compared, in lower case where case does not count."""

    kind: Kind
    value: str
    text: str
    """As written."""
    rdns: tuple[Rdn, ...] = ()
    """Of a distinguished name: its parts in their order, each as type and value."""

    def __str__(self) -> str:
        return f"{self.text} ({self.kind})"


def parse(text: str | None) -> Identity:
    """Reads an identity as swanctl.conf, ipsec.conf or a listing spells it; None is any."""
    written = (text or "").strip()
    # ipsec.conf: a % before an identity only keeps the initiator from sending it.
    bare = written[1:] if written.startswith("%") and written not in ANY else written
    if bare in ANY:
        return Identity("any", "", written)
    prefix = _PREFIX.fullmatch(bare)
    if prefix and prefix["word"].lower() in _PREFIXES:
        return _typed(_PREFIXES[prefix["word"].lower()], prefix["rest"], written)
    if "=" in bare:
        rdns = _rdns(bare)
        return (
            Identity("distinguished name", "", written, rdns) if rdns else Identity("key id", bare, written)
        )
    if bare.startswith("@#"):
        return Identity("key id", _from_hex(bare[2:]), written)
    if bare.startswith("@@"):
        return Identity("e-mail", bare[2:].lower(), written)
    if bare.startswith("@"):
        return Identity("name", bare[1:].lower(), written)
    if "@" in bare:
        return Identity("e-mail", bare.lower(), written)
    return _bare(bare, written)


def fits(sent: str | Identity | None, expected: str | Identity | None) -> bool:
    """Whether a peer that sends the one is the peer expected; None or %any as expectation takes everybody."""
    wanted = expected if isinstance(expected, Identity) else parse(expected)
    if wanted.kind == "any":
        return True
    given = sent if isinstance(sent, Identity) else parse(sent)
    if given.kind == "address" and wanted.kind in {"address", "subnet", "range"}:
        return _address_fits(given.value, wanted)
    if given.kind != wanted.kind:
        return False
    if given.kind == "distinguished name":
        return _names_fit(given.rdns, wanted.rdns)
    if given.kind in {"name", "e-mail"} and wanted.value.startswith("*"):
        return given.value.endswith(wanted.value[1:])
    return given.value == wanted.value


def difference(sent: str | None, expected: str | None) -> str | None:
    """What differs, in one clause that says the type where only the type differs; None when they fit."""
    if fits(sent, expected):
        return None
    given, wanted = parse(sent), parse(expected)
    if given.kind != wanted.kind:
        return f"'{given.text}' is of type {given.kind}, '{wanted.text}' of type {wanted.kind}"
    if given.kind == "distinguished name":
        return _rdn_difference(given.rdns, wanted.rdns)
    return f"'{given.text}' is not '{wanted.text}'"


def _typed(kind: Kind, rest: str, written: str) -> Identity:
    value = _from_hex(rest[1:]) if rest.startswith("#") else rest
    if kind == "distinguished name":
        return Identity(kind, value, written, _rdns(value))
    if kind == "address" and (address := _address(value)) is not None:
        return Identity(kind, str(address), written)
    return Identity(kind, value.lower() if kind in {"name", "e-mail"} else value, written)


def _bare(bare: str, written: str) -> Identity:
    address = _address(bare)
    if address is not None:
        return Identity("address", str(address), written)
    low, dash, high = bare.partition("-")
    if dash and _address(low) is not None and _address(high) is not None:
        return Identity("range", bare, written)
    if "/" in bare:
        try:
            return Identity("subnet", str(ip_network(bare, strict=False)), written)
        except ValueError:
            pass
    # A colon looks like IPv6 to the daemon, so what is none becomes a key id.
    return Identity("key id", bare, written) if ":" in bare else Identity("name", bare.lower(), written)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _address_fits(value: str, wanted: Identity) -> bool:
    address = _address(value)
    if address is None or wanted.kind == "address":
        return value == wanted.value
    if wanted.kind == "subnet":
        try:
            network = ip_network(wanted.value, strict=False)
        except ValueError:
            return False
        return address.version == network.version and address in network
    low, _, high = wanted.value.partition("-")
    first, last = _address(low), _address(high)
    if first is None or last is None or not first.version == last.version == address.version:
        return False
    return int(first) <= int(address) <= int(last)


def _rdns(text: str) -> tuple[Rdn, ...]:
    """The parts of "C=CH, O=strongSwan, CN=moon" or "/C=CH/O=…"; empty when it is no distinguished name."""
    stripped = text.strip()
    parts = _SLASHED.split(stripped)[1:] if stripped.startswith("/") else _COMMAED.split(stripped)
    rdns: list[Rdn] = []
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z0-9.]+", name.strip()):
            return ()
        rdns.append((_RDN_NAMES.get(name.strip().lower(), name.strip().upper()), value.strip().strip('"')))
    return tuple(rdns)


def _names_fit(given: tuple[Rdn, ...], wanted: tuple[Rdn, ...]) -> bool:
    """The same parts in the same order; a part expected as * takes any value."""
    return len(given) == len(wanted) and all(map(_part_fits, given, wanted))


def _part_fits(given: Rdn, wanted: Rdn) -> bool:
    return given[0] == wanted[0] and (wanted[1] == "*" or given[1].lower() == wanted[1].lower())


def _rdn_difference(given: tuple[Rdn, ...], wanted: tuple[Rdn, ...]) -> str:
    if sorted(given) == sorted(wanted):
        return "the parts of the distinguished name stand in another order"
    if len(given) != len(wanted):
        return f"the distinguished name sent has {len(given)} parts, the one expected {len(wanted)}"
    for sent, expected in zip(given, wanted, strict=True):
        if not _part_fits(sent, expected):
            return f"the distinguished name says {'='.join(sent)} where {'='.join(expected)} is expected"
    return "the distinguished names differ"


def _from_hex(digits: str) -> str:
    try:
        return bytes.fromhex(digits.replace(":", "")).decode("latin-1")
    except ValueError:
        return digits
