"""Logins: what is tried in which order, what is asked for, and what is said when nothing is left."""

from __future__ import annotations

import base64
import os
import pickle
import subprocess
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from tests.ssh.conftest import Open, Start, needs_openssh
from tests.ssh.server import KEYS, Gateway
from wizard.errors import ExitCode
from wizard.ssh import Connection, KnownHosts, LoginFailed, NeedsSecret, Secret, Secrets

NO_KEYS = {"accepts_key": None}


def test_a_named_key_logs_in(start: Start, connect: Open) -> None:
    connection = connect(start())
    assert connection.alive
    assert connection.software.startswith("SSH-2.0-")
    assert connection.host_key.startswith("ecdsa-sha2-nistp256 SHA256:")
    assert [(attempt.method, attempt.outcome) for attempt in connection.tried] == [("key file", "accepted")]


def test_a_refused_key_is_named_with_what_would_be_accepted(
    start: Start, connect: Open, key_file: Path
) -> None:
    with pytest.raises(LoginFailed) as failed:
        connect(start(accepts_key=KEYS["other"]))
    assert [str(attempt) for attempt in failed.value.tried] == [f"key file {key_file}: refused"]
    assert "gw-a (vpn@127.0.0.1:" in str(failed.value)
    assert "It accepts: publickey" in str(failed.value)
    assert failed.value.advice
    assert failed.value.exit_code is ExitCode.LOGIN_FAILED


def test_without_any_key_that_is_said(start: Start, connect: Open) -> None:
    with pytest.raises(LoginFailed, match="there was no key"):
        connect(start(), identity_files=())


def test_the_usual_key_files_are_looked_for_only_when_none_is_named(
    start: Start, connect: Open, home: Path
) -> None:
    (home / ".ssh").mkdir()
    KEYS["user"].write_private_key_file(str(home / ".ssh" / "id_ecdsa"))
    assert connect(start(), identity_files=()).alive
    with pytest.raises(LoginFailed):
        connect(start(), identity_files=(home / "other",))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "there is no such file"),
        ("PuTTY-User-Key-File-3: ssh-rsa", "PuTTY"),
        ("ecdsa-sha2-nistp256 AAAA", "not a private key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nbm90IGEga2V5\n-----END OPENSSH PRIVATE KEY-----\n", "damaged"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\n\x00\xff\n", "damaged"),
        ("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", "cannot be read"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "PKCS#8"),
    ],
)
def test_a_key_file_that_cannot_serve_is_named_with_the_reason(
    start: Start, connect: Open, tmp_path: Path, text: str | None, reason: str
) -> None:
    path = tmp_path / "key"
    if text is not None:
        path.write_text(text)
    with pytest.raises(LoginFailed) as failed:
        connect(start(), identity_files=(path,))
    assert reason in failed.value.tried[0].outcome


@needs_openssh
@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
@pytest.mark.parametrize("form", ["RFC4716", "PEM"])
def test_a_passphrase_is_asked_for_and_serves(
    start: Start, connect: Open, secrets: Secrets, tmp_path: Path, kind: str, form: str
) -> None:
    path = tmp_path / "key"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-m", form, "-N", "correct horse", "-f", str(path)], check=True
    )
    name, blob, *_ = path.with_suffix(".pub").read_text().split()
    public = paramiko.PKey.from_type_string(name, base64.b64decode(blob))
    gateway = start(accepts_key=public)
    with pytest.raises(NeedsSecret) as needed:
        connect(gateway, identity_files=(path,))
    assert (needed.value.kind, needed.value.subject, needed.value.refused) == ("passphrase", str(path), False)
    secrets.put(needed.value, Secret("wrong one"))
    with pytest.raises(NeedsSecret) as needed:
        connect(gateway, identity_files=(path,))
    assert needed.value.refused
    assert "wrong one" not in f"{needed.value}{needed.value!r}"
    secrets.put(needed.value, Secret("correct horse"))
    assert connect(gateway, identity_files=(path,)).alive


@needs_openssh
def test_a_declined_passphrase_is_not_asked_for_again(
    start: Start, connect: Open, secrets: Secrets, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "correct horse", "-f", str(path)], check=True)
    gateway = start()
    with pytest.raises(NeedsSecret) as needed:
        connect(gateway, identity_files=(path,))
    secrets.decline(needed.value)
    with pytest.raises(LoginFailed, match="needs a passphrase that was not given"):
        connect(gateway, identity_files=(path,))


def test_a_password_is_asked_for_before_anything_is_sent(
    start: Start, connect: Open, secrets: Secrets
) -> None:
    gateway = start(password="right", **NO_KEYS)
    with pytest.raises(NeedsSecret) as needed:
        connect(gateway)
    assert needed.value.kind == "password"
    assert gateway.attempts == []
    secrets.put(needed.value, Secret("right"))
    assert connect(gateway).alive


def test_a_wrong_password_is_tried_once_and_asked_for_again(
    start: Start, connect: Open, secrets: Secrets
) -> None:
    gateway = start(password="right", **NO_KEYS)
    secrets.store("password", gateway.target().address, Secret("wr0ng-w0rd"))
    with pytest.raises(NeedsSecret) as needed:
        connect(gateway)
    assert needed.value.refused
    assert gateway.attempts == [("password", "***")]
    assert "wr0ng-w0rd" not in f"{needed.value} {needed.value!r} {secrets!r}"
    secrets.decline(needed.value)
    with pytest.raises(LoginFailed, match="password: not given"):
        connect(gateway)


def test_questions_of_the_server_are_asked_one_after_the_other(
    start: Start, connect: Open, secrets: Secrets
) -> None:
    gateway = start(questions=[("Username: ", True, "admin"), ("Password: ", False, "pw")], **NO_KEYS)
    asked = []
    for answer in ("admin", "pw", "admin"):
        with pytest.raises(NeedsSecret) as needed:
            connect(gateway)
        asked.append((needed.value.kind, needed.value.prompt.split(" (")[0], needed.value.echo))
        secrets.put(needed.value, Secret(answer))
    # The first answer served once, on the way to the second question.
    assert asked == [
        ("answer", "Username", True),
        ("password", "Password", False),
        ("answer", "Username", True),
    ]
    assert connect(gateway).alive
    assert ("keyboard-interactive", "") in gateway.attempts


def test_a_one_time_password_is_never_answered_with_the_password(
    start: Start, connect: Open, secrets: Secrets
) -> None:
    gateway = start(questions=[("One-time password (OATH): ", False, "123456")], **NO_KEYS)
    secrets.store("password", gateway.target().address, Secret("the password"))
    with pytest.raises(NeedsSecret) as needed:
        connect(gateway)
    assert needed.value.kind == "answer"
    assert gateway.attempts == []
    secrets.put(needed.value, Secret("123456"))
    assert connect(gateway).alive
    assert secrets.get("answer", needed.value.subject) is None


def test_where_both_are_offered_the_stored_password_answers_the_question(
    start: Start, connect: Open, secrets: Secrets
) -> None:
    gateway = start(password="never used", questions=[("Password: ", False, "pw")], **NO_KEYS)
    secrets.store("password", gateway.target().address, Secret("pw"))
    connection = connect(gateway)
    assert [attempt.method for attempt in connection.tried] == ["keyboard-interactive"]


def test_a_wrong_answer_is_not_repeated_with_the_other_method(
    start: Start, connect: Open, secrets: Secrets
) -> None:
    gateway = start(password="right", questions=[("Password: ", False, "right")], **NO_KEYS)
    secrets.store("password", gateway.target().address, Secret("wrong"))
    with pytest.raises(NeedsSecret) as needed:
        connect(gateway)
    assert needed.value.refused
    assert len(gateway.attempts) == 1


def test_a_key_and_a_password_both_wanted(start: Start, connect: Open, secrets: Secrets) -> None:
    gateway = start(password="right", factors=("publickey", "password"))
    with pytest.raises(NeedsSecret) as needed:
        connect(gateway)
    assert needed.value.kind == "password"
    secrets.put(needed.value, Secret("right"))
    connection = connect(gateway)
    assert [attempt.outcome for attempt in connection.tried] == [
        "accepted, and the gateway wants more",
        "accepted",
    ]


def test_a_password_then_a_question(start: Start, connect: Open, secrets: Secrets) -> None:
    gateway = start(
        password="right",
        questions=[("Verification code: ", False, "42")],
        factors=("password", "keyboard-interactive"),
        **NO_KEYS,
    )
    secrets.store("password", gateway.target().address, Secret("right"))
    with pytest.raises(NeedsSecret) as needed:
        connect(gateway)
    assert needed.value.prompt.startswith("Verification code (")
    secrets.put(needed.value, Secret("42"))
    assert connect(gateway).alive


def test_a_gateway_that_hangs_up_after_too_many_attempts_is_said(start: Start, connect: Open) -> None:
    with pytest.raises(LoginFailed, match="too many attempts"):
        connect(start(accepts_key=KEYS["other"], max_attempts=1))


def test_terminal_sequences_in_a_prompt_are_taken_out(start: Start, connect: Open) -> None:
    gateway = start(questions=[("\x1b]0;pwned\x07\x1b[31mToken\n\nnow: ", False, "1")], **NO_KEYS)
    with pytest.raises(NeedsSecret) as needed:
        connect(gateway)
    assert needed.value.prompt.startswith("Token now (")


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "agent.sock"
    with subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        # It prints its environment once it listens.
        process.stdout.readline()
        monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
        yield path
        process.terminate()


def add_to_agent(key: paramiko.PKey, folder: Path, name: str) -> None:
    path = folder / name
    key.write_private_key_file(str(path))
    path.chmod(0o600)
    subprocess.run(["ssh-add", "-q", str(path)], check=True, stdin=subprocess.DEVNULL, env=os.environ)
    path.unlink()


@needs_openssh
def test_the_agent_is_asked_first(start: Start, connect: Open, agent: Path, tmp_path: Path) -> None:
    add_to_agent(KEYS["user"], tmp_path, "mine")
    connection = connect(start(), agent=None, identity_files=())
    assert [attempt.method for attempt in connection.tried] == ["agent key"]


@needs_openssh
def test_a_named_key_that_the_agent_holds_needs_no_passphrase(
    start: Start, connect: Open, agent: Path, tmp_path: Path
) -> None:
    for name in ("one", "two", "three", "four", "five", "six"):
        add_to_agent(paramiko.ECDSAKey.generate(), tmp_path, name)
    path = tmp_path / "named"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    public = paramiko.Ed25519Key(filename=str(path))
    subprocess.run(["ssh-add", "-q", str(path)], check=True, env=os.environ)
    subprocess.run(
        ["ssh-keygen", "-q", "-p", "-N", "secret phrase", "-f", str(path)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    gateway = start(accepts_key=public)
    connection = connect(gateway, agent=None, identity_files=(path,))
    assert [attempt.method for attempt in connection.tried] == ["agent key"]
    assert len(gateway.attempts) == 1


@needs_openssh
def test_only_named_keys_are_offered_when_the_configuration_says_so(
    start: Start, connect: Open, agent: Path, tmp_path: Path, key_file: Path
) -> None:
    add_to_agent(paramiko.ECDSAKey.generate(), tmp_path, "other")
    gateway = start(accepts_key=KEYS["other"])
    with pytest.raises(LoginFailed) as failed:
        connect(gateway, agent=None, identities_only=True)
    assert [attempt.method for attempt in failed.value.tried] == ["key file"]


@needs_openssh
def test_a_crowded_agent_does_not_use_up_the_gateways_patience(
    start: Start, connect: Open, agent: Path, tmp_path: Path
) -> None:
    for number in range(7):
        add_to_agent(paramiko.ECDSAKey.generate(), tmp_path, f"k{number}")
    gateway = start()
    with pytest.raises(LoginFailed, match="not tried"):
        connect(gateway, agent=None, identity_files=())
    assert len(gateway.attempts) == 5


@needs_openssh
def test_an_agent_that_does_not_sign_is_passed_over(
    start: Start, connect: Open, agent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_to_agent(paramiko.ECDSAKey.generate(), tmp_path, "stubborn")

    def refuse(self: paramiko.AgentKey, data: bytes, algorithm: str | None = None) -> bytes:
        raise paramiko.SSHException("key cannot be used for signing")

    monkeypatch.setattr(paramiko.AgentKey, "sign_ssh_data", refuse)
    connection = connect(start(), agent=None)
    assert [attempt.outcome for attempt in connection.tried] == ["accepted"]


def test_an_agent_that_is_gone_is_said(start: Start, connect: Open, tmp_path: Path) -> None:
    connection = connect(start(), agent=str(tmp_path / "gone.sock"))
    assert [str(attempt).partition(" ")[0] for attempt in connection.tried] == ["agent", "key"]
    assert "does not answer" in str(connection.tried[0])


def test_secrets_do_not_show() -> None:
    secret = Secret("s3cret-w0rd")
    secrets = Secrets()
    secrets.store("password", "vpn@gw:22", secret)
    assert "s3cret-w0rd" not in f"{secret!r} {secrets!r} {vars(Secret)}"
    for show in (str, "{}".format, lambda value: f"{value:>20}"):
        with pytest.raises(TypeError, match="reveal"):
            show(secret)
    with pytest.raises(TypeError, match="not written"):
        pickle.dumps(secret)
    assert secrets.values() == ("s3cret-w0rd",)


def test_a_login_reports_what_it_does(start: Start, known_hosts: KnownHosts, key_file: Path) -> None:
    gateway: Gateway = start()
    said: list[str] = []
    target = gateway.target(identity_files=(key_file,))
    with Connection.open(target, known_hosts, Secrets(), report=said.append):
        pass
    assert [words.rpartition(" gw-a")[0] for words in said] == [
        "connecting to",
        "checking the host key of",
        "logging in to",
    ]
