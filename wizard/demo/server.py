"""A gateway's SSH server on loopback that answers from a recording; no shell, no command is ever run.

It speaks SSH to the same code that speaks to real gateways, so that the demo shows what the program does.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)

from wizard.demo.tape import LEFT_OUT, Exchange, Player, Said
from wizard.ssh import frame, held, parse_script

LOOPBACK: Final = "127.0.0.1"
_PATIENCE_S: Final = 60.0
"""How long a client may leave an exchange half done; the longest exercise takes some twenty seconds."""
_NOT_FOUND: Final = 127


@dataclass(frozen=True, slots=True)
class Pace:
    """How long answers take: the recorded time, scaled, and never longer than `longest_s` an exchange."""

    scale: float = 0.25
    longest_s: float = 0.15

    def of(self, exchange: Exchange) -> float:
        """Seconds this exchange is kept waiting."""
        return min(self.longest_s, self.scale * sum(one.elapsed_s for one in exchange.said))


class Keys:
    """The keys of one demo: a host key for each gateway, and the one key that is let in."""

    def __init__(self, gateways: Sequence[str]) -> None:
        """Makes them anew; ECDSA, because that takes a millisecond."""
        self.client: paramiko.PKey = paramiko.ECDSAKey.generate()
        self.hosts: dict[str, paramiko.PKey] = {name: paramiko.ECDSAKey.generate() for name in gateways}

    def write(self, folder: Path, ports: Mapping[str, int]) -> tuple[Path, Path]:
        """Writes the key to log in with and the host keys on record into a folder only this user can read."""
        identity, known_hosts = folder / "id_ecdsa", folder / "known_hosts"
        self.client.write_private_key_file(str(identity))
        lines = [
            f"[{LOOPBACK}]:{ports[name]} {key.get_name()} {key.get_base64()}\n"
            for name, key in self.hosts.items()
        ]
        known_hosts.write_text("".join(lines))
        return identity, known_hosts


class Server:
    """One gateway, listening on a free port of 127.0.0.1 from the moment it is made."""

    def __init__(
        self, keys: Keys, gateway: str, player_for: Callable[[str], Player | None], pace: Pace
    ) -> None:
        """Lets in whoever holds the client's key; the user name says which recording is played."""
        self._host_key = keys.hosts[gateway]
        self._client_key = keys.client
        self._player_for = player_for
        self._pace = pace
        self._transports: list[paramiko.Transport] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._socket = socket.create_server((LOOPBACK, 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, name=f"demo gateway {gateway}", daemon=True).start()

    def close(self) -> None:
        """Hangs up on everybody; nothing keeps the process alive."""
        self._closed.set()
        with contextlib.suppress(OSError):
            # Wakes up the thread that accepts, which close alone does not.
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with self._lock:
            for transport in self._transports:
                transport.close()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            transport = paramiko.Transport(client)
            transport.add_server_key(self._host_key)
            with self._lock:
                self._transports = [one for one in self._transports if one.is_alive()] + [transport]
            with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
                # An event, so that a client that is slow to negotiate does not keep the next one waiting.
                transport.start_server(
                    threading.Event(), _Visit(self._client_key, self._player_for, self._pace, self._closed)
                )


class _Visit(paramiko.ServerInterface):
    """One connection: its tape starts at the beginning."""

    def __init__(
        self,
        client_key: paramiko.PKey,
        player_for: Callable[[str], Player | None],
        pace: Pace,
        closed: threading.Event,
    ) -> None:
        self._client_key = client_key
        self._player_for = player_for
        self._pace = pace
        self._closed = closed
        self._player: Player | None = None
        self._turn = threading.Lock()

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        if key.asbytes() != self._client_key.asbytes():
            return AUTH_FAILED
        if self._player is None:
            self._player = self._player_for(username)
        return AUTH_SUCCESSFUL if self._player is not None else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        if kind == "session":
            return OPEN_SUCCEEDED
        return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        script = command.decode("utf-8", "replace")
        threading.Thread(target=self._run, args=(channel, script), name="demo answer", daemon=True).start()
        return True

    def _run(self, channel: paramiko.Channel, script: str) -> None:
        channel.settimeout(_PATIENCE_S)
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            channel.send_exit_status(self._answer(channel, script))
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            channel.close()

    def _answer(self, channel: paramiko.Channel, script: str) -> int:
        parsed = parse_script(script)
        if parsed is None or self._player is None:
            _wait_for_client(channel)
            channel.sendall_stderr(b"sh: 1: this gateway is a recording, and this was not recorded\n")
            return _NOT_FOUND
        for time in range(parsed.holds):
            channel.sendall(held(parsed.marker, again=time > 0).encode())
            if time + 1 < parsed.holds:
                channel.recv(1)
        _wait_for_client(channel)
        with self._turn:
            exchange = self._player.play(parsed.commands)
        self._closed.wait(self._pace.of(exchange))
        results = [
            None if one is LEFT_OUT else (one.id, one.stdout, one.stderr, one.exit_code)
            for one in exchange.said
        ]
        out, err, code = frame(parsed.marker, results)
        channel.sendall_stderr(_without_watches(err, parsed.marker, exchange).encode("utf-8", "replace"))
        channel.sendall(_as_it_was(out, parsed.marker, exchange).encode("utf-8", "replace"))
        return code


def _wait_for_client(channel: paramiko.Channel) -> None:
    """Reads standard input to its end.

    The end comes with the release of a script that holds, and in any case only after the client has heard
    that its request was granted, which the end of the channel must not overtake.
    """
    while channel.recv(4096):
        pass


def _as_it_was(out: str, marker: str, exchange: Exchange) -> str:
    """Standard output with what `frame` leaves out: durations, and watches line by line."""
    for number, one in enumerate(exchange.said):
        end = f"{marker}[e {number} 0.00]\n"
        out = out.replace(end, f"{marker}[e {number} {one.elapsed_s:.2f}]\n")
        if number < exchange.watches:
            before, _, rest = out.partition(f"{marker}[b {number} 0.00]\n")
            _, mark, after = rest.partition(f"{marker}[e {number} ")
            out = before + _watched(marker, number, one) + mark + after
    return out


def _watched(marker: str, number: int, one: Said) -> str:
    """A watch up to its end; both of its streams come on standard output."""
    lines = [f"[w {number} 0.00]"]
    lines += [f"[r {number}]{line}" for line in _lines(one.stderr)]
    lines += [f"[o {number}]{line}" for line in _lines(one.stdout)]
    lines += [] if one.exit_code is None else [f"[x {number} {one.exit_code}]"]
    return "".join(f"{marker}{line}\n" for line in lines)


def _lines(text: str) -> list[str]:
    """The lines by line feeds only, as a shell reads them."""
    return text.removesuffix("\n").split("\n") if text else []


def _without_watches(err: str, marker: str, exchange: Exchange) -> str:
    for number in range(exchange.watches):
        before, _, rest = err.partition(f"{marker}[b {number} 0.00]\n")
        err = before + rest.partition(f"{marker}[e {number} 0.00]\n")[2]
    return err
