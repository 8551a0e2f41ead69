"""Live: is the shop alive, what is breaking."""

from __future__ import annotations

from textual.app import ComposeResult

from msa_lab.telemetry.sagas import SagaView
from msa_lab.tui.feed import keyevents, livepage, sagapage
from msa_lab.tui.feed.lines import Line
from msa_lab.tui.feed.sight import Sight
from msa_lab.tui.screens.view import View
from msa_lab.tui.widgets.backdrop import Across, Down
from msa_lab.tui.widgets.rows import Page, Rows

_EVENTS = 200


class Live(View):
    """Services, sagas, expectations, faults and the latest events worth telling."""

    def __init__(self, sight: Sight) -> None:
        super().__init__(sight, "live")
        self._sagas: list[SagaView] = []
        self._events: list[keyevents.Told] = []
        self._told = 0

    def compose(self) -> ComposeResult:
        with Across(classes="upper box"):
            yield Page(
                lambda width, _: livepage.services(self.sight, width), name="services", title="Services"
            )
            with Down(classes="right box"):
                yield Page(lambda width, _: livepage.tally(self.sight, width), name="tally")
                yield Rows(self._saga, name="sagas-now", title="Sagas")
        with Across(classes="lower box"):
            with Down(classes="left box"):
                yield Page(
                    lambda width, _: livepage.expectations(self.sight, width),
                    name="expectations", title="Expectations",
                )  # fmt: skip
                yield Page(lambda width, _: livepage.faults(self.sight, width), name="faults", title="Faults")
            yield Rows(self._event, name="events-now", title="Key events")

    def on_mount(self) -> None:
        self.query_one("#tally").can_focus = False

    def show(self, sight: Sight) -> None:
        before = self.sight
        super().show(sight)
        self._sagas = livepage.recent_sagas(sight)
        if sight.feed is before.feed and self._told <= sight.at:
            more = keyevents.key_events(sight, _EVENTS, self._told)
            self._events = keyevents.joined(more, self._events, _EVENTS)
        else:
            self._events = keyevents.key_events(sight, _EVENTS)
        self._told = sight.at
        moment = sight.moment
        self.query_one("#expectations", Page).entitle(f"Expectations  {sight.broken} broken")
        self.query_one("#faults", Page).entitle(f"Faults  {len(moment.faults)} active")
        when = "whole run" if sight.whole else "last second"
        if sight.feed.counted < 1:
            when = f"counting {sight.feed.counted:.0%}"
        self.query_one("#services", Page).entitle(f"Services {livepage.counted(sight)}  {when}")
        self.query_one("#sagas-now", Rows).redraw(len(self._sagas))
        self.query_one("#events-now", Rows).redraw(len(self._events))
        for page in self.pages:
            page.redraw()

    def _saga(self, row: int, width: int) -> Line:
        return livepage.saga_row(self.sight, self._sagas[row], width)

    def _event(self, row: int, width: int) -> Line:
        return keyevents.key_row(self.sight, self._events[row], width)

    def on_rows_chosen(self, message: Rows.Chosen) -> None:
        if message.rows.id == "sagas-now":
            self.post_message(self.Opened("sagas", saga=self._sagas[message.row].id))
        else:
            event = self._events[message.row].event
            self.post_message(self.Opened("events", place=self.sight.feed.log.place(event.seq)))

    def seek(self, step: int) -> str:
        """Go to the next trouble among the key events where they have the focus, else among the sagas."""
        rows = self.query_one("#events-now", Rows)
        if rows.has_focus:
            troubled = [keyevents.is_trouble(event) for event in self._events]
        else:
            rows = self.query_one("#sagas-now", Rows)
            troubled = [sagapage.in_trouble(self.sight, view) for view in self._sagas]
        begin = rows.cursor + step if rows.has_focus or step < 0 else 0  # the first n comes to the list
        self.focus_panel(rows)
        return "" if rows.seek(step, troubled.__getitem__, begin) else "no more trouble this way"

    def saga(self) -> str:
        """Name the saga under the cursor, in either list."""
        sagas, events = self.query_one("#sagas-now", Rows), self.query_one("#events-now", Rows)
        if events.has_focus and self._events:
            return self._events[events.cursor].event.saga
        return self._sagas[sagas.cursor].id if self._sagas else ""
