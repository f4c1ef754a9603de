"""What keeps the program from a gateway: one class for each thing an operator would do differently.

LinkProblem                 WizardError; has `target`, the gateway or hop it is about
├── Unreachable             no TCP connection
│   ├── NameUnknown         the name does not resolve
│   ├── PortRefused         the machine answers, nothing listens there (or a firewall rejects)
│   └── NoAnswer            silence until the deadline, at any phase before the login
├── NotSsh                  something answers that does not speak SSH, or hangs up before it does
├── IncompatibleAlgorithms  SSH, but no algorithm in common
├── HostKeyProblem          the other side's identity
│   ├── UnknownHostKey      never seen: the operator can accept it once
│   ├── ChangedHostKey      not the one that is known: full stop
│   │   └── OtherHostKeyType  the same stop, for a key of a type that is not on record
│   └── RevokedHostKey      marked as revoked
├── NeedsSecret             a passphrase, password or answer is missing: ask, and open again
├── LoginFailed             everything there was to try was refused
└── LinkLost                the connection ended or was closed
    └── SessionRefused      the connection stands, the gateway opens no (further) session on it
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from wizard.errors import ExitCode, Place, WizardError
from wizard.records import dataclass

if TYPE_CHECKING:
    from paramiko import PKey

    from wizard.ssh.target import Target

SecretKind = Literal["passphrase", "password", "answer", "sudo"]
"""passphrase of a key file, password of an account, answer to a question of the server, password for sudo."""


_ON_A_TERMINAL = "or run where it can be asked for (not unattended)"
_WITHOUT_ASKING: dict[SecretKind, str] = {
    "passphrase": f"load the key into ssh-agent, {_ON_A_TERMINAL}",
    "password": f"set up a key for this account, {_ON_A_TERMINAL}",
    "answer": f"set up a key for this account, {_ON_A_TERMINAL}",
    "sudo": f"allow this account the commands without a password (NOPASSWD in sudoers), {_ON_A_TERMINAL}",
}


class LinkProblem(WizardError):
    """Something between this program and a gateway; `target` is the gateway or the jump host concerned."""

    exit_code: ClassVar[ExitCode] = ExitCode.LOGIN_FAILED

    def __init__(
        self, target: Target, message: str, *, place: Place | None = None, advice: str | None = None
    ) -> None:
        self.target = target
        super().__init__(message, place=place, advice=advice)


class Unreachable(LinkProblem):
    """There is no TCP connection to the gateway's SSH port."""


class NameUnknown(Unreachable):
    """The host name does not resolve to an address."""


class PortRefused(Unreachable):
    """The machine, or a firewall before it, refuses connections to the port."""


class NoAnswer(Unreachable):
    """Nothing came back before the deadline."""


class NotSsh(LinkProblem):
    """What answers at the port does not introduce itself as SSH."""


class IncompatibleAlgorithms(LinkProblem):
    """Both sides speak SSH and have no key exchange, host key, cipher or MAC in common."""

    def __init__(
        self, target: Target, message: str, *, advice: str | None = None, offered: tuple[str, ...] = ()
    ) -> None:
        self.offered = offered
        """What the gateway offers for the part that failed, in its own names."""
        super().__init__(target, message, advice=advice)


class HostKeyProblem(LinkProblem):
    """The gateway's host key is not the one on record; `fingerprint` is as ssh-keygen prints it."""

    def __init__(
        self,
        target: Target,
        key: PKey,
        message: str,
        *,
        place: Place | None = None,
        advice: str | None = None,
    ) -> None:
        self.key = key
        self.host = target.host_key_name
        self.port = target.port
        self.key_type = key.get_name()
        self.fingerprint = fingerprint(key)
        super().__init__(target, message, place=place, advice=advice)


class UnknownHostKey(HostKeyProblem):
    """A first contact: the operator compares the fingerprint and accepts it, or not."""


class ChangedHostKey(HostKeyProblem):
    """Another key than the one on record; there is no way to go on but to correct the record."""

    def __init__(
        self, target: Target, key: PKey, known: tuple[str, ...], message: str, *, place: Place, advice: str
    ) -> None:
        self.known_fingerprints = known
        super().__init__(target, key, message, place=place, advice=advice)


class OtherHostKeyType(ChangedHostKey):
    """The host is on record with other types of key only, and no longer offers any of those."""


class RevokedHostKey(HostKeyProblem):
    """The key is marked @revoked: whoever holds it must not be trusted."""


class NeedsSecret(LinkProblem):
    """Something only the operator knows is missing: put it into Secrets and open again.

    `prompt` is one line for the operator, with the gateway's own words as plain text; `echo` is whether
    what is typed may be shown; `refused` is whether an earlier answer was not accepted.
    """

    def __init__(
        self,
        target: Target,
        kind: SecretKind,
        subject: str,
        prompt: str,
        *,
        echo: bool = False,
        refused: bool = False,
    ) -> None:
        self.kind = kind
        self.subject = subject
        self.prompt = prompt
        self.echo = echo
        self.refused = refused
        again = "; the one given was refused" if refused else ""
        super().__init__(
            target,
            f"{target.label} needs something that was not given: {prompt}{again}",
            advice=_WITHOUT_ASKING[kind],
        )


@dataclass(frozen=True, slots=True)
class Attempt:
    """One thing that was tried at a login, and how it went, so that the operator need not guess."""

    method: str
    """agent key, key file, password, keyboard-interactive, none."""
    subject: str
    """Which key, file or prompt; never a secret."""
    outcome: str

    def __str__(self) -> str:
        return (
            f"{self.method} {self.subject}: {self.outcome}"
            if self.subject
            else f"{self.method}: {self.outcome}"
        )


class LoginFailed(LinkProblem):
    """The gateway refused everything there was to try; `tried` lists it in order."""

    def __init__(self, target: Target, message: str, *, tried: tuple[Attempt, ...], advice: str) -> None:
        self.tried = tried
        super().__init__(target, message, advice=advice)


class LinkLost(LinkProblem):
    """The connection ended in mid-use, or was closed on our side."""


class SessionRefused(LinkLost):
    """The gateway stays connected and opens no further session; commands cannot be run now."""


def fingerprint(key: PKey) -> str:
    """The SHA-256 fingerprint as OpenSSH writes it, so that it can be compared by eye with ssh-keygen -l."""
    return str(key.fingerprint)
