"""How the front end looks on this terminal: themes, ASCII fallback, clock, animation."""

from __future__ import annotations

import locale
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from rich.segment import Segment
from textual import constants
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import Theme

from wizard.ui.words import Sign, plain_ascii

if TYPE_CHECKING:
    from textual.message_pump import MessagePump

    from wizard.ui.tui.app import WizardApp

SMALLEST: Final = (60, 16)
"""Columns and rows below which nothing sensible can be shown."""

STYLES: Final[dict[Sign, str]] = {
    "ok": "$mark-ok",
    "warn": "$mark-warn",
    "fail": "$mark-fail",
    "unknown": "$mark-unknown",
    "running": "$mark-running",
}
"""Colour of each sign; from a set that colour-blind people can tell apart (Okabe-Ito)."""

_GLYPHLESS_TERMINALS: Final = frozenset({"linux", "vt100", "vt102", "vt220", "ansi"})
"""Consoles whose fonts have no check marks, whatever the locale says."""


def needs_ascii() -> bool:
    """Whether this terminal cannot be trusted with anything but ASCII."""
    if os.environ.get("TERM", "") in _GLYPHLESS_TERMINALS:
        return True
    return locale.getencoding().lower().replace("-", "") not in ("utf8", "utf16", "utf32")


@dataclass(frozen=True, slots=True)
class Look:
    """What can be set about the front end; the defaults fit the terminal it runs on."""

    theme: str = "wizard"
    ascii: bool = field(default_factory=needs_ascii)
    animate: bool = field(default_factory=lambda: constants.TEXTUAL_ANIMATIONS != "none")
    clock: Callable[[], float] = time.monotonic
    """Seconds, from any starting point."""
    keymap: Mapping[str, str] = field(default_factory=dict)
    """Keys of the operator's own, by the ids that the help shows."""


def look_of(node: MessagePump) -> Look:
    """The look of the application a widget belongs to."""
    return cast("WizardApp", node.app).look


class AsciiOnly(LineFilter):
    """Replaces every character at the last moment, so that no widget has to think of it."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same cells in ASCII."""
        return [Segment(plain_ascii(text), style, control) for text, style, control in segments]


def _theme(name: str, *, dark: bool, marks: tuple[str, str, str, str, str], **colours: str) -> Theme:
    ok, warn, fail, unknown, running = marks
    return Theme(
        name=name,
        dark=dark,
        success=ok,
        warning=warn,
        error=fail,
        **colours,  # type: ignore[arg-type]
        variables={
            "mark-ok": ok,
            "mark-warn": warn,
            "mark-fail": fail,
            "mark-unknown": unknown,
            "mark-running": running,
            "quiet": unknown,
            "quiet-line": colours["secondary"],
            "block-cursor-foreground": colours["foreground"],
            "block-cursor-background": colours["boost"],
            "block-cursor-text-style": "bold",
            "block-cursor-blurred-background": colours["panel"],
            "border": colours["primary"],
            "border-blurred": colours["secondary"],
            "footer-background": colours["panel"],
            "footer-key-foreground": colours["primary"],
            "input-selection-background": colours["boost"],
            "scrollbar": colours["secondary"],
            "scrollbar-background": colours["surface"],
        },
    )


WITHOUT_COLOUR: Final = _theme(
    "wizard-without-colour",
    dark=True,
    marks=("#B8B8B8", "#FFFFFF", "#FFFFFF", "#8C8C8C", "#D8D8D8"),
    primary="#FFFFFF",
    secondary="#4A4A4A",
    accent="#FFFFFF",
    foreground="#D8D8D8",
    background="#101010",
    surface="#101010",
    panel="#222222",
    boost="#3C3C3C",
)
"""What NO_COLOR gets: Textual takes the colours out, and then what is wrong must be brightest."""

THEMES: Final[tuple[Theme, ...]] = (
    _theme(
        "wizard",
        dark=True,
        marks=("#56B4E9", "#E69F00", "#E8702A", "#8B99A6", "#D7DEE5"),
        primary="#C9B27C",
        secondary="#3B4956",
        accent="#C9B27C",
        foreground="#D7DEE5",
        background="#10161C",
        surface="#10161C",
        panel="#1B242D",
        boost="#2C3C4B",
    ),
    _theme(
        "wizard-light",
        dark=False,
        marks=("#0072B2", "#9A6400", "#B34700", "#5A6672", "#1A232B"),
        primary="#7A4E9C",
        secondary="#AEB8C1",
        accent="#7A4E9C",
        foreground="#1A232B",
        background="#FAFBFC",
        surface="#FAFBFC",
        panel="#E6EBEF",
        boost="#C8D6E2",
    ),
    _theme(
        "wizard-high-contrast",
        dark=True,
        marks=("#56B4E9", "#E69F00", "#FF7A1A", "#FFFFFF", "#FFFFFF"),
        primary="#F0E442",
        secondary="#FFFFFF",
        accent="#F0E442",
        foreground="#FFFFFF",
        background="#000000",
        surface="#000000",
        panel="#2A2A2A",
        boost="#004C7A",
    ),
)
