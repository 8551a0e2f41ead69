"""One saga as messages between services: what is drawn as a sequence diagram, and the diagram as Mermaid."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.printing import printable


@dataclass(frozen=True, slots=True)
class Row:
    """A message from one lane to another (or a mark on one lane), what it says, and its event's number."""

    t: int
    source: str
    target: str
    label: str
    kind: Literal["call", "lost", "event", "mark", "turn"]
    seq: int = 0


def rows_of(events: Sequence[LogEvent]) -> list[Row]:
    """Give what is drawn: calls with answers, failures, events and who heard them, moves of the saga."""
    answers = answers_of(events)
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
            case "call.failed" if "call" not in detail:
                label = f"{detail['operation']} not sent: {detail['reason']}"
                rows.append(Row(event.t, event.service, event.service, label, "mark", event.seq))
            case "call.failed":
                callee = callees.get(detail["call"], str(detail["operation"]).partition(".")[0])
                by = f" ({detail['fault']})" if detail.get("fault") else ""
                rows.append(Row(event.t, callee, event.service, f"{detail['reason']}{by}", "lost", event.seq))
            case "event.recorded":
                rows.append(
                    Row(event.t, event.service, event.service, str(detail["event"]), "event", event.seq)
                )
            case "event.applied" | "event.dead" | "event.skipped":
                word = event.kind.removeprefix("event.")
                owner = str(detail["event"]).partition(".")[0]
                rows.append(
                    Row(event.t, owner, event.service, f"{detail['event']} {word}", "event", event.seq)
                )
            case "saga.turned":
                text = f"turns back: {detail['failure']}"
                rows.append(Row(event.t, event.service, event.service, text, "turn", event.seq))
            case "saga.started" | "saga.completed" | "saga.compensated" | "saga.undone":
                what = f" {detail['step']}" if event.kind == "saga.undone" else ""
                text = f"saga {event.kind.removeprefix('saga.')}{what}"
                rows.append(Row(event.t, event.service, event.service, text, "mark", event.seq))
            case _:
                pass
    return rows


def answers_of(events: Sequence[LogEvent]) -> dict[int, LogEvent]:
    """Give what ended each try of a call, by the call's number; a try that was never sent has none."""
    ends = ("call.returned", "call.failed")
    return {event.detail["call"]: event for event in events if event.kind in ends and "call" in event.detail}


def _call(event: LogEvent, answer: LogEvent | None) -> Row:
    detail = event.detail
    label = str(detail["operation"])
    if detail["attempt"] > 1:
        label += f" try {detail['attempt']}"
    if answer is not None and answer.kind == "call.returned":
        label += f": {answer.detail['outcome']}"
    return Row(event.t, event.service, _service(detail["callee"]), label, "call", event.seq)


def _service(instance: str) -> str:
    return re.sub(r"-\d+$", "", instance)


def lanes_of(rows: Sequence[Row]) -> tuple[str, ...]:
    """Name the lanes, in the order in which they come in."""
    return tuple(dict.fromkeys(name for row in rows for name in (row.source, row.target)))


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
