"""The path host - gateway - WAN - gateway - host and what is known of each leg.

It is kept by the engine, so that every front end shows the same map.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from wizard.engine.model import Mapped, Mark, Segment
from wizard.facts.model import ENDS, End
from wizard.flow.rule import Judgement
from wizard.flow.spec import Check

LEGS: Final = ("near-lan", "near-gateway", "wan", "far-gateway", "far-lan")
"""The legs in the order a packet from the near site crosses them."""

_RANK: Final[dict[Mark, int]] = {"unknown": 0, "ok": 1, "warn": 2, "fail": 3}


class PathMap:
    """Marks of the five legs; a worse mark stays, because one good look does not undo a fault."""

    def __init__(self) -> None:
        """Begins with nothing known."""
        self._marks: dict[str, tuple[Mark, str]] = dict.fromkeys(LEGS, ("unknown", ""))

    def marked(
        self, node: Check, mark: Mark, ends: Sequence[End], judged: Sequence[Judgement], note: str
    ) -> Mapped | None:
        """The map after this node was answered, or None when it did not change."""
        if node.segment is None:
            return None
        before = dict(self._marks)
        if node.segment == "wan":
            self._put("wan", mark, note)
        else:
            for end in ENDS:
                self._put(f"{end}-{node.segment}", self._at(end, mark, ends, judged), note)
        return None if before == self._marks else self._event()

    def all_ok(self) -> Mapped:
        """The map of a tunnel that carries traffic: every leg has proved itself."""
        for leg in LEGS:
            self._put(leg, "ok", "")
        return self._event()

    @staticmethod
    def _at(end: End, mark: Mark, ends: Sequence[End], judged: Sequence[Judgement]) -> Mark:
        if mark in ("fail", "warn"):
            return mark if end in ends else "unknown"
        unclear = any(end in judgement.unclear for judgement in judged)
        return "unknown" if unclear else mark

    def _put(self, leg: str, mark: Mark, note: str) -> None:
        if _RANK[mark] > _RANK[self._marks[leg][0]]:
            self._marks[leg] = (mark, note if mark in ("fail", "warn") else "")

    def _event(self) -> Mapped:
        return Mapped(tuple(Segment(leg, *self._marks[leg]) for leg in LEGS))
