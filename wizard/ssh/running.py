"""A script at work on a gateway: both streams read at once, one deadline, bounded memory, never a hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property

import paramiko

from wizard.ssh.plain import plain

CHUNK_BYTES = 64 * 1024
LATE_STATUS_S = 2.0
"""How long an exit status may lag behind the end of both streams, and they behind it, seconds."""
LOST_CHECK_S = 0.3
"""How long the transport may take to notice that it is the connection that ended, seconds."""


@dataclass(frozen=True)
class Captured:
    """What is kept of one stream: all of it as `head`, or its head and tail with `dropped` bytes between."""

    head: bytes = b""
    tail: bytes = b""
    dropped: int = 0

    @property
    def gap(self) -> bytes:
        """The line that stands where bytes were dropped."""
        return b"\n[... %d bytes cut out ...]\n" % self.dropped if self.dropped else b""

    @property
    def data(self) -> bytes:
        """Head and tail with the gap marked."""
        return self.head + self.gap + self.tail


@dataclass(frozen=True)
class Raw:
    """All that came back from a script; kept as bytes, because framing has to be taken off first."""

    out: Captured = field(default_factory=Captured)
    err: Captured = field(default_factory=Captured)
    exit_code: int | None = None
    """None when it was killed by a signal, ended by us, or the gateway did not say."""
    elapsed_s: float = 0.0
    timed_out: bool = False
    lost: bool = False
    """Whether the connection ended before the script did."""
    cancelled: bool = False

    @classmethod
    def of(cls, stdout: str | bytes = b"", stderr: str | bytes = b"", exit_code: int | None = 0) -> Raw:
        """A complete result from texts, for recordings."""
        out, err = (text.encode() if isinstance(text, str) else text for text in (stdout, stderr))
        return cls(Captured(out), Captured(err), exit_code)

    @cached_property
    def stdout(self) -> str:
        """Standard output as harmless text."""
        return plain(self.out.data)

    @cached_property
    def stderr(self) -> str:
        """Standard error as harmless text."""
        return plain(self.err.data)

    @property
    def truncated(self) -> bool:
        """Whether bytes were dropped from either stream."""
        return bool(self.out.dropped or self.err.dropped)


class _Stream:
    """Collects one stream; what is beyond the limit is dropped from the middle."""

    def __init__(self, limit: int, last_word: bytes | None) -> None:
        self._keep = max(1, limit // 2)
        self._last_word = last_word
        self._latest = b""
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0
        self.ended = False
        """Whether nothing more is to come: the end of the stream, or the script's last word on it."""

    def add(self, data: bytes) -> None:
        if self._last_word:
            latest = self._latest + data
            self.ended = self.ended or self._last_word in latest
            self._latest = latest[-len(self._last_word) :]
        room = self._keep - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        # Twice the size before it is cut back, so that bytes are moved rarely.
        if len(self._tail) > 2 * self._keep:
            self._cut_back()

    def _cut_back(self) -> None:
        excess = len(self._tail) - self._keep
        if excess > 0:
            del self._tail[:excess]
            self._dropped += excess

    def holds(self, text: bytes) -> bool:
        seam = b"" if self._dropped else bytes(self._head[-len(text) :] + self._tail[: len(text)])
        return text in self._head or text in self._tail or text in seam

    def captured(self) -> Captured:
        self._cut_back()
        if not self._dropped:
            return Captured(bytes(self._head + self._tail))
        return Captured(bytes(self._head), bytes(self._tail), self._dropped)


class Running:
    """A script that was started; read its result once, wait for a text, let it go on, or end it.

    All methods may be called from any thread. Made by Connection.start.
    """

    def __init__(
        self,
        channel: paramiko.Channel,
        transport: paramiko.Transport,
        *,
        deadline_s: float,
        max_bytes: int,
        last_word: bytes | None,
        at_end: Callable[[], None],
    ) -> None:
        self._channel = channel
        self._transport = transport
        self._deadline_s = deadline_s
        self._started = time.monotonic()
        self._at_end = at_end
        self._changed = threading.Condition()
        self._out, self._err = _Stream(max_bytes, last_word), _Stream(max_bytes, last_word)
        self._last_data = self._started
        self._timed_out = self._cancelled = False
        self._raw: Raw | None = None
        self._over = threading.Lock()

    def begin(self) -> None:
        """Starts reading; the threads are daemons and end with the channel."""
        for stream, receive in ((self._out, self._channel.recv), (self._err, self._channel.recv_stderr)):
            threading.Thread(
                target=self._drain, args=(stream, receive), name="ssh output", daemon=True
            ).start()
        threading.Thread(target=self._watch, name="ssh deadline", daemon=True).start()

    def wait_for(self, text: str, timeout_s: float) -> bool:
        """Whether this text came on standard output in time; False as soon as it cannot come any more."""
        wanted, until = text.encode(), time.monotonic() + timeout_s
        with self._changed:
            while not self._out.holds(wanted):
                left = until - time.monotonic()
                if left <= 0 or self._out.ended:
                    return False
                self._changed.wait(left)
            return True

    def release(self, *, last: bool = True) -> None:
        """Sends an empty line, and the end of standard input after the last: a script that waits goes on."""
        with suppress(OSError, EOFError, paramiko.SSHException):
            self._channel.sendall(b"\n")
            if last:
                self._channel.shutdown_write()

    def cancel(self) -> None:
        """Stops reading at once; on the gateway the script notices when it next reads or writes."""
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()
        self._close()

    def result(self) -> Raw:
        """Waits until the script has ended, its deadline has passed or the link is gone; never raises."""
        with self._over:
            if self._raw is None:
                self._raw = self._finish()
            return self._raw

    def _finish(self) -> Raw:
        with self._changed:
            while not self._is_over():
                self._changed.wait()
        stopped = self._timed_out or self._cancelled
        if not stopped:
            self._channel.status_event.wait(LATE_STATUS_S)
        code = self._channel.exit_status if self._channel.status_event.is_set() else -1
        known = code >= 0
        lost = False
        if not known and not stopped:
            # The channel hears of the end before the transport says that it is no longer there.
            self._transport.join(LOST_CHECK_S)
            lost = not self._transport.is_alive()
        self._close()
        with self._changed:
            return Raw(
                out=self._out.captured(),
                err=self._err.captured(),
                exit_code=code if known else None,
                elapsed_s=time.monotonic() - self._started,
                timed_out=self._timed_out,
                lost=lost,
                cancelled=self._cancelled,
            )

    def _is_over(self) -> bool:
        return self._timed_out or self._cancelled or (self._out.ended and self._err.ended)

    def _drain(self, stream: _Stream, receive: Callable[[int], bytes]) -> None:
        while True:
            try:
                data = receive(CHUNK_BYTES)
            except (OSError, EOFError):
                data = b""
            with self._changed:
                if data:
                    stream.add(data)
                    self._last_data = time.monotonic()
                else:
                    stream.ended = True
                self._changed.notify_all()
            if not data:
                return

    def _watch(self) -> None:
        """Ends the script at its deadline, or when it has ended and something else keeps its output open."""
        # The exit status first; it may overtake output, so the streams get time to end or to fall silent.
        self._channel.status_event.wait(max(0.0, self._started + self._deadline_s - time.monotonic()))
        exited = time.monotonic()
        while True:
            with self._changed:
                now = time.monotonic()
                left = self._started + self._deadline_s - now
                quiet = max(exited, self._last_data) + LATE_STATUS_S - now
                if self._is_over():
                    break
                if left <= 0:
                    self._timed_out = True
                elif quiet <= 0 and self._channel.status_event.is_set():
                    self._out.ended = self._err.ended = True
                else:
                    self._changed.wait(max(0.001, min(left, quiet)))
                self._changed.notify_all()
        self._close()

    def _close(self) -> None:
        with suppress(OSError, EOFError, paramiko.SSHException):
            self._channel.close()
        self._at_end()
