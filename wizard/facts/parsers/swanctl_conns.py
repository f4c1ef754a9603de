"""The connections the daemon has loaded: `swanctl --list-conns`, as dump (`--raw`) or as listing for people.

Neither form shows proposals, ports or start actions: for those the configuration on disk has to be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, get_args

from wizard.facts.parsers import vici_raw
from wizard.facts.parsers.vici_raw import Section
from wizard.facts.tunnel import AuthMethod, AuthRound, Child, Connection, Mode

__all__ = ["parse"]

LABEL = "list-conn event"

_VERSIONS: Final = {"IKEv1": 1, "IKEv2": 2, "IKEv1/2": 0, "IKEv1/IKEv2": 0}
_METHODS: Final[dict[str, AuthMethod]] = {
    "public key": "pubkey",
    "pre-shared key": "psk",
    "EAP": "eap",
    "XAuth": "xauth",
    "any": "any",
}
_PORT = re.compile(r"^(?P<address>[^\[\]]+)\[(?P<port>[0-9]{1,5})\]$")


def parse(text: str) -> tuple[Connection, ...]:
    """The loaded connections in the order listed; empty when none is loaded or nothing could be read."""
    messages = tuple(vici_raw.parse(text).of(LABEL))
    if not messages:
        return tuple(_Listing(text.splitlines()).connections())
    return tuple(
        _connection(name, section, whole=not message.truncated)
        for message in messages
        for name, section in message.body.sections
    )


def _connection(name: str, conn: Section, *, whole: bool) -> Connection:
    local, local_port = _addresses(conn.items("local_addrs"))
    remote, remote_port = _addresses(conn.items("remote_addrs"))
    return Connection(
        name=name,
        version=_VERSIONS.get(conn.text("version") or ""),
        local_addrs=local,
        remote_addrs=remote,
        local_port=local_port,
        remote_port=remote_port,
        local=tuple(_round(section) for key, section in conn.sections if re.match(r"local-[0-9]", key)),
        remote=tuple(_round(section) for key, section in conn.sections if re.match(r"remote-[0-9]", key)),
        children=tuple(_child(key, section) for key, section in conn.section("children").sections),
        # A whole dump leaves the delay out when dead peer detection is off.
        dpd_delay_s=conn.number("dpd_delay") if "dpd_delay" in conn.values else (0 if whole else None),
        rekey_time_s=conn.number("rekey_time"),
        reauth_time_s=conn.number("reauth_time"),
    )


def _addresses(written: tuple[str, ...]) -> tuple[tuple[str, ...], int | None]:
    """Addresses without the port that 6.0.3 and later append, and that port."""
    found = [_PORT.match(address) for address in written]
    ports = {int(match["port"]) for match in found if match}
    bare = tuple(m["address"] if m else text for m, text in zip(found, written, strict=True))
    return bare, ports.pop() if len(ports) == 1 else None


def _round(auth: Section) -> AuthRound:
    detail = [auth.text("eap-type"), auth.text("xauth"), auth.text("revocation")]
    return AuthRound(
        method=_METHODS.get(auth.text("class") or ""),
        identity=auth.text("id"),
        detail=" ".join(word for word in detail if word),
        certs=auth.items("certs"),
        cacerts=auth.items("cacerts"),
    )


def _child(name: str, child: Section) -> Child:
    return Child(
        name=name,
        local_ts=child.items("local-ts"),
        remote_ts=child.items("remote-ts"),
        mode=_mode(child.text("mode") or ""),
        dpd_action=child.text("dpd_action"),
        close_action=child.text("close_action"),
        rekey_time_s=child.number("rekey_time"),
    )


def _mode(word: str) -> Mode | None:
    bare = word.lower().removesuffix("_proxy")
    return next((mode for mode in get_args(Mode) if mode == bare), None)


_HEAD = re.compile(r"(?P<name>\S[^:]{0,255}): (?P<version>IKEv1/2|IKEv[12]), (?P<rest>[^\n]*)$")
_ADDRESS = re.compile(r"  (?P<side>local|remote): +(?P<address>\S+)\s*$")
_AUTH = re.compile(r"  (?P<side>local|remote) (?P<class>[^:]{1,60}) authentication:\s*$")
_AUTH_LINE = re.compile(r"    (?P<key>id|certs|cacerts): (?P<value>[^\n]*)$")
_CHILD = re.compile(r"  (?P<name>\S[^:]{0,255}): (?P<mode>[A-Z_]+), (?P<rest>[^\n]*)$")
_TS = re.compile(r"    (?P<side>local|remote): +(?P<ts>\S[^\n]*)$")


class _Listing:
    """Reads the listing for people line by line; a line it does not know changes nothing."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    def connections(self) -> Iterator[Connection]:
        conn: Connection | None = None
        side = ""
        for line in self.lines:
            if head := _HEAD.match(line):
                if conn is not None:
                    yield conn
                conn, side = _headed(head), ""
            elif conn is not None:
                if found := _AUTH.match(line):
                    side = found["side"]
                conn = _listed(conn, side, line)
        if conn is not None:
            yield conn


def _headed(head: re.Match[str]) -> Connection:
    rest = head["rest"]
    return Connection(
        name=head["name"],
        version=_VERSIONS[head["version"]],
        reauth_time_s=_seconds(rest, "reauthentication"),
        rekey_time_s=_seconds(rest, "rekeying"),
        dpd_delay_s=int(found[1]) if (found := re.search(r"dpd delay ([0-9]+)s", rest)) else 0,
    )


def _seconds(rest: str, what: str) -> int | None:
    if f"no {what}" in rest:
        return 0
    found = re.search(what + r" every ([0-9]+)s", rest)
    return int(found[1]) if found else None


def _listed(conn: Connection, side: str, line: str) -> Connection:
    if found := _ADDRESS.match(line):
        (address,), port = _addresses((found["address"],))
        if found["side"] == "local":
            return replace(conn, local_addrs=(*conn.local_addrs, address), local_port=port or conn.local_port)
        return replace(conn, remote_addrs=(*conn.remote_addrs, address), remote_port=port or conn.remote_port)
    if found := _AUTH.match(line):
        method = _METHODS.get(found["class"])
        added = AuthRound(method=method, detail="" if method else found["class"])
        if found["side"] == "local":
            return replace(conn, local=(*conn.local, added))
        return replace(conn, remote=(*conn.remote, added))
    if found := _CHILD.match(line):
        dpd = re.search(r"dpd action is ([a-z|-]+)", found["rest"])
        child = Child(
            name=found["name"],
            mode=_mode(found["mode"]),
            rekey_time_s=_seconds(found["rest"], "rekeying"),
            dpd_action=dpd[1] if dpd else None,
        )
        return replace(conn, children=(*conn.children, child))
    if conn.children and (found := _TS.match(line)):
        child, selectors = conn.children[-1], tuple(found["ts"].split())
        grown = (
            replace(child, local_ts=selectors)
            if found["side"] == "local"
            else replace(child, remote_ts=selectors)
        )
        return replace(conn, children=(*conn.children[:-1], grown))
    if not conn.children and side and (found := _AUTH_LINE.match(line)):
        return _authenticated(conn, side, found)
    return conn


def _authenticated(conn: Connection, side: str, found: re.Match[str]) -> Connection:
    rounds = conn.local if side == "local" else conn.remote
    last, value = rounds[-1], found["value"].strip()
    if found["key"] == "id":
        last = replace(last, identity=value)
    elif found["key"] == "certs":
        last = replace(last, certs=(*last.certs, value))
    else:
        last = replace(last, cacerts=(*last.cacerts, value))
    changed = (*rounds[:-1], last)
    return replace(conn, local=changed) if side == "local" else replace(conn, remote=changed)
