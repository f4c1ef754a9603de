"""The Debian packages of the lab, named in one file so that CI and a person install the same."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.lab.trouble import LabError

LIST = Path(__file__).with_name("packages.txt")


def needed() -> list[str]:
    """The packages that packages.txt names, in its order."""
    lines = (line.partition("#")[0].strip() for line in LIST.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def missing() -> list[str]:
    """Those needed packages that dpkg does not report as installed.

    Raises:
        LabError: this is no Debian-like system, so nothing can be said about packages.
    """
    wanted = needed()
    try:
        asked = subprocess.run(
            ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\\n", *wanted],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as absent:
        raise LabError("The lab runs on Debian or Ubuntu; dpkg-query was not found here.") from absent
    installed = {line.split()[0] for line in asked.stdout.splitlines() if line.endswith(" installed")}
    return [name for name in wanted if name not in installed]


def install() -> None:
    """Install what is missing, when run as root.

    Raises:
        LabError: packages are missing and this user may not install them, or apt-get failed.
    """
    absent = missing()
    if not absent:
        return
    if os.geteuid() != 0:
        raise LabError(f"Debian packages missing for the lab: sudo apt-get install {' '.join(absent)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *absent]):
        done = subprocess.run(
            ["apt-get", "-qq", *command], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise LabError(f"apt-get {command[0]} failed: {done.stderr.strip() or done.stdout.strip()}")


def require() -> None:
    """See that nothing is missing, without installing anything.

    Raises:
        LabError: names what is missing in one line.
    """
    if absent := missing():
        raise LabError(f"Debian packages missing for the lab: sudo apt-get install {' '.join(absent)}")
