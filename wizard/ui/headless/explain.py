"""`explain`: the cause out of a pasted log or command output, with no gateway at hand."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from rich.console import Console
from rich.markup import escape

from wizard import paths
from wizard.engine.model import (
    Branched,
    Collect,
    Collected,
    EndReport,
    Entered,
    Event,
    Finding,
    Outcome,
    Started,
)
from wizard.engine.run import Run
from wizard.errors import ExitCode, InputError
from wizard.facts.pasted.events import PLATFORMS, Matcher, SeenEvent, Signature, events
from wizard.facts.pasted.log_facts import END, LogFacts, in_short
from wizard.facts.pasted.reader import BLOCK, Reader
from wizard.facts.pasted.story import Story, Teller
from wizard.facts.vocabulary import EXERCISES, VOCABULARY
from wizard.flow.load import load
from wizard.flow.signatures import load as load_signatures
from wizard.flow.spec import Flow
from wizard.journal.redact import Redactor
from wizard.ui.headless.report import SCHEMA, finding

PEER: Final = "the peer"
ENTRY: Final = "log"
_NO_LOG: Final = "only this end's paste was given"
_RANK: Final = {"fault": 2, "inconclusive": 1, "healthy": 0}
_SURE: Final = {"certain": 2, "likely": 1, "possible": 0}


@dataclass(frozen=True, slots=True)
class Explained:
    """What one paste comes to; of several tunnels in it the worst, all of them in `tunnels`."""

    outcome: Outcome
    events: tuple[Event, ...]
    tunnels: tuple[tuple[str, Outcome], ...]
    lines: int
    heard: int
    said: str
    """What was seen of the tunnel the outcome is about, in short."""


class Explainer:
    """The knowledge base made ready to explain any number of pastes."""

    def __init__(self, flow: Flow, signatures: Sequence[Signature], platform: str | None = None) -> None:
        """`platform`: strongswan, libreswan, cisco_ios, or None to try everybody's words."""
        self._flow = flow
        self._matcher = Matcher(signatures, platform)

    @classmethod
    def open(cls, extra: Sequence[Path] = (), platform: str | None = None) -> Explainer:
        """With the bundled knowledge and folders laid over it; raises FlowError, and InputError for no platform."""
        if platform not in (None, "auto", *PLATFORMS):
            known = ", ".join(("auto", *PLATFORMS))
            raise InputError(f"there is no platform {platform!r}", advice=f"use one of {known}")
        folders = [paths.bundled_flows(), *extra]
        flow = load(folders, VOCABULARY, EXERCISES)
        return cls(flow, load_signatures(folders, tested=False), None if platform == "auto" else platform)

    def explain(self, blocks: Iterable[bytes], source: str, now: datetime | None = None) -> Explained:
        """Reads the stream to its end, in bounded memory; `now` stands in for logs that name no year."""
        reader, teller = Reader(self._matcher.lexicon), Teller()
        for event in events(blocks, reader, self._matcher):
            teller.hear(event)
        moment = now if now is not None else datetime.now(UTC)
        walked = [(story, *self._walk(story, source, moment)) for story in teller.stories()]
        story, outcome, path = max(walked, key=lambda one: (_weight(one[1], one[0]), one[0].last_line))
        tunnels = tuple((story.conn, found) for story, found, _ in walked) if len(walked) > 1 else ()
        return Explained(outcome, path, tunnels, reader.lines, teller.heard, in_short(story))

    def spoken(self, outcome: Outcome) -> Outcome:
        """The outcome in sentences that begin as such and say "one end" where the log leaves open which."""
        return replace(outcome, causes=tuple(self._sentences(one) for one in outcome.causes))

    def _sentences(self, one: Finding) -> Finding:
        cause = self._flow.causes[one.cause]
        summary = _either(one.summary, cause.summary or "")
        return replace(
            one,
            summary=summary[:1].upper() + summary[1:],
            next_step=_either(one.next_step, cause.next_step),
        )

    def _walk(self, story: Story, source: str, now: datetime) -> tuple[Outcome, tuple[Event, ...]]:
        started = Started(
            session="explain", tunnel=story.conn, near=END, far=PEER, symptom="check", operator="", version="",
            flows_digest=self._flow.digest, observe_only=True,
        )  # fmt: skip
        run = Run(self._flow, started, ENTRY)
        if not isinstance(run.request, Collect):
            raise InputError("the trees of logs ask for more than a log", advice="see `ipsec-wizard lint`")
        ends = (
            EndReport("near", END, reached=True),
            EndReport("far", PEER, reached=False, managed=False, problem=_NO_LOG),
        )
        said = run.reply(Collected(LogFacts(story, source, now).facts(), ends=ends))
        return run.outcome, said


def _weight(outcome: Outcome, story: Story) -> tuple[int, bool, int]:
    sure = _SURE[outcome.causes[0].confidence] if outcome.causes else 0
    unheard = outcome.status == "inconclusive" and not story.deciding.conclusive
    return -1 if unheard else _RANK[outcome.status], not story.stranger, sure


def run(file: str, platform: str | None, extra: Sequence[Path], *, as_json: bool) -> int:
    """Explains one file, `-` for stdin, and returns the exit code of contract.md."""
    began = time.monotonic()
    explainer = Explainer.open(extra, platform)
    with _opened(file) as stream:
        found = explainer.explain(_blocks(stream), "stdin" if file == "-" else Path(file).name)
    if found.lines == 0:
        raise InputError(f"{file} is empty", advice="paste the log, or name the file that holds it")
    outcome: Outcome = Redactor().record(explainer.spoken(found.outcome))
    if as_json:
        json.dump(
            document(outcome, found, time.monotonic() - began), sys.stdout, indent=2, ensure_ascii=False
        )
        sys.stdout.write("\n")
    else:
        _tell(outcome, found, Console(highlight=False, soft_wrap=True))
    return {"healthy": ExitCode.HEALTHY, "fault": ExitCode.FAULT}.get(outcome.status, ExitCode.INCONCLUSIVE)


def _either(said: str, sentence: str) -> str:
    """What the catalogue says of both ends at once, said of one of them."""
    named = sentence.replace("{near}", END).replace("{far}", PEER)
    if said != named.replace("{here}", f"{END} and {PEER}").replace("{there}", "the other end"):
        return said
    return named.replace("{here}", "one end").replace("{there}", "the other end")


def document(outcome: Outcome, found: Explained, elapsed_s: float) -> dict[str, Any]:
    """The JSON of contract.md: that of `diagnose` without connections and session."""
    return {
        "schema": SCHEMA,
        "tunnel": None,
        "status": outcome.status,
        "causes": [finding(one) for one in outcome.causes],
        "warnings": [finding(one) for one in outcome.warnings],
        "excluded": list(outcome.excluded),
        "unseen": list(outcome.unseen),
        "path": [event.node for event in found.events if isinstance(event, Entered)],
        "questions_for_peer": list(outcome.questions_for_peer),
        "collect": list(outcome.collect),
        "tunnels": [
            {
                "connection": conn or None,
                "status": one.status,
                "cause": one.causes[0].cause if one.causes else None,
            }
            for conn, one in found.tunnels
        ],
        "stats": {"elapsed_s": round(elapsed_s, 2), "lines": found.lines, "events": found.heard},
    }


class _Stdin:
    """stdin as a context that is not closed, since it is not ours."""

    def __enter__(self) -> BinaryIO:
        return sys.stdin.buffer

    def __exit__(self, *_: object) -> None:
        return


def _opened(file: str) -> BinaryIO | _Stdin:
    if file == "-":
        return _Stdin()
    try:
        return Path(file).open("rb")
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"{file} cannot be read: {reason}", advice="name a file, or - for stdin") from error


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    try:
        while block := stream.read(BLOCK):
            yield block
    except OSError as error:
        raise InputError(
            f"the log cannot be read: {error.strerror or error}", advice="name a plain file"
        ) from error


def _tell(outcome: Outcome, found: Explained, console: Console) -> None:
    """What a person reads: the cause in plain words, its lines, what else it could be, what to collect."""
    if outcome.status == "healthy":
        console.print("[bold]Nothing is wrong[/] as far as this log goes: the tunnel came up.")
    elif not outcome.causes:
        console.print("[bold]No single cause[/] can be named from this.")
        console.print(f"Seen: {escape(found.said)}.")
    for place, one in enumerate(outcome.causes):
        if place == 0:
            _tell_first(one, _reason(found.events), console)
        elif place == 1:
            console.print("\nIt could also be:")
        if place:
            console.print(f"  {escape(one.title)} ({one.cause})")
    for title, lines in (
        ("Collect here:", outcome.collect),
        ("Ask the other end:", outcome.questions_for_peer),
    ):
        if lines:
            console.print(f"\n{title}")
        for line in lines:
            console.print(f"  - {escape(line)}")
    if found.tunnels:
        console.print("\nTunnels in this log:")
    for conn, other in found.tunnels:
        what = other.causes[0].cause if other.causes else other.status
        console.print(f"  {escape(conn or '(unnamed)')}: {what}")
    console.print(f"\n{found.lines} lines read, {found.heard} of them tell something.", style="dim")


def _reason(events: Sequence[Event]) -> str:
    """What the tree says of the branch that decided."""
    said = [event.answer for event in events if isinstance(event, Branched)]
    return said[-1] if said else ""


def _tell_first(one: Finding, reason: str, console: Console) -> None:
    console.print(f"[bold]{escape(one.title)}[/] ({one.cause}, {one.confidence})")
    if reason not in ("", one.title):
        console.print(escape(reason))
    console.print(("Perhaps: " if one.confidence == "possible" else "") + escape(one.summary))
    if one.evidence:
        console.print("\nThe lines that show it:")
    for line in one.evidence:
        console.print(f"  {escape(line.command)}: {escape(line.line)}")
    if one.next_step:
        console.print(f"\nNext: {escape(one.next_step)}")


__all__ = ["Explained", "Explainer", "SeenEvent", "document", "run"]
