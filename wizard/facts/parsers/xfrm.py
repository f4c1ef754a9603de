"""The kernel's own IPsec: its security associations and policies, never the keys.

`nokeys` is not known to iproute2 before 5.0; there the command prints an error and no SA, which is what is
wanted: better nothing than keys. A list that shows keys all the same is not kept as evidence.
"""

from __future__ import annotations

import re
from typing import Final

from wizard.facts.parsers.words import after, whole
from wizard.records import dataclass

STATES_COMMAND: Final = "$SUDO ip -s xfrm state list nokeys"
POLICIES_COMMAND: Final = "$SUDO ip -s xfrm policy list nosock 2>/dev/null || $SUDO ip -s xfrm policy list"
"""`nosock` is as old as `nokeys`; a policy holds no key, so the plain list is safe where it is not known."""

_HEAD = re.compile(r"src (\S{1,100}) dst (\S{1,100})")
_ALGORITHM = re.compile(r"\s(aead|auth-trunc|auth|enc|comp) (\S{1,100})(.{0,2000})")
_KEY = re.compile(r"0x[0-9a-fA-F]{8,4096}")
_LENGTH = re.compile(r" (\d{1,5})\s?$")
_CURRENT = re.compile(r"\s(\d{1,20})\(bytes\), (\d{1,20})\(packets\)")
_FAILED = re.compile(r"\sfailed (\d{1,20})")
_PLAIN = re.compile(r"\(0?x?[0-9a-fA-F]*\)$")


@dataclass(frozen=True, slots=True)
class SecurityAssociation:
    """One direction of an SA as the kernel holds it; bytes and packets are what it carried so far."""

    src: str
    dst: str
    proto: str
    spi: str
    """Eight hexadecimal digits, lower case, without 0x: as swanctl prints it."""
    reqid: int | None = None
    mode: str = ""
    encap: tuple[int, int] | None = None
    """Source and destination port of the UDP encapsulation, None for bare ESP."""
    algorithms: tuple[str, ...] = ()
    """Names and lengths in bits of what cuts an authentication tag: "hmac(sha256) 128"."""
    bytes: int | None = None
    packets: int | None = None
    direction: str = ""
    """in or out where the kernel says (6.10 and later), else empty."""
    larval: bool = False
    """An acquire is pending: traffic met a policy and no SA has come."""
    replay_failed: int | None = None
    if_id: str = ""
    mark: str = ""
    line: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """The SA a policy asks for; spi "00000000" and address 0.0.0.0 mean any."""

    src: str
    dst: str
    proto: str
    reqid: int | None
    mode: str
    spi: str


@dataclass(frozen=True, slots=True)
class Policy:
    """What is to be protected (allow with templates), let through (allow without) or dropped (block)."""

    src: str
    dst: str
    direction: str
    """in, out or fwd."""
    action: str = "allow"
    priority: int | None = None
    templates: tuple[Template, ...] = ()
    socket: bool = False
    if_id: str = ""
    mark: str = ""
    line: str = ""
    lines: tuple[str, ...] = ()

    @property
    def tunnels(self) -> bool:
        """Whether it sends traffic into an SA, which neither a bypass nor a daemon's socket policy does."""
        return bool(self.templates) and not self.socket

    @property
    def precedence(self) -> int:
        """Its priority, 0 where none is listed; of two that match, the kernel takes the lower number."""
        return self.priority or 0


def parse_states(text: str) -> tuple[SecurityAssociation, ...]:
    """The SAs in the order printed; keys in the text, should there be any, are masked."""
    found = [_state(block) for block in _blocks(text)]
    return tuple(sa for sa in found if sa is not None)


def parse_policies(text: str) -> tuple[Policy, ...]:
    """The policies in the order printed, socket policies and bypasses among them."""
    found = [_policy(block) for block in _blocks(text)]
    return tuple(policy for policy in found if policy is not None)


def _blocks(text: str) -> list[list[str]]:
    """A record starts at the margin; everything indented belongs to it."""
    blocks: list[list[str]] = []
    for line in text.split("\n"):
        if line.startswith("src "):
            blocks.append([line.rstrip()])
        elif blocks and line[:1] in {"\t", " "} and line.strip():
            blocks[-1].append(line.rstrip())
    return blocks


def _state(block: list[str]) -> SecurityAssociation | None:
    block = [_masked(line) for line in block]
    head = _HEAD.match(block[0])
    words = next((line.split() for line in block[1:3] if line.lstrip().startswith("proto ")), None)
    if head is None or words is None:
        return None
    spi = _spi(after(words, "spi"))
    encap = next((line.split() for line in block if line.lstrip().startswith("encap type espinudp")), None)
    current = _first(_CURRENT, block)
    return SecurityAssociation(
        src=head[1],
        dst=head[2],
        proto=after(words, "proto"),
        spi=spi,
        reqid=_whole(after(words, "reqid")),
        mode=after(words, "mode"),
        encap=_ports(encap) if encap else None,
        algorithms=tuple(name for line in block if (name := _algorithm(line))),
        bytes=int(current[1]) if current else None,
        packets=int(current[2]) if current else None,
        direction=_own(block, "dir"),
        larval=spi == "00000000",
        replay_failed=int(failed[1]) if (failed := _first(_FAILED, _after_stats(block))) else None,
        if_id=_own(block, "if_id"),
        mark=_own(block, "mark"),
        line=f"{block[0]} {' '.join(words)}",
        lines=tuple(block),
    )


def _policy(block: list[str]) -> Policy | None:
    head = _HEAD.match(block[0])
    if head is None or len(block) < 2:
        return None
    words = block[1].split()
    socket = words[0] == "socket"
    direction = after(words, "socket" if socket else "dir")
    if direction not in {"in", "out", "fwd"}:
        return None
    return Policy(
        src=head[1],
        dst=head[2],
        direction=direction,
        action=after(words, "action") or "allow",
        priority=_whole(after(words, "priority")),
        templates=_templates(block),
        socket=socket,
        if_id=_own(block, "if_id"),
        mark=_own(block, "mark"),
        line=f"{block[0]} {' '.join(words)}",
        lines=tuple(block),
    )


def _templates(block: list[str]) -> tuple[Template, ...]:
    found = []
    for line, following in zip(block, [*block[1:], ""], strict=True):
        ends = line.split()
        if ends[:2] == ["tmpl", "src"] and len(ends) >= 5:
            words = following.split()
            found.append(
                Template(
                    src=ends[2],
                    dst=ends[4],
                    proto=after(words, "proto"),
                    reqid=_whole(after(words, "reqid")),
                    mode=after(words, "mode"),
                    spi=_spi(after(words, "spi")),
                )
            )
    return tuple(found)


def _masked(line: str) -> str:
    """The line without its key: nothing that long in hexadecimal stands there but keys."""
    return _KEY.sub("<key>", line) if _ALGORITHM.match(line) else line


def _algorithm(line: str) -> str:
    found = _ALGORITHM.match(line)
    if not found:
        return ""
    length = _LENGTH.search(found[3]) if found[1] in {"aead", "auth-trunc"} else None
    return f"{found[2]} {length[1]}" if length else found[2]


def _first(pattern: re.Pattern[str], block: list[str]) -> re.Match[str] | None:
    return next(
        (found for line in block if (found := pattern.match(line) or pattern.search(line[:200]))), None
    )


def _after_stats(block: list[str]) -> list[str]:
    names = [line.strip() for line in block]
    return block[names.index("stats:") + 1 :] if "stats:" in names else []


def _own(block: list[str], key: str) -> str:
    """The word after a key that starts a line of its own."""
    for line in block[1:]:
        words = line.split(None, 2)
        if words[0] == key and len(words) > 1:
            return words[1]
    return ""


def _ports(words: list[str]) -> tuple[int, int] | None:
    ports = _whole(after(words, "sport")), _whole(after(words, "dport"))
    return None if ports[0] is None or ports[1] is None else (ports[0], ports[1])


def _spi(text: str) -> str:
    digits = _PLAIN.sub("", text).lower().removeprefix("0x")
    return (
        digits.zfill(8)
        if digits and len(digits) <= 8 and all(c in "0123456789abcdef" for c in digits)
        else ""
    )


def _whole(text: str) -> int | None:
    """The number before its hexadecimal form in parentheses."""
    return whole(text.partition("(")[0])
