"""Transcripts as files: one layout in three formats for people, a document for programs, a recording."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from wizard.errors import InputError
from wizard.journal.render.asciicast import as_cast
from wizard.journal.render.document import as_json
from wizard.journal.render.markdown import as_markdown
from wizard.journal.render.plaintext import as_text
from wizard.journal.render.webpage import as_html
from wizard.journal.transcript import Transcript

FORMATS: Final[dict[str, Callable[[Transcript], str]]] = {
    "md": as_markdown,
    "html": as_html,
    "json": as_json,
    "text": as_text,
    "cast": as_cast,
}
"""What `export --format` takes."""

SUFFIXES: Final[dict[str, str]] = {
    "md": ".md",
    "html": ".html",
    "json": ".json",
    "text": ".txt",
    "cast": ".cast",
}
"""How a file of each format is called."""


def render(transcript: Transcript, form: str) -> str:
    """The transcript in one of FORMATS, to be written as UTF-8; raises InputError for another format."""
    renderer = FORMATS.get(form)
    if renderer is None:
        raise InputError(f"there is no format {form!r}", advice=f"take one of {', '.join(FORMATS)}")
    return renderer(transcript)
