"""The checkout, both ways: driven by an orchestrator, or passed from service to service by events.

Either way one saga record tells where it stands. Calls of the orchestrator carry keys made from the order's
id, so a step that runs twice happens once; every compensation succeeds when its step never happened.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from msa_lab.sdk import SAGAS, Context, Instant, Money, Saga, SagaRecord, Setting, Step, Transaction, seconds
from msa_lab.sdk.saga import advanced, begin, turned
from services.cart.api import (
    FREEZE,
    THAW,
    VIEW,
    CartFrozen,
    CartRejected,
    CartThawed,
    FreezeCart,
    ThawCart,
    ViewCart,
)
from services.inventory.api import (
    RELEASE as RELEASE_STOCK,
)
from services.inventory.api import (
    RESERVE,
    InventoryRejected,
    InventoryReleased,
    InventoryReserved,
    ReleaseStock,
    ReserveStock,
)
from services.order.api import (
    Accepted,
    CancelOrder,
    Checkout,
    EmptyCart,
    NotCancellable,
    Occurrence,
    OrderCancelled,
    OrderPlaced,
    OrderSnapshot,
    OrderView,
)
from services.order.domain import PIVOT, STEPS, may_become
from services.order.handlers import cancelled, confirm, confirmed, customer, moved, view, visible
from services.order.store import ORDERS, Order
from services.payment.api import (
    AUTHORIZE,
    CANCEL,
    CAPTURE,
    AuthorizePayment,
    CancelPayment,
    CapturePayment,
    PaymentAuthorized,
    PaymentCancelled,
    PaymentCaptured,
    PaymentRefunded,
    PaymentRefused,
)
from services.promotion.api import (
    REDEEM,
    PromotionRedeemed,
    PromotionRejected,
    PromotionReleased,
    RedeemCoupon,
    ReleaseCoupon,
)
from services.promotion.api import RELEASE as RELEASE_COUPON
from services.shipping.api import (
    BOOK,
    QUOTE,
    BookShipment,
    CancelShipment,
    QuoteShipping,
    ShippingBooked,
    ShippingCancelled,
    ShippingRefused,
)
from services.shipping.api import CANCEL as CANCEL_SHIPMENT

STUCK_AFTER = Setting(
    "order.stuck_after",
    seconds(8),
    "choreographed: how long an order may wait for the next event before it is cancelled",
    unit="duration",
)
BY_CUSTOMER = "cancelled-by-customer"
STUCK = "took-too-long"
BATCH = 20


async def checkout(ctx: Context, request: Checkout) -> Accepted:
    user_id = customer(ctx)
    cart = await ctx.call(VIEW, ViewCart())
    if not cart.lines:
        raise EmptyCart
    quote = await ctx.call(QUOTE, QuoteShipping(request.country, cart.items))
    now = ctx.clock.now()
    placed = OrderSnapshot(
        order_id=ctx.ids.new("ord"),
        user_id=user_id,
        lines=cart.lines,
        coupon=request.coupon,
        card=request.card,
        country=request.country,
        subtotal=cart.subtotal,
        discount=Money(0, cart.subtotal.currency),
        shipping_fee=quote.fee,
    )

    async def place(tx: Transaction) -> Accepted:
        entry = Occurrence("PLACED", now, "")
        tx.insert(ORDERS, Order(placed.order_id, user_id, "PLACED", placed, now, now, (entry,)))
        begin(tx, ctx, CHECKOUT_SAGA, placed.order_id, placed)
        tx.publish(OrderPlaced(placed))
        return Accepted(placed.order_id, "PLACED")

    return await ctx.store.transact(place)


# The orchestrated way: steps and what undoes them.


async def freeze_cart(ctx: Context, order: OrderSnapshot) -> OrderSnapshot:
    frozen = await ctx.call(FREEZE, FreezeCart(order.order_id, order.user_id), key=f"{order.order_id}/freeze")
    return replace(order, lines=frozen.lines, subtotal=frozen.subtotal)


async def thaw_cart(ctx: Context, order: OrderSnapshot) -> OrderSnapshot:
    """Undo the first step; with that all is undone and the order is cancelled."""
    await ctx.call(THAW, ThawCart(order.order_id), key=f"{order.order_id}/thaw")

    async def work(tx: Transaction) -> None:
        stored = await tx.get(ORDERS, order.order_id)
        record = await tx.get(SAGAS, order.order_id)
        if stored is not None and record is not None:
            cancelled(tx, stored, record.failure, ctx.clock.now())

    await ctx.store.transact(work)
    return order


async def redeem_coupon(ctx: Context, order: OrderSnapshot) -> OrderSnapshot:
    request = RedeemCoupon(order.order_id, order.user_id, order.subtotal, order.coupon)
    redeemed = await ctx.call(REDEEM, request, key=f"{order.order_id}/redeem")
    return replace(order, discount=redeemed.discount)


async def release_coupon(ctx: Context, order: OrderSnapshot) -> OrderSnapshot:
    await ctx.call(RELEASE_COUPON, ReleaseCoupon(order.order_id), key=f"{order.order_id}/release-coupon")
    return order


async def reserve_stock(ctx: Context, order: OrderSnapshot) -> OrderSnapshot:
    await ctx.call(RESERVE, ReserveStock(order.order_id, order.lines), key=f"{order.order_id}/reserve")
    return order


async def release_stock(ctx: Context, order: OrderSnapshot) -> OrderSnapshot:
    await ctx.call(RELEASE_STOCK, ReleaseStock(order.order_id), key=f"{order.order_id}/release-stock")
    return order


async def authorize_payment(ctx: Context, order: OrderSnapshot) -> OrderSnapshot:
    request = AuthorizePayment(order.order_id, order.total, order.card)
    await ctx.call(AUTHORIZE, request, key=f"{order.order_id}/authorize")
    return order


async def cancel_payment(ctx: Context, order: OrderSnapshot) -> OrderSnapshot:
    """Undo authorisation or capture: the payment service voids what is held and refunds what was taken."""
    await ctx.call(CANCEL, CancelPayment(order.order_id), key=f"{order.order_id}/cancel-payment")
    return order


async def book_shipment(ctx: Context, order: OrderSnapshot) -> OrderSnapshot:
    request = BookShipment(order.order_id, order.user_id, order.country, order.items)
    await ctx.call(BOOK, request, key=f"{order.order_id}/book")
    return order


async def cancel_shipment(ctx: Context, order: OrderSnapshot) -> OrderSnapshot:
    await ctx.call(CANCEL_SHIPMENT, CancelShipment(order.order_id), key=f"{order.order_id}/cancel-shipment")
    return order


async def capture_payment(ctx: Context, order: OrderSnapshot) -> OrderSnapshot:
    await ctx.call(CAPTURE, CapturePayment(order.order_id), key=f"{order.order_id}/capture")
    return order


async def confirm_order(ctx: Context, order: OrderSnapshot) -> OrderSnapshot:
    await confirm(ctx, order)
    return order


CHECKOUT_SAGA: Saga[OrderSnapshot] = Saga(
    "checkout",
    steps=(
        Step("freeze_cart", freeze_cart, thaw_cart),
        Step("redeem_coupon", redeem_coupon, release_coupon),
        Step("reserve_stock", reserve_stock, release_stock),
        Step("authorize_payment", authorize_payment, cancel_payment),
        Step("book_shipment", book_shipment, cancel_shipment),
        # A capture whose reply was lost may have happened; when the saga turns here it is refunded first.
        Step("capture_payment", capture_payment, cancel_payment),
        Step("confirm", confirm_order),
    ),
    pivot=PIVOT,
)


async def cancel(ctx: Context, request: CancelOrder) -> OrderView:
    """Turn the saga round; whoever drives it finds the record changed, and the next driver undoes."""

    async def work(tx: Transaction) -> Order:
        stored = await tx.get(ORDERS, request.order_id)
        order = visible(ctx, stored)
        record = await tx.get(SAGAS, request.order_id)
        if order.state in ("CANCELLING", "CANCELLED"):
            return order
        if record is None or record.state == "COMPLETED" or CHECKOUT_SAGA.after_pivot(record):
            raise NotCancellable
        if record.state != "RUNNING":
            return order  # it is on its way back already
        turning = turned(record, CHECKOUT_SAGA, BY_CUSTOMER)
        tx.put(SAGAS, replace(turning, owner="", lease_until=Instant(0)))  # free for the next driver
        return moved(tx, order, "CANCELLING", ctx.clock.now(), BY_CUSTOMER)

    return view(await ctx.store.transact(work))


# The choreographed way: events move the record; nobody drives it.

Progress = CartFrozen | PromotionRedeemed | InventoryReserved | PaymentAuthorized | ShippingBooked
Refusal = CartRejected | PromotionRejected | InventoryRejected | PaymentRefused | ShippingRefused
Undone = (
    CartThawed
    | PromotionReleased
    | InventoryReleased
    | PaymentCancelled
    | PaymentRefunded
    | ShippingCancelled
)

DOES: dict[type[Progress], str] = {
    CartFrozen: "freeze_cart",
    PromotionRedeemed: "redeem_coupon",
    InventoryReserved: "reserve_stock",
    PaymentAuthorized: "authorize_payment",
    ShippingBooked: "book_shipment",
}
"""Which step an event says is done."""

UNDOES: dict[type[Undone], str] = {
    CartThawed: "freeze_cart",
    PromotionReleased: "redeem_coupon",
    InventoryReleased: "reserve_stock",
    PaymentCancelled: "authorize_payment",
    PaymentRefunded: "authorize_payment",
    ShippingCancelled: "book_shipment",
}
"""Which step an event says is undone."""

ANSWERING = STEPS[: STEPS.index(PIVOT)]
"""The steps whose services answer a cancellation; payment answers for authorisation and capture at once."""


async def on_progress(ctx: Context, event: Progress) -> None:
    step = DOES[type(event)]

    async def work(tx: Transaction) -> None:
        record = await tx.get(SAGAS, event.order_id)
        if record is not None and record.state == "RUNNING" and step not in record.done:
            tx.put(SAGAS, reached(record, step, event.order, ctx.clock.now()))

    await ctx.store.transact(work)


async def on_payment_captured(ctx: Context, event: PaymentCaptured) -> None:
    """Confirm the order, unless it was cancelled meanwhile: then the payment service refunds."""

    async def work(tx: Transaction) -> None:
        order = await tx.get(ORDERS, event.order_id)
        record = await tx.get(SAGAS, event.order_id)
        now = ctx.clock.now()
        if order is not None and record is not None and confirmed(tx, order, event.order, now):
            tx.put(SAGAS, reached(record, STEPS[-1], event.order, now))

    await ctx.store.transact(work)


async def on_refused(ctx: Context, event: Refusal) -> None:
    async def work(tx: Transaction) -> None:
        order = await tx.get(ORDERS, event.order_id)
        if order is not None:
            await _withdraw(ctx, tx, order, event.reason)

    await ctx.store.transact(work)


async def on_undone(ctx: Context, event: Undone) -> None:
    step = UNDOES[type(event)]

    async def work(tx: Transaction) -> None:
        record = await tx.get(SAGAS, event.order_id)
        if record is not None and record.state == "COMPENSATING" and step not in record.undone:
            tx.put(SAGAS, answered(record, step, ctx.clock.now()))

    await ctx.store.transact(work)


async def cancel_by_event(ctx: Context, request: CancelOrder) -> OrderView:
    async def work(tx: Transaction) -> Order:
        stored = await tx.get(ORDERS, request.order_id)
        order = visible(ctx, stored)
        if order.state != "CANCELLED" and not may_become(order.state, "CANCELLED"):
            raise NotCancellable
        await _withdraw(ctx, tx, order, BY_CUSTOMER)
        return await tx.get(ORDERS, order.id) or order

    return view(await ctx.store.transact(work))


async def expire_stuck(ctx: Context) -> None:
    """Cancel orders that wait too long, and repeat cancellations that not everybody has answered."""
    now, patience = ctx.clock.now(), ctx.config.get(STUCK_AFTER)
    overdue = Instant(now - patience)
    for order in await ctx.store.find(ORDERS, state="PLACED", until=("placed_at", overdue), limit=BATCH):
        await ctx.store.transact(_expiry(ctx, order.id))
    for record in await ctx.store.find(SAGAS, state="COMPENSATING", until=("lease_until", now), limit=BATCH):
        await ctx.store.transact(_reminder(ctx, record.id))


def _expiry(ctx: Context, order_id: str) -> Callable[[Transaction], Awaitable[None]]:
    async def work(tx: Transaction) -> None:
        order = await tx.get(ORDERS, order_id)
        if order is not None:
            await _withdraw(ctx, tx, order, STUCK)

    return work


def _reminder(ctx: Context, order_id: str) -> Callable[[Transaction], Awaitable[None]]:
    async def work(tx: Transaction) -> None:
        order = await tx.get(ORDERS, order_id)
        record = await tx.get(SAGAS, order_id)
        if order is not None and record is not None and record.state == "COMPENSATING":
            tx.put(SAGAS, replace(record, lease_until=_patience(ctx)))
            tx.publish(OrderCancelled(order.id, order.user_id, order.reason))

    return work


async def _withdraw(ctx: Context, tx: Transaction, order: Order, reason: str) -> None:
    """Cancel the order and turn its record, in one commit; nothing happens to one that has ended."""
    record = await tx.get(SAGAS, order.id)
    if record is not None and cancelled(tx, order, reason, ctx.clock.now()):
        # Nobody drives this saga, so the lease's end tells when to ask again.
        tx.put(SAGAS, replace(turned(record, CHECKOUT_SAGA, reason), lease_until=_patience(ctx)))


def _patience(ctx: Context) -> Instant:
    return Instant(ctx.clock.now() + ctx.config.get(STUCK_AFTER))


def reached(record: SagaRecord, step: str, order: OrderSnapshot, now: Instant) -> SagaRecord:
    """Give the record after a step was done, and so all before it: topics keep no order among each other."""
    while step not in record.done:
        record = advanced(record, CHECKOUT_SAGA, order, now)
    return record


def answered(record: SagaRecord, step: str, now: Instant) -> SagaRecord:
    """Give the record after one service answered the cancellation; the services answer in any order."""
    undone = (*record.undone, step)
    open_steps = [name for name in reversed(ANSWERING) if name not in undone]
    if open_steps:
        return replace(record, undone=undone, step=open_steps[0])
    return replace(record, undone=undone, step=step, state="COMPENSATED", ended_at=now)
