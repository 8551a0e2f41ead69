"""Which way the lines of the map take: through the gutters between the columns and the gaps between boxes."""

from __future__ import annotations

from msa_lab.tui.feed.links import Link
from msa_lab.tui.feed.maplayout import Plan
from msa_lab.tui.feed.wires import Point


class Routes:
    """Finds ways; what belongs to one bundle shares its tracks in the gutters and its gaps."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._tracks: dict[tuple[int, str], int] = {}
        self._gaps: dict[tuple[int, str], int] = {}

    def way(self, link: Link, bundle: str) -> list[Point]:
        """Give the corners of a link's way, from a box's edge to beside the other; [] when there is none."""
        boxes = self._plan.boxes
        source, target = boxes[link.source], boxes[link.target]
        here, there = source.column, target.column
        if here == there:
            return self._beside(link, bundle)
        onward = here < there
        row = source.middle
        points = [(source.right - 1 if onward else source.x, row)]
        step = 1 if onward else -1
        for column in range(here, there, step):
            gutter = column if onward else column - 1
            track = self._track(gutter, bundle)
            following = column + step
            goal = target.middle
            if following != there:
                found = self._gap(following, bundle, row, target.middle)
                if found is None:
                    return []
                goal = found
            points += [(track, row), (track, goal)]
            row = goal
        points.append((target.x - 1 if onward else target.right, row))
        return points

    def _beside(self, link: Link, bundle: str) -> list[Point]:
        """Go round within one column: by the gutter to its right, in the last column to its left."""
        source, target = self._plan.boxes[link.source], self._plan.boxes[link.target]
        if source.column < len(self._plan.gutters):
            gutter, x, ends = source.column, source.right - 1, target.right
        elif self._plan.gutters:
            gutter, x, ends = source.column - 1, source.x, target.x - 1
        else:
            return []
        track = self._track(gutter, bundle)
        return [(x, source.middle), (track, source.middle), (track, target.middle), (ends, target.middle)]

    def _track(self, gutter: int, bundle: str) -> int:
        """Give a bundle's column of cells in a gutter; when there are too many bundles, some share one."""
        known = self._tracks.get((gutter, bundle))
        if known is None:
            begins, wide = self._plan.gutters[gutter], self._plan.gutter
            room = max(1, wide - 2)
            taken = sum(1 for place, _ in self._tracks if place == gutter)
            apart = 2 if wide > 9 else 1  # noqa: PLR2004 - where lines need not touch
            known = begins + min(1, wide - 1) + taken * apart % room
            self._tracks[gutter, bundle] = known
        return known

    def _gap(self, column: int, bundle: str, row: int, goal: int) -> int | None:
        """Give the row by which a bundle passes a column: a free one near its way."""
        known = self._gaps.get((column, bundle))
        if known is not None:
            return known
        gaps = self._plan.gaps(column)
        taken = {found for (place, _), found in self._gaps.items() if place == column}
        free = [gap for gap in gaps if gap not in taken] or gaps
        if not free:
            return None
        made = min(free, key=lambda gap: (abs(gap - row) + abs(gap - goal), gap))
        self._gaps[column, bundle] = made
        return made
