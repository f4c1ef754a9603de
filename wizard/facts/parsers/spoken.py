"""The parsers of each IKE implementation under one name, for what is read before and after an exercise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from wizard.facts.parsers import (
    charon_log,
    charon_outlets,
    ipsec_counters,
    ipsec_statusall,
    pluto_log,
    pluto_states,
    swanctl_counters,
    swanctl_sas,
)
from wizard.facts.parsers.charon_log import LogLine, Signature
from wizard.facts.tunnel import IkeSa

_SAS: Final[Mapping[str, Callable[[str], tuple[IkeSa, ...]]]] = {
    "strongswan-swanctl": swanctl_sas.parse,
    "strongswan-ipsec": ipsec_statusall.sas,
    "libreswan": pluto_states.parse,
}
_LOGS: Final[Mapping[str, Callable[[str], tuple[LogLine, ...]]]] = {
    "strongswan-swanctl": charon_log.parse,
    "libreswan": pluto_log.parse,
}
_DAEMONS: Final[Mapping[str, str]] = {"libreswan": "pluto"}


def sas(implementation: str | None, text: str) -> tuple[IkeSa, ...]:
    """The SAs in a listing of that implementation; strongSwan's where none is known."""
    return _SAS.get(implementation or "", swanctl_sas.parse)(text)


def counters(implementation: str | None, text: str) -> Mapping[str, int]:
    """The daemon's own counters of messages, by the names of swanctl; empty where it keeps none."""
    if implementation == "strongswan-ipsec":
        return ipsec_counters.parse(text)
    return swanctl_counters.parse(text).get(swanctl_counters.GLOBAL, {})


def log(implementation: str | None, text: str) -> tuple[LogLine, ...]:
    """The lines of its daemon's log."""
    return _LOGS.get(implementation or "", charon_log.parse)(text)


def too_quiet(implementation: str | None, text: str) -> bool | None:
    """Whether its log, as read, is set to say too little to judge by its silence; None when not known."""
    if implementation == "libreswan":
        return None
    return charon_outlets.too_quiet(text, own_journal=implementation == "strongswan-swanctl")


def signatures(implementation: str | None, known: Sequence[Signature]) -> tuple[Signature, ...]:
    """The signatures of its daemon's words."""
    daemon = _DAEMONS.get(implementation or "", "charon")
    return tuple(one for one in known if one.daemon == daemon)
