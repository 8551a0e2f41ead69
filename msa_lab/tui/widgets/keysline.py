"""The last line: the keys that work here, as many as there is room for, none cut within a word."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.widgets import Footer
from textual.widgets._footer import FooterKey  # it has no other name

_LAST = ("keys",)


class KeysLine(Footer):
    """Shows the keys of the panel and the screen first; the key that lists all always has its place."""

    def compose(self) -> ComposeResult:
        keys = [key for key in super().compose() if isinstance(key, FooterKey)]
        last = [key for key in keys if key.action in _LAST]
        room = self.app.size.width - sum(_width(key) for key in last)
        for key in keys:
            if key not in last and _width(key) <= room:
                room -= _width(key)
                yield key
        yield from last

    def keys(self) -> list[FooterKey]:
        """Give the keys that are seen."""
        return list(self.query(FooterKey))

    def on_resize(self, _event: events.Resize) -> None:
        """Fit them anew."""
        self.call_after_refresh(self.recompose)


def _width(key: FooterKey) -> int:
    return len(key.key_display) + len(key.description) + 2
