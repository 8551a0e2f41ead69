"""One saga as messages between services, in lanes of text."""

from __future__ import annotations

from collections.abc import Sequence

from msa_lab.cli.terminal import Terminal, printable
from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.sequence import Row, as_mermaid, lanes_of, rows_of

__all__ = ["Row", "as_mermaid", "as_sequence", "lanes_of", "rows_of"]
_LANE = 4
_NARROW_LANE = 3
_MANY = 8
_STAMP = 11


def as_sequence(events: Sequence[LogEvent], terminal: Terminal) -> str:
    """Draw lanes: names as stairs above, time at the left, what is said at the right."""
    rows = rows_of(events)
    lanes = lanes_of(rows)
    bar = terminal.glyph("bar")
    blank = " " * _STAMP
    lane = _LANE if len(lanes) <= _MANY else _NARROW_LANE
    lines = []
    for index, name in enumerate(lanes):
        lines.append(blank + f"{bar:<{lane}}" * index + printable(name))
    room = max(16, terminal.width - _STAMP - lane * len(lanes) - 1)
    for row in rows:
        stamp = f"T+{row.t / 1e6:.3f}"
        drawn = _drawn(row, lanes, lane, terminal)
        label = terminal.fit(printable(row.label), room)
        style = {"lost": "bad", "turn": "warn", "event": "dim"}.get(row.kind, "")
        lines.append(f"{stamp:<{_STAMP}}{drawn} {terminal.paint(label, style)}".rstrip())
    legend = _LEGEND if terminal.unicode else _LEGEND_ASCII
    return "\n".join([*lines, "", legend, ""])


_LEGEND = "──▶ call with its outcome   ◀─✗ no answer   ··▶ event heard   ● own act"
_LEGEND_ASCII = "--> call with its outcome   <-x no answer   ..> event heard   * own act"


def _drawn(row: Row, lanes: Sequence[str], lane: int, terminal: Terminal) -> str:
    bar = terminal.glyph("bar")
    cells = [*(f"{bar:<{lane}}" * len(lanes))]
    start, end = (lanes.index(name) * lane for name in (row.source, row.target))
    if start == end:
        cells[start] = "●" if terminal.unicode else "*"
        return "".join(cells)
    low, high = min(start, end), max(start, end)
    stroke = ("·" if terminal.unicode else ".") if row.kind == "event" else terminal.glyph("line")
    cells[low + 1 : high] = stroke * (high - low - 1)
    if end > start:
        cells[high - 1] = terminal.glyph("right")
    else:
        cells[low + 1] = terminal.glyph("left")
    if row.kind == "lost":
        cells[start] = terminal.glyph("bad")
    return "".join(cells)
