"""Pre-shared keys: one end's key at the other, or a new one at both, and the daemon told to read them.

Which entry is changed is decided by the rule by which the daemon picks a key (`wizard.facts.derive.secrets`). An
entry that other tunnels use, too, is left alone; the tunnel then gets one of its own that fits better.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from shlex import quote
from typing import Final

from wizard.engine.plan import SecretNeed, Step
from wizard.facts.derive import secrets as picking
from wizard.facts.focus import ANY, Focus
from wizard.facts.model import End, other
from wizard.facts.parsers import framed
from wizard.facts.probes import Command, Output
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import Configuration, Connection, SharedSecret
from wizard.platforms.actions import key_texts
from wizard.platforms.actions.base import Planned, Site, Unplannable

_KEY: Final = "psk"
"""The secret's name in plans."""
_NEW: Final = "the key that is written"
_PSK: Final = re.compile(r"(?:^|(?<=\s)):\s*psk", re.IGNORECASE)
_ROOTS: Final = ("/etc/ipsec.secrets", "/etc/strongswan/ipsec.secrets", "/usr/local/etc/ipsec.secrets")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the tunnel's key stands at one end, or is to stand."""

    path: str
    line: int = 0
    """0: it is added at the end."""
    owner: str = ""
    name: str = ""
    head: str = ""
    tail: str = ""
    exists: bool = True


@dataclass(frozen=True, slots=True)
class CopySecret:
    """The other end's key for this tunnel, written in place of this end's, or added where there is none."""

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """See `Action`."""
        _source(site, other(at))
        return _look(site, at)

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """See `Action`."""
        there = other(at)
        key = _source(site, there)
        here, from_ = site.snapshot(at).gateway, site.snapshot(there).gateway
        need = SecretNeed(_KEY, "read", there, _read(site, there, key))
        step = _step(
            site,
            at,
            seen,
            title=f"Put {from_}'s key for the tunnel on {here}",
            new=_mark(f"the key {from_} has"),
        )
        return Planned((step,), (need,), touched=(site.focus(at).name,))


@dataclass(frozen=True, slots=True)
class RenewSecret:
    """A new key of 256 bits, made by us and shown to nobody; meant for both ends."""

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """See `Action`."""
        return _look(site, at)

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """See `Action`."""
        here = site.snapshot(at).gateway
        step = _step(
            site, at, seen, title=f"Write a new key for the tunnel on {here}", new=_mark("a new key")
        )
        return Planned((step,), (SecretNeed(_KEY, "generated"),), touched=(site.focus(at).name,))


@dataclass(frozen=True, slots=True)
class LoadSecrets:
    """The daemon reads its secrets again; so it does, last of all, when the change is undone."""

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """See `Action`."""
        return ()

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """See `Action`."""
        snapshot = site.snapshot(at)
        loads = _LOADS.get(snapshot.implementation or "")
        if loads is None:
            raise Unplannable(f"how {snapshot.gateway} loads its secrets is not known")
        step = Step(
            at,
            snapshot.gateway,
            "Have the daemon read its secrets again",
            apply=loads.text,
            undo=loads.text,
            show=(loads.show,),
            show_undo=(loads.show,),
            undo_last=True,
            lasts=False,
        )
        return Planned((step,))


@dataclass(frozen=True, slots=True)
class _Loads:
    text: str
    show: str


# swanctl leaves with 0 after a syntax error, having unloaded every key, and with non-zero for a key file beside
# that it cannot read (5.9.8): what counts is that the files could be parsed and the daemon answered.
_LOAD_SWANCTL: Final = """\
said=$(swanctl --load-creds --noprompt 2>&1); code=$?
case $said in
*"invalid config file"*|*"syntax error"*|*"URI failed"*) ;;
*"loaded "*) code=0 ;;
esac
case $said in *"invalid config file"*|*"syntax error"*) code=78 ;; esac
[ "$code" = 0 ] || printf '%s\\n' "$said" | grep -v "^plugin '" | tail -n 3 >&2
( exit "$code" )"""
_LOADS: Final[Mapping[str, _Loads]] = {
    "strongswan-swanctl": _Loads(_LOAD_SWANCTL, "swanctl --load-creds --noprompt"),
    "strongswan-ipsec": _Loads(
        "S=ipsec; ! command -v strongswan >/dev/null 2>&1 || S=strongswan\n"
        "timeout 10 $S rereadsecrets </dev/null",
        "ipsec rereadsecrets",
    ),
    "libreswan": _Loads("timeout 10 ipsec whack --rereadsecrets </dev/null", "ipsec rereadsecrets"),
}


# --- which entry ------------------------------------------------------------------------------


def _disk(snapshot: Snapshot) -> Configuration:
    disk = snapshot.disk
    if disk is None or disk.unreadable or not disk.files:
        what = disk.unreadable[0] if disk is not None and disk.unreadable else "the configuration"
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
    return picking.best(tuple(stored), own, peer, _disk(site.snapshot(end)).dialect)


def _source(site: Site, end: End) -> SharedSecret:
    """The key this end uses for the tunnel; raises Unplannable where that is none or more than one."""
    snapshot = site.snapshot(end)
    keys = _picked(site, end, _disk(snapshot).secrets)
    if not keys:
        raise Unplannable(f"{snapshot.gateway} has no key for this tunnel that could be copied")
    if len({key.digest for key in keys}) > 1 or (len(keys) > 1 and keys[0].digest.startswith("!")):
        places = " and ".join(key.where for key in keys)
        raise Unplannable(f"{snapshot.gateway} has several keys that fit this tunnel equally well: {places}")
    return keys[0]


def _place(site: Site, end: End) -> tuple[_Place, ...]:
    """What has to be written at this end so that its daemon uses the new key for this tunnel and no other."""
    snapshot = site.snapshot(end)
    disk = _disk(snapshot)
    own = _picked(site, end, disk.secrets)
    free = [key for key in own if not _users(site, end, key)]
    if free and _comes_first(site, end, [_as_new(key, free) for key in disk.secrets]):
        return tuple(_standing(snapshot, key) for key in free)
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
    disk = _disk(snapshot)
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


# --- what is written --------------------------------------------------------------------------


def _text(snapshot: Snapshot, path: str) -> list[str]:
    """The file's lines as they were read, secrets as digests."""
    config = snapshot.outputs.get("config")
    parts = framed.sections(config.stdout) if config is not None else []
    return next((part.body.split("\n") for part in parts if part.name == path), [])


def _standing(snapshot: Snapshot, key: SharedSecret) -> _Place:
    path, _, number = key.where.rpartition(":")
    if not path or not number.isdigit():
        raise Unplannable(f"where the key of {snapshot.gateway} stands is not known")
    line, disk = int(number), _disk(snapshot)
    if disk.dialect == "swanctl":
        return _Place(path, line, key.name, key.name)
    lines = _text(snapshot, path)
    written = lines[line - 1] if 0 < line <= len(lines) else ""
    return _Place(path, line, _owners(written), key.name)


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


def _new_place(site: Site, end: End, disk: Configuration, added: SharedSecret) -> _Place:
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
        return _Place(path, name=added.name, head=head, tail="\n    }\n}\n")
    known = [path for path in disk.files if path.endswith(".secrets")]
    folder = "/etc/strongswan" if disk.files[0].startswith("/etc/strongswan/") else "/etc"
    path = next((one for one in (*_ROOTS, *known) if one in known), f"{folder}/ipsec.secrets")
    owners = " ".join(f'"{one}"' if set(one) & set(" =,") else one for one in added.identities)
    return _Place(path, name=added.name, head=f"{owners} : PSK ", tail="\n", exists=path in known)


def _quoted(value: str) -> str:
    plain = all(c.isalnum() or c in "._-@:%/" for c in value)
    return value if plain and value else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _look(site: Site, at: End) -> tuple[Command, ...]:
    disk = _disk(site.snapshot(at))
    commands: list[Command] = []
    for number, place in enumerate(_place(site, at)):
        script = f"sha256sum <{quote(place.path)} | cut -d ' ' -f 1"
        if place.line:
            script += f"\n{key_texts.found(place.path, place.line, place.owner, disk.dialect)} && echo fits"
        text = f"$SUDO sh -c {quote(script)}"
        commands.append(Command(f"place-{number}", text, 8, show=f"sha256sum {place.path}", limits="time"))
    return tuple(commands)


def _read(site: Site, end: End, key: SharedSecret) -> str:
    snapshot = site.snapshot(end)
    place = _standing(snapshot, key)
    script = key_texts.read(place.path, place.line, place.owner, _disk(snapshot).dialect)
    return f"$SUDO sh -c {quote(script)}"


def _step(site: Site, at: End, seen: Mapping[str, Output], *, title: str, new: str) -> Step:
    """One step, whatever the number of entries, so that the key arrives once."""
    snapshot = site.snapshot(at)
    disk, places = _disk(snapshot), _place(site, at)
    old = _mark(f"the key {snapshot.gateway} has now")
    requires: list[str] = []
    applies: list[str] = []
    diff: list[str] = []
    for path in dict.fromkeys(place.path for place in places):
        own = [place for place in places if place.path == path]
        number = places.index(own[0])
        printed = seen.get(f"place-{number}")
        words = printed.stdout.split() if printed is not None and printed.problem is None else []
        if own[0].exists and (not words or len(words[0]) != 64):
            raise Unplannable(f"{path} of {snapshot.gateway} could not be read")
        requires.append(f"same {quote(path)} {words[0]}" if own[0].exists else f"[ ! -e {quote(path)} ]")
        applies.append(requires[-1])
        for place in own:
            checked = seen.get(f"place-{places.index(place)}")
            if place.line and (checked is None or "fits" not in checked.stdout.split()):
                raise Unplannable(
                    f"the key in {path}, line {place.line}, of {snapshot.gateway} is written in a way "
                    "that is not replaced from here"
                )
            applies.append(
                key_texts.write(path, place.line, place.owner, disk.dialect)
                if place.line
                else key_texts.add(path, place.head, place.tail, place.exists)
            )
        diff += _diff(snapshot, path, own, old, new)
    files = tuple(dict.fromkeys(place.path for place in places))
    where = [
        f"{place.path}, line {place.line}" if place.line else f"the end of {place.path}" for place in places
    ]
    return Step(
        at,
        snapshot.gateway,
        title,
        apply=" &&\n".join(applies),
        undo="; ".join(f"give_back {quote(path)}" for path in files),
        requires=" && ".join(requires),
        show=tuple(f"edit {one}" for one in where),
        show_undo=tuple(f"put {path} back as it was" for path in files),
        diff=tuple(diff),
        secret=_KEY,
    )


def _diff(snapshot: Snapshot, path: str, places: Sequence[_Place], old: str, new: str) -> list[str]:
    lines = _text(snapshot, path)
    out = [f"--- {path}", f"+++ {path}"]
    for place in places:
        if not place.line:
            body = f"{place.head}{new}{place.tail}".rstrip("\n").split("\n")
            at = len(lines) - (1 if lines and not lines[-1] else 0)
            out += [f"@@ -{at},0 +{at + 1},{len(body)} @@", *(f"+{line}" for line in body)]
            continue
        first = next(
            (n for n in range(place.line - 1, min(place.line + 3, len(lines))) if "digest:" in lines[n]),
            place.line - 1,
        )
        out.append(f"@@ -{first + 1} +{first + 1} @@")
        written = lines[first] if first < len(lines) else "digest:"
        out += [f"-{_masked(written, old)}", f"+{_masked(written, new)}"]
    return out


def _masked(line: str, word: str) -> str:
    head, _, rest = line.partition("digest:")
    digest = rest.lstrip("!abcdefghijklmnopqrstuvwxyz0123456789-")
    return head.removesuffix('"') + word + digest.removeprefix('"')


def _mark(what: str) -> str:
    """What stands in a diff in place of a secret."""
    return (
        f"\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}{what}\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
    )
