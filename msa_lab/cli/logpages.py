"""What `msalab events` and `msalab metrics` print."""

from __future__ import annotations

import contextlib
import csv as csv_format
import io
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from msa_lab.cli.interrupted import ended_by_hand
from msa_lab.cli.jsontext import json_text
from msa_lab.cli.options import Talk
from msa_lab.cli.reading import filter_of, looked_at, metrics_of
from msa_lab.cli.terminal import emit, printable, table, terminal_of
from msa_lab.errors import UserMistake
from msa_lab.persistence import EVENTS, LiveRun, StoredRun
from msa_lab.scenario.scopes import event_filter
from msa_lab.telemetry import otlp
from msa_lab.telemetry.causes import describe
from msa_lab.telemetry.events import LogEvent

_STYLES = {"fault": "fault", "expectation": "bad", "steady": "bad"}
_COLUMNS = ("count", "rate", "value", "avg", "min", "p50", "p95", "p99", "max")
_BATCH = 500
_LOOK_EVERY = 0.1


def print_events(
    run: str | None, expression: str | None, talk: Talk, *, jsonl: bool, follow: bool = False
) -> None:
    """Print the events that pass the filter; of a running shop also those that come, until interrupted.

    Raises:
        UserMistake: when a run is to be followed that has ended.
    """
    chosen = None if expression is None else filter_of("--filter", expression, event_filter)
    kept = looked_at(run)
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    encoder = msgspec.json.Encoder(order="deterministic")

    def shown(event: LogEvent) -> str:
        if jsonl:
            return encoder.encode(event).decode()
        style = _STYLES.get(event.kind.partition(".")[0], "")
        return terminal.paint(terminal.fit(_line(event)), style)

    with ended_by_hand() if follow else contextlib.nullcontext():
        _print(_followed(kept) if follow else kept.events(), chosen, shown)


def _print(
    events: Iterable[LogEvent | None],
    chosen: Callable[..., bool] | None,
    shown: Callable[[LogEvent], str],
) -> None:
    lines: list[str] = []
    for event in events:
        if event is not None and (chosen is None or chosen(event)):
            lines.append(shown(event))
        if lines and (event is None or len(lines) >= _BATCH):
            emit("\n".join(lines) + "\n")
            lines.clear()
        if event is None:
            time.sleep(_LOOK_EVERY)
    if lines:
        emit("\n".join(lines) + "\n")


def _followed(kept: StoredRun) -> Iterator[LogEvent | None]:
    """Give what the log holds and then what comes; None whenever it has nothing new."""
    if not isinstance(kept, LiveRun):
        raise UserMistake(f"run {kept.id} has ended; only a running shop is followed:  msalab events shop -f")
    last = 0
    for event in kept.events():
        yield event
        last = event.seq
    yield from kept.follow(last)


def _line(event: LogEvent) -> str:
    head = f"{event.seq:>7} T+{event.t / 1e6:<9.3f} {event.kind:<18} "
    saga = f"{event.saga}  " if event.saga else ""
    return (head + printable(saga + describe(event).removeprefix(f"{event.kind} "))).rstrip()


def print_traces(run: str | None) -> None:
    """Print a run's spans as OTLP requests in JSON, one a line."""
    kept = looked_at(run)
    encoder = msgspec.json.Encoder(order="deterministic")
    for body in otlp.requests(kept.id, _began(kept), kept.events(), kept.summary):
        emit(encoder.encode(body).decode() + "\n")


def _began(kept: StoredRun) -> int:
    """Give a run's start in nanoseconds since 1970; of a shop, the last line was written when it happened."""
    if "started" in kept.summary:
        return round(datetime.fromisoformat(kept.summary["started"]).timestamp()) * 1_000_000_000
    written, last = (kept.path / EVENTS).stat().st_mtime_ns, 0
    for event in kept.events():
        last = event.t
    return written - last * 1000


def print_metrics(run: str | None, talk: Talk, *, csv: bool) -> None:
    """Print the metrics of a run's result; durations in microseconds in CSV and JSON."""
    kept = looked_at(run)
    metrics = metrics_of(kept)
    if talk.json:
        content = {"schema": "msalab/metrics@1", "run": kept.id, "metrics": metrics}
        emit(json_text(content))
        return
    if csv:
        out = io.StringIO()
        writer = csv_format.writer(out, lineterminator="\n")
        writer.writerow(("metric", *_COLUMNS))
        writer.writerows(
            (name, *(values.get(column, "") for column in _COLUMNS)) for name, values in metrics.items()
        )
        emit(out.getvalue())
        return
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    trends = {name: values for name, values in metrics.items() if "p95" in values}
    others = {name: values for name, values in metrics.items() if "p95" not in values}
    head = ("", "count", "avg", "p50", "p95", "p99", "max")
    rows = [
        (name, str(values["count"]), *(_time(values[column]) for column in head[2:]))
        for name, values in trends.items()
    ]
    lines = table([head, *rows], right=range(1, len(head))) if rows else []
    lines += ["", *table([(name, _figure(values)) for name, values in others.items()], right=(1,))]
    emit("\n".join([*lines, "", terminal.paint(f"run {kept.id}", "dim"), ""]))


def _time(micros: float) -> str:
    return f"{micros / 1e6:.3f} s" if micros >= 1e6 else f"{micros / 1e3:.1f} ms"  # noqa: PLR2004 - a second


def _figure(values: Mapping[str, Any]) -> str:
    if "rate" in values:
        return f"{values['rate']:.2%} of {values['count']}"
    return str(values.get("value", values.get("count", "")))
