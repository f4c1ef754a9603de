"""A page of text that lays itself out for the width it gets and can be selected with the mouse."""

from __future__ import annotations

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from wizard.ui.tui.blocks import Block, lay_out


class Sheet(Widget):
    """Blocks of text, as high as they need."""

    DEFAULT_CSS = """
    Sheet { width: 1fr; height: auto; }
    """

    def __init__(self, blocks: Iterable[Block] = (), *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._blocks = tuple(blocks)

    def lay(self, blocks: Iterable[Block]) -> None:
        """Replaces what the sheet says."""
        self._blocks = tuple(blocks)
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(lay_out(self._blocks, width))

    def render(self) -> Content:
        return Content("\n").join(lay_out(self._blocks, self.content_size.width))


class Page(VerticalScroll):
    """A sheet that scrolls, with a title on its border."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.sheet = Sheet()

    def compose(self) -> ComposeResult:
        yield self.sheet

    def turn_to(self, title: Content, subtitle: Content, blocks: Iterable[Block], *, top: bool) -> None:
        """Shows another page; `top` scrolls to its beginning."""
        self.border_title = title
        self.border_subtitle = subtitle
        self.sheet.lay(blocks)
        if top:
            self.scroll_home(animate=False)
