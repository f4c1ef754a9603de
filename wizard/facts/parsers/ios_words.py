"""Single words of an IOS configuration in the neutral spelling: addresses, modes, methods, identities."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.facts.parsers import ios_blocks
from wizard.facts.parsers.ios_blocks import Block
from wizard.facts.tunnel import AuthMethod, Mode


def own_address(interface: Block | None) -> str | None:
    """The address of an interface; None where it has none of its own (DHCP, unnumbered)."""
    if interface is None:
        return None
    line = interface.first("ip", "address")
    return line.words[2] if line is not None and len(line.words) > 3 else None


def mode(transform_set: Block) -> Mode:
    """Tunnel mode is what IOS means where a transform set does not say."""
    return "transport" if transform_set.first("mode", "transport") is not None else "tunnel"


def method(word: str) -> AuthMethod:
    """What `authentication` asks for, in the neutral word."""
    if word.startswith("pre-share") or word in {"pre", "pre-s"}:
        return "psk"
    return "eap" if word.startswith("eap") else "pubkey"


def matched(words: Sequence[str]) -> str | None:
    """An identity as `match identity` and `identity local` write it, in the neutral spelling."""
    if not words or words[0] in {"any", "group"}:
        return None
    kind, rest = words[0], [word for word in words[1:] if word]
    if kind == "address":
        network = ios_blocks.from_mask(rest[0], rest[1] if len(rest) > 1 else None) if rest else None
        return None if network == "0.0.0.0/0" else network
    if kind in {"host", "fqdn", "hostname", "user-fqdn", "email"} and rest:
        prefix = "email" if kind in {"user-fqdn", "email"} else "fqdn"
        domain = rest[0] == "domain" and len(rest) > 1
        return f"{prefix}:*{'@' if prefix == 'email' else '.'}{rest[1]}" if domain else f"{prefix}:{rest[0]}"
    if kind in {"key-id", "keyid"} and rest:
        return f"keyid:{rest[0]}"
    return None
