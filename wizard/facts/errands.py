"""What the tunnel's users want of it, as far as the inventory says: a name to look up, a service to reach."""

from __future__ import annotations

from wizard.records import dataclass


@dataclass(frozen=True, slots=True)
class NameErrand:
    """A name, the server that is to know it, and the right answer where one is known."""

    server: str
    name: str
    expect: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceErrand:
    """A TCP service."""

    host: str
    port: int
