"""`ipsec statusall` (and `ipsec status`) of strongSwan: what charon has loaded by stroke, and what is running.

Names stand right-aligned before every line, times are words rounded to their unit ("16 hours"), ports are not
shown, and packets only where there were any (src/libcharon/plugins/stroke/stroke_list.c, 5.2 to 6.0). Trap
policies stand in a section of their own, and so do shunts, "Bypass LAN" among them, which are no tunnels.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from wizard.facts.parsers import ipsec_status_sas
from wizard.facts.parsers.ipsec_status_sas import seconds
from wizard.facts.tunnel import AuthMethod, AuthRound, Child, ChildSa, Connection, IkeSa, Mode
from wizard.records import dataclass

_HEAD: Final = re.compile(
    r"Status of IKE charon daemon \((?:weak)?strongSwan (?P<version>[0-9][0-9A-Za-z.]{0,30})"
)
_UPTIME: Final = re.compile(r"  uptime: (?P<age>[^,]{1,60})(?:, since (?P<since>[^\n]{1,60}))?$")
_PLUGINS: Final = re.compile(r"  loaded plugins: (?P<plugins>[^\n]*)$")
_COUNT: Final = re.compile(
    r"Security Associations \((?P<up>[0-9]{1,9}) up, (?P<connecting>[0-9]{1,9}) connecting\)"
)
_SECTIONS: Final = (
    "Virtual IP pools",
    "Listening IP addresses",
    "Connections",
    "Shunted Connections",
    "Routed Connections",
    "Security Associations",
)
_CONN: Final = re.compile(
    r" *(?P<name>\S[^\n]{0,255}?):  (?P<local>[^\s]{1,400}?)\.\.\.(?P<remote>[^\s]{1,400})  "
    r"IKEv(?P<version>1/2|1|2)(?P<aggressive> Aggressive)?(?:, dpddelay=(?P<dpd>[0-9]{1,9})s)?\s*$"
)
_ROUND: Final = re.compile(
    r" *(?P<name>\S[^\n]{0,255}?):   (?P<side>local|remote): +(?:\[(?P<id>[^\n]{0,400})\] )?"
    r"uses (?P<class>[^\n]{1,200}?) authentication"
    r"(?:[^\n]{0,20} with (?:EAP|XAuth) identity '(?P<user>[^\n]{0,400})')?[^\n]{0,80}$"
)
_CERT: Final = re.compile(r' *\S[^\n]{0,255}?:    (?P<kind>cert|ca): +"(?P<dn>[^\n]{0,800})"\s*$')
_CHILD: Final = re.compile(
    r" *(?P<name>\S[^\n]{0,255}?):   child:  (?P<local>[^\n]{1,2000}?) === (?P<remote>[^\n]{1,2000}?) "
    r"(?P<mode>[A-Z][A-Z_]{2,20})(?:, dpdaction=(?P<dpd>[a-z]{1,20}))?\s*$"
)


@dataclass(frozen=True, slots=True)
class Statusall:
    """What one listing says; what it does not say is None or empty: `ipsec status` has only the SAs."""

    version: str | None = None
    uptime_s: int | None = None
    """As printed, thus rounded to the unit the daemon chose."""
    since: str = ""
    """When the daemon started, in the gateway's local time, as printed."""
    plugins: tuple[str, ...] = ()
    listening: tuple[str, ...] = ()
    connections: tuple[Connection, ...] = ()
    routed: tuple[ChildSa, ...] = ()
    """Trap policies that wait for traffic."""
    sas: tuple[IkeSa, ...] = ()
    answered: bool = False
    """Whether the daemon listed its SAs at all, even if there are none."""
    line: str = ""
    """The line that shows that the daemon answers."""


def parse(text: str) -> Statusall:
    """The listing's records; lines of another command are passed over."""
    found = Statusall()
    section = ""
    bodies: dict[str, list[str]] = {}
    for line in text.splitlines():
        title = next((name for name in _SECTIONS if line.startswith((f"{name}:", f"{name} ("))), None)
        if title is not None:
            section = title
            if title == "Security Associations" and _COUNT.match(line):
                found = replace(found, answered=True, line=found.line or line)
        elif head := _HEAD.match(line):
            section, found = "", replace(found, version=head["version"])
        elif not section:
            found = _head_line(found, line)
        else:
            bodies.setdefault(section, []).append(line)
    return replace(
        found,
        listening=tuple(one.strip() for one in bodies.get("Listening IP addresses", ()) if one.strip()),
        connections=connections(bodies.get("Connections", [])),
        routed=ipsec_status_sas.children(bodies.get("Routed Connections", [])),
        sas=ipsec_status_sas.sas(bodies.get("Security Associations", [])),
    )


def sas(text: str) -> tuple[IkeSa, ...]:
    """The IKE SAs alone."""
    return parse(text).sas


def _head_line(found: Statusall, line: str) -> Statusall:
    if uptime := _UPTIME.match(line):
        since = (uptime["since"] or "").strip()
        return replace(found, uptime_s=seconds(uptime["age"]), since=since, line=line.strip())
    if plugins := _PLUGINS.match(line):
        return replace(found, plugins=tuple(plugins["plugins"].split()))
    return found


def connections(lines: list[str]) -> tuple[Connection, ...]:
    """Every loaded connection with its children; conns that differ in their networks only share one."""
    found: list[Connection] = []
    side = "local"
    for line in lines:
        if opened := _CONN.match(line):
            found.append(_connection(opened))
        elif not found:
            continue
        elif stated := _ROUND.match(line):
            side = stated["side"]
            found[-1] = _with_round(found[-1], side, _round(stated))
        elif cert := _CERT.match(line):
            found[-1] = _with_certificate(found[-1], side, cert)
        elif child := _CHILD.match(line):
            found[-1] = replace(found[-1], children=(*found[-1].children, _child(child)))
    return tuple(found)


def _connection(found: re.Match[str]) -> Connection:
    return Connection(
        name=found["name"],
        version=0 if found["version"] == "1/2" else int(found["version"]),
        local_addrs=tuple(one for one in found["local"].split(",") if one),
        remote_addrs=tuple(one for one in found["remote"].split(",") if one),
        # The word only stands with IKEv1; without it, a version 1 connection uses main mode.
        aggressive=bool(found["aggressive"]),
        dialect="ipsec.conf",
        dpd_delay_s=int(found["dpd"]) if found["dpd"] else None,
    )


def _round(found: re.Match[str]) -> AuthRound:
    words = found["class"]
    method: AuthMethod | None = None
    if words == "pre-shared key":
        method = "psk"
    elif words == "public key":
        method = "pubkey"
    elif words.startswith("EAP"):
        method = "eap"
    elif words.startswith("XAuth"):
        method = "xauth"
    elif words == "any":
        method = "any"
    return AuthRound(method=method, identity=found["id"], detail=words.lower() if method == "eap" else "")


def _with_round(connection: Connection, side: str, stated: AuthRound) -> Connection:
    if side == "local":
        return replace(connection, local=(*connection.local, stated))
    return replace(connection, remote=(*connection.remote, stated))


def _with_certificate(connection: Connection, side: str, found: re.Match[str]) -> Connection:
    rounds = connection.local if side == "local" else connection.remote
    if not rounds:
        return connection
    last = rounds[-1]
    named = (
        replace(last, certs=(*last.certs, found["dn"]))
        if found["kind"] == "cert"
        else replace(last, cacerts=(*last.cacerts, found["dn"]))
    )
    kept = (*rounds[:-1], named)
    return replace(connection, local=kept) if side == "local" else replace(connection, remote=kept)


def _child(found: re.Match[str]) -> Child:
    mode: Mode | None = None
    word = found["mode"].lower().removesuffix("_proxy")
    for known in ("tunnel", "transport", "beet", "pass", "drop"):
        if word == known:
            mode = known
    return Child(
        name=found["name"],
        local_ts=tuple(found["local"].split()),
        remote_ts=tuple(found["remote"].split()),
        mode=mode,
        dpd_action=found["dpd"],
    )
