"""Colours. Dark and light keep to hues that the colour-blind can tell apart (Okabe and Ito 2008)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from rich.style import Style as Ink
from textual.theme import Theme

from msa_lab.tui.feed.lines import Style

DARK: Final = Theme(
    name="msalab-dark", primary="#56B4E9", secondary="#CC79A7", accent="#56B4E9", success="#2FBF95",
    warning="#E69F00", error="#FF6A3D", foreground="#DDE3EA", background="#10151B", surface="#161D25",
    panel="#1E2731", dark=True,
)  # fmt: skip
LIGHT: Final = Theme(
    name="msalab-light", primary="#0072B2", secondary="#A0417A", accent="#0072B2", success="#00704F",
    warning="#8F5F00", error="#B84300", foreground="#1C2733", background="#F7F8FA", surface="#FFFFFF",
    panel="#E7EBF0", dark=False,
)  # fmt: skip
PLAIN: Final = Theme(
    name="msalab-plain", primary="#FFFFFF", secondary="#FFFFFF", accent="#FFFFFF", success="#FFFFFF",
    warning="#FFFFFF", error="#FFFFFF", foreground="#FFFFFF", background="#000000", surface="#000000",
    panel="#222222", dark=True,
)  # fmt: skip
THEMES: Final = (DARK, LIGHT, PLAIN)


@lru_cache(maxsize=8)
def resting(theme: str) -> Ink:
    """Give the style of a cursor in a list that has not the focus."""
    chosen = next((it for it in THEMES if it.name == theme), DARK)
    return Ink(underline=True) if chosen is PLAIN else Ink(bgcolor=chosen.panel)


@lru_cache(maxsize=8)
def inks(theme: str) -> dict[Style, Ink]:
    """Give the colour of each style in a theme; a theme that is not ours is served by the dark one."""
    chosen = next((it for it in THEMES if it.name == theme), DARK)
    plain = chosen is PLAIN
    return {
        "": Ink(),
        "good": Ink(color=chosen.success),
        "bad": Ink(color=chosen.error, bold=True, reverse=plain),
        "warn": Ink(color=chosen.warning, underline=plain),
        "unsure": Ink(color=chosen.accent, italic=True),
        "dim": Ink(dim=True),
        "strong": Ink(bold=True),
        "fault": Ink(color=chosen.secondary, bold=plain),
        "accent": Ink(color=chosen.accent),
    }
