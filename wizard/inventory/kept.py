"""An inventory as it was found good, kept so that YAML is read and checked again only when the file has changed.

What is kept holds no more than the file itself, and only its user can read it; see `wizard.keeping`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from wizard import keeping, paths
from wizard.inventory.model import EndRef, Gateway, Inventory, NameService, Service, Tunnel

_CODE: Final = ("inventory", "yaml_source")
"""The packages that decide what is made of the file."""


def load(path: Path) -> Inventory:
    """The inventory of a file, kept or read anew; raises InventoryError as `wizard.inventory.load` does."""
    place, key = None, ""
    with suppress(OSError, RuntimeError):
        name = hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:16]
        place = paths.cache_dir() / f"inventory-{name}.json"
        about = f"{path} {path.absolute()} {Path.home()} {keeping.code(_CODE)}\n"
        key = hashlib.sha256(about.encode() + path.read_bytes()).hexdigest()
        with suppress(ValueError, KeyError, TypeError):
            return _read(json.loads(keeping.recall(place, key)))
    from wizard.inventory.load import load as load_file

    inventory = load_file(path)
    if place is not None and key:
        with suppress(OSError):
            keeping.keep(place, key, _written(inventory), mode=0o600)
    return inventory


def _written(inventory: Inventory) -> bytes:
    kept = {
        "gateways": [asdict(one) for one in inventory.gateways.values()],
        "tunnels": [asdict(one) for one in inventory.tunnels.values()],
        "file": inventory.file,
    }
    return json.dumps(kept, separators=(",", ":"), default=str).encode()


def _read(kept: Mapping[str, Any]) -> Inventory:
    gateways = [_gateway(one) for one in kept["gateways"]]
    tunnels = [_tunnel(one) for one in kept["tunnels"]]
    return Inventory(
        MappingProxyType({one.name: one for one in gateways}),
        MappingProxyType({one.name: one for one in tunnels}),
        kept["file"],
    )


def _gateway(kept: Mapping[str, Any]) -> Gateway:
    files = {
        name: None if kept[name] is None else Path(kept[name]) for name in ("identity_file", "known_hosts")
    }
    jump = None if kept["jump"] is None else tuple(kept["jump"])
    return Gateway(**{**kept, **files, "jump": jump})


def _tunnel(kept: Mapping[str, Any]) -> Tunnel:
    near, far = kept["ends"]
    names, service = kept["name_service"], kept["service"]
    return Tunnel(
        kept["name"],
        (EndRef(**near), EndRef(**far)),
        NameService(**names) if names is not None else None,
        Service(**service) if service is not None else None,
    )
