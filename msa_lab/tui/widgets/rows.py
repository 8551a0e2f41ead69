"""Lists and pages that draw only what is seen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import zip_longest
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
Seen = tuple[Size, int, int, int, tuple[Line, ...]]
"""The room of a list, its first row in sight, how many there are, the cursor's, and the lines in sight."""


def fit(row: Line, widget: Widget) -> Line:
    """Give a line as the terminal can show it."""
    return ascii_only(row) if widget.app.screen_stack[0].has_class("ascii") else row


def strip_of(row: Line, width: int, theme: str, base: Ink) -> Strip:
    """Paint a line."""
    ink = inks(theme)
    segments = [Segment(text, base + ink[style]) for text, style in padded(row, width) if text]
    return Strip(segments, width)


def _others(before: Sequence[Line], now: Sequence[Line]) -> list[int]:
    """Give the places at which two sequences of lines differ."""
    return [y for y, (then, line) in enumerate(zip_longest(before, now)) if then != line]


class Scrolled(ScrollView, can_focus=True):
    """Lines that scroll. The style beneath them is looked up once a picture: that is dear.

    What is not in the window yet is drawn for the room that it had when it was last seen, so that a screen
    that is opened again needs one layout and is painted once.
    """

    _ink = Ink()
    _title = ""
    _last = Size(0, 0)

    def entitle(self, title: str) -> None:
        """Take another title; the same again would be painted again."""
        if title != self._title:
            self._title = self.border_title = title

    def room(self) -> Size:
        """Give the room for lines: now, or when it was last seen; none when it is hidden by itself."""
        now = self.scrollable_content_region.size
        if now.width > 1:
            self._last = now
        return self._last if self.display else now

    def take(self, size: Size) -> None:
        """Take another size of all there is; only a scrollbar that comes or goes needs a new layout."""
        before, room = self.virtual_size, self.room().height
        if size == before:
            return
        if not room and size.height > self.app.size.height:
            self.show_vertical_scrollbar = True  # sure before the first layout, which then is the only one
        own = self.styles.is_auto_height and size.height != before.height
        scrolled_out = self.scroll_offset.y > max(0, size.height - room)
        if own or scrolled_out or self.show_vertical_scrollbar != (size.height > room):
            self.virtual_size = size
            return
        self.set_reactive(ScrollView.virtual_size, size)
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.window_virtual_size = size.height

    def repaint(self, lines: Collection[int]) -> None:
        """Paint lines of the window anew; many of them as one."""
        room = self.room()
        if 2 * len(lines) > room.height:
            self.refresh()
        elif lines:
            self.refresh(*(Region(0, y, room.width, 1) for y in lines))

    def settle(self) -> None:
        """Draw for the room there is, if what is drawn is for another: it is about to be painted."""
        raise NotImplementedError

    def render_lines(self, crop: Region) -> list[Strip]:
        self._ink = self.rich_style
        self.settle()
        return super().render_lines(crop)


class Page(Scrolled):
    """A page of lines; it scrolls when it is longer than its room."""

    DEFAULT_CSS = "Page { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }"

    def __init__(self, draw: DrawAll, *, name: str, title: str = "") -> None:
        super().__init__(id=name, classes="panel" if title else "")
        self._draw = draw
        self._lines: Sequence[Line] = ()
        self._drawn_for = Size(0, 0)
        self.border_title = title

    def redraw(self) -> None:
        """Draw anew from what the drawing sees now."""
        room, before, lines = self.room(), self._drawn_for, self._lines
        self._draw_for(room)
        if room.width > 1:
            self.take(Size(room.width, len(self._lines)))
        if room.width != before.width:
            self.refresh()
        elif self._lines != lines:  # painting is what costs
            seen = slice(self.scroll_offset.y, self.scroll_offset.y + room.height)
            self.repaint(_others(lines[seen], self._lines[seen]))

    def _draw_for(self, room: Size) -> None:
        self._drawn_for = room
        self._lines = self._draw(room.width, max(1, room.height)) if room.width > 1 else ()

    def settle(self) -> None:
        room = self.room()
        if room != self._drawn_for:
            self._draw_for(room)

    def on_resize(self) -> None:
        if self.room() != self._drawn_for:
            self.redraw()
        elif self._drawn_for.width > 1:  # drawn as it was painted
            self.take(Size(self._drawn_for.width, len(self._lines)))

    def text(self) -> str:
        """Give the text of the page."""
        return "\n".join(text_of(fit(row, self)).rstrip() for row in self._lines)

    def render_line(self, y: int) -> Strip:
        width = self._drawn_for.width
        row = y + self.scroll_offset.y
        shown: Line = self._lines[row] if row < len(self._lines) else ()
        return strip_of(fit(padded(shown, width), self), width, self.app.theme, self._ink)


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
        self._seen: Seen = (Size(0, 0), 0, 0, 0, ())
        self.border_title = title

    def redraw(self, count: int | None = None, cursor: int | None = None) -> None:
        """Draw anew, with another number of rows and another cursor when given."""
        self.count = self.count if count is None else count
        wanted = self.cursor if cursor is None else cursor
        self.cursor = max(0, min(wanted, self.count - 1))
        self.take(Size(self.room().width, self.count))
        if cursor is not None:
            self._reveal()
        before, self._seen = self._seen, self._visible()
        if before[:2] != self._seen[:2]:
            self.refresh()
        elif before != self._seen:  # painting is what costs
            self.repaint(self._stale(before, self._seen))

    def _stale(self, before: Seen, now: Seen) -> Collection[int]:
        """Give the lines of the window that are others now, or have or had the cursor."""
        lines = {*_others(before[4], now[4])}
        if before[3] != now[3]:
            lines |= {row - now[1] for row in (before[3], now[3])} & {*range(now[0].height)}
        return lines

    def _visible(self) -> Seen:
        """Give all the picture depends on; when focus or theme change, Textual paints by itself."""
        room = self.room()
        top = self.scroll_offset.y
        rows = range(top, min(self.count, top + room.height)) if room.width > 1 else range(0)
        return room, top, self.count, self.cursor, tuple(self._draw(row, room.width) for row in rows)

    def settle(self) -> None:
        if self._seen[:4] != (self.room(), self.scroll_offset.y, self.count, self.cursor):
            self._seen = self._visible()

    def _reveal(self) -> None:
        """Scroll no further than the cursor needs to be seen."""
        top, height = self.scroll_offset.y, self.room().height
        if self.cursor < top or height <= 0:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, force=True)

    def on_resize(self) -> None:
        if self._seen[0] != self.room():
            self.redraw(cursor=self.cursor)
            return
        self.take(Size(self._seen[0].width, self.count))  # drawn as it was painted
        self._reveal()

    def render_line(self, y: int) -> Strip:
        room, top, _, cursor, lines = self._seen
        width = room.width
        if y >= len(lines):
            return Strip.blank(width, self._ink)
        here = top + y == cursor
        base = self._ink
        if here:
            base += Ink(reverse=True) if self.has_focus else resting(self.app.theme)
        drawn = lines[y]
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

    def seek(self, step: int, wanted: Callable[[int], bool], begin: int | None = None) -> bool:
        """Go to the next row that is wanted (`step` 1) or to the one before (-1); tell whether there is one.

        The search begins beside the cursor, or at the row `begin`.
        """
        first = self.cursor + step if begin is None else begin
        row = next(filter(wanted, range(first, self.count if step > 0 else -1, step)), None)
        if row is not None:
            self.go(row)
        return row is not None

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
