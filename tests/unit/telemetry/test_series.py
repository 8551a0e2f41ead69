from typing import Any

from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.series import SLICE, Series, service_of


def event(t: int, kind: str, /, service: str = "", **detail: Any) -> LogEvent:  # noqa: ANN401 - as an event has
    return LogEvent(1, t, kind, service, detail=detail)


def test_counts_fall_into_the_slices_that_begin_within_the_span() -> None:
    series = Series()
    for t in (0, 99_999, 100_000, 250_000):
        series.add("retries", t)

    assert series.within("retries", 0, 100_000) == 2
    assert series.within("retries", 100_000, 300_000) == 2
    assert series.within("retries", 0, 1_000_000) == 4
    assert series.within("nothing", 0, 1_000_000) == 0


def test_a_rate_is_per_second() -> None:
    series = Series()
    for t in range(0, 500_000, 50_000):
        series.add("request", t)

    assert series.rate("request", 0, 500_000) == 20.0
    assert series.rate("request", 0, 0) == 0.0


def test_a_quantile_is_by_nearest_rank_over_the_slices() -> None:
    series = Series()
    for value in range(1, 101):
        series.sample("took.psp", value * 2_000, value)

    assert series.quantile("took.psp", 0, 1_000_000, 0.95) == 95
    assert series.quantile("took.psp", 0, 1_000_000, 0.5) == 50
    assert series.quantile("took.psp", 500_000, 1_000_000, 0.5) is None


def test_a_curve_has_so_many_columns_and_loses_nothing() -> None:
    series = Series()
    for t in (0, 100_000, 100_000, 900_000):
        series.add("request", t)

    assert series.curve("request", 1_000_000, 5) == [3, 0, 0, 0, 1]
    assert sum(series.curve("request", 1_000_000, 3)) == 4


def test_a_run_that_outgrows_the_slices_gets_longer_ones_and_keeps_its_counts() -> None:
    series = Series()
    series.add("request", 0)
    series.add("request", SLICE)
    series.sample("request.took", SLICE, 7)
    series.add("request", 5000 * SLICE)
    series.sample("request.took", 5000 * SLICE, 9)

    assert series.width == 2 * SLICE
    assert series.within("request", 0, 2 * SLICE) == 2
    assert series.within("request", 0, 6000 * SLICE) == 3
    assert series.quantile("request.took", 0, 2 * SLICE, 1.0) == 7
    assert series.quantile("request.took", 0, 6000 * SLICE, 1.0) == 9


def test_calls_are_counted_for_the_service_and_for_the_link() -> None:
    series = Series()
    series.feed(event(0, "call.sent", "order", callee="payment-2", operation="payment.capture"))
    series.feed(event(0, "call.received", "payment", operation="payment.capture"))
    series.feed(event(0, "call.returned", "order", operation="payment.capture", took=400))
    series.feed(event(0, "call.failed", "order", operation="payment.capture", took=900, reason="Timeout"))

    assert series.links("calls") == (("order", "payment"),)
    assert series.within("requests.payment", 0, SLICE) == 1
    assert series.within("failed.payment", 0, SLICE) == 1
    assert series.within("lost.order>payment", 0, SLICE) == 1
    assert series.quantile("took.order>payment", 0, SLICE, 1.0) == 900


def test_a_request_fails_by_a_failure_and_not_by_a_refusal() -> None:
    series = Series()
    for outcome in ("ok", "out-of-stock", "Timeout"):
        series.feed(event(0, "shopper.request", "client", outcome=outcome, took=5))

    assert series.within("request", 0, SLICE) == 3
    assert series.within("request.failed", 0, SLICE) == 1


def test_events_are_links_from_their_owner_to_who_applied_them() -> None:
    series = Series()
    series.feed(event(0, "event.applied", "search", event="product.listed", group="search"))

    assert series.links("heard") == (("product", "search"),)


def test_other_events_change_nothing() -> None:
    series = Series()
    series.feed(event(0, "note", "order", message="hello"))

    assert series == Series()


def test_an_instance_belongs_to_its_service() -> None:
    assert service_of("payment-12") == "payment"
    assert service_of("gateway") == "gateway"
