"""SSH to gateways: the only room that knows paramiko.

resolve(name, Given(...))      inventory entry + ssh_config → Target
Connection.open(target, …)     strict host keys, agent, keys, prompts as NeedsSecret → Connection
run_batch(connection, …)       many commands, one round trip → Outputs
start_watch, start_batch       the same while other things run, also on the other gateway
"""

from __future__ import annotations

from wizard.ssh import lean as lean  # isort: skip
from wizard.ssh.batch import (
    HOLD,
    Batch,
    Become,
    Hold,
    Step,
    Watch,
    commands_of,
    new_marker,
    render,
    run_batch,
    start_batch,
    start_watch,
)
from wizard.ssh.connection import Connection
from wizard.ssh.cutoff import Cutoff
from wizard.ssh.delivery import deliver, obtain
from wizard.ssh.errors import (
    Attempt,
    ChangedHostKey,
    HostKeyProblem,
    IncompatibleAlgorithms,
    LinkLost,
    LinkProblem,
    LoginFailed,
    NameUnknown,
    NeedsSecret,
    NoAnswer,
    NotSsh,
    OtherHostKeyType,
    PortRefused,
    RevokedHostKey,
    SessionRefused,
    UnknownHostKey,
    Unreachable,
)
from wizard.ssh.frame import split
from wizard.ssh.hostkeys import KnownHosts
from wizard.ssh.log import log_to
from wizard.ssh.meter import Meter, Reading
from wizard.ssh.recorded import Parsed, frame, parse_script
from wizard.ssh.running import Captured, Raw, Running
from wizard.ssh.script import held, last_word
from wizard.ssh.secrets import Secret, Secrets
from wizard.ssh.target import Given, Lookup, Target, resolve

__all__ = [
    "HOLD",
    "Attempt",
    "Batch",
    "Become",
    "Captured",
    "ChangedHostKey",
    "Connection",
    "Cutoff",
    "Given",
    "Hold",
    "HostKeyProblem",
    "IncompatibleAlgorithms",
    "KnownHosts",
    "LinkLost",
    "LinkProblem",
    "LoginFailed",
    "Lookup",
    "Meter",
    "NameUnknown",
    "NeedsSecret",
    "NoAnswer",
    "NotSsh",
    "OtherHostKeyType",
    "Parsed",
    "PortRefused",
    "Raw",
    "Reading",
    "RevokedHostKey",
    "Running",
    "Secret",
    "Secrets",
    "SessionRefused",
    "Step",
    "Target",
    "UnknownHostKey",
    "Unreachable",
    "Watch",
    "commands_of",
    "deliver",
    "frame",
    "held",
    "last_word",
    "log_to",
    "new_marker",
    "obtain",
    "parse_script",
    "render",
    "resolve",
    "run_batch",
    "split",
    "start_batch",
    "start_watch",
]
