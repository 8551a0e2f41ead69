"""Lines of box-drawing characters on a grid of cells: what the map is drawn with."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Literal

from msa_lab.tui.feed.lines import Line, Span, Style

Stroke = Literal["thin", "bold", "dots", "bold-dots", "double"]
Point = tuple[int, int]
"""Column and row."""

_NORTH, _EAST, _SOUTH, _WEST = 1, 2, 4, 8
_LEVEL, _UPRIGHT = _EAST | _WEST, _NORTH | _SOUTH
_THIN: Final = " ╵╶╰╷│╭├╴╯─┴╮┤┬┼"
_BOLD: Final = " ╹╺┗╻┃┏┣╸┛━┻┓┫┳╋"
_DOUBLE: Final = " ║═╚║║╔╠═╝═╩╗╣╦╬"
_GLYPHS: Final[dict[Stroke, str]] = {
    "thin": _THIN,
    "bold": _BOLD,
    "dots": _THIN.replace("─", "┄").replace("│", "┆"),
    "bold-dots": _BOLD.replace("━", "┅").replace("┃", "┇"),
    "double": _DOUBLE,
}
_ASCII: Final[dict[Stroke, str]] = {
    "thin": " |-+||++-+-++++++"[:16],
    "bold": " |-+||++-+-++++++"[:16],
    "dots": " :.+::++.+.++++++"[:16],
    "bold-dots": " :.+::++.+.++++++"[:16],
    "double": " H=+HH++=+=++++++"[:16],
}


class Wires:
    """A grid on which lines join where they meet, those of a higher rank lie over the others."""

    def __init__(self, width: int, height: int, *, unicode: bool) -> None:
        self.width, self.height = width, height
        self._glyphs = _GLYPHS if unicode else _ASCII
        self._marks: dict[Point, int] = {}
        self._inks: dict[Point, tuple[int, Stroke, Style]] = {}
        self._texts: dict[Point, Span] = {}

    def draw(self, points: Sequence[Point], stroke: Stroke, style: Style, rank: int = 0) -> None:
        """Draw a line through points; each lies straight above, below or beside the one before."""
        for (x0, y0), (x1, y1) in pairwise(points):
            if y0 == y1:
                low, high = min(x0, x1), max(x0, x1)
                for x in range(low, high + 1):
                    self._join((x, y0), (x < high) * _EAST | (x > low) * _WEST, stroke, style, rank)
            else:
                low, high = min(y0, y1), max(y0, y1)
                for y in range(low, high + 1):
                    self._join((x0, y), (y < high) * _SOUTH | (y > low) * _NORTH, stroke, style, rank)

    def _join(self, at: Point, mark: int, stroke: Stroke, style: Style, rank: int) -> None:
        if not mark:
            return
        known = self._inks.get(at)
        if known is not None and known[0] > rank:
            return
        if known is None or known[0] < rank:
            self._marks[at] = 0
        self._marks[at] |= mark
        self._inks[at] = (rank, stroke, style)

    def write(self, x: int, y: int, text: str, style: Style = "") -> None:
        """Write over what is drawn."""
        for place, letter in enumerate(text, start=x):
            self._texts[place, y] = (letter, style)

    def frame(self, corner: Point, size: Point, stroke: Stroke, style: Style) -> None:
        """Draw a box and wipe what lies in it."""
        (x, y), (width, height) = corner, size
        for row in range(y, y + height):
            self.write(x, row, " " * width)
        shape = self._glyphs[stroke]
        level, upright = shape[_LEVEL], shape[_UPRIGHT]
        self.write(x, y, shape[_EAST | _SOUTH] + level * (width - 2) + shape[_SOUTH | _WEST], style)
        self.write(
            x, y + height - 1, shape[_NORTH | _EAST] + level * (width - 2) + shape[_NORTH | _WEST], style
        )
        for row in range(y + 1, y + height - 1):
            self.write(x, row, upright, style)
            self.write(x + width - 1, row, upright, style)

    def lines(self) -> list[Line]:
        """Give the rows."""
        letters = [[" "] * self.width for _ in range(self.height)]
        styles: list[list[Style]] = [[""] * self.width for _ in range(self.height)]
        cells = [(at, self._glyphs[ink[1]][self._marks[at]], ink[2]) for at, ink in self._inks.items()]
        cells += [(at, *written) for at, written in self._texts.items()]  # over what is drawn
        for (x, y), letter, style in cells:
            if 0 <= x < self.width and 0 <= y < self.height:
                letters[y][x], styles[y][x] = letter, style
        return [_joined(*row) for row in zip(letters, styles, strict=True)]


def _joined(letters: Sequence[str], styles: Sequence[Style]) -> Line:
    """Put neighbours of one style together."""
    spans: list[Span] = []
    begun = 0
    for x in range(1, len(styles) + 1):
        if x == len(styles) or styles[x] != styles[begun]:
            spans.append(("".join(letters[begun:x]), styles[begun]))
            begun = x
    return tuple(spans)
