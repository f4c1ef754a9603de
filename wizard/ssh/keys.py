"""Private keys for a login: files, read without guessing their kind, and the agent's, with a deadline."""

from __future__ import annotations

import base64
import binascii
import os
import socket
import struct
from pathlib import Path

import paramiko
from paramiko.agent import AgentSSH

from wizard.records import dataclass
from wizard.ssh.target import Target

DEFAULT_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")
"""The files in ~/.ssh that are looked for when nothing is named."""

_CLASSES: dict[str, type[paramiko.PKey]] = {
    "ssh-ed25519": paramiko.Ed25519Key,
    "ssh-rsa": paramiko.RSAKey,
    "ecdsa-sha2-nistp256": paramiko.ECDSAKey,
    "ecdsa-sha2-nistp384": paramiko.ECDSAKey,
    "ecdsa-sha2-nistp521": paramiko.ECDSAKey,
    "RSA": paramiko.RSAKey,
    "EC": paramiko.ECDSAKey,
}
_OPENSSH_MAGIC = b"openssh-key-v1\x00"


class UnusableKey(Exception):
    """A key file cannot serve; its text is a clause that says why, without anything of the key."""


class WrongPassphrase(UnusableKey):
    """The passphrase does not open the key file."""


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A private key on disk, as far as it can be read without its passphrase."""

    path: Path
    kind: str
    encrypted: bool
    public: bytes | None
    """The public key as it goes over the wire, where the file gives it away, to find it in the agent."""

    def load(self, passphrase: str | None = None) -> paramiko.PKey:
        """The key itself, with the certificate beside it (`…-cert.pub`) when there is one.

        Raises WrongPassphrase, or UnusableKey when the file is damaged.
        """
        try:
            key = _CLASSES[self.kind].from_private_key_file(
                str(self.path), passphrase if self.encrypted else None
            )
        except (paramiko.SSHException, ValueError, TypeError, OSError, IndexError) as error:
            if self.encrypted:
                raise WrongPassphrase("the passphrase does not open it") from error
            raise UnusableKey(f"it cannot be read ({type(error).__name__})") from error
        certificate = self.path.with_name(f"{self.path.name}-cert.pub")
        if certificate.exists():
            try:
                key.load_certificate(str(certificate))
            except (paramiko.SSHException, ValueError, OSError) as error:
                raise UnusableKey(f"its certificate {certificate.name} cannot be read") from error
        return key


def inspect(path: Path) -> KeyFile:
    """Reads what a key file says about itself; raises UnusableKey with the reason when it is none."""
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError as error:
        raise UnusableKey("there is no such file") from error
    except OSError as error:
        raise UnusableKey(f"it cannot be read ({error.strerror})") from error
    if text.startswith("PuTTY-User-Key-File"):
        raise UnusableKey("it is in PuTTY's format (convert it: puttygen KEY -O private-openssh -o FILE)")
    if "PRIVATE KEY-----" not in text:
        raise UnusableKey("it is not a private key")
    kind, _, _ = text.partition("-----BEGIN ")[2].partition("PRIVATE KEY-----")
    kind = kind.strip()
    if kind == "OPENSSH":
        return _inspect_openssh(path, text)
    if kind not in _CLASSES:
        raise UnusableKey(
            "it is in PKCS#8 or an unknown format (convert a copy of it: ssh-keygen -p -f FILE)"
        )
    return KeyFile(path, kind, "ENCRYPTED" in text, None)


def _inspect_openssh(path: Path, text: str) -> KeyFile:
    """PROTOCOL.key of OpenSSH: magic, cipher, kdf, kdf options, number of keys, public key, private part."""
    body = "".join(line for line in text.splitlines() if line and not line.startswith("-----"))
    try:
        data = base64.b64decode(body, validate=True)
        if not data.startswith(_OPENSSH_MAGIC):
            raise ValueError
        rest = data[len(_OPENSSH_MAGIC) :]
        cipher, rest = _string(rest)
        _, rest = _string(rest)
        _, rest = _string(rest)
        public, _ = _string(rest[4:])
        kind = _string(public)[0].decode("ascii")
    except (ValueError, binascii.Error, struct.error) as error:
        raise UnusableKey("it is damaged") from error
    if kind not in _CLASSES:
        raise UnusableKey(f"keys of type {kind} are not supported outside an agent")
    return KeyFile(path, kind, cipher != b"none", public)


def _string(data: bytes) -> tuple[bytes, bytes]:
    (length,) = struct.unpack_from(">I", data)
    if len(data) < 4 + length:
        raise ValueError
    return data[4 : 4 + length], data[4 + length :]


class Agent(AgentSSH):
    """ssh-agent with a deadline for each of its answers: a forwarded agent can hang with its link."""

    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(timeout_s)
        try:
            connection.connect(path)
            self._connect(connection)  # type: ignore[attr-defined]
        except (OSError, paramiko.SSHException):
            connection.close()
            raise

    def close(self) -> None:
        """Ends the conversation with the agent."""
        self._close()  # type: ignore[attr-defined]


def agent_socket(target: Target) -> str | None:
    """The socket of the agent to ask: IdentityAgent, else SSH_AUTH_SOCK; None for no agent."""
    if target.agent is None:
        return os.environ.get("SSH_AUTH_SOCK") or None
    return os.path.expandvars(target.agent) or None


def default_keys() -> tuple[Path, ...]:
    """The usual key files that are there."""
    folder = Path("~/.ssh").expanduser()
    return tuple(folder / name for name in DEFAULT_KEYS if (folder / name).is_file())
