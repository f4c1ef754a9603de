"""Proves who we are to a gateway: agent and key files first, then what the operator is asked for.

The order spares the operator prompts and the gateway's patience (OpenSSH hangs up after six attempts): keys
the agent holds, with those named first; named key files that need no passphrase; then what has to be asked
for: passphrases, keyboard-interactive questions, the password. What is missing is raised as NeedsSecret;
the front end asks and opens the connection again, so no thread of paramiko ever waits for a person.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paramiko
from paramiko.ssh_exception import AuthenticationException, BadAuthenticationType

from wizard.ssh.errors import Attempt, LoginFailed, NeedsSecret, NoAnswer, fingerprint
from wizard.ssh.keys import (
    Agent,
    KeyFile,
    UnusableKey,
    WrongPassphrase,
    agent_socket,
    default_keys,
    inspect,
)
from wizard.ssh.plain import one_line
from wizard.ssh.questions import Questions
from wizard.ssh.secrets import Secrets
from wizard.ssh.target import Target

MAX_KEYS = 5
"""OpenSSH's MaxAuthTries is six, and one must be left for the password."""
MAX_FACTORS = 4
"""More steps than any gateway asks for."""

_PARTIAL = "accepted, and the gateway wants more"


class UnusableAgentKey(Exception):
    """The agent offered a key, `blob`, and would not sign with it (locked, confirmation declined)."""

    def __init__(self, blob: bytes) -> None:
        self.blob = blob
        super().__init__("the agent does not sign")


class Login:
    """One login on one transport; `tried` is the account of it, also when it fails."""

    def __init__(
        self, transport: paramiko.Transport, target: Target, secrets: Secrets, unusable: frozenset[bytes]
    ) -> None:
        self.transport = transport
        self.target = target
        self.secrets = secrets
        self.unusable = unusable
        self.tried: list[Attempt] = []
        self._allowed: set[str] = set()
        self._keys_tried = 0
        self._closing: list[Agent] = []

    def run(self) -> None:
        """Returns when the gateway has let us in.

        Raises NeedsSecret when something has to be asked for, LoginFailed when there is nothing left to try,
        NoAnswer when the gateway fell silent, UnusableAgentKey when the transport was lost to an agent.
        """
        try:
            if self._attempt("none", "", lambda: self.transport.auth_none(self.target.user)):
                return
            self.tried.clear()
            for _ in range(MAX_FACTORS):
                factors = len(self.tried)
                if self._with_keys() or self._with_answers():
                    return
                if not any(attempt.outcome == _PARTIAL for attempt in self.tried[factors:]):
                    break
            raise self._failed()
        finally:
            for agent in self._closing:
                agent.close()

    def _attempt(self, method: str, subject: str, call: Callable[[], list[str]]) -> bool:
        """Tries one thing and writes it down; True when the gateway lets us in."""
        started = time.monotonic()
        try:
            further = call()
        except BadAuthenticationType as error:
            self._allowed = set(error.allowed_types)
            self._note(method, subject, "not accepted by this gateway")
        except AuthenticationException as error:
            if not self.transport.is_active():
                self._note(method, subject, "the gateway ended the connection (too many attempts?)")
                raise self._failed() from error
            if time.monotonic() - started >= self.transport.auth_timeout:
                raise NoAnswer(
                    self.target,
                    f"{self.target.label} stopped answering during the login",
                    advice="try again; a name or directory service that hangs on the gateway does this",
                ) from error
            self._note(method, subject, "refused")
        else:
            if self.transport.is_authenticated():
                self._note(method, subject, "accepted")
                return True
            self._allowed = set(further)
            self._note(method, subject, _PARTIAL)
        return False

    def _note(self, method: str, subject: str, outcome: str) -> None:
        self.tried.append(Attempt(method, subject, outcome))

    def _with_keys(self) -> bool:
        for method, subject, key in self._keys():
            if "publickey" not in self._allowed:
                return False
            if self._keys_tried == MAX_KEYS:
                self._note(
                    method, subject, f"not tried, the gateway may hang up after {MAX_KEYS + 1} attempts"
                )
                continue
            self._keys_tried += 1
            try:
                if self._attempt(method, subject, lambda key=key: self._offer(key)):  # type: ignore[misc]
                    return True
            except (paramiko.SSHException, OSError, EOFError) as error:
                if isinstance(key, paramiko.AgentKey):
                    raise UnusableAgentKey(key.blob) from error
                self._note(method, subject, "the connection was lost")
                raise self._failed() from error
        return False

    def _offer(self, key: paramiko.PKey) -> list[str]:
        return list(self.transport.auth_publickey(self.target.user, key))

    def _keys(self) -> Iterator[tuple[str, str, paramiko.PKey]]:
        """The keys in the order they are offered; those that need a passphrase come last."""
        files = [
            file for path in self.target.identity_files or default_keys() if (file := self._inspected(path))
        ]
        named = {file.public for file in files}
        agent = self._agent_keys()
        matching = [key for key in agent if key.asbytes() in named]
        others = [] if self.target.identities_only else [key for key in agent if key not in matching]
        held = {key.asbytes() for key in matching}
        files = [file for file in files if file.public not in held]
        plain = [file for file in files if not file.encrypted]
        if not self.target.identity_files:
            matching, others = matching + others, []
        for key in matching:
            yield "agent key", _name(key), key
        for file in plain:
            try:
                yield "key file", str(file.path), file.load()
            except UnusableKey as error:
                self._note("key file", str(file.path), str(error))
        for key in others:
            yield "agent key", _name(key), key
        for file in files:
            if file.encrypted and "publickey" in self._allowed and (opened := self._opened(file)):
                yield "key file", str(file.path), opened

    def _inspected(self, path: Path) -> KeyFile | None:
        try:
            return inspect(path)
        except UnusableKey as error:
            self._note("key file", str(path), str(error))
            return None

    def _agent_keys(self) -> list[paramiko.AgentKey]:
        path = agent_socket(self.target)
        if path is None:
            return []
        try:
            agent = Agent(path, self.transport.auth_timeout)
        except (OSError, paramiko.SSHException):
            self._note("agent", path, "does not answer")
            return []
        self._closing.append(agent)
        keys = []
        for key in agent.get_keys():
            if key.blob in self.unusable:
                self._note("agent key", _name(key), "the agent does not sign with it")
            else:
                keys.append(key)
        return keys

    def _opened(self, file: KeyFile) -> paramiko.PKey | None:
        subject = str(file.path)
        secret = self.secrets.get("passphrase", subject)
        refused = False
        if secret is not None:
            try:
                return file.load(secret.reveal())
            except WrongPassphrase:
                self.secrets.forget("passphrase", subject)
                refused = True
            except UnusableKey as error:
                self._note("key file", subject, str(error))
                return None
        if self.secrets.declined("passphrase", subject):
            self._note("key file", subject, "needs a passphrase that was not given")
            return None
        raise NeedsSecret(self.target, "passphrase", subject, f"passphrase of {subject}", refused=refused)

    def _with_answers(self) -> bool:
        """keyboard-interactive first, as OpenSSH does: it can ask for a second factor."""
        account, questions = self.target.address, None
        password = self.secrets.get("password", account)
        if not self.transport.is_active() or not self._allowed & {"password", "keyboard-interactive"}:
            return False
        if "password" in self._allowed and password is None:
            # Asked for before anything is sent: an attempt without an answer would count as a failed login.
            self._ask_password(refused=False)
        if "keyboard-interactive" in self._allowed:
            questions = Questions(self.target, self.secrets)
            if self._interactive(questions):
                return True
        asked_already = questions is not None and questions.password_given
        if "password" not in self._allowed or password is None or asked_already:
            return False
        if self._attempt("password", "", lambda: list(self._send_password(password.reveal()))):
            return True
        if self.tried[-1].outcome == "refused":
            self.secrets.forget("password", account)
            self._ask_password(refused=True)
        return False

    def _send_password(self, password: str) -> list[str]:
        return list(self.transport.auth_password(self.target.user, password, fallback=False))

    def _ask_password(self, *, refused: bool) -> None:
        account = self.target.address
        if self.secrets.declined("password", account):
            self._note("password", "", "not given")
            return
        raise NeedsSecret(self.target, "password", account, f"password of {account}", refused=refused)

    def _interactive(self, questions: Questions) -> bool:
        try:
            if self._attempt(
                "keyboard-interactive",
                "",
                lambda: list(self.transport.auth_interactive(self.target.user, questions)),
            ):
                return True
        except (LoginFailed, paramiko.SSHException, OSError, EOFError) as error:
            if questions.missing is not None:
                raise questions.missing from None
            if not self.transport.is_active():
                subject = questions.declined_prompt
                self._note(
                    "keyboard-interactive", subject, "not answered" if subject else "the connection was lost"
                )
                raise self._failed() from error
        if self.tried[-1].outcome == "refused" and questions.last is not None:
            if questions.password_given:
                self.secrets.forget("password", self.target.address)
            raise questions.last
        return False

    def _failed(self) -> LoginFailed:
        tried = tuple(self.tried)
        account = (
            "; ".join(str(attempt) for attempt in tried) or "nothing, there was no key and nothing to ask for"
        )
        accepts = ", ".join(sorted(self._allowed)) or "unknown"
        return LoginFailed(
            self.target,
            f"{self.target.label} did not let us in. Tried: {account}. It accepts: {accepts}",
            tried=tried,
            advice="check `user` and `identity_file` in the inventory, and authorized_keys on the gateway",
        )


def _name(key: paramiko.AgentKey) -> str:
    comment = one_line(str(getattr(key, "comment", "") or ""), 60)
    return f"{comment} {fingerprint(key)}" if comment else fingerprint(key)
