"""Where sessions begin and are kept: inventory, knowledge, journals and gateways behind one counter."""

from __future__ import annotations

import getpass
import logging
from collections.abc import Sequence
from pathlib import Path

from wizard import paths
from wizard.engine.plan import Plan
from wizard.facts.vocabulary import EXERCISES, VOCABULARY
from wizard.flow import kept
from wizard.flow.signatures import GATEWAYS
from wizard.flow.spec import Flow
from wizard.gateways import Gateways
from wizard.inventory import EndRef, Inventory
from wizard.inventory import kept as kept_inventory
from wizard.journal.plans import Plans
from wizard.journal.redact import Redactor
from wizard.links import Doors
from wizard.session import Session, list_sessions, session_path
from wizard.ssh import KnownHosts, Secrets, log_to
from wizard.ui.conduct import DemoCause, EndRow, SessionRow, TunnelRow


class InventoryDesk:
    """The desk for an inventory of real gateways."""

    demo: Sequence[DemoCause] = ()

    def __init__(
        self,
        inventory: Inventory,
        flow_folders: Sequence[Path],
        state: Path | None,
        *,
        observe_only: bool = False,
        ssh_config: Path | None = None,
    ) -> None:
        """Loads the knowledge; raises FlowError with every problem of it."""
        self.inventory = inventory
        self.flow: Flow
        self.flow, self._signatures = kept.load(flow_folders, VOCABULARY, EXERCISES, GATEWAYS)
        self._state = state
        self._observe_only = observe_only
        self._ssh_config = ssh_config
        self._secrets = Secrets()
        self._redactor = Redactor()
        log_to(_log_handler(paths.log_file(state)))

    @classmethod
    def open(
        cls, inventory: Path | None, flows: Sequence[Path], state: Path | None, *, observe_only: bool = False
    ) -> InventoryDesk:
        """The desk of a command line; raises InventoryError or FlowError with every problem."""
        known = kept_inventory.load(inventory or paths.inventory_file())
        return cls(known, [paths.bundled_flows(), *flows], state, observe_only=observe_only)

    def tunnels(self) -> Sequence[TunnelRow]:
        """The tunnels of the inventory, in its order."""
        return [
            TunnelRow(tunnel.name, self._row(tunnel.ends[0]), self._row(tunnel.ends[1]))
            for tunnel in self.inventory.tunnels.values()
        ]

    def sessions(self) -> Sequence[SessionRow]:
        """Earlier sessions, the latest first."""
        return [
            SessionRow(one.id, one.tunnel, one.began, one.symptom, one.status, one.title, one.changing)
            for one in list_sessions(self._state)[0]
        ]

    def new_session(self, tunnel: str, symptom: str, approved: Plan | None = None) -> Session:
        """Begins a session, with a plan where one is approved; raises InventoryError for a tunnel that is not there."""
        ends = self.inventory.tunnel(tunnel).ends
        return Session.new(
            self.flow,
            tunnel=tunnel,
            near=ends[0].name,
            far=ends[1].name,
            symptom=symptom,
            operator=getpass.getuser(),
            observe_only=self._observe_only,
            approved=approved,
            state_dir=self._state,
            redactor=self._redactor,
        )

    def new_mending(self, plan: Plan) -> Session:
        """Begins a session that carries a plan out; raises InventoryError for a tunnel that is not there."""
        return self.new_session(plan.tunnel, "check", plan)

    def plans(self) -> Plans:
        """The plans that wait for approval."""
        return Plans(paths.plans_dir(self._state))

    def open_session(self, session: str) -> Session:
        """Opens an earlier session, to view or to resume it; raises SessionError when it cannot be read."""
        return Session.resume(
            session_path(session, self._state), self.flow, redactor=self._redactor, changed="anew"
        )

    def gateways_for(self, tunnel: str) -> Gateways:
        """The gateways of a tunnel, not yet connected; raises InventoryError for an unknown tunnel."""
        known_hosts = KnownHosts(paths.known_hosts_file(self._state))
        doors = Doors(self.inventory, known_hosts, self._secrets, ssh_config=self._ssh_config)
        return Gateways(
            self.inventory,
            tunnel,
            doors,
            self._signatures,
            self._redactor,
            flow=self.flow,
            operator=getpass.getuser(),
        )

    def export(self, session: str, form: str) -> Path:
        """Writes the transcript beside the journals and says where; raises SessionError."""
        from wizard.journal.export import export_to

        source = session_path(session, self._state)
        return export_to(source.parent, source, form)

    def journal(self, session: str) -> Path:
        """Where the session is kept on disk."""
        return session_path(session, self._state)

    def _row(self, end: EndRef) -> EndRow:
        entry = self.inventory.gateways.get(end.gateway or "")
        return EndRow(
            name=end.name,
            address=entry.host if entry is not None else (end.address or ""),
            managed=end.gateway is not None,
            managed_by=end.managed_by,
            inside=end.probe_target or end.probe_source or "",
        )


def _log_handler(file: Path) -> logging.Handler:
    """Paramiko's complaints go to our log file; where that cannot be written, to nobody."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return logging.FileHandler(file, delay=True)
    except OSError:
        return logging.NullHandler()
