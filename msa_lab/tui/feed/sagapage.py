"""One saga: its messages in lanes, its steps in time, its states."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.sagas import SagaView, StepView
from msa_lab.telemetry.sequence import Row, answers_of, lanes_of, rows_of
from msa_lab.tui.feed.lines import Line, Signs, Span, Style, clipped, duration, line, stamp
from msa_lab.tui.feed.livepage import SAGA_STYLES
from msa_lab.tui.feed.sight import Sight

_STAMP = 9
_LABEL = 26
_WIDEST = 11
_READABLE = 10
_BOX = 21
_TOOK = 8
_STYLES: dict[str, Style] = {"lost": "bad", "turn": "warn", "event": "dim", "mark": "accent"}


@dataclass(frozen=True, slots=True)
class Messages:
    """The messages of a saga and the lanes they run between."""

    rows: tuple[Row, ...]
    lanes: tuple[str, ...]


def sequence(sight: Sight, saga: str, *, whole: bool = False) -> Messages:
    """Gather the saga's messages so far and what it broke; with `whole`, also who heard its events."""
    events = sight.feed.saga_events(saga, sight.at)
    rows = [row for row in rows_of(events) if whole or row.kind != "event" or row.source == row.target]
    for event in events:
        if event.kind == "expectation.violated":
            text = f"{event.detail['expectation']}: {event.detail['observed']}"
            rows.append(Row(event.t, event.service, event.service, text, "turn", event.seq))
    for finding, violation in sight.settled(saga):
        since = sight.feed.find(int(violation.get("event") or 0))
        if since is not None and since.service:
            text = f"{finding['id']}: broken from here"
            rows.append(Row(since.t, since.service, since.service, text, "turn", since.seq))
    rows.sort(key=lambda row: row.seq)
    return Messages(tuple(rows), lanes_of(rows))


def lane_width(drawn: Messages, width: int) -> int:
    """Give the columns between two lanes, 3 to 11."""
    room = width - _STAMP - _LABEL
    return max(3, min(_WIDEST, room // max(1, len(drawn.lanes))))


def sequence_head(drawn: Messages, width: int, signs: Signs) -> list[Line]:
    """Name the lanes, cut where they are narrow; very narrow ones get their names in turn on two lines."""
    wide = lane_width(drawn, width)
    blank = " " * _STAMP
    if wide >= _READABLE:
        names = "".join(f"{name[: wide - 1]:<{wide}}" for name in drawn.lanes)
        return [line(blank, (names, "strong"))]
    even = "".join(f"{name[: 2 * wide - 1]:<{2 * wide}}" for name in drawn.lanes[::2])
    odd = "".join(f"{name[: 2 * wide - 1]:<{2 * wide}}" for name in drawn.lanes[1::2])
    first = f"{signs['bar']:<{wide}}"
    return [
        clipped(row, width) for row in (line(blank, (even, "strong")), line(blank + first, (odd, "strong")))
    ]


def sequence_row(drawn: Messages, index: int, width: int, signs: Signs) -> Line:
    """Draw one message."""
    row = drawn.rows[index]
    wide = lane_width(drawn, width)
    cells = [*(f"{signs['bar']:<{wide}}" * len(drawn.lanes)).rstrip()]
    start, end = (drawn.lanes.index(name) * wide for name in (row.source, row.target))
    if start == end:
        cells[start] = signs["own"] if row.kind != "turn" else signs["bad"]
    else:
        low, high = min(start, end), max(start, end)
        stroke = signs["event"] if row.kind == "event" else signs["line"]
        cells[low + 1 : high] = stroke * (high - low - 1)
        cells[high - 1 if end > start else low + 1] = signs["right" if end > start else "left"]
        if row.kind == "lost":
            cells[start] = signs["bad"]
    style = _STYLES.get(row.kind, "")
    if " try " in row.label and not style:
        style = "warn"
    low, high = min(start, end), max(start, end) + 1
    drawing: list[Span] = [
        ("".join(cells[:low]), "dim"),
        ("".join(cells[low:high]), style or ("dim" if start == end else "")),
        ("".join(cells[high:]), "dim"),
    ]
    label = _fitting(row.label, width - _STAMP - len(cells) - 1) if row.kind == "turn" else row.label
    made = line((f"{row.t / 1e6:>7.3f}  ", "dim"), *drawing, (f" {label}", style))
    return clipped(made, width, signs["dots"])


def _fitting(label: str, room: int) -> str:
    """Shorten what broke until it fits: first the services in it go, then all names; the values stay."""
    short = re.sub(r"\w+\.(?=\w+ = )", "", label)
    values = re.sub(r"[\w.()]+ = ", "", label).replace(": broken from", " from")
    return next((text for text in (label, short) if len(text) <= room), values)


def in_trouble(sight: Sight, view: SagaView) -> bool:
    """Tell whether a saga broke something, turned back or tried again."""
    return bool(sight.broke(view.id)) or view.turned_at is not None or bool(view.retries)


def head(view: SagaView, sight: Sight) -> str:
    """Name a saga, its state and its age."""
    took = view.took if view.took is not None else max(0, sight.t - view.started_at)
    failure = f" because of {view.failure}" if view.failure else ""
    broke = "  ! BROKE" if sight.broke(view.id) else ""
    return f"{view.id} {view.name}  {view.state}{failure}  {duration(took)}{broke}"


def timeline(view: SagaView, sight: Sight, width: int) -> list[Line]:
    """Draw each call of the saga as a bar in time, and the faults that acted meanwhile."""
    events = sight.feed.saga_events(view.id, sight.at)
    start = view.started_at
    end = view.ended_at if view.ended_at is not None else max(sight.t, start + 1)
    calls = _calls(events, end)
    names = min(30, max([len(call[0]) for call in calls] + [10]))
    longest = max([len(call[3]) for call in calls] + [_TOOK])
    room = max(10, width - names - longest - 3)
    signs = sight.signs

    def column(t: int) -> int:
        return max(0, min(room - 1, (t - start) * room // max(1, end - start)))

    right = f"T+{end / 1e6:.3f}"
    lines = [line((f"{'':<{names}}  T+{start / 1e6:<{room - len(right) - 2}.3f}{right}", "dim"))]
    for span in sight.feed.spans:
        if span.start <= end and (span.end is None or span.end >= start):
            low, high = column(span.start), column(span.end or end)
            bar = (" " * low + signs["fault"] * (high - low + 1)).ljust(room)
            lines.append(line((f"{span.fault[:names]:<{names}}  {bar}", "fault"), (" fault", "dim")))
    for name, began, ended, outcome in calls:
        low, high = column(began), column(ended)
        style: Style = "good" if outcome == "ok" else "accent" if not outcome else "bad"
        bar = " " * low + signs["full"] * max(1, high - low)
        sign = signs["bad"] if style == "bad" else ""
        told = duration(ended - began) if outcome in ("ok", "") else outcome
        lines.append(
            line(f"{name[:names]:<{names}}  ", (f"{bar + sign:<{room}}", style), (f" {told}", style))
        )
    return [clipped(row, width, signs["dots"]) for row in lines]


def _calls(events: Sequence[LogEvent], now: int) -> list[tuple[str, int, int, str]]:
    """Give the calls: name with try, begin, end and outcome; of an open one `now` and nothing."""
    answers = answers_of(events)
    made = []
    for event in events:
        if event.kind != "call.sent":
            continue
        tries = f" try {event.detail['attempt']}" if event.detail["attempt"] > 1 else ""
        answer = answers.get(event.detail["call"])
        outcome = (
            str(answer.detail.get("outcome") or answer.detail.get("reason")) if answer is not None else ""
        )
        ended = answer.t if answer is not None else now
        made.append((f"{event.detail['operation']}{tries}", event.t, ended, outcome))
    return made


def states(view: SagaView, sight: Sight, width: int) -> list[Line]:
    """Draw the saga's steps as a machine of states: the way forward, and under each step its way back."""
    signs = sight.signs
    across = max(1, (width + 3) // (_BOX + 3))
    lines: list[Line] = []
    for start in range(0, len(view.steps), across):
        steps = view.steps[start : start + across]
        more = start + across < len(view.steps)
        lines += _boxes(steps, sight, first=start == 0, more=more)
    if view.turned_at is not None:
        lines.append(line((f"turned back at T+{stamp(view.turned_at)}: {view.failure}", "warn")))
    style = SAGA_STYLES.get(view.state, "")
    lines += [line((f"{signs['to']} ", "dim"), (view.state, style), (f"  {view.failure or ''}", "dim"))]
    tries = f"tried again {view.retries}x" if view.retries else "no step of the saga was tried again"
    lines.append(line((f"{tries}, {len(view.events)} events", "dim")))
    return [clipped(row, width, signs["dots"]) for row in lines]


def _boxes(steps: Sequence[StepView], sight: Sight, *, first: bool, more: bool) -> list[Line]:
    signs = sight.signs
    bend = "┌─┐│└┘" if signs.unicode else "+-+|++"
    rows: list[list[Span]] = [[], [], [], []]
    for place, step in enumerate(steps):
        undone = step.undone_at is not None
        style: Style = "accent" if step.state == "running" else "warn" if undone else "good"
        begins = place == 0 and first
        into = f" {signs['line']}{signs['right']}" if place or not first else ""
        gap = "" if begins else "   "
        told = (
            f"undone T+{stamp(step.undone_at)}" if step.undone_at is not None
            else f"T+{stamp(step.done_at)}" if step.done_at is not None
            else "under way"
        )  # fmt: skip
        sign = signs["left"] if undone else signs["good"] if step.done_at is not None else signs["play"]
        name = step.name if len(step.name) <= _BOX - 4 else f"{step.name[: _BOX - 5]}{signs['dots']}"
        rows[0] += [(gap, ""), (f"{bend[0]}{bend[1] * (_BOX - 2)}{bend[2]}", style)]
        rows[1] += [
            (into, "dim"),
            (bend[3], style),
            (f"{name:<{_BOX - 3}}", "strong"),
            (f"{sign}{bend[3]}", style),
        ]
        rows[2] += [(gap, ""), (bend[3], style), (f"{told:<{_BOX - 2}}", "dim"), (bend[3], style)]
        rows[3] += [(gap, ""), (f"{bend[4]}{bend[1] * (_BOX - 2)}{bend[5]}", style)]
    if more:
        rows[1].append((f" {signs['line']}{signs['right']}", "dim"))
    return [tuple(row) for row in rows]
