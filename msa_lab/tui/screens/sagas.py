"""Sagas: the list, and one saga as messages, in time, by states, with its why."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from msa_lab.telemetry.sagas import SagaView
from msa_lab.telemetry.sequence import as_mermaid
from msa_lab.tui.feed import datapage, livepage, sagapage, whypage
from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.feed.lines import Line
from msa_lab.tui.feed.sight import Sight
from msa_lab.tui.outside import Paper
from msa_lab.tui.screens.view import View
from msa_lab.tui.widgets.backdrop import Box
from msa_lab.tui.widgets.filter import Filter
from msa_lab.tui.widgets.rows import Page, Rows

_WAYS: Final = ("sequence", "time", "states")


class SagasView(View):
    """The list at the left (or alone, where there is no room), the chosen saga beside it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "way", "view: sequence/time/states", id="way"),
        Binding("w", "why", "why", id="why"),
        Binding("d", "data", "data", id="data"),
        Binding("slash", "filter", "filter", key_display="/", id="filter"),
        Binding("o", "trouble", "only trouble", id="only-trouble"),
        Binding("a", "whole", "all messages", id="all-messages"),
    ]

    def __init__(self, sight: Sight) -> None:
        super().__init__(sight, "sagas")
        self.chosen = ""
        self.way = "sequence"
        self._views: list[SagaView] = []
        self._drawn = sagapage.Messages((), ())
        self._passes: Callable[[SagaView], bool] = lambda _: True
        self._filtered = False
        self._trouble = False
        self._whole = False
        self._ask: int | None = None
        self._records: datapage.Records | None = None  # while data is shown, not why
        self._read: Feed | None = None

    def compose(self) -> ComposeResult:
        yield Filter(name="saga-filter", hint='state == "COMPENSATED" and retries > 0')
        with Box(classes="body"):
            yield Rows(self._row, name="saga-list", title="Sagas")
            with Box(classes="detail"):
                with Box(classes="drawn box"):
                    yield Page(self._heads, name="lanes")
                    yield Rows(self._message, name="sequence", title="sequence")
                    yield Page(self._page, name="other-way", title="time")
                yield Page(self._why, name="why", title="Why (w)")

    def on_mount(self) -> None:
        self.query_one("#lanes").can_focus = False
        self._arrange()

    def panels(self) -> list[Widget]:
        """Give the panels that can be shown: in a small window an open saga hides the list."""
        found = super().panels()
        wide = self.screen.has_class("-wide") or self.screen.has_class("-huge")
        return [it for it in found if it.id != "saga-list"] if self.has_class("open") and not wide else found

    @property
    def opened(self) -> SagaView | None:
        """The saga that is shown, if it has begun."""
        return self.sight.moment.sagas.views.get(self.chosen)

    def open(self, saga: str) -> None:
        """Show a saga."""
        self.chosen = saga
        self._ask = None
        self.add_class("open")
        self.remove_class("asked")
        self.show(self.sight)
        self._point()
        self.focus_panel(self._main())

    def show(self, sight: Sight) -> None:
        super().show(sight)
        moment = sight.moment
        chosen = [view for view in livepage.recent_sagas(sight) if self._passes(view)]
        if self._trouble:
            chosen = [view for view in chosen if sagapage.in_trouble(sight, view)]
        self._views = chosen
        row = next((place for place, view in enumerate(chosen) if view.id == self.chosen), None)
        sagas = self.query_one("#saga-list", Rows)
        sagas.entitle(f"Sagas {len(chosen)} of {len(moment.sagas.views)}")
        sagas.redraw(len(chosen), row)
        if row is None and not self.has_class("open") and chosen:
            self.chosen = chosen[min(sagas.cursor, len(chosen) - 1)].id
        self._detail()

    def _detail(self) -> None:
        view = self.opened
        self._drawn = (
            sagapage.sequence(self.sight, self.chosen, whole=self._whole)
            if view
            else sagapage.Messages((), ())
        )
        sequence = self.query_one("#sequence", Rows)
        title = sagapage.head(view, self.sight) if view else f"{self.chosen} has not begun"
        sequence.entitle(title)
        self.query_one("#other-way", Page).entitle(title)
        sequence.redraw(len(self._drawn.rows))
        self._entitle()
        for page in self.pages:
            page.redraw()

    def _point(self) -> None:
        """Put the cursor on what it broke, or on the last message."""
        rows = self._drawn.rows
        broke = next((place for place, row in enumerate(rows) if row.kind == "turn"), len(rows) - 1)
        self.query_one("#sequence", Rows).redraw(cursor=max(0, broke))

    def _main(self) -> Rows | Page:
        return (
            self.query_one("#sequence", Rows)
            if self.way == "sequence"
            else self.query_one("#other-way", Page)
        )

    def _arrange(self) -> None:
        sequence = self.way == "sequence"
        self.query_one("#sequence").set_class(not sequence, "off")
        self.query_one("#lanes").set_class(not sequence, "off")
        self.query_one("#other-way").set_class(sequence, "off")

    def _row(self, row: int, width: int) -> Line:
        return livepage.saga_row(self.sight, self._views[row], width)

    def _heads(self, width: int, _height: int) -> list[Line]:
        # the list below has a border that the names must stand over
        head = sagapage.sequence_head(self._drawn, width - 3, self.sight.signs)
        return [((" ", ""), *row) for row in head]

    def _message(self, row: int, width: int) -> Line:
        return sagapage.sequence_row(self._drawn, row, width, self.sight.signs)

    def _page(self, width: int, _height: int) -> list[Line]:
        view = self.opened
        if view is None:
            return []
        draw = sagapage.timeline if self.way == "time" else sagapage.states
        return draw(view, self.sight, width)

    def _why(self, width: int, _height: int) -> list[Line]:
        if self._records is not None and self.opened:
            if self._records.saga != self.chosen or self._read is not self.sight.feed:
                self._records, self._read = datapage.Records(self.chosen), self.sight.feed
            return datapage.data(self.sight, self._records, width)
        return whypage.why(self.sight, self.chosen, self._ask, width) if self.opened else []

    def action_data(self) -> None:
        """Show what is written down of the saga at this moment, or again why it came so."""
        self.add_class("open")
        self._records = datapage.Records(self.chosen) if self._records is None else None
        self._read = self.sight.feed
        self._turn_page()

    def _turn_page(self) -> None:
        """Begin the page beside the messages anew, with more room, and show it where it was not seen."""
        self.add_class("asked")
        page = self.query_one("#why", Page)
        self._entitle()
        page.scroll_home(animate=False)
        page.redraw()
        if not page.display:
            self.focus_panel(page)
        else:
            self.call_after_refresh(self._keep_focus)

    def _keep_focus(self) -> None:
        """Give the focus to the page if what had it, the list, is no longer seen."""
        focused = self.screen.focused
        if self.display and (focused is None or self not in focused.ancestors):
            self.focus_panel(self.query_one("#why"))

    def _entitle(self) -> None:
        asked = "the saga" if self._ask is None else f"event {self._ask}"
        data = f"Data (d) at T+{self.sight.t / 1e6:.3f}"
        self.query_one("#why", Page).entitle(f"Why (w): {asked}" if self._records is None else data)

    def action_way(self) -> None:
        """Show the saga in the next way."""
        self.way = _WAYS[(_WAYS.index(self.way) + 1) % len(_WAYS)]
        self.add_class("open")
        self.remove_class("asked")
        self._arrange()
        self._detail()
        self.focus_panel(self._main())

    def action_why(self) -> None:
        """Ask why of the message under the cursor; again, tell the saga's whole story."""
        self.add_class("open")
        rows = self._drawn.rows
        sequence = self.query_one("#sequence", Rows)
        asked = rows[sequence.cursor].seq if rows and self.way == "sequence" else None
        self._ask = None if self._ask == asked and self._records is None else asked
        self._records = None
        self._turn_page()

    def action_whole(self) -> None:
        """Draw who heard the saga's events, too; or only its own messages."""
        self._whole = not self._whole
        self._detail()
        self._point()

    def action_trouble(self) -> None:
        """List only the sagas that broke something, turned back or tried again; or all."""
        self._trouble = not self._trouble
        self.show(self.sight)

    def seek(self, step: int) -> str:
        """Go to the next saga: each that is listed fits the filter; without one to the next in trouble."""
        sagas = self.query_one("#saga-list", Rows)
        if sagas.seek(step, lambda row: self._filtered or sagapage.in_trouble(self.sight, self._views[row])):
            if self.has_class("open"):
                self.open(self._views[sagas.cursor].id)
            return ""
        return "no more matches this way" if self._filtered else "no more sagas in trouble this way"

    def action_filter(self) -> None:
        """Ask for a filter."""
        self.query_one(Filter).ask()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        from msa_lab.scenario.expressions import InvalidExpression  # noqa: PLC0415 - heavy, and only when it is asked for
        from msa_lab.scenario.sagascope import saga_filter  # noqa: PLC0415 - as above

        message.stop()
        entry = self.query_one(Filter)
        try:
            self._passes = saga_filter(message.value) if message.value.strip() else lambda _: True
        except InvalidExpression as invalid:
            entry.refuse(invalid)
            return
        self._filtered = bool(message.value.strip())
        entry.accept(f"{message.value}" if message.value.strip() else "")
        self.remove_class("open")
        self.show(self.sight)
        self.focus_panel(self.query_one("#saga-list"))

    def on_rows_moved(self, message: Rows.Moved) -> None:
        if message.rows.id == "saga-list" and self._views:
            self.chosen = self._views[message.row].id
            self._ask = None
            self._detail()
            self._point()

    def on_rows_chosen(self, message: Rows.Chosen) -> None:
        if message.rows.id == "saga-list":
            self.open(self._views[message.row].id)
        else:
            seq = self._drawn.rows[message.row].seq
            self.post_message(self.Opened("events", place=self.sight.feed.log.place(seq)))

    def up(self) -> bool:
        if self.query_one(Filter).close():
            self.enter()
            return True
        if not self.has_class("open"):
            return False
        self.remove_class("open")
        self.focus_panel(self.query_one("#saga-list"))
        return True

    def thing(self) -> str:
        """Copy the saga as a Mermaid sequence diagram."""
        return as_mermaid(self.sight.feed.saga_events(self.chosen, self.sight.at)) if self.opened else ""

    def saga(self) -> str:
        return self.chosen if self.opened else ""

    def paper(self) -> Paper:
        """Give the saga as a Mermaid sequence diagram."""
        return Paper(self.thing(), f"{self.chosen}.mmd")
