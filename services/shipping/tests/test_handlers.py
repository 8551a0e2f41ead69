import pytest

from msa_lab.sdk import Money
from msa_lab.sdk.failures import CommitUnknown, Timeout, Unavailable
from msa_lab.sdk.testing import FakeContext, run
from msa_lab.sdk.values import Instant, seconds
from services.carrier import api as carrier
from services.order.api import OrderCancelled, OrderConfirmed, OrderLine, OrderSnapshot
from services.payment.api import PaymentAuthorized
from services.shipping.api import (
    AlreadyDispatched,
    BookShipment,
    CancelShipment,
    CountryNotServed,
    ListOptions,
    OrderClosed,
    ParcelNoted,
    QuoteShipping,
    ReportParcel,
    ShipmentBooked,
    ShipmentCancelled,
    ShipmentNotFound,
    ShippingBooked,
    ShippingCancelled,
    ShippingDelivered,
    ShippingDispatched,
    ShippingOption,
    ShippingOptions,
    ShippingQuote,
    ShippingRefused,
    Sighting,
    TrackShipment,
)
from services.shipping.handlers import (
    book,
    book_when_authorized,
    cancel,
    cancel_when_cancelled,
    carrier_callback,
    options,
    quote,
    release_when_confirmed,
    tell_carrier,
    tell_carrier_and_announce,
    track,
)
from services.shipping.spec import SPEC
from services.shipping.store import SHIPMENTS

ORDER = OrderSnapshot(
    "ord-1", "ann", (OrderLine("CUP", "Cup", 3, Money(1000)),), None, "tok_ok", "DE", Money(3000), Money(0),
    Money(490),
)  # fmt: skip
BOOKING = BookShipment("ord-1", "ann", "DE", 3)
PICKED_UP = ReportParcel("ord-1", "PICKED_UP")
DELIVERED = ReportParcel("ord-1", "DELIVERED")


def context() -> FakeContext:
    ctx = FakeContext(SPEC, subject="ann")
    ctx.answers(carrier.BOOK_LABEL, carrier.Label("ord-1", "label-1"))
    ctx.answers(carrier.CANCEL_LABEL, carrier.LabelCancelled("ord-1"))
    ctx.answers(carrier.RELEASE, carrier.LabelReleased("ord-1"))
    return ctx


def booked() -> FakeContext:
    ctx = context()
    run(book(ctx, BOOKING))
    return ctx


def state(ctx: FakeContext) -> str:
    (shipment,) = ctx.store.all(SHIPMENTS)
    return shipment.state


def calls(ctx: FakeContext) -> list[str]:
    return [call.operation for call in ctx.called]


def observed(ctx: FakeContext, name: str, entity: str) -> dict[str, int]:
    (observable,) = [each for each in SPEC.observables if (each.name, each.entity) == (name, entity)]
    assert observable.measure is not None
    sums: dict[str, int] = {}
    for record in ctx.store.all(observable.table):
        key = observable.key(record)
        if key is not None:
            sums[key] = sums.get(key, 0) + observable.measure(record)
    return sums


def test_a_quote_needs_nobody() -> None:
    assert run(quote(FakeContext(SPEC), QuoteShipping("DE", 11))) == ShippingQuote("home", 2, Money(880))


def test_options_show_the_carriers_express() -> None:
    ctx = context()
    ctx.answers(
        carrier.RATES,
        carrier.Rates((carrier.Rate("standard", Money(390), 2), carrier.Rate("express", Money(890), 1))),
    )

    shown = run(options(ctx, ListOptions("DE", 1)))

    standard = ShippingOption("standard", Money(490), 2)
    assert shown == ShippingOptions((standard, ShippingOption("express", Money(890), 1)), live=True)


def test_without_the_carrier_only_our_own_tariff_is_shown() -> None:
    ctx = context()
    ctx.answers(carrier.RATES, Timeout(), carrier.CountryNotServed())

    shown = run(options(ctx, ListOptions("DE", 1)))

    assert shown == ShippingOptions((ShippingOption("standard", Money(490), 2),), live=False)
    with pytest.raises(CountryNotServed):
        run(options(ctx, ListOptions("XX", 1)))


def test_booking_buys_one_label_under_a_key() -> None:
    ctx = context()

    assert run(book(ctx, BOOKING)) == ShipmentBooked("ord-1", "label-1")
    assert run(book(ctx, BOOKING)) == ShipmentBooked("ord-1", "label-1")

    (call,) = ctx.called
    assert call.request == carrier.BookLabel("ord-1", "DE", 1)
    assert call.key == "ord-1:label"
    assert state(ctx) == "BOOKED"


def test_a_booking_without_an_answer_is_taken_up_again_under_the_same_key() -> None:
    ctx = context()
    ctx.answers(carrier.BOOK_LABEL, Timeout(), carrier.Label("ord-1", "label-1"))

    with pytest.raises(Timeout):
        run(book(ctx, BOOKING))
    assert state(ctx) == "BOOKING"
    run(book(ctx, BOOKING))

    assert [call.key for call in ctx.called] == ["ord-1:label", "ord-1:label"]
    assert state(ctx) == "BOOKED"


def test_a_commit_without_an_answer_is_passed_on_and_mended_by_the_next_try() -> None:
    ctx = context()
    ctx.store.failures = [CommitUnknown()]

    with pytest.raises(CommitUnknown):
        run(book(ctx, BOOKING))

    assert run(book(ctx, BOOKING)).tracking == "label-1"


def test_a_country_that_the_carrier_does_not_serve_is_refused_every_time() -> None:
    ctx = context()
    ctx.answers(carrier.BOOK_LABEL, carrier.CountryNotServed())

    for _ in range(2):
        with pytest.raises(CountryNotServed):
            run(book(ctx, BOOKING))
    assert state(ctx) == "REFUSED"
    assert run(cancel(ctx, CancelShipment("ord-1"))) == ShipmentCancelled("ord-1")
    assert calls(ctx) == ["carrier.book_label"]


def test_cancelling_takes_the_label_back_once() -> None:
    ctx = booked()

    run(cancel(ctx, CancelShipment("ord-1")))
    run(cancel(ctx, CancelShipment("ord-1")))

    assert state(ctx) == "CANCELLED"
    assert calls(ctx) == ["carrier.book_label", "carrier.cancel_label"]


def test_a_cancellation_before_the_booking_bars_it_without_asking_the_carrier() -> None:
    ctx = context()

    run(cancel(ctx, CancelShipment("ord-1")))

    with pytest.raises(OrderClosed):
        run(book(ctx, BOOKING))
    assert calls(ctx) == []


def test_a_booking_that_may_have_happened_is_cancelled_at_the_carrier_too() -> None:
    ctx = context()
    ctx.answers(carrier.BOOK_LABEL, Timeout())
    with pytest.raises(Timeout):
        run(book(ctx, BOOKING))

    run(cancel(ctx, CancelShipment("ord-1")))

    assert calls(ctx) == ["carrier.book_label", "carrier.cancel_label"]
    assert state(ctx) == "CANCELLED"


def test_a_label_that_arrives_after_the_cancellation_changes_nothing() -> None:
    ctx = context()

    def cancelled_meanwhile(wish: carrier.BookLabel) -> carrier.Label:
        run(cancel(ctx, CancelShipment(wish.reference)))
        return carrier.Label(wish.reference, "label-1")

    ctx.answers(carrier.BOOK_LABEL, cancelled_meanwhile)

    with pytest.raises(OrderClosed):
        run(book(ctx, BOOKING))
    assert state(ctx) == "CANCELLED"
    assert calls(ctx) == ["carrier.book_label", "carrier.cancel_label"]


def test_a_reference_that_the_carrier_has_closed_means_that_the_order_is_over() -> None:
    ctx = context()
    ctx.answers(carrier.BOOK_LABEL, carrier.ReferenceClosed())

    with pytest.raises(OrderClosed):
        run(book(ctx, BOOKING))


def test_a_cancellation_that_did_not_reach_the_carrier_stays_open_until_the_job_brings_it_there() -> None:
    ctx = booked()
    ctx.answers(carrier.CANCEL_LABEL, Unavailable(), Timeout(), carrier.LabelCancelled("ord-1"))
    with pytest.raises(Unavailable):
        run(cancel(ctx, CancelShipment("ord-1")))
    assert state(ctx) == "CANCELLING"

    run(tell_carrier(ctx))
    assert calls(ctx).count("carrier.cancel_label") == 1, "it leaves the first try its time"
    ctx.clock.instant = Instant(seconds(3))
    run(tell_carrier(ctx))
    assert ctx.notes == ["a cancellation is still open order=ord-1 reason=Timeout"]
    ctx.clock.instant = Instant(seconds(6))
    run(tell_carrier(ctx))

    assert state(ctx) == "CANCELLED"
    assert ctx.published == []


def test_where_others_wait_for_it_the_job_announces_the_cancellation() -> None:
    ctx = booked()
    ctx.answers(carrier.CANCEL_LABEL, Unavailable(), carrier.LabelCancelled("ord-1"))
    with pytest.raises(Unavailable):
        run(cancel_when_cancelled(ctx, OrderCancelled("ord-1", "ann", "stuck")))
    ctx.clock.instant = Instant(seconds(3))

    run(tell_carrier_and_announce(ctx))

    assert ctx.published == [ShippingCancelled("ord-1")]


def test_the_parcel_may_leave_when_the_order_is_confirmed() -> None:
    ctx = booked()

    run(release_when_confirmed(ctx, OrderConfirmed(ORDER)))

    assert ctx.called[-1].request == carrier.ReleaseLabel("ord-1")
    ctx.clock.instant = Instant(seconds(60))
    run(tell_carrier(ctx))
    assert calls(ctx).count("carrier.release") == 1


def test_a_parcel_that_may_leave_is_not_forgotten_while_the_carrier_is_away() -> None:
    ctx = booked()
    ctx.answers(carrier.RELEASE, Unavailable(), Timeout(), carrier.LabelReleased("ord-1"))

    run(release_when_confirmed(ctx, OrderConfirmed(ORDER)))
    run(tell_carrier(ctx))
    assert calls(ctx).count("carrier.release") == 1, "it leaves the first try its time"
    for second in (3, 4, 5):
        ctx.clock.instant = Instant(seconds(second))
        run(tell_carrier(ctx))

    assert calls(ctx).count("carrier.release") == 3
    assert ctx.notes == [
        "the carrier is still to be told order=ord-1 reason=Unavailable",
        "a release is still open order=ord-1 reason=Timeout",
    ]


def test_an_order_without_a_label_is_noted_and_not_tried_for_ever() -> None:
    ctx = booked()
    ctx.answers(carrier.RELEASE, carrier.LabelNotFound())

    run(release_when_confirmed(ctx, OrderConfirmed(ORDER)))
    ctx.clock.instant = Instant(seconds(60))
    run(tell_carrier(ctx))

    assert calls(ctx).count("carrier.release") == 1
    assert ctx.notes == ["the carrier knows no such label order=ord-1 reason=label-not-found"]


def test_an_order_without_a_parcel_releases_none() -> None:
    ctx = context()

    run(release_when_confirmed(ctx, OrderConfirmed(ORDER)))

    assert calls(ctx) == []
    assert ctx.notes == ["there is no parcel to release order=ord-1"]


def test_the_carriers_news_moves_the_shipment_and_is_announced_once() -> None:
    ctx = booked()
    ctx.clock.instant = Instant(seconds(2))

    assert run(carrier_callback(ctx, PICKED_UP)) == ParcelNoted("ord-1", news=True)
    assert run(carrier_callback(ctx, PICKED_UP)) == ParcelNoted("ord-1", news=False)
    assert run(carrier_callback(ctx, DELIVERED)) == ParcelNoted("ord-1", news=True)

    assert ctx.published == [
        ShippingDispatched("ord-1", "ann", "label-1"),
        ShippingDelivered("ord-1", "ann"),
    ]
    shown = run(track(ctx, TrackShipment("ord-1")))
    assert shown.state == "DELIVERED"
    assert shown.sightings == (
        Sighting("BOOKED", Instant(0)),
        Sighting("DISPATCHED", Instant(seconds(2))),
        Sighting("DELIVERED", Instant(seconds(2))),
    )


def test_a_delivery_whose_pick_up_was_never_told_counts_as_both() -> None:
    ctx = booked()

    run(carrier_callback(ctx, DELIVERED))

    assert ctx.published == [
        ShippingDispatched("ord-1", "ann", "label-1"),
        ShippingDelivered("ord-1", "ann"),
    ]
    assert run(carrier_callback(ctx, PICKED_UP)).news is False


def test_news_of_a_cancelled_or_unknown_parcel_changes_nothing() -> None:
    ctx = booked()
    run(cancel(ctx, CancelShipment("ord-1")))

    assert run(carrier_callback(ctx, PICKED_UP)).news is False
    with pytest.raises(ShipmentNotFound):
        run(carrier_callback(ctx, ReportParcel("ord-2", "DELIVERED")))


def test_a_parcel_on_its_way_cannot_be_cancelled() -> None:
    ctx = booked()
    run(carrier_callback(ctx, PICKED_UP))

    with pytest.raises(AlreadyDispatched):
        run(cancel(ctx, CancelShipment("ord-1")))
    assert state(ctx) == "DISPATCHED"


def test_a_parcel_that_the_carrier_has_already_picked_up_counts_as_dispatched() -> None:
    ctx = booked()
    ctx.answers(carrier.CANCEL_LABEL, carrier.AlreadyPickedUp())

    with pytest.raises(AlreadyDispatched):
        run(cancel(ctx, CancelShipment("ord-1")))
    assert state(ctx) == "DISPATCHED"


def test_nobody_sees_the_parcels_of_others() -> None:
    ctx = FakeContext(SPEC, subject="bob")
    ctx.store.put(SHIPMENTS, booked().store.all(SHIPMENTS)[0])

    with pytest.raises(ShipmentNotFound):
        run(track(ctx, TrackShipment("ord-1")))


def test_a_tombstone_is_nobodys_shipment() -> None:
    ctx = FakeContext(SPEC, subject="")
    run(cancel(ctx, CancelShipment("ord-1")))

    with pytest.raises(ShipmentNotFound):
        run(track(ctx, TrackShipment("ord-1")))


def test_choreographed_an_authorized_order_is_booked() -> None:
    ctx = context()

    run(book_when_authorized(ctx, PaymentAuthorized(ORDER)))

    assert ctx.published == [ShippingBooked(ORDER)]
    assert state(ctx) == "BOOKED"


def test_choreographed_a_refused_country_is_said_to_be_the_reason() -> None:
    ctx = context()
    ctx.answers(carrier.BOOK_LABEL, carrier.CountryNotServed())

    run(book_when_authorized(ctx, PaymentAuthorized(ORDER)))

    assert ctx.published == [ShippingRefused("ord-1", "country-not-served")]


def test_choreographed_no_answer_from_the_carrier_is_left_to_the_broker() -> None:
    ctx = context()
    ctx.answers(carrier.BOOK_LABEL, Timeout())

    with pytest.raises(Timeout):
        run(book_when_authorized(ctx, PaymentAuthorized(ORDER)))
    assert ctx.published == []


def test_choreographed_a_cancellation_is_answered_and_bars_the_order() -> None:
    ctx = context()

    run(cancel_when_cancelled(ctx, OrderCancelled("ord-1", "ann", "stuck")))
    run(book_when_authorized(ctx, PaymentAuthorized(ORDER)))

    assert ctx.published == [ShippingCancelled("ord-1")]


def test_what_can_be_observed_of_shipments() -> None:
    ctx = booked()
    run(cancel(ctx, CancelShipment("ord-2")))

    assert observed(ctx, "shipping.active", "order") == {"ord-1": 1, "ord-2": 0}
    (told,) = [each for each in SPEC.observables if each.name == "shipping.state"]
    assert told.attribute is not None
    assert [told.attribute(each) for each in ctx.store.all(SHIPMENTS)] == ["BOOKED", "CANCELLED"]
