"""Reads an inventory, and says at once all that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from wizard.errors import InventoryError, Problem, nearest
from wizard.inventory.model import EndRef, Gateway, Inventory, NameService, Service, Tunnel
from wizard.inventory.written import GatewayEntry, InventoryEntry, TunnelEntry
from wizard.yaml_source import At, Document, check, ordered, parse, read


def load(path: Path) -> Inventory:
    """Reads an inventory from a file.

    Raises InventoryError with every problem of the file, each with line and column.
    """
    if not path.exists():
        raise InventoryError(
            f"there is no inventory {path}",
            advice="make one with `ipsec-wizard init`, or name one with --inventory FILE",
        )
    return _loaded(read(path), path.parent)


def load_text(text: str, file: str = "inventory.yaml", folder: Path | None = None) -> Inventory:
    """Reads an inventory from a text; relative paths in it start at `folder`, or where the program runs.

    Raises InventoryError with every problem, each with line and column.
    """
    return _loaded(parse(text.encode(), file), folder or Path())


def _loaded(document: Document, folder: Path) -> Inventory:
    problems = list(document.problems)
    if document.value is None:
        raise InventoryError.listing(problems)
    written, found = check(document, InventoryEntry)
    problems.extend(found)
    problems.extend(_references(document))
    if problems or written is None:
        raise InventoryError.listing(ordered(problems))
    gateways = {name: _gateway(name, entry, folder) for name, entry in written.gateways.items()}
    tunnels = {name: _tunnel(name, entry) for name, entry in written.tunnels.items()}
    return Inventory(MappingProxyType(gateways), MappingProxyType(tunnels), document.file)


def _references(document: Document) -> list[Problem]:
    """What is only wrong when the parts are seen together.

    It looks at the file as it is, so that it finds its share even where other parts are wrong.
    """
    problems: list[Problem] = []
    top = _mapping(document.value)
    gateways, tunnels = _mapping(top.get("gateways")), _mapping(top.get("tunnels"))

    def must_be_gateway(name: object, at: At, known: Iterable[str]) -> None:
        if isinstance(name, str) and name not in known:
            advice = nearest(name, tuple(known)) or None
            problems.append(Problem(f"there is no gateway {name!r} here", document.place(at), advice))

    for name, tunnel in tunnels.items():
        at: At = ("tunnels", name)
        ends = _mapping(tunnel).get("ends")
        own: list[str] = []
        for index, end in enumerate(ends if isinstance(ends, list) else ()):
            gateway = _mapping(end).get("gateway")
            must_be_gateway(gateway, (*at, "ends", index, "gateway"), gateways)
            own.extend([gateway] if isinstance(gateway, str) and gateway in gateways else [])
        for key in ("name_service", "service"):
            must_be_gateway(_mapping(_mapping(tunnel).get(key)).get("from"), (*at, key, "from"), own)
    jumps = {name: _mapping(gateway).get("jump") for name, gateway in gateways.items()}
    hops = {
        name: [hop for hop in jump if isinstance(hop, str)]
        for name, jump in jumps.items()
        if isinstance(jump, list)
    }
    for loop in _loops(hops):
        place = document.place(("gateways", loop[0], "jump"))
        way = " → ".join(loop)
        problems.append(
            Problem(f"the jump hosts come back to where they began: {way}", place, "take one of them out")
        )
    return problems


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _loops(jumps: Mapping[str, list[str]]) -> list[tuple[str, ...]]:
    """The loops of jump hosts, as the names on the way round; enough of them to mend each."""
    loops: list[tuple[str, ...]] = []
    done: set[str] = set()

    def follow(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            loops.append((*above[above.index(name) :], name))
        elif name not in done:
            for hop in jumps.get(name, ()):
                follow(hop, (*above, name))
            done.add(name)

    for name in jumps:
        follow(name, ())
    return loops


# --- as it is used ---------------------------------------------------------------------------------


def _gateway(name: str, entry: GatewayEntry, folder: Path) -> Gateway:
    return Gateway(
        name=name,
        host=entry.host,
        port=entry.port,
        user=entry.user,
        identity_file=_path(entry.identity_file, folder),
        known_hosts=_path(entry.known_hosts, folder),
        platform=entry.platform,
        become=entry.become,
        legacy=entry.legacy,
        jump=tuple(entry.jump) if entry.jump is not None else None,
    )


def _path(written: str | None, folder: Path) -> Path | None:
    return None if written is None else (folder / Path(written).expanduser()).absolute()


def _tunnel(name: str, entry: TunnelEntry) -> Tunnel:
    first, second = (EndRef(**end.model_dump()) for end in entry.ends)
    names, service = entry.name_service, entry.service
    return Tunnel(
        name=name,
        ends=(first, second),
        name_service=NameService(**names.model_dump()) if names is not None else None,
        service=Service(**service.model_dump()) if service is not None else None,
    )
