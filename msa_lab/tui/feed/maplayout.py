"""Where the boxes of the map stand: in columns from left to right, as calls go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msa_lab.tui.feed.links import Link

_HEIGHTS = (7, 5, 3)
_FLAT = 1
_NAME = 13
_LEAST = 15
_MOST = 24
_GUTTER = 6
_SWEEPS = 6


@dataclass(frozen=True, slots=True)
class Box:
    """A service: its column of boxes, its corner, its size."""

    name: str
    column: int
    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> int:
        """The row where its name stands, and where lines come and go."""
        return self.y + min(2, self.height // 2)

    @property
    def right(self) -> int:
        """The first column of cells to its right."""
        return self.x + self.width


@dataclass(frozen=True, slots=True)
class Plan:
    """The boxes by name, and between the columns the gutters: where each begins and how wide all are."""

    boxes: dict[str, Box]
    gutters: tuple[int, ...]
    gutter: int
    height: int

    def gaps(self, column: int) -> list[int]:
        """Give the rows that no box of a column covers."""
        taken = {
            row
            for box in self.boxes.values()
            if box.column == column
            for row in range(box.y, box.y + box.height)
        }
        return [row for row in range(self.height) if row not in taken]


def columns_of(names: Sequence[str], links: Sequence[Link]) -> list[list[str]]:
    """Put services in columns: each one right of the first that calls it, near those it speaks with.

    Who only hears events stands right of whom it hears.
    """
    called = [link for link in links if link.how == "call"]
    levels: dict[str, int] = {}
    roots = [name for name in names if name == "gateway"]
    roots += [
        name
        for name in names
        if name != "gateway"
        and any(link.source == name for link in called)
        and not any(link.target == name for link in called)
    ]
    for root in roots:
        levels[root] = 0
    rim = roots
    while rim:
        further = [
            link.target
            for name in rim
            for link in called
            if link.source == name and link.target not in levels and link.target in names
        ]
        rim = list(dict.fromkeys(further))
        for name in rim:
            above = (levels.get(it.source, len(names)) for it in called if it.target == name)
            levels[name] = 1 + min(above)
    last = max(levels.values(), default=0)
    for name in names:
        if name not in levels:
            heard = [levels[link.source] for link in links if link.target == name and link.source in levels]
            levels[name] = min(last, max(heard) + 2) if heard else last
    made: list[list[str]] = [[] for _ in range(last + 1)]
    for name in names:
        made[levels[name]].append(name)
    return _untangled([column for column in made if column], links)


def _untangled(columns: list[list[str]], links: Sequence[Link]) -> list[list[str]]:
    """Sort each column by where those stand that its services speak with; a few sweeps settle it."""
    heights = {name: (row + 0.5) / len(column) for column in columns for row, name in enumerate(column)}
    for _ in range(_SWEEPS):
        for place, column in enumerate(columns):
            pulls = {}
            for name in column:
                near = [heights[link.target if link.source == name else link.source]
                        for link in links
                        if name in (link.source, link.target)
                        and link.source in heights and link.target in heights]  # fmt: skip
                pulls[name] = sum(near) / len(near) if near else heights[name]
            columns[place] = sorted(column, key=lambda name: (pulls[name], name))
            for row, name in enumerate(columns[place]):
                heights[name] = (row + 0.5) / len(column)
    return columns


def plan(columns: Sequence[Sequence[str]], width: int, height: int) -> Plan:
    """Find the largest boxes for which there is room; flat ones without borders need the least."""
    count = max(1, len(columns))
    most = max((len(column) for column in columns), default=1)
    wide = min(_MOST, (width - (count - 1) * _GUTTER) // count)
    high = next((it for it in _HEIGHTS if most * (it + (it > _HEIGHTS[-1])) <= height + 1), _FLAT)
    high = high if most * high <= height else _FLAT
    if wide < _LEAST or high == _FLAT:
        high = _FLAT
        wide = max(4, min(_NAME, (width - (count - 1) * 2) // count))
    gutter = max(1, (width - count * wide) // max(1, count - 1)) if count > 1 else 0
    boxes: dict[str, Box] = {}
    for place, column in enumerate(columns):
        spare = height - len(column) * high
        apart = max(0, (spare + 1) // len(column)) if len(column) > 1 else 0
        used = len(column) * high + (len(column) - 1) * apart
        top = max(0, (height - used) // 2)
        for row, name in enumerate(column):
            boxes[name] = Box(name, place, place * (wide + gutter), top + row * (high + apart), wide, high)
    tall = max([height, *(box.y + box.height for box in boxes.values())])
    gutters = tuple(place * (wide + gutter) + wide for place in range(count - 1))
    return Plan(boxes, gutters, gutter, tall)
