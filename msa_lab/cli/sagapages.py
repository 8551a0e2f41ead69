"""What `msalab saga` prints."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from msa_lab.cli.jsontext import json_text
from msa_lab.cli.options import Talk
from msa_lab.cli.reading import filter_of, looked_at, saga_filter, saga_named, sagas_of
from msa_lab.cli.sequence import as_mermaid, as_sequence
from msa_lab.cli.terminal import Terminal, emit, table, terminal_of
from msa_lab.cli.verdict import reason, story
from msa_lab.cli.whys import gathered, mark
from msa_lab.persistence import StoredRun
from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.sagas import SagaView
from msa_lab.telemetry.tales import tell

_STYLES = {"COMPLETED": "good", "COMPENSATED": "warn", "COMPENSATING": "warn", "RUNNING": "unsure"}


def print_list(run: str | None, where: str | None, talk: Talk) -> None:
    """Print the sagas of a run."""
    chosen: Callable[..., bool] = (
        (lambda _: True) if where is None else filter_of("--where", where, saga_filter)
    )
    kept = looked_at(run)
    views = [view for view in sagas_of(kept).values() if chosen(view)]
    if talk.json:
        emit(
            json_text({"schema": "msalab/sagas@1", "run": kept.id, "sagas": [plain(view) for view in views]})
        )
        return
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    rows = [("", "id", "saga", "state", "began", "took", "retries", "failure")]
    rows += [
        (
            terminal.glyph(_STYLES[view.state]),
            view.id,
            view.name,
            view.state,
            f"T+{view.started_at / 1e6:.3f}",
            f"{view.took / 1e6:.3f} s" if view.took is not None else "",
            str(view.retries) if view.retries else "",
            view.failure,
        )
        for view in views
    ]
    lines = table(rows, right=(4, 5, 6))
    painted = [
        terminal.paint(line, _STYLES[view.state] if view.state != "COMPLETED" else "")
        for line, view in zip(lines[1:], views, strict=True)
    ]
    foot = f"{len(views)} saga{'' if len(views) == 1 else 's'} of run {kept.id}"
    emit("\n".join([terminal.paint(lines[0], "dim"), *painted, "", foot, ""]))


def print_saga(name: str, run: str | None, way: str, talk: Talk) -> None:
    """Print one saga."""
    kept = looked_at(run)
    view = saga_named(sagas_of(kept), name, kept)
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    if way == "json":
        events = [msgspec.to_builtins(event) for event in kept.events(mark(name)) if event.saga == name]
        emit(json_text({"schema": "msalab/saga@1", "run": kept.id, **plain(view), "events": events}))
    elif way == "time":
        emit(_timeline(view, terminal))
    elif way == "state":
        emit(_states(view, kept, terminal))
    else:
        events_of = [event for event in kept.events(mark(name)) if event.saga == name]
        emit(as_mermaid(events_of) if way == "mermaid" else _head(view) + as_sequence(events_of, terminal))


def print_why(name: str, run: str | None, talk: Talk) -> None:
    """Print the story of one saga."""
    kept = looked_at(run)
    view = saga_named(sagas_of(kept), name, kept)
    own, faults = gathered(kept.events(b'"kind":"fault.started"', mark(name)), (name,))
    told = tell(own[name], faults)
    broken = [
        (finding, violation)
        for finding in kept.summary["expectations"]
        for violation in finding.get("violations", ())
        if violation.get("saga") == name
    ]
    if talk.json:
        emit(
            json_text(
                {
                    "schema": "msalab/why@1", "run": kept.id, **plain(view), "fault": told.fault,
                    "story": [
                        {"event": link.event.seq, "t": link.event.t / 1e6, "text": link.text}
                        for link in told.links
                    ],
                    "violations": [
                        {
                            "expectation": finding["id"], **violation,
                            "reason": finding.get("reason", ""), "doc": finding.get("doc", ""),
                        }
                        for finding, violation in broken
                    ],
                }
            )
        )  # fmt: skip
        return
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    lines = [_head(view).rstrip("\n"), ""]
    lines += story(told, terminal, indent="  ") if told.links else ["  nothing happened to it"]
    if broken:
        lines += ["", "  it broke"]
        for finding, violation in broken:
            lines += _broke(finding, violation, terminal)
    elif not told.fault:
        lines += ["", "  no fault touched it"]
    lines += ["", f"  all its messages:  msalab saga show {name} --run {kept.id}", ""]
    emit("\n".join(lines))


def _broke(finding: Mapping[str, Any], violation: Mapping[str, Any], terminal: Terminal) -> list[str]:
    """Tell what a saga broke: what was observed and when; what is judged at the end, since when."""
    sign, at = terminal.glyph("bad"), f"T+{violation['t']:.3f}"
    when = f"at the end; not held since {at}" if finding.get("kind") == "finally" else f"at {at}"
    first, *rest = terminal.wrap(f"{violation.get('observed', '')}  {when}", f"    {sign} {finding['id']}  ")
    painted = first.replace(sign, terminal.paint(sign, "bad"), 1)
    return [painted, *rest, *reason(finding.get("reason", ""), finding.get("doc", ""), terminal)]


def plain(view: SagaView) -> dict[str, Any]:
    """Give a saga as plain values; times in seconds."""
    return {
        "id": view.id, "name": view.name, "state": view.state, "failure": view.failure,
        "started": view.started_at / 1e6, "ended": _seconds(view.ended_at), "took": _seconds(view.took),
        "turned": _seconds(view.turned_at), "retries": view.retries,
        "steps": [
            {
                "name": step.name, "state": step.state, "done": _seconds(step.done_at),
                "undone": _seconds(step.undone_at), "retries": step.retries,
            }
            for step in view.steps
        ],
    }  # fmt: skip


def _seconds(micros: int | None) -> float | None:
    return None if micros is None else micros / 1e6


def _head(view: SagaView) -> str:
    took = f" after {view.took / 1e6:.3f} s" if view.took is not None else ""
    failure = f", because of {view.failure}" if view.failure else ""
    return f"saga {view.id} ({view.name}): {view.state}{took}{failure}\n"


def _timeline(view: SagaView, terminal: Terminal) -> str:
    """Draw each step as a bar from the end of the one before to its own."""
    end = view.ended_at or max(
        [step.undone_at or step.done_at or view.started_at for step in view.steps], default=view.started_at
    )
    length = max(1, end - view.started_at)
    names = max([len(step.name) for step in view.steps], default=0)
    room = max(20, terminal.width - names - 28)
    lines = [_head(view)]
    begun = view.started_at
    for step in view.steps:
        done = step.done_at if step.done_at is not None else end
        left = (begun - view.started_at) * room // length
        long = max(1, (done - begun) * room // length)
        bar = " " * min(left, room - 1) + terminal.glyph("full") * long
        note = f"{(done - begun) / 1e6:8.3f} s"
        extra = [f"x{step.retries + 1}"] * bool(step.retries)
        if step.undone_at is not None:
            extra.append(f"undone T+{step.undone_at / 1e6:.3f}")
        lines.append(f"  {step.name:<{names}}  {bar:<{room}} {note} {' '.join(extra)}".rstrip())
        begun = done if step.done_at is not None else begun
    lines.append(f"  T+{view.started_at / 1e6:.3f} to T+{end / 1e6:.3f}")
    return "\n".join([*lines, ""])


def _states(view: SagaView, kept: StoredRun, terminal: Terminal) -> str:
    """List each move of the saga with the state after it."""
    rows: list[tuple[str, ...]] = []
    state = "RUNNING"
    for event in kept.events(mark(view.id)):
        if event.saga == view.id and event.kind.startswith("saga."):
            state = _AFTER.get(event.kind, state)
            rows.append((f"T+{event.t / 1e6:.3f}", state, event.kind.removeprefix("saga."), _words(event)))
    return "\n".join([_head(view), *table(rows, indent="  ", right=(0,)), ""]) if terminal.width else ""


_AFTER = {"saga.turned": "COMPENSATING", "saga.completed": "COMPLETED", "saga.compensated": "COMPENSATED"}


def _words(event: LogEvent) -> str:
    detail = event.detail
    words = [str(detail.get("step") or "")]
    if event.kind == "saga.retried":
        words.append(f"try {detail['attempt']}")
    if detail.get("failure"):
        words.append(f"because of {detail['failure']}")
    return ", ".join(word for word in words if word)
