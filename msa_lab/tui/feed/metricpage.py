"""The Metrics screen: curves that share the scrubber's time, with the spans of the faults beneath."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from msa_lab.tui.feed.lines import Line, Span, Style, clipped, duration, line
from msa_lab.tui.feed.sight import Sight

_AXIS = 7
_BLOCKS = " ▁▂▃▄▅▆▇█"
_ASCII = " ..::||##"


@dataclass(frozen=True, slots=True)
class Chart:
    """A curve: its title, its values over the span (None: not measured), how to write a value.

    `base` are values to compare with, of the same columns.
    """

    title: str
    values: tuple[float | None, ...]
    write: Callable[[float], str]
    style: Style = "accent"
    base: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Axis:
    """The part of the run that is drawn, in microseconds."""

    start: int
    end: int

    def instant(self, column: int, room: int) -> int:
        """Give the instant at which one of so many columns begins."""
        return self.start + (self.end - self.start) * column // room

    def column(self, t: int, room: int) -> int:
        """Give the column in which an instant lies, the nearest one when it lies outside."""
        return max(0, min(room - 1, (t - self.start) * room // max(1, self.end - self.start)))


def axis_of(sight: Sight, zoom: int = 0) -> Axis:
    """Give the whole run, or with each step of zoom half of it, about the moment at hand."""
    whole = sight.end - sight.start
    if not zoom:
        return Axis(sight.start, sight.end)
    grain = sight.feed.series.width
    wide = max(grain, (whole >> zoom) // grain * grain)
    start = min(max(sight.start, sight.t - wide // 2), sight.end - wide)
    start -= (start - sight.start) % grain
    return Axis(start, start + wide)


def deepest(sight: Sight) -> int:
    """Give how often the axis can be halved: no further than ten slices of what is measured."""
    return max(0, ((sight.end - sight.start) // (10 * sight.feed.series.width)).bit_length() - 1)


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the curves are compared with: another run at the same instants, or an instant of this one."""

    told: str
    other: Sight | None = None
    t: int = 0


def compared(sight: Sight, room: int, axis: Axis, baseline: Baseline | None) -> list[Chart]:
    """Fold the charts, each with what it is compared with."""
    drawn = charts(sight, room, axis)
    if baseline is None:
        return drawn
    if baseline.other is not None:
        others = charts(baseline.other, room, axis)
        return [replace(chart, base=other.values) for chart, other in zip(drawn, others, strict=True)]
    at = replace(sight, t=baseline.t)
    width = max(sight.feed.series.width, (axis.end - axis.start) // room)
    column = Axis(max(sight.start, baseline.t - width), max(sight.start, baseline.t - width) + width)
    then = [chart.values[0] for chart in charts(at, 1, column)]
    return [replace(chart, base=(value,) * room) for chart, value in zip(drawn, then, strict=True)]


def charts(sight: Sight, room: int, axis: Axis | None = None) -> list[Chart]:
    """Fold the charts with so many columns of values; what lies after now is left empty."""
    series = sight.feed.series
    axis = axis or axis_of(sight)
    fine = max(1, min(room, (axis.end - axis.start) // series.width))  # nothing is finer than a slice
    edges = [axis.instant(slot, fine) for slot in range(fine + 1)]
    here = axis.column(sight.t, fine) if sight.t >= axis.start else -1

    def upto_now(slots: Iterable[float | None]) -> tuple[float | None, ...]:
        known = [value if slot <= here else None for slot, value in enumerate(slots)]
        return tuple(known[column * fine // room] for column in range(room))

    def per_second(name: str) -> tuple[float | None, ...]:
        return upto_now(series.rate(name, low, high) for low, high in pairwise(edges))

    def spread(name: str, share: float) -> tuple[float | None, ...]:
        return upto_now(series.quantile(name, low, high, share) for low, high in pairwise(edges))

    def level() -> tuple[float | None, ...]:
        moved = [
            series.within("saga.started", low, high)
            - series.within("saga.completed", low, high)
            - series.within("saga.compensated", low, high)
            for low, high in pairwise(edges)
        ]
        before = sum(
            sign * series.within(name, sight.start, edges[0])
            for name, sign in (("saga.started", 1), ("saga.completed", -1), ("saga.compensated", -1))
        )
        return upto_now([*accumulate(moved, initial=before)][1:])

    def count(value: float) -> str:
        return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"  # noqa: PLR2004

    return [
        Chart("requests / s", per_second("request"), count, "accent"),
        Chart("request p95", spread("request.took", 0.95), duration, "accent"),
        Chart("sagas completed / s", per_second("saga.completed"), count, "good"),
        Chart("sagas compensated / s", per_second("saga.compensated"), count, "warn"),
        Chart("sagas in flight", level(), count, "accent"),
        Chart("saga p95", spread("saga.took", 0.95), duration, "accent"),
        Chart("retries / s", per_second("retries"), count, "warn"),
        Chart("messages lost / s", per_second("dropped"), count, "fault"),
        Chart("requests failed / s", per_second("request.failed"), count, "bad"),
    ]


def title(sight: Sight, zoom: int, baseline: Baseline | None) -> str:
    """Name what is drawn: which part of the run, and what it is compared with."""
    axis = axis_of(sight, zoom)
    part = f"T+{axis.start / 1e6:.1f} to {axis.end / 1e6:.1f}, {1 << zoom}x" if zoom else "whole run"
    beside = f"  vs {baseline.told}" if baseline is not None else ""
    return f"Metrics  {part}{beside}  {sight.signs['fault']} faults"


def grid(
    sight: Sight, width: int, height: int, axis: Axis | None = None, baseline: Baseline | None = None
) -> list[Line]:
    """Set the charts side by side, two or three in a row, as high as there is room for."""
    axis = axis or axis_of(sight)
    across = 3 if width >= 150 else 2 if width >= 70 else 1  # noqa: PLR2004 - columns of charts
    each = (width - (across - 1)) // across
    plots = compared(sight, max(10, each - _AXIS), axis, baseline)
    rows = -(-len(plots) // across)
    tall = max(4, min(12, height // rows))
    lines: list[Line] = []
    for start in range(0, len(plots), across):
        blocks = [drawn(chart, sight, each, tall, axis) for chart in plots[start : start + across]]
        for parts in zip(*blocks, strict=True):
            joined: list[Span] = []
            for place, part in enumerate(parts):
                used = sum(len(text) for text, _ in part)
                joined += [*part, (" " * (each - used + (place < len(parts) - 1)), "")]
            lines.append(tuple(joined))
    return [clipped(row, width, sight.signs["dots"]) for row in lines]


def drawn(chart: Chart, sight: Sight, width: int, height: int, axis: Axis | None = None) -> list[Line]:
    """Draw one chart: title, bars with the highest value at the axis, fault spans, time."""
    axis = axis or axis_of(sight)
    room = max(10, width - _AXIS)
    top = max((value for value in (*chart.values, *chart.base) if value is not None), default=0.0)
    bars = max(1, height - 2)
    lines = [clipped(_title(chart, sight, axis, room), width, sight.signs["dots"])]
    for row in range(bars, 0, -1):
        label = chart.write(top) if row == bars and top else "0" if row == 1 else ""
        cells = _bar_row(chart, sight, row, bars=bars, top=top, room=room, axis=axis)
        lines.append(((f"{label:>{_AXIS - 2}} ", "dim"), *cells))
    lines.append(((" " * (_AXIS - 1), ""), *_faults(sight, room, axis)))
    return lines


def _title(chart: Chart, sight: Sight, axis: Axis, room: int) -> Line:
    """Name the curve, with its value now, and what it is compared with there."""
    known = [value for value in chart.values if value is not None]
    now = f"now {chart.write(known[-1])}" if known else ""
    if not chart.base:
        return line((f"{chart.title:<22}", "strong"), now)
    base = chart.base[min(axis.column(sight.t, room), len(chart.base) - 1)]
    told = "-" if base is None else chart.write(base)
    return line(
        (f"{chart.title:<20} ", "strong"), f"{now.removeprefix('now ') or '-'} ", (f"vs {told}", "unsure")
    )


def _bar_row(
    chart: Chart, sight: Sight, row: int, *, bars: int, top: float, room: int, axis: Axis
) -> Sequence[Span]:
    levels = _BLOCKS if sight.signs.unicode else _ASCII
    cells: list[tuple[str, Style]] = []
    for column in range(room):
        value = chart.values[column] if column < len(chart.values) else None
        filled = 0.0 if value is None or top <= 0 else value * bars * 8 / top - (row - 1) * 8
        cells.append((levels[max(0, min(8, round(filled)))], chart.style))
    here = axis.column(sight.t, room)
    if cells[here][0] == " " and not sight.whole and axis.start <= sight.t:
        cells[here] = (sight.signs["bar"], "dim")
    for column, base in enumerate(chart.base[:room] if top > 0 else ()):
        if base is not None and min(bars, int(base * bars / top) + 1) == row:
            cells[column] = (sight.signs["line"], "unsure")
    return _joined(cells)


def _faults(sight: Sight, room: int, axis: Axis) -> Sequence[Span]:
    cells: list[tuple[str, Style]] = [(sight.signs["calm"], "dim")] * room
    for span in sight.feed.spans:
        end = sight.end if span.end is None else span.end
        if end < axis.start or span.start > axis.end:
            continue
        for column in range(axis.column(span.start, room), axis.column(end, room) + 1):
            cells[column] = (sight.signs["fault"], "fault")
    return _joined(cells)


def _joined(cells: Sequence[tuple[str, Style]]) -> Sequence[Span]:
    """Put neighbours of one style together."""
    spans: list[Span] = []
    for cell, style in cells:
        if spans and spans[-1][1] == style:
            spans[-1] = (spans[-1][0] + cell, style)
        else:
            spans.append((cell, style))
    return spans
