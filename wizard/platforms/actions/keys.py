"""Pre-shared keys: one end's key at the other, or a new one at both; nobody sees either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Final

from wizard.engine.plan import SecretNeed, Step
from wizard.facts.model import End, other
from wizard.facts.probes import Command, Output
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import SharedSecret
from wizard.platforms.actions import key_texts
from wizard.platforms.actions.base import Planned, Site, Unplannable, masked, word
from wizard.platforms.actions.key_places import Place, lines_of, places, readable, source, standing

_KEY: Final = "psk"
"""The secret's name in plans."""


@dataclass(frozen=True, slots=True)
class CopySecret:
    """The other end's key for this tunnel, written in place of this end's, or added where there is none."""

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """See `Action`."""
        source(site, other(at))
        return _look(site, at)

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """See `Action`."""
        there = other(at)
        key = source(site, there)
        here, from_ = site.snapshot(at).gateway, site.snapshot(there).gateway
        need = SecretNeed(_KEY, "read", there, _read(site, there, key))
        step = _step(
            site,
            at,
            seen,
            title=f"Put {from_}'s key for the tunnel on {here}",
            new=masked(f"the key {from_} has"),
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
            site, at, seen, title=f"Write a new key for the tunnel on {here}", new=masked("a new key")
        )
        return Planned((step,), (SecretNeed(_KEY, "generated"),), touched=(site.focus(at).name,))


def _look(site: Site, at: End) -> tuple[Command, ...]:
    disk = readable(site.snapshot(at))
    commands: list[Command] = []
    for number, place in enumerate(places(site, at)):
        script = f"sha256sum <{quote(place.path)} | cut -d ' ' -f 1"
        if place.line:
            script += f"\n{key_texts.found(place.path, place.line, place.owner, disk.dialect)} && echo fits"
        text = f"$SUDO sh -c {quote(script)}"
        commands.append(Command(f"place-{number}", text, 8, show=f"sha256sum {place.path}", limits="time"))
    return tuple(commands)


def _read(site: Site, end: End, key: SharedSecret) -> str:
    snapshot = site.snapshot(end)
    place = standing(snapshot, key)
    script = key_texts.read(place.path, place.line, place.owner, readable(snapshot).dialect)
    return f"$SUDO sh -c {quote(script)}"


def _step(site: Site, at: End, seen: Mapping[str, Output], *, title: str, new: str) -> Step:
    """One step, whatever the number of entries, so that the key arrives once."""
    snapshot = site.snapshot(at)
    disk, own = readable(snapshot), places(site, at)
    old = masked(f"the key {snapshot.gateway} has now")
    requires: list[str] = []
    applies: list[str] = []
    diff: list[str] = []
    for path in dict.fromkeys(place.path for place in own):
        within = [place for place in own if place.path == path]
        number = own.index(within[0])
        digest = word(seen, f"place-{number}")
        if within[0].exists and len(digest) != 64:
            raise Unplannable(f"{path} of {snapshot.gateway} could not be read")
        requires.append(f"same {quote(path)} {digest}" if within[0].exists else f"[ ! -e {quote(path)} ]")
        applies.append(requires[-1])
        for place in within:
            checked = seen.get(f"place-{own.index(place)}")
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
        diff += _diff(snapshot, path, within, old, new)
    files = tuple(dict.fromkeys(place.path for place in own))
    where = [
        f"{place.path}, line {place.line}" if place.line else f"the end of {place.path}" for place in own
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


def _diff(snapshot: Snapshot, path: str, changed: Sequence[Place], old: str, new: str) -> list[str]:
    lines = lines_of(snapshot, path)
    out = [f"--- {path}", f"+++ {path}"]
    for place in changed:
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
