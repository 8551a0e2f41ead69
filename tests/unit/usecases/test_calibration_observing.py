"""How long a shop's parts take, read from a log."""

from typing import Any

import pytest

from msa_lab.telemetry.events import LogEvent
from msa_lab.usecases.calibration.observing import KINDS, Measured, Observer, Timed, covered


def measured(*told: tuple[int, str, str, dict[str, Any]], begin: int = 0) -> Measured:
    """Fold events: instant, kind, service, detail; `span`, `saga` and `trace` stand in the detail."""
    observer = Observer(begin)
    for number, (t, kind, service, given) in enumerate(told, start=1):
        detail = dict(given)
        assert kind in KINDS
        span, saga, trace = (
            detail.pop(name, empty) for name, empty in (("span", 0), ("saga", ""), ("trace", 0))
        )
        observer.feed(LogEvent(number, t, kind, service, f"{service}-1", saga, trace, span, detail=detail))
    return observer.measured()


Told = tuple[int, str, str, dict[str, Any]]


def sent(t: int, service: str, operation: str, call: int, **place: int | str) -> Told:
    return t, "call.sent", service, {"operation": operation, "call": call, **place}


def received(t: int, service: str, operation: str, call: int, **place: int | str) -> Told:
    return t, "call.received", service, {"operation": operation, "call": call, "span": call, **place}


def replied(t: int, service: str, operation: str, call: int, **place: int | str) -> Told:
    detail = {"operation": operation, "call": call, "span": call, "outcome": "ok", **place}
    return t, "call.replied", service, detail


def returned(t: int, service: str, operation: str, call: int, **place: int | str) -> Told:
    return t, "call.returned", service, {"operation": operation, "call": call, "outcome": "ok", **place}


SHOPPER = (
    received(1_000, "gateway", "gateway.request", 7, trace=3),
    sent(1_200, "gateway", "cart.add", 8, span=7),
    received(1_700, "cart", "cart.add", 8),
    (2_000, "commit", "cart", {"span": 8, "changes": []}),
    replied(3_700, "cart", "cart.add", 8),
    returned(4_300, "gateway", "cart.add", 8, span=7),
    replied(4_400, "gateway", "gateway.request", 7, trace=3),
    (
        5_000,
        "shopper.request",
        "client",
        {"operation": "cart.add", "took": 5_000, "outcome": "ok", "trace": 3},
    ),
)


def test_an_operation_takes_its_own_time_without_that_of_the_calls_it_makes() -> None:
    found = measured(*SHOPPER)

    assert found.work == {
        ("cart", "cart.add"): Timed([2_000], commits=1),
        ("gateway", "gateway.request"): Timed([300]),
    }


def test_a_trip_is_what_the_caller_waits_beyond_the_work() -> None:
    found = measured(*SHOPPER)

    assert found.trips == {
        "cart.add": [1_100],  # 3,100 between sending and return, 2,000 of them work
        "gateway.request": [1_600],  # 5,000 for the shopper, 3,400 of them at the gateway
    }
    assert found.requests == 1


def test_calls_side_by_side_are_left_out_once() -> None:
    found = measured(
        received(5, "page", "page.show", 1),
        sent(10, "page", "a.get", 2, span=1),
        sent(20, "page", "b.get", 3, span=1),
        returned(50, "page", "a.get", 2, span=1),
        returned(90, "page", "b.get", 3, span=1),
        replied(100, "page", "page.show", 1),
    )

    assert found.work["page", "page.show"].own == [15]


def test_the_transaction_between_two_steps_of_a_saga_is_a_commit() -> None:
    found = measured(
        sent(100, "order", "stock.take", 1, saga="s-1"),
        returned(400, "order", "stock.take", 1, saga="s-1"),
        sent(950, "order", "card.charge", 2, saga="s-1"),
        returned(1_200, "order", "card.charge", 2, saga="s-1"),
        sent(9_000, "shipping", "carrier.release", 3, saga="s-1"),  # a consumer's call, of the same saga
    )

    assert found.commits == [550]


def test_deliveries_have_a_lag_and_take_time() -> None:
    place = {"event": "order.placed", "id": "o-1"}
    found = measured(
        (100, "event.recorded", "order", place | {"key": "k", "topic": "order.events", "data": {}}),
        (700, "event.delivered", "cart", place | {"group": "cart", "attempt": 1}),
        (1_500, "event.applied", "cart", place | {"group": "cart", "lag": 1_400}),
    )

    assert found.lags == [600]
    assert found.work == {("cart", "order.placed"): Timed([800], commits=1)}


def test_refused_requests_and_what_began_before_are_left_out() -> None:
    refused = [(*it[:3], {**it[3], "outcome": "Refused"}) for it in (SHOPPER[4], SHOPPER[5])]
    found = measured(*SHOPPER[:4], *refused)

    assert (found.work, found.trips) == ({}, {})
    assert measured(*(it for it in SHOPPER), begin=4_350).work == {}


@pytest.mark.parametrize(
    ("intervals", "total"),
    [([], 0), ([(1, 4)], 3), ([(5, 9), (1, 4)], 7), ([(1, 4), (2, 3), (3, 6)], 5)],
)
def test_intervals_cover_time_once(intervals: list[tuple[int, int]], total: int) -> None:
    assert covered(intervals) == total


def test_what_was_seen_twice_counts_together() -> None:
    once = measured(*SHOPPER)
    both = once.with_those_of(
        measured(received(5, "page", "page.show", 1), replied(9, "page", "page.show", 1))
    )

    assert once.with_those_of(once).work["cart", "cart.add"] == Timed([2_000, 2_000], commits=2)
    assert both.work == {**once.work, ("page", "page.show"): Timed([4])}
    assert both.trips == once.trips
    assert (once.with_those_of(once).requests, both.requests) == (2, 1)
    assert once.with_those_of(once).committed == {"cart": 2}
