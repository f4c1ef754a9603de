"""One SSH connection to one gateway, through its jump hosts: opened once, reused, closed at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

import paramiko

from wizard.ssh.cutoff import Cutoff
from wizard.ssh.errors import Attempt, LinkLost, LinkProblem, SessionRefused, fingerprint
from wizard.ssh.handshake import handshake
from wizard.ssh.hostkeys import KnownHosts
from wizard.ssh.login import Login, UnusableAgentKey
from wizard.ssh.meter import Meter
from wizard.ssh.running import Raw, Running
from wizard.ssh.secrets import Secrets
from wizard.ssh.target import Target
from wizard.ssh.wire import KEEPALIVE_S, Deadline, connect, through

OPEN_S = 15.0
"""How long each hop's connection, key exchange and each step of its login may take, seconds."""
MAX_BYTES = 2 * 1024 * 1024
"""How much of each stream of a script is kept."""
MAX_RUNNING = 3
"""How many scripts may run on a connection at a time; OpenSSH allows ten sessions, some appliances one."""
MAX_UNUSABLE_KEYS = 8

Report = Callable[[str], None]
"""Told in a few words what is being done, on the caller's thread."""


class Connection:
    """A gateway that is logged in to; safe to use from several threads."""

    def __init__(self, target: Target, transport: paramiko.Transport, cutoff: Cutoff, meter: Meter) -> None:
        self.target = target
        self.meter = meter
        self.turn = threading.Lock()
        """Held for the length of a batch, so that batches for one gateway follow each other."""
        self.tried: tuple[Attempt, ...] = ()
        """What the login took."""
        self._transport = transport
        self._cutoff = cutoff
        self._running = 0
        self._free = threading.Condition()

    @classmethod
    def open(
        cls,
        target: Target,
        known_hosts: KnownHosts,
        secrets: Secrets,
        *,
        timeout_s: float = OPEN_S,
        report: Report | None = None,
        meter: Meter | None = None,
        cutoff: Cutoff | None = None,
    ) -> Connection:
        """Connects and logs in; `timeout_s` is for each hop and for each step of its login.

        `cutoff`, when given, gives the attempt up from another thread. Raises a LinkProblem: NeedsSecret
        and UnknownHostKey ask for something and invite another call, the others are final until something
        changes.
        """
        meter = meter or Meter()
        tell = report or _tell_nobody
        outer = cutoff or Cutoff()
        unusable: frozenset[bytes] = frozenset()
        while True:
            attempt = Cutoff()
            outer.add(attempt.cut)
            try:
                return cls._open(target, known_hosts, secrets, timeout_s, tell, meter, attempt, unusable)
            except UnusableAgentKey as error:
                attempt.cut()
                if len(unusable) == MAX_UNUSABLE_KEYS:
                    raise LinkLost(
                        target,
                        "the ssh-agent signs with none of its keys",
                        advice="unlock it, or name a key file",
                    ) from error
                unusable |= {error.blob}
            except LinkProblem as error:
                attempt.cut()
                if outer.is_cut:
                    raise LinkLost(target, f"the connection to {target.label} was given up") from error
                raise
            except BaseException:
                attempt.cut()
                raise

    @classmethod
    def _open(
        cls,
        target: Target,
        known_hosts: KnownHosts,
        secrets: Secrets,
        timeout_s: float,
        tell: Report,
        meter: Meter,
        cutoff: Cutoff,
        unusable: frozenset[bytes],
    ) -> Connection:
        transport: paramiko.Transport | None = None
        previous = target
        tried: tuple[Attempt, ...] = ()
        for hop in (*target.jump, target):
            deadline = Deadline(timeout_s)
            tell(f"connecting to {hop.label}")
            if transport is None:
                wire = connect(hop, deadline, cutoff)
            else:
                wire = through(transport, previous, hop, deadline, cutoff)
            tell(f"checking the host key of {hop.label}")
            transport = handshake(wire, hop, known_hosts, deadline, cutoff)
            meter.count(connections=1)
            tell(f"logging in to {hop.label}")
            login = Login(transport, hop, secrets, unusable)
            login.run()
            tried = tuple(login.tried)
            transport.set_keepalive(KEEPALIVE_S)
            previous = hop
        if transport is None or cutoff.is_cut:
            raise LinkLost(target, f"the connection to {target.label} was given up")
        connection = cls(target, transport, cutoff, meter)
        connection.tried = tried
        return connection

    @property
    def alive(self) -> bool:
        """Whether the connection stands, as far as is known without sending anything."""
        return self._transport.is_active() and not self._cutoff.is_cut

    @property
    def software(self) -> str:
        """What the gateway's SSH server calls itself, such as `SSH-2.0-OpenSSH_9.2p1`."""
        return self._transport.remote_version

    @property
    def host_key(self) -> str:
        """Type and fingerprint of the host key that was checked."""
        key = self._transport.get_remote_server_key()
        return f"{key.get_name()} {fingerprint(key)}"

    def start(
        self,
        script: str,
        *,
        deadline_s: float,
        max_bytes: int = MAX_BYTES,
        stdin: bytes = b"",
        hold: bool = False,
        last_word: bytes | None = None,
    ) -> Running:
        """Starts a script in the gateway's login shell, without a terminal, and returns while it runs.

        `deadline_s` is for all of it, starting included. With `hold` standard input stays open until
        Running.release. `last_word`, once it has come on both streams, is the end, whatever keeps them open.
        Raises LinkLost or SessionRefused.
        """
        until = time.monotonic() + deadline_s
        self._take_place(until)
        try:
            channel = self._transport.open_session(timeout=max(0.05, until - time.monotonic()))
        except (paramiko.SSHException, EOFError, OSError) as error:
            self._leave_place()
            raise self._no_session(error) from error
        running = Running(
            channel,
            self._transport,
            deadline_s=max(0.05, until - time.monotonic()),
            max_bytes=max_bytes,
            last_word=last_word,
            at_end=_once(self._leave_place),
        )
        # Frees the wait for the gateway's word on the request, which has no timeout of its own.
        guard = threading.Timer(max(0.05, until - time.monotonic()), running.cancel)
        guard.daemon = True
        guard.start()
        try:
            channel.exec_command(script)
            self.meter.count(round_trips=1)
            channel.settimeout(max(0.05, until - time.monotonic()))
            if stdin:
                channel.sendall(stdin)
            if not hold:
                channel.shutdown_write()
            channel.settimeout(None)
        except (paramiko.SSHException, EOFError, OSError) as error:
            running.cancel()
            raise self._no_session(error) from error
        finally:
            guard.cancel()
        running.begin()
        return running

    def run(self, script: str, *, deadline_s: float, max_bytes: int = MAX_BYTES, stdin: bytes = b"") -> Raw:
        """Runs a script to its end, one at a time per connection."""
        with self.turn:
            return self.start(script, deadline_s=deadline_s, max_bytes=max_bytes, stdin=stdin).result()

    def close(self) -> None:
        """Ends the connection and everything that runs on it, at once and from any thread."""
        self._cutoff.cut()
        with self._free:
            self._free.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take_place(self, until: float) -> None:
        with self._free:
            while self._running >= MAX_RUNNING:
                left = until - time.monotonic()
                if left <= 0:
                    raise SessionRefused(
                        self.target,
                        f"{MAX_RUNNING} commands are running on {self.target.label} and none has ended",
                    )
                if not self.alive:
                    break
                self._free.wait(left)
            self._running += 1

    def _leave_place(self) -> None:
        with self._free:
            self._running -= 1
            self._free.notify_all()

    def _no_session(self, error: Exception) -> LinkLost:
        if not self.alive:
            return LinkLost(
                self.target,
                f"the connection to {self.target.label} was lost",
                advice="check whether the gateway still answers, and try again",
            )
        if isinstance(error, paramiko.ChannelException):
            return SessionRefused(
                self.target,
                f"{self.target.label} does not open another session",
                advice="close other sessions to it (sshd_config: MaxSessions; some appliances allow one)",
            )
        return SessionRefused(
            self.target,
            f"{self.target.label} does not run commands over SSH",
            advice="check for a forced command or a restricted shell for this account",
        )


def _once(call: Callable[[], None]) -> Callable[[], None]:
    lock, calls = threading.Lock(), [call]

    def first_time() -> None:
        with lock, suppress(IndexError):
            calls.pop()()

    return first_time


def _tell_nobody(_: str) -> None:
    """For callers that do not watch."""
