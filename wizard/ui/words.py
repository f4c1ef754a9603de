"""The wording all front ends share, so that a symbol, a symptom or a promise reads the same everywhere."""

from __future__ import annotations

import unicodedata
from typing import Final, Literal

from wizard.engine.model import Confidence, Mark, Mended, Outcome, Result, Status
from wizard.records import dataclass

Sign = Literal["ok", "warn", "fail", "unknown", "running"]
"""A mark, or the sign of something under way."""

SYMBOLS: Final[dict[Sign, str]] = {"ok": "✓", "warn": "!", "fail": "✗", "unknown": "?", "running": "…"}
WORDS: Final[dict[Sign, str]] = {sign: str(sign) for sign in SYMBOLS}

MARKS_EXPLAINED: Final[tuple[tuple[Sign, str], ...]] = (
    ("ok", "looked at and in order"),
    ("warn", "works now, and will not for ever"),
    ("fail", "broken: this is where it stops"),
    ("unknown", "could not be learned, or not looked at yet; it may be in order or not"),
    ("running", "being looked at just now"),
)

STATUS: Final[dict[Status, tuple[Mark, str]]] = {
    "healthy": ("ok", "healthy"),
    "fault": ("fail", "fault"),
    "inconclusive": ("unknown", "inconclusive"),
}

CONFIDENCE: Final[dict[Confidence, str]] = {
    "certain": "nothing else in the catalogue explains this evidence",
    "likely": "the evidence fits this cause best, others are not ruled out",
    "possible": "the evidence fits, and it fits other causes as well",
}

HEALTHY_TITLE: Final = "Nothing is wrong with this tunnel"
INCONCLUSIVE_TITLE: Final = "The cause cannot be told with what could be seen"


@dataclass(frozen=True, slots=True)
class Symptom:
    """What an operator can say is wrong, in their words; `id` is the value of the fact `symptom`."""

    id: str
    label: str
    hint: str


SYMPTOMS: Final[tuple[Symptom, ...]] = (
    Symptom("never-up", "It never came up", "a new tunnel, or dead since a change"),
    Symptom("drops", "It came up and went down", "it worked, and stops now and then"),
    Symptom("no-traffic", "It is up, but nothing passes", "established, and no ping gets through"),
    Symptom("partly", "It is up, but some things do not work", "a network, big transfers or names fail"),
    Symptom("check", "Just check it", "no complaint, or nobody is sure"),
)


def symptom_label(symptom: str) -> str:
    """The operator's words for a symptom id; the id itself when a newer version wrote it."""
    return next((known.label for known in SYMPTOMS if known.id == symptom), symptom)


@dataclass(frozen=True, slots=True)
class Doing:
    """What is going on while a request is carried out, and what it can and cannot harm."""

    title: str
    promise: str


LOOKING: Final = Doing(
    "What do the gateways say?",
    "Reads configuration, state, logs and counters. Nothing is sent through the tunnel, nothing is changed.",
)
EXERCISING: Final[dict[str, Doing]] = {
    "ike-four-points": Doing(
        "Bringing the tunnel up, watched from both ends",
        "This tunnel is started once, while both gateways are watched. No configuration is changed.",
    ),
    "traffic": Doing(
        "Sending a few pings, watched from both ends",
        "A few pings go through this tunnel, while counters are read at both ends. Nothing is changed.",
    ),
}
TRYING: Final = Doing("Trying the tunnel, watched from both ends", "No configuration is changed.")

DRAWING: Final = Doing(
    "Making a plan",
    "Both gateways are read again for it. Nothing is changed before you have seen the plan and said yes.",
)
MOVES: Final[dict[str, Doing]] = {
    "arm": Doing(
        "Arming the undo",
        "Each gateway is given what takes the change back, and a timer that does it. Nothing is changed yet.",
    ),
    "step": Doing("Changing", "The undo is armed: if this program or its connection ends, it takes effect."),
    "watch": Doing("Looking at the other tunnels", "They must stand as they stood before the change."),
    "keep": Doing("Keeping the change", "Over new connections, so that it is sure they can still be made."),
    "undo": Doing("Undoing the change", "Every step is taken back, the last one first."),
    "look": Doing("Looking what became of the change", "The gateways are asked how their guards ended."),
}
"""What a move of a plan is called and what it means, by its name in the engine."""

RESULTS: Final[dict[Result, tuple[Mark, str]]] = {
    "kept": ("ok", "mended"),
    "undone": ("warn", "undone"),
    "refused": ("warn", "not done"),
    "failed": ("fail", "failed"),
}
"""How a remedy ended: a mark and the word for it."""
NOTHING_CHANGED: Final = "nothing changed yet"
NOTHING_LOST: Final = (
    "What has been learned so far is kept in the session. Nothing was changed on any gateway."
)
NOT_IN_TIME: Final = "nobody confirmed in time"

PERMISSION_TITLE: Final = "May I try this tunnel?"
PERMISSION: Final = (
    "Looking alone does not decide it. Next I would try to bring {tunnel} up and send a few pings through "
    "it, while both gateways are watched."
)
PERMISSION_LIMITS: Final = (
    "Only {tunnel} is tried; other tunnels are not touched.",
    "Nothing is changed in any configuration.",
    "Asked once for this session; each try ends within seconds.",
)
PERMISSION_NO: Final = "No, only look"
PERMISSION_YES: Final = "Yes, try it"
DECLINED: Final = "the operator allowed looking only"

DO_NOT_KNOW: Final = "I do not know"

FORMATS: Final[tuple[tuple[str, str, str], ...]] = (
    ("md", "Markdown", "for a ticket or a wiki"),
    ("html", "HTML", "one file, for a browser or a mail"),
    ("json", "JSON", "for another program"),
    ("text", "Text", "plain lines, for anything"),
)
"""Transcript formats: the name `export --format` takes, the name for people, what it is good for."""


def sign(mark: Sign) -> str:
    """Symbol and word of a mark, because neither colour nor symbol alone reaches everybody."""
    return f"{SYMBOLS[mark]} {WORDS[mark]}"


def ended(mended: Mended) -> str:
    """How a remedy ended, in sentences; the engine's own words first."""
    said = mended.said[:1].upper() + mended.said[1:].rstrip(".")
    match mended.result:
        case "refused" if "nothing was changed" not in said.lower():
            return f"{said}. Nothing was changed."
        case "failed":
            return f"{said}. Look at the gateways before anything else."
        case _:
            return f"{said}."


def headline(outcome: Outcome) -> str:
    """What came out, in one line without mark."""
    if outcome.causes:
        return outcome.causes[0].title
    return HEALTHY_TITLE if outcome.status == "healthy" else INCONCLUSIVE_TITLE


def seconds(value: float) -> str:
    """A duration in seconds as mm:ss, because a session lasts minutes."""
    whole = max(0, int(value))
    return f"{whole // 60:02d}:{whole % 60:02d}"


_ASCII: Final = str.maketrans(
    {
        "✓": "+", "✗": "x", "…": "~", "⇄": "=", "→": ">", "←": "<", "↑": "^", "↓": "v", "▸": ">", "▶": ">",
        "•": "*", "·": "-", "●": "*", "○": "o", "\u2039": "<", "\u203a": ">", "–": "-",
        "—": "-", "‘": "'", "’": "'",
        "“": '"', "”": '"', "×": "x", "≠": "#", "┃": "|", "│": "|", "║": "|", "╎": ":", "┆": ":",
        "─": "-", "━": "-", "┄": ".", "┈": ".", "╌": "-", "═": "=",
        **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼┏┓┗┛╔╗╚╝", "+"),
        **dict.fromkeys("▔▁▂▃▄▅▆▇█▀▊▋▌▍▎▏▐▕▉", " "),
    }
)  # fmt: skip


def plain_ascii(text: str) -> str:
    """The text for a terminal that shows ASCII only, each character as wide as it was.

    What has no likeness becomes "?" in each of its cells, so that columns stay columns.
    """
    if text.isascii():
        return text
    return "".join(char if char.isascii() else _ascii_of(char) for char in text.translate(_ASCII))


def _ascii_of(char: str) -> str:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return ""
    width = 2 if unicodedata.east_asian_width(char) in "WF" else 1
    base = unicodedata.normalize("NFKD", char)[0]
    return base if width == 1 and base.isascii() else "?" * width
