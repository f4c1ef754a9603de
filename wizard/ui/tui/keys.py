"""Every key of the screens, with the id by which a keymap can change it and the words the help shows.

At most five stand in the footer at a time: more would be cut off at 80 columns.
"""

from __future__ import annotations

from typing import Final

from textual.binding import Binding

from wizard.ui import words


def _key(keys: str, action: str, label: str, ident: str, tip: str, display: str | None = None) -> Binding:
    return Binding(keys, action, label, id=ident, tooltip=tip, key_display=display)


def _hidden(keys: str, action: str, label: str, ident: str, tip: str, display: str | None = None) -> Binding:
    return Binding(keys, action, label, show=False, id=ident, tooltip=tip, key_display=display)


HELP: Final = _key("f1", "app.help", "Help", "app.help", "all keys, and what the marks mean", "F1")

APP: Final = (
    _hidden("f1", "help", "Help", "app.help", "all keys, and what the marks mean", "F1"),
    Binding("ctrl+q", "quit", "Quit", show=False, priority=True, id="app.quit", tooltip="quit at once"),
)

HOME: Final = (
    _key("slash", "find", "Find", "home.find", "show only tunnels whose name fits", "/"),
    _key("x", "export", "Export", "home.export", "save the transcript of the highlighted session"),
    _hidden("escape", "back", "Back", "home.back", "back to the tunnels", "Esc"),
    *(
        _hidden(
            str(n), f"begin('{symptom.id}')", symptom.label, f"home.{symptom.id}", f"begin: {symptom.label}"
        )
        for n, symptom in enumerate(words.SYMPTOMS, 1)
    ),
    HELP,
    _key("q", "app.quit", "Quit", "home.quit", "quit at once"),
)
CHOICES: Final = (_key("enter", "select", "Choose", "choices.choose", "take the highlighted entry", "Enter"),)

SESSION: Final = (
    _key("enter", "onward", "Continue", "session.continue", "go on: back to where the walk is", "Enter"),
    _key("s", "stop", "Stop", "session.stop", "stop waiting; go on with what is there"),
    _key(
        "m", "mend", "Mend it", "session.mend", "choose what is done about the cause; nothing is changed yet"
    ),
    _key("x", "export", "Export", "session.export", "save the transcript: Markdown, HTML, JSON, text"),
    _key("n", "again", "New check", "session.again", "check the same tunnel again from the start"),
    _key("e", "evidence", "Evidence", "session.evidence", "all evidence, and everything ruled out"),
    _key("b,left", "earlier", "Back", "session.back", "look at the stop before", "b"),
    # Where the footer has no room left for it: the same key, not shown.
    _hidden("b,left", "earlier(True)", "Back", "session.back", "look at the stop before", "b"),
    _hidden("right", "later", "Next", "session.next", "look at the stop after", "→"),
    _key("r", "raw", "Raw", "session.raw", "the commands and what they printed; again closes it"),
    _hidden("r", "raw(True)", "Raw", "session.raw", "the commands and what they printed; again closes it"),
    _hidden("w", "why", "Why", "session.why", "how this was decided, and where that is from"),
    # Not y: a question may come up while it is pressed, and there y means yes.
    _hidden("c", "copy", "Copy", "session.copy", "copy the evidence of this page"),
    _hidden("C", "copy_command", "Copy", "session.copy-command", "copy the command behind the evidence"),
    _hidden("escape", "leave", "Leave", "session.leave", "one level back", "Esc"),
    HELP,
)

TRAIL: Final = (_hidden("enter", "select", "Look", "trail.look", "look at this stop again", "Enter"),)
RAW: Final = (
    _key("slash", "find", "Find", "raw.find", "search in this output", "/"),
    _key("n", "next", "Next hit", "raw.next", "go to the next place found"),
)

DIALOG: Final = (
    _hidden("f1", "app.help", "Help", "app.help", "all keys, and what the marks mean", "F1"),
    _key("escape", "escape", "Close", "dialog.close", "close without doing anything", "Esc"),
    Binding("left", "app.focus_previous", show=False),
    Binding("right", "app.focus_next", show=False),
)
CONFIRM: Final = (
    _key("y", "answer(True)", "Yes", "confirm.yes", "do it"),
    _key("n", "answer(False)", "No", "confirm.no", "do not do it"),
)
PLAN: Final = (
    _key("y", "answer(True)", "Yes, mend it", "plan.yes", "carry the plan out, with the undo armed first"),
    _key("n", "answer(False)", "No", "plan.no", "change nothing"),
    _key("e", "whole", "Commands", "plan.whole", "every step with its commands, undo and verification"),
    _hidden("escape", "answer(False)", "No", "plan.escape", "change nothing", "Esc"),
    _hidden("up", "scroll(-1)", "Up", "plan.up", "scroll up", "↑"),
    _hidden("down", "scroll(1)", "Down", "plan.down", "scroll down", "↓"),
    _hidden("pageup", "turn(-1)", "Page up", "plan.page-up", "a page up", "PgUp"),
    _hidden("pagedown", "turn(1)", "Page down", "plan.page-down", "a page down", "PgDn"),
    Binding("left", "app.focus_previous", show=False),
    Binding("right", "app.focus_next", show=False),
    HELP,
)
KEEP: Final = (
    _key("k", "answer(True)", "Keep it", "keep.keep", "the change stays, the guard ends"),
    _key("u", "answer(False)", "Undo it", "keep.undo", "take every step back now"),
)
REMEDIES: Final = (_key("c", "copy", "Copy", "remedies.copy", "copy what has to be told to others"),)
TROUBLE: Final = (_key("d", "details", "Details", "trouble.details", "what the program knows beyond that"),)
EXPORT: Final = (
    _key("c", "copy", "Copy path", "export.copy", "copy the path of the file just written"),
    *(
        _hidden(str(n), f"write('{form}')", name, f"export.{form}", f"{name}: {use}")
        for n, (form, name, use) in enumerate(words.FORMATS, 1)
    ),
)
