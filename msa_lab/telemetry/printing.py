"""Text made fit to be shown."""

from __future__ import annotations


def printable(text: str) -> str:
    """Replace what could move the cursor or hide text; line breaks become blanks."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c in "\n\t" else "?" for c in text)
