"""A list whose long rows can go on in further lines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from rich.style import Style as Ink
from textual.geometry import Size
from textual.strip import Strip

from msa_lab.tui.feed.lines import Line, padded, text_of
from msa_lab.tui.themes import resting
from msa_lab.tui.widgets.rows import Draw, Rows, Seen, fit, strip_of

Fold = Callable[[int, int], Sequence[Line]]


class Wrapping(Rows):
    """A list of any length that scrolls by rows; wrapped, a row takes as many lines as it needs."""

    def __init__(self, draw: Draw, fold: Fold, *, name: str, title: str = "") -> None:
        super().__init__(draw, name=name, title=title)
        self._fold = fold
        self._laid: list[tuple[int, Line]] = []
        self.wrapped = False

    def wrap(self, wrapped: bool) -> None:  # noqa: FBT001 - the state itself
        """Let long rows go on in further lines, or cut them."""
        self.wrapped = wrapped
        self.redraw(cursor=self.cursor)
        self.refresh()

    def _lay(self) -> list[tuple[int, Line]]:
        """Give the lines of the window, each with its row."""
        room = self.room()
        laid: list[tuple[int, Line]] = []
        for row in range(self.scroll_offset.y, self.count):
            laid += [(row, line) for line in self._fold(row, max(1, room.width))]
            if len(laid) >= room.height:
                break
        return laid[: room.height]

    def _stale(self, before: Seen, now: Seen) -> Collection[int]:
        return range(now[0].height) if self.wrapped else super()._stale(before, now)

    def _visible(self) -> Seen:
        if not self.wrapped:
            return super()._visible()
        self._laid = self._lay()
        lines = tuple(line for _, line in self._laid)
        return self.room(), self.scroll_offset.y, self.count, self.cursor, lines

    def take(self, size: Size) -> None:
        """Count a row as one of the scrollbar's units, so that the last rows can be scrolled to whole."""
        room = self.room()
        if self.wrapped and room.height and room.width > 1:
            fitting, used = 0, 0
            while fitting < self.count:
                used += len(self._fold(self.count - 1 - fitting, room.width))
                if used > room.height:
                    break
                fitting += 1
            size = Size(size.width, max(size.height, self.count - max(1, fitting) + room.height))
        super().take(size)

    def _reveal(self) -> None:
        if not self.wrapped:
            super()._reveal()
            return
        room = self.room()
        top, used = self.cursor, 0
        for row in range(self.cursor, -1, -1):  # the highest row from which the cursor is still seen
            used += len(self._fold(row, max(1, room.width)))
            if used > room.height and row < self.cursor:
                break
            top = row
        wanted = min(max(self.scroll_offset.y, top), self.cursor)
        self.scroll_to(y=wanted, animate=False, force=True, immediate=True)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if not self.wrapped or y >= len(self._laid):
            return super().render_line(y) if not self.wrapped else Strip.blank(width, self._ink)
        row, drawn = self._laid[y]
        base = self._ink
        if row == self.cursor:
            base += Ink(reverse=True) if self.has_focus else resting(self.app.theme)
            if self.has_focus:
                drawn = tuple((text, "") for text, _ in drawn)
        return strip_of(fit(padded(drawn, width), self), width, self.app.theme, base)

    def row_at(self, y: int) -> int | None:
        if not self.wrapped:
            return super().row_at(y)
        return self._laid[y][0] if y < len(self._laid) else None

    def text(self) -> str:
        if not self.wrapped:
            return super().text()
        return "\n".join(text_of(fit(line, self)).rstrip() for _, line in self._lay())

    def action_page(self, pages: int) -> None:
        seen = len({row for row, _ in self._lay()}) if self.wrapped else 0
        if seen:
            self.go(self.cursor + pages * max(1, seen - 1))
        else:
            super().action_page(pages)
