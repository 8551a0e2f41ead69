"""Named metrics, each a fold over the event log: trends, counters, rates and gauges.

`Metrics` folds those that were asked for, over the whole run or within one load phase.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from msa_lab.telemetry.catalogue import SAGA_ENDS, SAGA_MOVES, MetricType, failed
from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.histogram import Histogram

STUCK_AFTER: Final = 10_000_000
"""An open saga without a step for so many microseconds is stuck."""


@dataclass(slots=True)
class Trend:
    """Durations (or other integers) and their distribution."""

    values: Histogram = field(default_factory=Histogram)

    @property
    def samples(self) -> int:
        """How many values there were."""
        return self.values.count

    def value(self, now: int) -> float:  # noqa: ARG002 - the same for all metrics
        """Give the mean."""
        return self.values.mean


@dataclass(slots=True)
class Counter:
    """How often something happened."""

    samples: int = 0

    def value(self, now: int) -> float:  # noqa: ARG002 - the same for all metrics
        """Give the count."""
        return self.samples


@dataclass(slots=True)
class Rate:
    """The share of samples that were hits."""

    samples: int = 0
    hits: int = 0

    def value(self, now: int) -> float:  # noqa: ARG002 - the same for all metrics
        """Give the share, 0 when there are no samples."""
        return self.hits / self.samples if self.samples else 0.0


@dataclass(slots=True)
class Gauge:
    """A level that rises and falls; `read(now)` gives it."""

    read: Callable[[int], int]
    samples: int = 0
    low: int = 0
    high: int = 0

    def value(self, now: int) -> float:
        """Give the level now."""
        return self.read(now)


Metric = Trend | Counter | Rate | Gauge


@dataclass(slots=True)
class _OpenSagas:
    """When each open saga began and when it last moved, the one that waits longest first."""

    began: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    moved: dict[str, int] = field(default_factory=dict)

    def feed(self, event: LogEvent, phases: tuple[str, ...]) -> None:
        if event.kind == "saga.started":
            self.began[event.saga] = (event.t, phases)
        self.moved.pop(event.saga, None)
        if event.kind in SAGA_ENDS:
            self.began.pop(event.saga, None)
        elif event.saga in self.began:
            self.moved[event.saga] = event.t

    def stuck(self, now: int) -> int:
        count = 0
        for moved in self.moved.values():
            if now - moved <= STUCK_AFTER:
                break
            count += 1
        return count


@dataclass(slots=True)
class Metrics:
    """Folds the metrics asked for with `want`; the others cost nothing."""

    types: Mapping[str, MetricType]
    _wanted: dict[tuple[str, str], Metric] = field(default_factory=dict)
    _feeds: dict[str, list[Callable[[LogEvent], None]]] = field(default_factory=dict)
    _phases: dict[str, None] = field(default_factory=dict)
    _sagas: dict[str, _OpenSagas] = field(default_factory=dict)
    _recorded: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    _shoppers: int = 0

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of log events needed."""
        return tuple(sorted(self._feeds))

    def want(self, name: str, phase: str = "") -> Metric:
        """Fold a metric from now on; with `phase`, only what began during that load phase.

        Raises:
            KeyError: when there is no metric of that name.
        """
        known = self._wanted.get((name, phase))
        if known is None:
            known = self._wanted[name, phase] = self._make(self.types[name], phase)
        return known

    def feed(self, event: LogEvent) -> None:
        """Take in the next event of the log."""
        for take in self._feeds.get(event.kind, ()):
            take(event)

    def _make(self, kind: MetricType, phase: str) -> Metric:
        if phase:
            self._on("phase.started", self._phase_started, first=True)
            self._on("phase.ended", self._phase_ended, first=True)
        if kind.name.startswith("saga."):
            return self._saga(kind, phase)
        if kind.name.startswith("request."):
            return self._request(kind, phase)
        if kind.kind == "trend":
            return self._lag(kind, phase)
        if kind.kind == "rate":
            return self._visits(phase)
        if kind.kind == "gauge":
            self._on("shopper.started", self._shopper, first=True)
            self._on("shopper.ended", self._shopper, first=True)
            return self._level(kind, lambda _: self._shoppers)
        return self._counter(kind, phase, lambda _: True)

    def _on(self, kind: str, take: Callable[[LogEvent], None], *, first: bool = False) -> None:
        feeds = self._feeds.setdefault(kind, [])
        if take not in feeds:
            feeds.insert(0 if first else len(feeds), take)

    def _phase_started(self, event: LogEvent) -> None:
        self._phases[event.detail["phase"]] = None

    def _phase_ended(self, event: LogEvent) -> None:
        self._phases.pop(event.detail["phase"], None)

    def _shopper(self, event: LogEvent) -> None:
        self._shoppers += 1 if event.kind == "shopper.started" else -1

    def _now_in(self, phase: str) -> bool:
        return not phase or phase in self._phases

    def _counter(self, kind: MetricType, phase: str, counts: Callable[[LogEvent], bool]) -> Counter:
        counter = Counter()

        def take(event: LogEvent) -> None:
            if self._now_in(phase) and counts(event):
                counter.samples += 1

        for name in kind.kinds:
            self._on(name, take)
        return counter

    def _level(self, kind: MetricType, read: Callable[[int], int]) -> Gauge:
        gauge = Gauge(read)

        def take(event: LogEvent) -> None:
            level = read(event.t)
            gauge.samples += 1
            gauge.high = max(gauge.high, level)
            gauge.low = level if gauge.samples == 1 else min(gauge.low, level)

        for name in kind.kinds:
            self._on(name, take)
        return gauge

    def _visits(self, phase: str) -> Rate:
        rate = Rate()

        def take(event: LogEvent) -> None:
            if not phase or event.detail["phase"] == phase:
                rate.samples += 1
                rate.hits += event.detail["outcome"] == "done"

        self._on("shopper.ended", take)
        return rate

    def _request(self, kind: MetricType, phase: str) -> Metric:
        prefix, _, what = kind.name.rpartition(".")
        operation = prefix.removeprefix("request").removeprefix(".")

        def ours(event: LogEvent) -> bool:
            detail = event.detail
            return (not operation or detail["operation"] == operation) and (
                not phase or detail.get("phase") == phase
            )

        if what == "duration":
            trend = Trend()

            def measure(event: LogEvent) -> None:
                if ours(event):
                    trend.values.add(event.detail["took"])

            self._on("shopper.request", measure)
            return trend
        if what == "count":
            return self._counter(kind, "", ours)
        rate = Rate()

        def take(event: LogEvent) -> None:
            if ours(event):
                outcome = event.detail["outcome"]
                rate.samples += 1
                rate.hits += (
                    failed(outcome) if what == "failed_rate" else outcome != "ok" and not failed(outcome)
                )

        self._on("shopper.request", take)
        return rate

    def _lag(self, kind: MetricType, phase: str) -> Trend:
        trend = Trend()
        group = kind.name.removeprefix("event.").removesuffix(".lag")
        recorded: dict[str, tuple[int, bool]] = {}

        def record(event: LogEvent) -> None:
            recorded[event.detail["id"]] = (event.t, self._now_in(phase))

        def apply(event: LogEvent) -> None:
            if event.detail["group"] == group:
                began, counts = recorded.pop(event.detail["id"], (0, False))
                if counts:
                    trend.values.add(event.t - began)

        self._on("event.recorded", record)
        self._on("event.applied", apply)
        return trend

    def _open(self, saga: str) -> _OpenSagas:
        known = self._sagas.get(saga)
        if known is not None:
            return known
        opened = self._sagas[saga] = _OpenSagas()

        def follow(event: LogEvent) -> None:
            if event.detail["name"] == saga:
                opened.feed(event, tuple(self._phases))

        for name in SAGA_MOVES:
            self._on(name, follow, first=name == "saga.started")
        self._on("phase.started", self._phase_started, first=True)
        self._on("phase.ended", self._phase_ended, first=True)
        return opened

    def _saga(self, kind: MetricType, phase: str) -> Metric:
        saga, _, what = kind.name.removeprefix("saga.").rpartition(".")
        if what in ("started", "retries"):
            return self._counter(kind, phase, lambda event: event.detail["name"] == saga)
        opened = self._open(saga)
        if what == "open":
            return self._level(kind, lambda _: len(opened.began))
        if what == "stuck":
            return self._level(kind, opened.stuck)
        return self._end(saga, what, phase, opened)

    def _end(self, saga: str, what: str, phase: str, opened: _OpenSagas) -> Metric:
        """Fold what ends. An end belongs to the phase in which its saga began."""
        metric: Trend | Rate | Counter = {"duration": Trend, "completed_rate": Rate}.get(what, Counter)()
        kinds = (f"saga.{what}",) if f"saga.{what}" in SAGA_ENDS else SAGA_ENDS

        def end(event: LogEvent) -> None:
            if event.detail["name"] != saga:
                return
            began, phases = opened.began.get(event.saga, (event.t, ()))
            if phase and phase not in phases:
                return
            if isinstance(metric, Trend):
                metric.values.add(event.t - began)
                return
            metric.samples += 1
            if isinstance(metric, Rate):
                metric.hits += event.kind == "saga.completed"

        for name in kinds:
            self._on(name, end, first=True)  # before the feed that forgets the saga
        return metric


def summary(metric: Metric, now: int) -> dict[str, Any]:
    """Give a metric as plain values, durations in microseconds."""
    if isinstance(metric, Trend):
        values = metric.values
        return {
            "count": values.count, "avg": round(values.mean), "min": values.low,
            "p50": values.quantile(0.5), "p95": values.quantile(0.95), "p99": values.quantile(0.99),
            "max": values.high,
        }  # fmt: skip
    if isinstance(metric, Rate):
        return {"count": metric.samples, "rate": round(metric.value(now), 4)}
    if isinstance(metric, Gauge):
        return {"value": metric.value(now), "min": metric.low, "max": metric.high}
    return {"count": metric.samples}
