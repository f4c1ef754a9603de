"""Libreswan's SAs: `ipsec status` (its lines `#3: "site":500 …`), `ip -s xfrm state`, `ipsec trafficstatus`.

pluto lists each state with a number and a connection's name; an IKE SA that several connections share bears the
name of one of them. What went through a CHILD SA the kernel counts exactly; pluto's listing rounds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from wizard.facts.parsers import pluto_status, xfrm
from wizard.facts.parsers.framed import sections
from wizard.facts.parsers.pluto_lines import base, lines
from wizard.facts.tunnel import ChildSa, Connection, IkeSa

_STATE: Final = re.compile(
    r'#(?P<number>\d{1,9}): "(?P<name>[^"]{1,256})"(?:\[\d{1,9}\])?'
    r"(?: (?:\.\.\.)?(?P<peer>[^\s;]{2,80}?))?(?::(?:\w{1,5}/)?(?P<port>\d{1,5}))? (?P<rest>.*)"
)
_SPI: Final = re.compile(r"\b(?P<protocol>esp|ah)\.(?P<spi>[0-9a-f]{1,8})@(?P<address>[0-9a-fA-F.:]+)")
_PARENT: Final = re.compile(r"\b(?:IKE SA|ISAKMP SA|isakmp) ?#(?P<number>\d{1,9})")
_DUE: Final = re.compile(r"\b(?P<what>REKEY|REPLACE|EXPIRE)\w* in (?P<seconds>-?\d{1,9})s")
_TRAFFIC: Final = re.compile(
    r'#(?P<number>\d{1,9}): "(?P<name>[^"]{1,256})".*?, type=(?P<type>\w+), add_time=\d{1,15}'
    r"(?:, inBytes=(?P<in>\d{1,20}), outBytes=(?P<out>\d{1,20}))?(?P<rest>.*)"
)
_ID: Final = re.compile(r", id='(?P<id>.*)'(?:, lease=\S+)?$")
_CHILD: Final = re.compile(r"(?i)child|ipsec sa|QUICK")
_UP: Final = re.compile(
    r"(?i)established (?:IKE|Child|CHILD) SA|(?:ISAKMP|IPsec|IKE|PARENT|CHILD) SA established"
)
_V1: Final = re.compile(
    r"STATE_(?:MAIN|AGGR|QUICK|XAUTH|MODE_CFG)|\b(?:MAIN|AGGR|QUICK|XAUTH|MODE_CFG)_[IR]\d|ISAKMP"
)
_NATT: Final = 4500


@dataclass(slots=True)
class _State:
    """One numbered state, gathered from all lines that bear its number."""

    number: int
    name: str
    text: str = ""
    peer: str = ""
    port: int | None = None
    line: str = ""
    spis: list[tuple[str, str, str]] = field(default_factory=list)
    """Protocol, SPI and destination address, outbound first."""
    bytes_in: int | None = None
    bytes_out: int | None = None
    peer_id: str | None = None

    @property
    def child(self) -> bool:
        return bool(_CHILD.search(self.text)) or bool(self.spis)

    @property
    def up(self) -> bool:
        return bool(_UP.search(self.text)) or bool(self.spis)

    @property
    def newest(self) -> bool:
        return bool(re.search(r"\bnewest\b|eroute owner", self.text))

    def due(self, *names: str) -> int | None:
        found = [int(one["seconds"]) for one in _DUE.finditer(self.text) if one["what"] in names]
        return found[0] if found else None

    @property
    def parent(self) -> int | None:
        found = _PARENT.search(self.text)
        return int(found["number"]) if found else None


def parse(text: str) -> tuple[IkeSa, ...]:
    """The SAs in a listing framed as `@@ status`, `@@ traffic`, `@@ kernel`, or in a bare `ipsec status`.

    An IKE SA comes once for each connection that has it or a CHILD SA of it.
    """
    parts = {part.name: part.body for part in sections(text)}
    listed = parts.get("status", text)
    status = pluto_status.parse(listed)
    states = _states(f"{listed}\n{parts.get('traffic', '')}")
    kernel = xfrm.parse_states(parts["kernel"]) if parts.get("kernel") else ()
    counted = {one.spi: one for one in kernel}
    connections = {one.name: one for one in status.connections}
    return tuple(_grouped(states, connections, status.ike_sas, counted))


def _states(text: str) -> dict[int, _State]:
    states: dict[int, _State] = {}
    for line in lines(text):
        traffic, found = _TRAFFIC.fullmatch(line), _STATE.fullmatch(line)
        if traffic is not None:
            state = states.setdefault(int(traffic["number"]), _State(int(traffic["number"]), traffic["name"]))
            who = _ID.search(traffic["rest"])
            state.peer_id = who["id"] if who else None
            state.text = state.text or "established Child SA"
            if traffic["in"] is not None:
                state.bytes_in, state.bytes_out = int(traffic["in"]), int(traffic["out"])
        elif found is not None:
            state = states.setdefault(int(found["number"]), _State(int(found["number"]), found["name"]))
            state.peer = found["peer"] or state.peer
            spis = [(one["protocol"], one["spi"].zfill(8), one["address"]) for one in _SPI.finditer(line)]
            if spis:
                state.spis = spis
            else:
                state.text, state.line = found["rest"], line
                state.port = int(found["port"]) if found["port"] else None
    return states


def _grouped(
    states: Mapping[int, _State],
    connections: Mapping[str, Connection],
    shared: Mapping[str, int],
    counted: Mapping[str, xfrm.SecurityAssociation],
) -> Iterable[IkeSa]:
    """An IKE SA for every pair of IKE state and connection that uses it, with that connection's children."""
    children = [one for one in states.values() if one.child]
    used: dict[tuple[int, str], list[_State]] = {}
    for state in states.values():
        if not state.child:
            used[state.number, base(state.name)] = []
    for name, number in shared.items():
        if number in states:
            used.setdefault((number, name), [])
    for state in children:
        used.setdefault((state.parent or 0, base(state.name)), []).append(state)
    for (number, name), own in used.items():
        connection = connections.get(name)
        sas = tuple(_child(one, connection, own, counted) for one in own)
        yield replace(_ike(states.get(number), name, connection, own), children=sas)


def _ike(state: _State | None, name: str, connection: Connection | None, own: list[_State]) -> IkeSa:
    shown = state or own[0]
    version = 1 if _V1.search(shown.text) else connection.version if connection is not None else None
    addresses = [address for one in own for _, _, address in one.spis]
    local = connection.local_addrs[0] if connection and connection.local_addrs else ""
    remote = connection.remote_addrs[0] if connection and connection.remote_addrs else ""
    return IkeSa(
        name=name,
        unique_id=state.number if state is not None else None,
        version=version or 2,
        # A CHILD SA that has outlived its IKE SA (IKEv1) still is a tunnel.
        state="passive" if state is None else "established" if state.up else "connecting",
        local_host=local if not local.startswith("%") else addresses[1] if len(addresses) > 1 else "",
        local_id=connection.local[0].identity if connection and connection.local else None,
        remote_host=addresses[0] if addresses else shown.peer or (remote if remote != "%any" else ""),
        remote_port=shown.port,
        remote_id=next((one.peer_id for one in own if one.peer_id), None)
        or (connection.remote[0].identity if connection and connection.remote else None),
        proposal="",
        rekey_in_s=state.due("REKEY") if state is not None else None,
        expires_in_s=state.due("REPLACE", "EXPIRE") if state is not None else None,
        line=shown.line,
    )


def _child(
    state: _State,
    connection: Connection | None,
    own: list[_State],
    counted: Mapping[str, xfrm.SecurityAssociation],
) -> ChildSa:
    selectors = (
        next((one for one in connection.children if one.name == state.name), None) if connection else None
    )
    outward = next((spi for _, spi, _ in state.spis), "")
    inward = state.spis[1][1] if len(state.spis) > 1 else ""
    carried_in, carried_out = counted.get(inward), counted.get(outward)
    newer = any(one.newest and one.number > state.number and one.name == state.name for one in own)
    word = "installed" if state.up else "created"
    return ChildSa(
        name=state.name,
        unique_id=state.number,
        state="rekeyed" if newer and state.up and not state.newest else word,
        mode=(selectors.mode or "") if selectors else "",
        protocol=state.spis[0][0] if state.spis else "",
        encap=state.port == _NATT,
        spi_in=inward,
        spi_out=outward,
        bytes_in=state.bytes_in if carried_in is None else carried_in.bytes,
        bytes_out=state.bytes_out if carried_out is None else carried_out.bytes,
        packets_in=None if carried_in is None else carried_in.packets,
        packets_out=None if carried_out is None else carried_out.packets,
        rekey_in_s=state.due("REKEY"),
        expires_in_s=state.due("REPLACE", "EXPIRE"),
        local_ts=selectors.local_ts if selectors else (),
        remote_ts=selectors.remote_ts if selectors else (),
    )
