"""The last line: the keys that work here, as many as there is room for, none cut within a word.

It is drawn as one line: a widget a key, as Textual's own footer has, is a new layout of the window at each
change of focus.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style as Ink
from textual import events
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

_LAST = ("keys",)


@dataclass(frozen=True, slots=True)
class Shown:
    """A key in the line: what is pressed, how it is written, and from which column to which."""

    key: str
    written: str
    description: str
    enabled: bool
    start: int
    end: int


class KeysLine(Widget):
    """Shows the keys of the panel and the screen first; the key that lists all always has its place."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"keysline--key", "keysline--description"}
    DEFAULT_CSS = """
    KeysLine { dock: bottom; height: 1; }
    KeysLine > .keysline--key {
        color: $footer-key-foreground; background: $footer-key-background; text-style: bold;
    }
    KeysLine > .keysline--description {
        color: $footer-description-foreground; background: $footer-description-background;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._keys: tuple[Shown, ...] = ()

    def shown(self) -> tuple[Shown, ...]:
        """Give the keys that are seen."""
        return self._keys

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def on_resize(self) -> None:
        self._fit()

    def _changed(self, screen: Screen[object]) -> None:
        if screen is self.screen and self.is_attached:
            self._fit()

    def _fit(self) -> None:
        """Choose anew what is seen; draw it when it is another."""
        wanted: dict[str, tuple[str, str, str, bool]] = {}
        for _, binding, enabled, _ in self.screen.active_bindings.values():
            if binding.show:
                written = self.app.get_key_display(binding)
                wanted.setdefault(binding.action, (binding.key, written, binding.description, enabled))
        last = [wanted[action] for action in _LAST if action in wanted]
        room = self.size.width - sum(_width(key) for key in last)
        fitting = []
        for action, key in wanted.items():
            if action not in _LAST and _width(key) <= room:
                room -= _width(key)
                fitting.append(key)
        column, keys = 0, []
        for key in (*fitting, *last):
            keys.append(Shown(*key, start=column, end=column + _width(key) - 1))
            column += _width(key)
        if tuple(keys) != self._keys:
            self._keys = tuple(keys)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        base = self.rich_style
        if y:
            return Strip.blank(self.size.width, base)
        ink = base + self.get_component_rich_style("keysline--key")
        plain = base + self.get_component_rich_style("keysline--description")
        between = Ink(bgcolor=base.bgcolor)
        segments = []
        for key in self._keys:
            dim = Ink(dim=not key.enabled or None)
            segments += [
                Segment(key.written, ink + dim),
                Segment(f" {key.description}", plain + dim),
                Segment(" ", between),
            ]
        return Strip(segments).adjust_cell_length(self.size.width, between)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        hit = next((key for key in self._keys if key.start <= event.x < key.end), None)
        if hit is not None and hit.enabled:
            self.app.simulate_key(hit.key)
        elif hit is not None:
            self.app.bell()


def _width(key: tuple[str, str, str, bool]) -> int:
    return len(key[1]) + len(key[2]) + 2
