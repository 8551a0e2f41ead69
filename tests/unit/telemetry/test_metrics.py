from __future__ import annotations

from msa_lab.telemetry.catalogue import catalogue
from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.metrics import Metric, Metrics, Trend, summary

TYPES = catalogue(["checkout"], ["order.buy"], ["payment"])


def event(kind: str, t: int = 0, saga: str = "", **detail: object) -> LogEvent:
    return LogEvent(seq=1, t=t, kind=kind, saga=saga, detail=detail)


def saga(what: str, key: str, t: int) -> LogEvent:
    return event(f"saga.{what}", t, key, name="checkout", step="pay")


def request(outcome: str, took: int, phase: str = "rush", operation: str = "order.buy") -> LogEvent:
    return event("shopper.request", operation=operation, outcome=outcome, took=took, phase=phase)


def fold(name: str, events: list[LogEvent], phase: str = "") -> Metric:
    metrics = Metrics(TYPES)
    metric = metrics.want(name, phase)
    for each in events:
        assert each.kind in metrics.kinds or not phase
        metrics.feed(each)
    return metric


def test_every_metric_of_the_catalogue_can_be_asked_for() -> None:
    metrics = Metrics(TYPES)

    for name in TYPES:
        assert summary(metrics.want(name), 0)
        assert summary(metrics.want(name, "rush"), 0)


def test_requests_are_counted_by_what_became_of_them() -> None:
    events = [request("ok", 10), request("no-stock", 20), request("Timeout", 30), request("ok", 40)]

    assert summary(fold("request.count", events), 0) == {"count": 4}
    assert summary(fold("request.failed_rate", events), 0) == {"count": 4, "rate": 0.25}
    assert summary(fold("request.refused_rate", events), 0) == {"count": 4, "rate": 0.25}
    assert summary(fold("request.duration", events), 0) == {
        "count": 4, "avg": 25, "min": 10, "p50": 20, "p95": 40, "p99": 40, "max": 40,
    }  # fmt: skip


def test_requests_are_told_apart_by_operation_and_phase() -> None:
    events = [request("ok", 10), request("ok", 20, operation="order.get"), request("ok", 30, phase="calm")]

    assert summary(fold("request.order.buy.count", events), 0) == {"count": 2}
    assert summary(fold("request.order.buy.count", events, "rush"), 0) == {"count": 1}
    assert summary(fold("request.count", events, "rush"), 0) == {"count": 2}


def test_sagas_are_counted_to_their_end() -> None:
    events = [
        saga("started", "a", 0), saga("started", "b", 5), saga("started", "c", 6),
        saga("completed", "a", 100), saga("compensated", "b", 55),
    ]  # fmt: skip

    assert summary(fold("saga.checkout.started", events[:3]), 0) == {"count": 3}
    assert summary(fold("saga.checkout.completed_rate", events), 0) == {"count": 2, "rate": 0.5}
    assert summary(fold("saga.checkout.open", events), 0) == {"value": 1, "min": 1, "max": 3}
    duration = fold("saga.checkout.duration", events)
    assert isinstance(duration, Trend)
    assert duration.values.cells() == ((50, 1), (100, 1))


def test_the_end_of_a_saga_belongs_to_the_phase_in_which_it_began() -> None:
    events = [
        event("phase.started", phase="calm"), saga("started", "a", 0), event("phase.ended", phase="calm"),
        event("phase.started", phase="rush"), saga("started", "b", 1),
        saga("completed", "a", 9), saga("compensated", "b", 9),
    ]  # fmt: skip

    assert summary(fold("saga.checkout.completed", events, "calm"), 0) == {"count": 1}
    assert summary(fold("saga.checkout.completed", events, "rush"), 0) == {"count": 0}
    assert summary(fold("saga.checkout.completed_rate", events, "rush"), 0) == {"count": 1, "rate": 0.0}


def test_a_saga_is_stuck_when_it_has_not_moved_for_ten_seconds() -> None:
    events = [saga("started", "a", 0), saga("started", "b", 0), saga("step", "a", 5_000_000)]

    stuck = fold("saga.checkout.stuck", events)

    assert [stuck.value(t) for t in (10_000_000, 10_000_001, 15_000_001)] == [0, 1, 2]


def test_lag_runs_from_fact_to_effect_of_one_group() -> None:
    events = [
        event("event.recorded", 10, event="order.placed", id="e-1"),
        event("event.applied", 15, event="order.placed", id="e-1", group="cart"),
        event("event.applied", 40, event="order.placed", id="e-1", group="payment"),
        event("event.applied", 90, event="order.placed", id="e-1", group="payment"),
    ]

    lag = fold("event.payment.lag", events)

    assert isinstance(lag, Trend)
    assert lag.values.cells() == ((30, 1),)


def test_shoppers_in_the_shop() -> None:
    events = [event("shopper.started"), event("shopper.started"), event("shopper.ended")]

    assert summary(fold("shopper.open", events), 0) == {"value": 1, "min": 1, "max": 2}
