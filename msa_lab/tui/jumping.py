"""Jump mode: a letter on each panel of the screen; pressing it gives that panel the focus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from msa_lab.tui.asking import Asking
from msa_lab.tui.screens.view import View

LETTERS: Final = "abcdefghijklm"
_FIRST_ROW: Final = 4
_FROM_RIGHT: Final = 5


def reachable(view: View) -> list[Widget]:
    """Give the panels that a letter can bring to: those that are seen.

    In a small window, where one is seen at a time, it is any of them: it is shown when it gets the focus.
    """
    small = view.screen.has_class("-narrow") or view.screen.has_class("-short")
    return [panel for panel in view.panels() if small or _seen(panel)][: len(LETTERS)]


def _seen(panel: Widget) -> bool:
    """Tell whether a panel and all that it lies in are displayed, and it has room."""
    displayed = all(it.display for it in panel.ancestors_with_self if isinstance(it, Widget))
    return displayed and bool(panel.size)


class Jump(Asking[str]):
    """Gives the key that was pressed: a panel's letter, a screen's digit; any other only closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "close")]
    DEFAULT_CSS = """
    Jump { background: $background 40%; layers: letters; }
    Jump Static { width: auto; height: 1; padding: 0 1; layer: letters; position: absolute; }
    Jump Static { background: $accent; color: $background; text-style: bold; }
    """

    def __init__(self, panels: Sequence[Widget]) -> None:
        super().__init__()
        self._panels = panels

    def compose(self) -> ComposeResult:
        row = _FIRST_ROW
        for letter, panel in zip(LETTERS, self._panels, strict=False):
            if _seen(panel):
                label = Static(letter, markup=False)
                label.styles.offset = (panel.region.right - _FROM_RIGHT, panel.region.y)  # beside the title
            else:  # of a small window
                label = Static(f"{letter}  {panel.border_title or panel.id}", markup=False)
                label.styles.offset = (4, row)
                row += 1
            yield label

    def on_key(self, event: events.Key) -> None:
        if event.key != "escape":
            event.stop()
            self.dismiss(event.key)

    def action_leave(self) -> None:
        """Stay where it is."""
        self.dismiss("")
