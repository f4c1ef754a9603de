"""Makes a folder equal to a kept copy, so that a scenario's changes to files leave nothing behind."""

from __future__ import annotations

import filecmp
import os
import shutil
from pathlib import Path


def put_back(kept: Path, live: Path) -> list[str]:
    """Make `live` equal to `kept` in names, contents, modes and owners; returns the paths that differed."""
    changed: list[str] = []
    _put_back(kept, live, Path("/") / live.name, changed)
    return changed


def _put_back(kept: Path, live: Path, shown: Path, changed: list[str]) -> None:
    old = {entry.name: entry for entry in os.scandir(kept)}
    new = {entry.name: entry for entry in os.scandir(live)}
    for name in new.keys() - old.keys():
        changed.append(str(shown / name))
        _remove(live / name)
    for name, entry in old.items():
        there = new.get(name)
        if there is not None and entry.is_dir(follow_symlinks=False) and there.is_dir(follow_symlinks=False):
            if not _same_rights(entry, there):
                changed.append(str(shown / name))
                shutil.copystat(entry.path, there.path)
                os.chown(there.path, entry.stat().st_uid, entry.stat().st_gid)
            _put_back(kept / name, live / name, shown / name, changed)
        elif there is None or not _same(entry, there):
            changed.append(str(shown / name))
            _remove(live / name)
            _copy(kept / name, live / name)


def _same_rights(one: os.DirEntry[str], two: os.DirEntry[str]) -> bool:
    a, b = one.stat(follow_symlinks=False), two.stat(follow_symlinks=False)
    return (a.st_mode, a.st_uid, a.st_gid) == (b.st_mode, b.st_uid, b.st_gid)


def _same(one: os.DirEntry[str], two: os.DirEntry[str]) -> bool:
    if not _same_rights(one, two):
        return False
    if one.is_symlink():
        return Path(one.path).readlink() == Path(two.path).readlink()
    if not one.is_file():
        return True
    a, b = one.stat(), two.stat()
    unchanged = (a.st_size, a.st_mtime_ns) == (b.st_size, b.st_mtime_ns)
    return unchanged or (a.st_size == b.st_size and filecmp.cmp(one.path, two.path, shallow=False))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir() and not source.is_symlink():
        target.mkdir()
        for entry in source.iterdir():
            _copy(entry, target / entry.name)
    else:
        shutil.copy2(source, target, follow_symlinks=False)
    status = source.lstat()
    os.chown(target, status.st_uid, status.st_gid, follow_symlinks=False)
    if not source.is_symlink():
        shutil.copystat(source, target)
