"""One saga as messages between services: lanes of text, or a Mermaid sequence diagram."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from msa_lab.cli.terminal import Terminal, printable
from msa_lab.telemetry.events import LogEvent

_LANE = 4
_NARROW_LANE = 3
_MANY = 8
_STAMP = 11


@dataclass(frozen=True, slots=True)
class Row:
    """A message from one lane to another (or a mark on one lane), and what it says."""

    t: int
    source: str
    target: str
    label: str
    kind: Literal["call", "lost", "event", "mark", "turn"]


def rows_of(events: Sequence[LogEvent]) -> list[Row]:
    """Give what is drawn: calls with answers, failures, events and who heard them, moves of the saga."""
    answers = {
        event.detail["call"]: event for event in events if event.kind in ("call.returned", "call.failed")
    }
    callees = {
        event.detail["call"]: _service(event.detail["callee"])
        for event in events
        if event.kind == "call.sent"
    }
    rows: list[Row] = []
    for event in events:
        detail = event.detail
        match event.kind:
            case "call.sent":
                rows.append(_call(event, answers.get(detail["call"])))
            case "call.failed":
                callee = callees.get(detail.get("call", 0), str(detail["operation"]).partition(".")[0])
                by = f" ({detail['fault']})" if detail.get("fault") else ""
                rows.append(Row(event.t, callee, event.service, f"{detail['reason']}{by}", "lost"))
            case "event.recorded":
                rows.append(Row(event.t, event.service, event.service, str(detail["event"]), "event"))
            case "event.applied" | "event.dead" | "event.skipped":
                word = event.kind.removeprefix("event.")
                owner = str(detail["event"]).partition(".")[0]
                rows.append(Row(event.t, owner, event.service, f"{detail['event']} {word}", "event"))
            case "saga.turned":
                text = f"turns back: {detail['failure']}"
                rows.append(Row(event.t, event.service, event.service, text, "turn"))
            case "saga.started" | "saga.completed" | "saga.compensated" | "saga.undone":
                what = f" {detail['step']}" if event.kind == "saga.undone" else ""
                text = f"saga {event.kind.removeprefix('saga.')}{what}"
                rows.append(Row(event.t, event.service, event.service, text, "mark"))
            case _:
                pass
    return rows


def _call(event: LogEvent, answer: LogEvent | None) -> Row:
    detail = event.detail
    label = str(detail["operation"])
    if detail["attempt"] > 1:
        label += f" try {detail['attempt']}"
    if answer is not None and answer.kind == "call.returned":
        label += f": {answer.detail['outcome']}"
    return Row(event.t, event.service, _service(detail["callee"]), label, "call")


def _service(instance: str) -> str:
    return re.sub(r"-\d+$", "", instance)


def lanes_of(rows: Sequence[Row]) -> tuple[str, ...]:
    """Name the lanes, in the order in which they come in."""
    return tuple(dict.fromkeys(name for row in rows for name in (row.source, row.target)))


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


def as_mermaid(events: Sequence[LogEvent]) -> str:
    """Write a Mermaid sequence diagram."""
    rows = rows_of(events)
    lines = ["sequenceDiagram"]
    lines += [f"  participant {_word(name)} as {name}" for name in lanes_of(rows)]
    for row in rows:
        label = re.sub(r"[;#\n]", " ", printable(row.label))
        source, target = _word(row.source), _word(row.target)
        if source == target:
            lines.append(f"  Note over {source}: {label}")
        else:
            arrow = {"lost": "--x", "event": "--)"}.get(row.kind, "->>")
            lines.append(f"  {source}{arrow}{target}: {label}")
    return "\n".join([*lines, ""])


def _word(name: str) -> str:
    """Give a Mermaid id; a prefix keeps names such as `end` from being keywords."""
    return "s_" + re.sub(r"\W", "_", name)
