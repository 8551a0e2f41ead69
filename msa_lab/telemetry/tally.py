"""The few figures that every run's report shows, whatever its scenario asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msa_lab.telemetry.catalogue import MetricType
from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.metrics import Metric, Metrics, summary

_SHOWN = (
    "request.duration",
    "request.count",
    "request.failed_rate",
    "call.failed",
    "call.retries",
    "breaker.opened",
    "message.dropped",
    "event.retried",
    "event.dead",
    "event.lost",
    "instance.crashed",
)


class Tally:
    """Counts sagas, folds the usual metrics and remembers when faults began."""

    def __init__(self, types: Mapping[str, MetricType], sagas: Iterable[str]) -> None:
        self._metrics = Metrics(types)
        names = [*_SHOWN, *(f"saga.{saga}.duration" for saga in sagas)]
        self._wanted: dict[str, Metric] = {name: self._metrics.want(name) for name in names}
        self._ends = dict.fromkeys(("started", "completed", "compensated"), 0)
        self.faults: dict[str, LogEvent] = {}

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of log events it wants."""
        ends = {f"saga.{end}" for end in self._ends}
        return tuple(sorted({*self._metrics.kinds, *ends, "fault.started"}))

    def feed(self, event: LogEvent) -> None:
        """Take in the next event of the log."""
        self._metrics.feed(event)
        if event.kind == "fault.started":
            self.faults[event.detail["fault"]] = event
        else:
            end = event.kind.removeprefix("saga.")
            if end in self._ends:
                self._ends[end] += 1

    def sagas(self) -> dict[str, int]:
        """Give how many sagas were started, completed, compensated and are open."""
        ends = self._ends
        return {**ends, "open": ends["started"] - ends["completed"] - ends["compensated"]}

    def metrics(self, now: int) -> dict[str, Any]:
        """Give the metrics as plain values, durations in microseconds."""
        return {name: summary(metric, now) for name, metric in self._wanted.items()}
