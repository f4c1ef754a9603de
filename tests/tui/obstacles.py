"""Obstacles on the way to a gateway, made without a connection."""

from __future__ import annotations

from typing import Any, cast

from wizard.errors import Place
from wizard.ssh import ChangedHostKey, NeedsSecret, Target, UnknownHostKey
from wizard.ssh.errors import SecretKind

SHOWN = "SHA256:shown7Zp0nq2o3V0b9wYzJx1mT5c6aK8dLeQfGhIjKl"
KNOWN = "ssh-ed25519 SHA256:known2o3V0b9wYzJx1mT5c6aK8dLeQfGhIjKlMnOpQr"


class _Key:
    """What the errors want of a key."""

    fingerprint = SHOWN

    def get_name(self) -> str:
        return "ssh-ed25519"


def target(host: str = "gw-b", port: int = 22) -> Target:
    return Target(alias=host, host="172.31.0.12", port=port, user="root")


def unknown_key(port: int = 22) -> UnknownHostKey:
    return UnknownHostKey(target(port=port), cast(Any, _Key()), "the host key of gw-b is not known")


def changed_key() -> ChangedHostKey:
    return ChangedHostKey(
        target(),
        cast(Any, _Key()),
        (KNOWN,),
        "it shows another host key than the one known",
        place=Place("/home/operator/.ssh/known_hosts", 7),
        advice="ask the administrator; if the key is right, take line 7 out",
    )


def secret(
    kind: SecretKind = "password", *, refused: bool = False, prompt: str = "root@gw-b's password:"
) -> NeedsSecret:
    return NeedsSecret(target(), kind, "root@gw-b", prompt, refused=refused)
