"""The configuration of a gateway as text: what a change of an option is planned on.

The text is the snapshot's, with every secret masked where it stands and comments left out, lines and columns kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wizard.facts.model import End
from wizard.facts.parsers import framed, ipsec_secrets
from wizard.facts.parsers.ipsec_lines import Grammar
from wizard.facts.parsers.secret_digest import PREFIX
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import Configuration, Connection, Dialect
from wizard.platforms import kinds, linux
from wizard.platforms.actions.base import Site, Unplannable

_CONFIG = "config"
_DIALECTS: Mapping[str, Dialect] = {
    "strongswan-swanctl": "swanctl",
    "strongswan-ipsec": "ipsec.conf",
    "libreswan": "libreswan",
}


@dataclass(frozen=True, slots=True)
class Stored:
    """One gateway's configuration files, and which connection of them is the tunnel."""

    end: End
    snapshot: Snapshot
    dialect: Dialect
    connection: Connection
    """The tunnel as it stands on disk."""
    child: str
    texts: Mapping[str, str]
    """Path → text; files of secrets are not among them."""
    root: str

    @property
    def grammar(self) -> Grammar:
        """Of ipsec.conf."""
        return "libreswan" if self.dialect == "libreswan" else "strongswan"

    @property
    def release(self) -> tuple[int, ...]:
        """The daemon's, as numbers; empty where it is not known."""
        digits = "".join(
            letter if letter.isdigit() else "." if letter == "." else " "
            for letter in self.snapshot.version or ""
        )
        return tuple(int(part) for part in digits.split()[0].split(".") if part) if digits.strip() else ()

    def read(self, texts: Mapping[str, str]) -> Configuration:
        """What the daemon would make of these texts in place of those there are."""
        output = self.snapshot.outputs[_CONFIG]
        parts = [
            (part.name, texts.get(part.name, part.body))
            for part in framed.sections(output.stdout)
            if part.name
        ]
        written = replace(output, stdout="".join(f"{framed.START}{name}\n{body}\n" for name, body in parts))
        dialect = kinds.dialect_of(self.snapshot)
        fields: Mapping[str, Any] = (
            dialect.read({**self.snapshot.outputs, _CONFIG: written}) if dialect is not None else {}
        )
        disk: Configuration | None = fields.get("disk")
        if disk is None:
            raise Unplannable(f"the configuration of {self.snapshot.gateway} could not be read")
        return disk


def stored(site: Site, end: End) -> Stored:
    """The tunnel's files at one end; raises Unplannable where they were not read or do not hold the tunnel."""
    snapshot, focus = site.snapshot(end), site.focus(end)
    dialect = _DIALECTS.get(snapshot.implementation or "")
    output = snapshot.outputs.get(_CONFIG)
    if dialect is None or output is None or not linux.usable(output):
        raise Unplannable(
            f"the configuration files of {snapshot.gateway} could not be read, so nothing in them can be changed"
        )
    if focus.on_disk is None:
        raise Unplannable(
            f"the tunnel stands in no file of {snapshot.gateway} that was read; whoever or whatever has loaded it "
            "has to change it"
        )
    texts = {
        part.name: part.body
        for part in framed.sections(output.stdout)
        if part.name and not ipsec_secrets.is_secrets(part.name, part.body)
    }
    root = next(iter(snapshot.disk.files), "") if snapshot.disk is not None else ""
    child = focus.child_name or next((one.name for one in focus.on_disk.children), "")
    return Stored(end, snapshot, dialect, focus.on_disk, child, texts, root)


def proven(
    own: Stored, before: Configuration, texts: Mapping[str, str], names: Sequence[str]
) -> Configuration:
    """What the changed texts come to; raises Unplannable where they do any harm our own parser can see.

    Only the connections named may read otherwise, all are still there, and nothing is refused that was not before.
    """
    after = own.read(texts)
    lost = [
        one.name for one in before.connections if one.name not in {each.name for each in after.connections}
    ]
    if lost:
        raise Unplannable(f"after the change {', '.join(lost)} would be gone from the files")
    known = Counter((one.message, one.scope, one.name) for one in before.problems)
    # What the filter on the gateway has hidden nobody can judge.
    seen = [one for one in after.problems if PREFIX not in one.message]
    fresh = Counter((one.message, one.scope, one.name) for one in seen) - known
    if fresh or (after.refused and not before.refused):
        what = next(iter(fresh), ("the files would not parse", "", ""))[0]
        raise Unplannable(f"after the change the daemon would refuse the files: {what}")
    ours = {one.name: _bare(one) for one in before.connections}
    for one in after.connections:
        if one.name not in names and one.name in ours and _bare(one) != ours[one.name]:
            raise Unplannable(f"the change would alter connection {one.name}, too")
    return after


def _bare(connection: Connection) -> Connection:
    return replace(connection, where={})
