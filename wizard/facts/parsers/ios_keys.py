"""The pre-shared keys of an IOS configuration: global ones, keyrings, and those bound to IKEv2 peers.

IOS looks a key up by the peer's address (IKEv1) or by the peer's block in the profile's keyring (IKEv2). A key that
stands encrypted there (type 6) or was taken out of the listing cannot be compared and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network
from typing import Literal

from wizard.facts.parsers.ios_blocks import Block, from_mask
from wizard.facts.parsers.secret_digest import PREFIX, digest_of, digest_of_bytes
from wizard.facts.tunnel import SharedSecret

Side = Literal["", "local", "remote"]


class Keys:
    """All keys of a configuration, found for one peer at a time."""

    def __init__(self, top: Sequence[Block], salt: str | None) -> None:
        """Takes the outermost lines and the salt for digests."""
        self._top, self._salt = top, salt

    def isakmp(
        self, profile: Block | None, peers: Sequence[str], local: str | None
    ) -> tuple[SharedSecret, ...]:
        """IKEv1: the keys for these peers, those of the profile's keyring where there is one."""
        wanted = profile.value("keyring") if profile is not None else None
        lines: list[tuple[tuple[str, ...], Block]] = []
        for block in self._top:
            if (rest := block.after("crypto", "keyring")) is not None:
                bound = block.value("local-address")
                # Bound to an interface by its name, it is taken for one of this peer's.
                here = bound is None or local is None or not bound[0].isdigit() or bound == local
                if (wanted is None or rest[:1] == (wanted,)) and here:
                    lines += [(line.words[1:], line) for line in block.all("pre-shared-key")]
            elif (rest := block.after("crypto", "isakmp", "key")) is not None and wanted in {None, "default"}:
                lines.append((_turned(rest), block))
        return tuple(self._isakmp_keys(lines, peers))

    def _isakmp_keys(
        self, lines: Sequence[tuple[tuple[str, ...], Block]], peers: Sequence[str]
    ) -> Iterator[SharedSecret]:
        """`address A [MASK] key [TYPE] KEY` and `hostname H key [TYPE] KEY`, the narrowest match first."""
        found: list[tuple[int, SharedSecret]] = []
        for words, block in lines:
            if "key" not in words or len(words) < 4:
                continue
            at = words.index("key")
            mask = words[2] if at > 2 and words[2][0].isdigit() else None
            owner = from_mask(words[1], mask) if words[0] == "address" else words[1]
            if owner is None or not _fits(owner, peers):
                continue
            width = ip_network(owner).prefixlen if words[0] == "address" else 32
            found.append((-width, self._secret(owner, words[at + 1 :], block, "")))
        found.sort(key=lambda one: one[0])
        yield from (secret for width, secret in found if width == found[0][0])

    def ikev2(self, profile: Block | None, peers: Sequence[str]) -> tuple[SharedSecret, ...]:
        """IKEv2: the keys of the profile itself, else of the peer's block in its keyring."""
        if profile is None:
            return ()
        own = [
            (line, side)
            for side in _SIDES
            for line in profile.all("authentication", side, "pre-share", "key")
        ]
        if own:
            return tuple(self._secret(peers[0], line.words[4:], line, side) for line, side in own)
        line = profile.first("keyring", "local") or profile.first("keyring")
        name = line.words[-1] if line is not None else None
        for block in self._top:
            if name is not None and block.starts("crypto", "ikev2", "keyring", name):
                return tuple(self._ikev2_keys(block, peers))
        return ()

    def _ikev2_keys(self, keyring: Block, peers: Sequence[str]) -> Iterator[SharedSecret]:
        best: list[Block] = []
        widest = -1
        for peer in keyring.all("peer"):
            line = peer.first("address")
            owner = from_mask(line.words[1], line.words[2] if len(line.words) > 2 else None) if line else None
            if owner is not None and _fits(owner, peers):
                width = ip_network(owner).prefixlen
            elif "%any" in peers or (owner is None and (peer.first("identity") or peer.first("hostname"))):
                width = 0
            else:
                continue
            if width > widest:
                best, widest = [peer], width
            elif width == widest:
                best.append(peer)
        for peer in best:
            for line in peer.all("pre-shared-key"):
                rest = line.words[1:]
                side: Side = (
                    "local" if rest[:1] == ("local",) else "remote" if rest[:1] == ("remote",) else ""
                )
                yield self._secret(peers[0], rest[1:] if side else rest, line, side)

    def _secret(self, owner: str, words: Sequence[str], block: Block, side: Side) -> SharedSecret:
        return SharedSecret(
            name=owner, identities=(owner,), digest=self._digest(words), where=block.place, side=side
        )

    def _digest(self, words: Sequence[str]) -> str:
        if len(words) > 1 and words[0] == "6":
            return "!encrypted"
        if len(words) > 1 and words[0] == "hex":
            return digest_of(f"0x{words[1]}", self._salt)
        key = words[1] if len(words) > 1 and words[0] == "0" else words[0] if words else ""
        if not key or key.startswith("<") or set(key) <= {"*", "x", "X"}:
            return "!hidden"
        if key.startswith(PREFIX):
            return digest_of(key)
        return digest_of_bytes(key.encode("utf-8", "surrogateescape"), self._salt)


_SIDES: tuple[Side, Side] = ("local", "remote")


def _turned(words: Sequence[str]) -> tuple[str, ...]:
    """`crypto isakmp key [TYPE] KEY address A …` in the order of a keyring's line."""
    for kind in ("address", "hostname"):
        if kind in words:
            at = len(words) - 1 - list(reversed(words)).index(kind)
            rest = [word for word in words[at + 1 :] if word != "no-xauth"]
            return (kind, *rest, "key", *words[:at])
    return ()


def _fits(owner: str, peers: Sequence[str]) -> bool:
    """Whether a key for an address, a network or a name is one for any of these peers."""
    if "%any" in peers:
        return True
    for peer in peers:
        try:
            if ip_address(peer) in ip_network(owner):
                return True
        except ValueError:
            if peer == owner:
                return True
    return False
