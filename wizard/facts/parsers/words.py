"""Words of a line and what they say; most network tools print pairs of a key and a value."""

from __future__ import annotations

from collections.abc import Sequence


def after(words: Sequence[str], key: str) -> str:
    """The word after a key, empty when the key is not there or stands last."""
    for at, word in enumerate(words[:-1]):
        if word == key:
            return words[at + 1]
    return ""


def whole(text: str) -> int | None:
    """A decimal number of at most 20 digits, None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else None
