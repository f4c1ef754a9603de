"""Where facts of one end are written down while they are drawn from a snapshot."""

from __future__ import annotations

from wizard.facts.model import Evidence, Fact, Value
from wizard.facts.snapshot import Snapshot


class Notebook:
    """Collects the facts of one end; the prefix and the gateway's name are put in once, here."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Begins empty for that end."""
        self.snapshot = snapshot
        self.facts: list[Fact] = []

    def note(self, name: str, value: Value | None, *evidence: Evidence, why_unknown: str = "") -> None:
        """A fact of this end; None is unknown and wants a reason."""
        why = why_unknown if value is None else ""
        self.facts.append(Fact(f"{self.snapshot.end}.{name}", value, evidence, why))

    def unknown(self, name: str, why: str) -> None:
        """A fact that could not be learned, as a clause without a capital."""
        self.note(name, None, why_unknown=why)

    def unread(self, probe: str, *names: str) -> None:
        """Facts that all hang on one probe which yielded nothing."""
        for name in names:
            self.unknown(name, self.snapshot.missing(probe))

    def cite(self, probe: str, line: str, item: str | None = None) -> Evidence:
        """One line of a probe of this end."""
        return self.snapshot.cite(probe, line, item)
