"""What the tests of the transport share: a gateway on loopback, its key on record, our key in a file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.ssh.server import KEYS, Gateway
from wizard.ssh import Connection, KnownHosts, Secrets

needs_openssh = pytest.mark.skipif(
    not all(shutil.which(name) for name in ("ssh", "ssh-keygen", "ssh-agent", "ssh-add")),
    reason="no OpenSSH client here",
)
Start = Callable[..., Gateway]
Open = Callable[..., Connection]


@pytest.fixture
def known_hosts(tmp_path: Path) -> KnownHosts:
    return KnownHosts(tmp_path / "state" / "known_hosts")


@pytest.fixture
def secrets() -> Secrets:
    return Secrets()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "id_ecdsa"
    KEYS["user"].write_private_key_file(str(path))
    return path


@pytest.fixture
def start(known_hosts: KnownHosts) -> Iterator[Start]:
    """Starts gateways; their host keys are on record unless `known` is false."""
    with ExitStack() as stack:

        def start_one(*, known: bool = True, **fields: object) -> Gateway:
            gateway = stack.enter_context(Gateway(**fields))  # type: ignore[arg-type]
            return gateway.known_to(known_hosts) if known else gateway

        yield start_one


@pytest.fixture
def connect(known_hosts: KnownHosts, secrets: Secrets, key_file: Path) -> Iterator[Open]:
    """Logs in to a gateway with our key, unless the target is changed."""
    with ExitStack() as stack:

        def connect_one(gateway: Gateway, *, timeout_s: float = 10, **changes: object) -> Connection:
            target = gateway.target(**{"identity_files": (key_file,), **changes})
            return stack.enter_context(Connection.open(target, known_hosts, secrets, timeout_s=timeout_s))

        yield connect_one
