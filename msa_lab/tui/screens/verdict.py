"""Verdict: what the whole run amounted to."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from msa_lab.tui.feed import verdictpage
from msa_lab.tui.feed.lines import Line
from msa_lab.tui.feed.sight import Sight
from msa_lab.tui.outside import Paper
from msa_lab.tui.screens.view import View
from msa_lab.tui.widgets.bars import Bar
from msa_lab.tui.widgets.rows import Rows


class VerdictView(View):
    """What the whole run amounted to; a violation leads to its saga."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("a", "fold", "open/close all", id="open-all")]

    def __init__(self, sight: Sight) -> None:
        super().__init__(sight, "verdict")
        self._opened: frozenset[str] = frozenset()
        self._entries: list[verdictpage.Entry] = []

    def compose(self) -> ComposeResult:
        yield Bar(lambda _: verdictpage.head(self.sight), name="verdict-head")
        yield Rows(self._row, name="findings", title="Verdict of the whole run")

    def show(self, sight: Sight) -> None:
        super().show(sight)
        rows = self.query_one("#findings", Rows)
        width = max(20, rows.scrollable_content_region.width)
        self._entries = verdictpage.entries(sight, width, self._opened)
        rows.redraw(len(self._entries))

    def on_resize(self) -> None:
        self.show(self.sight)

    def _row(self, row: int, _width: int) -> Line:
        return self._entries[row].line if row < len(self._entries) else ()

    def _ids(self) -> list[str]:
        return [str(it["id"]) for it in self.sight.summary.get("expectations") or []]

    def action_fold(self) -> None:
        """Show all expectations with their violations, or without."""
        self._opened = frozenset() if self._opened else frozenset(self._ids())
        self.show(self.sight)

    def on_rows_chosen(self, message: Rows.Chosen) -> None:
        entry = self._entries[message.row]
        name = entry.finding
        if name and name not in self._opened:
            self._opened |= {name}
            self.show(self.sight)
        elif entry.event and not name:
            place = self.sight.feed.log.place(entry.event)
            end = len(self.sight.feed.log) - 1
            self.post_message(self.Opened("sagas", saga=entry.saga, place=end if entry.at_end else place))
        elif name:
            self._opened -= {name}
            self.show(self.sight)

    def seek(self, step: int) -> str:
        """Go to the next expectation that did not hold."""
        rows = self.query_one("#findings", Rows)
        found = rows.seek(step, lambda row: verdictpage.is_trouble(self._entries[row]))
        return "" if found else "no more that did not hold this way"

    def up(self) -> bool:
        if not self._opened:
            return False
        self._opened = frozenset()
        self.show(self.sight)
        return True

    def saga(self) -> str:
        rows = self.query_one("#findings", Rows)
        return self._entries[rows.cursor].saga if self._entries else ""

    def paper(self) -> Paper:
        """Give the file of the expectation under the cursor, at its line; else the list."""
        rows = self.query_one("#findings", Rows)
        written = verdictpage.written(self.sight, self._entries, rows.cursor) if self._entries else None
        text = self.thing()
        return Paper(text, "verdict.txt") if written is None else Paper(text, "", *written)
