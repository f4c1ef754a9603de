"""Outputs of several commands in one probe, told apart by lines the probe itself prints.

One round trip carries many small commands; a line `@@ name` starts a part and `@= N` gives its exit status.
"""

from __future__ import annotations

from wizard.facts.parsers.words import whole
from wizard.records import dataclass

START = "@@ "
STATUS = "@= "


@dataclass(frozen=True, slots=True)
class Section:
    """One part of an output; `status` is None when the command did not get as far as reporting one."""

    name: str
    body: str
    status: int | None = None

    @property
    def lines(self) -> list[str]:
        """The lines of the part that are not empty."""
        return [line for line in self.body.split("\n") if line.strip()]


def sections(text: str) -> tuple[Section, ...]:
    """The parts of an output in order; what stands before the first frame is a part without a name."""
    found: list[Section] = []
    name, status = "", None
    body: list[str] = []
    for line in text.split("\n"):
        if line.startswith(START):
            if name or body:
                found.append(Section(name, "\n".join(body), status))
            name, body, status = line[len(START) :].strip(), [], None
        elif line.startswith(STATUS):
            status = whole(line[len(STATUS) :].strip())
        else:
            body.append(line)
    if name or body:
        found.append(Section(name, "\n".join(body), status))
    return tuple(found)


def section(text: str, name: str) -> Section:
    """The first part of that name, an empty one when there is none."""
    return next((part for part in sections(text) if part.name == name), Section(name, ""))
