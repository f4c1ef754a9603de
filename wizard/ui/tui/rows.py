"""The entries of the home screen's lists: tunnels, symptoms, earlier sessions, states of the demo."""

from __future__ import annotations

from textual.content import Content
from textual.widgets.option_list import Option

from wizard.ui import words
from wizard.ui.conduct import DemoCause, SessionRow, TunnelRow
from wizard.ui.tui.look import STYLES
from wizard.ui.tui.widgets.raw import literal, one_line
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
    """A tunnel with both its ends, and who looks after an end nobody here can log in to."""
    lines = [one_line(row.name, "bold"), _below(f"{row.near.name} ⇄ {row.far.name}")]
    strangers = [end for end in (row.near, row.far) if not end.managed]
    lines.extend(_below(end.managed_by or "no login at the other side") for end in strangers)
    return Option(Content("\n").join(lines), id=row.name)


def _below(text: str) -> Content:
    return Content("  ") + one_line(text, "$quiet")


def searched(row: TunnelRow) -> str:
    """What the filter looks into."""
    return " ".join((row.name, row.near.name, row.near.address, row.far.name, row.far.address)).casefold()


def demo_cause(cause: DemoCause) -> Option:
    """A state of the embedded gateways."""
    return Option(
        Content.assemble(one_line(cause.title, "bold"), "\n  ", literal(cause.plain, "$quiet")),
        id=cause.tunnel,
    )


def session(row: SessionRow) -> Option:
    """An earlier session with how it ended."""
    sign: Sign
    if row.status is None:
        sign, word, said = "running", "unfinished", "Enter goes on with it"
    else:
        (sign, word), said = words.STATUS[row.status], row.summary or words.symptom_label(row.symptom)
    mark = Content.styled(f"{words.SYMBOLS[sign]} {word:<13}", STYLES[sign])
    when = Content.styled(f"{row.started:%d %b %H:%M} UTC  ", "$quiet")
    return Option(Content.assemble(mark, when, one_line(row.tunnel, "bold"), "  ", one_line(said)), id=row.id)
