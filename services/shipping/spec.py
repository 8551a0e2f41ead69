from __future__ import annotations

from msa_lab.sdk import (
    CallPolicy,
    Cost,
    Job,
    LogNormal,
    Observable,
    Retry,
    ServiceSpec,
    Uniform,
    Variant,
    ms,
    on,
    seconds,
    serve,
)
from services.order.api import OrderCancelled, OrderConfirmed
from services.payment.api import PaymentAuthorized
from services.shipping import api, handlers
from services.shipping.domain import LIVE
from services.shipping.store import SHIPMENTS, Shipment

READ = Cost(cpu=Uniform(ms(0.1), ms(0.3)))
WRITE = Cost(cpu=LogNormal(ms(0.7), 0.3))
HEAR = Cost(cpu=Uniform(ms(0.2), ms(0.5)))


def _order_of(shipment: Shipment) -> str:
    return shipment.id


def _active(shipment: Shipment) -> int:
    return int(shipment.state in LIVE)


def _state(shipment: Shipment) -> str:
    return shipment.state


SPEC = ServiceSpec(
    name="shipping",
    purpose="Prices deliveries, books them with the carrier, and follows the parcels.",
    operations=(
        serve(api.QUOTE, handlers.quote, READ),
        serve(api.OPTIONS, handlers.options, READ),
        serve(api.BOOK, handlers.book, WRITE),
        serve(api.CANCEL, handlers.cancel, WRITE),
        serve(api.TRACK, handlers.track, READ),
        serve(api.CARRIER_CALLBACK, handlers.carrier_callback, WRITE),
    ),
    subscriptions=(on(OrderConfirmed, handlers.release_when_confirmed, HEAR),),
    jobs=(Job("tell_carrier", seconds(1), handlers.tell_carrier),),
    tables=(SHIPMENTS,),
    observables=(
        Observable(
            "shipping.active", "order", SHIPMENTS, _order_of, measure=_active,
            purpose="1 while a parcel is booked for the order and not cancelled.",
        ),
        Observable(
            "shipping.state", "order", SHIPMENTS, _order_of, attribute=_state,
            purpose="Where the shipment stands.",
        ),
    ),
    publishes=(
        api.ShippingBooked,
        api.ShippingRefused,
        api.ShippingCancelled,
        api.ShippingDispatched,
        api.ShippingDelivered,
    ),
    # Two tries of 400 ms fit into the second that a checkout gives us.
    depends_on={"carrier": CallPolicy(timeout=ms(400), retry=Retry(attempts=2, base=ms(50), jitter="full"))},
    variants=(
        Variant(
            "checkout",
            "choreographed",
            subscriptions=(
                on(PaymentAuthorized, handlers.book_when_authorized, HEAR),
                on(OrderCancelled, handlers.cancel_when_cancelled, HEAR),
            ),
            jobs=(Job("tell_carrier", seconds(1), handlers.tell_carrier_and_announce),),
        ),
    ),
)  # fmt: skip
