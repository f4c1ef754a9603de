"""Passwords and passphrases while they are needed: in memory only, and never as text by accident."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Final, NoReturn

from wizard.ssh.errors import NeedsSecret, SecretKind


class Secret:
    """A value that shows itself only to whoever asks by name; printing, formatting and pickling do not."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value: Final = value

    def reveal(self) -> str:
        """The value; call it where it is handed over and keep no copy."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __str__(self) -> NoReturn:
        raise TypeError("a Secret is not text; call reveal() where it is handed over")

    def __format__(self, _: str) -> NoReturn:
        raise TypeError("a Secret is not text; call reveal() where it is handed over")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not written anywhere")


@dataclass(slots=True)
class Secrets:
    """What the operator has typed in this run, by kind and subject (an account, a key file, a question).

    Safe to use from several threads. A subject that was declined is not asked for again.
    """

    _held: dict[tuple[SecretKind, str], Secret] = field(default_factory=dict, repr=False)
    _declined: set[tuple[SecretKind, str]] = field(default_factory=set, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def put(self, needed: NeedsSecret, secret: Secret) -> None:
        """Keeps the operator's answer to what was asked for."""
        self.store(needed.kind, needed.subject, secret)

    def store(self, kind: SecretKind, subject: str, secret: Secret) -> None:
        """Keeps a secret that is known beforehand."""
        with self._lock:
            self._held[kind, subject] = secret
            self._declined.discard((kind, subject))

    def decline(self, needed: NeedsSecret) -> None:
        """The operator does not want to give it: go on without, and do not ask again."""
        with self._lock:
            self._declined.add((needed.kind, needed.subject))
            self._held.pop((needed.kind, needed.subject), None)

    def declined(self, kind: SecretKind, subject: str) -> bool:
        """Whether the operator has said no to this one."""
        with self._lock:
            return (kind, subject) in self._declined

    def get(self, kind: SecretKind, subject: str) -> Secret | None:
        """The secret, or None when it has not been given."""
        with self._lock:
            return self._held.get((kind, subject))

    def forget(self, kind: SecretKind, subject: str) -> None:
        """Drops a secret that was refused or that serves once (an OTP)."""
        with self._lock:
            self._held.pop((kind, subject), None)

    def values(self) -> tuple[str, ...]:
        """All values held, for the redactor that keeps them out of the journal; never for display."""
        with self._lock:
            return tuple(secret.reveal() for secret in self._held.values())
