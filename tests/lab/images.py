"""Builds and caches the gateways' root file systems, so that a lab run needs no network."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import json
import os
import shlex
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from tests.lab.trouble import LabError

DEFINITIONS = Path(__file__).with_name("images.yaml")
HOST_KEY_TYPES = ("ed25519", "ecdsa", "rsa")

Daemon = Literal["swanctl", "ipsecconf", "libreswan"]


class _Common(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    packages: list[str]
    setup: str


class Image(BaseModel):
    """One root file system: which Debian, which IKE daemon."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    title: str
    suite: str
    daemon: Daemon
    packages: list[str]
    setup: str = ""


class _Definitions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    common: _Common
    images: dict[str, Image]


@functools.cache
def definitions() -> _Definitions:
    """What images.yaml says.

    Raises:
        LabError: images.yaml is not what it should be; names the field.
    """
    try:
        return _Definitions.model_validate(yaml.safe_load(DEFINITIONS.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as wrong:
        raise LabError(f"{DEFINITIONS}: {wrong}") from wrong


def cache() -> Path:
    """The folder that keeps images and keys between runs."""
    chosen = os.environ.get("IPSEC_WIZARD_LAB_CACHE")
    folder = Path(chosen) if chosen else Path.home() / ".cache" / "ipsec-wizard-lab"
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def path(name: str) -> Path:
    """Where the image of that name is, or will be; its name holds a hash of its definition."""
    known = definitions()
    if name not in known.images:
        raise LabError(f"There is no image {name}; {DEFINITIONS.name} has {', '.join(sorted(known.images))}.")
    definition = [known.common.model_dump(), known.images[name].model_dump(exclude={"title"})]
    digest = hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()[:12]
    return cache() / f"{name}-{digest}.ext2"


def build(names: Iterable[str]) -> Iterator[tuple[str, float]]:
    """Build the named images that are not in the cache; yields each name with the seconds it took.

    Raises:
        LabError: mmdebstrap failed; its last lines are in the text.
    """
    for name in names:
        target = path(name)
        with _locked(cache() / f"{name}.lock"):
            started = time.monotonic()
            if not target.exists():
                _bootstrap(name, target)
        yield name, time.monotonic() - started


def _bootstrap(name: str, target: Path) -> None:
    known = definitions()
    image = known.images[name]
    partial = target.with_name(f".{os.getpid()}-{target.name}")
    command = [
        "mmdebstrap",
        "--quiet",
        "--variant=minbase",
        "--format=ext2",
        "--include=" + ",".join([*known.common.packages, *image.packages]),
    ]
    setups = filter(None, (known.common.setup, image.setup))
    command += [f'--customize-hook=chroot "$1" sh -ec {shlex.quote(setup)}' for setup in setups]
    built = subprocess.run([*command, image.suite, str(partial)], capture_output=True, text=True, check=False)
    if built.returncode != 0:
        partial.unlink(missing_ok=True)
        said = "\n".join((built.stderr or built.stdout).strip().splitlines()[-8:])
        raise LabError(f"Building the image {name} failed (mmdebstrap {image.suite}):\n{said}")
    for old in cache().glob(f"{name}-*.ext2"):
        old.unlink(missing_ok=True)
    partial.rename(target)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def keys() -> Path:
    """The folder with the login key and the gateways' host keys, made once.

    Raises:
        LabError: ssh-keygen failed.
    """
    folder = cache() / "keys"
    with _locked(cache() / "keys.lock"):
        folder.mkdir(mode=0o700, exist_ok=True)
        _generate(folder / "login", "ed25519", "operator of the lab")
        for gateway in ("gw-a", "gw-b"):
            for kind in HOST_KEY_TYPES:
                _generate(folder / f"{gateway}_{kind}", kind, f"root@{gateway}")
    return folder


def _generate(file: Path, kind: str, comment: str) -> None:
    if file.exists():
        return
    command = ["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", comment, "-f", str(file)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise LabError(f"ssh-keygen failed: {made.stderr.strip()}")
