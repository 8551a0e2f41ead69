from __future__ import annotations

from msa_lab.sdk import (
    CallPolicy,
    Cost,
    Job,
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
from services.inventory.api import InventoryReserved
from services.order.api import OrderCancelled
from services.payment.api import (
    AUTHORIZE,
    CANCEL,
    CAPTURE,
    RECEIVE_WEBHOOK,
    REFUND,
    STATUS,
    PaymentAuthorized,
    PaymentCancelled,
    PaymentCaptured,
    PaymentRefunded,
    PaymentRefused,
)
from services.payment.handlers import (
    RECONCILE_AFTER,
    WEBHOOK_SECRET,
    authorize,
    cancel,
    capture,
    on_inventory_reserved,
    on_order_cancelled,
    on_shipping_booked,
    receive_webhook,
    reconcile,
    refund,
    status,
)
from services.payment.store import PAYMENTS, Payment
from services.shipping.api import ShippingBooked

WORK = Cost(cpu=Uniform(ms(0.5), ms(1.5)))
GLANCE = Cost(cpu=Uniform(ms(0.2), ms(0.6)))


def _order_of(payment: Payment) -> str | None:
    return payment.order_id


def _state(payment: Payment) -> str:
    return payment.state


SPEC = ServiceSpec(
    name="payment",
    purpose="Holds, takes and gives back the money of an order through the payment provider.",
    operations=(
        serve(AUTHORIZE, authorize, WORK),
        serve(CAPTURE, capture, WORK),
        serve(CANCEL, cancel, WORK),
        serve(REFUND, refund, WORK),
        serve(STATUS, status, GLANCE),
        serve(RECEIVE_WEBHOOK, receive_webhook, GLANCE),
    ),
    jobs=(Job("reconcile", seconds(1), reconcile),),
    tables=(PAYMENTS,),
    settings=(WEBHOOK_SECRET, RECONCILE_AFTER),
    observables=(
        Observable(
            "payment.state", "order", PAYMENTS, _order_of, attribute=_state, purpose="state of payment"
        ),
    ),
    publishes=(PaymentAuthorized, PaymentCaptured, PaymentRefused, PaymentCancelled, PaymentRefunded),
    # Two tries of one second fit into the 2.5 s that the order service waits.
    depends_on={"psp": CallPolicy(timeout=seconds(1), retry=Retry(attempts=2))},
    variants=(
        Variant(
            "checkout",
            "choreographed",
            subscriptions=(
                on(InventoryReserved, on_inventory_reserved, WORK),
                on(ShippingBooked, on_shipping_booked, WORK),
                on(OrderCancelled, on_order_cancelled, WORK),
            ),
        ),
    ),
)
