"""What every action of a remedy is given and gives: a look at the gateway, then steps with their undo.

An action is one kind of change (set an option, open a port); it decides nothing: which action serves which
cause, at which end, stands in flows/remedies.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Protocol

from wizard.engine.plan import SecretNeed, Step
from wizard.errors import WizardError
from wizard.facts.focus import Focus
from wizard.facts.model import End, Facts, other
from wizard.facts.probes import Command, Output
from wizard.facts.snapshot import Snapshot

ANSWERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "strongswan-swanctl": "swanctl --stats",
        "strongswan-ipsec": "{ ipsec status || strongswan status; }",
        "libreswan": "ipsec whack --status",
    }
)
"""By implementation, a command of root's that leaves with 0 where the daemon answers."""


class Unplannable(WizardError):
    """This change cannot be planned safely here; the message says why and what a person can do instead."""


@dataclass(frozen=True, slots=True)
class Site:
    """What is known of both gateways when a plan is made."""

    snapshots: Mapping[End, Snapshot]
    """Only the ends that were read."""
    focuses: Mapping[End, Focus]
    facts: Facts
    """All facts of the diagnosis, exercises included."""
    right: End = "near"
    """The end whose settings count where the two differ; the operator's choice."""
    salt: str = ""
    """What the digests of secrets in the snapshots were salted with."""
    given: Mapping[str, str] = field(default_factory=dict)
    """What the operator gave beside: "ca-file", "certificate-file" …, paths on the operator's machine."""

    def snapshot(self, end: End) -> Snapshot:
        """The gateway's; raises Unplannable where it could not be read."""
        found = self.snapshots.get(end)
        if found is None:
            raise Unplannable("this end was not read, so nothing can be changed there")
        return found

    def focus(self, end: End) -> Focus:
        """What the tunnel is on that gateway; raises Unplannable where it has no connection for it."""
        found = self.focuses.get(end)
        if found is None or found.connection is None:
            raise Unplannable(f"{self.snapshot(end).gateway} has no connection for this tunnel")
        return found

    @property
    def wrong(self) -> End:
        """The end that is brought into line."""
        return other(self.right)


@dataclass(frozen=True, slots=True)
class Planned:
    """What one action comes to at one end."""

    steps: tuple[Step, ...] = ()
    secrets: tuple[SecretNeed, ...] = ()
    touched: tuple[str, ...] = ()
    """Connections of that gateway that change, by name."""
    interrupted: tuple[str, ...] = ()
    """Other tunnels of that gateway whose traffic stops for a moment, by name."""
    warnings: tuple[str, ...] = ()


class Action(Protocol):
    """One kind of change."""

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """Read-only commands whose outputs `plan` needs, ids unique within the action; often none.

        Raises Unplannable.
        """

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """The steps at this end, by what `look` printed; no steps where it is already so.

        Raises Unplannable.
        """


def masked(what: str) -> str:
    """What stands in a diff in place of a secret or of a file's content."""
    return (
        f"\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}{what}\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
    )


def word(seen: Mapping[str, Output], probe: str) -> str:
    """The first word of what a look printed; empty where it printed nothing or could not be run."""
    printed = seen.get(probe)
    words = printed.stdout.split() if printed is not None and printed.problem is None else []
    return words[0] if words else ""


def others(site: Site, end: End) -> Mapping[str, bool]:
    """The other connections of a gateway by name, each with whether it has an SA now."""
    snapshot, own = site.snapshot(end), site.focus(end).name
    names = [
        one.name for one in (*(snapshot.loaded or ()), *(snapshot.disk.connections if snapshot.disk else ()))
    ]
    up = {sa.name for sa in snapshot.sas or () if sa.state == "established"}
    return {name: name in up for name in dict.fromkeys(names) if name != own}
