"""The SAs in a listing of strongSwan's `ipsec status` and `ipsec statusall`, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from wizard.facts.tunnel import ChildSa, IkeSa

_IKE: Final = re.compile(
    r" *(?P<name>\S[^\n]{0,255}?)\[(?P<id>[0-9]{1,10})\]: (?P<state>[A-Z]{2,20})(?: (?P<age>[^,\n]{1,40}) ago)?, "
    r"(?P<local>[^\s\[\]]{1,255})\[(?P<local_id>[^\n]{0,400})\]\.\.\."
    r"(?P<remote>[^\s\[\]]{1,255})\[(?P<remote_id>[^\n]{0,400})\]\s*$"
)
_OF_IKE: Final = re.compile(r" *\S[^\n]{0,255}?\[(?P<id>[0-9]{1,10})\]: (?P<rest>[^\n]*)$")
_SPIS: Final = re.compile(
    r"IKEv(?P<version>[12]) SPIs: (?P<i>[0-9a-f]{16})_i(?P<ours_i>\*?) "
    r"(?P<r>[0-9a-f]{16})_r(?P<ours_r>\*?)(?P<due>[^\n]*)$"
)
_REKEY: Final = re.compile(r", rekeying in (?P<time>[0-9]{1,10} [a-z]{1,10})")
_REAUTH: Final = re.compile(r" reauthentication in (?P<time>[0-9]{1,10} [a-z]{1,10})")
_EXPIRES: Final = re.compile(r", expires in (?P<time>[0-9]{1,10} [a-z]{1,10})")
_PROPOSAL: Final = re.compile(r"IKE proposal: (?P<proposal>[A-Z0-9_/]{1,200})\s*$")
_TASKS: Final = re.compile(r"Tasks (?P<queue>queued|active|passive): (?P<tasks>[^\n]*)$")
_USER: Final = re.compile(r"Remote (?:EAP|XAuth) identity: (?P<user>[^\n]{1,400})$")
_CHILD: Final = re.compile(r" *(?P<name>\S[^\n]{0,255}?)\{(?P<id>[0-9]{1,10})\}: {2,3}(?P<rest>\S[^\n]*)$")
_STATE: Final = re.compile(
    r"(?P<state>[A-Z]{2,20}), (?P<mode>[A-Z]{2,20})(?P<proxy>_PROXY)?(?:, reqid (?P<reqid>[0-9]{1,10}))?"
    r"(?:, (?P<protocol>ESP|AH)(?P<udp> in UDP)? SPIs: (?P<in>[0-9a-f]{8})_i (?P<out>[0-9a-f]{8})_o)?"
    r"(?:, IPCOMP CPIs: [0-9a-f]{4}_i [0-9a-f]{4}_o)?\s*$"
)
_MOVED: Final = re.compile(
    r"(?:(?P<proposal>[A-Z0-9_/]{1,200}), )?(?P<bytes_in>[0-9]{1,20}) bytes_i(?: \((?P<in>[^)]{1,60})\))?, "
    r"(?P<bytes_out>[0-9]{1,20}) bytes_o(?: \((?P<out>[^)]{1,60})\))?(?P<due>[^\n]*)$"
)
_USED: Final = re.compile(r"(?P<packets>[0-9]{1,20}) pkts?, (?P<age>[0-9]{1,20})s ago")
_USED_ONLY: Final = re.compile(r"(?P<age>[0-9]{1,20})s ago")
_TIME: Final = re.compile(r"(?P<count>[0-9]{1,10}) (?P<unit>second|minute|hour|day)s?")
_UNITS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


def seconds(words: str) -> int | None:
    """A time in words as seconds, rounded as it was printed; None for anything else."""
    found = _TIME.fullmatch(words.strip())
    return int(found["count"]) * _UNITS[found["unit"]] if found else None


def sas(lines: Iterable[str]) -> tuple[IkeSa, ...]:
    """The IKE SAs in the order listed, each with the CHILD SAs that follow it."""
    found: list[IkeSa] = []
    for line in lines:
        if opened := _IKE.match(line):
            found.append(_opened(opened, line))
        elif found and (told := _OF_IKE.match(line)):
            if int(told["id"]) == found[-1].unique_id:
                found[-1] = _told(found[-1], told["rest"])
        elif found and (child := _CHILD.match(line)):
            found[-1] = replace(found[-1], children=_with_line(found[-1].children, child))
    return tuple(found)


def children(lines: Iterable[str]) -> tuple[ChildSa, ...]:
    """CHILD SAs that stand outside any IKE SA: the trap policies."""
    found: tuple[ChildSa, ...] = ()
    for line in lines:
        if child := _CHILD.match(line):
            found = _with_line(found, child)
    return found


def _opened(found: re.Match[str], line: str) -> IkeSa:
    nobody = found["remote_id"] == "%any"
    return IkeSa(
        name=found["name"],
        unique_id=int(found["id"]),
        state=found["state"].lower(),
        local_host=found["local"],
        local_id=None if found["local_id"] == "%any" else found["local_id"],
        remote_host=found["remote"],
        remote_id=None if nobody else found["remote_id"],
        established_s=seconds(found["age"]) if found["age"] else None,
        line=line.strip(),
    )


def _told(sa: IkeSa, rest: str) -> IkeSa:
    if spis := _SPIS.match(rest):
        ours = spis["ours_i"] or spis["ours_r"]
        return replace(
            sa,
            version=int(spis["version"]),
            initiator_spi=spis["i"],
            responder_spi=spis["r"],
            initiator=bool(spis["ours_i"]) if ours else None,
            rekey_in_s=_due(_REKEY, spis["due"]),
            reauth_in_s=_due(_REAUTH, spis["due"]),
        )
    if proposal := _PROPOSAL.match(rest):
        return replace(sa, proposal=proposal["proposal"])
    if tasks := _TASKS.match(rest):
        names = tuple(tasks["tasks"].split())
        if tasks["queue"] == "queued":
            return replace(sa, tasks_queued=names)
        return (
            replace(sa, tasks_active=names)
            if tasks["queue"] == "active"
            else replace(sa, tasks_passive=names)
        )
    if user := _USER.match(rest):
        return replace(sa, remote_user=user["user"])
    return sa


def _with_line(listed: tuple[ChildSa, ...], found: re.Match[str]) -> tuple[ChildSa, ...]:
    """One more line about a CHILD SA: the first opens it, the others belong to the one of that number."""
    number, rest = int(found["id"]), found["rest"]
    if state := _STATE.match(rest):
        return (*listed, _child(found["name"], number, state))
    if not listed or listed[-1].unique_id != number:
        return listed
    last = listed[-1]
    if moved := _MOVED.match(rest):
        return (*listed[:-1], _moved(last, moved))
    local, equals, remote = rest.partition(" === ")
    if equals:
        return (*listed[:-1], replace(last, local_ts=tuple(local.split()), remote_ts=tuple(remote.split())))
    return listed


def _child(name: str, number: int, found: re.Match[str]) -> ChildSa:
    return ChildSa(
        name=name,
        unique_id=number,
        reqid=int(found["reqid"]) if found["reqid"] else None,
        state=found["state"].lower(),
        mode=found["mode"].lower(),
        protocol=(found["protocol"] or "").lower(),
        encap=bool(found["udp"]),
        spi_in=found["in"] or "",
        spi_out=found["out"] or "",
    )


def _moved(child: ChildSa, found: re.Match[str]) -> ChildSa:
    packets_in, used_in = _used(found["bytes_in"], found["in"])
    packets_out, used_out = _used(found["bytes_out"], found["out"])
    return replace(
        child,
        proposal=found["proposal"] or "",
        bytes_in=int(found["bytes_in"]),
        packets_in=packets_in,
        used_in_s=used_in,
        bytes_out=int(found["bytes_out"]),
        packets_out=packets_out,
        used_out_s=used_out,
        rekey_in_s=_due(_REKEY, found["due"]),
        expires_in_s=_due(_EXPIRES, found["due"]),
    )


def _used(count: str, told: str | None) -> tuple[int | None, int | None]:
    """Packets and seconds since the last one; no bytes are no packets, which the listing then leaves out."""
    if told is None:
        return (0, None) if int(count) == 0 else (None, None)
    if found := _USED.fullmatch(told):
        return int(found["packets"]), int(found["age"])
    found = _USED_ONLY.fullmatch(told)
    return None, int(found["age"]) if found else None


def _due(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    return seconds(found["time"]) if found else None
