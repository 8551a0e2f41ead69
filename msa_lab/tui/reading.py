"""A text over the screen: it scrolls, it can be searched, copied and read in full."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Label, Static

from msa_lab.tui.asking import Asking
from msa_lab.tui.feed.lines import Line, line, text_of
from msa_lab.tui.widgets.rows import Page

_HINT: Final = "/ search  n N next, before  y copy  Esc close"


class Reading(Asking[None]):
    """A text that scrolls. Lines longer than the window go on in the next row; nothing is cut."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "close"),
        Binding("q", "close", "close", show=False),
        Binding("slash", "search", "search", key_display="/"),
        Binding("n", "match(1)", "next match"),
        Binding("N", "match(-1)", "match before"),
        Binding("y", "copy_all", "copy"),
        Binding("j", "scroll(1)", "down", show=False),
        Binding("k", "scroll(-1)", "up", show=False),
    ]
    DEFAULT_CSS = """
    Reading { align: center middle; }
    Reading Vertical { width: 100%; max-width: 122; height: 92%; background: $panel; }
    Reading Vertical { border-top: round $accent; border-bottom: round $accent; }
    Reading Page { background: $panel; height: 1fr; }
    Reading Input { display: none; border: none; height: 1; padding: 0 1; background: $surface; }
    Reading.asking Input { display: block; }
    Reading Input:focus { border: none; }
    """

    def __init__(
        self, text: str | Sequence[Line], title: str, copy: Callable[[str], None], *, also: str = ""
    ) -> None:
        """Show a text or lines; `copy` takes the text, the key of `also` closes, too."""
        super().__init__()
        self._lines = [line(row) for row in text.splitlines()] if isinstance(text, str) else list(text)
        self._title = title
        self._copy = copy
        self._also = also
        self._sought = ""
        self._found: int | None = None
        self._starts: list[int] = []

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self._title.replace("[", "\\[")
            box.border_subtitle = _HINT
            yield Page(self._draw, name="reading")
            yield Input(placeholder="what to look for", id="sought", select_on_focus=False)

    def on_mount(self) -> None:
        if self._also:
            self._bindings.bind(self._also, "close", "close", show=False)
        self.query_one(Page).focus()

    @property
    def text(self) -> str:
        """All of it, unfolded."""
        return "\n".join(text_of(row).rstrip() for row in self._lines)

    def replace(self, text: str, title: str) -> None:
        """Show another text."""
        self._lines = [line(row) for row in text.splitlines()]
        self._found = None
        self.query_one(Vertical).border_title = title.replace("[", "\\[")
        self.query_one(Page).redraw()

    def _draw(self, width: int, _height: int) -> list[Line]:
        drawn: list[Line] = []
        self._starts = []
        for place, row in enumerate(self._lines):
            self._starts.append(len(drawn))
            drawn += _folded(_marked(row, self._sought, here=place == self._found), width)
        return drawn

    def action_search(self) -> None:
        """Ask what to look for."""
        self.add_class("asking")
        self.query_one(Input).focus()

    def on_input_changed(self, message: Input.Changed) -> None:
        self._sought = message.value.casefold()
        self._go(0, 1)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self._answered()

    def _answered(self) -> None:
        self.remove_class("asking")
        self.query_one(Page).focus()

    def action_match(self, step: int) -> None:
        """Go to the next line that fits, round and round."""
        if not self._sought:
            self.action_search()
            return
        self._go(step + (self._found if self._found is not None else -1), step)

    def _go(self, start: int, step: int) -> None:
        count = len(self._lines)
        order = [(start + step * turn) % count for turn in range(count)] if self._sought else []
        self._found = next((it for it in order if self._sought in text_of(self._lines[it]).casefold()), None)
        fitting = sum(self._sought in text_of(row).casefold() for row in self._lines) if self._sought else 0
        told = f"{fitting} lines have it  {_HINT}" if self._sought else _HINT
        self.query_one(Vertical).border_subtitle = told
        page = self.query_one(Page)
        page.redraw()
        page.refresh()
        if self._found is not None:
            page.scroll_to(y=max(0, self._starts[self._found] - 3), animate=False)

    def action_scroll(self, rows: int) -> None:
        """Move the text."""
        self.query_one(Page).scroll_relative(y=rows, animate=False)

    def action_copy_all(self) -> None:
        """Copy the whole text."""
        self._copy(self.text)

    def action_close(self) -> None:
        """Leave the search, else the text."""
        if self.has_class("asking"):
            self.query_one(Input).value = ""
            self._answered()
        else:
            self.dismiss()


def _marked(row: Line, sought: str, *, here: bool) -> Line:
    if not sought or sought not in text_of(row).casefold():
        return row
    if here:
        return ((text_of(row), "accent"),)
    return tuple((text, "warn" if sought in text.casefold() else style) for text, style in row)


def _folded(row: Line, width: int) -> list[Line]:
    """Break a line into rows of a width."""
    rows: list[Line] = []
    now: list[tuple[str, object]] = []
    room = width
    for text, style in row:
        left = text
        while len(left) > room:
            now.append((left[:room], style))
            rows.append(tuple(now))  # type: ignore[arg-type]
            left, now, room = left[room:], [], width
        now.append((left, style))
        room -= len(left)
    rows.append(tuple(now))  # type: ignore[arg-type]
    return rows


class Ask(Asking[str]):
    """Asks for one line; gives '' when nothing is wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "close")]
    DEFAULT_CSS = """
    Ask { align: center middle; }
    Ask Vertical { width: 66; max-width: 96%; height: auto; padding: 0 1; }
    Ask Vertical { border: round $accent; background: $panel; }
    Ask Input { border: none; height: 1; background: $surface; padding: 0 1; }
    Ask Input:focus { border: none; }
    """

    def __init__(self, title: str, hint: str, example: str, value: str = "") -> None:
        super().__init__()
        self._title, self._hint, self._example, self._value = title, hint, example, value

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label(self._title, markup=False)
            yield Input(self._value, placeholder=self._example, id="asked", select_on_focus=False)
            yield Static(self._hint, markup=False)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self.dismiss(message.value.strip())

    def action_cancel(self) -> None:
        """Want nothing."""
        self.dismiss("")
