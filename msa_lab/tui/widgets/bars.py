"""The lines that every screen has: header, tabs, scrubber."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from msa_lab.tui.feed.lines import Line, padded, text_of
from msa_lab.tui.widgets.rows import fit, strip_of


class Bar(Widget):
    """One line."""

    DEFAULT_CSS = "Bar { height: 1; }"

    def __init__(self, draw: Callable[[int], Line], *, name: str) -> None:
        super().__init__(id=name)
        self._draw = draw
        self._shown: Line = ()

    def redraw(self) -> None:
        """Draw anew what has changed."""
        if self.size.width and self._draw(self.size.width) != self._shown:
            self.refresh()

    def text(self) -> str:
        """Give its text."""
        return text_of(fit(self._draw(self.size.width), self))

    def render_line(self, y: int) -> Strip:
        if y or not self.size.width:
            return Strip.blank(self.size.width, self.rich_style)
        self._shown = self._draw(self.size.width)
        row = fit(padded(self._shown, self.size.width), self)
        return strip_of(row, self.size.width, self.app.theme, self.rich_style)


class Tabs(Bar):
    """The names of the screens; a click opens one."""

    @dataclass
    class Clicked(Message):
        """A column of the tabs was clicked."""

        column: int

    def on_click(self, event: events.Click) -> None:
        self.post_message(self.Clicked(event.x))


class ScrubberBar(Bar):
    """The run in one line; a click or a drag goes there."""

    @dataclass
    class Scrubbed(Message):
        """A column of the scrubber was clicked."""

        column: int
        width: int

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self.capture_mouse()
        self.post_message(self.Scrubbed(event.x, self.size.width))

    def on_mouse_up(self) -> None:
        self.release_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self.app.mouse_captured is self:
            self.post_message(self.Scrubbed(event.x, self.size.width))
