"""What the user's ssh_config says about a host: asked of OpenSSH, read by paramiko where there is none.

Only OpenSSH knows all of its file's meaning (Include, Match, canonical names). paramiko's reader does not
follow Include and takes a Match criterion it does not know as fulfilled, so its fallback gets the file with
the one resolved and the other left out.
"""

from __future__ import annotations

import getpass
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import paramiko

from wizard.errors import InputError, Place
from wizard.records import dataclass

QUERY_S = 10.0
"""How long `ssh -G` may take (a `Match exec` runs the user's own commands), seconds."""

_DEFAULT_KEYS = frozenset(
    f"~/.ssh/{name}"
    for name in (
        "id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk", "id_xmss", "id_dsa",
    )
)  # fmt: skip
_KNOWN_CRITERIA = frozenset(
    {"host", "originalhost", "user", "localuser", "exec", "all", "final", "canonical"}
)
_MAX_INCLUDES = 16


@dataclass(frozen=True, slots=True)
class HostConfig:
    """The part of ssh_config that matters here; None or empty where it says nothing."""

    hostname: str | None = None
    user: str | None = None
    port: int | None = None
    identity_files: tuple[Path, ...] = ()
    known_hosts: tuple[Path, ...] = ()
    proxy_jump: tuple[str, ...] = ()
    proxy_command: str | None = None
    identities_only: bool = False
    identity_agent: str | None = None
    host_key_alias: str | None = None


def read_config(
    host: str, *, user: str | None = None, port: int | None = None, file: Path | None = None
) -> HostConfig:
    """The configuration for a host name or alias; `file` replaces the user's and the system's files.

    `user` and `port` are those given on the command line in OpenSSH's terms, because Match may look at them.
    Raises InputError where OpenSSH itself would refuse the file.
    """
    program = shutil.which("ssh")
    if program is None:
        return _by_paramiko(host, user, file)
    return _by_openssh(program, host, user, port, file)


def _by_openssh(program: str, host: str, user: str | None, port: int | None, file: Path | None) -> HostConfig:
    command = [program, "-T", "-G"]
    command += ["-F", str(file)] if file else []
    command += ["-l", user] if user else []
    command += ["-p", str(port)] if port else []
    try:
        answer = subprocess.run(
            [*command, "--", host],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=QUERY_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"reading the ssh configuration for {host!r} took longer than {QUERY_S:.0f} s",
            advice=f"try `ssh -G {host}`; a `Match exec` in ssh_config may hang",
        ) from error
    if answer.returncode != 0:
        lines = answer.stderr.strip().splitlines()
        what = lines[0] if lines else f"exit code {answer.returncode}"
        raise InputError(
            f"ssh cannot read its configuration for {host!r}: {what}", advice="correct that file"
        )
    options: dict[str, list[str]] = {}
    for line in answer.stdout.splitlines():
        key, _, value = line.partition(" ")
        options.setdefault(key.lower(), []).append(value)
    return _host_config(options, host)


def _host_config(options: Mapping[str, list[str]], host: str) -> HostConfig:
    def one(key: str) -> str | None:
        value = options.get(key, [""])[0]
        return value if value and value.lower() != "none" else None

    hostname = one("hostname") or host
    user, port = one("user"), int(one("port") or 22)
    tokens = {
        "d": str(Path.home()),
        "h": hostname,
        "p": str(port),
        "r": user or "",
        "n": host,
        "u": getpass.getuser(),
    }
    named = options.get("identityfile", [])
    keys = (
        () if set(named) <= _DEFAULT_KEYS else tuple(_path(name, tokens) for name in named if name != "none")
    )
    jump, proxy = one("proxyjump"), one("proxycommand")
    agent = options.get("identityagent", [""])[0]
    return HostConfig(
        hostname=hostname,
        user=user,
        port=port,
        identity_files=tuple(path for path in keys if path.exists()),
        known_hosts=tuple(
            _path(name, tokens)
            for key in ("userknownhostsfile", "globalknownhostsfile")
            for name in _file_names(options.get(key, []))
            if name != "none"
        ),
        proxy_jump=tuple(jump.split(",")) if jump else (),
        proxy_command=expand(proxy, tokens) if proxy else None,
        identities_only=one("identitiesonly") == "yes",
        identity_agent=_agent(agent, tokens),
        host_key_alias=one("hostkeyalias"),
    )


def _agent(value: str, tokens: Mapping[str, str]) -> str | None:
    if not value or value == "SSH_AUTH_SOCK":
        return None
    if value.lower() == "none":
        return ""
    return value if value.startswith("$") else str(_path(value, tokens))


def _file_names(values: Iterable[str]) -> Iterator[str]:
    """`ssh -G` prints several files on one line and quotes none: what starts no path belongs to the last."""
    for value in values:
        names: list[str] = []
        for part in value.replace('"', "").split(" "):
            if names and part and not part.startswith(("/", "~", "%", "$")):
                names[-1] += f" {part}"
            elif part:
                names.append(part)
        yield from names


def _path(name: str, tokens: Mapping[str, str]) -> Path:
    return Path(expand(name, tokens)).expanduser()


def expand(text: str, tokens: Mapping[str, str]) -> str:
    """Replaces OpenSSH's %-tokens; one that is not known here stays as it is (ssh_config(5), TOKENS)."""
    parts = text.split("%%")
    for token, value in tokens.items():
        parts = [part.replace(f"%{token}", value) for part in parts]
    return "%".join(parts)


def _by_paramiko(host: str, user: str | None, file: Path | None) -> HostConfig:
    files = [file] if file else [Path("~/.ssh/config").expanduser(), Path("/etc/ssh/ssh_config")]
    lines: list[str] = []
    for path in files:
        if path.exists():
            # Always matches, so that the first file's last block does not take in the second's first lines.
            lines += ["Host *", *_resolved(path, "Host *", depth=0)]
    config = paramiko.SSHConfig.from_text("\n".join(lines))
    try:
        found: dict[str, Any] = dict(config.lookup(host))
    except (paramiko.SSHException, paramiko.ConfigParseError) as error:
        raise InputError(
            f"the ssh configuration for {host!r} cannot be read: {error}", place=Place(str(files[0]))
        ) from error
    options = {key: value if isinstance(value, list) else [value] for key, value in found.items()}
    options.setdefault("userknownhostsfile", ["~/.ssh/known_hosts ~/.ssh/known_hosts2"])
    options.setdefault("globalknownhostsfile", ["/etc/ssh/ssh_known_hosts"])
    if user is not None:
        options["user"] = [user]
    return _host_config(options, host)


def _resolved(path: Path, header: str, depth: int) -> Iterator[str]:
    """The lines of a file with Include followed and without the Match blocks paramiko would misread."""
    if depth > _MAX_INCLUDES:
        raise InputError("ssh_config includes itself", place=Place(str(path)), advice="take one Include out")
    skipping = False
    for line in path.read_text(errors="replace").splitlines():
        keyword, _, rest = line.strip().replace("=", " ", 1).partition(" ")
        keyword = keyword.lower()
        if keyword in {"host", "match"}:
            header = line
            skipping = keyword == "match" and not _understood(rest)
        if skipping:
            continue
        if keyword != "include":
            yield line
            continue
        for pattern in rest.replace('"', "").split():
            below = Path(pattern).expanduser()
            base = below if below.is_absolute() else path.parent / below
            for included in sorted(base.parent.glob(base.name)):
                yield from _resolved(included, header, depth + 1)
        yield header


def _understood(criteria: str) -> bool:
    words = criteria.replace("=", " ").split()
    position = 0
    while position < len(words):
        word = words[position].lower().lstrip("!")
        if word not in _KNOWN_CRITERIA:
            return False
        if word == "exec":
            # Its command may hold anything; it is the last criterion in practice.
            return True
        position += 1 if word in {"all", "final", "canonical"} else 2
    return True
