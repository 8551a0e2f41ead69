from __future__ import annotations

from msa_lab.sdk import (
    SAGAS,
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
from msa_lab.sdk.spec import minor_units
from services.cart.api import CartFrozen, CartRejected, CartThawed
from services.inventory.api import InventoryRejected, InventoryReleased, InventoryReserved
from services.order.api import (
    CANCEL,
    CHECKOUT,
    GET,
    HISTORY,
    RETURN_ORDER,
    OrderCancelled,
    OrderConfirmed,
    OrderPlaced,
    OrderReturned,
)
from services.order.handlers import finish_returns, get, history, return_order
from services.order.sagas import (
    CHECKOUT_SAGA,
    STUCK_AFTER,
    cancel,
    cancel_by_event,
    checkout,
    expire_stuck,
    on_payment_captured,
    on_progress,
    on_refused,
    on_undone,
)
from services.order.store import ORDERS, Order
from services.payment.api import (
    PaymentAuthorized,
    PaymentCancelled,
    PaymentCaptured,
    PaymentRefunded,
    PaymentRefused,
)
from services.promotion.api import PromotionRedeemed, PromotionRejected, PromotionReleased
from services.shipping.api import ShippingBooked, ShippingCancelled, ShippingRefused

WORK = Cost(cpu=Uniform(ms(0.5), ms(1.5)))
GLANCE = Cost(cpu=Uniform(ms(0.2), ms(0.6)))

INTERNAL = CallPolicy(timeout=ms(500))
# Payment and shipping ask outside parties and wait for them; a step with both tries stays within the lease.
OUTWARD = CallPolicy(timeout=seconds(2.5), retry=Retry(attempts=2))


def _order(record: Order) -> str | None:
    return record.id


def _state(record: Order) -> str:
    return record.state


def _due(record: Order) -> int:
    return minor_units(record.placed.total) if record.state == "CONFIRMED" else 0


def _coupons(record: Order) -> int:
    return int(record.state == "CONFIRMED" and record.placed.coupon is not None)


SPEC = ServiceSpec(
    name="order",
    purpose="Takes orders and sees each through to its end: confirmed, cancelled or returned.",
    operations=(
        serve(CHECKOUT, checkout, WORK),
        serve(GET, get, GLANCE),
        serve(HISTORY, history, GLANCE),
        serve(CANCEL, cancel, WORK),
        serve(RETURN_ORDER, return_order, WORK),
    ),
    jobs=(Job("finish_returns", seconds(1), finish_returns),),
    tables=(ORDERS, SAGAS),
    settings=(STUCK_AFTER,),
    observables=(
        Observable("order.state", "order", ORDERS, _order, attribute=_state, purpose="state of the order"),
        Observable("order.due", "order", ORDERS, _order, _due, purpose="what must have been paid"),
        Observable("order.coupons", "order", ORDERS, _order, _coupons, purpose="coupons that must be used"),
    ),
    sagas=(CHECKOUT_SAGA,),
    publishes=(OrderPlaced, OrderConfirmed, OrderCancelled, OrderReturned),
    depends_on={
        "cart": INTERNAL,
        "promotion": INTERNAL,
        "inventory": INTERNAL,
        "payment": OUTWARD,
        "shipping": OUTWARD,
    },
    variants=(
        Variant(
            "checkout",
            "choreographed",
            operations=(serve(CANCEL, cancel_by_event, WORK),),
            subscriptions=(
                on(CartFrozen, on_progress, GLANCE),
                on(PromotionRedeemed, on_progress, GLANCE),
                on(InventoryReserved, on_progress, GLANCE),
                on(PaymentAuthorized, on_progress, GLANCE),
                on(ShippingBooked, on_progress, GLANCE),
                on(PaymentCaptured, on_payment_captured, WORK),
                on(CartRejected, on_refused, WORK),
                on(PromotionRejected, on_refused, WORK),
                on(InventoryRejected, on_refused, WORK),
                on(PaymentRefused, on_refused, WORK),
                on(ShippingRefused, on_refused, WORK),
                on(CartThawed, on_undone, GLANCE),
                on(PromotionReleased, on_undone, GLANCE),
                on(InventoryReleased, on_undone, GLANCE),
                on(PaymentCancelled, on_undone, GLANCE),
                on(PaymentRefunded, on_undone, GLANCE),
                on(ShippingCancelled, on_undone, GLANCE),
            ),
            jobs=(Job("expire_stuck", seconds(1), expire_stuck),),
            sagas=(),
        ),
    ),
)
