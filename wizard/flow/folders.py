"""Which files of a folder are knowledge, and what they are called."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

PARTS: Final = ("*.yaml", "trees/*.yaml", "signatures/*.yaml")
"""What a diagnosis walks."""
REHEARSALS: Final = "rehearsals/*.yaml"


def files_of(folders: Sequence[Path]) -> tuple[list[Path], str]:
    """All files a diagnosis is made from, in the order read, and a digest over them; OSError is not raised.

    The digest is over the contents and the names below their folders; what cannot be read has none.
    """
    files: list[Path] = []
    digest = hashlib.sha256()
    for folder in folders:
        for path in listed(folder, PARTS):
            files.append(path)
            digest.update(f"{path.relative_to(folder).as_posix()} {_content(path)}\n".encode())
    return files, digest.hexdigest()


def listed(folder: Path, parts: Sequence[str]) -> list[Path]:
    """The files of a folder, sorted."""
    return sorted(path for part in parts for path in folder.glob(part))


def shown(path: Path) -> str:
    """The path as somebody in this folder would type it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def _content(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
