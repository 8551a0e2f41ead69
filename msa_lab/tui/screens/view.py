"""What the screens have in common: panels of which one has the focus, and a sight to draw from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from msa_lab.tui.feed.sight import Sight
from msa_lab.tui.outside import Paper
from msa_lab.tui.widgets.backdrop import Box
from msa_lab.tui.widgets.rows import Page


class View(Box):
    """One screen's content. In a small window only the panel with the focus is seen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "panel(1)", "next panel", show=False),
        Binding("shift+tab", "panel(-1)", "panel before", show=False),
    ]

    class Opened(Message):
        """Something was chosen that another screen shows: a saga, an event's place, or a filter."""

        def __init__(self, screen: str, saga: str = "", place: int | None = None, filtered: str = "") -> None:
            super().__init__()
            self.screen = screen
            self.saga = saga
            self.place = place
            self.filtered = filtered

    @dataclass
    class Asked(Message):
        """A fault is to be chosen from the palette, which begins with these words."""

        wanted: str

    @dataclass
    class Healed(Message):
        """Faults that act at a place are to end."""

        place: str
        faults: list[str]

    def __init__(self, sight: Sight, name: str) -> None:
        super().__init__(id=name, classes="view")
        self.sight = sight
        self._panels: list[Widget] = []
        self._boxes: list[Widget] = []
        self.pages: list[Page] = []

    def on_mount(self) -> None:
        # what a screen is made of stays; to look for it at each frame would take longer than to draw it
        self._panels, self._boxes = [*self.query(".panel")], [*self.query(".box")]
        self.pages = [*self.query(Page)]

    def show(self, sight: Sight) -> None:
        """Draw what holds at another position."""
        self.sight = sight

    def idle(self, budget: float) -> bool:  # noqa: ARG002 - for screens with work to do between frames
        """Do a little work; tell whether something new is to be drawn."""
        return False

    def up(self) -> bool:
        """Go one level up; tell whether there was one."""
        return False

    def seek(self, step: int) -> str | None:  # noqa: ARG002 - for screens that list something
        """Go to the next match or trouble in what is listed (`step` 1), or to the one before (-1).

        Gives '' when it is there, why it is not, or None where nothing is listed but the moment itself.
        """
        return None

    def place(self) -> str:
        """Name the service or link that is looked at, for a fault; '' when there is none."""
        return ""

    def thing(self) -> str:
        """Give what `y` copies: the thing in focus, as text."""
        focused = self.app.focused
        text = getattr(focused, "text", None)
        return str(text()) if callable(text) else ""

    def saga(self) -> str:
        """Name the saga in focus; '' when there is none."""
        return ""

    def paper(self) -> Paper:
        """Give the thing in focus as a file, for an editor or a command."""
        return Paper(self.thing(), f"{self.id}.txt")

    def panels(self) -> list[Widget]:
        """Give the panels that can be shown now: in a small window any of them."""
        panels = [panel for panel in self._panels if not panel.has_class("off")]
        small = self._small
        return [panel for panel in panels if (small and self._can_show(panel)) or panel.display]

    @property
    def _small(self) -> bool:
        """Whether there is room for one panel only."""
        return self.screen.has_class("-narrow") or self.screen.has_class("-short")

    def _can_show(self, panel: Widget) -> bool:
        """Tell whether a panel is seen as soon as it has the focus: only boxes about it are hidden."""
        around = panel.ancestors[: panel.ancestors.index(self)]
        return all(it.display or it.has_class("box") for it in around if isinstance(it, Widget))

    def enter(self) -> None:
        """Take the focus."""
        panels = self.panels()
        shown = next((panel for panel in panels if panel.has_class("shown")), panels[0] if panels else None)
        if shown is not None:
            self.focus_panel(shown)

    def focus_panel(self, panel: Widget) -> None:
        """Show a panel and give it the focus."""
        self._show_only(panel)
        panel.focus()

    def _show_only(self, panel: Widget) -> None:
        small = self._small  # else all are seen; a window that becomes small asks for all styles anew
        for other in self._panels:
            other.set_class(other is panel, "shown", update=small)
        for box in self._boxes:
            box.set_class(box in panel.ancestors, "around", update=small)

    def action_panel(self, step: int) -> None:
        """Go to the next panel."""
        panels = self.panels()
        here = next((place for place, panel in enumerate(panels) if panel.has_focus), -1)
        if panels:
            self.focus_panel(panels[(here + step) % len(panels)])

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if event.widget.has_class("panel"):
            self._show_only(event.widget)
