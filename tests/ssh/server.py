"""A real SSH server in this process that runs /bin/sh for exec requests, or fails in a chosen way."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import paramiko

from wizard.ssh import KnownHosts, Target

KEYS: dict[str, paramiko.PKey] = {
    "host": paramiko.ECDSAKey.generate(),
    "other": paramiko.ECDSAKey.generate(),
    "user": paramiko.ECDSAKey.generate(),
}
Serve = Callable[[paramiko.Channel, str, "Gateway"], None]


def run_shell(channel: paramiko.Channel, script: str, gateway: Gateway) -> None:
    """What sshd does: the script in a shell, its streams on the channel, then its exit code or signal."""
    process = subprocess.Popen(
        [*gateway.shell, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", **gateway.environment},
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    stdout, stderr = process.stdout.fileno(), process.stderr.fileno()
    gateway.processes.append(process)

    def feed() -> None:
        assert process.stdin
        with suppress(OSError):
            while data := channel.recv(4096):
                process.stdin.write(data)
                process.stdin.flush()
        with suppress(OSError):
            process.stdin.close()

    def copy(read: Callable[[], bytes], send: Callable[[bytes], None]) -> None:
        with suppress(OSError):
            while data := read():
                send(data)

    threads = [
        threading.Thread(target=copy, args=(lambda: os.read(stdout, 65536), channel.sendall)),
        threading.Thread(target=copy, args=(lambda: os.read(stderr, 65536), channel.sendall_stderr)),
    ]
    for thread in (*threads, threading.Thread(target=feed, daemon=True)):
        thread.daemon = True
        thread.start()
    code = process.wait()
    with suppress(OSError, EOFError, paramiko.SSHException):
        if code >= 0:
            channel.send_exit_status(code)
        for thread in threads:
            thread.join()
        channel.shutdown_write()
        channel.close()


@dataclass
class Gateway:
    """Listens on loopback; every way to let in or to fail is a field."""

    host_keys: Sequence[paramiko.PKey] = (KEYS["host"],)
    user: str = "vpn"
    password: str | None = None
    accepts_key: paramiko.PKey | None = KEYS["user"]
    questions: Sequence[tuple[str, bool, str]] = ()
    """keyboard-interactive: prompt, echo, the right answer; one round each."""
    factors: Sequence[str] = ()
    """Methods that must all succeed, in this order; any one suffices when empty."""
    max_attempts: int = 6
    serve: Serve = run_shell
    max_sessions: int = 10
    refuses_exec: bool = False
    forwards: bool | int = True
    """Whether direct-tcpip is served; a number is the reason to refuse with."""
    shell: Sequence[str] = ("/bin/sh",)
    environment: Mapping[str, str] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    attempts: list[tuple[str, str]] = field(default_factory=list)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    transports: list[paramiko.Transport] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self.hang_up()
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def hang_up(self) -> None:
        """Cuts every connection."""
        for transport in self.transports:
            transport.close()

    def target(self, **changes: object) -> Target:
        """How a client would name it; nothing of the developer's own is used."""
        fields: dict[str, object] = {
            "alias": "gw-a",
            "host": "127.0.0.1",
            "port": self.port,
            "user": self.user,
            "agent": "",
        }
        return Target(**{**fields, **changes})  # type: ignore[arg-type]

    def known_to(self, known_hosts: KnownHosts) -> Self:
        """Puts the host key on record."""
        known_hosts.add("127.0.0.1", self.port, self.host_keys[0])
        return self

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            for key in self.host_keys:
                transport.add_server_key(key)
            self.transports.append(transport)
            with suppress(paramiko.SSHException, EOFError, OSError):
                transport.start_server(event=threading.Event(), server=_Server(self, transport))


class _Server(paramiko.ServerInterface):
    def __init__(self, gateway: Gateway, transport: paramiko.Transport) -> None:
        self.gateway, self.transport = gateway, transport
        self.passed: list[str] = []
        self.failures = 0
        self.round = 0

    def get_allowed_auths(self, username: str) -> str:
        gateway = self.gateway
        if gateway.factors:
            return gateway.factors[len(self.passed)] if len(self.passed) < len(gateway.factors) else ""
        methods = []
        methods += ["publickey"] if gateway.accepts_key else []
        methods += ["password"] if gateway.password else []
        methods += ["keyboard-interactive"] if gateway.questions else []
        return ",".join(methods)

    def check_auth_none(self, username: str) -> int:
        return paramiko.common.AUTH_FAILED

    def check_auth_password(self, username: str, password: str) -> int:
        return self._judge(
            "password", "***", (username, password) == (self.gateway.user, self.gateway.password)
        )

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        right = self.gateway.accepts_key
        good = username == self.gateway.user and right is not None and key.asbytes() == right.asbytes()
        return self._judge("publickey", key.get_name(), good)

    def check_auth_interactive(
        self, username: str, submethods: str
    ) -> int | paramiko.server.InteractiveQuery:
        if not self.gateway.questions:
            return paramiko.common.AUTH_FAILED
        self.round = 0
        return self._query()

    def check_auth_interactive_response(self, responses: list[str]) -> int | paramiko.server.InteractiveQuery:
        if responses != [self.gateway.questions[self.round][2]]:
            return self._judge("keyboard-interactive", "", good=False)
        self.round += 1
        if self.round < len(self.gateway.questions):
            return self._query()
        return self._judge("keyboard-interactive", "", good=True)

    def _query(self) -> paramiko.server.InteractiveQuery:
        prompt, echo, _ = self.gateway.questions[self.round]
        return paramiko.server.InteractiveQuery("", "", (prompt, echo))

    def _judge(self, method: str, what: str, good: bool) -> int:
        self.gateway.attempts.append((method, what))
        if good:
            self.passed.append(method)
            if len(self.passed) < len(self.gateway.factors):
                return paramiko.common.AUTH_PARTIALLY_SUCCESSFUL
            return paramiko.common.AUTH_SUCCESSFUL
        self.failures += 1
        if self.failures >= self.gateway.max_attempts:
            self.transport.close()
        return paramiko.common.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        if len(self.gateway.seen) >= self.gateway.max_sessions:
            return paramiko.common.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        return paramiko.common.OPEN_SUCCEEDED

    def check_channel_direct_tcpip_request(
        self, chanid: int, origin: tuple[str, int], destination: tuple[str, int]
    ) -> int:
        if self.gateway.forwards is not True:
            return int(self.gateway.forwards) or paramiko.common.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        try:
            onward = socket.create_connection(destination, timeout=5)
        except OSError:
            return paramiko.common.OPEN_FAILED_CONNECT_FAILED
        threading.Thread(target=self._forward, args=(onward,), daemon=True).start()
        return paramiko.common.OPEN_SUCCEEDED

    def _forward(self, onward: socket.socket) -> None:
        channel = self.transport.accept(5)
        assert channel is not None

        def pump(
            read: Callable[[int], bytes], write: Callable[[bytes], object], end: Callable[[], object]
        ) -> None:
            with suppress(OSError, EOFError):
                while data := read(32768):
                    write(data)
            with suppress(OSError, EOFError):
                end()

        onward.settimeout(None)
        threading.Thread(target=pump, args=(onward.recv, channel.sendall, channel.close), daemon=True).start()
        pump(channel.recv, onward.sendall, onward.close)

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        if self.gateway.refuses_exec:
            return False
        self.gateway.seen.append(command.decode())
        # The answer must not overtake the word that the request was accepted, sent after this returns.
        threading.Timer(0.02, self.gateway.serve, (channel, command.decode(), self.gateway)).start()
        return True
