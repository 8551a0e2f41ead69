"""Nothing but ASCII on the screen: whatever a widget draws, its borders and scrollbars, too."""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from msa_lab.tui.feed.lines import in_ascii

_KEYS: Final = {
    "←→↑↓": "arrows", "⏎": "Enter", "⌫": "Backspace", "↑": "Up", "↓": "Down", "←": "Left", "→": "Right",
    "⇥": "Tab",
}  # fmt: skip


class AsciiOnly(LineFilter):
    """Replaces each sign that is not ASCII by one that is, in its place."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - that of LineFilter
        return [
            it if it.text.isascii() else Segment(in_ascii(it.text), it.style, it.control) for it in segments
        ]


def key_in_words(written: str) -> str:
    """Write a key without signs: Enter, arrows."""
    for sign, word in _KEYS.items():
        written = written.replace(sign, word)
    return in_ascii(written)
