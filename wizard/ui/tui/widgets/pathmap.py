"""The path host - gateway - WAN - gateway - host: the one thing to be read from across the room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from wizard.engine.model import Segment
from wizard.ui import words
from wizard.ui.tui.look import STYLES
from wizard.ui.tui.story import LEGS
from wizard.ui.tui.widgets.raw import one_line
from wizard.ui.words import Sign

_CAPTIONS: Final = (
    ("protected network", "gateway", "the network between (WAN)", "gateway", "protected network"),
    ("inside", "gateway", "WAN", "gateway", "inside"),
)
"""For much room and for little."""
_SHORTEST_LEG: Final = 5
_SHORTEST_HOST: Final = 4
_LINES: Final[dict[Sign, str]] = {"ok": "─", "warn": "─", "fail": "╌", "unknown": "┄", "running": "┄"}
_TUNNEL_LINES: Final[dict[Sign, str]] = {**_LINES, "ok": "═", "warn": "═"}


@dataclass(frozen=True, slots=True)
class Places:
    """What stands along the path, the near host first."""

    near_host: str
    near: str
    far: str
    far_host: str


def draw(
    places: Places, segments: Sequence[Segment], width: int, *, running: bool = False, captions: bool = False
) -> list[Content]:
    """The map in `width` cells: the path, the words of its marks, what is wrong where it stops."""
    signs: list[Sign] = [
        "running" if running and segment.mark == "unknown" else segment.mark for segment in segments
    ]
    # 14: brackets and marks of both gateways, and the spaces between the parts.
    longest = (width - 3 * _SHORTEST_LEG - 2 * _SHORTEST_HOST - 14) // 2
    near, far = (one_line(name).truncate(longest, ellipsis=True) for name in (places.near, places.far))
    gateways = [
        Content.assemble("[", (words.SYMBOLS[sign], f"bold {STYLES[sign]}"), " ", name.stylize("bold"), "]")
        for name, sign in ((near, signs[1]), (far, signs[3]))
    ]
    taken = sum(gateway.cell_length for gateway in gateways) + 6
    hosts = [one_line(name, "$quiet") for name in (places.near_host, places.far_host)]
    room = (width - taken - 4 * _SHORTEST_LEG) // 2
    hosts = [host.truncate(max(_SHORTEST_HOST, room), ellipsis=True) for host in hosts]
    free = width - taken - sum(host.cell_length for host in hosts)
    lan = max(_SHORTEST_LEG, free // 4)
    wan = max(_SHORTEST_LEG, free - 2 * lan)
    parts = [
        hosts[0],
        _leg(signs[0], lan, _LINES),
        gateways[0],
        _leg(signs[2], wan, _TUNNEL_LINES),
        gateways[1],
        _leg(signs[4], lan, _LINES),
        hosts[1],
    ]
    middles: list[int] = []
    position = 0
    for index, part in enumerate(parts):
        if 0 < index < len(parts) - 1:
            middles.append(position + part.cell_length // 2)
        position += part.cell_length + 1
    lines = [Content(" ").join(parts)]
    lines.append(
        _beneath(
            [("" if sign == "running" else words.WORDS[sign], STYLES[sign]) for sign in signs], middles, width
        )
    )
    lines.append(_stop(segments, middles, width))
    if captions:
        lines.insert(0, _captions(middles, width))
    return lines


def _captions(middles: Sequence[int], width: int) -> Content:
    """What the parts of the path are, in words short enough that none is left out."""
    for texts in _CAPTIONS:
        line = _beneath([(text, "$quiet") for text in texts], middles, width)
        if all(text in line.plain for text in texts) and line.plain.count("gateway") == 2:
            return line
    return Content("")


def _leg(sign: Sign, length: int, drawn: dict[Sign, str]) -> Content:
    left = (length - 3) // 2
    line = drawn[sign]
    text = f"{line * left} {words.SYMBOLS[sign]} {line * (length - 3 - left)}"
    return Content.styled(text, f"bold {STYLES[sign]}" if sign in ("fail", "warn") else STYLES[sign])


def _beneath(texts: Sequence[tuple[str, str]], middles: Sequence[int], width: int) -> Content:
    """Words centred at their places; one that would touch its left neighbour is left out."""
    line = Content("")
    for (text, style), middle in zip(texts, middles, strict=True):
        start = min(max(0, middle - len(text) // 2), width - len(text))
        if not text or start < line.cell_length + (1 if line else 0):
            continue
        line = line.pad_right(start - line.cell_length) + Content.styled(text, style)
    return line


def _stop(segments: Sequence[Segment], middles: Sequence[int], width: int) -> Content:
    for wanted in ("fail", "warn"):
        for segment, middle in zip(segments, middles, strict=True):
            if segment.mark == wanted and segment.note:
                text = one_line(segment.note).truncate(width - 2, ellipsis=True)
                note = Content.assemble((f"{words.SYMBOLS[wanted]} ", "bold"), text).stylize(STYLES[wanted])
                start = min(max(0, middle - note.cell_length // 2), width - note.cell_length)
                return note.pad_left(start)
    return Content("")


class PathMap(Widget):
    """The map of one session; three lines, four on a tall terminal."""

    segments: reactive[tuple[Segment, ...]] = reactive(tuple(Segment(leg, "unknown") for leg in LEGS))
    running: reactive[bool] = reactive(False)

    def __init__(self, places: Places, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._places = places
        self.tooltip = "Where packets get to: the first ✗ is where it stops. F1 explains the marks."

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 4 if self._captions else 3

    @property
    def _captions(self) -> bool:
        return self.screen.has_class("-tall")

    def render(self) -> Content:
        lines = draw(
            self._places,
            self.segments,
            self.content_size.width,
            running=self.running,
            captions=self._captions,
        )
        return Content("\n").join(lines)
