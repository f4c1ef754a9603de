"""Hosts that other tools already know: `Host` entries of ssh_config, and Ansible inventories in INI and YAML.

They are offered as choices and never taken over unasked. Only what says where a host is and how to log in is
read; passwords in an inventory stay there.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from wizard.errors import InputError, Place

MOST_HOSTS: Final = 500
"""Hosts taken from one source; a longer list cannot be chosen from, and a range may spell out millions."""
_DEEPEST: Final = 16
"""Files that may include each other, as in OpenSSH."""
_LARGEST: Final = 4 * 1024 * 1024
_RANGE: Final = re.compile(r"\[([0-9]+|[a-zA-Z]):([0-9]+|[a-zA-Z])(?::([0-9]+))?\]")
_YAML: Final = re.compile(r"^(?:---|[\w.-]+:\s*(?:#.*)?$)", re.MULTILINE)
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*\Z")


@dataclass(frozen=True, slots=True)
class Host:
    """One host as another tool knows it; what is empty or None was not said there."""

    name: str
    source: str
    """Where it stands, for people."""
    address: str = ""
    port: int | None = None
    user: str = ""
    identity_file: str = ""
    sudo: bool = False


# --- ssh_config -----------------------------------------------------------------------------------


def from_ssh_config(path: Path) -> tuple[Host, ...]:
    """The `Host` entries without wildcards, in their order; the address is the alias: ssh_config applies.

    `Include` is followed as OpenSSH does. A missing file has no hosts; raises InputError for one that cannot
    be read.
    """
    if not path.exists():
        return ()
    names = dict.fromkeys(_aliases(path, path.parent, 0))
    return tuple(Host(name, str(path), address=name) for name in list(names)[:MOST_HOSTS])


def _aliases(path: Path, base: Path, depth: int) -> Iterator[str]:
    for line in _read(path).splitlines():
        keyword, words = _option(line)
        if keyword == "host":
            yield from (word for word in words if _NAME.match(word))
        elif keyword == "include" and depth < _DEEPEST:
            for pattern in words:
                for found in _matching(base, pattern):
                    yield from _aliases(found, base, depth + 1)


def _matching(base: Path, pattern: str) -> list[Path]:
    where = base / Path(pattern).expanduser()
    root = Path(where.anchor)
    return sorted(path for path in root.glob(str(where.relative_to(root))) if path.is_file())


def _option(line: str) -> tuple[str, list[str]]:
    """Keyword in lower case and its arguments; OpenSSH takes `Key value`, `Key=value` and quotes."""
    matched = re.match(r"\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.*)", line)
    if matched is None:
        return "", []
    try:
        return matched[1].lower(), shlex.split(matched[2], comments=True)
    except ValueError:
        return matched[1].lower(), matched[2].split()


# --- Ansible --------------------------------------------------------------------------------------


def from_ansible(path: Path) -> tuple[Host, ...]:
    """The hosts of an Ansible inventory file, YAML or INI, with the connection variables written in it.

    Variables of a group apply to its hosts, those of a host win. Files in host_vars and group_vars and values
    with templates are not read. Raises InputError, with the place, for a file that is neither form.
    """
    text = _read(path)
    if path.suffix in (".yaml", ".yml", ".json") or re.search(
        r"^(?:---|[\w.-]+:\s*(?:#.*)?$)", text, re.MULTILINE
    ):
        found = _yaml_hosts(path, text)
    else:
        found = _ini_hosts(path, text)
    hosts = [_host(name, variables, str(path)) for name, variables in found.items() if _NAME.match(name)]
    return tuple(hosts[:MOST_HOSTS])


Variables = dict[str, object]


def _host(name: str, variables: Mapping[str, object], source: str) -> Host:
    def text(*names: str) -> str:
        for key in names:
            value = variables.get(key)
            if isinstance(value, str | int) and not isinstance(value, bool) and "{{" not in str(value):
                return str(value)
        return ""

    port = text("ansible_port", "ansible_ssh_port")
    become = str(variables.get("ansible_become", "")).lower() in ("true", "yes", "1", "on")
    return Host(
        name=name,
        source=source,
        address=text("ansible_host", "ansible_ssh_host") or name,
        port=int(port) if port.isascii() and port.isdigit() and 0 < int(port) < 65536 else None,
        user=text("ansible_user", "ansible_ssh_user"),
        identity_file=text("ansible_ssh_private_key_file", "ansible_private_key_file"),
        sudo=become and text("ansible_become_method") in ("", "sudo"),
    )


class _Tolerant(yaml.SafeLoader):
    """Reads inventories with tags it does not know (`!vault`, `!unsafe`) and makes nothing of them."""


_Tolerant.add_multi_constructor("!", lambda loader, suffix, node: None)


def _yaml_hosts(path: Path, text: str) -> dict[str, Variables]:
    try:
        content = yaml.load(text, Loader=_Tolerant)  # noqa: S506  a SafeLoader by descent
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(str(path), mark.line + 1, mark.column + 1) if mark is not None else Place(str(path))
        raise InputError(
            "this YAML cannot be read", place=place, advice="check it with ansible-inventory"
        ) from None
    own: dict[str, Variables] = {}
    inherited: dict[str, Variables] = {}
    if isinstance(content, dict):
        for group in content.values():
            _yaml_group(group, {}, own, inherited, 0)
    return {name: {**inherited[name], **variables} for name, variables in own.items()}


def _yaml_group(
    group: Any, above: Variables, own: dict[str, Variables], inherited: dict[str, Variables], depth: int
) -> None:
    if not isinstance(group, dict) or depth > _DEEPEST:
        return
    said_here = group.get("vars")
    variables = {**above, **(said_here if isinstance(said_here, dict) else {})}
    hosts = group.get("hosts")
    for pattern, said in (hosts if isinstance(hosts, dict) else {}).items():
        for name in _spelled_out(str(pattern)):
            inherited.setdefault(name, {}).update(variables)
            own.setdefault(name, {}).update(said if isinstance(said, dict) else {})
    children = group.get("children")
    for child in (children if isinstance(children, dict) else {}).values():
        _yaml_group(child, variables, own, inherited, depth + 1)


def _ini_hosts(path: Path, text: str) -> dict[str, Variables]:
    members: dict[str, list[str]] = {}
    children: dict[str, list[str]] = {}
    group_variables: dict[str, Variables] = {}
    host_variables: dict[str, Variables] = {}
    section, kind = "ungrouped", "hosts"
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        if line.startswith("["):
            header = re.match(r"\[([^\]:]+)(?::(vars|children|hosts))?\]\s*(?:[#;].*)?$", line)
            if header is None:
                raise InputError("this is no section of an Ansible inventory", place=Place(str(path), number))
            section, kind = header[1].strip(), header[2] or "hosts"
        elif kind == "vars":
            name, _, value = line.partition("=")
            group_variables.setdefault(section, {})[name.strip()] = value.strip().strip("\"'")
        elif kind == "children":
            children.setdefault(section, []).append(line.split()[0])
        else:
            pattern, variables = _ini_entry(path, number, line)
            for name in _spelled_out(pattern):
                members.setdefault(section, []).append(name)
                host_variables.setdefault(name, {}).update(variables)
    return _inherited(members, children, group_variables, host_variables)


def _ini_entry(path: Path, number: int, line: str) -> tuple[str, Variables]:
    try:
        pattern, *words = shlex.split(line, comments=True)
    except ValueError:
        raise InputError("a quotation mark is not closed", place=Place(str(path), number)) from None
    variables: Variables = {}
    for word in words:
        name, _, value = word.partition("=")
        variables[name] = value
    host, colon, port = pattern.rpartition(":")
    if colon and port.isdigit() and ":" not in host and "[" not in port:
        pattern = host
        variables.setdefault("ansible_port", port)
    return pattern, variables


def _inherited(
    members: Mapping[str, list[str]],
    children: Mapping[str, list[str]],
    group_variables: Mapping[str, Variables],
    host_variables: dict[str, Variables],
) -> dict[str, Variables]:
    """The hosts with the variables of their groups below their own, the nearer group above the farther."""
    parents: dict[str, list[str]] = {}
    for parent, below in children.items():
        for child in below:
            parents.setdefault(child, []).append(parent)
    found: dict[str, Variables] = {}
    for group, names in members.items():
        chain: list[str] = []
        waiting = [group]
        while waiting and len(chain) <= _DEEPEST:
            current = waiting.pop(0)
            if current not in chain:
                chain.append(current)
                waiting.extend(parents.get(current, ()))
        if "all" not in chain:
            chain.append("all")
        for name in names:
            merged = found.setdefault(name, {})
            for current in chain:
                for key, value in group_variables.get(current, {}).items():
                    merged.setdefault(key, value)
    for name, own in host_variables.items():
        found.setdefault(name, {}).update(own)
    return found


def _spelled_out(pattern: str) -> list[str]:
    """The names a pattern with ranges (`gw[01:12]`, `gw-[a:c]`) stands for."""
    matched = _RANGE.search(pattern)
    if matched is None:
        return [pattern]
    first, last, step = matched[1], matched[2], int(matched[3] or 1) or 1
    if first.isdigit() and last.isdigit():
        width = len(first) if first.startswith("0") else 0
        values = [str(value).zfill(width) for value in range(int(first), int(last) + 1, step)[:MOST_HOSTS]]
    elif not first.isdigit() and not last.isdigit():
        values = [chr(value) for value in range(ord(first), ord(last) + 1, step)]
    else:
        return [pattern]
    before, after = pattern[: matched.start()], pattern[matched.end() :]
    names = [before + value + rest for value in values for rest in _spelled_out(after)[:MOST_HOSTS]]
    return names[:MOST_HOSTS]


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise InputError(f"it cannot be read: {error.strerror}", place=Place(str(path))) from None
    if len(content) > _LARGEST:
        raise InputError("it is too large to be a list of hosts", place=Place(str(path)))
    return content.decode("utf-8", "replace")
