"""An IOS running configuration as lines with what stands indented under them, and its small languages.

Access lists write networks with wildcard masks, transform sets and policies name algorithms in their own words;
both come out in the neutral spelling of `wizard.facts.selectors` and `wizard.facts.transforms`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network, ip_network
from typing import Final

from wizard.facts.parsers import ios_typed


@dataclass(slots=True)
class Block:
    """One line of the configuration and the lines indented under it."""

    words: tuple[str, ...]
    place: str
    line: str
    inner: list[Block] = field(default_factory=list)

    def starts(self, *words: str) -> bool:
        """Whether the line begins with these words."""
        return self.words[: len(words)] == words

    def after(self, *words: str) -> tuple[str, ...] | None:
        """The words behind these, None when the line begins otherwise."""
        return self.words[len(words) :] if self.starts(*words) else None

    def all(self, *words: str) -> Iterator[Block]:
        """The inner lines that begin with these words."""
        return (block for block in self.inner if block.starts(*words))

    def first(self, *words: str) -> Block | None:
        """The first of them."""
        return next(self.all(*words), None)

    def value(self, *words: str) -> str | None:
        """The word behind these in the first inner line that begins with them."""
        found = self.first(*words)
        rest = found.after(*words) if found is not None else None
        return rest[0] if rest else None


def blocks(text: str, path: str) -> list[Block]:
    """The outermost lines; comments and empty lines are left out."""
    top: list[Block] = []
    open_: list[_Open] = []
    for number, raw in enumerate(text.split("\n"), start=1):
        line = ios_typed.unprompted(raw.rstrip())
        words = tuple(line.split())
        if not words or words[0].startswith("!"):
            if words == ("!",):
                open_ = [replace(one, ended=True) for one in open_]
            continue
        indent = len(line) - len(line.lstrip())
        block = Block(words, f"{path}:{number}", line.strip())
        _placed(block, indent, top, open_)
    return _merged(top)


@dataclass(frozen=True, slots=True)
class _Open:
    """A line that others may stand under; after a bare `!` only those that are indented."""

    indent: int
    block: Block
    ended: bool = False


def _placed(block: Block, indent: int, top: list[Block], open_: list[_Open]) -> None:
    """Puts a line under the block that knows such a line, else under the one it is indented under.

    IOS itself takes no notice of blanks: a command of the outermost level ends the block it stands in.
    """
    if block.words[0] in {"exit", "end"}:
        del open_[max(0, len(open_) - 1) if block.words[0] == "exit" else 0 :]
        return
    unknown = bool(open_) and open_[-1].indent < indent and not ios_typed.opens(open_[-1].block.words)
    for one in reversed(() if unknown else tuple(open_)):
        words = ios_typed.inner(block.words, one.block.words)
        if words is not None and not (one.ended and one.indent >= indent):
            del open_[open_.index(one) + 1 :]
            block.words = words
            _add(block, one.block.inner)
            if ios_typed.opens(words):
                open_.append(_Open(indent, block))
            return
    while open_ and open_[-1].indent > indent:
        open_.pop()
    level = [
        one for one in open_ if one.indent == indent and not one.ended and ios_typed.opens(one.block.words)
    ]
    outside = [one for one in open_ if one.indent < indent]
    if outside and not ios_typed.outermost(block.words):
        block.words = ios_typed.indented(block.words, outside[-1].block.words)
        _add(block, outside[-1].block.inner)
    else:
        block.words = ios_typed.top(block.words)
        top.append(block)
        outside = []
    # An unknown line of a block that is not indented does not end it; a line that begins another does.
    known = ios_typed.opens(block.words)
    open_[:] = [*outside, *(() if known else level), _Open(indent, block)]


def _add(block: Block, inner: list[Block]) -> None:
    """Adds a line to a block, where it takes the place of one that says the same thing otherwise."""
    setting = ios_typed.once(block.words)
    undone = block.words[1:] if block.words[0] == "no" else None
    if setting is not None or undone:
        inner[:] = [
            one
            for one in inner
            if (setting is None or ios_typed.once(one.words) != setting)
            and not (undone and one.starts(*undone))
        ]
    inner.append(block)


def _merged(top: Sequence[Block]) -> list[Block]:
    """Blocks that were entered more than once are one."""
    found: dict[tuple[str, ...], Block] = {}
    merged: list[Block] = []
    for block in top:
        key = block.words
        if block.starts("interface"):
            key = ("interface", ios_typed.interface(block.words[1:]))
        elif block.starts("crypto", "map") or block.starts("crypto", "dynamic-map"):
            key = block.words[:4]
        earlier = found.get(key) if block.inner or block.starts("interface") else None
        if earlier is None:
            found.setdefault(key, block)
            merged.append(block)
            continue
        for one in block.inner:
            _add(one, earlier.inner)
    return merged


def looks_like(text: str) -> bool:
    """Whether a text reads like an IOS configuration rather than another one."""
    text = "\n".join(ios_typed.unprompted(line) for line in text.split("\n"))
    signs = re.findall(
        r"^(?:hostname \S+|int(?:erface)? \S+|crypto (?:isakmp|ikev2|ipsec|map|keyring)\b.*"
        r"|ip access-list .*|version 1[0-9]\.\d.*)$",
        text,
        re.MULTILINE,
    )
    return len(signs) >= 2


def next_hops(interface: Block) -> tuple[str, ...]:
    """The addresses a spoke of DMVPN calls: where NHRP finds its next hop servers, and whoever calls it."""
    lines = [line.words[3:] for line in interface.all("ip", "nhrp", "nhs")]
    servers = {words[0] for words in lines if words}
    found = [words[words.index("nbma") + 1] for words in lines if "nbma" in words[:-1]]
    maps = [line.words[3:] for line in interface.all("ip", "nhrp", "map")]
    found += [words[1] for words in maps if len(words) > 1 and words[0] in servers]
    return (*dict.fromkeys(found), "%any") if found else ()


# --- access lists ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """One permit line of an access list that says what a crypto map protects."""

    local: str
    remote: str
    place: str


def entries(top: Sequence[Block], name: str) -> list[Entry]:
    """The permit lines of an access list, numbered or named."""
    found: list[Entry] = []
    for block in top:
        rest = block.after("access-list", name)
        if rest is not None:
            found += _entry(rest, block.place)
        elif block.starts("ip", "access-list", "extended", name):
            for inner in block.inner:
                words = inner.words[1:] if inner.words[0].isdigit() else inner.words
                found += _entry(words, inner.place)
    return found


def _entry(words: Sequence[str], place: str) -> list[Entry]:
    if not words or words[0] != "permit" or len(words) < 4:
        return []
    protocol, rest = words[1], list(words[2:])
    source = _network(rest)
    source_port = _port(rest)
    target = _network(rest)
    target_port = _port(rest)
    if source is None or target is None:
        return []
    return [
        Entry(
            source + _traffic(protocol, source_port),
            target + _traffic(protocol, target_port),
            place,
        )
    ]


def _traffic(protocol: str, port: str) -> str:
    if protocol in {"ip", "ipv4"} and not port:
        return ""
    return f"[{protocol}/{port}]" if port else f"[{protocol}]"


def _network(rest: list[str]) -> str | None:
    """Takes the next network off a list of words: `any`, `host A`, `A W`."""
    if not rest:
        return None
    word = rest.pop(0)
    if word in {"any", "any4"}:
        return "0.0.0.0/0"
    if word == "host":
        return f"{rest.pop(0)}/32" if rest else None
    if not rest:
        return None
    return from_wildcard(word, rest.pop(0))


def _port(rest: list[str]) -> str:
    if rest and rest[0] == "eq" and len(rest) > 1:
        rest.pop(0)
        return rest.pop(0)
    if rest and rest[0] == "range" and len(rest) > 2:
        rest.pop(0)
        return f"{rest.pop(0)}-{rest.pop(0)}"
    return ""


def from_wildcard(address: str, wildcard: str) -> str | None:
    """A network from an address and a wildcard mask, None when the mask is not contiguous."""
    try:
        bits = int(IPv4Address(wildcard))
        if bits & (bits + 1):
            return None
        return str(IPv4Network((int(IPv4Address(address)) & ~bits & 0xFFFFFFFF, 32 - bits.bit_length())))
    except ValueError:
        return None


def from_mask(address: str, mask: str | None) -> str | None:
    """A network from an address and a net mask ("255.255.0.0"); without one the address alone, 0.0.0.0 any."""
    try:
        if mask is None:
            return "0.0.0.0/0" if address == "0.0.0.0" else str(IPv4Address(address))
        network = ip_network(f"{address}/{mask}", strict=False)
    except ValueError:
        return None
    return str(network.network_address) if network.prefixlen == 32 else str(network)


# --- algorithms -----------------------------------------------------------------------------------

GROUPS: Final = {
    "1": "modp768",
    "2": "modp1024",
    "5": "modp1536",
    "14": "modp2048",
    "15": "modp3072",
    "16": "modp4096",
    "19": "ecp256",
    "20": "ecp384",
    "21": "ecp521",
    "24": "modp2048s256",
}
_HASHES: Final = {"sha": "sha1", "sha1": "sha1"}
_ESP: Final = {
    "esp-3des": "3des",
    "esp-des": "des",
    "esp-null": "null",
    "esp-md5-hmac": "md5",
    "esp-sha-hmac": "sha1",
    "esp-sha256-hmac": "sha256",
    "esp-sha384-hmac": "sha384",
    "esp-sha512-hmac": "sha512",
}
_AH: Final = {
    "ah-md5-hmac": "md5",
    "ah-sha-hmac": "sha1",
    "ah-sha256-hmac": "sha256",
    "ah-sha384-hmac": "sha384",
    "ah-sha512-hmac": "sha512",
}


def group(word: str) -> str:
    """`14` or `group14` as a keyword."""
    return GROUPS.get(word.removeprefix("group"), f"group{word}")


def isakmp_policy(block: Block) -> str:
    """One `crypto isakmp policy` as a proposal; IOS leaves out of it what is the default (des, sha, group 1)."""
    encryption = block.first("encr") or block.first("encryption")
    words = encryption.words[1:] if encryption is not None else ("des",)
    cipher = words[0] if words[0] != "aes" else f"aes{words[1] if len(words) > 1 else '128'}"
    hashed = block.value("hash") or "sha"
    return f"{cipher}-{_HASHES.get(hashed, hashed)}-{group(block.value('group') or '1')}"


def ikev2_proposal(block: Block) -> str:
    """One `crypto ikev2 proposal` as a proposal."""
    parts = [_ikev2_cipher(word) for line in block.all("encryption") for word in line.words[1:]]
    parts += [_HASHES.get(word, word) for line in block.all("integrity") for word in line.words[1:]]
    parts += [f"prf{_HASHES.get(word, word)}" for line in block.all("prf") for word in line.words[1:]]
    parts += [group(word) for line in block.all("group") for word in line.words[1:]]
    return "-".join(parts)


def lacking(block: Block) -> str | None:
    """What an IKEv2 proposal does not name and IOS does not take it without; None when it is complete."""
    ciphers = [word for line in block.all("encryption") for word in line.words[1:]]
    wanted = {"encryption": bool(ciphers), "group": block.first("group") is not None}
    combined = bool(ciphers) and all("gcm" in word for word in ciphers)
    wanted["prf" if combined else "integrity"] = block.first("prf" if combined else "integrity") is not None
    return next((what for what, there in wanted.items() if not there), None)


def _ikev2_cipher(word: str) -> str:
    found = re.fullmatch(r"aes-(?P<mode>cbc|gcm)-(?P<bits>128|192|256)", word)
    if found is None:
        return word
    return f"aes{found['bits']}{'gcm16' if found['mode'] == 'gcm' else ''}"


def transform_set(words: Sequence[str]) -> tuple[str, str]:
    """The words of a transform set as protocol ("esp" or "ah") and proposal without a group."""
    esp: list[str] = []
    ah: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        bits = words[at + 1] if at + 1 < len(words) and words[at + 1].isdigit() else ""
        at += 2 if bits else 1
        if word == "esp-aes":
            esp.append(f"aes{bits or '128'}")
        elif word in {"esp-gcm", "esp-gmac"}:
            esp.append(f"aes{bits or '128'}{'gcm16' if word == 'esp-gcm' else 'gmac'}")
        elif word in _ESP:
            esp.append(_ESP[word])
        elif word in _AH:
            ah.append(_AH[word])
    return ("esp", "-".join(esp)) if esp else ("ah", "-".join(ah))
