"""A byte stream to a gateway's SSH port: by TCP, through a jump host, or by the user's proxy command."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import threading
import time
from typing import Any

import paramiko

from wizard.ssh.cutoff import Cutoff
from wizard.ssh.errors import LinkLost, NameUnknown, NoAnswer, PortRefused, SessionRefused, Unreachable
from wizard.ssh.target import Target

KEEPALIVE_S = 15
"""How long a silent connection stays untested, seconds."""
USER_TIMEOUT_MS = 30_000
"""How long sent data may stay unacknowledged before the kernel gives the connection up, milliseconds."""

Wire = socket.socket | paramiko.Channel


class Deadline:
    """A moment that a whole phase must be done by, shared by everything that waits in it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds left, never less than a little, because zero means "do not wait" or "for ever" to some."""
        return max(0.05, self._until - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether there is no time left."""
        return time.monotonic() >= self._until


def connect(target: Target, deadline: Deadline, cutoff: Cutoff) -> Wire:
    """A TCP connection (or the user's own proxy command) to a target that is reached directly."""
    if target.proxy_command:
        return _through_command(target.proxy_command, cutoff)
    addresses = _addresses(target, deadline)
    failure: OSError = OSError()
    for number, (family, address) in enumerate(addresses):
        wire = socket.socket(family, socket.SOCK_STREAM)
        cutoff.add(lambda wire=wire: _hang_up(wire))  # type: ignore[misc]
        try:
            wire.settimeout(deadline.left / (len(addresses) - number))
            wire.connect(address)
            _watch_over(wire)
        except OSError as error:
            wire.close()
            failure = error
            continue
        return wire
    if cutoff.is_cut:
        raise LinkLost(target, f"the connection to {target.label} was given up")
    raise _unreachable(target, failure, [str(address[0]) for _, address in addresses], deadline)


def through(hop: paramiko.Transport, via: Target, target: Target, deadline: Deadline, cutoff: Cutoff) -> Wire:
    """A connection that a jump host, logged in to already, makes to the next host (direct-tcpip)."""
    try:
        channel = hop.open_channel("direct-tcpip", (target.host, target.port), ("", 0), timeout=deadline.left)
    except paramiko.ChannelException as error:
        if error.code == 1:
            raise SessionRefused(
                via,
                f"the jump host {via.label} does not allow connections to {target.host}:{target.port}",
                advice="allow it there (sshd_config: AllowTcpForwarding, PermitOpen) or use another one",
            ) from error
        raise Unreachable(
            target,
            f"the jump host {via.label} cannot connect to {target.host}:{target.port}",
            advice="check the address and whether SSH runs there, from the jump host",
        ) from error
    except (paramiko.SSHException, EOFError, OSError) as error:
        if deadline.passed:
            raise NoAnswer(
                target,
                f"the jump host {via.label} got no answer from {target.host}:{target.port} "
                f"in {deadline.seconds:.0f} s",
                advice="check from the jump host whether the address is right and reachable",
            ) from error
        raise LinkLost(via, f"the connection to the jump host {via.label} was lost") from error
    cutoff.add(channel.close)
    return channel


def _addresses(target: Target, deadline: Deadline) -> list[tuple[socket.AddressFamily, Any]]:
    """Resolves with a deadline, which getaddrinfo itself has not: dead name servers are part of the trade."""
    answers: list[list[tuple[socket.AddressFamily, Any]] | socket.gaierror | UnicodeError] = []

    def ask() -> None:
        try:
            found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            answers.append(list(dict.fromkeys((family, address) for family, _, _, _, address in found)))
        except (socket.gaierror, UnicodeError) as error:
            answers.append(error)

    asking = threading.Thread(target=ask, name="name lookup", daemon=True)
    asking.start()
    asking.join(deadline.left)
    answer = answers[0] if answers else None
    if isinstance(answer, list):
        return answer
    if answer is None or (isinstance(answer, socket.gaierror) and answer.errno == socket.EAI_AGAIN):
        what = "the name service does not answer"
    else:
        what = "there is no such name"
    raise NameUnknown(
        target,
        f"the name {target.host!r} of {target.label} cannot be resolved: {what}",
        advice="check `host` in the inventory, or write the address there",
    )


def _through_command(command: str, cutoff: Cutoff) -> socket.socket:
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {command}"],
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=subprocess.DEVNULL,
        )
    # Reaps it, whenever it ends.
    threading.Thread(target=process.wait, name="proxy command", daemon=True).start()
    cutoff.add(process.terminate)
    cutoff.add(lambda: _hang_up(ours))
    return ours


def _hang_up(wire: socket.socket) -> None:
    try:
        # Wakes up a thread that reads from it, which close alone does not.
        wire.shutdown(socket.SHUT_RDWR)
    finally:
        wire.close()


def _watch_over(wire: socket.socket) -> None:
    """Lets the kernel notice a peer that is gone: SSH's own keepalive only sends."""
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # Linux has all four; where one is missing the deadlines of every read remain.
    for name, value in (
        ("TCP_KEEPIDLE", KEEPALIVE_S),
        ("TCP_KEEPINTVL", 5),
        ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", USER_TIMEOUT_MS),
    ):
        if hasattr(socket, name):
            wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _unreachable(target: Target, error: OSError, tried: list[str], deadline: Deadline) -> Unreachable:
    where = "" if tried == [target.host] else f" (tried {', '.join(tried)})"
    if error.errno == errno.ECONNREFUSED:
        return PortRefused(
            target,
            f"{target.label} refuses connections to port {target.port}{where}",
            advice="check whether sshd runs there, on which port, and what a firewall rejects",
        )
    if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        return NoAnswer(
            target,
            f"no answer from {target.label} within {deadline.seconds:.0f} s{where}",
            advice="check the address, the route to it, and whether a firewall drops port "
            f"{target.port} (a jump host may be needed)",
        )
    why = os.strerror(error.errno) if error.errno else type(error).__name__
    return Unreachable(
        target, f"{target.label} cannot be reached: {why}{where}", advice="check this machine's route to it"
    )
