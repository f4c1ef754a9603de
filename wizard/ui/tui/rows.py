"""The entries of the home screen's lists: tunnels, symptoms, earlier sessions, states of the demo."""

from __future__ import annotations

from textual.content import Content
from textual.widgets.option_list import Option

from wizard.ui import words
from wizard.ui.conduct import DemoCause, EndRow, SessionRow, TunnelRow
from wizard.ui.tui.look import STYLES
from wizard.ui.tui.widgets.raw import one_line
from wizard.ui.words import Sign


def title(*, demo: bool) -> Content:
    """The top line, which says at once when nothing real is touched."""
    place = (
        "demo: embedded gateways, nothing real is touched"
        if demo
        else "finds out where an IPsec tunnel stops"
    )
    return Content.assemble((" ipsec-wizard ", "bold"), (f" {place}", "$quiet"))


def symptoms() -> list[Option]:
    """What can be wrong, in the words of someone who has to report it."""
    return [
        Option(
            Content.assemble((f"{number} ", "$quiet"), symptom.label, (f"\n  {symptom.hint}", "$quiet")),
            id=symptom.id,
        )
        for number, symptom in enumerate(words.SYMPTOMS, 1)
    ]


def tunnel(row: TunnelRow) -> Option:
    """A tunnel and the names of its ends."""
    ends = Content.assemble("  ", one_line(f"{row.near.name} ⇄ {row.far.name}", "$quiet"))
    return Option(Content.assemble(one_line(row.name, "bold"), "\n", ends), id=row.name)


def searched(row: TunnelRow) -> str:
    """What the filter looks into."""
    return " ".join((row.name, row.near.name, row.near.address, row.far.name, row.far.address)).casefold()


def demo_cause(cause: DemoCause) -> Option:
    """A state of the embedded gateways; its story is told beside the list."""
    return Option(one_line(cause.title, "bold"), id=cause.tunnel)


def about(chosen: TunnelRow | DemoCause | None) -> Content:
    """More about the highlighted entry than its line in the list has room for."""
    match chosen:
        case DemoCause():
            return one_line(chosen.plain)
        case TunnelRow(near=near, far=far):
            return Content.assemble(_where(near), " ⇄ ", _where(far))
        case None:
            return Content("")


def _where(end: EndRow) -> Content:
    address = f" ({end.address})" if end.address and end.address != end.name else ""
    keeper = f" kept by {end.managed_by}" if end.managed_by else "" if end.managed else " (no login)"
    return one_line(f"{end.name}{address}{keeper}")


def session(row: SessionRow) -> Option:
    """An earlier session with how it ended."""
    sign: Sign
    if row.status is None:
        said = "Enter goes on with it"
        sign, word = "running", "unfinished"
        if row.changing:
            sign, said = "warn", f"a change was under way; {said}"
    else:
        (sign, word), said = words.STATUS[row.status], row.summary or words.symptom_label(row.symptom)
    mark = Content.styled(f"{words.SYMBOLS[sign]} {word:<13}", STYLES[sign])
    when = Content.styled(f"{row.started:%d %b %H:%M} UTC  ", "$quiet")
    return Option(Content.assemble(mark, when, one_line(row.tunnel, "bold"), "  ", one_line(said)), id=row.id)
