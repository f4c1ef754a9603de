"""What each page of a session says, as blocks of text: a stop of the walk, the outcome, work under way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from textual.content import Content

from wizard.engine.model import Ask, CommandRecord, Finding, Outcome
from wizard.engine.phrase import meaning, shown
from wizard.facts.model import ENDS, Evidence, Fact
from wizard.flow.spec import Check, Flow, Question
from wizard.ui import words
from wizard.ui.tui.blocks import Block, Gap, Head, Para, Quote, Row, Table
from wizard.ui.tui.look import STYLES
from wizard.ui.tui.story import Station, Story
from wizard.ui.tui.widgets.raw import literal, one_line
from wizard.ui.words import Sign

_FEW: Final = 4
"""Lines of evidence and names of excluded causes shown before the operator asks for all."""


_BOTH: Final = 4
"""Blocks that proofs of both ends take at least: a name and a line each."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator asked to see more of."""

    all_evidence: bool = False
    reasons: bool = False


def signed(sign: Sign, text: str = "", style: str = "") -> Content:
    """Symbol and word of a sign in its colour, then the text."""
    mark = Content.styled(words.sign(sign), f"bold {STYLES[sign]}")
    return Content.assemble(mark, "  ", literal(text, style)) if text else mark


def symbol(sign: Sign) -> Content:
    """The symbol alone, where its word stands close by."""
    return Content.styled(words.SYMBOLS[sign], f"bold {STYLES[sign]}")


def station_page(story: Story, station: Station, flow: Flow, wish: Wish) -> list[Block]:
    """One stop: the question's place and reason, the answer, both ends side by side, the evidence."""
    blocks: list[Block] = []
    term = _term(station, flow)
    if station.node:
        where = literal(station.node.replace(".", " · "), "$quiet")
        blocks.append(Para(Content.assemble(literal(term, "bold"), "  ", where) if term else where))
    if station.why:
        blocks.append(Para(literal(station.why), "Why" if station.node else ""))
    blocks.append(Gap())
    if isinstance(story.request, Ask) and story.request.node == station.node:
        blocks.append(Para(signed("unknown", "only you can tell; the answers stand below"), "Answer"))
    elif station.mark is None and not station.answer:
        blocks.append(Para(signed("running", "not answered yet"), "Answer"))
    else:
        blocks.append(Para(signed(station.mark or "unknown", station.answer), "Answer"))
    causes = story.outcome.causes if story.outcome is not None else ()
    blocks.extend(
        Para(signed("warn", noted.summary), "Noted") for noted in station.noted if noted not in causes
    )
    if not station.node:
        blocks.extend(_ends(story))
    if station.because:
        blocks += [Gap(), compared(story, station.because)]
    lines = [evidence for fact in station.because for evidence in fact.evidence]
    blocks.extend(_evidence("Evidence", lines, wish))
    if wish.reasons:
        blocks.extend(_reasons(station, flow))
    if station.records:
        blocks += [Gap(), Para(literal(_ran(station.records)), "Commands")]
    return blocks


def outcome_page(story: Story, outcome: Outcome, flow: Flow, wish: Wish) -> list[Block]:
    """How it ended: the cause to mend first with its proof, what else was seen, what could not be."""
    blocks: list[Block] = [*_mended(story, flow)]
    if not outcome.causes:
        mark, word = words.STATUS[outcome.status]
        blocks.append(
            Para(
                Content.assemble(
                    symbol(mark), " ", (word, f"bold {STYLES[mark]}"), "  ", words.headline(outcome)
                )
            )
        )
        # On a tunnel that works, what will break it is the news.
        blocks += [*_warnings(outcome, wish), Gap(), *_walked(story)]
    for index, finding in enumerate(outcome.causes):
        if index:
            title = Content.assemble(f"{index + 1}. ", symbol("fail"), " ", one_line(finding.title, "bold"))
            blocks += [Gap(), Head(title)]
        blocks.extend(_finding(finding, flow, wish, first=index == 0))
    if outcome.excluded:
        blocks += [Gap(), Para(_titles(outcome.excluded, flow, wish), "Ruled out")]
    if outcome.causes:
        blocks.extend(_warnings(outcome, wish))
    blocks.extend(_listed("Not seen", outcome.unseen))
    blocks.extend(_listed("Ask them", outcome.questions_for_peer))
    return blocks


def _mended(story: Story, flow: Flow) -> Iterable[Block]:
    """What remedies have come to, the latest in front: it is the news."""
    for title, mended in reversed(story.mended):
        mark, word = words.RESULTS[mended.result]
        remedy = flow.remedies.get(title)
        # Where no plan was made, nothing bears a title but the remedy.
        name = remedy.title if remedy is not None else title
        sign = Content.styled(f"{words.SYMBOLS[mark]} {word}", f"bold {STYLES[mark]}")
        yield Para(Content.assemble(sign, "  ", literal(name, "bold")))
        yield Para(literal(words.ended(mended)), indent=2)
    if story.mended:
        yield Gap()


def _warnings(outcome: Outcome, wish: Wish) -> Iterable[Block]:
    """What does not stop the tunnel now and may later."""
    for finding in outcome.warnings:
        yield Gap()
        yield Para(signed("warn", f"{finding.title}: {finding.summary}"), "Also seen")
        if wish.all_evidence:
            yield from _evidence("Its proof", finding.evidence, wish)


def evidence_text(story: Story, station: Station | None) -> str:
    """The evidence as plain text, for the clipboard: of a stop, or of the outcome."""
    if station is not None:
        lines = [evidence for fact in station.because for evidence in fact.evidence]
        top = [station.title, station.answer]
    else:
        outcome = story.outcome
        causes = outcome.causes if outcome is not None else ()
        lines = [evidence for finding in causes for evidence in finding.evidence]
        top = [f"{finding.title}: {finding.summary}" for finding in causes]
    quoted = [f"{proof.end}$ {proof.command}\n{proof.line}" for proof in dict.fromkeys(lines)]
    return "\n".join([*top, *quoted])


def _walked(story: Story) -> Iterable[Block]:
    """What was looked at, so that "healthy" and "inconclusive" say what they rest on."""
    for station in story.stations:
        mark = Content.styled(
            f"{words.sign(station.mark or 'unknown'):<10}", STYLES[station.mark or "unknown"]
        )
        yield Para(Content.assemble(mark, " ", one_line(station.title)), cut=True)


def _finding(finding: Finding, flow: Flow, wish: Wish, *, first: bool) -> list[Block]:
    cause = flow.causes.get(finding.cause)
    blocks: list[Block] = [Para(literal(finding.summary, "bold")), Gap()]
    sure = Content.assemble((finding.confidence, "bold"), ": ", words.CONFIDENCE[finding.confidence])
    if finding.next_step:
        blocks.append(Para(literal(finding.next_step), "Do now" if first else "Then"))
    where = " and ".join(finding.ends)
    blocks.append(Para(Content.assemble(literal(where), (f"  {finding.cause}", "$quiet")), "Where"))
    blocks.append(Para(sure, "How sure"))
    if cause is not None and cause.plain and (wish.reasons or first):
        blocks.append(Para(literal(cause.plain), "Means"))
    if cause is not None and wish.reasons and cause.told_apart:
        blocks.append(Para(literal(cause.told_apart), "Told apart"))
    blocks.extend(_evidence("Proof", finding.evidence, wish))
    return blocks


def compared(story: Story, because: Sequence[Fact]) -> Table:
    """What both ends said about these facts, side by side."""
    head = Row(
        Content.styled("What came back", "$quiet"),
        one_line(story.name("near"), "bold"),
        one_line(story.name("far"), "bold"),
    )
    decided = {fact.name: fact for fact in because}
    rows: list[Row] = []
    for bare in dict.fromkeys(fact.name.rpartition(".")[2] for fact in because):
        label = literal(meaning(bare))
        if bare in decided:
            rows.append(Row(label, _value(decided[bare])))
            continue
        near, far = (decided.get(f"{end}.{bare}") or story.fact(end, bare) for end in ENDS)
        rows.append(Row(label, _value(near), _value(far)))
    return Table(head, tuple(rows))


def at_both_ends(story: Story, because: Sequence[Fact]) -> list[Block]:
    """What each end has now: by the proofs of what the ends disagree about, else by what either says."""
    blocks: list[Block] = []
    proofs = dict.fromkeys(proof for fact in because if fact.end is None for proof in fact.evidence)
    for end in ENDS:
        name = story.name(end)
        lines = [proof.line for proof in proofs if proof.end == name and proof.line]
        if lines:
            blocks.append(Para(one_line(name, "bold")))
            blocks.extend(Quote(literal(line), indent=1) for line in lines[:_FEW])
    own = [fact for fact in because if fact.end is not None]
    if own and len(blocks) < _BOTH:
        blocks += [Gap(), compared(story, own)]
    return blocks


def _value(fact: Fact) -> Content:
    if not fact.known:
        why = f" ({fact.why_unknown})" if fact.why_unknown else ""
        return literal(f"? unknown{why}", STYLES["unknown"])
    if isinstance(fact.value, tuple) and fact.value:
        return literal("\n".join(fact.value))
    return literal(shown(fact), "bold" if isinstance(fact.value, bool) else "")


def _ends(story: Story) -> Iterable[Block]:
    for end in ENDS:
        report = story.ends.get(end)
        if report is None:
            continue
        if report.reached:
            yield Para(signed("ok", "read"), report.gateway)
        elif report.managed:
            yield Para(
                signed("unknown", f"not reached: {report.problem or 'no reason given'}"), report.gateway
            )
        else:
            yield Para(signed("unknown", "nobody here can log in to it"), report.gateway)


def _evidence(title: str, lines: Sequence[Evidence], wish: Wish) -> Iterable[Block]:
    unique = list(dict.fromkeys(lines))
    if not unique:
        return
    yield Gap()
    yield Head(Content.styled(title, "$quiet"))
    before = ("", "")
    for proof in unique if wish.all_evidence else unique[:_FEW]:
        if (proof.end, proof.command) != before:
            before = (proof.end, proof.command)
            command = Content.assemble(one_line(proof.end, "bold"), " $ ", one_line(proof.command, "$quiet"))
            yield Para(command, cut=not wish.all_evidence)
        yield Quote(literal(proof.line), indent=1)
    if len(unique) > _FEW and not wish.all_evidence:
        left = len(unique) - _FEW
        yield Para(
            Content.styled(f"{left} more {'line' if left == 1 else 'lines'}: press e", "$quiet"), indent=1
        )


def _reasons(station: Station, flow: Flow) -> Iterable[Block]:
    node = flow.nodes.get(station.node)
    source = node.source if isinstance(node, Check | Question) else ""
    yield Gap()
    yield Head(Content.styled("How this was decided", "$quiet"))
    if station.rule:
        yield Para(literal("anything else" if station.rule == "else" else station.rule), "Rule")
    if station.to:
        yield Para(literal(station.to.replace(".", " · ")), "Leads to")
    if source:
        yield Para(literal(source), "Source")
    if not (station.rule or station.to or source):
        yield Para(Content("It has not been decided yet."))


def _listed(label: str, lines: Sequence[str]) -> Iterable[Block]:
    for index, line in enumerate(lines):
        if not index:
            yield Gap()
        yield Para(literal(f"• {line}"), label if not index else " ")


def _titles(causes: Sequence[str], flow: Flow, wish: Wish) -> Content:
    titles = [flow.causes[cause].title if cause in flow.causes else cause for cause in causes]
    few = titles if wish.all_evidence else titles[:_FEW]
    more = f" · and {len(titles) - len(few)} more (e)" if len(few) < len(titles) else ""
    return Content.assemble(literal(" · ".join(few)), (more, "$quiet"))


def _term(station: Station, flow: Flow) -> str:
    node = flow.nodes.get(station.node)
    return node.term if isinstance(node, Check | Question) else ""


def _ran(records: Sequence[CommandRecord]) -> str:
    counts = {record.gateway: 0 for record in records}
    for record in records:
        counts[record.gateway] += 1
    said = ", ".join(f"{count} at {gateway}" for gateway, count in counts.items())
    return f"{said}; r shows their output"
