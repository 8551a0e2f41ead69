"""Money, whatever happens: first write what is meant, then ask the provider, then write what came of it.

A payment that is not wanted any more is CLOSING until the provider has confirmed that nothing is held and
all that was taken is given back; the provider's tombstone for the reference stops what is still under way.
Every step may run twice: calls carry keys made from the payment's id, and states only move forward.
"""

from __future__ import annotations

from dataclasses import replace

from msa_lab.sdk import (
    Context,
    DomainError,
    Instant,
    Money,
    PortFailure,
    Setting,
    Transaction,
    seconds,
)
from services.inventory.api import InventoryReserved
from services.order.api import OrderCancelled, OrderSnapshot
from services.payment.api import (
    AuthorizePayment,
    BadSignature,
    CancelPayment,
    CapturePayment,
    CardDeclined,
    MalformedNotice,
    NotAuthorized,
    NothingToRefund,
    PaymentAuthorized,
    PaymentCancelled,
    PaymentCaptured,
    PaymentClosed,
    PaymentNotFound,
    PaymentRefunded,
    PaymentRefused,
    PaymentStatus,
    PaymentView,
    Received,
    ReceiveWebhook,
    RefundPayment,
)
from services.payment.domain import ENDED, Happening, UnreadableNotice, following, genuine, read_notice
from services.payment.store import PAYMENTS, Payment
from services.psp import api as psp
from services.shipping.api import ShippingBooked

WEBHOOK_SECRET = Setting("payment.webhook_secret", "whsec_lab", "the secret that the provider signs with")
RECONCILE_AFTER = Setting(
    "payment.reconcile_after",
    seconds(2),
    "how long a payment may be in doubt before the provider is asked",
    unit="duration",
)
BATCH = 20

NOTICES: dict[str, Happening] = {
    "intent.authorized": "authorized",
    "intent.declined": "declined",
    "intent.captured": "captured",
}
"""The notices that tell something new; voids and refunds are answered in the call that asks for them."""


async def authorize(ctx: Context, request: AuthorizePayment) -> PaymentView:
    return await _authorize(ctx, request, None)


async def _authorize(ctx: Context, request: AuthorizePayment, order: OrderSnapshot | None) -> PaymentView:
    now, payment_id = ctx.clock.now(), ctx.ids.new("pay")

    async def open_payment(tx: Transaction) -> Payment:
        known = await tx.get(PAYMENTS, request.order_id)
        if known is not None:
            return known
        opened = Payment(
            request.order_id, payment_id, "PENDING", request.amount, request.card, now, now, order=order
        )
        tx.put(PAYMENTS, opened)
        return opened

    payment = await ctx.store.transact(open_payment, final=False)
    intent_id = await _hold(ctx, payment) if payment.state == "PENDING" else ""

    async def answer(tx: Transaction) -> PaymentView:
        stored = await tx.get(PAYMENTS, request.order_id) or payment
        if intent_id:
            stored = _moved(tx, stored, "authorized", ctx.clock.now(), intent_id=intent_id)
        return held(stored)

    return await ctx.store.transact(answer)


async def _hold(ctx: Context, payment: Payment) -> str:
    """Ask the provider to hold the money; give the intent's id, or '' when the row tells why not."""
    asked = psp.CreateIntent(payment.id, payment.order_id, payment.amount, payment.card)
    try:
        intent = await ctx.call(psp.CREATE_INTENT, asked, key=f"hold/{payment.id}")
    except psp.CardRefused as refused:
        await _record(ctx, payment.order_id, "declined", reason=refused.message)
        return ""
    except psp.ReferenceClosed:
        return ""  # cancelled meanwhile, which the row says too
    return intent.intent_id


async def capture(ctx: Context, request: CapturePayment) -> PaymentView:
    payment = await ctx.store.get(PAYMENTS, request.order_id)
    if payment is None:
        raise NotAuthorized
    captured = payment.state == "AUTHORIZED"
    if captured:
        asked = psp.CaptureIntent(payment.intent_id, payment.amount)
        try:
            await ctx.call(psp.CAPTURE, asked, key=f"capture/{payment.id}")
        except (psp.NotCapturable, psp.IntentNotFound) as refused:
            raise PaymentClosed from refused

    async def answer(tx: Transaction) -> PaymentView:
        stored = await tx.get(PAYMENTS, request.order_id) or payment
        return taken(_moved(tx, stored, "captured", ctx.clock.now()) if captured else stored)

    return await ctx.store.transact(answer)


async def cancel(ctx: Context, request: CancelPayment) -> PaymentView:
    now, payment_id = ctx.clock.now(), ctx.ids.new("pay")

    async def start_closing(tx: Transaction) -> Payment:
        payment = await tx.get(PAYMENTS, request.order_id)
        if payment is None:
            payment = Payment(request.order_id, payment_id, "CANCELLED", Money(0), "", now, now)
            tx.put(PAYMENTS, payment)
        if payment.state in ENDED:
            tx.publish(_ending(payment))  # again, for whoever asks again
            return payment
        return _moved(tx, payment, "closing", now)

    payment = await ctx.store.transact(start_closing, final=False)
    return await _close(ctx, payment) if payment.state == "CLOSING" else view(payment)


async def refund(ctx: Context, request: RefundPayment) -> PaymentView:
    async def start_closing(tx: Transaction) -> Payment:
        payment = await tx.get(PAYMENTS, request.order_id)
        if payment is None or payment.state not in ("CAPTURED", "CLOSING", "REFUNDED"):
            raise NothingToRefund
        return _moved(tx, payment, "closing", ctx.clock.now())

    payment = await ctx.store.transact(start_closing, final=False)
    return await _close(ctx, payment) if payment.state == "CLOSING" else view(payment)


async def _close(ctx: Context, payment: Payment) -> PaymentView:
    """Void what is held and refund what was taken, until the provider has confirmed both."""
    account = await ctx.call(psp.CANCEL_INTENT, psp.CancelIntent(payment.id), key=f"close/{payment.id}")
    given_back = account.refunded
    if account.owed.minor:
        made = await ctx.call(psp.REFUND, psp.RefundReference(payment.id), key=f"refund/{payment.id}")
        given_back = given_back + made.amount
    happening: Happening = "refunded" if account.captured.minor else "voided"

    async def settle(tx: Transaction) -> PaymentView:
        stored = await tx.get(PAYMENTS, payment.order_id) or payment
        return view(_moved(tx, stored, happening, ctx.clock.now(), refunded=given_back.minor))

    return await ctx.store.transact(settle)


async def status(ctx: Context, request: PaymentStatus) -> PaymentView:
    payment = await ctx.store.get(PAYMENTS, request.order_id)
    if payment is None:
        raise PaymentNotFound
    return view(payment)


async def receive_webhook(ctx: Context, request: ReceiveWebhook) -> Received:
    if not genuine(request.payload, request.signature, ctx.config.get(WEBHOOK_SECRET), ctx.clock.now()):
        raise BadSignature
    try:
        notice = read_notice(request.payload)
    except UnreadableNotice as error:
        raise MalformedNotice(str(error)) from error
    happening = NOTICES.get(notice.type)
    payment = await ctx.store.get(PAYMENTS, notice.order_id)
    if happening is None or payment is None or payment.id != notice.reference:
        return Received(notice.id)
    if payment.state == "DECLINED" and happening == "authorized":
        await cancel(ctx, CancelPayment(payment.order_id))  # an earlier try holds money nobody waits for
    elif following(payment.state, happening) is not None:
        await _record(ctx, payment.order_id, happening, intent_id=notice.intent_id)
    return Received(notice.id)


async def reconcile(ctx: Context) -> None:
    """Ask the provider about payments in doubt, and finish what was left half done."""
    for state in ("CLOSING", "PENDING"):
        until = Instant(ctx.clock.now() - ctx.config.get(RECONCILE_AFTER))
        for payment in await ctx.store.find(PAYMENTS, state=state, until=("updated_at", until), limit=BATCH):
            try:
                await (_close(ctx, payment) if state == "CLOSING" else _inquire(ctx, payment))
            except (PortFailure, DomainError) as failure:
                ctx.log("reconciliation waits", order=payment.order_id, why=type(failure).__name__)


async def _inquire(ctx: Context, payment: Payment) -> None:
    account = await ctx.call(psp.FIND, psp.FindReference(payment.id))
    if account.status == "AUTHORIZED":
        await _record(ctx, payment.order_id, "authorized", intent_id=account.intent_id)
    elif account.status == "DECLINED":
        await _record(ctx, payment.order_id, "declined", reason="declined")


async def on_inventory_reserved(ctx: Context, event: InventoryReserved) -> None:
    order = event.order
    try:
        await _authorize(ctx, AuthorizePayment(order.order_id, order.total, order.card), order)
    except (CardDeclined, PaymentClosed) as refused:
        ctx.log("payment refused", order=order.order_id, why=refused.code)


async def on_shipping_booked(ctx: Context, event: ShippingBooked) -> None:
    try:
        await capture(ctx, CapturePayment(event.order.order_id))
    except (NotAuthorized, PaymentClosed) as refused:
        ctx.log("nothing to capture", order=event.order.order_id, why=refused.code)


async def on_order_cancelled(ctx: Context, event: OrderCancelled) -> None:
    await cancel(ctx, CancelPayment(event.order_id))


async def _record(
    ctx: Context, order_id: str, happening: Happening, *, intent_id: str = "", reason: str = ""
) -> None:
    """Write what the provider said, unless the payment has gone on; the event travels in the same commit."""

    async def write(tx: Transaction) -> None:
        payment = await tx.get(PAYMENTS, order_id)
        if payment is not None:
            _moved(tx, payment, happening, ctx.clock.now(), intent_id=intent_id, reason=reason)

    await ctx.store.transact(write, final=False)


def _moved(
    tx: Transaction,
    payment: Payment,
    happening: Happening,
    now: Instant,
    *,
    intent_id: str = "",
    reason: str = "",
    refunded: int = 0,
) -> Payment:
    state = following(payment.state, happening)
    if state is None:
        return payment
    moved = replace(
        payment, state=state, updated_at=now, intent_id=intent_id or payment.intent_id,
        reason=reason or payment.reason, refunded=refunded or payment.refunded,
    )  # fmt: skip
    tx.put(PAYMENTS, moved)
    if state == "DECLINED":
        tx.publish(PaymentRefused(moved.order_id, CardDeclined.code))
    elif state in ENDED:
        tx.publish(_ending(moved))
    elif moved.order is not None and state == "AUTHORIZED":
        tx.publish(PaymentAuthorized(moved.order))
    elif moved.order is not None and state == "CAPTURED":
        tx.publish(PaymentCaptured(moved.order))
    return moved


def _ending(payment: Payment) -> PaymentCancelled | PaymentRefunded:
    if payment.state == "REFUNDED":
        return PaymentRefunded(payment.order_id, Money(payment.refunded, payment.amount.currency))
    return PaymentCancelled(payment.order_id)


def held(payment: Payment) -> PaymentView:
    """Answer that the money is held, or why not."""
    if payment.state in ("AUTHORIZED", "CAPTURED"):
        return view(payment)
    if payment.state == "DECLINED":
        raise CardDeclined(payment.reason)
    raise PaymentClosed


def taken(payment: Payment) -> PaymentView:
    """Answer that the money was taken, or why not."""
    if payment.state == "CAPTURED":
        return view(payment)
    if payment.state in ("PENDING", "DECLINED", "AUTHORIZED"):
        raise NotAuthorized
    raise PaymentClosed


def view(payment: Payment) -> PaymentView:
    return PaymentView(
        order_id=payment.order_id,
        payment_id=payment.id,
        state=payment.state,
        amount=payment.amount,
        refunded=Money(payment.refunded, payment.amount.currency),
        reason=payment.reason,
    )
