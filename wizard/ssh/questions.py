"""keyboard-interactive: a gateway's questions, answered from what the operator has given before."""

from __future__ import annotations

import re

import paramiko

from wizard.ssh.errors import NeedsSecret, SecretKind
from wizard.ssh.plain import one_line
from wizard.ssh.secrets import Secrets
from wizard.ssh.target import Target

_PASSWORD = re.compile(r"password", re.IGNORECASE)
_NOT_THE_PASSWORD = re.compile(r"one.?time|otp|token|verification|code|new password", re.IGNORECASE)


class Questions:
    """Answers a server's questions; called on paramiko's thread, where nobody can be asked.

    A question without an answer ends the connection, because an empty answer would count as a failed login;
    `missing` then says what to ask the operator for.
    """

    def __init__(self, target: Target, secrets: Secrets) -> None:
        self.target = target
        self.secrets = secrets
        self.missing: NeedsSecret | None = None
        self.declined_prompt = ""
        self.password_given = False
        self.last: NeedsSecret | None = None
        """The question answered last, put again, for when the gateway refuses."""

    def __call__(self, title: str, instructions: str, prompts: list[tuple[str, bool]]) -> list[str]:
        """The answers to one round of questions; raises SSHException when there is none."""
        return [self._answer(one_line(text), echo) for text, echo in prompts]

    def _answer(self, prompt: str, echo: bool) -> str:
        is_password = bool(not echo and _PASSWORD.search(prompt) and not _NOT_THE_PASSWORD.search(prompt))
        asked_again = is_password and self.password_given
        account = self.target.address
        kind: SecretKind = "password" if is_password else "answer"
        subject = account if is_password else f"{account} {prompt}"
        words = f"{prompt.rstrip(': ')} ({account})"
        secret = None if asked_again else self.secrets.get(kind, subject)
        if secret is not None:
            self.password_given = self.password_given or is_password
            self.last = NeedsSecret(self.target, kind, subject, words, echo=echo, refused=True)
            if not is_password:
                # Serves once: the next login gets another question, or the same with another answer.
                self.secrets.forget(kind, subject)
            return secret.reveal()
        if asked_again:
            self.secrets.forget(kind, subject)
        if self.secrets.declined(kind, subject):
            self.declined_prompt = prompt
        else:
            self.missing = NeedsSecret(self.target, kind, subject, words, echo=echo, refused=asked_again)
        raise paramiko.SSHException(f"no answer to a question for a {kind}")
