"""The identity each end sends and the one it expects, with each implementation's own rules where none is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from wizard.facts import identities
from wizard.facts.identities import ANY
from wizard.facts.parsers.ipsec_values import literal
from wizard.facts.tunnel import AuthRound, Connection


@dataclass(frozen=True, slots=True)
class Named:
    """An identity and where it comes from; `text` None: it accepts everybody, or nobody can tell (`unknown`)."""

    text: str | None
    source: str = "configured"
    """"configured", "address" (none is written, so the address stands in), "certificate"."""
    unknown: str = ""
    """Why it cannot be told."""


def sent(connection: Connection, subject: str | None) -> Named:
    """What this end calls itself; `subject` is that of its certificate, None when that is not there."""
    own = connection.local[0] if connection.local else AuthRound()
    written = _written(own, connection)
    if written is not None and written not in ANY and not written.startswith("%fromcert"):
        return _resolvable(written, connection)
    if own.certs or own.method == "pubkey" or (written or "").startswith("%fromcert"):
        if subject is not None:
            return Named(subject, "certificate")
        if own.certs or connection.dialect == "swanctl" or own.method == "pubkey":
            return Named(None, unknown="its certificate is not there, and the identity is taken from it")
    return _address(connection.local_addrs, "its own address is not configured")


def expected(connection: Connection, subject: str | None) -> Named:
    """Whom this end expects; `subject` is that of the peer's certificate where this end has a copy of it."""
    peer = connection.remote[0] if connection.remote else AuthRound()
    written = _written(peer, connection)
    if written is not None and written not in ANY and not written.startswith("%fromcert"):
        return _resolvable(written, connection)
    if written is not None:
        return Named(None)
    if peer.certs and subject is not None:
        return Named(subject, "certificate")
    if peer.certs or connection.dialect in {"swanctl", "ios"}:
        return Named(None)
    if peer.method == "eap":
        return Named(None)
    found = _address(connection.remote_addrs, "")
    return found if found.text is not None else Named(None)


def agree(given: Named, wanted: Named) -> bool | None:
    """Whether the one sent is the one expected; None when that cannot be told."""
    if wanted.unknown:
        return None
    if wanted.text is None:
        return True
    if given.unknown or given.text is None:
        return None
    if given.source == "address" and wanted.source == "address":
        # Both stand in for addresses, which are compared as addresses.
        return None
    return identities.fits(given.text, wanted.text)


def _written(one: AuthRound, connection: Connection) -> str | None:
    text = one.identity
    if text is None:
        return None
    if connection.dialect == "libreswan" and (found := re.fullmatch(r"@\[(?P<key>.*)\]", text)):
        return f"keyid:{found['key']}"
    if connection.dialect == "libreswan" and re.fullmatch(r"@[^@]+@.+", text):
        return f"email:{text[1:]}"
    return text


def _resolvable(written: str, connection: Connection) -> Named:
    """Libreswan looks a name without `@` up in DNS and sends the address it finds."""
    plain = not literal(written) and not re.search(r"[@=:/]", written)
    if connection.dialect == "libreswan" and plain:
        return Named(None, unknown=f"'{written}' is a name that pluto looks up")
    return Named(written)


def _address(addresses: Sequence[str], why: str) -> Named:
    single = [address for address in addresses if literal(address) and address not in ANY]
    if len(single) == 1 and len(addresses) == 1:
        return Named(single[0], "address")
    return Named(None, unknown=why)
