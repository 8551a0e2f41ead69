"""What the stream at hand can show, and words made fit for it."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TextIO

from msa_lab.errors import EnvironmentTrouble
from msa_lab.telemetry.printing import printable

__all__ = [
    "NARROW",
    "ReaderGoneError",
    "Terminal",
    "clip",
    "emit",
    "printable",
    "table",
    "terminal_of",
]
_COLOURS: Final = {"good": "32", "bad": "31", "warn": "33", "dim": "2", "strong": "1", "fault": "35"}
_GLYPHS: Final = {"good": ("✓", "+"), "bad": ("✗", "x"), "warn": ("▲", "!"), "unsure": ("?", "?"),
                  "full": ("━", "#"), "empty": ("─", "-"), "to": ("→", "->"), "bar": ("│", "|"),
                  "line": ("─", "-"), "right": ("▶", ">"), "left": ("◀", "<")}  # fmt: skip
NARROW: Final = 80
_WIDEST: Final = 110
WINDOW: Final = "MSALAB_WINDOW"
"""Set where the terminal is a window of a browser: `read`, or `write` when it may change things."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """A stream: columns to write in, whether it shows colours and Unicode, whether a line can be redrawn.

    `cut` is whether longer lines are cut: on a terminal they are, in a file or pipe nothing may get lost.
    """

    width: int = NARROW
    colour: bool = False
    unicode: bool = True
    live: bool = False
    cut: bool = False

    def paint(self, text: str, style: str) -> str:
        """Give a text in a colour, where there are colours."""
        return f"\x1b[{_COLOURS[style]}m{text}\x1b[0m" if self.colour and style in _COLOURS else text

    def glyph(self, name: str) -> str:
        """Give a sign, in ASCII where the encoding knows no other."""
        return _GLYPHS[name][0 if self.unicode else 1]

    def fit(self, text: str, width: int | None = None) -> str:
        """Cut a text to the width, where lines are cut."""
        return clip(text, self.width if width is None else width) if self.cut else text

    def wrap(self, text: str, first: str, rest: str | None = None) -> list[str]:
        """Break a text into lines that fit; `first` and `rest` stand before the first line and the others."""
        return textwrap.wrap(
            printable(text),
            width=max(40, self.width),
            initial_indent=first,
            subsequent_indent=" " * len(first) if rest is None else rest,
            break_on_hyphens=False,
        ) or [first.rstrip()]


def terminal_of(stream: TextIO, *, colour: bool = True, animate: bool = True) -> Terminal:
    """Look at a stream and the environment."""
    tty = stream.isatty()
    dumb = os.environ.get("TERM") == "dumb"
    coloured = colour and tty and not dumb and not os.environ.get("NO_COLOR")
    width = min(shutil.get_terminal_size((NARROW, 24)).columns, _WIDEST) if tty else NARROW
    return Terminal(
        width=width if width > 0 else NARROW,
        colour=coloured,
        unicode=_can("✓━▲", stream),
        live=animate and tty and not dumb and "CI" not in os.environ,
        cut=tty,
    )


def _can(text: str, stream: TextIO) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


class ReaderGoneError(SystemExit):
    """Whoever read stdout has stopped; where nobody minds, the program ends with 0."""

    def __init__(self) -> None:
        super().__init__(0)


def emit(text: str) -> None:
    """Write to stdout at once.

    Raises:
        ReaderGoneError: when the reader has stopped reading.
        EnvironmentTrouble: when the output cannot be written.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _silence()
        raise ReaderGoneError from None
    except OSError as error:
        _silence()
        raise EnvironmentTrouble(f"the output cannot be written: {error.strerror or error}") from error


def _silence() -> None:
    """Let nothing be written at the interpreter's exit: it would fail there once more."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - lives as long as the process


def table(rows: Iterable[Iterable[str]], *, indent: str = "", right: Iterable[int] = ()) -> list[str]:
    """Set rows in columns two blanks apart; the numbers of columns in `right` are set flush right."""
    cells = [[printable(cell) for cell in row] for row in rows]
    if not cells:
        return []
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    flush = tuple(right)
    return [
        (
            indent
            + "  ".join(
                cell.rjust(width) if column in flush else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
        ).rstrip()
        for row in cells
    ]


def clip(text: str, width: int) -> str:
    """Cut a text to a width, with dots where something is missing."""
    return text if len(text) <= width else text[: max(0, width - 3)] + "..."
