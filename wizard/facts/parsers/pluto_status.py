"""Libreswan's `ipsec status`: the connections pluto has loaded, as it understood them.

The listing shows this gateway's side first, whichever of left and right it is. Lines come in the shapes of
releases 3 to 5: `000 "site": 10.1.0.0/24===192.0.2.1[@a]...198.51.100.1[@b]===10.2.0.0/24; erouted; …` and, below,
one line a topic. SAs are read by `pluto_states`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Final

from wizard.facts.addresses import is_address
from wizard.facts.parsers.pluto_lines import ConnLine, base, conn_line, lines
from wizard.facts.tunnel import AuthMethod, AuthRound, Child, Connection, Mode
from wizard.records import dataclass

_VERSION: Final = re.compile(r"pluto_version=(?P<version>[\w.\-~+]{1,60})")
_GONE: Final = re.compile(
    r"[Pp]luto is not running|is Pluto running\?|connect\(pluto_ctl\) failed|\bpluto\.ctl\b.*\(errno \d+\)"
)
_DENIED: Final = re.compile(r"[Pp]ermission denied|Operation not permitted|errno 13\b")
_METHODS: Final[Mapping[str, AuthMethod]] = {"secret": "psk", "psk": "psk", "null": "null", "eaponly": "eap"}
_PORT: Final = re.compile(r"(?P<host>.*?)(?::(?P<proto>\d{1,3})/(?P<port>\d{1,5}|%any))?")
_PROTOCOLS: Final = {"1": "icmp", "6": "tcp", "17": "udp", "47": "gre", "58": "ipv6-icmp"}
_IKE_PORT: Final = re.compile(r"(?P<host>\S{1,60}):(?P<port>\d{1,5})")


@dataclass(frozen=True, slots=True)
class Status:
    """What pluto says of itself and of its connections."""

    version: str | None = None
    answers: bool | None = None
    """Whether pluto answered; None when the output does not say."""
    line: str = ""
    """The line that shows whether it answers."""
    connections: tuple[Connection, ...] = ()
    ike_sas: Mapping[str, int] = field(default_factory=dict)
    """Number of the IKE SA each connection uses, which may be listed under another connection's name."""
    ikev1_policy: str | None = None
    """What pluto does with IKEv1: "accept", "reject" or "drop"; None where it does not say."""


def parse(text: str) -> Status:
    """Reads `ipsec status`, both outputs together; what is missing stays None or empty."""
    version: str | None = None
    policy: str | None = None
    blocks: dict[str, list[ConnLine]] = {}
    gone = total = ""
    for line in lines(text):
        if (found := conn_line(line)) is not None:
            if found.instance is None:
                blocks.setdefault(found.name, []).append(found)
        elif (stated := _VERSION.search(line)) is not None:
            version, total = stated["version"], total or line
        elif "ikev1-policy=" in line:
            policy = line.partition("ikev1-policy=")[2].partition(",")[0].strip()
        elif line.startswith(("Total IPsec connections", "using kernel interface")):
            total = line
        elif not gone and (_GONE.search(line) or _DENIED.search(line)):
            gone = line
    answers = True if total or blocks else None if not gone or _DENIED.search(gone) else False
    return Status(
        version=version,
        answers=answers,
        line=total or gone,
        connections=_connections(blocks),
        ike_sas={base(name): number for name, block in blocks.items() if (number := _ike_sa(block))},
        ikev1_policy=policy,
    )


def _ike_sa(block: Iterable[ConnLine]) -> int:
    for one in block:
        found = re.search(r"(?:newest (?:IKE|ISAKMP) SA|established IKE SA): #(\d{1,9})", one.text)
        if found and int(found[1]):
            return int(found[1])
    return 0


def _connections(blocks: Mapping[str, list[ConnLine]]) -> tuple[Connection, ...]:
    """One connection a name in the file; the pairs of several subnets are its children."""
    parts: dict[str, list[str]] = {}
    for name in blocks:
        parts.setdefault(base(name), []).append(name)
    return tuple(
        _connection(name, [_Block(part, blocks[part]) for part in members]) for name, members in parts.items()
    )


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a connection's first line."""

    nets: tuple[str, ...]
    host: str
    port: int | None


class _Block:
    """The lines of one listed connection, and questions to them."""

    def __init__(self, name: str, block: list[ConnLine]) -> None:
        self.name = name
        self.first = next((one for one in block if "..." in one.text), block[0])
        self.text = "\n".join(one.text for one in block)
        self.oriented = "unoriented" not in self.text
        ids = re.search(r"our idtype: \S+ our id=(.*?); their idtype: \S+ their id=(.*)", self.text)
        self.ids = (ids[1].strip(), ids[2].strip()) if ids else (None, None)
        self.ours, self.theirs = _sides(self.first.text)
        found = re.search(r"^policy: (\S+?);?$", self.text, re.MULTILINE)
        self.policy = frozenset(found[1].split("+")) if found else frozenset()

    def value(self, key: str) -> str | None:
        """The text behind `key:` up to the next semicolon; None where it is not said or not set."""
        found = re.search(rf"(?:^|; |, ){re.escape(key)}: ?([^;\n]*)", self.text, re.MULTILINE)
        text = found[1].strip() if found else ""
        return text if text and text not in {"unset", "<unset>", "n/a", "<N/A>"} else None

    def auth(self, whose: str) -> str | None:
        """How that side proves its identity, in pluto's words; `whose` is "our" or "their"."""
        found = re.search(rf"\b{whose} auth:([\w-]+)", self.text)
        eap = re.search(rf"\b{whose} autheap:([\w-]+)", self.text)
        if eap and eap[1] not in {"none", "unset"}:
            return "eaponly"
        return found[1].lower() if found else None


def _sides(first: str) -> tuple[_Side, _Side]:
    """Ours and the peer's of `10.1.0.0/24===192.0.2.1[@a]---192.0.2.254...198.51.100.1[@b]===10.2.0.0/24; …`."""
    # Identities stand in a line of their own; in here they could hold any of the signs.
    topology = re.sub(r"\[[^\[\]]*\]|<[^<>]*>", "", first).partition("; ")[0]
    ours, _, theirs = topology.partition("...")
    our_nets, _, our_host = ours.rpartition("===")
    their_host, _, their_nets = theirs.partition("===")
    return _side(our_host.partition("---")[0], our_nets), _side(their_host.rpartition("---")[2], their_nets)


def _side(host: str, nets: str) -> _Side:
    bare = host.strip().partition(";")[0]
    port = _IKE_PORT.fullmatch(bare)
    found = tuple(_selector(one) for one in re.split(r"[,\s]+", nets.strip(" {}")) if one)
    if port is not None and not is_address(bare):
        return _Side(found, port["host"], int(port["port"]))
    return _Side(found, bare, None)


def _selector(text: str) -> str:
    """`10.1.0.0/24:17/1701` as "10.1.0.0/24[udp/1701]"."""
    found = _PORT.fullmatch(text)
    if found is None or not found["proto"] or found["proto"] == "0":
        return found["host"] if found else text
    protocol = _PROTOCOLS.get(found["proto"], found["proto"])
    port = found["port"] if found["port"] not in {"0", "%any"} else ""
    return f"{found['host']}[{protocol}/{port}]" if port else f"{found['host']}[{protocol}]"


def _connection(name: str, blocks: list[_Block]) -> Connection:
    one = blocks[0]
    return Connection(
        name=name,
        version=_version(one.policy),
        local_addrs=_addresses(one.ours),
        remote_addrs=_addresses(one.theirs),
        local_port=one.ours.port,
        remote_port=one.theirs.port,
        local=(_round(one.auth("our"), one.ids[0], one.policy),),
        remote=(_round(one.auth("their"), one.ids[1], one.policy),),
        proposals=_proposals(one.value("IKE algorithms")),
        children=tuple(_child(block) for block in blocks),
        aggressive="AGGRESSIVE" in one.policy,
        dpd_delay_s=_seconds(one.value("dpddelay") or one.value("delay")),
        rekey_time_s=_seconds(one.value("ike_life")),
        dialect="libreswan",
        sides_known=one.oriented,
        narrowing="IKEV2_ALLOW_NARROWING" in one.policy if one.policy else None,
    )


def _version(policy: frozenset[str]) -> int | None:
    if "IKEv2" in policy or "IKEV2_ALLOW" in policy:
        return 0 if "IKEv1" in policy or "IKEV1_ALLOW" in policy else 2
    return 1 if "IKEv1" in policy or "IKEV1_ALLOW" in policy else None


def _addresses(side: _Side) -> tuple[str, ...]:
    host = side.host
    return (host if is_address(host) else "%any" if host.startswith("%") or not host else host,)


def _round(method: str | None, identity: str | None, policy: frozenset[str]) -> AuthRound:
    if method in (None, "never", "unset"):
        method = (
            "secret" if "PSK" in policy else next((w for w in policy if "RSA" in w or "ECDSA" in w), None)
        )
    known: AuthMethod | None = None
    if method is not None:
        word = method.lower()
        known = _METHODS.get(word, "pubkey" if re.search("rsa|ecdsa|digsig|eddsa", word) else "any")
    shown = identity if identity not in {None, "", "%none", "(none)", "%null"} else None
    return AuthRound(method=known, identity=shown, detail="" if known in {"psk", None} else method or "")


def _child(block: _Block) -> Child:
    mode: Mode | None = None
    if block.policy:
        mode = "tunnel" if "TUNNEL" in block.policy else "transport"
        mode = "pass" if "PASS" in block.policy else "drop" if {"DROP", "REJECT"} & block.policy else mode
    authenticated = "AUTHENTICATE" in block.policy and "ENCRYPT" not in block.policy
    return Child(
        name=block.name,
        local_ts=block.ours.nets or ("dynamic",),
        remote_ts=block.theirs.nets or ("dynamic",),
        mode=mode,
        proposals=_proposals(block.value("ESP algorithms") or block.value("AH algorithms")),
        start_action=_start(block),
        # What is to be up is revived whenever it goes down, whoever took it down.
        dpd_action="restart" if "UP" in block.policy else block.value("dpdaction"),
        close_action="start" if "UP" in block.policy else None,
        protocol="ah" if authenticated else "esp",
        life_time_s=_seconds(block.value("ipsec_life")),
        pfs="PFS" in block.policy if block.policy else None,
    )


def _start(block: _Block) -> str | None:
    """What pluto does by itself: "start", where it was told to keep the tunnel up; "trap": it waits for traffic."""
    if "UP" in block.policy:
        return "start"
    waits = "ROUTE" in block.policy or re.search(
        r"; (?:prospective erouted|routed-ondemand)", block.first.text
    )
    return "trap" if waits else "none" if block.policy else None


def _proposals(text: str | None) -> tuple[str, ...] | None:
    """Effective proposals, in pluto's own names: "AES_CBC_256-HMAC_SHA2_256-MODP2048"."""
    return tuple(one for one in re.split(r",\s*", text) if one) if text else None


def _seconds(text: str | None) -> int | None:
    found = re.fullmatch(r"(\d{1,9})s?", text or "")
    return int(found[1]) if found else None
