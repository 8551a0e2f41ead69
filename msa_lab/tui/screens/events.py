"""Events: the whole log as one list, filtered by the one grammar."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from msa_lab.telemetry.events import LogEvent
from msa_lab.tui.feed import eventpage, livepage
from msa_lab.tui.feed.lines import Line
from msa_lab.tui.feed.sight import Sight
from msa_lab.tui.outside import Paper
from msa_lab.tui.screens.view import View
from msa_lab.tui.widgets.filter import Filter
from msa_lab.tui.widgets.rows import Page, Rows
from msa_lab.tui.widgets.wrapping import Wrapping


class EventsView(View):
    """The events up to now, the cursor on the last one while it follows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", key_display="/", id="filter"),
        Binding("z", "zoom", "zoom", id="zoom"),
        Binding("w", "wrap", "wrap", id="wrap"),
        Binding("F", "follow", "follow", id="follow"),
    ]

    def __init__(self, sight: Sight) -> None:
        super().__init__(sight, "events")
        self._chosen: Callable[[LogEvent], bool] | None = None
        self.text = ""
        self.listing = eventpage.Listing(sight.feed)
        self.following = True

    def compose(self) -> ComposeResult:
        yield Filter(name="event-filter", hint='service == "payment" and t > 2s')
        yield Wrapping(self._row, self._lines, name="event-list", title="Events")
        yield Page(self._detail, name="event", title="Selected")

    def show(self, sight: Sight) -> None:
        if sight.feed is not self.sight.feed:  # another run
            self.listing = eventpage.Listing(sight.feed, self._chosen, self.listing.zoom)
        super().show(sight)
        self.listing.advance(0.03)
        self._redraw()

    def idle(self, budget: float) -> bool:
        if self.listing.ready:
            return False
        self.listing.advance(budget)
        self._redraw()
        return True

    def _redraw(self) -> None:
        rows = self.query_one("#event-list", Rows)
        count = self.listing.until(self.sight.at)
        total = len(self.sight.feed.log)
        left = "" if self.listing.ready else f", searched {self.listing.seen:,}"
        zoom = "" if self.listing.zoom == "all" else f"  zoom: {self.listing.zoom}"
        follow = "  follow" if self.following else ""
        rows.entitle(f"Events {count:,} of {total:,}{left}{zoom}{follow}")
        rows.redraw(count, count - 1 if self.following else None)
        if self.text:
            self.query_one(Filter).tell(f"{self.text}    {len(self.listing):,} of {total:,}{left}")
        self.query_one("#event", Page).redraw()

    def _row(self, row: int, width: int) -> Line:
        place = self.listing.place(row)
        own = self._own(place)
        drawn = livepage.event_row(self.sight, self.sight.feed.log.event(place), width - own)
        return ((self.sight.signs["mark"], "accent"), *drawn) if own else drawn

    def _lines(self, row: int, width: int) -> list[Line]:
        place = self.listing.place(row)
        own = self._own(place)
        lines = livepage.event_lines(self.sight, self.sight.feed.log.event(place), width - own)
        begins = [self.sight.signs["mark"], *(" " * (len(lines) - 1))]
        return (
            [((begin, "accent"), *line) for begin, line in zip(begins, lines, strict=True)] if own else lines
        )

    def _own(self, place: int) -> bool:
        """Tell whether the viewer marked an event."""
        return any(marker.at == place + 1 and marker.kind == "own" for marker in self.sight.feed.markers)

    def selected(self) -> LogEvent | None:
        """Give the event under the cursor."""
        rows = self.query_one("#event-list", Rows)
        return self.sight.feed.log.event(self.listing.place(rows.cursor)) if rows.count else None

    def selected_place(self) -> int | None:
        """Give the place of the event under the cursor."""
        rows = self.query_one("#event-list", Rows)
        return self.listing.place(rows.cursor) if rows.count else None

    def _detail(self, width: int, height: int) -> list[Line]:
        event = self.selected()
        return [] if event is None else eventpage.detail(self.sight, event, width, height)

    def open(self, place: int) -> None:
        """Put the cursor on an event; what hides it is taken away."""
        row = self.listing.row_of(place)
        if not len(self.listing) or self.listing.place(row) != place:
            self._take(None, "")
            row = place
        self.following = False
        self._redraw()
        self.query_one("#event-list", Rows).go(row)
        self.focus_panel(self.query_one("#event-list"))

    def narrow(self, text: str) -> None:
        """List the events that a filter fits."""
        from msa_lab.scenario.scopes import event_filter  # noqa: PLC0415 - heavy, and only when it is asked for

        self._take(event_filter(text), text)
        self._redraw()
        self.focus_panel(self.query_one("#event-list"))

    def _take(self, chosen: Callable[[LogEvent], bool] | None, text: str) -> None:
        self._chosen, self.text = chosen, text
        zoom = self.listing.zoom if text else "all"
        self.listing = eventpage.Listing(self.sight.feed, chosen, zoom)
        self.query_one(Filter).accept(text)
        self.listing.advance(0.05)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        from msa_lab.scenario.expressions import InvalidExpression  # noqa: PLC0415 - heavy, and only when it is asked for
        from msa_lab.scenario.scopes import event_filter  # noqa: PLC0415 - as above

        message.stop()
        text = message.value.strip()
        try:
            chosen = event_filter(text) if text else None
        except InvalidExpression as invalid:
            self.query_one(Filter).refuse(invalid)
            return
        self._take(chosen, text)
        self._redraw()
        self.focus_panel(self.query_one("#event-list"))

    def action_filter(self) -> None:
        """Ask for a filter."""
        self.query_one(Filter).ask()

    def seek(self, step: int) -> str:
        rows = self.query_one("#event-list", Rows)
        self.following = False
        is_trouble = eventpage.trouble_in(self.sight.feed)
        found = rows.seek(step, lambda row: bool(self.text) or is_trouble(self.listing.place(row)))
        return "" if found else f"no more {'matches' if self.text else 'trouble'} this way"

    def action_zoom(self) -> None:
        """List all events, without plumbing, or only the key ones."""
        zooms = eventpage.ZOOMS
        following = zooms[(zooms.index(self.listing.zoom) + 1) % len(zooms)]
        place = self.selected_place()
        self.listing = eventpage.Listing(self.sight.feed, self._chosen, following)
        self.listing.advance(0.2)
        self._redraw()
        if place is not None:
            self.query_one("#event-list", Rows).go(self.listing.row_of(place))

    def action_wrap(self) -> None:
        """Let long lines go on in further lines, or cut them."""
        rows = self.query_one("#event-list", Wrapping)
        rows.wrap(not rows.wrapped)

    def action_follow(self) -> None:
        """Keep the cursor on the last event, or let it stand."""
        self.following = not self.following
        self._redraw()

    def on_rows_moved(self, message: Rows.Moved) -> None:
        self.following = message.row == message.rows.count - 1
        page = self.query_one("#event", Page)
        page.scroll_home(animate=False)
        page.redraw()

    def on_rows_chosen(self, _message: Rows.Chosen) -> None:
        event = self.selected()
        if event is not None and event.saga:
            self.post_message(self.Opened("sagas", saga=event.saga))
        elif event is not None:
            self.app.notify("this event belongs to no saga")

    def saga(self) -> str:
        event = self.selected()
        return event.saga if event is not None else ""

    def place(self) -> str:
        event = self.selected()
        return event.service if event is not None else ""

    def up(self) -> bool:
        if self.query_one(Filter).close():
            self.enter()
            return True
        if not self.text:
            return False
        self._take(None, "")
        self._redraw()
        return True

    def thing(self) -> str:
        """Copy the event under the cursor as JSON."""
        event = self.selected()
        return "" if event is None else msgspec.json.encode(event).decode()

    def paper(self) -> Paper:
        """Give the event as JSON that can be read."""
        event = self.selected()
        if event is None:
            return Paper("")
        text = msgspec.json.format(msgspec.json.encode(event), indent=2).decode()
        return Paper(f"{text}\n", f"event-{event.seq}.json")
