"""IOS commands as people type and paste them: with prompts, abbreviated, without the blanks of a listing.

A running configuration writes every keyword out and indents what belongs to a block. A note, a ticket or a terminal's
scrollback does neither: the lines of a block follow its first line at the same depth, until something else begins,
and IOS takes any beginning of a keyword that is clear.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

Words = tuple[str, ...]

_PROMPT: Final = re.compile(r"^\s*[\w.-]+(?:\((?:config|cfg|ca)[\w.-]*\))?[#>]\s?(?=\S|$)")


def unprompted(line: str) -> str:
    """A line without the router's prompt in front."""
    return _PROMPT.sub("", line, count=1) if "#" in line or ">" in line else line


def _table(*lines: str) -> tuple[Words, ...]:
    return tuple(tuple(line.split()) for line in lines)


_TOP: Final = _table(
    "hostname",
    "interface",
    "access-list",
    "ip access-list extended",
    "crypto isakmp policy",
    "crypto isakmp key",
    "crypto isakmp profile",
    "crypto isakmp identity",
    "crypto isakmp keepalive",
    "crypto ipsec transform-set",
    "crypto ipsec profile",
    "crypto ipsec security-association",
    "crypto ikev2 proposal",
    "crypto ikev2 policy",
    "crypto ikev2 keyring",
    "crypto ikev2 profile",
    "crypto ikev2 dpd",
    "crypto keyring",
    "crypto dynamic-map",
    "crypto map",
)
_SETTINGS: Final = _table(
    "set peer",
    "set transform-set",
    "set pfs",
    "set ikev2-profile",
    "set isakmp-profile",
    "set security-association lifetime seconds",
    "set security-association lifetime kilobytes",
)
_INNER: Final[dict[Words, tuple[Words, ...]]] = {
    ("interface",): _table(
        "ip address",
        "tunnel source",
        "tunnel destination",
        "tunnel mode ipsec ipv4",
        "tunnel mode gre",
        "tunnel protection ipsec profile",
        "crypto map",
        "shutdown",
        "no shutdown",
    ),
    ("ip", "access-list", "extended"): _table("permit", "deny", "remark"),
    ("crypto", "isakmp", "policy"): _table(
        "encryption", "hash", "authentication pre-share", "authentication rsa-sig", "group", "lifetime"
    ),
    ("crypto", "isakmp", "profile"): _table(
        "match identity", "keyring", "self-identity", "initiate mode aggressive", "local-address"
    ),
    ("crypto", "ipsec", "transform-set"): _table("mode transport", "mode tunnel"),
    ("crypto", "ipsec", "profile"): _SETTINGS,
    ("crypto", "ikev2", "proposal"): _table("encryption", "integrity", "prf", "group"),
    ("crypto", "ikev2", "policy"): _table("proposal", "match address local", "match fvrf"),
    ("crypto", "ikev2", "keyring"): _table("peer"),
    ("crypto", "ikev2", "profile"): _table(
        "match identity remote",
        "match address local",
        "identity local",
        "authentication local pre-share key",
        "authentication remote pre-share key",
        "authentication local rsa-sig",
        "authentication remote rsa-sig",
        "keyring",
        "keyring local",
        "lifetime",
        "dpd",
    ),
    ("crypto", "keyring"): _table("pre-shared-key address", "pre-shared-key hostname", "local-address"),
    ("crypto", "dynamic-map"): (*_SETTINGS, ("match", "address"), ("reverse-route",)),
    ("crypto", "map"): (*_SETTINGS, ("match", "address"), ("reverse-route",)),
    ("peer",): _table(
        "address",
        "hostname",
        "identity",
        "pre-shared-key",
        "pre-shared-key local",
        "pre-shared-key remote",
    ),
}
_ONCE: Final = (
    *_table("ip address", "tunnel source", "tunnel destination", "tunnel mode", "tunnel protection"),
    *_table("hash", "authentication pre-share", "authentication rsa-sig", "lifetime", "mode"),
)
"""What a block holds once: said again, the later word counts."""
_INTERFACES: Final = (
    *("Ethernet", "FastEthernet", "GigabitEthernet", "TenGigabitEthernet", "Tunnel", "Loopback", "Vlan"),
    *("Serial", "Dialer", "Cellular", "BVI", "Port-channel", "Virtual-Template"),
)


def top(words: Words) -> Words:
    """An outermost command with its keywords written out."""
    return _completed(words, _TOP)[0]


def outermost(words: Words) -> bool:
    """Whether a command can only stand outside of every block."""
    found, whole = _completed(words, _TOP)
    return (
        whole and found[0] in {"crypto", "access-list"} and (found[:2] != ("crypto", "map") or len(found) > 4)
    )


def inner(words: Words, header: Words) -> Words | None:
    """A command written out, when it is one of the block that `header` begins; None when it is not."""
    if header[:2] == ("crypto", "map") and len(header) < 4:
        return None
    if header[:3] == ("ip", "access-list", "extended") and words[0].isdigit():
        return words
    found, whole = _completed(words, _inside(header))
    mapped = found[:2] == ("crypto", "map") and len(found) != 3
    return found if whole and not mapped else None


def indented(words: Words, header: Words) -> Words:
    """A command that stands indented under `header`, with its keywords written out where they are known."""
    return _completed(words, _inside(header))[0]


def opens(words: Words) -> bool:
    """Whether the line begins a block of its own."""
    return bool(_inside(words)) or words[0] in {"router", "route-map", "line", "class-map", "policy-map"}


def once(words: Words) -> Words | None:
    """The setting of a line that a block has but once, None for lines of which there may be several."""
    if words[:2] == ("ip", "address") and words[-1] == "secondary":
        return None
    return next(
        (one[:1] if one[0] == "authentication" else one for one in _ONCE if words[: len(one)] == one), None
    )


def interface(words: Sequence[str]) -> str:
    """An interface's name in one spelling: `gi 0/1`, `Gi0/1` and `GigabitEthernet0/1` are the same."""
    written = "".join(words)
    found = re.fullmatch(r"([A-Za-z][A-Za-z-]*?)-?(\d[\d/.:]*)", written)
    if found is None:
        return written
    kinds = [kind for kind in _INTERFACES if kind.lower().startswith(found[1].lower())]
    return f"{kinds[0]}{found[2]}" if kinds else written


def _inside(header: Words) -> tuple[Words, ...]:
    return next((table for key, table in _INNER.items() if header[: len(key)] == key), ())


def _completed(words: Words, table: Iterable[Words]) -> tuple[Words, bool]:
    """The words with their keywords written out, and whether one entry of the table was there in full."""
    alive = list(table)
    done = list(words)
    whole = False
    for at, word in enumerate(words):
        written = word.lower()
        fitting = {one[at] for one in alive if len(one) > at and one[at].startswith(written)}
        chosen = (
            written if written in fitting else min(fitting) if len(fitting) == 1 and len(word) > 1 else None
        )
        if chosen is None:
            break
        done[at] = chosen
        alive = [one for one in alive if len(one) > at and one[at] == chosen]
        whole = whole or any(len(one) == at + 1 for one in alive)
    # What an entry names beyond its first two words is only there to be written out.
    return tuple(done), whole or (
        len(words) > 1 and len(done) > 1 and any(one[:2] == tuple(done[:2]) for one in alive)
    )
