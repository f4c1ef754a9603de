"""Keeps secrets out of whatever is written or shown: three nets over whole outputs, closed when they fail.

Known secrets first (what the operator typed), then the bodies of commands declared sensitive, then the
patterns of how gateways write secrets down. Texts may pass here more than once: what is redacted stays.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, Final, TypeVar

from wizard.engine.model import Collected, CommandRecord
from wizard.engine.plan import SecretNeed, Step
from wizard.facts.model import Evidence, Fact
from wizard.journal.patterns import HIDDEN, clean

SHORTEST: Final = 6
"""Characters a known secret must have to be searched for; a shorter one would shred ordinary words."""

_RUN: Final = frozenset({"apply", "undo", "requires", "verify", "read"})
"""Fields of a plan that gateways run."""

_CENSORED: Final = '{"censored":'

T = TypeVar("T")


class Redactor:
    """Redacts texts and records with what one session knows to be secret, and shows nothing of it itself."""

    def __init__(self, secrets: Iterable[str] = (), sensitive: Iterable[str] = ()) -> None:
        """Takes secrets known from the start, and the ids of probes whose outputs are never kept."""
        self._sensitive = frozenset(sensitive)
        self._known: tuple[str, ...] = ()
        for secret in secrets:
            self.learn(secret)

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._known)} forms of known secrets>"

    def learn(self, secret: str) -> None:
        """Hides this value from now on, in every form it is likely to be printed; any thread may call it.

        A value of fewer than six characters is not searched for.
        """
        if len(secret) < SHORTEST:
            return
        raw = secret.encode("utf-8", "surrogateescape")
        forms = {
            secret,
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
            secret.replace("'", "'\"'\"'"),
            secret.replace("\\", "\\\\").replace('"', '\\"'),
            base64.b64encode(raw).decode("ascii"),
            base64.b64encode(raw).decode("ascii").rstrip("="),
            raw.hex(),
            raw.hex().upper(),
        }
        # The longest first: a secret that contains another one is then hidden whole.
        self._known = tuple(sorted({*self._known, *forms}, key=len, reverse=True))

    def withhold(self, probe: str) -> None:
        """Keeps no output of this probe from now on, only its size; any thread may call it."""
        self._sensitive |= {probe}

    def clean(self, text: str) -> str:
        """The text without known secrets and without what looks like a secret."""
        for secret in self._known:
            if secret in text:
                text = text.replace(secret, HIDDEN)
        return clean(text)

    def record(self, record: T) -> T:
        """The record with every text in it redacted, at any depth; the same class with the same shape."""
        redacted: T = self._value(record)
        return redacted

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, tuple):
            return tuple(self._value(item) for item in value)
        if isinstance(value, dict):
            return {self.clean(key): self._value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._value(item) for item in value]
        if isinstance(value, Collected):
            return self._collected(value)
        if isinstance(value, Evidence) and value.probe in self._sensitive:
            value = replace(value, line=HIDDEN)
        if isinstance(value, CommandRecord) and value.probe in self._sensitive:
            value = replace(value, stdout=_censored(value.stdout), stderr=_censored(value.stderr))
        if isinstance(value, Step | SecretNeed):
            return self._executable(value)
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{name: self._value(getattr(value, name)) for name in _names(type(value))})
        return value

    def _executable(self, value: Step | SecretNeed) -> Any:
        """A part of a plan: what is run stays as it is, because what is confirmed must be what is run.

        Raises ValueError where that holds a known secret: it never may.
        """
        names = [field.name for field in fields(value)]
        run = _RUN.intersection(names)
        for name in run:
            if any(secret in getattr(value, name) for secret in self._known):
                raise ValueError("a step holds a secret")
        shown = {name: self._value(getattr(value, name)) for name in names if name not in run}
        return replace(value, **shown)

    def _collected(self, reply: Collected) -> Collected:
        """The reply, in which a line of evidence is judged by the whole output it was taken from.

        A line out of the middle of a key gives itself away only by its neighbours.
        """
        records: tuple[CommandRecord, ...] = self._value(reply.records)
        outputs: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for before, after in zip(reply.records, records, strict=True):
            pairs = ((before.stdout, after.stdout), (before.stderr, after.stderr))
            changed = [pair for pair in pairs if pair[0] != pair[1]]
            outputs.setdefault((before.gateway, before.probe), []).extend(changed)

        def judged(evidence: Evidence) -> Evidence:
            for before, after in outputs.get((evidence.end, evidence.probe), ()):
                if evidence.line in before and evidence.line not in after:
                    line = self.clean(evidence.line)
                    return replace(evidence, line=line if line in after else HIDDEN)
            return evidence

        def proved(fact: Fact) -> Fact:
            return replace(fact, evidence=tuple(judged(evidence) for evidence in fact.evidence))

        facts: tuple[Fact, ...] = self._value(tuple(proved(fact) for fact in reply.facts))
        return replace(
            reply,
            facts=facts,
            records=records,
            ends=self._value(reply.ends),
            problem=self._value(reply.problem),
        )


@cache
def _names(record: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(record))


def _censored(body: str) -> str:
    if not body or body.startswith(_CENSORED):
        return body
    return f'{_CENSORED} "this output is never kept", "bytes": {len(body.encode("utf-8", "replace"))}}}'


__all__ = ["HIDDEN", "SHORTEST", "Redactor", "clean"]
