"""Metrics: curves over the run, or over a part of it; beside another run or an earlier moment."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from msa_lab.errors import EnvironmentTrouble
from msa_lab.tui.dialogs import Choose
from msa_lab.tui.feed import baselines, index, metricpage
from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.feed.lines import Line
from msa_lab.tui.feed.metricpage import Baseline
from msa_lab.tui.feed.sight import Sight
from msa_lab.tui.outside import Paper
from msa_lab.tui.screens.view import View
from msa_lab.tui.widgets.rows import Page

_COLUMNS: Final = 120
_FIRST: Final = 0.1


class MetricsView(View):
    """Curves over the whole run or the part that is zoomed to, drawn up to now."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "baseline", "compare", id="baseline"),
        Binding("plus,equals_sign", "zoom(1)", "zoom in", key_display="+", id="zoom-in"),
        Binding("minus", "zoom(-1)", "zoom out", key_display="-", id="zoom-out"),
    ]

    class Compared(Message):
        """Something to compare with is to be chosen."""

    def __init__(self, sight: Sight) -> None:
        super().__init__(sight, "metrics")
        self.zoom = 0
        self.baseline: Baseline | None = None
        self._other: Feed | None = None
        self._told = ""
        self._offers: list[baselines.Offer] = []

    def compose(self) -> ComposeResult:
        yield Page(self._grid, name="charts", title="Metrics")

    def _grid(self, width: int, height: int) -> list[Line]:
        axis = metricpage.axis_of(self.sight, self.zoom)
        return metricpage.grid(self.sight, width, height, axis, self.baseline)

    def show(self, sight: Sight) -> None:
        super().show(sight)
        self.zoom = min(self.zoom, metricpage.deepest(sight))
        page = self.query_one("#charts", Page)
        page.entitle(metricpage.title(sight, self.zoom, self.baseline))
        page.redraw()

    def action_zoom(self, step: int) -> None:
        """Draw half of what is drawn, about the moment at hand; or twice as much."""
        wanted = self.zoom + step
        if wanted > metricpage.deepest(self.sight):
            self.app.notify("no finer: events are counted in slices of 100 ms or more", timeout=2)
        elif wanted < 0:
            self.app.notify("that is the whole run", timeout=2)
        self.zoom = max(0, min(wanted, metricpage.deepest(self.sight)))
        self.show(self.sight)

    def action_baseline(self) -> None:
        """Ask what to compare with."""
        self.post_message(self.Compared())

    def choose(self, runs: Path | None) -> None:
        """Offer what to compare with: moments, and with a folder of runs the other runs."""
        self._offers = baselines.offers(self.sight, runs, compared=self.baseline is not None)
        lines = [offer.line for offer in self._offers]
        self.app.push_screen(Choose("Compare with", lines), self._take)

    def _take(self, place: int | None) -> None:
        if place is None or place < 0:
            return
        offer = self._offers[place]
        self._let_go()
        if offer.log is None:
            self.baseline = None if offer.t is None else Baseline(offer.told, t=offer.t)
            self.show(self.sight)
            return
        try:
            self._other, self._told = index.opened(offer.log), offer.told
        except EnvironmentTrouble as trouble:
            self.app.notify(str(trouble), severity="error")
        self.idle(_FIRST)

    def idle(self, budget: float) -> bool:
        """Read on in the other run; it is drawn as soon as all of it is counted."""
        other = self._other
        if other is None or self.baseline is not None:
            return False
        try:
            other.advance(budget)
        except EnvironmentTrouble as trouble:
            self.app.notify(str(trouble), severity="error")
            self._let_go()
            return False
        if not other.whole:
            return False
        last = other.log.time(len(other.log) - 1) if len(other.log) else 0
        seen = Sight(other, len(other.log), last, self.sight.signs)
        self.baseline = Baseline(self._told, seen)
        self.show(self.sight)
        return True

    def _let_go(self) -> None:
        if self._other is not None:
            self._other.log.close()
        self._other = self.baseline = None

    def on_unmount(self) -> None:
        self._let_go()

    def up(self) -> bool:
        if not self.zoom and self.baseline is None:
            return False
        self.zoom = 0
        self._let_go()
        self.show(self.sight)
        return True

    def thing(self) -> str:
        """Copy the curves as comma-separated values."""
        axis = metricpage.axis_of(self.sight, self.zoom)
        plots = metricpage.compared(self.sight, _COLUMNS, axis, self.baseline)
        known = [(chart.title, chart.values) for chart in plots]
        known += [(f"{chart.title} (baseline)", chart.base) for chart in plots if chart.base]
        lines = ["t," + ",".join(title for title, _ in known)]
        for column in range(_COLUMNS):
            cells = ("" if values[column] is None else f"{values[column]:g}" for _, values in known)
            lines.append(f"{axis.instant(column + 1, _COLUMNS) / 1e6:.3f}," + ",".join(cells))
        return "\n".join([*lines, ""])

    def paper(self) -> Paper:
        return Paper(self.thing(), "metrics.csv")
