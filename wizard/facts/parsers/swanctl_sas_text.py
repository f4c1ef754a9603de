"""`swanctl --list-sas` as people read and paste it: the same records as from the dump."""

from __future__ import annotations

import re
from dataclasses import replace

from wizard.facts.tunnel import ChildSa, IkeSa

_IKE = re.compile(
    r"(?P<name>\S[^:]{0,255}): #(?P<id>[0-9]+), (?P<state>[A-Z]+), IKEv(?P<version>[12]), "
    r"(?P<ispi>[0-9a-f]{16})_i(?P<ours_i>\*?) (?P<rspi>[0-9a-f]{16})_r(?P<ours_r>\*?)\s*$"
)
_END = re.compile(
    r"  (?P<side>local|remote) +'(?P<id>[^']*)' @ (?P<host>[^\s\[]+)\[(?P<port>[0-9]+)\](?P<rest>[^\n]*)$"
)
_USER = re.compile(r" (?:EAP|XAuth): '([^']*)'")
_VIPS = re.compile(r" \[([^\]]*)\]\s*$")
_ALGORITHMS = re.compile(r"  (?P<proposal>[A-Z0-9_][A-Z0-9_/-]*)\s*$")
_ESTABLISHED = re.compile(r"  established (?P<age>[0-9]+)s ago(?P<rest>[^\n]*)$")
_TASKS = re.compile(r"  (?P<queue>queued|active|passive): +(?P<tasks>[^\n]*)$")
_CHILD = re.compile(
    r"  (?P<name>\S[^:]{0,255}): #(?P<id>[0-9]+), reqid (?P<reqid>[0-9]+)(?:, cpu [0-9-]+)?, "
    r"(?P<state>[A-Z]+), "
    r"(?P<mode>[A-Z_]+?)(?P<udp>-in-UDP)?(?:, (?P<protocol>ESP|AH):(?P<proposal>[^\s,]*))?\s*$"
)
_INSTALLED = re.compile(r"    installed (?P<age>[0-9]+)s ago(?P<rest>[^\n]*)$")
_COUNTERS = re.compile(
    r"    (?P<way>in |out) (?P<spi>[0-9a-f]{8})(?:/[0-9a-f]{4})?(?: \((?P<marks>[^)]*)\))?,"
    r" +(?P<bytes>[0-9]+) bytes, +(?P<packets>[0-9]+) packets(?:, +(?P<used>[0-9]+)s ago)?\s*$"
)
_TS = re.compile(r"    (?P<side>local|remote|label) +(?P<ts>\S[^\n]*)$")
_DUE = re.compile(r", (?P<what>rekeying|reauth|expires) in (?P<seconds>-?[0-9]+)s")
_BITS = re.compile(r"-([0-9]+)(?=/|$)")


def parse(text: str) -> tuple[IkeSa, ...]:
    """The IKE SAs in the order listed; lines of another command are passed over."""
    sas: list[IkeSa] = []
    for line in text.splitlines():
        started = _IKE.match(line)
        if started:
            sas.append(_started(started, line))
        elif sas:
            sas[-1] = _ike_line(sas[-1], line)
    return tuple(sas)


def _started(found: re.Match[str], line: str) -> IkeSa:
    ours = found["ours_i"] or found["ours_r"]
    return IkeSa(
        name=found["name"],
        unique_id=int(found["id"]),
        version=int(found["version"]),
        state=found["state"].lower(),
        # The star marks our own role; daemons before 5.4.1 print none.
        initiator=bool(found["ours_i"]) if ours else None,
        initiator_spi=found["ispi"],
        responder_spi=found["rspi"],
        line=line,
    )


def _ike_line(sa: IkeSa, line: str) -> IkeSa:
    if found := _END.match(line):
        return _end(sa, found)
    if found := _ESTABLISHED.match(line):
        due = _due(found["rest"])
        return replace(
            sa,
            established_s=int(found["age"]),
            rekey_in_s=due.get("rekeying"),
            reauth_in_s=due.get("reauth"),
            expires_in_s=due.get("expires"),
        )
    if found := _CHILD.match(line):
        return replace(sa, children=(*sa.children, _child(found)))
    if found := _TASKS.match(line):
        tasks = tuple(found["tasks"].split())
        if found["queue"] == "queued":
            return replace(sa, tasks_queued=tasks)
        return (
            replace(sa, tasks_active=tasks)
            if found["queue"] == "active"
            else replace(sa, tasks_passive=tasks)
        )
    if not sa.children and (found := _ALGORITHMS.match(line)):
        return replace(sa, proposal=_underscored(found["proposal"]))
    if sa.children:
        return replace(sa, children=(*sa.children[:-1], _child_line(sa.children[-1], line)))
    return sa


def _end(sa: IkeSa, found: re.Match[str]) -> IkeSa:
    vips = _VIPS.search(found["rest"])
    addresses = tuple(vips[1].split()) if vips else ()
    if found["side"] == "local":
        return replace(
            sa,
            local_id=found["id"],
            local_host=found["host"],
            local_port=int(found["port"]),
            local_vips=addresses,
        )
    user = _USER.search(found["rest"])
    return replace(
        sa,
        remote_id=found["id"],
        remote_host=found["host"],
        remote_port=int(found["port"]),
        remote_user=user[1] if user else None,
        remote_vips=addresses,
    )


def _child(found: re.Match[str]) -> ChildSa:
    return ChildSa(
        name=found["name"],
        unique_id=int(found["id"]),
        reqid=int(found["reqid"]),
        state=found["state"].lower(),
        mode=found["mode"].lower(),
        encap=bool(found["udp"]),
        protocol=(found["protocol"] or "").lower(),
        proposal=_underscored(found["proposal"] or ""),
    )


def _child_line(child: ChildSa, line: str) -> ChildSa:
    if found := _INSTALLED.match(line):
        due = _due(found["rest"])
        return replace(
            child,
            installed_s=int(found["age"]),
            rekey_in_s=due.get("rekeying"),
            expires_in_s=due.get("expires"),
        )
    if found := _COUNTERS.match(line):
        return _counters(child, found)
    if found := _TS.match(line):
        if found["side"] == "label":
            return replace(child, label=found["ts"].strip())
        selectors = tuple(found["ts"].split())
        if found["side"] == "local":
            return replace(child, local_ts=selectors)
        return replace(child, remote_ts=selectors)
    return child


def _counters(child: ChildSa, found: re.Match[str]) -> ChildSa:
    used = int(found["used"]) if found["used"] else None
    mark, _, if_id = (found["marks"] or "").partition("|")
    stated_mark = None if mark in {"", "-"} else mark.replace("0x", "")
    stated_if_id = if_id.removeprefix("0x") or None
    if found["way"] == "out":
        return replace(
            child,
            spi_out=found["spi"],
            bytes_out=int(found["bytes"]),
            packets_out=int(found["packets"]),
            used_out_s=used,
            mark_out=stated_mark,
            if_id_out=stated_if_id,
        )
    return replace(
        child,
        spi_in=found["spi"],
        bytes_in=int(found["bytes"]),
        packets_in=int(found["packets"]),
        used_in_s=used,
        mark_in=stated_mark,
        if_id_in=stated_if_id,
    )


def _due(rest: str) -> dict[str, int]:
    return {found["what"]: int(found["seconds"]) for found in _DUE.finditer(rest)}


def _underscored(proposal: str) -> str:
    """This listing writes AES_CBC-256 where dump and log write AES_CBC_256."""
    return _BITS.sub(r"_\1", proposal)
