"""What an inventory is once it is read: gateways, and the tunnels between them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NoReturn

from wizard.errors import InventoryError, nearest
from wizard.records import dataclass

Platform = Literal["auto", "strongswan", "libreswan", "cisco_ios"]
Become = Literal["none", "sudo"]


@dataclass(frozen=True, slots=True)
class Gateway:
    """One machine that can be logged in to; what is None is left to ssh_config."""

    name: str
    host: str
    port: int | None = None
    user: str | None = None
    identity_file: Path | None = None
    """Absolute; `~` is written out, a relative path starts at the inventory's folder."""
    known_hosts: Path | None = None
    """As `identity_file`."""
    platform: Platform = "auto"
    become: Become = "none"
    legacy: bool = False
    """Whether weak SSH algorithms are accepted, for gateways that have no others."""
    jump: tuple[str, ...] | None = None
    """Hops on the way, the first one first: gateways of the inventory or ssh_config aliases."""


@dataclass(frozen=True, slots=True)
class EndRef:
    """One end of a tunnel: a gateway of the inventory, or an address nobody here can log in to."""

    gateway: str | None = None
    address: str | None = None
    """Outside address of an end without a login."""
    managed_by: str = ""
    """Who looks after an end without a login."""
    connection: str | None = None
    child: str | None = None
    probe_source: str | None = None
    """An address of the gateway inside its protected network."""
    probe_target: str | None = None
    """A host in the protected network that answers."""

    @property
    def name(self) -> str:
        """What people call this end: its gateway's name, else its address."""
        return self.gateway or self.address or ""


@dataclass(frozen=True, slots=True)
class NameService:
    """A name the tunnel's users look up, and where."""

    server: str
    name: str
    expect: str | None = None
    """The address that is the right answer."""
    asked_from: str | None = None
    """Gateway to ask from (`from:`); None for either."""


@dataclass(frozen=True, slots=True)
class Service:
    """A TCP service the tunnel's users reach."""

    host: str
    port: int
    asked_from: str | None = None
    """Gateway to ask from (`from:`); None for either."""


@dataclass(frozen=True, slots=True)
class Tunnel:
    """One tunnel with its two ends, in the order they are written: the first one is near."""

    name: str
    ends: tuple[EndRef, EndRef]
    name_service: NameService | None = None
    service: Service | None = None


@dataclass(frozen=True, slots=True)
class Inventory:
    """All gateways and tunnels, in the order they are written."""

    gateways: Mapping[str, Gateway]
    tunnels: Mapping[str, Tunnel]
    file: str = ""

    def gateway(self, name: str) -> Gateway:
        """The gateway of that name; raises InventoryError where there is none."""
        return self.gateways.get(name) or self._unknown("gateway", name, self.gateways)

    def tunnel(self, name: str) -> Tunnel:
        """The tunnel of that name; raises InventoryError where there is none."""
        return self.tunnels.get(name) or self._unknown("tunnel", name, self.tunnels)

    def _unknown(self, kind: str, name: str, known: Mapping[str, object]) -> NoReturn:
        where = f" in {self.file}" if self.file else ""
        raise InventoryError(
            f"there is no {kind} {name!r}{where}", advice=nearest(name, known.keys()) or None
        )
