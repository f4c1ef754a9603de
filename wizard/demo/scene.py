"""The stage of the demo: embedded gateways, and an inventory by which ordinary code finds its way to them.

Keys are made anew each time. They lie in a folder of their own, readable by this user only and removed at
the end, because the code that logs in to gateways reads keys from files and the demo takes no other way.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from wizard.demo.server import LOOPBACK, Keys, Pace, Server
from wizard.demo.tape import SUFFIX, Header, Player, Tapes, load, load_header
from wizard.errors import InputError
from wizard.inventory import EndRef, Gateway, Inventory, Tunnel

RECORDINGS: Final = Path(__file__).parent / "recordings"


class Scene:
    """All recordings on stage: one server for each gateway's name, the user name says which recording plays.

    A context manager; `close` and the end of the process remove everything.
    """

    def __init__(self, folder: Path = RECORDINGS, pace: Pace | None = None) -> None:
        """Starts the servers; raises InputError without any recording, or with one that cannot be read."""
        self._folder = folder
        headers = [load_header(path) for path in sorted(folder.glob(f"*{SUFFIX}"))]
        if not headers:
            raise InputError(f"there are no recordings in {folder}", advice="install the program again")
        self.recordings: tuple[Header, ...] = tuple(
            sorted(headers, key=lambda header: (header.expected is None, header.id))
        )
        self._tapes: dict[str, Tapes] = {}
        names = sorted({end["gateway"] for header in headers for end in header.ends if "gateway" in end})
        keys = Keys(names)
        self._servers = {
            name: Server(keys, name, partial(self._player, name), pace or Pace()) for name in names
        }
        self._files = Path(tempfile.mkdtemp(prefix="ipsec-wizard-demo-"))
        atexit.register(self.close)
        ports = {name: server.port for name, server in self._servers.items()}
        self._identity, self.known_hosts = keys.write(self._files, ports)

    def recording(self, id_: str) -> Header:
        """The recording of that id; raises InputError where there is none."""
        for header in self.recordings:
            if header.id == id_:
                return header
        known = ", ".join(header.id for header in self.recordings)
        raise InputError(f"the demo has no {id_!r}", advice=f"choose one of {known}")

    @property
    def inventory(self) -> Inventory:
        """Every recording as a tunnel of its own name, to choose from; connect with `inventory_of`."""
        return Inventory(
            self._gateways(self.recordings[0].id),
            {header.id: _tunnel(header) for header in self.recordings},
        )

    def inventory_of(self, id_: str) -> Inventory:
        """The same with gateways that play this recording; raises InputError for an unknown one."""
        header = self.recording(id_)
        return replace(self.inventory, gateways=self._gateways(header.id))

    def _gateways(self, user: str) -> Mapping[str, Gateway]:
        return {
            name: Gateway(
                name,
                host=LOOPBACK,
                port=server.port,
                user=user,
                identity_file=self._identity,
                known_hosts=self.known_hosts,
                platform="strongswan",
                # Straight to loopback, whatever the user's ssh_config says of all hosts.
                jump=(),
            )
            for name, server in self._servers.items()
        }

    def _player(self, gateway: str, user: str) -> Player | None:
        """What a connection gets to hear; called on the server's threads."""
        if user not in {header.id for header in self.recordings}:
            return None
        if user not in self._tapes:
            self._tapes[user] = load(self._folder / f"{user}{SUFFIX}")[1]
        return Player(self._tapes[user].get(gateway, ()))

    def close(self) -> None:
        """Hangs up and removes the keys."""
        for server in self._servers.values():
            server.close()
        shutil.rmtree(self._files, ignore_errors=True)
        atexit.unregister(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _tunnel(header: Header) -> Tunnel:
    near, far = (EndRef(**end) for end in header.ends)
    return Tunnel(header.id, (near, far))
