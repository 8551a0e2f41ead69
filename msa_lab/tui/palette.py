"""The chaos palette: which fault, at what, what it would touch, and the command line that does the same."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from msa_lab.errors import MsaLabError
from msa_lab.tui.asking import Asking
from msa_lab.tui.feed import chaospage, switchpage
from msa_lab.tui.feed.lines import Line, Span, Style, clipped, line
from msa_lab.tui.feed.sight import Sight
from msa_lab.tui.widgets.rows import Page, Rows

if TYPE_CHECKING:
    from msa_lab.chaos import Names


_SEARCH: Final = "type to search, as in  loss payment"
_TITLE: Final = 24
"""In fewer columns no row says what its kind does: it stands beneath, for the one that is chosen."""
_FAULT: Final = "the fault, to be changed as you like:"
_FAULT_OR_RUN: Final = "the fault; or a new run with another past: --set --var --topology --seed"
_ANEW: Final = (
    "a new run from its start: it has another past, and both runs are kept",
    "compare them by  msalab diff RUN RUN",
)


class Palette(Asking[str]):
    """Gives the line of the fault to put in, or nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "close"),
        Binding("up", "move(-1)", "fault before", show=False, priority=True),
        Binding("down", "move(1)", "next fault", show=False, priority=True),
        Binding("tab", "swap", "search/edit", priority=True),
        Binding("shift+tab", "swap", "search/edit", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    Palette { align: center middle; }
    Palette Vertical { width: 112; max-width: 98%; height: 24; max-height: 96%; padding: 0 1; }
    Palette Vertical { border: round $secondary; background: $panel; }
    Palette Input { border: none; height: 1; padding: 0 1; background: $surface; }
    Palette Input:focus { background: $background; border: none; }
    Palette Rows { height: 1fr; min-height: 3; background: $panel; }
    Palette Page { height: 9; background: $panel; }
    Palette.-short Page { height: 7; }
    Palette Static { height: 1; }
    """

    def __init__(
        self,
        sight: Sight,
        names: Names,
        cli: Callable[[str], str],
        wanted: str,
        title: str,
        *,
        at_once: bool = False,
        other: Callable[[str], str] | None = None,
        patterns: Mapping[str, str] | None = None,
    ) -> None:
        """Offer faults; with `other`, which writes the command line, a new run with other settings, too.

        `patterns` are the run's switches, each of which a new run may turn.
        """
        super().__init__()
        self._sight = sight
        self._names = names
        self._cli = cli
        self._wanted = wanted
        self._title = title
        self._at_once = at_once
        self._other = other
        self._patterns = patterns or {}
        self._offers: list[chaospage.Offer | switchpage.Switch] = []

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self._title
            box.border_subtitle = "Enter: do it  Tab: edit  Esc: leave"
            yield Input(self._wanted, placeholder=_SEARCH, id="kind", select_on_focus=False)
            yield Rows(self._row, name="offers")
            yield Static(_FAULT if self._other is None else _FAULT_OR_RUN, markup=False)
            yield Input("", id="fault", select_on_focus=False)
            yield Page(self._radius, name="radius")

    def on_mount(self) -> None:
        self._look()

    def _look(self) -> None:
        wanted = self.query_one("#kind", Input).value
        at = None if self._at_once else self._sight.t
        faults = chaospage.offers(self._sight, self._names, wanted, at)
        self._offers = [*faults, *switchpage.switches(self._patterns, wanted)]
        self.query_one(Rows).redraw(len(self._offers), 0)
        self._take()

    def _take(self) -> None:
        rows = self.query_one(Rows)
        text = self._offers[rows.cursor].text if self._offers else ""
        self.query_one("#fault", Input).value = text
        self.query_one(Page).redraw()

    def _row(self, row: int, width: int) -> Line:
        offer = self._offers[row]
        here = row == self.query_one(Rows).cursor
        sign = self._sight.signs["right"] if here else " "
        name, target = self._columns(width)
        cells: list[Span] = [
            (f"{sign} ", "accent"),
            (f"{offer.name:<{name}} ", "fault"),
            (f"{offer.target:<{target}} ", ""),
        ]
        if self._left(width) >= _TITLE:
            cells.append((offer.title, "dim"))
        return clipped(line(*cells), width, self._sight.signs["dots"])

    def _columns(self, width: int) -> tuple[int, int]:
        """Give the width of names and targets: that of the longest, within reason."""
        names = max((len(offer.name) for offer in self._offers), default=0)
        targets = max((len(offer.target) for offer in self._offers), default=0)
        return min(names, width // 2), min(targets, width // 3)

    def _left(self, width: int) -> int:
        """Give the room for what a kind does."""
        return width - 4 - sum(self._columns(width))

    @property
    def fault(self) -> str:
        """The line as it stands."""
        return self.query_one("#fault", Input).value.strip()

    def _radius(self, width: int, _height: int) -> list[Line]:
        text = self.fault
        if self._anew:
            return self._radius_anew(width)
        mistake = chaospage.mistake_of(text, self._names) if text else "nothing fits; empty the search"
        spec = chaospage.fault_of(text, self._names)
        if mistake or spec is None:
            return [line((part, "bad")) for part in textwrap.wrap(mistake, max(20, width))]
        told = chaospage.radius(self._sight, self._names, spec, width, at_once=self._at_once)
        left = self._left(self.query_one(Rows).room().width)
        title = chaospage.title_of(spec)
        if left < max(_TITLE, len(title)):
            told = [*_wrapped("does", title, width, ""), *told]
        return [*told, *_wrapped("same by", self._cli(text), width, "accent")]

    @property
    def _anew(self) -> bool:
        """Whether a new run is asked for, not a fault."""
        return self._other is not None and self.fault.startswith("--")

    def _radius_anew(self, width: int) -> list[Line]:
        try:
            told = self._other(self.fault) if self._other is not None else ""
        except MsaLabError as mistake:
            return [line((part, "bad")) for part in textwrap.wrap(str(mistake), max(20, width))]
        lines = [line(part) for part in _ANEW]
        chosen = self._offers[self.query_one(Rows).cursor] if self._offers else None
        turns = chosen.title if chosen is not None and chosen.text == self.fault else ""
        if "patterns." in self.fault:
            refused = textwrap.wrap(switchpage.why_not_from(self._sight.t), max(20, width))
            lines = [line(_ANEW[0]), *(line((part, "dim")) for part in refused)]
        teaches = _wrapped("teaches", turns, width, "") if turns else []
        return [*teaches, *lines, *_wrapped("same by", told, width, "accent")]

    @property
    def _fits(self) -> bool:
        """Whether the line can be played."""
        if not self._anew or self._other is None:
            return chaospage.fault_of(self.fault, self._names) is not None
        try:
            self._other(self.fault)
        except MsaLabError:
            return False
        return True

    def on_input_changed(self, message: Input.Changed) -> None:
        if message.input.id == "kind":
            self._look()
        else:
            self.query_one(Page).redraw()

    def on_input_submitted(self) -> None:
        """Put it in, if it is a fault."""
        if self._fits:
            self.dismiss(self.fault)

    def on_rows_chosen(self) -> None:
        """Put it in."""
        self.on_input_submitted()

    def on_rows_moved(self) -> None:
        """Take the fault under the cursor."""
        self._take()

    def action_move(self, step: int) -> None:
        """Choose the next fault."""
        self.query_one(Rows).action_move(step)

    def action_swap(self) -> None:
        """Go from the search to the fault's line, or back."""
        kind, fault = self.query_one("#kind", Input), self.query_one("#fault", Input)
        (fault if kind.has_focus else kind).focus()

    def action_cancel(self) -> None:
        """Leave all as it is."""
        self.dismiss("")


def _wrapped(word: str, told: str, width: int, style: Style) -> list[Line]:
    """Tell what may need more than one line, such as the command line that does the same."""
    rest = " " * 11
    text = f"{word:<11}{told}"
    parts = textwrap.wrap(text, max(30, width), subsequent_indent=rest, break_on_hyphens=False)
    return [line((part, style)) for part in parts]
