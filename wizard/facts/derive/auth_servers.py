"""Servers that decide on peers: does the gateway itself get through to them?

A TCP connection proves that a server is there. RADIUS runs over UDP and answers nobody it does not know: only a
refusal (ICMP) says something, silence does not.
"""

from __future__ import annotations

from typing import Final

from wizard.facts.derive.notebook import Notebook
from wizard.facts.parsers import framed

PROBE: Final = "auth-servers"
_REACHED: Final = "open"
_FAILED: Final = frozenset({"refused", "silent", "unresolved", "no-route"})


def facts(book: Notebook) -> None:
    """Which of the configured servers let this gateway connect."""
    output = book.snapshot.outputs.get(PROBE)
    if output is None or output.problem is not None:
        book.unread(PROBE, "auth_server_known", "auth_server_reachable", "auth_servers_silent")
        return
    seen = {part.name: (part.lines or [""])[0] for part in framed.sections(output.stdout) if part.name}
    book.note("auth_server_known", bool(seen), *(book.cite(PROBE, name) for name in seen))
    failed = tuple(name for name, word in seen.items() if word in _FAILED)
    lines = [book.cite(PROBE, f"{name}: {word}", name) for name, word in seen.items()]
    book.note("auth_servers_silent", failed, *lines)
    if failed:
        book.note("auth_server_reachable", False, *(line for line in lines if line.item in failed))
    elif seen and all(word == _REACHED for word in seen.values()):
        book.note("auth_server_reachable", True, *lines)
    else:
        book.unknown("auth_server_reachable", "no server is known, or it cannot be asked without its secret")
