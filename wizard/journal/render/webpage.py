"""The transcript as one HTML file: no script, nothing loaded from elsewhere, readable on screen and paper."""

from __future__ import annotations

from html import escape
from typing import Final, assert_never

from wizard.journal.render.blocks import Block, Heading, Item, Items, Paragraph, Printed
from wizard.journal.render.layout import laid_out
from wizard.journal.render.words import headline, one_line
from wizard.journal.transcript import Transcript

_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; border-bottom: 1px solid #8888; }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
pre { font: .85rem/1.4 ui-monospace, monospace; background: #8881; border-left: 3px solid #0072b2;
      padding: .5rem .75rem; margin: .25rem 0 1rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.caption { font-size: .85rem; margin: .5rem 0 0; }
ul ul, ol ul { font-size: .9rem; }
@media print { body { max-width: none; margin: 0; } h1, h2, h3, .caption { break-after: avoid; } }
"""

# Even if something slipped through the escaping, the browser would neither run nor fetch it.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def as_html(transcript: Transcript) -> str:
    """The transcript as a self-contained HTML document."""
    body = "\n".join(_block(block) for block in laid_out(transcript))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{_escaped(headline(transcript))}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _escaped(text: str) -> str:
    return escape(one_line(text))


def _block(block: Block) -> str:
    match block:
        case Heading(level=level, text=text):
            return f"<h{level}>{_escaped(text)}</h{level}>"
        case Paragraph(text=text, lead=lead):
            return f"<p>{_led(lead, text)}</p>"
        case Items(items=items, numbered=numbered):
            tag = "ol" if numbered else "ul"
            return f"<{tag}>\n" + "\n".join(_item(item) for item in items) + f"\n</{tag}>"
        case Printed(lines=lines, caption=caption):
            above = f'<p class="caption">{_escaped(caption)}</p>\n' if caption else ""
            # A line feed right after <pre> is not shown, so one is put there that may be lost.
            return f"{above}<pre>\n" + escape("\n".join(lines)) + "</pre>"
        case _:
            assert_never(block)


def _item(item: Item) -> str:
    notes = "".join(f"<li>{_escaped(note)}</li>" for note in item.notes)
    return f"<li>{_led(item.lead, item.text)}{f'<ul>{notes}</ul>' if notes else ''}</li>"


def _led(lead: str, text: str) -> str:
    return " ".join(
        part for part in (f"<strong>{_escaped(lead)}</strong>" if lead else "", _escaped(text)) if part
    )
