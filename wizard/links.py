"""The way to each gateway of the inventory: targets, host keys, secrets, and links over SSH."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from wizard.choreography import Hidden, Link, Part, Playing
from wizard.facts.probes import Command, Output
from wizard.inventory import Gateway, Inventory
from wizard.ssh import (
    HOLD,
    ChangedHostKey,
    Connection,
    Cutoff,
    Given,
    KnownHosts,
    Meter,
    NeedsSecret,
    Secrets,
    Step,
    Target,
    UnknownHostKey,
    Watch,
    deliver,
    obtain,
    resolve,
    run_batch,
    start_batch,
)
from wizard.ssh.batch import Become


class SshLink:
    """One gateway over one SSH connection."""

    def __init__(self, connection: Connection, become: Become, secrets: Secrets) -> None:
        """Takes an open connection."""
        self._connection = connection
        self._become: Become = become
        self._secrets = secrets

    def batch(self, commands: Sequence[Command], variables: Mapping[str, str]) -> list[Output]:
        """Runs the commands in one round trip; a lost link leaves outputs that say so."""
        return run_batch(
            self._connection, commands, become=self._become, secrets=self._secrets, variables=variables
        )

    def play(self, part: Part) -> Playing:
        """Starts a part of an exercise; it holds before `act`, and before `later` where there is any."""
        steps: list[Step] = [Watch(watching.command, watching.ready) for watching in part.watches]
        steps += [*part.before, HOLD, *part.act, *part.after]
        steps += [HOLD, *part.later] if part.later else []
        return start_batch(self._connection, steps, become=self._become, secrets=self._secrets)

    def deliver(self, command: Command, secret: Hidden) -> Output:
        """Hands a command a secret through its standard input."""
        return deliver(self._connection, command, secret, become=self._become, secrets=self._secrets)

    def obtain(self, command: Command) -> tuple[Hidden | None, Output]:
        """Runs a command that prints a secret."""
        return obtain(self._connection, command, become=self._become, secrets=self._secrets)

    def close(self) -> None:
        """Ends the connection, from any thread."""
        self._connection.close()


class Doors:
    """Opens links to gateways by name; shared by both ends of a tunnel."""

    def __init__(
        self,
        inventory: Inventory,
        known_hosts: KnownHosts,
        secrets: Secrets | None = None,
        *,
        ssh_config: Path | None = None,
    ) -> None:
        """Takes the inventory whose gateways may be opened; `ssh_config` stands in for the user's own."""
        self.known_hosts = known_hosts
        self.secrets = secrets or Secrets()
        self.meter = Meter()
        self._inventory = inventory
        self._ssh_config = ssh_config
        self._cutoff = Cutoff()

    def open(self, gateway: str) -> Link:
        """A link to a gateway.

        Raises InventoryError for an unknown one and what Connection.open raises: NeedsSecret and the host key
        problems ask for a person, the other link problems are final.
        """
        entry = self._inventory.gateway(gateway)
        connection = Connection.open(
            self._target(entry), self.known_hosts, self.secrets, meter=self.meter, cutoff=self._cutoff
        )
        return SshLink(connection, entry.become, self.secrets)

    def stands_before(self, gateway: str, obstacle: NeedsSecret | UnknownHostKey | ChangedHostKey) -> bool:
        """Whether an obstacle is on the way to this gateway: its own, or that of a hop before it."""
        target = self._target(self._inventory.gateway(gateway))
        return obstacle.target in (target, *target.jump)

    def close(self) -> None:
        """Gives up what is being opened and ends what is open, from any thread."""
        self._cutoff.cut()

    def _target(self, entry: Gateway) -> Target:
        return resolve(entry.name, _given(entry), lookup=self._lookup, ssh_config=self._ssh_config)

    def _lookup(self, name: str) -> Given | None:
        entry = self._inventory.gateways.get(name)
        return _given(entry) if entry is not None else None


def _given(entry: Gateway) -> Given:
    return Given(
        host=entry.host,
        port=entry.port,
        user=entry.user,
        identity_file=entry.identity_file,
        known_hosts=entry.known_hosts,
        jump=entry.jump,
        legacy=entry.legacy,
    )
