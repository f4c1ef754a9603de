"""`doctor` and `paths`: whether this machine is ready, and where things are kept."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from wizard import paths as places
from wizard.errors import ExitCode, InputError, WizardError
from wizard.inventory.load import load as load_inventory
from wizard.platforms import rights
from wizard.platforms import sudoers as written
from wizard.ui.headless.knowledge import loaded

Check = tuple[str, bool | None, str]
"""What was looked at, whether it is in order (None: does not matter here), and what there is to say."""

LOGIN = "oncall"
"""Whom a sudoers file is for when nobody is named."""
LEAST_COLUMNS, LEAST_LINES = 60, 16


def paths(inventory: Path | None, state: Path | None) -> int:
    """Prints where things are kept; creates nothing."""
    for name, path in (
        ("inventory", inventory or places.inventory_file()),
        ("flows", places.bundled_flows()),
        ("sessions", places.sessions_dir(state)),
        ("known_hosts", places.known_hosts_file(state)),
        ("log", places.log_file(state)),
    ):
        print(f"{name:<12}{path}")
    return ExitCode.HEALTHY


def doctor(inventory: Path | None, flows: Sequence[Path], state: Path | None) -> int:
    """Looks at everything a session needs on this machine; 0 when it can begin."""
    fine = True
    for name, verdict, words in _checks(inventory, flows, state):
        mark = {True: "ok", False: "fail", None: "-"}[verdict]
        fine = fine and verdict is not False
        print(f"{mark:<6}{name:<12}{words}")
    return ExitCode.HEALTHY if fine else ExitCode.USAGE


def sudoers(inventory: Path | None, name: str, user: str | None, *, mend: bool) -> int:
    """Prints the sudoers file of one gateway; raises InputError where it has no sudo, InventoryError for others."""
    gateway = load_inventory(inventory or places.inventory_file()).gateway(name)
    if gateway.platform not in rights.DIALECTS:
        raise InputError(f"{name} is a {gateway.platform} and knows no sudo")
    known = gateway.user if gateway.user != "root" else None
    login = user or known or LOGIN
    print(written.document(name, login, gateway.platform, mend=mend), end="")
    if not (user or known):
        why = "logs in as root, who needs none of this" if gateway.user else "names no user"
        print(
            f"{name} {why}; the file is for a login named {LOGIN} (--user NAME for another one)",
            file=sys.stderr,
        )
    elif gateway.become != "sudo":
        print(f"{name} needs `become: sudo` in the inventory for this to be used", file=sys.stderr)
    if not mend:
        print(f"for mending there is a second file: ipsec-wizard sudoers {name} --mending", file=sys.stderr)
    return ExitCode.HEALTHY


def _checks(inventory: Path | None, flows: Sequence[Path], state: Path | None) -> Iterator[Check]:
    size = shutil.get_terminal_size()
    large = size.columns >= LEAST_COLUMNS and size.lines >= LEAST_LINES
    wanted = "" if large else f"; the TUI needs {LEAST_COLUMNS}×{LEAST_LINES}"
    yield "terminal", large if sys.stdout.isatty() else None, f"{size.columns}×{size.lines}{wanted}"
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    yield "symbols", None, "UTF-8" if utf8 else "plain ASCII, because the locale is not UTF-8"
    yield "colours", None, "off (NO_COLOR)" if os.environ.get("NO_COLOR") else "on"
    agent = os.environ.get("SSH_AUTH_SOCK")
    yield "ssh-agent", None, agent or "none; keys come from files or are asked for"
    yield "OpenSSH", None, shutil.which("ssh") or "not installed; ssh_config is read by our own reader"
    folder = places.sessions_dir(state)
    yield "sessions", _writable(folder), str(folder)
    try:
        flow = loaded(flows)
        yield "flows", True, f"{len(flow.trees)} trees, {len(flow.causes)} causes"
    except WizardError as error:
        yield "flows", False, str(error)
    file = inventory or places.inventory_file()
    try:
        known = load_inventory(file)
        yield "inventory", True, f"{file}: {len(known.gateways)} gateways, {len(known.tunnels)} tunnels"
    except WizardError as error:
        yield "inventory", False, str(error)


def _writable(folder: Path) -> bool:
    """Whether the folder can be written to or made."""
    existing = next((one for one in (folder, *folder.parents) if one.exists()), Path("/"))
    return os.access(existing, os.W_OK)
