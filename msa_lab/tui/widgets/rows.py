"""Lists and pages that draw only what is seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style as Ink
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from msa_lab.tui.feed.lines import Line, ascii_only, padded, text_of
from msa_lab.tui.themes import inks, resting

Draw = Callable[[int, int], Line]
DrawAll = Callable[[int, int], Sequence[Line]]


def fit(row: Line, widget: Widget) -> Line:
    """Give a line as the terminal can show it."""
    return ascii_only(row) if widget.app.screen_stack[0].has_class("ascii") else row


def strip_of(row: Line, width: int, theme: str, base: Ink) -> Strip:
    """Paint a line."""
    ink = inks(theme)
    segments = [Segment(text, base + ink[style]) for text, style in padded(row, width) if text]
    return Strip(segments, width)


class Scrolled(ScrollView, can_focus=True):
    """Lines that scroll. The style beneath them is looked up once a picture: that is dear."""

    _ink = Ink()
    _title = ""

    def entitle(self, title: str) -> None:
        """Take another title; the same again would be painted again."""
        if title != self._title:
            self._title = self.border_title = title

    def render_lines(self, crop: Region) -> list[Strip]:
        self._ink = self.rich_style
        return super().render_lines(crop)


class Page(Scrolled):
    """A page of lines; it scrolls when it is longer than its room."""

    DEFAULT_CSS = "Page { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }"

    def __init__(self, draw: DrawAll, *, name: str, title: str = "") -> None:
        super().__init__(id=name, classes="panel" if title else "")
        self._draw = draw
        self._lines: Sequence[Line] = ()
        self._drawn_for = 0
        self.border_title = title

    def redraw(self) -> None:
        """Draw anew from what the drawing sees now."""
        room = self.scrollable_content_region.size
        lines = self._draw(max(1, room.width), max(1, room.height)) if room.width > 1 else ()
        size = Size(room.width, len(lines))
        if size == self.virtual_size and room.width == self._drawn_for and lines == self._lines:
            return  # painting is what costs
        self._drawn_for = room.width
        self._lines = lines
        self.virtual_size = size
        self.refresh()

    def on_resize(self) -> None:
        self.redraw()

    def text(self) -> str:
        """Give the text of the page."""
        return "\n".join(text_of(fit(row, self)).rstrip() for row in self._lines)

    def render_line(self, y: int) -> Strip:
        room = self.scrollable_content_region.size
        if room.width != self._drawn_for:  # a scrollbar came or went
            self._drawn_for = room.width
            self._lines = self._draw(max(1, room.width), max(1, room.height))
        row = y + self.scroll_offset.y
        shown: Line = self._lines[row] if row < len(self._lines) else ()
        return strip_of(fit(padded(shown, room.width), self), room.width, self.app.theme, self._ink)


class Rows(Scrolled):
    """A list of any length with a cursor. Only the visible rows are drawn."""

    DEFAULT_CSS = "Rows { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home", "edge(0)", "first", show=False),
        Binding("end", "edge(1)", "last", show=False),
        Binding("enter", "choose", "open"),
    ]

    @dataclass
    class Moved(Message):
        """The cursor stands on another row."""

        rows: Rows
        row: int

        @property
        def control(self) -> Rows:
            """The list."""
            return self.rows

    @dataclass
    class Chosen(Message):
        """A row was opened."""

        rows: Rows
        row: int

        @property
        def control(self) -> Rows:
            """The list."""
            return self.rows

    def __init__(self, draw: Draw, *, name: str, title: str = "") -> None:
        super().__init__(id=name, classes="panel" if title else "")
        self._draw = draw
        self.count = 0
        self.cursor = 0
        self._seen: tuple[object, ...] = ()
        self.border_title = title

    def redraw(self, count: int | None = None, cursor: int | None = None) -> None:
        """Draw anew, with another number of rows and another cursor when given."""
        self.count = self.count if count is None else count
        wanted = self.cursor if cursor is None else cursor
        self.cursor = max(0, min(wanted, self.count - 1))
        self._resize(Size(self.scrollable_content_region.width, self.count))
        if cursor is not None:
            self._reveal()
        seen = self._visible()
        if seen != self._seen:  # painting is what costs
            self._seen = seen
            self.refresh()

    def _visible(self) -> tuple[object, ...]:
        """Give all the picture depends on; when focus or theme change, Textual paints by itself."""
        room = self.scrollable_content_region.size
        top = self.scroll_offset.y
        rows = range(top, min(self.count, top + room.height)) if room.width > 1 else range(0)
        return room, top, self.count, self.cursor, [self._draw(row, room.width) for row in rows]

    def _resize(self, size: Size) -> None:
        """Take another number of rows; only a scrollbar that comes or goes needs a new layout."""
        room = self.scrollable_content_region.height
        before = self.virtual_size
        if size.width != before.width or min(size.height, before.height) <= room:
            self.virtual_size = size
        elif size != before:
            self.set_reactive(ScrollView.virtual_size, size)
            self.vertical_scrollbar.window_virtual_size = size.height

    def _reveal(self) -> None:
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)

    def on_resize(self) -> None:
        self.redraw(cursor=self.cursor)

    def render_line(self, y: int) -> Strip:
        row = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        if row >= self.count or width < 2:  # noqa: PLR2004 - nothing to draw in
            return Strip.blank(width, self._ink)
        here = row == self.cursor
        base = self._ink
        if here:
            base += Ink(reverse=True) if self.has_focus else resting(self.app.theme)
        drawn = self._draw(row, width)
        if here and self.has_focus:
            drawn = tuple((text, "") for text, _ in drawn)
        return strip_of(fit(padded(drawn, width), self), width, self.app.theme, base)

    def text(self) -> str:
        """Give the text of all rows that are seen."""
        width = max(1, self.scrollable_content_region.width)
        top = self.scroll_offset.y
        rows = range(top, min(self.count, top + self.scrollable_content_region.height))
        return "\n".join(text_of(fit(self._draw(row, width), self)).rstrip() for row in rows)

    def row_text(self) -> str:
        """Give the text of the row under the cursor."""
        return "".join(text for text, _ in self._draw(self.cursor, 400)).strip() if self.count else ""

    def row_at(self, y: int) -> int | None:
        """Give the row that is seen at a line of the window."""
        row = y + self.scroll_offset.y
        return row if row < self.count else None

    def go(self, row: int) -> None:
        """Put the cursor on a row and tell."""
        self.redraw(cursor=row)
        self.post_message(self.Moved(self, self.cursor))

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        self.go(self.cursor + rows)

    def action_page(self, pages: int) -> None:
        """Move the cursor by pages."""
        self.go(self.cursor + pages * max(1, self.scrollable_content_region.height - 1))

    def action_edge(self, last: int) -> None:
        """Go to the first or the last row."""
        self.go(self.count - 1 if last else 0)

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if self.count:
            self.post_message(self.Chosen(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        row = self.row_at(offset.y)
        if row is None:
            return
        again = row == self.cursor
        self.go(row)
        if again and event.chain > 1:
            self.action_choose()
