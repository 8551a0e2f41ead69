import pytest

from msa_lab.sdk import Money
from msa_lab.sdk.failures import StoreUnavailable, Timeout
from msa_lab.sdk.testing import FakeContext, run
from msa_lab.sdk.values import Instant, seconds
from services.carrier.api import (
    AlreadyPickedUp,
    BookLabel,
    CancelLabel,
    CountryNotServed,
    Label,
    LabelNotFound,
    ListRates,
    Rate,
    ReferenceClosed,
    ReleaseLabel,
)
from services.carrier.handlers import book_label, call_back, cancel_label, rates, release
from services.carrier.spec import SPEC
from services.carrier.store import LABELS
from services.shipping.api import CARRIER_CALLBACK, ParcelNoted, ReportParcel, ShipmentNotFound

BOOKING = BookLabel("ord-1", "DE", 1)


def states(ctx: FakeContext) -> list[str]:
    return [label.state for label in ctx.store.all(LABELS)]


def told(ctx: FakeContext) -> list[str]:
    return [call.request.status for call in ctx.called]


def released(*, subject: str = "") -> FakeContext:
    ctx = FakeContext(SPEC, subject=subject)
    run(book_label(ctx, BOOKING))
    run(release(ctx, ReleaseLabel("ord-1")))
    return ctx


def at(ctx: FakeContext, second: float) -> None:
    ctx.clock.instant = Instant(seconds(second))
    run(call_back(ctx))


def observed(ctx: FakeContext, name: str, entity: str) -> dict[str, int]:
    (observable,) = [each for each in SPEC.observables if (each.name, each.entity) == (name, entity)]
    assert observable.measure is not None
    sums: dict[str, int] = {}
    for record in ctx.store.all(observable.table):
        key = observable.key(record)
        if key is not None:
            sums[key] = sums.get(key, 0) + observable.measure(record)
    return sums


def test_rates_are_per_parcel() -> None:
    answer = run(rates(FakeContext(SPEC), ListRates("DE", 3)))

    assert answer.rates == (Rate("standard", Money(1170), 2), Rate("express", Money(2670), 1))


def test_nothing_goes_to_a_country_that_is_not_served() -> None:
    ctx = FakeContext(SPEC)

    with pytest.raises(CountryNotServed):
        run(rates(ctx, ListRates("XX", 1)))
    with pytest.raises(CountryNotServed):
        run(book_label(ctx, BookLabel("ord-1", "XX", 1)))
    assert states(ctx) == []


def test_every_booking_makes_a_label() -> None:
    ctx = FakeContext(SPEC)

    assert run(book_label(ctx, BOOKING)) == Label("ord-1", "label-1")
    assert run(book_label(ctx, BOOKING)) == Label("ord-1", "label-2")
    assert states(ctx) == ["BOOKED", "BOOKED"]


def test_cancelling_ends_all_labels_of_the_reference_and_closes_it() -> None:
    ctx = FakeContext(SPEC)
    run(book_label(ctx, BOOKING))
    run(book_label(ctx, BOOKING))

    run(cancel_label(ctx, CancelLabel("ord-1")))
    run(cancel_label(ctx, CancelLabel("ord-1")))

    assert states(ctx) == ["CANCELLED", "CANCELLED"]
    with pytest.raises(ReferenceClosed):
        run(book_label(ctx, BOOKING))
    with pytest.raises(ReferenceClosed):
        run(release(ctx, ReleaseLabel("ord-1")))


def test_a_cancellation_before_the_booking_bars_it() -> None:
    ctx = FakeContext(SPEC)

    run(cancel_label(ctx, CancelLabel("ord-1")))

    with pytest.raises(ReferenceClosed):
        run(book_label(ctx, BOOKING))
    assert states(ctx) == []


def test_only_what_was_booked_can_be_released() -> None:
    with pytest.raises(LabelNotFound):
        run(release(FakeContext(SPEC), ReleaseLabel("ord-1")))


def test_a_parcel_that_was_not_released_stays() -> None:
    ctx = FakeContext(SPEC)
    run(book_label(ctx, BOOKING))

    at(ctx, 3600)

    assert told(ctx) == []


def test_a_released_parcel_is_picked_up_and_delivered_in_its_time_and_told_once_each() -> None:
    ctx = released()
    ctx.answers(CARRIER_CALLBACK, ParcelNoted("ord-1", news=True))

    at(ctx, 1.9)
    assert told(ctx) == []
    at(ctx, 2)
    at(ctx, 5.9)
    assert ctx.called[0].request == ReportParcel("ord-1", "PICKED_UP")
    assert told(ctx) == ["PICKED_UP"]
    at(ctx, 6)
    at(ctx, 60)
    assert told(ctx) == ["PICKED_UP", "DELIVERED"]
    assert states(ctx) == ["DELIVERED"]


def test_releasing_twice_does_not_delay_the_pick_up() -> None:
    ctx = released()
    ctx.answers(CARRIER_CALLBACK, ParcelNoted("ord-1", news=True))
    ctx.clock.instant = Instant(seconds(1))

    run(release(ctx, ReleaseLabel("ord-1")))
    at(ctx, 2)

    assert told(ctx) == ["PICKED_UP"]


def test_news_that_nobody_took_is_told_again() -> None:
    ctx = released()
    ctx.answers(CARRIER_CALLBACK, Timeout(), ParcelNoted("ord-1", news=True))

    at(ctx, 2)
    at(ctx, 2.25)

    assert told(ctx) == ["PICKED_UP", "PICKED_UP"]
    assert states(ctx) == ["PICKED_UP"]


def test_news_that_nobody_wants_is_told_no_more() -> None:
    ctx = released()
    ctx.answers(CARRIER_CALLBACK, ShipmentNotFound())

    at(ctx, 2)
    at(ctx, 2.25)

    assert told(ctx) == ["PICKED_UP"]
    assert ctx.notes == ["the customer does not want the news reason=shipment-not-found reference=ord-1"]


def test_a_parcel_on_its_way_cannot_be_cancelled() -> None:
    ctx = released()
    ctx.answers(CARRIER_CALLBACK, ParcelNoted("ord-1", news=True))
    at(ctx, 2)

    with pytest.raises(AlreadyPickedUp):
        run(cancel_label(ctx, CancelLabel("ord-1")))


def test_many_parcels_are_told_of_in_one_run() -> None:
    ctx = FakeContext(SPEC)
    ctx.answers(CARRIER_CALLBACK, ParcelNoted("", news=True))
    for number in range(70):
        run(book_label(ctx, BookLabel(f"ord-{number}", "DE", 1)))
        run(release(ctx, ReleaseLabel(f"ord-{number}")))

    at(ctx, 2)

    assert len(ctx.called) == 70


def test_what_can_be_observed_of_labels() -> None:
    ctx = FakeContext(SPEC)
    run(book_label(ctx, BOOKING))
    run(book_label(ctx, BOOKING))
    run(book_label(ctx, BookLabel("ord-2", "DE", 1)))
    run(cancel_label(ctx, CancelLabel("ord-2")))

    assert observed(ctx, "carrier.labels", "order") == {"ord-1": 2, "ord-2": 0}


def test_news_whose_noting_failed_is_told_again() -> None:
    ctx = released()
    ctx.answers(CARRIER_CALLBACK, ParcelNoted("ord-1", news=True))
    ctx.store.failures = [StoreUnavailable()]

    at(ctx, 2)
    at(ctx, 2.25)

    assert told(ctx) == ["PICKED_UP", "PICKED_UP"]
    assert states(ctx) == ["PICKED_UP"]


def test_a_label_cancelled_while_its_news_was_told_stays_cancelled() -> None:
    ctx = released()

    def cancelled_meanwhile(news: ReportParcel) -> ParcelNoted:
        run(cancel_label(ctx, CancelLabel(news.reference)))
        return ParcelNoted(news.reference, news=False)

    ctx.answers(CARRIER_CALLBACK, cancelled_meanwhile)

    at(ctx, 2)

    assert states(ctx) == ["CANCELLED"]
