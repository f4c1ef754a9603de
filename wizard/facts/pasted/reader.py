"""The lines of a pasted log that may mean something, out of a stream of any size, in bounded memory.

Most of a pasted file is about something else, so that a line is first searched for one of a few dozen words
without any of which no signature fits; whole blocks without one are passed over, and the shapes of lines that
had none are remembered. What is left is cleaned of what copying adds: colours, quotation signs, entities.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

BLOCK: Final = 1 << 16
"""Bytes looked at in one go."""
LONGEST: Final = 4096
"""Bytes of one line that are kept; the rest is passed over until the line ends."""
_SHAPES: Final = 20_000
"""Shapes of lines without any word of ours that are remembered; a log repeats itself."""

WORDS: Final = (
    "IKE", "ISAKMP", "ESP", "CRYPTO-", "IPSEC", "IPSec", "IPsec", "ipsec", "charon", "pluto", "swanctl",
    "proposal", "selector", "SA established", "CHILD", "Child SA", "shared", "secret", "PSK", "peer ",
    "Peer", "ertificate", " cert", "authenticat", "uthentication", "retransm", "respon", "payload",
    "Payload", "decrypt", "encaps", "decaps", "HASH", " crl", "CRL", "ocsp", "OCSP", "SEC_ERROR", "EAP",
    "RADIUS", "XAuth", "XAUTH", "virtual IP", "pool", "NAT", "DPD", "inactiv", "unreachable", "denied",
    "not permitted", "prohibited", "Frag", "frag", "refused", "timed out", "socket", "bind", "connection ",
    "conn ", "config", "syntax", "keyword", "opening '", "resolv", "interface ", "kernel", "rror ", "rror:",
    "ailed", "ot found", "policy", "policies", "xfrm", "Xfrm", "rekey", "lifetime", "Lifetime", "expired",
    "uniqueness", "unning", "DROP", "BLOCK", "REJECT", "block", "packet loss", "_NO_STATE", "_KEY_EXCH",
    "QM_IDLE", "_SA_SETUP", "MM_", "READY", "IN-NEG", "spi: 0", "Session ", "Interfaces", "route", "bytes",
    "STATE_", "PROPOSAL", "MAJOR_VERSION", "TS_UN", "DNS", "NXDOMAIN", "rp_filter", "ReversePath",
    "ip_forward", "redirect", "uplicate", "DUPADDR", "martian", "synchron", "System time", "Time", "clock",
    "NO-CARRIER", "ink is", "link state", "Reason:", "reason \"", "ttributes", "atts ", "policy!", "map",
    "Destination ", "icmp_seq", "isakmp", "loaded", "listening", "CARP", "carp", "HSRP", "VRRP", "oom-kill",
    "memory", "Mode", "algorithm", "group ", "INSTALLED", "UNCONN", "Active:", "capability", "FIPS",
    "trap", "UPDOWN", "changed state", "YES ", "Access ", "NT_STATUS", "kew", "vici", "identity", "identit",
    "initiat", "restart", "segfault", "out ", "in  ", "Notify", "notify", "%hold", "%drop", "%pass",
    "ERR_IPSEC", "ERROR_IPSEC", "error code", "Tunnel", "tunnel", "trust", "TRUST", "Trust", "AWS",
    "Gigabit", "FastEth", "Serial", "Dialer", "Vlan", "reserved", "ASSERTION", "failure", "fragment",
    "SIG", "HW offload", "offload", "acquire", "COOKIE", "REDIRECT", "PPK", "ppk", "dead", "Unreachable",
    "13801", "13806", "13868", "Redirect", "shutting down", "NSS", "maximum", "Max", "host ", "query",
    "Kernel", "Status", "MAC", "mac ", "!!!", "...", "Couldn", "unable", "Unable", "nable to", "issuer",
    "allocat", "key", "TaskS", "Tasks", "queued", "HMAC", "replay", "REPLAY", "ddress", "ServiceNot",
    "GatewayNot", "whack", "StateError", "sysctl", "LOADED", "QUICK", "Quick", "quick", "lock", "Flags",
)  # fmt: skip
"""Every sample of every signature holds one of these; a test sees to it."""


@dataclass(frozen=True, slots=True)
class RawLine:
    """One line as it was pasted, cleaned of what copying adds."""

    number: int
    """Counted from 1."""
    text: str


_ANSI: Final = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
_ENTITY: Final = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{1,6}|#x[0-9a-fA-F]{1,5});")
_QUOTED: Final = re.compile(r"\A(?:[>│|] ?)+(?=\S)|\A`+|`+\s*\Z")
_TYPOGRAPHY: Final = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'),
        **dict.fromkeys("\u00a0\u2007\u202f\t", " "),
        **dict.fromkeys("\u2013\u2014\u2212", "-"),
    }
)


class Reader:
    """Reads one stream; `lines` counts what went by, whether it was looked at or not."""

    def __init__(self, words: Iterable[str] = WORDS) -> None:
        """`words` are those without any of which no signature fits; none at all lets every line through."""
        chosen = _least({word.encode() for word in words})
        self._words = tuple(sorted(chosen, key=len, reverse=True))
        self._any = re.compile(b"|".join(map(re.escape, self._words)))
        self._shapes: set[bytes] = set()
        self.lines = 0

    def read(self, blocks: Iterable[bytes]) -> Iterator[RawLine]:
        """The lines worth a closer look, in order."""
        for block in _whole_lines(_utf8(blocks)):
            yield from self._block(block)

    def _block(self, block: bytes) -> Iterator[RawLine]:
        if self._words and not any(word in block for word in self._words):
            self.lines += block.count(b"\n") + (not block.endswith(b"\n"))
            return
        search, shapes = self._any.search, self._shapes
        for line in block.splitlines() if b"\r" in block else block.removesuffix(b"\n").split(b"\n"):
            self.lines += 1
            if self._words:
                shape = line.translate(None, b"0123456789abcdef")
                if shape in shapes:
                    continue
                if search(line) is None:
                    if len(shapes) < _SHAPES:
                        shapes.add(shape)
                    continue
            text = cleaned(line)
            if text:
                yield RawLine(self.lines, text)


def cleaned(line: bytes) -> str:
    """One line as its writer meant it; what is no UTF-8 becomes a replacement sign."""
    text = line[:LONGEST].decode("utf-8", "replace")
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    if "&" in text and _ENTITY.search(text):
        text = html.unescape(text)
    if not text.isascii() or "\t" in text:
        text = text.translate(_TYPOGRAPHY)
    return _QUOTED.sub("", _CONTROL.sub("", text)).rstrip()


def _least(words: set[bytes]) -> set[bytes]:
    """The words without those that hold another one: the other one finds their lines, too."""
    return {word for word in words if not any(other != word and other in word for other in words)}


def _utf8(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The stream as UTF-8, whatever its byte order mark says (editors on Windows write UTF-16)."""
    decoder: codecs.IncrementalDecoder | None = None
    first = True
    for block in blocks:
        if first and block[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            decoder = codecs.getincrementaldecoder("utf-16")("replace")
        first = False
        yield block if decoder is None else decoder.decode(block).encode()


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Blocks that end where a line ends; a line without end is cut, since nothing of use comes so late."""
    rest = b""
    for block in blocks:
        at = block.rfind(b"\n")
        if at < 0:
            rest = rest + block if len(rest) < LONGEST else rest
            continue
        yield rest + block[: at + 1]
        rest = block[at + 1 :]
    if rest:
        yield rest
