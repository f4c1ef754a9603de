"""Ways not to get through to a gateway: each has a class, a sentence, and something to do."""

from __future__ import annotations

import secrets as randomness
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import paramiko
import pytest

from tests.ssh.conftest import Open, Start
from wizard.ssh import (
    Connection,
    Cutoff,
    IncompatibleAlgorithms,
    KnownHosts,
    LinkLost,
    LoginFailed,
    Meter,
    NameUnknown,
    NoAnswer,
    NotSsh,
    PortRefused,
    Secrets,
    SessionRefused,
    Target,
    UnknownHostKey,
    Unreachable,
)


@contextmanager
def listener(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port where something else than SSH answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        connections: list[socket.socket] = []

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connections.append(connection)
                    talk(connection)

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        for connection in connections:
            connection.close()


def attempt(known_hosts: KnownHosts, port: int, *, timeout_s: float = 5, **fields: object) -> Connection:
    target = Target(**{"alias": "gw-a", "host": "127.0.0.1", "port": port, "agent": "", **fields})  # type: ignore[arg-type]
    return Connection.open(target, known_hosts, Secrets(), timeout_s=timeout_s)


def test_a_refused_port(known_hosts: KnownHosts) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(PortRefused, match=rf"gw-a \(root@127.0.0.1:{port}\) refuses connections") as refused:
        attempt(known_hosts, port)
    assert refused.value.advice


def test_an_address_that_swallows_packets(known_hosts: KnownHosts) -> None:
    with socket.socket() as full:
        # A backlog of nothing that is full: the kernel drops further SYNs, as a firewall would.
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        with (
            socket.create_connection(full.getsockname()),
            pytest.raises(NoAnswer, match="no answer from gw-a"),
        ):
            attempt(known_hosts, full.getsockname()[1], timeout_s=0.7)


def test_a_name_that_does_not_resolve(known_hosts: KnownHosts) -> None:
    with pytest.raises(NameUnknown, match=r"'gw\.invalid' .* cannot be resolved"):
        attempt(known_hosts, 22, host="gw.invalid")


def test_a_name_service_that_hangs_does_not_hang_the_program(
    known_hosts: KnownHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        over.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    started = time.monotonic()
    with pytest.raises(NameUnknown, match="name service does not answer"):
        attempt(known_hosts, 22, host="gw.example", timeout_s=0.3)
    assert time.monotonic() - started < 5
    over.set()


def test_a_port_that_accepts_and_says_nothing(known_hosts: KnownHosts) -> None:
    with (
        listener(lambda _: None) as port,
        pytest.raises(NoAnswer, match="accepts the connection and then says nothing"),
    ):
        attempt(known_hosts, port, timeout_s=0.7)


def test_a_port_that_hangs_up_at_once(known_hosts: KnownHosts) -> None:
    with (
        listener(lambda wire: wire.close()) as port,
        pytest.raises(NotSsh, match="closes the connection before"),
    ):
        attempt(known_hosts, port)


def test_a_port_where_something_else_answers(known_hosts: KnownHosts) -> None:
    def web(wire: socket.socket) -> None:
        wire.sendall(b"HTTP/1.1 400 Bad Request\r\n" * 200)

    with listener(web) as port, pytest.raises(NotSsh, match="does not speak SSH"):
        attempt(known_hosts, port)


def test_a_gateway_that_falls_silent_in_the_key_exchange(known_hosts: KnownHosts) -> None:
    def stall(wire: socket.socket) -> None:
        wire.sendall(b"SSH-2.0-Stalled\r\n")

    with listener(stall) as port, pytest.raises(NoAnswer, match="stopped answering during the key exchange"):
        attempt(known_hosts, port, timeout_s=0.7)


def test_a_gateway_that_hangs_up_in_the_key_exchange(known_hosts: KnownHosts) -> None:
    def hang_up(wire: socket.socket) -> None:
        wire.sendall(b"SSH-2.0-Full\r\n")
        wire.recv(1024)
        wire.shutdown(socket.SHUT_RDWR)

    with (
        listener(hang_up) as port,
        pytest.raises(NotSsh, match="ended the connection during the key exchange"),
    ):
        attempt(known_hosts, port)


def only_offering(**algorithms: str) -> Callable[[socket.socket], None]:
    """A server whose first packet (RFC 4253, 7.1) offers these algorithms, and usual ones for the rest."""
    lists = [
        algorithms.get("kex", "ecdh-sha2-nistp256"),
        algorithms.get("key", "ssh-ed25519"),
        *[algorithms.get("cipher", "aes128-ctr")] * 2,
        *[algorithms.get("mac", "hmac-sha2-256")] * 2,
        *["none"] * 2,
        *[""] * 2,
    ]
    payload = b"\x14" + randomness.token_bytes(16)
    payload += b"".join(struct.pack(">I", len(names)) + names.encode() for names in lists) + b"\0" * 5
    padding = 8 - (len(payload) + 5) % 8 + 8
    packet = struct.pack(">IB", len(payload) + padding + 1, padding) + payload + b"\0" * padding

    def talk(wire: socket.socket) -> None:
        wire.sendall(b"SSH-2.0-Cisco-1.25\r\n" + packet)

    return talk


PARAMIKO_MAJOR = int(paramiko.__version__.split(".")[0])


@pytest.mark.skipif(PARAMIKO_MAJOR < 5, reason="paramiko 4 still speaks SHA-1")
@pytest.mark.parametrize("legacy", [False, True])
def test_a_gateway_with_sha1_only_gets_exact_advice(known_hosts: KnownHosts, legacy: bool) -> None:
    exchanges = "diffie-hellman-group14-sha1,diffie-hellman-group1-sha1"
    old = only_offering(kex=exchanges, key="ssh-rsa", mac="hmac-sha1")
    with listener(old) as port, pytest.raises(IncompatibleAlgorithms) as incompatible:
        attempt(known_hosts, port, legacy=legacy)
    assert "no key exchange algorithm in common; it offers only diffie-hellman-group14-sha1, diff" in str(
        incompatible.value
    )
    assert "ipsec-wizard[legacy]" in str(incompatible.value.advice)
    assert incompatible.value.offered == ("diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1")


def test_a_gateway_with_weak_algorithms_is_refused_until_it_is_marked_as_legacy(
    known_hosts: KnownHosts,
) -> None:
    with listener(only_offering(mac="hmac-sha1")) as port:
        with pytest.raises(
            IncompatibleAlgorithms, match=r"no MAC algorithm in common; it offers only hmac-sha1"
        ) as refused:
            attempt(known_hosts, port)
        assert "`legacy: true`" in str(refused.value.advice)
        # Marked, the key exchange goes on (and this server then says nothing more).
        with pytest.raises(NoAnswer):
            attempt(known_hosts, port, legacy=True, timeout_s=0.7)


def test_a_gateway_with_algorithms_nobody_knows(known_hosts: KnownHosts) -> None:
    with (
        listener(only_offering(cipher="rot13")) as port,
        pytest.raises(IncompatibleAlgorithms, match="only rot13") as refused,
    ):
        attempt(known_hosts, port)
    assert refused.value.advice == "allow a newer algorithm on the gateway"


def test_through_a_jump_host(start: Start, connect: Open, known_hosts: KnownHosts, key_file: Path) -> None:
    hop, gateway = start(), start()
    bastion = hop.target(alias="bastion", identity_files=(key_file,))
    connection = connect(gateway, jump=(bastion,))
    assert connection.run("echo through", deadline_s=10).stdout == "through\n"
    assert gateway.seen == ["echo through"]
    assert hop.seen == []
    assert connection.meter.read().connections == 2


def test_through_two_jump_hosts_with_much_output(start: Start, connect: Open, key_file: Path) -> None:
    first, second, gateway = start(), start(), start()
    hops = tuple(
        hop.target(alias=name, identity_files=(key_file,)) for name, hop in (("one", first), ("two", second))
    )
    raw = connect(gateway, jump=hops).run("head -c 1000000 /dev/zero | tr '\\0' x", deadline_s=30)
    assert len(raw.stdout) == 1_000_000


def test_each_hop_has_its_own_host_key_checked(start: Start, connect: Open, key_file: Path) -> None:
    hop, gateway = start(known=False), start()
    bastion = hop.target(alias="bastion", identity_files=(key_file,))
    with pytest.raises(UnknownHostKey) as unknown:
        connect(gateway, jump=(bastion,))
    assert unknown.value.target.alias == "bastion"
    assert unknown.value.port == hop.port


@pytest.mark.parametrize(
    ("forwards", "error", "words"),
    [(1, SessionRefused, "does not allow connections"), (2, Unreachable, "cannot connect to")],
)
def test_a_jump_host_that_does_not_help(
    start: Start, connect: Open, key_file: Path, forwards: int, error: type[Exception], words: str
) -> None:
    bastion = start(forwards=forwards).target(alias="bastion", identity_files=(key_file,))
    with pytest.raises(error, match=rf"the jump host bastion \(.*\) {words}"):
        connect(start(), jump=(bastion,))


def test_a_jump_host_that_refuses_the_login_is_named(start: Start, connect: Open, key_file: Path) -> None:
    bastion = start(accepts_key=None, password=None).target(alias="bastion", identity_files=(key_file,))
    with pytest.raises(LoginFailed, match="bastion"):
        connect(start(), jump=(bastion,))


def test_closing_ends_the_connection_through_a_jump_host_at_once(
    start: Start, connect: Open, key_file: Path
) -> None:
    bastion = start().target(alias="bastion", identity_files=(key_file,))
    connection = connect(start(), jump=(bastion,))
    running = connection.start("echo on; sleep 60", deadline_s=60)
    assert running.wait_for("on", 10)
    started = time.monotonic()
    connection.close()
    assert running.result().lost
    assert time.monotonic() - started < 1.5


def test_a_proxy_command_carries_the_connection(start: Start, connect: Open, tmp_path: Path) -> None:
    gateway = start()
    relay = tmp_path / "relay.py"
    relay.write_text(
        "import os, socket, sys, threading\n"
        "wire = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
        "def up():\n"
        "    while data := os.read(0, 65536): wire.sendall(data)\n"
        "threading.Thread(target=up, daemon=True).start()\n"
        "while data := wire.recv(65536): os.write(1, data)\n"
    )
    connection = connect(gateway, proxy_command=f"{sys.executable} {relay} 127.0.0.1 {gateway.port}")
    assert connection.run("echo carried", deadline_s=10).stdout == "carried\n"


def test_a_proxy_command_that_fails_is_told(start: Start, connect: Open) -> None:
    with pytest.raises(NotSsh, match="closes the connection before"):
        connect(start(), proxy_command="exit 3")


def test_a_connection_in_the_making_is_given_up_at_once(known_hosts: KnownHosts) -> None:
    cutoff, reached, failures = Cutoff(), threading.Event(), []

    def open_it(port: int) -> None:
        target = Target("gw-a", "127.0.0.1", port, agent="")
        try:
            Connection.open(
                target, known_hosts, Secrets(), timeout_s=30, cutoff=cutoff, report=lambda _: reached.set()
            )
        except LinkLost as error:
            failures.append(error)

    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            opening = threading.Thread(target=open_it, args=(port,))
            opening.start()
            assert reached.wait(10)
            started = time.monotonic()
            cutoff.cut()
            opening.join(10)
            assert time.monotonic() - started < 2
    assert "given up" in str(failures[0])


@pytest.mark.parametrize("phase", ["banner", "kex"])
def test_an_attempt_is_given_up_at_once_from_another_thread(known_hosts: KnownHosts, phase: str) -> None:
    reached = threading.Event()

    def stall(wire: socket.socket) -> None:
        if phase == "kex":
            wire.sendall(b"SSH-2.0-Stalled\r\n")
        wire.recv(10)
        reached.set()

    cutoff, failures = Cutoff(), []

    def open_it(port: int) -> None:
        target = Target("gw-a", "127.0.0.1", port, agent="")
        try:
            Connection.open(target, known_hosts, Secrets(), timeout_s=30, cutoff=cutoff)
        except LinkLost as error:
            failures.append(error)

    with listener(stall) as port:
        opening = threading.Thread(target=open_it, args=(port,))
        opening.start()
        assert reached.wait(10)
        started = time.monotonic()
        cutoff.cut()
        opening.join(10)
        assert time.monotonic() - started < 2
    assert "given up" in str(failures[0])


def test_what_is_opened_after_a_cutoff_is_closed_right_away() -> None:
    closed: list[str] = []
    cutoff = Cutoff()
    cutoff.add(lambda: closed.append("outer"))
    cutoff.add(lambda: closed.append("inner"))
    cutoff.cut()
    assert closed == ["inner", "outer"]
    cutoff.add(lambda: closed.append("late"))
    cutoff.cut()
    assert closed == ["inner", "outer", "late"]


def test_a_meter_tells_what_a_request_cost() -> None:
    meter = Meter()
    before = meter.read()
    meter.count(connections=1, round_trips=2, commands=30)
    cost = meter.read() - before
    assert (cost.connections, cost.round_trips, cost.commands) == (1, 2, 30)


def test_keepalive_and_the_kernels_timeout_are_set(start: Start, connect: Open) -> None:
    connection = connect(start())
    wire = connection._transport.sock
    assert isinstance(wire, socket.socket)
    assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
