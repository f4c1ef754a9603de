"""The files of one side of a comparison: a file with what it includes beside it, or a folder with all below it."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Final

from wizard.errors import InputError

MOST_FILES: Final = 2000
"""Files of a folder that are read; an /etc has fewer that matter."""
MOST_BYTES: Final = 4_000_000
"""Of one file; a configuration or a certificate is far smaller."""
_INCLUDE: Final = re.compile(r"^\s*include\s+\"?([^\"#\s]+)", re.MULTILINE)
_SKIPPED: Final = frozenset({".git", "__pycache__", ".svn"})


def files_of(path: Path) -> dict[str, bytes]:
    """Path → content; raises InputError when there is nothing that can be read.

    A folder's files are called as if it were /etc, so that absolute includes find them. Of a single file only
    what it includes by a relative path is read along: an absolute one would be of this machine.
    """
    try:
        if path.is_dir():
            return _folder(path)
        if path.is_file():
            return _single(path)
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}", advice="check its rights"
        ) from error
    raise InputError(f"{path} is not there", advice="give a file or a folder with an IPsec configuration")


def _folder(path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    root = path / "etc" if (path / "etc").is_dir() else path
    for each in sorted(root.rglob("*")):
        if len(found) >= MOST_FILES:
            break
        if any(part in _SKIPPED for part in each.parts) or not each.is_file():
            continue
        try:
            if each.stat().st_size <= MOST_BYTES:
                found[f"/etc/{each.relative_to(root).as_posix()}"] = each.read_bytes()
        except OSError:
            continue
    if not found:
        raise InputError(f"{path} holds no file that can be read", advice="check the folder and its rights")
    return found


def _single(path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    waiting = [path]
    while waiting and len(found) < MOST_FILES:
        each = waiting.pop(0)
        name = each.as_posix()
        if name in found or each.stat().st_size > MOST_BYTES:
            continue
        found[name] = each.read_bytes()
        for pattern in _INCLUDE.findall(found[name].decode("utf-8", "replace")):
            if not PurePosixPath(pattern).is_absolute() and ".." not in PurePosixPath(pattern).parts:
                waiting += [one for one in sorted(each.parent.glob(pattern)) if one.is_file()]
    if not found:
        raise InputError(f"{path} is too large for a configuration", advice="give the configuration alone")
    return found
