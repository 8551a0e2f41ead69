"""Map: services as boxes, links as lines; beside it what there is to tell of the one that is selected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from msa_lab.tui.feed import mappage, placepage
from msa_lab.tui.feed.lines import Line
from msa_lab.tui.feed.links import Link, faults_on, links
from msa_lab.tui.feed.livepage import names_of_services
from msa_lab.tui.feed.sight import Sight
from msa_lab.tui.screens.view import View
from msa_lab.tui.widgets.backdrop import Box
from msa_lab.tui.widgets.bars import Bar
from msa_lab.tui.widgets.rows import Page, Rows


class MapPicture(Page):
    """The drawing; the arrows go from box to box."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "go(-1, 0)", "select", key_display="←→↑↓"),
        Binding("right", "go(1, 0)", "select", show=False, key_display="←→↑↓"),
        Binding("up,k", "go(0, -1)", "select", show=False, key_display="←→↑↓ k j"),
        Binding("down,j", "go(0, 1)", "select", show=False, key_display="←→↑↓ k j"),
        Binding("enter", "inspect", "inspect"),
    ]

    @dataclass
    class Gone(Message):
        """An arrow was pressed."""

        across: int
        down: int

    @dataclass
    class Clicked(Message):
        """A cell was clicked."""

        x: int
        y: int

    class Inspected(Message):
        """Enter was pressed."""

    def action_go(self, across: int, down: int) -> None:
        """Go to the next box."""
        self.post_message(self.Gone(across, down))

    def action_inspect(self) -> None:
        """Look at the box more closely."""
        self.post_message(self.Inspected())

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None:
            self.post_message(self.Clicked(offset.x, offset.y + self.scroll_offset.y))


class MapView(View):
    """The drawing, the links of the selected service, and what is known of the service or of one link."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "partition", "partition", id="partition"),
        Binding("h", "heal_here", "heal here", id="heal-here"),
        Binding("a", "all", "all links", id="all-links"),
    ]

    def __init__(self, sight: Sight) -> None:
        super().__init__(sight, "map")
        self.selected = "order"
        self.link: Link | None = None
        self._all = False
        self._links: list[Link] = []

    def compose(self) -> ComposeResult:
        with Box(classes="body"):
            with Box(classes="drawing box"):
                yield MapPicture(self._picture, name="picture", title="Map")
                yield Page(lambda width, _: placepage.brief(self.sight, self.looked_at, width), name="brief")
            with Box(classes="side box"):
                yield Rows(self._row, name="links", title="Links")
                yield Page(self._told, name="told", title="Selected")
        yield Bar(lambda width: mappage.legend(self.sight, width), name="legend")

    def on_mount(self) -> None:
        self.query_one("#brief").can_focus = False

    @property
    def looked_at(self) -> Link | str:
        """The link that is looked at, else the service."""
        return self.link if self.link is not None else self.selected

    def place(self) -> str:
        return self.looked_at if isinstance(self.looked_at, str) else self.looked_at.place

    def show(self, sight: Sight) -> None:
        super().show(sight)
        names = names_of_services(sight)
        if self.selected not in names and names:
            self.selected = names[0]
        self._links = [it for it in links(sight) if self.selected in (it.source, it.target)]
        if self.link not in self._links:
            self.link = None
        rows = self.query_one("#links", Rows)
        rows.entitle(f"Links of {self.selected}")
        rows.redraw(len(self._links))
        told = self.query_one("#told", Page)
        told.entitle(self.place())
        for page in self.pages:
            page.redraw()

    def _picture(self, width: int, height: int) -> list[Line]:
        shown = mappage.Picture(self.selected, self.link, self._all)
        return mappage.picture(self.sight, width, height, shown)

    def _row(self, row: int, width: int) -> Line:
        return mappage.link_row(self.sight, self._links[row], width)

    def _told(self, width: int, _height: int) -> list[Line]:
        if self.link is not None:
            return placepage.of_link(self.sight, self.link, width)
        return placepage.of_service(self.sight, self.selected, width)

    def _select(self, name: str) -> None:
        if name:
            self.selected, self.link = name, None
            self.query_one("#links", Rows).cursor = 0
            self.show(self.sight)

    def _room(self) -> tuple[int, int]:
        room = self.query_one("#picture", Page).scrollable_content_region.size
        return max(1, room.width), max(1, room.height)

    def on_map_picture_gone(self, message: MapPicture.Gone) -> None:
        step = (message.across, message.down)
        self._select(mappage.neighbour(self.sight, self.selected, *self._room(), step))

    def on_map_picture_clicked(self, message: MapPicture.Clicked) -> None:
        self._select(mappage.at_point(self.sight, *self._room(), (message.x, message.y)))

    def on_map_picture_inspected(self) -> None:
        """Go to the links of the selected service."""
        self.add_class("open")
        rows = self.query_one("#links", Rows)
        if self._links:
            self.link = self._links[rows.cursor]
        self.show(self.sight)
        self.focus_panel(rows)

    def on_rows_moved(self, message: Rows.Moved) -> None:
        self.link = self._links[message.row] if message.row < len(self._links) else None
        self.show(self.sight)

    def on_rows_chosen(self, message: Rows.Chosen) -> None:
        """Show the messages of a link as events."""
        link = self._links[message.row]
        if link.how == "event":
            text = f'kind == "event.applied" and service == "{link.target}"'
        else:
            owners = self.sight.feed.latest.services.items()
            callees = ", ".join(f'"{name}"' for name, owner in owners if owner == link.target)
            text = f'service == "{link.source}" and callee in [{callees}]'
        self.post_message(self.Opened("events", filtered=text))

    def seek(self, step: int) -> str:
        """Go to the next link in trouble where the links have the focus, else to the next such service."""
        rows = self.query_one("#links", Rows)
        if rows.has_focus:
            found = rows.seek(step, lambda row: mappage.troubled(self.sight, self._links[row]))
            return "" if found else "no more links in trouble this way"
        names = names_of_services(self.sight)
        here = names.index(self.selected) if self.selected in names else 0
        for turn in range(1, len(names)):  # boxes have no first and last: round and round
            name = names[(here + turn * step) % len(names)]
            if mappage.troubled(self.sight, name):
                self._select(name)
                return ""
        return "no other service is in trouble now"

    def action_all(self) -> None:
        """Draw the links of all services, or of the selected one and those that are struck."""
        self._all = not self._all
        self.show(self.sight)

    def action_partition(self) -> None:
        """Open the palette with a partition of what is looked at."""
        self.post_message(self.Asked(f"net.partition {self.place()}"))

    def action_heal_here(self) -> None:
        """Heal what acts on the thing looked at."""
        found = [fault.id for fault in faults_on(self.sight, self.looked_at)]
        self.post_message(self.Healed(self.place(), found))

    def up(self) -> bool:
        if self.link is None and not self.has_class("open"):
            return False
        self.link = None
        self.remove_class("open")
        self.show(self.sight)
        self.focus_panel(self.query_one("#picture"))
        return True

    def thing(self) -> str:
        """Copy the map as a Mermaid flowchart; a panel beside it as text."""
        return mappage.as_mermaid(self.sight) if self.query_one("#picture").has_focus else super().thing()
