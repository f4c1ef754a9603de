"""`ipsec-wizard init`: makes an inventory by asking, with the hosts other tools know as choices.

Nothing is connected to. The file is checked by the same code that reads it later, before it takes its place.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml

from wizard.errors import ExitCode, InputError, InventoryError, Place
from wizard.inventory.load import load_text
from wizard.ui.plain import hosts
from wizard.ui.plain.asking import Asks, Choice, refusing
from wizard.ui.plain.hosts import Host
from wizard.ui.plain.lines import Lines

Entry = dict[str, Any]

_ELSEWHERE: Final = "elsewhere"


@dataclass(slots=True)
class Draft:
    """The inventory as it stands in the questions."""

    gateways: dict[str, Entry] = field(default_factory=dict)
    tunnels: dict[str, Entry] = field(default_factory=dict)

    def text(self) -> str:
        """The file; keys in the order of contract.md."""
        content = {"version": 1, "gateways": self.gateways, "tunnels": self.tunnels}
        body = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000)
        return f"# Gateways and tunnels for ipsec-wizard. No passwords or keys belong in this file.\n{body}"


def run(target: Path, *, ssh_config: Path | None = None, ansible: Sequence[Path] = ()) -> int:
    """Asks, writes the inventory to `target` (mode 0600) and returns the exit code.

    `ssh_config` (default: the user's) and `ansible` inventories yield hosts to choose from. An existing file
    is replaced only after a question, and kept as a dated copy. Without a terminal, or for an unreadable
    source, it writes one sentence to stderr and returns 2; Ctrl-C returns 130 and has changed nothing.
    """
    config = ssh_config or Path.home() / ".ssh" / "config"
    return refusing(lambda asks, lines: ask_and_write(target, config, ansible, asks, lines))


def ask_and_write(
    target: Path,
    ssh_config: Path,
    ansible: Sequence[Path],
    asks: Asks,
    lines: Lines,
    now: datetime | None = None,
) -> int:
    """What `run` does once there is somebody to ask; `now` (UTC) is for tests."""
    lines.heading("This makes the list of your gateways and tunnels.")
    lines.say(f"It is written to {target}, and nothing is connected to.")
    if target.exists() and not _may_replace(target, asks, lines):
        lines.say("Nothing was changed.")
        return ExitCode.HEALTHY
    draft = Draft()
    _ask_gateways(draft, _known(ssh_config, ansible, asks, lines), asks, lines)
    _ask_tunnels(draft, asks, lines)
    copy = write(target, draft.text(), now or datetime.now(UTC))
    lines.heading(f"Written: {target}, with {len(draft.gateways)} gateways and {len(draft.tunnels)} tunnels.")
    if copy is not None:
        lines.say(f"What was there before is kept as {copy}.")
    lines.say("Now run:")
    lines.quote(f"ipsec-wizard triage {next(iter(draft.tunnels))} --plain", 2)
    return ExitCode.HEALTHY


def _may_replace(target: Path, asks: Asks, lines: Lines) -> bool:
    lines.say(f"{target} exists already. It would be kept as a dated copy beside the new one.")
    return asks.confirm("Replace it?")


# --- gateways -------------------------------------------------------------------------------------


def _known(ssh_config: Path, ansible: Sequence[Path], asks: Asks, lines: Lines) -> tuple[Host, ...]:
    found: dict[str, Host] = {}
    for host in hosts.from_ssh_config(ssh_config):
        found.setdefault(host.name, host)
    sources = list(ansible)
    if not sources:
        question = "An Ansible inventory to choose hosts from (a path, or Enter for none)"
        typed = asks.text(question, check=_ansible_problem)
        sources = [Path(typed).expanduser()] if typed else []
    for path in sources:
        for host in hosts.from_ansible(path):
            found.setdefault(host.name, host)
    if found:
        sources_named = " and ".join(sorted({host.source for host in found.values()}))
        lines.say(f"{len(found)} hosts are known from {sources_named}.")
    return tuple(found.values())


def _ansible_problem(typed: str) -> str | None:
    try:
        return None if not typed or hosts.from_ansible(Path(typed).expanduser()) else "No host stands in it."
    except InputError as error:
        return str(error)


def _ask_gateways(draft: Draft, known: Sequence[Host], asks: Asks, lines: Lines) -> None:
    by_name = {host.name: host for host in known}
    if known:
        choices = [Choice(host.name, host.name, _where(host)) for host in known]
        for name in asks.several("Which of these hosts are IPsec gateways?", choices):
            _take(draft, by_name[name], lines)
    while True:
        first = not draft.gateways
        question = "Name of a gateway" if first else "Name of another gateway (Enter for no more)"
        name = asks.text(question, check=partial(_name_problem, draft.gateways))
        if not name:
            return
        host = asks.text("Its host name or address", default=name, check=partial(_field_problem, "host"))
        question = "User to log in as (Enter leaves it to ssh_config)"
        user = asks.text(question, check=partial(_field_problem, "user"))
        become = user != "root" and asks.confirm("Does that user need sudo to read the IPsec state?")
        draft.gateways[name] = _entry(Host(name, "", address=host, user=user, sudo=become))
        lines.say(f"Gateway {name} is on the list.")


def _where(host: Host) -> str:
    return host.source if host.address == host.name else f"{host.address}, {host.source}"


def _take(draft: Draft, host: Host, lines: Lines) -> None:
    name = re.sub(r"[^A-Za-z0-9._-]", "-", host.name).lstrip("._-")
    entry = _entry(host)
    problem = _problem(name, entry)
    if problem is None:
        draft.gateways[name] = entry
    else:
        lines.marked("warn", f"{host.name} from {host.source} is left out: {problem}")


def _entry(host: Host) -> Entry:
    """A host as the inventory writes it; what its source does not say is left to ssh_config."""
    entry: Entry = {"host": host.address or host.name}
    if host.port is not None and host.port != 22:
        entry["port"] = host.port
    if host.user:
        entry["user"] = host.user
    if host.identity_file:
        entry["identity_file"] = host.identity_file
    if host.sudo:
        entry["become"] = "sudo"
    return entry


# --- tunnels --------------------------------------------------------------------------------------


def _ask_tunnels(draft: Draft, asks: Asks, lines: Lines) -> None:
    while True:
        first = not draft.tunnels
        question = "Name of a tunnel" if first else "Name of another tunnel (Enter for no more)"
        name = asks.text(question, check=partial(_name_problem, draft.tunnels))
        if not name:
            return
        gateways = [Choice(gateway, gateway, str(entry["host"])) for gateway, entry in draft.gateways.items()]
        near = asks.choose("The gateway at this end", gateways, gateways[0].value)
        others = [choice for choice in gateways if choice.value != near]
        outside = Choice(_ELSEWHERE, "a gateway nobody here can log in to", "a partner's, for example")
        preset = others[0].value if others else None
        far = asks.choose("The gateway at the other end", [*others, outside], preset)
        connection = asks.text(f"Its connection on {near} (Enter finds it by the addresses)")
        ends = [{"gateway": near, **({"connection": connection} if connection else {})}]
        ends.append(_outside(asks) if far == _ELSEWHERE else {"gateway": far})
        draft.tunnels[name] = {"ends": ends}
        lines.say(f"Tunnel {name} is on the list.")


def _outside(asks: Asks) -> dict[str, str]:
    address = asks.text("Its address", check=partial(_field_problem, "host"))
    managed_by = asks.text("Who looks after it (Enter if you do not know)")
    return {"address": address, **({"managed_by": managed_by} if managed_by else {})}


# --- what may be typed ----------------------------------------------------------------------------


def _name_problem(taken: dict[str, Entry], typed: str) -> str | None:
    """A first one is needed; after that, nothing means no more."""
    if not typed:
        return None if taken else "One is needed."
    if typed in taken:
        return f"{typed} is on the list already."
    return _problem(typed, {"host": "192.0.2.1"})


def _field_problem(key: str, typed: str) -> str | None:
    entry: Entry = {"host": "192.0.2.1"}
    if typed or key == "host":
        entry[key] = typed
    return _problem("gateway", entry)


def _problem(name: str, entry: Entry) -> str | None:
    """What the inventory's own rules say of a gateway, in one sentence; None when nothing."""
    tunnel: Entry = {"ends": [{"gateway": name}, {"address": "192.0.2.2"}]}
    try:
        load_text(Draft({name: entry}, {"tunnel": tunnel}).text())
    except InventoryError as error:
        advice = f"; {error.advice}" if error.advice else ""
        return f"{error.message[:1].upper()}{error.message[1:]}{advice}."
    return None


# --- writing --------------------------------------------------------------------------------------


def write(target: Path, text: str, now: datetime) -> Path | None:
    """Checks the text as an inventory and puts it in place; returns where the file that was there is kept.

    Written beside the target (mode 0600) and renamed over it, so that there is a whole file at any moment.
    Raises InputError when it is no valid inventory or cannot be written; the target is untouched then.
    """
    draft: Path | None = None
    try:
        _check(text, target)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        draft = Path(name)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        copy = _kept(target, now)
        draft.replace(target)
    except OSError as error:
        raise InputError(
            f"the inventory cannot be written: {error.strerror}", place=Place(str(target))
        ) from None
    finally:
        if draft is not None:
            draft.unlink(missing_ok=True)
    return copy


def _check(text: str, target: Path) -> None:
    try:
        load_text(text, str(target), target.parent)
    except InventoryError as error:
        raise InputError(
            f"what was answered makes no valid inventory: {error.message}",
            place=error.place,
            advice="run `ipsec-wizard init` again and answer otherwise",
        ) from None


def _kept(target: Path, now: datetime) -> Path | None:
    """Keeps what is there as a dated copy under a name not taken yet; the target itself is never missing."""
    if not target.exists():
        return None
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    for number in range(100):
        copy = target.with_name(f"{target.name}.{stamp}" + (f"-{number}" if number else ""))
        try:
            with copy.open("xb") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(target.read_bytes())
        except FileExistsError:
            continue
        return copy
    raise InputError("too many dated copies of this second exist", place=Place(str(target)))
