"""Somebody who answers from a list, and notes what was asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from wizard.ui.plain.asking import Choice


@dataclass
class Scripted:
    """Implements `Asks`; an answer that is an exception is raised instead."""

    answers: list[object]
    asked: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    echoed: list[bool] = field(default_factory=list)

    def _next(self, question: str) -> object:
        self.asked.append(question)
        assert self.answers, f"nobody expected {question!r}"
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def choose(self, question: str, choices: Sequence[Choice], default: str | None = None) -> str:
        answer = str(self._next(question)) or default
        assert answer in [choice.value for choice in choices]
        return answer or ""

    def several(self, question: str, choices: Sequence[Choice]) -> tuple[str, ...]:
        answer = tuple(str(self._next(question)).split())
        assert set(answer) <= {choice.value for choice in choices}
        return answer

    def confirm(self, question: str) -> bool:
        return self._next(question) is True

    def text(self, question: str, default: str = "", check: Callable[[str], str | None] | None = None) -> str:
        while True:
            answer = str(self._next(question)) or default
            problem = check(answer) if check is not None else None
            if problem is None:
                return answer
            self.refused.append(problem)

    def masked(self, question: str, *, echo: bool = False) -> str:
        self.echoed.append(echo)
        return str(self._next(question))
