"""Files that hold what was made of other files, so that it need not be made again.

One counts only where nobody but its reader and root could have written it, when it is whole, and for the key it
was kept under. Whatever is wrong with it is no news to anybody: what it was made of is read then.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def recall(place: Path, key: str) -> bytes:
    """What is kept there under that key; raises OSError or ValueError where it is of no use."""
    _must_be_ours(place.parent.stat())
    with place.open("rb") as file:
        _must_be_ours(os.fstat(file.fileno()))
        if file.readline().decode().strip() != key:
            raise ValueError("it is about other files")
        digest, text = file.readline().decode().strip(), file.read()
    if hashlib.sha256(text).hexdigest() != digest:
        raise ValueError("it is not whole")
    return text


def keep(place: Path, key: str, text: bytes, *, mode: int = 0o644) -> None:
    """Writes it in one go, so that nobody ever reads half of it; raises OSError."""
    place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    _must_be_ours(place.parent.stat())
    descriptor, made = tempfile.mkstemp(dir=place.parent, prefix=f".{place.stem}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(f"{key}\n{hashlib.sha256(text).hexdigest()}\n".encode() + text)
        Path(made).chmod(mode)
        Path(made).replace(place)
    except OSError:
        Path(made).unlink(missing_ok=True)
        raise


def code(parts: Iterable[str]) -> str:
    """Changes with every change to these folders of the program; OSError is not raised."""
    seen = []
    for part in parts:
        for path in sorted((PACKAGE / part).glob("*.py")):
            about = path.stat()
            seen.append(f"{path.name} {about.st_size} {int(about.st_mtime)}")
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()


def _must_be_ours(about: os.stat_result) -> None:
    if about.st_uid not in (0, os.geteuid()) or stat.S_IMODE(about.st_mode) & 0o022:
        raise PermissionError("others may write it")
