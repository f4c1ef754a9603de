"""What the plan of a change says, as blocks of text: what it touches, what stops, its diff, its steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from textual.content import Content

from wizard.engine.plan import Plan, Step
from wizard.ui import mending
from wizard.ui.tui.blocks import Block, Gap, Head, Para
from wizard.ui.tui.look import STYLES
from wizard.ui.tui.pages import signed
from wizard.ui.tui.widgets.raw import literal, one_line


def plan_page(plan: Plan, names: tuple[str, str], cause: str, *, whole: bool) -> Iterator[Block]:
    """The plan; `names` are those of both gateways, `whole` adds undo and verification to each step."""
    yield Para(literal(cause, "bold"), "Mends")
    for index, touched in enumerate(mending.touches(plan)):
        yield Para(literal(touched), "Touches" if not index else " ")
    yield Para(literal(mending.stops(plan), "" if not plan.disruptive else "bold"), "Stops")
    yield Para(literal(plan.impact), "Means")
    yield Para(literal(mending.undone(plan)), "Undo")
    yield Para(literal(plan.verified_by), "Proof")
    for index, secret in enumerate(mending.secrets(plan, *names)):
        yield Para(literal(secret), "Key" if not index else " ")
    for warning in plan.warnings:
        yield Para(signed("warn", warning), "Think of")
    yield from _edits(plan)
    yield from _steps(plan, whole=whole)
    yield Gap()
    yield Para(Content.styled(plan.hash, "$quiet"), "Plan")


def _edits(plan: Plan) -> Iterator[Block]:
    for edit in mending.edits(plan.steps):
        where = f"{edit.gateway}:{edit.file}" if edit.file else edit.gateway
        yield Gap()
        yield Head(one_line(where, "bold"))
        yield from (Para(_changed(line), indent=1) for line in edit.lines)


def _changed(line: str) -> Content:
    """One line of a diff; its sign says what the colour says."""
    if line.startswith("+"):
        return literal(line, STYLES["ok"])
    if line.startswith("-"):
        return literal(line, STYLES["warn"])
    return literal(line, "$quiet") if line.startswith("@@") else literal(line)


def _steps(plan: Plan, *, whole: bool) -> Iterator[Block]:
    count = len(plan.steps)
    yield Gap()
    yield Head(Content.styled(f"{count} {'step' if count == 1 else 'steps'}", "$quiet"))
    for number, step in enumerate(plan.steps, 1):
        title = Content.assemble(
            (f"{number:>2} ", "$quiet"), one_line(f"{step.gateway}:", "bold"), " ", one_line(step.title)
        )
        yield Para(title, indent=0)
        yield from _commands(step, whole=whole)
    if not whole:
        yield Para(Content.styled("e shows how each step is undone and verified", "$quiet"), indent=3)


def _commands(step: Step, *, whole: bool) -> Iterable[Block]:
    for command in step.show:
        yield Para(Content.assemble(("$ ", "$quiet"), literal(command)), indent=4, cut=not whole)
    if not whole:
        return
    undo = "; ".join(step.show_undo) or "nothing: this step only does what happens by itself as well"
    yield Para(literal(undo), "undone by", indent=4)
    if step.show_verify:
        yield Para(literal(step.show_verify), "holds when", indent=4)
    if not step.lasts:
        yield Para(Content("until the gateway is restarted"), "lasts", indent=4)
