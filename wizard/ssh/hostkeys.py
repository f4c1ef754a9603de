"""Whether a gateway is who it was: the user's and the system's known_hosts, and our own list beside them.

The user's files are only read. A key the operator accepts goes to our own file. There is no way past a key
that differs from the one on record. Format: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import threading
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import paramiko

from wizard.errors import InputError, Place
from wizard.records import dataclass
from wizard.ssh.errors import ChangedHostKey, OtherHostKeyType, RevokedHostKey, UnknownHostKey
from wizard.ssh.target import Target

_ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")}
"""The algorithms that use a type of key, where they are not named like it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a known_hosts file; `blob` is the public key as it goes over the wire."""

    place: Place
    marker: str
    hosts: str
    key_type: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """The SHA-256 fingerprint as OpenSSH writes it."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")
        return f"SHA256:{digest}"

    def names(self, host: str, port: int) -> bool:
        """Whether this line is about that host and port; hosts are hashed, or patterns with `!` for "not"."""
        name = host_name(host, port)
        if self.hosts.startswith("|1|"):
            return _hash_matches(self.hosts, name)
        found = False
        for pattern in self.hosts.lower().split(","):
            if fnmatchcase(name, _glob(pattern.removeprefix("!"))):
                if pattern.startswith("!"):
                    return False
                found = True
        return found


class KnownHosts:
    """The host keys on record: in `own`, which `accept` writes to, and in the files a target names."""

    def __init__(self, own: Path) -> None:
        self.own = own
        self._lock = threading.Lock()

    def entries(self, target: Target) -> list[Entry]:
        """All lines about a target, the user's files first.

        Raises InputError for a file that exists and cannot be read; lines that make no sense are passed
        over, as OpenSSH does.
        """
        found: list[Entry] = []
        for path in (*target.known_hosts, self.own):
            found.extend(entry for entry in _read(path) if entry.names(target.host_key_name, target.port))
        return found

    def algorithms(self, target: Target) -> tuple[str, ...]:
        """The host key algorithms to ask for first, so that a host shows the key that is on record."""
        types = dict.fromkeys(entry.key_type for entry in self.entries(target) if not entry.marker)
        return tuple(name for key_type in types for name in _ALGORITHMS.get(key_type, (key_type,)))

    def check(self, target: Target, key: paramiko.PKey) -> None:
        """Returns when the key is on record, else raises UnknownHostKey, ChangedHostKey or RevokedHostKey."""
        entries = self.entries(target)
        blob, key_type = key.asbytes(), key.get_name()
        plain = [entry for entry in entries if not entry.marker]
        revoked = next(
            (entry for entry in entries if entry.marker == "@revoked" and entry.blob == blob), None
        )
        if revoked is not None:
            raise RevokedHostKey(
                target,
                key,
                f"{target.label} shows a host key that is marked as revoked ({revoked.fingerprint})",
                place=revoked.place,
                advice="do not log in; find out who holds that key",
            )
        if any(entry.blob == blob for entry in plain):
            return
        if plain:
            raise _changed(target, key, [entry for entry in plain if entry.key_type == key_type], plain)
        authority = any(entry.marker == "@cert-authority" for entry in entries)
        also = (
            " (a certificate authority is on record for it, which is not supported here)" if authority else ""
        )
        raise UnknownHostKey(
            target,
            key,
            f"the host key of {target.label} is not on record{also}: {key_type} {_fingerprint(key)}",
            advice="compare the fingerprint with the gateway's own "
            "(on its console: ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub) and accept it",
        )

    def accept(self, unknown: UnknownHostKey) -> None:
        """Puts a key the operator has accepted on our own record, made 0600 in a folder made 0700."""
        self.add(unknown.host, unknown.port, unknown.key)

    def add(self, host: str, port: int, key: paramiko.PKey) -> None:
        """Puts a key on our own record; a key that is there already is not repeated."""
        line = f"{host_name(host, port)} {key.get_name()} {key.get_base64()}\n"
        with self._lock:
            self.own.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.own, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "r+", encoding="utf-8") as file:
                text = file.read()
                if line in text.splitlines(keepends=True):
                    return
                file.write(f"\n{line}" if text and not text.endswith("\n") else line)
                file.flush()
                os.fsync(file.fileno())


def host_name(host: str, port: int) -> str:
    """How known_hosts spells a host: in lower case, `[host]:port` unless the port is 22."""
    name = host.lower()
    return name if port == 22 else f"[{name}]:{port}"


def _changed(
    target: Target, key: paramiko.PKey, same_type: list[Entry], all_known: list[Entry]
) -> ChangedHostKey:
    name = host_name(target.host_key_name, target.port)
    known = same_type or all_known
    place = known[0].place
    advice = (
        "ask the gateway's administrator whether its key was replaced; if so, and only then: "
        f"ssh-keygen -f {place.file} -R '{name}'"
    )
    fingerprints = tuple(entry.fingerprint for entry in known)
    shows = f"{target.label} shows {key.get_name()} {_fingerprint(key)}"
    if same_type:
        message = f"the host key has changed: {shows}, on record is {' or '.join(fingerprints)}"
        return ChangedHostKey(target, key, fingerprints, message, place=place, advice=advice)
    record = " and ".join(f"{entry.key_type} {entry.fingerprint}" for entry in known)
    message = f"the host key is of another type than the one on record: {shows}, on record is only {record}"
    return OtherHostKeyType(target, key, fingerprints, message, place=place, advice=advice)


def _fingerprint(key: paramiko.PKey) -> str:
    return str(key.fingerprint)


def _glob(pattern: str) -> str:
    """known_hosts knows `*` and `?` only: brackets belong to `[host]:port`."""
    return pattern.replace("[", "[[]")


def _hash_matches(hosts: str, name: str) -> bool:
    try:
        _, _, salt, digest = hosts.split("|")
        expected = base64.b64decode(digest, validate=True)
        computed = hmac.new(base64.b64decode(salt, validate=True), name.encode(), hashlib.sha1).digest()
    except (ValueError, binascii.Error):
        return False
    return hmac.compare_digest(expected, computed)


def _read(path: Path) -> Iterator[Entry]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise InputError(
            f"the known host keys cannot be read: {error.strerror}",
            place=Place(str(path)),
            advice="make the file readable, or name another one as `known_hosts` in the inventory",
        ) from error
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        marker = words.pop(0) if words[0].startswith("@") else ""
        if len(words) < 3:
            continue
        try:
            blob = base64.b64decode(words[2], validate=True)
        except (ValueError, binascii.Error):
            continue
        yield Entry(Place(str(path), number), marker, words[0], words[1], blob)
