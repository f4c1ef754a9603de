"""A tunnel's end made up for tests: as loaded, as on disk, with a log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from wizard.facts.derive.notebook import Notebook
from wizard.facts.focus import Focus
from wizard.facts.model import End, Value
from wizard.facts.parsers.charon_log import LogEvent
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import AuthRound, Child, Configuration, Connection, SharedSecret

NAMES: Mapping[End, str] = {"near": "gw-a", "far": "gw-b"}


def connection(
    own: str = "a.example", peer: str = "b.example", child: Child | None = None, **fields: object
) -> Connection:
    """A connection `site` with one child `net`."""
    made = Connection(
        name="site",
        version=2,
        local_addrs=("192.0.2.1",),
        remote_addrs=("198.51.100.1",),
        local=(AuthRound("psk", own),),
        remote=(AuthRound("psk", peer),),
        proposals=("aes256-sha256-modp2048",),
        children=(
            child
            or Child("net", ("10.1.0.0/24",), ("10.2.0.0/24",), mode="tunnel", proposals=("aes256-sha256",)),
        ),
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def read(
    end: End,
    stored: Connection | None,
    *,
    loaded: Connection | None = None,
    secrets: Sequence[SharedSecret] = (),
    **fields: object,
) -> tuple[Notebook, Focus]:
    """One end with that connection on disk (and loaded, where given), and where its facts are noted."""
    disk = Configuration(
        connections=(stored,) if stored is not None else (), secrets=tuple(secrets), files=("swanctl.conf",)
    )
    snapshot = Snapshot(
        end=end,
        gateway=NAMES[end],
        implementation="strongswan-swanctl",
        version="5.9.8",
        disk=disk,
        **fields,  # type: ignore[arg-type]
    )
    chosen = loaded or stored
    focus = Focus(
        connection=chosen,
        child=chosen.children[0] if chosen is not None and chosen.children else None,
        loaded=loaded,
        on_disk=stored,
        local_address=chosen.local_addrs[0] if chosen is not None and chosen.local_addrs else None,
        peer_addresses=chosen.remote_addrs if chosen is not None else (),
        name="site",
        child_name="net",
    )
    return Notebook(snapshot), focus


def value(book: Notebook, name: str) -> Value | None:
    """The value noted last under that name."""
    found = [fact for fact in book.facts if fact.name == f"{book.snapshot.end}.{name}"]
    assert found, f"{name} was not noted"
    return found[-1].value


def event(time: float, name: str, line: str = "") -> LogEvent:
    """A line of the log that stands for that event."""
    return LogEvent(name, line or name, {}, time)
