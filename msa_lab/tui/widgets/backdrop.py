"""Boxes around panels: plain surfaces, wholly covered but for gaps, and yet painted line by line."""

from __future__ import annotations

from collections.abc import Callable

from textual.containers import Container, Horizontal, Vertical
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import ContentSwitcher


def _alike(draw: Callable[[Region], list[Strip]], crop: Region) -> list[Strip]:
    """Draw one line and give it as all of them: there is no border."""
    return draw(Region(crop.x, crop.y, crop.width, min(1, crop.height))) * crop.height


class Box(Container):
    """Holds panels as its style says."""

    def render_lines(self, crop: Region) -> list[Strip]:
        return _alike(super().render_lines, crop)


class Across(Horizontal):
    """Holds panels side by side."""

    def render_lines(self, crop: Region) -> list[Strip]:
        return _alike(super().render_lines, crop)


class Down(Vertical):
    """Holds panels one below the other."""

    def render_lines(self, crop: Region) -> list[Strip]:
        return _alike(super().render_lines, crop)


class Switcher(ContentSwitcher):
    """Holds the screens, of which one is seen."""

    def render_lines(self, crop: Region) -> list[Strip]:
        return _alike(super().render_lines, crop)
