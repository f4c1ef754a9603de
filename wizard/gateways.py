"""Requests become replies here: an inventory entry, a platform and a connection, for both ends at once.

This is the one place where errors of the link become replies. What a person has to decide first (a password,
a host key) is raised to the front end, and the request is repeated; nothing that was reached is lost by that.
"""

from __future__ import annotations

import secrets as randomness
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from wizard.choreography import Link, Progress, perform
from wizard.engine.model import (
    Change,
    Changed,
    Collect,
    Collected,
    CommandRecord,
    Cost,
    Draw,
    Drawn,
    Exercise,
)
from wizard.engine.phrase import Phrases
from wizard.errors import WizardError
from wizard.facts.derive import exercise_facts, snapshot_facts
from wizard.facts.errands import NameErrand, ServiceErrand
from wizard.facts.focus import Focus, Hints, choose
from wizard.facts.model import ENDS, End, Fact, Facts, other
from wizard.facts.parsers.charon_log import Signature
from wizard.facts.probes import Command, Output
from wizard.facts.snapshot import Snapshot
from wizard.flow.spec import Flow
from wizard.inventory import EndRef, Inventory
from wizard.journal.redact import Redactor
from wizard.links import Doors
from wizard.mender import Mender, refuse_observers
from wizard.platforms import kinds
from wizard.platforms.guard import by_root
from wizard.reach import Obstacle, Reach
from wizard.ssh import NeedsSecret, Secret, UnknownHostKey


class Gateways:
    """Both ends of one tunnel, as something that carries requests out."""

    def __init__(
        self,
        inventory: Inventory,
        tunnel: str,
        doors: Doors,
        signatures: Sequence[Signature],
        redactor: Redactor | None = None,
        flow: Flow | None = None,
        operator: str = "",
        unchangeable: str = "",
    ) -> None:
        """Takes the tunnel by name; nothing is connected yet. Raises InventoryError for an unknown one.

        The redactor learns every secret that is typed, and which outputs may not be kept. Without a flow no
        plan can be made, nor where `unchangeable` says why not; the operator's name stands at a guard for others
        to read.
        """
        self._tunnel = inventory.tunnel(tunnel)
        self._refs: dict[End, EndRef] = dict(zip(ENDS, self._tunnel.ends, strict=True))
        self._doors = doors
        self._signatures = signatures
        self._redactor = redactor or Redactor()
        self._reach = Reach(self._refs, doors)
        self._printed: dict[End, list[Output]] = {}
        self._snapshots: dict[End, Snapshot] = {}
        self._read_so_far: tuple[Command, ...] = ()
        self._focuses: dict[End, Focus] = {}
        self._salt = randomness.token_hex(16)
        self._closed = threading.Event()
        self._flow = flow
        self._known = Facts()
        self._unchangeable = unchangeable
        self._mender = Mender(_Bench(self), operator)

    # --- what a front end does ----------------------------------------------------------------

    def carry_out(
        self, request: Collect | Exercise | Draw | Change, progress: Callable[[Progress], None]
    ) -> Collected | Drawn | Changed:
        """Does what is requested and blocks until it is done; `progress` is called from any thread.

        A gateway that cannot be reached is part of the reply. Raises NeedsSecret, UnknownHostKey or
        ChangedHostKey when a person has to decide first; the request is then repeated.
        """
        began, before = time.monotonic(), self._doors.meter.read()
        # A change needs to know who speaks there and for which tunnel; its plan was made from the rest.
        needed = kinds.ORIENT if isinstance(request, Change) else kinds.OBSERVE
        if isinstance(request, Collect) or any(one not in self._read_so_far for one in needed):
            outputs = self._read(needed, progress)
        self._reach.open()
        if isinstance(request, Draw | Change):
            reply = self._draw(request) if isinstance(request, Draw) else self._change(request, progress)
            spent = self._doors.meter.read() - before
            took = time.monotonic() - began
            cost = Cost(took, spent.connections, spent.round_trips, len(reply.records))
            return replace(reply, cost=cost)
        problem = None
        if isinstance(request, Collect):
            facts = [*self._reach.facts(), *snapshot_facts(self._snapshots, self._focuses, self._signatures)]
        else:
            outputs, facts, problem = self._exercise(request, progress)
        self._known = self._known.merged(facts)
        spent = self._doors.meter.read() - before
        records = [self._record(end, output) for end, printed in outputs.items() for output in printed]
        cost = Cost(time.monotonic() - began, spent.connections, spent.round_trips, len(records))
        return Collected(tuple(facts), tuple(records), tuple(self._reach.reports.values()), cost, problem)

    def provide(self, need: NeedsSecret, secret: Secret) -> None:
        """Keeps, in memory only, what was asked for."""
        self._redactor.learn(secret.reveal())
        self._doors.secrets.put(need, secret)

    def accept(self, key: UnknownHostKey) -> None:
        """Trusts this host key from now on (it is written to our own known_hosts)."""
        self._doors.known_hosts.accept(key)

    def refuse(self, obstacle: Obstacle) -> None:
        """Goes on without what is behind this obstacle, as far as that is possible."""
        self._reach.refuse(obstacle)

    def cancel(self) -> None:
        """Makes a running `carry_out` return soon, with what it has; from any thread, without blocking."""
        self.close()

    def close(self) -> None:
        """Ends all connections; a running `carry_out` returns or raises at once."""
        self._closed.set()
        self._reach.close()

    # --- observing ----------------------------------------------------------------------------

    def _read(
        self, commands: tuple[Command, ...], progress: Callable[[Progress], None]
    ) -> dict[End, list[Output]]:
        """Read-only probes at both ends, one batch and one round trip each, as soon as each is logged in to.

        What one end has printed is kept while a person is asked for what the other one wants.
        """

        def batch(end: End) -> None:
            if end in self._printed:
                return
            limit = sum(command.timeout_s for command in commands)
            what = f"reading {len(commands)} things"
            progress(Progress(end, self._refs[end].name, what, 0, len(commands), limit))
            variables = {"SALT": self._salt, "PEERS": self._peers(end)}
            self._printed[end] = kinds.apart(self._reach.links[end].batch(commands, variables))

        self._reach.each(batch)
        outputs, self._printed = {end: self._printed[end] for end in ENDS if end in self._printed}, {}
        self._snapshots = {end: kinds.read(end, self._refs[end].name, one) for end, one in outputs.items()}
        self._focuses = choose(self._snapshots, {end: self._hints(end) for end in ENDS})
        self._read_so_far = commands
        return outputs

    def _peers(self, end: End) -> str:
        peer = self._refs[other(end)]
        return peer.address or ""

    def _hints(self, end: End) -> Hints:
        ref = self._refs[end]
        return Hints(
            tunnel=self._tunnel.name,
            connection=ref.connection,
            child=ref.child,
            address=ref.address,
            probe_source=ref.probe_source,
            probe_target=ref.probe_target,
            name_errand=self._name_errand(ref),
            service_errand=self._service_errand(ref),
        )

    def _name_errand(self, ref: EndRef) -> NameErrand | None:
        asked = self._tunnel.name_service
        if asked is None or asked.asked_from not in (None, ref.gateway):
            return None
        return NameErrand(asked.server, asked.name, asked.expect)

    def _service_errand(self, ref: EndRef) -> ServiceErrand | None:
        asked = self._tunnel.service
        if asked is None or asked.asked_from not in (None, ref.gateway):
            return None
        return ServiceErrand(asked.host, asked.port)

    # --- trying out ---------------------------------------------------------------------------

    def _exercise(
        self, request: Exercise, progress: Callable[[Progress], None]
    ) -> tuple[dict[End, list[Output]], list[Fact], str | None]:
        starter = self._focuses.get(request.initiator)
        if starter is None or starter.connection is None:
            return {}, [], "this end has no connection for the tunnel, so there is nothing to try out"
        play = kinds.play(request.name, request.initiator, self._focuses, self._snapshots)

        def tell(end: End, text: str, commands: int, limit_s: float) -> None:
            progress(Progress(end, self._refs[end].name, text, 0, commands, limit_s))

        outputs = perform(play, request.initiator, self._reach.links, tell)
        seen = {
            end: replace(
                self._snapshots[end],
                outputs={**self._snapshots[end].outputs, **{one.command.id: one for one in printed}},
            )
            for end, printed in outputs.items()
        }
        return (
            outputs,
            exercise_facts(request.name, request.initiator, seen, self._focuses, self._signatures),
            None,
        )

    # --- mending ------------------------------------------------------------------------------

    def _draw(self, request: Draw) -> Drawn:
        # Here and not on top: a diagnosis draws no plan, and starts without all the kinds of change.
        from wizard.platforms.actions.base import Site
        from wizard.platforms.plans import draw

        if self._unchangeable:
            return Drawn(None, self._unchangeable)
        if self._flow is None:
            return Drawn(None, "there is no knowledge of remedies here")
        records: list[CommandRecord] = []

        def ask(end: End, commands: Sequence[Command]) -> list[Output]:
            salted = {"SALT": self._salt}
            outputs = self._reach.links[end].batch([by_root(one, salted) for one in commands], salted)
            records.extend(self._record(end, output) for output in outputs)
            refuse_observers(self._refs[end].name, outputs)
            return outputs

        site = Site(self._snapshots, self._focuses, self._known, request.right, self._salt, request.given)
        names = Phrases.of({end: ref.name for end, ref in self._refs.items()})
        try:
            plan = draw(self._flow, request, site, ask, self._tunnel.name, names)
        except NeedsSecret:
            raise
        except WizardError as error:
            return Drawn(None, str(error), tuple(records))
        return Drawn(plan, "", tuple(records))

    def _change(self, request: Change, progress: Callable[[Progress], None]) -> Changed:
        def tell(end: End, text: str) -> None:
            progress(Progress(end, self._refs[end].name, text, 0, 1, 60))

        return self._mender.move(request, tell)

    def _implementation(self, end: End) -> str | None:
        snapshot = self._snapshots.get(end)
        return snapshot.implementation if snapshot is not None else None

    def _record(self, end: End, output: Output) -> CommandRecord:
        if output.command.sensitive:
            self._redactor.withhold(output.command.id)
        return CommandRecord(
            end=end,
            gateway=self._refs[end].name,
            probe=output.command.id,
            command=output.shown,
            stdout=kinds.presentable(output, self._implementation(end)),
            stderr=output.stderr,
            exit_code=output.exit_code,
            elapsed_s=output.elapsed_s,
            truncated=output.truncated,
            problem=output.problem,
        )


class _Bench:
    """The gateways of a tunnel as a mender sees them."""

    def __init__(self, gateways: Gateways) -> None:
        self._gateways = gateways

    @property
    def links(self) -> Mapping[End, Link]:
        return self._gateways._reach.links

    @property
    def snapshots(self) -> Mapping[End, Snapshot]:
        return self._gateways._snapshots

    @property
    def focuses(self) -> Mapping[End, Focus]:
        return self._gateways._focuses

    def name(self, end: End) -> str:
        return self._gateways._refs[end].name

    def reopen(self, end: End) -> Link:
        return self._gateways._reach.reopen(end)

    def record(self, end: End, output: Output) -> CommandRecord:
        return self._gateways._record(end, output)

    def learn(self, secret: str) -> None:
        self._gateways._redactor.learn(secret)
