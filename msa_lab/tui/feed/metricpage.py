"""The Metrics screen: curves that share the scrubber's time, with the spans of the faults beneath."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from msa_lab.tui.feed.lines import Line, Span, Style, clipped, duration, line
from msa_lab.tui.feed.sight import Sight

_AXIS = 7
_BLOCKS = " ▁▂▃▄▅▆▇█"
_ASCII = " ..::||##"


@dataclass(frozen=True, slots=True)
class Chart:
    """A curve: its title, its values over the whole run (None: not measured), how to write a value."""

    title: str
    values: tuple[float | None, ...]
    write: Callable[[float], str]
    style: Style = "accent"
    now: str = ""


def charts(sight: Sight, room: int) -> list[Chart]:
    """Fold the charts with so many columns of values; what lies after now is left empty."""
    series = sight.feed.series
    edges = [instant_of(sight, column, room) for column in range(room + 1)]
    here = _column(sight, sight.t, room)

    def per_second(name: str) -> tuple[float | None, ...]:
        counted = [series.rate(name, low, high) for low, high in pairwise(edges)]
        return tuple(value if column <= here else None for column, value in enumerate(counted))

    def spread(name: str, share: float) -> tuple[float | None, ...]:
        found = [series.quantile(name, low, high, share) for low, high in pairwise(edges)]
        return tuple(value if column <= here else None for column, value in enumerate(found))

    def level() -> tuple[float | None, ...]:
        moved = [
            series.within("saga.started", low, high)
            - series.within("saga.completed", low, high)
            - series.within("saga.compensated", low, high)
            for low, high in pairwise(edges)
        ]
        return tuple(value if column <= here else None for column, value in enumerate(accumulate(moved)))

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


def instant_of(sight: Sight, column: int, room: int) -> int:
    """Give the instant at which one of so many columns begins."""
    return sight.start + (sight.end - sight.start) * column // room


def _column(sight: Sight, t: int, room: int) -> int:
    """Give the column of the values in which an instant lies."""
    return max(0, min(room - 1, (t - sight.start) * room // max(1, sight.end - sight.start)))


def grid(sight: Sight, width: int, height: int) -> list[Line]:
    """Set the charts side by side, two or three in a row, as high as there is room for."""
    across = 3 if width >= 150 else 2 if width >= 70 else 1  # noqa: PLR2004 - columns of charts
    each = (width - (across - 1)) // across
    plots = charts(sight, max(10, each - _AXIS))
    rows = -(-len(plots) // across)
    tall = max(4, min(12, height // rows))
    lines: list[Line] = []
    for start in range(0, len(plots), across):
        blocks = [drawn(chart, sight, each, tall) for chart in plots[start : start + across]]
        for parts in zip(*blocks, strict=True):
            joined: list[Span] = []
            for part in parts:
                used = sum(len(text) for text, _ in part)
                joined += [*part, (" " * (each - used + (across > 1)), "")]
            lines.append(tuple(joined))
    return [clipped(row, width, sight.signs["dots"]) for row in lines]


def drawn(chart: Chart, sight: Sight, width: int, height: int) -> list[Line]:
    """Draw one chart: title, bars with the highest value at the axis, fault spans, time."""
    room = max(10, width - _AXIS)
    known = [value for value in chart.values if value is not None]
    top = max(known, default=0.0)
    bars = max(1, height - 2)
    last = known[-1] if known else None
    title = line(
        (f"{chart.title:<22}", "strong"), (f"now {chart.write(last)}" if last is not None else "", "")
    )
    lines = [clipped(title, width)]
    for row in range(bars, 0, -1):
        axis = chart.write(top) if row == bars and top else "0" if row == 1 else ""
        lines.append(
            ((f"{axis:>{_AXIS - 2}} ", "dim"), *_bar_row(chart, sight, row, bars=bars, top=top, room=room))
        )
    lines.append(((" " * (_AXIS - 1), ""), *_faults(sight, room)))
    return lines


def _bar_row(chart: Chart, sight: Sight, row: int, *, bars: int, top: float, room: int) -> Sequence[Span]:
    levels = _BLOCKS if sight.signs.unicode else _ASCII
    cells: list[str] = []
    for value in chart.values[:room]:
        filled = 0.0 if value is None or top <= 0 else value * bars * 8 / top - (row - 1) * 8
        cells.append(levels[max(0, min(8, round(filled)))])
    here = _column(sight, sight.t, room)
    text = "".join(cells).ljust(room)
    if text[here] == " " and not sight.whole:
        return [(text[:here], chart.style), (sight.signs["bar"], "dim"), (text[here + 1 :], chart.style)]
    return [(text, chart.style)]


def _faults(sight: Sight, room: int) -> Sequence[Span]:
    cells = [sight.signs["calm"]] * room
    styles: list[Style] = ["dim"] * room
    for span in sight.feed.spans:
        low, high = _column(sight, span.start, room), _column(sight, span.end or sight.end, room)
        for column in range(low, high + 1):
            cells[column], styles[column] = sight.signs["fault"], "fault"
    spans: list[Span] = []
    for cell, style in zip(cells, styles, strict=True):
        if spans and spans[-1][1] == style:
            spans[-1] = (spans[-1][0] + cell, style)
        else:
            spans.append((cell, style))
    return spans
