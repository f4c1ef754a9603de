"""Names and services: what the inventory says the tunnel's users look up and reach."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final

from wizard.facts.derive.witness import Witness
from wizard.facts.parsers import connect, dns
from wizard.facts.parsers.dns import Answer

PINGS: Final = "service-pings"
SERVER_PING: Final = "name-server-ping"
HOST_PING: Final = "service-host-ping"
LOOKUP: Final = "name-lookup"
CONNECT: Final = "service-connect"


def facts(witness: Witness) -> None:
    """Writes what one end that asked was told; an end that did not ask says nothing."""
    outputs = witness.book.snapshot.outputs
    if witness.focus.name_errand is not None and LOOKUP in outputs:
        witness.note_ping(PINGS, SERVER_PING, "name_server_ping")
        _lookup(witness, dns.parse(outputs[LOOKUP].stdout), witness.focus.name_errand.expect)
    if witness.focus.service_errand is not None and CONNECT in outputs:
        witness.note_ping(PINGS, HOST_PING, "service_host_ping")
        found = connect.parse(outputs[CONNECT].stdout)
        if found is None:
            witness.book.unknown("service_connect", "the gateway has no tool to connect with")
        else:
            witness.book.note("service_connect", found.result, witness.book.cite(CONNECT, found.line))


def _lookup(witness: Witness, answer: Answer | None, expect: str | None) -> None:
    if answer is None:
        witness.book.unknown("name_lookup", "the gateway has no tool to ask a name server with")
        return
    witness.book.note("name_lookup", _judged(answer, expect), witness.book.cite(LOOKUP, answer.line))


def _judged(answer: Answer, expect: str | None) -> str:
    if answer.silent:
        return "no-answer"
    if answer.refused or answer.status == "REFUSED":
        return "refused"
    if answer.status == "NXDOMAIN" or (answer.status == "NOERROR" and not answer.addresses):
        return "no-such-name"
    if answer.status != "NOERROR":
        return "failed"
    if expect is None:
        return "answered"
    return "right" if _plain(expect) in {_plain(one) for one in answer.addresses} else "wrong"


def _plain(address: str) -> str:
    try:
        return str(ip_address(address))
    except ValueError:
        return address
