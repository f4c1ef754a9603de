"""Everything one look at one gateway yielded, as records, with the outputs they came from.

A part that is None could not be read; `missing` says why, so that every fact drawn from it is unknown for a
stated reason instead of false.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from wizard.facts.certificates import CertificateStore
from wizard.facts.model import End, Evidence
from wizard.facts.parsers.clock import Clock
from wizard.facts.parsers.daemon import Daemon
from wizard.facts.parsers.iproute import Interface, Neighbour
from wizard.facts.parsers.routes import Lookup, Routing
from wizard.facts.parsers.sockets import Socket
from wizard.facts.parsers.swanctl_sas import IkeSa
from wizard.facts.parsers.sysctl import Sysctls
from wizard.facts.parsers.xfrm import Policy, SecurityAssociation
from wizard.facts.probes import Output
from wizard.facts.ruleset import Ruleset
from wizard.facts.tunnel import Configuration, Connection
from wizard.records import dataclass


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One gateway at one moment."""

    end: End
    gateway: str
    outputs: Mapping[str, Output] = field(default_factory=dict)
    """What each probe printed, by its id."""
    implementation: str | None = None
    version: str | None = None
    daemon_answers: bool | None = None
    """Whether the IKE daemon answers on its control socket."""
    daemon_line: str = ""
    """The line that shows whether it answers."""
    uptime_s: int | None = None
    """How long the daemon has run, by its own word, seconds."""
    half_open: int | None = None
    """IKE SAs that are being set up."""
    clock: Clock | None = None
    daemon: Daemon | None = None
    sockets: tuple[Socket, ...] | None = None
    interfaces: tuple[Interface, ...] | None = None
    neighbours: tuple[Neighbour, ...] | None = None
    routing: Routing | None = None
    lookups: tuple[Lookup, ...] | None = None
    sysctls: Sysctls | None = None
    ruleset: Ruleset | None = None
    states: tuple[SecurityAssociation, ...] | None = None
    policies: tuple[Policy, ...] | None = None
    disk: Configuration | None = None
    loaded: tuple[Connection, ...] | None = None
    sas: tuple[IkeSa, ...] | None = None
    certificates: CertificateStore | None = None
    """Empty where the gateway has none at all."""

    def missing(self, probe: str) -> str:
        """Why a probe yielded nothing to draw facts from, as a clause without a capital."""
        output = self.outputs.get(probe)
        if output is None:
            return "it was not read"
        if output.problem:
            return output.problem
        said = (output.stderr.strip() or output.stdout.strip()).splitlines()
        return f"{output.shown} said: {said[-1]}" if said else f"{output.shown} printed nothing"

    def cite(self, probe: str, line: str, item: str | None = None) -> Evidence:
        """One line of a probe as evidence."""
        output = self.outputs.get(probe)
        command = output.shown if output is not None else probe
        return Evidence(self.gateway, probe, command, line.strip(), item)

    def addresses(self) -> tuple[str, ...]:
        """Every address on the gateway's interfaces, without prefix."""
        return tuple(
            address.address for interface in self.interfaces or () for address in interface.addresses
        )
