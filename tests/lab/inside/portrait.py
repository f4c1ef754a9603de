"""All of a gateway that a change may touch, in lines: what is mended and undone must leave the same picture.

A portrait is a mapping of sections (files, loaded, rules, sysctls, routes, policies, units) to lines, so that two
of them can be compared anywhere.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.lab import healthy
from tests.lab.inside.gateway import Gateway
from tests.lab.inside.namespace import inside, read
from tests.lab.inside.pair import Pair
from tests.lab.inside.picture import picture
from tests.lab.inside.shell import must

Portrait = dict[str, list[str]]

_SYSCTLS = ("/proc/sys/net/ipv4", "/proc/sys/net/core", "/proc/sys/net/netfilter")
# Read, but set by the kernel itself as it goes.
_RESTLESS = ("nf_conntrack_count", "route/flush", "tcp_fastopen_key")
_SITE = re.compile(r"\b10\.[12]\.0\.")
_STROKE_END = ("Routed Connections", "Shunted Connections", "Security Associations")
# States of SAs and numbers that a reload gives anew say nothing about the configuration.
_PLUTO_RESTLESS = re.compile(
    r"newest|#\d|conn serial|eroute owner|routing:|\b(?:un)?routed|erouted|prospective"
)
_GUARD_NAME = "ipsec-wizard"


def portrait(pair: Pair, name: healthy.Gateway) -> Portrait:
    """What that gateway looks like now."""
    gateway = pair.gateways[name]
    network = picture(name)
    return {
        "files": sorted(_files(gateway.root / "etc", "/etc")),
        "loaded": _LOADED[pair.kind(name)](gateway),
        "rules": list(network.firewall),
        "sysctls": inside(name, lambda: sorted(_sysctls())),
        "routes": sorted(network.routes),
        "links": sorted(network.links),
        "policies": sorted(_policies(must(["ip", "-n", name, "xfrm", "policy"]))),
        "units": [f"{pair.daemon(name).unit}: {gateway.active(pair.daemon(name).unit)}"],
    }


def differences(before: Portrait, now: Portrait) -> list[str]:
    """What one portrait has and the other has not, a line each."""
    found: list[str] = []
    for section, lines in before.items():
        old, new = set(lines), set(now[section])
        found += [f"{section}: was: {line}" for line in sorted(old - new)]
        found += [f"{section}: is: {line}" for line in sorted(new - old)]
    return found


def leftovers(gateway: Gateway) -> list[str]:
    """What a finished change has left of its machinery: guards, units, timers, files beside, programs."""
    found = [
        str(path.relative_to(gateway.root))
        for place in ("etc", "var/lib", "root", "usr/local")
        for folder, folders, files in os.walk(gateway.root / place)
        for path in (Path(folder) / one for one in (*folders, *files))
        # A file that a remedy makes for good is called after the program, too, and lies in the open.
        if f"{_GUARD_NAME}-" in path.name and (path.name.startswith(".") or "systemd" in path.parts)
    ]
    guards = gateway.root / "var/lib" / _GUARD_NAME
    told = {guards / name for name in records(gateway)}
    found += [
        str(path.relative_to(gateway.root)) for path in guards.rglob("*") if not told & {path, *path.parents}
    ]
    units = gateway.run(f"systemctl list-units --all --no-legend --plain '{_GUARD_NAME}*'").stdout
    found += [f"unit {line}" for line in units.splitlines()]
    found += [f"running: {line}" for line in gateway.processes().values() if _GUARD_NAME in line]
    return sorted(set(found))


def records(gateway: Gateway) -> list[str]:
    """The guards that have undone everything and wait for whoever armed them to take notice, or for the next one."""
    guards = gateway.root / "var/lib" / _GUARD_NAME
    return sorted(
        undone.parent.name
        for undone in guards.glob("*/undone")
        if not (undone.parent / "undone-in-part").exists()
    )


def backups(gateway: Gateway) -> list[str]:
    """The files as they were before changes that were kept."""
    folder = gateway.root / "var/backups" / _GUARD_NAME
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _files(folder: Path, shown: str) -> Iterator[str]:
    for entry in os.scandir(folder):
        status = entry.stat(follow_symlinks=False)
        what = f"{shown}/{entry.name} {status.st_mode:o} {status.st_uid}:{status.st_gid}"
        if entry.is_symlink():
            yield f"{what} -> {Path(entry.path).readlink()}"
        elif entry.is_dir():
            # A folder's time changes with every file that is made beside another.
            yield what
            yield from _files(Path(entry.path), f"{shown}/{entry.name}")
        else:
            content = Path(entry.path).read_bytes() if entry.is_file() else b""
            yield f"{what} {status.st_mtime_ns} {hashlib.sha256(content).hexdigest()[:16]}"


def _sysctls() -> Iterator[str]:
    for top in _SYSCTLS:
        for folder, _, names in os.walk(top):
            for file in (f"{folder}/{name}" for name in names):
                if not file.endswith(_RESTLESS) and (text := read(file)):
                    yield f"{file} {text}"


def _policies(text: str) -> Iterator[str]:
    """Each policy in a line; those of tunnel `site` come and go with its SAs."""
    for block in re.split(r"^(?=src )", text, flags=re.MULTILINE):
        line = re.sub(r" spi 0x\w+", "", " ".join(block.split()))
        if re.search(r" reqid [1-9]", line):
            # The daemon's own: a trap and an SA have priorities that differ by one.
            line = re.sub(r" priority \d+", "", line)
        if line and not _SITE.search(line) and "socket" not in line:
            yield line


# --- what the daemon has loaded ---------------------------------------------------------------------


def _swanctl(gateway: Gateway) -> list[str]:
    listed = gateway.run("swanctl --list-conns; swanctl --list-pools; swanctl --list-authorities")
    keys = [f"{kind} {one}" for kind in ("shared", "keys") for one in _vici(gateway, f"get-{kind}")]
    certificates = loaded_certificates(gateway.run("swanctl --list-certs").stdout)
    return [*(line for line in listed.stdout.splitlines() if line.strip()), *certificates, *keys]


def loaded_certificates(listed: str) -> list[str]:
    """The gateway's own certificates and its authorities' in `swanctl --list-certs`, which has peers' too."""
    found: list[str] = []
    for block in re.split(r"^(?= *subject:)", listed, flags=re.MULTILINE):
        if re.search(r"has private key|^ *flags:.*\bCA\b", block, re.MULTILINE):
            found += [
                line.strip() for line in block.splitlines() if re.search(r"subject:|serial:|subjkey:", line)
            ]
    return found


def _stroke(gateway: Gateway) -> list[str]:
    said = gateway.run("ipsec statusall; ipsec listcerts; ipsec listcacerts").stdout.splitlines()
    begin = next((at for at, line in enumerate(said) if line.startswith("Connections:")), len(said))
    found = []
    for line in said[begin:]:
        if line.startswith(_STROKE_END):
            break
        found.append(line)
    certificates = [line for line in said if re.search(r"subject:|serial:|subjkey:", line)]
    return [*found, *certificates]


def _pluto(gateway: Gateway) -> list[str]:
    said = gateway.run("ipsec whack --connectionstatus || ipsec whack --status; ipsec whack --listall")
    lines = [line for line in said.stdout.splitlines() if '": ' in line or re.search(r"^000 +\d+: ", line)]
    return sorted(filter(None, map(configured, lines)))


def configured(line: str) -> str:
    """What a line of pluto's tells of the configuration, without the clauses on how it goes just now."""
    lasting = ";".join(clause for clause in line.split(";") if not _PLUTO_RESTLESS.search(clause)).strip()
    # Whether somebody has asked for it to be up is a thing of the moment, too.
    return lasting.replace("+UP+", "+")


_LOADED: dict[str, Callable[[Gateway], list[str]]] = {
    "swanctl": _swanctl,
    "ipsecconf": _stroke,
    "libreswan": _pluto,
}


def _vici(gateway: Gateway, command: str) -> list[str]:
    """The names of loaded secrets, which swanctl does not list; nothing where the daemon does not run."""
    path = f"/proc/{gateway.leader}/root/run/charon.vici"
    request = bytes([0, len(command)]) + command.encode()
    try:
        with socket.socket(socket.AF_UNIX) as talk:
            talk.settimeout(5)
            talk.connect(path)
            talk.sendall(len(request).to_bytes(4, "big") + request)
            length = int.from_bytes(_exactly(talk, 4), "big")
            answer = _exactly(talk, length)
    except OSError:
        return []
    # A list's items are 5, two bytes of length, the bytes (vici protocol, libcharon/plugins/vici/README.md).
    return sorted(one.decode(errors="replace") for one in re.findall(rb"(?s)\x05\x00.([ -~]+)", answer[1:]))


def _exactly(talk: socket.socket, length: int) -> bytes:
    got = b""
    while len(got) < length:
        piece = talk.recv(length - len(got))
        if not piece:
            break
        got += piece
    return got
