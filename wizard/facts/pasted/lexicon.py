"""The words of all signatures: which of them a line holds, and which signatures can fit it then.

A word is looked for once in every different token of a log; logs repeat their tokens, so that most lines cost
a few look-ups.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from wizard.facts.pasted.literals import Needs, needs

_TOKENS: Final = 100_000
"""Tokens that are remembered; random ones would fill the memory."""
_DIGITS: Final = b"0123456789"


class Lexicon:
    """Made of the patterns of each signature, in the order of the signatures."""

    def __init__(self, patterns: Iterable[Sequence[re.Pattern[str]]]) -> None:
        """A signature one of whose patterns needs no word may fit any line."""
        self._by_key: dict[str, list[tuple[int, Needs]]] = {}
        self._always: set[int] = set()
        words: set[str] = set()
        for index, several in enumerate(patterns):
            for pattern in several:
                found = needs(pattern)
                if found is None:
                    self._always.add(index)
                    continue
                words |= found.every.union(*found.choices)
                for key in found.keys:
                    self._by_key.setdefault(key, []).append((index, found))
        spelled = sorted((word.encode() for word in words), key=len, reverse=True)
        self._at = re.compile(b"(?=(" + _branched(spelled) + b"))").finditer
        keys = sorted((word.encode() for word in self._by_key), key=len, reverse=True)
        self._any = re.compile(_branched(keys)).search
        self._within = {
            word: frozenset(other.decode() for other in spelled if word.startswith(other)) for word in spelled
        }
        self._unbound = tuple(sorted(self._always))
        self._plain: set[bytes] = set()
        self._tokens: dict[bytes, frozenset[str]] = {}
        self._sets: dict[frozenset[str], tuple[int, ...]] = {}

    def possible(self, line: bytes) -> tuple[int, ...]:
        """The signatures that can fit the line, by their numbers; empty for most lines."""
        tokens = line.translate(None, _DIGITS).split()
        strange = set(tokens) - self._plain
        if not strange:
            return self._unbound
        keyed = [token for token in strange if self._any(token) is not None]
        if len(keyed) < len(strange) and len(self._plain) < _TOKENS:
            self._plain.update(strange.difference(keyed))
        if not keyed:
            return self._unbound
        held: set[str] = set()
        for token in set(tokens):
            words = self._tokens.get(token)
            held |= self._words(token) if words is None else words
        key = frozenset(held)
        found = self._sets.get(key)
        if found is None:
            if len(self._sets) >= _TOKENS:
                self._sets.clear()
            fitting = {index for word in key for index, one in self._by_key.get(word, ()) if one.met(key)}
            found = self._sets[key] = tuple(sorted(fitting | self._always))
        return found

    def _words(self, token: bytes) -> frozenset[str]:
        """The words a token holds, wherever in it."""
        longest = (found[1] for found in self._at(token))
        words: frozenset[str] = frozenset().union(*(self._within[word] for word in longest))
        if len(self._tokens) < _TOKENS:
            self._tokens[token] = words
        return words


def _branched(words: Sequence[bytes]) -> bytes:
    """The words as one pattern that finds the longest first and branches sign by sign, so that few are tried."""
    by_first: dict[bytes, list[bytes]] = {}
    for word in words:
        by_first.setdefault(word[:1], []).append(word[1:])
    ways: list[bytes] = []
    for first, rests in sorted(by_first.items(), reverse=True):
        if not first:
            ways.append(b"")
        elif len(rests) == 1:
            ways.append(re.escape(first + rests[0]))
        else:
            ways.append(re.escape(first) + b"(?:" + _branched(rests) + b")")
    return b"|".join(ways)
