"""Which entry of which file holds the key a daemon uses for a tunnel, or where one for it is to stand.

The daemon's own rule decides (`wizard.facts.derive.secrets`). An entry that other tunnels use, too, is not changed;
the tunnel then gets one of its own that fits better.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from wizard.facts.derive import secrets as picking
from wizard.facts.focus import ANY, Focus
from wizard.facts.model import End, other
from wizard.facts.parsers import framed
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import Configuration, Connection, SharedSecret
from wizard.platforms.actions.base import Site, Unplannable

_NEW: Final = "the key that is written"
_PSK: Final = re.compile(r"(?:^|(?<=\s)):\s*psk", re.IGNORECASE)
_ROOTS: Final = ("/etc/ipsec.secrets", "/etc/strongswan/ipsec.secrets", "/usr/local/etc/ipsec.secrets")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the tunnel's key stands at one end, or is to stand."""

    path: str
    line: int = 0
    """0: it is added at the end."""
    owner: str = ""
    name: str = ""
    head: str = ""
    tail: str = ""
    exists: bool = True


def readable(snapshot: Snapshot) -> Configuration:
    """What stands on disk; raises Unplannable where not every key of it is known, or none would be loaded."""
    disk = snapshot.disk
    closed = (
        [one for one in disk.unreadable if "secret" in one or " (" not in one] if disk is not None else []
    )
    if disk is None or closed or not disk.files:
        what = closed[0] if closed else "the configuration"
        raise Unplannable(f"{what} of {snapshot.gateway} could not be read, so its keys are not known")
    if disk.refused:
        place = disk.problems[0].place if disk.problems else disk.files[0]
        raise Unplannable(
            f"the configuration of {snapshot.gateway} does not parse ({place}), so no key would be loaded; "
            "mend that first"
        )
    if disk.dialect == "ios":
        raise Unplannable(f"keys of {snapshot.gateway} are not changed from here")
    return disk


def _identities(site: Site, end: End) -> tuple[str, str | None]:
    own, expected = picking.own_and_peer(site.focus(end))
    if own is None:
        raise Unplannable(f"the identity of {site.snapshot(end).gateway} is not known")
    theirs = site.focuses.get(other(end))
    return own, expected or (picking.own_and_peer(theirs)[0] if theirs is not None else None)


def _picked(site: Site, end: End, stored: Sequence[SharedSecret]) -> tuple[SharedSecret, ...]:
    own, peer = _identities(site, end)
    return picking.best(tuple(stored), own, peer, readable(site.snapshot(end)).dialect)


def source(site: Site, end: End) -> SharedSecret:
    """The key this end uses for the tunnel; raises Unplannable where that is none or more than one."""
    snapshot = site.snapshot(end)
    keys = _picked(site, end, readable(snapshot).secrets)
    if not keys:
        raise Unplannable(f"{snapshot.gateway} has no key for this tunnel that could be copied")
    if len({key.digest for key in keys}) > 1 or (len(keys) > 1 and keys[0].digest.startswith("!")):
        where = " and ".join(key.where for key in keys)
        raise Unplannable(f"{snapshot.gateway} has several keys that fit this tunnel equally well: {where}")
    return keys[0]


def places(site: Site, end: End) -> tuple[Place, ...]:
    """What has to be written at this end so that its daemon uses the new key for this tunnel and no other."""
    snapshot = site.snapshot(end)
    disk = readable(snapshot)
    own = _picked(site, end, disk.secrets)
    free = [key for key in own if not _users(site, end, key)]
    if free and _comes_first(site, end, [_as_new(key, free) for key in disk.secrets]):
        return tuple(standing(snapshot, key) for key in free)
    added = _added(site, end, disk)
    if not _comes_first(site, end, [*disk.secrets, added]):
        used = next((name for key in own for name in _users(site, end, key)), "another tunnel")
        raise Unplannable(
            f"the key at {own[0].where} of {snapshot.gateway} is used by {used}, too; "
            "give this tunnel an entry of its own there first"
        )
    return (_new_place(site, end, disk, added),)


def _as_new(key: SharedSecret, replaced: Sequence[SharedSecret]) -> SharedSecret:
    same = any(one.where == key.where for one in replaced)
    return replace(key, digest=_NEW) if same else key


def _comes_first(site: Site, end: End, stored: Sequence[SharedSecret]) -> bool:
    keys = _picked(site, end, stored)
    return bool(keys) and all(key.digest == _NEW for key in keys)


def _users(site: Site, end: End, key: SharedSecret) -> tuple[str, ...]:
    """Other connections whose key this is, by name; every tunnel may use a key that is nobody's in particular."""
    snapshot, focus = site.snapshot(end), site.focus(end)
    disk = readable(snapshot)
    known: dict[str, Connection] = {one.name: one for one in (*disk.connections, *(snapshot.loaded or ()))}
    names: list[str] = []
    for name, connection in known.items():
        if name in {focus.name, focus.child_name}:
            continue
        theirs = Focus(
            connection=connection,
            local_address=connection.local_addrs[0] if connection.local_addrs else None,
            peer_addresses=tuple(one for one in connection.remote_addrs if one not in ANY),
        )
        if picking.uses_psk(theirs) is False or _same_pair(theirs, focus):
            continue
        own, peer = picking.own_and_peer(theirs)
        if key in picking.best(disk.secrets, own, peer, disk.dialect):
            names.append(name)
    return tuple(names)


def _same_pair(one: Focus, two: Focus) -> bool:
    """Whether two connections have one key by their nature: they join the same two identities."""
    return picking.own_and_peer(one) == picking.own_and_peer(two)


def lines_of(snapshot: Snapshot, path: str) -> list[str]:
    """The file's lines as they were read, secrets as digests."""
    config = snapshot.outputs.get("config")
    parts = framed.sections(config.stdout) if config is not None else []
    return next((part.body.split("\n") for part in parts if part.name == path), [])


def standing(snapshot: Snapshot, key: SharedSecret) -> Place:
    """The place of a key that is there."""
    path, _, number = key.where.rpartition(":")
    if not path or not number.isdigit():
        raise Unplannable(f"where the key of {snapshot.gateway} stands is not known")
    line, disk = int(number), readable(snapshot)
    if disk.dialect == "swanctl":
        return Place(path, line, key.name, key.name)
    lines = lines_of(snapshot, path)
    written = lines[line - 1] if 0 < line <= len(lines) else ""
    return Place(path, line, _owners(written), key.name)


def _owners(line: str) -> str:
    """What stands before the colon and the kind of a secret."""
    colon = _PSK.search(line)
    return " ".join((line if colon is None else line[: colon.start()]).split())


def _added(site: Site, end: End, disk: Configuration) -> SharedSecret:
    own, peer = _identities(site, end)
    taken = {one.name for one in disk.secrets}
    base = "ike-" + "".join(c if c.isalnum() or c in "_-" else "-" for c in site.focus(end).name)
    names = [base, *(f"{base}-{number}" for number in range(2, 100))]
    name = next(one for one in names if one not in taken)
    return SharedSecret(name, (own, peer or "%any"), _NEW)


def _new_place(site: Site, end: End, disk: Configuration, added: SharedSecret) -> Place:
    if disk.dialect == "swanctl":
        connection = site.focus(end).connection
        stands = connection.where.get(connection.name, "") if connection is not None else ""
        stored = site.focus(end).on_disk
        stands = stored.where.get(stored.name, stands) if stored is not None else stands
        path = stands.rpartition(":")[0]
        if not path:
            raise Unplannable("which file the connection stands in is not known, so the key has no place")
        ids = "".join(f"        id-{n} = {_quoted(one)}\n" for n, one in enumerate(added.identities, start=1))
        head = f"\nsecrets {{\n    {added.name} {{\n{ids}        secret = "
        return Place(path, name=added.name, head=head, tail="\n    }\n}\n")
    known = [path for path in disk.files if path.endswith(".secrets")]
    folder = "/etc/strongswan" if disk.files[0].startswith("/etc/strongswan/") else "/etc"
    path = next((one for one in (*_ROOTS, *known) if one in known), f"{folder}/ipsec.secrets")
    owners = " ".join(f'"{one}"' if set(one) & set(" =,") else one for one in added.identities)
    return Place(path, name=added.name, head=f"{owners} : PSK ", tail="\n", exists=path in known)


def _quoted(value: str) -> str:
    plain = all(c.isalnum() or c in "._-@:%/" for c in value)
    return value if plain and value else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
