"""The Metrics screen: curves that share the scrubber's time, with the spans of the faults beneath."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from msa_lab.tui.feed.lines import Line, Span, Style, clipped, duration, line
from msa_lab.tui.feed.measured import Measure
from msa_lab.tui.feed.sight import Sight

_AXIS = 7
_TALLEST = 18
_SECOND = 10
"""So many slices are what `now` speaks of, and the longest bucket: a second in a run of some minutes."""
_BUCKETS = 30
_BLOCKS = " ▁▂▃▄▅▆▇█"
_ASCII = " ..::||##"


@dataclass(frozen=True, slots=True)
class Chart:
    """A curve: its title, its values over the span (None: not measured), how to write a value.

    `now` and `peak` are those of buckets of a fixed length, however many columns are drawn.
    `base` are values to compare with, of the same columns, and `then` is what to compare `now` with.
    """

    title: str
    values: tuple[float | None, ...]
    write: Callable[[float], str]
    style: Style = "accent"
    now: float | None = None
    peak: float = 0.0
    base: tuple[float | None, ...] = ()
    then: float | None = None


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
        others = charts(baseline.other, room, axis, at=sight.t)
        return [
            replace(chart, base=other.values, then=other.now, peak=max(chart.peak, other.peak))
            for chart, other in zip(drawn, others, strict=True)
        ]
    then = [chart.now for chart in charts(sight, room, axis, at=baseline.t)]
    return [
        replace(chart, base=(value,) * room, then=value, peak=max(chart.peak, value or 0.0))
        for chart, value in zip(drawn, then, strict=True)
    ]


def second(sight: Sight) -> int:
    """Give the length of what `now` speaks of, in microseconds."""
    return _SECOND * sight.feed.series.width


def charts(sight: Sight, room: int, axis: Axis | None = None, *, at: int | None = None) -> list[Chart]:
    """Fold the charts with so many columns of values; what lies after now is left empty.

    `at` is the instant that `now` speaks of, if it is another one.
    """
    series = sight.feed.series
    curves = _Curves(sight, room, axis or axis_of(sight), sight.t if at is None else at)

    def per_second(title: str, name: str, style: Style) -> Chart:
        return curves.chart(title, lambda low, high: series.rate(name, low, high), _count, style)

    def spread(title: str, name: str) -> Chart:
        return curves.chart(title, lambda low, high: series.quantile(name, low, high, 0.95), duration)

    return [
        per_second("requests / s", "request", "accent"),
        spread("request p95", "request.took"),
        per_second("sagas completed / s", "saga.completed", "good"),
        per_second("sagas compensated / s", "saga.compensated", "warn"),
        curves.chart("sagas in flight", _level(sight), _count),
        spread("saga p95", "saga.took"),
        per_second("retries / s", "retries", "warn"),
        per_second("messages lost / s", "dropped", "fault"),
        per_second("requests failed / s", "request.failed", "bad"),
    ]


def _count(value: float) -> str:
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"  # noqa: PLR2004


def _level(sight: Sight) -> Measure:
    """Measure how many sagas are under way at the end of a span; quick when the spans follow each other."""
    signs = (("saga.started", 1), ("saga.completed", -1), ("saga.compensated", -1))
    last, level = sight.start, 0

    def measure(_low: int, high: int) -> float:
        nonlocal last, level
        if high < last:
            last, level = sight.start, 0
        level += sum(sign * sight.feed.series.within(name, last, high) for name, sign in signs)
        last = high
        return level

    return measure


@dataclass(frozen=True, slots=True)
class _Curves:
    """Measures in buckets of whole slices; a column finer than a bucket repeats it, a wider one joins some.

    A bucket that is not over at the moment begins earlier instead, so that the curve does not sink there.
    """

    sight: Sight
    room: int
    axis: Axis
    at: int
    _known: dict[int, tuple[list[tuple[int, int]], list[tuple[int, int]]]] = field(default_factory=dict)

    def chart(
        self, title: str, measure: Measure, write: Callable[[float], str], style: Style = "accent"
    ) -> Chart:
        """Draw one curve."""
        feed = self.sight.feed
        measure = feed.measured.of(title, measure, width=feed.series.width, settled=feed.settled)
        length = self._bucket(measure)
        columns, buckets = self._spans(length)
        known = {span: measure(*span) for span in dict.fromkeys([*columns, *buckets])}
        values = [known[span] for span in columns]
        return Chart(
            title, (*values, *[None] * (self.room - len(values))), write, style,
            now=measure(*self._span(self.at, self.at, second(self.sight), self.at)),
            peak=max((known[span] or 0.0 for span in buckets), default=0.0),
        )  # fmt: skip

    def _spans(self, length: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Give what the columns and the buckets measure, those that begin by now."""
        if length not in self._known:
            now = self.sight.t
            edges = [self.axis.instant(column, self.room) for column in range(self.room + 1)]
            self._known[length] = (
                [self._span(low, high, length) for low, high in pairwise(edges) if low <= now],
                [self._span(low, high, length) for low, high in self._buckets(length) if low <= now],
            )
        return self._known[length]

    def _buckets(self, length: int) -> list[tuple[int, int]]:
        """Give the buckets of what is drawn."""
        first = (self.axis.start - self.sight.start) // length * length + self.sight.start
        return [(low, low + length) for low in range(first, self.axis.end, length)]

    def _bucket(self, measure: Measure) -> int:
        """Give about a thirtieth of what is drawn; longer, up to the longest, as long as some stay empty."""
        width = self.sight.feed.series.width
        slices = max(1, (self.axis.end - self.axis.start) // width // _BUCKETS)
        while slices < _SECOND:
            found = [bool(measure(low, high)) for low, high in self._buckets(slices * width)]
            if any(found) and all(found[found.index(True) : len(found) - found[::-1].index(True)]):
                return slices * width
            slices *= 2
        return _SECOND * width

    def _span(self, low: int, high: int, length: int, now: int | None = None) -> tuple[int, int]:
        """Give the buckets that begin in a column, or the one it lies in; not further than now."""
        start, width = self.sight.start, self.sight.feed.series.width
        first = (low - start) // length
        last = max(first + 1, (high - start) // length)
        end = ((self.sight.t if now is None else now) - start) // width * width + width + start
        low, high = start + first * length, start + last * length
        return (low, high) if high <= end else (max(start, end - (high - low)), end)


def title(sight: Sight, zoom: int, baseline: Baseline | None) -> str:
    """Name what is drawn: which part of the run, and what it is compared with."""
    axis = axis_of(sight, zoom)
    part = f"T+{axis.start / 1e6:.1f} to {axis.end / 1e6:.1f}, {1 << zoom}x" if zoom else "whole run"
    beside = f"  vs {baseline.told}" if baseline is not None else ""
    now = f"now: last {second(sight) / 1e6:g}s"
    return f"Metrics  {part}{beside}  {now}  {sight.signs['fault']} faults"


def grid(
    sight: Sight, width: int, height: int, axis: Axis | None = None, baseline: Baseline | None = None
) -> list[Line]:
    """Set the charts side by side, two or three in a row, as high as there is room for."""
    axis = axis or axis_of(sight)
    across = 3 if width >= 150 else 2 if width >= 70 else 1  # noqa: PLR2004 - columns of charts
    each = (width - (across - 1)) // across
    plots = compared(sight, max(10, each - _AXIS), axis, baseline)
    rows = -(-len(plots) // across)
    tall = max(4, min(_TALLEST, height // rows))
    lines: list[Line] = []
    for start in range(0, len(plots), across):
        blocks = [drawn(chart, sight, each, tall, axis) for chart in plots[start : start + across]]
        for parts in zip(*blocks, strict=True):
            joined: list[Span] = []
            for place, part in enumerate(parts):
                used = sum(len(text) for text, _ in part)
                joined += [*part, (" " * (each - used + (place < len(parts) - 1)), "")]
            lines.append(tuple(joined))
    if len(lines) < height:
        lines.append(_time(each, min(across, len(plots)), axis))
    return [clipped(row, width, sight.signs["dots"]) for row in lines]


def _time(each: int, across: int, axis: Axis) -> Line:
    """Write beneath each chart of a row from when to when it is drawn."""
    room = max(10, each - _AXIS)
    first, last = (f"{t / 1e6:.1f}".removesuffix(".0") + "s" for t in (axis.start, axis.end))
    told = f"{'':{_AXIS - 1}}{first}{last:>{room - len(first)}}"
    return line((" ".join(told.ljust(each) for _ in range(across)).rstrip(), "dim"))


def drawn(chart: Chart, sight: Sight, width: int, height: int, axis: Axis | None = None) -> list[Line]:
    """Draw one chart: title, bars with the highest value at the axis, fault spans, time."""
    axis = axis or axis_of(sight)
    room = max(10, width - _AXIS)
    top = max((value for value in (chart.peak, *chart.values, *chart.base) if value is not None), default=0.0)
    bars = max(1, height - 2)
    lines = [clipped(_title(chart), width, sight.signs["dots"])]
    for row in range(bars, 0, -1):
        label = chart.write(top) if row == bars and top else "0" if row == 1 else ""
        cells = _bar_row(chart, sight, row, bars=bars, top=top, room=room, axis=axis)
        lines.append(((f"{label:>{_AXIS - 2}} ", "dim"), *cells))
    lines.append(((" " * (_AXIS - 1), ""), *_faults(sight, room, axis)))
    return lines


def _title(chart: Chart) -> Line:
    """Name the curve, with its value now, and what it is compared with there."""
    now = "-" if chart.now is None else chart.write(chart.now)
    if not chart.base:
        return line((f"{chart.title:<22}", "strong"), f"now {now}")
    told = "-" if chart.then is None else chart.write(chart.then)
    return line((f"{chart.title:<20} ", "strong"), f"{now} ", (f"vs {told}", "unsure"))


def _bar_row(
    chart: Chart, sight: Sight, row: int, *, bars: int, top: float, room: int, axis: Axis
) -> Sequence[Span]:
    levels = _BLOCKS if sight.signs.unicode else _ASCII
    below, least = (row - 1) * 8, int(row == 1)  # little is not nothing
    cells: list[tuple[str, Style]] = [(" ", chart.style)] * room
    for column, value in enumerate(chart.values[:room]):
        if value and top > 0:
            filled = round(value * bars * 8 / top - below)
            cells[column] = (levels[max(least, min(8, filled))], chart.style)
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
