"""Where a gateway is and how to log in to it: the inventory's words completed from the user's ssh_config."""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from wizard.errors import InputError
from wizard.records import dataclass
from wizard.ssh.openssh import read_config

MAX_JUMPS = 8
"""More hops than anybody has; a longer chain is a loop."""

_HOST = re.compile(r"[A-Za-z0-9_.:%][A-Za-z0-9_.:%-]*")
_USER = re.compile(r"[^\s@:\x00-\x1f\x7f-][^\s\x00-\x1f\x7f]*")
_JUMP = re.compile(
    r"(?:ssh://)?(?:(?P<user>[^@/\s]+)@)?"
    r"(?P<host>\[[^\]\s]+\]|[^\[\]:/@\s]+|[0-9A-Fa-f]*:[0-9A-Fa-f.]*:[0-9A-Fa-f.:]*)(?::(?P<port>[0-9]+))?/?"
)


@dataclass(frozen=True, slots=True)
class Given:
    """What the inventory says outright; whatever is None is left to ssh_config and OpenSSH's defaults."""

    host: str | None = None
    port: int | None = None
    user: str | None = None
    identity_file: Path | None = None
    known_hosts: Path | None = None
    jump: tuple[str, ...] | None = None
    """Gateway names or ssh_config aliases, the first hop first; empty for "directly"."""
    legacy: bool = False
    """Whether weak algorithms are accepted, for gateways that have no others."""


@dataclass(frozen=True, slots=True)
class Target:
    """A gateway or jump host, with everything that a connection to it needs to know."""

    alias: str
    """The name the operator uses for it."""
    host: str
    port: int = 22
    user: str = "root"
    identity_files: tuple[Path, ...] = ()
    """Named key files; empty when nothing is named, and then the usual ones are looked for."""
    known_hosts: tuple[Path, ...] = ()
    """The user's and the system's files; ours is read besides."""
    jump: tuple[Target, ...] = ()
    """The hops on the way, the first one first; their own `jump` is not looked at."""
    legacy: bool = False
    identities_only: bool = False
    """Whether the agent may offer named keys only (IdentitiesOnly)."""
    agent: str | None = None
    """Socket of the agent; None for SSH_AUTH_SOCK, empty for no agent (IdentityAgent)."""
    host_key_alias: str | None = None
    """The name under which the host key is on record, if not the host name (HostKeyAlias)."""
    proxy_command: str | None = None
    """A local command that carries the connection; only ever from the user's own ssh_config."""

    @property
    def address(self) -> str:
        """`user@host:port`, with brackets around an IPv6 address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.user}@{host}:{self.port}"

    @property
    def label(self) -> str:
        """How messages name it: the operator's word for it and where that is."""
        return self.address if self.alias == self.host else f"{self.alias} ({self.address})"

    @property
    def host_key_name(self) -> str:
        """The name its host key is looked up and recorded under."""
        return self.host_key_alias or self.host


Lookup = Callable[[str], Given | None]
"""From a gateway name to what the inventory says about it; None for a name that is not in the inventory."""


def resolve(
    name: str, given: Given | None = None, *, lookup: Lookup = lambda _: None, ssh_config: Path | None = None
) -> Target:
    """Completes an inventory entry (or an ssh_config alias, without `given`) to a target.

    What the inventory says wins over ssh_config; `ssh_config` stands in for the user's own and the system's
    file (OpenSSH's -F). Raises InputError for names that cannot be hosts, for unusable ssh_config and for a
    chain of jumps that comes back to itself.
    """
    return _resolve(name, given or Given(), lookup, ssh_config, ())


def _resolve(
    name: str, given: Given, lookup: Lookup, ssh_config: Path | None, above: tuple[str, ...]
) -> Target:
    if name in above or len(above) > MAX_JUMPS:
        way = " → ".join((*above, name))
        raise InputError(
            f"the jump hosts of {above[0]!r} form a loop: {way}", advice="take one of the jumps out"
        )
    host = given.host or name
    if not _HOST.fullmatch(host):
        raise InputError(f"gateway {name!r}: {host!r} is not a host name or an address")
    if given.user is not None and not _USER.fullmatch(given.user):
        raise InputError(f"gateway {name!r}: {given.user!r} is not a user name")
    config = read_config(host, user=given.user, port=given.port, file=ssh_config)
    jumps = given.jump if given.jump is not None else config.proxy_jump
    hops = _hops(jumps, lookup, ssh_config, (*above, name))
    user = given.user or config.user or getpass.getuser()
    return Target(
        alias=name,
        host=config.hostname or host,
        port=given.port or config.port or 22,
        user=user,
        identity_files=(given.identity_file.expanduser(),) if given.identity_file else config.identity_files,
        known_hosts=(given.known_hosts.expanduser(),) if given.known_hosts else config.known_hosts,
        jump=hops,
        legacy=given.legacy,
        identities_only=config.identities_only and given.identity_file is None,
        agent=config.identity_agent,
        host_key_alias=config.host_key_alias,
        proxy_command=None if hops or given.jump is not None else config.proxy_command,
    )


def _hops(
    jumps: Sequence[str], lookup: Lookup, ssh_config: Path | None, above: tuple[str, ...]
) -> tuple[Target, ...]:
    """The chain in order; only the first hop's own jumps count: the next ones are reached through it."""
    hops: list[Target] = []
    for jump in jumps:
        entry, name = lookup(jump), jump
        if entry is None:
            match = _JUMP.fullmatch(jump)
            if match is None:
                raise InputError(
                    f"gateway {above[-1]!r}: {jump!r} is not a jump host",
                    advice="write a gateway's name, an ssh_config alias or user@host:port",
                )
            name = match["host"].strip("[]")
            entry = Given(user=match["user"], port=int(match["port"]) if match["port"] else None)
        hop = _resolve(name, entry, lookup, ssh_config, above)
        if not hops:
            hops.extend(hop.jump)
        hops.append(hop)
    return tuple(hops)
