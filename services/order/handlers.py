from __future__ import annotations

from dataclasses import replace

from msa_lab.sdk import Context, DomainError, Instant, PortFailure, Transaction, Unauthenticated, seconds
from services.order.api import (
    GetOrder,
    NotReturnable,
    Occurrence,
    OrderCancelled,
    OrderConfirmed,
    OrderHistory,
    OrderNotFound,
    OrderReturned,
    Orders,
    OrderSnapshot,
    OrderView,
    ReturnOrder,
)
from services.order.domain import State, may_become
from services.order.store import ORDERS, Order
from services.payment.api import REFUND, RefundPayment

RETURN_RETRIED_AFTER = seconds(2)
BATCH = 20


async def get(ctx: Context, request: GetOrder) -> OrderView:
    order = await ctx.store.get(ORDERS, request.order_id)
    return view(visible(ctx, order))


async def history(ctx: Context, request: OrderHistory) -> Orders:
    mine = await ctx.store.find(ORDERS, user_id=customer(ctx))
    newest = sorted(mine, key=lambda order: (-order.placed_at, order.id))
    return Orders(tuple(view(order) for order in newest[: request.limit]))


async def return_order(ctx: Context, request: ReturnOrder) -> OrderView:
    """Promise the refund in one commit, then see to it; a job finishes what gets stuck in between."""

    async def promise(tx: Transaction) -> Order:
        stored = await tx.get(ORDERS, request.order_id)
        order = visible(ctx, stored)
        if order.state in ("RETURNING", "RETURNED"):
            return order
        if not may_become(order.state, "RETURNING"):
            raise NotReturnable
        return moved(tx, order, "RETURNING", ctx.clock.now(), request.reason or "returned by the customer")

    order = await ctx.store.transact(promise, final=False)
    if order.state == "RETURNING":
        order = await _refund(ctx, order)
    return view(order)


async def finish_returns(ctx: Context) -> None:
    """Refund the returns whose refund was interrupted."""
    until = Instant(ctx.clock.now() - RETURN_RETRIED_AFTER)
    for order in await ctx.store.find(ORDERS, state="RETURNING", until=("updated_at", until), limit=BATCH):
        try:
            await _refund(ctx, order)
        except (PortFailure, DomainError) as failure:
            ctx.log("return waits for its refund", order=order.id, why=type(failure).__name__)


async def _refund(ctx: Context, order: Order) -> Order:
    refunded = await ctx.call(REFUND, RefundPayment(order.id), key=f"{order.id}/return")

    async def finish(tx: Transaction) -> Order:
        stored = await tx.get(ORDERS, order.id) or order
        if not may_become(stored.state, "RETURNED"):
            return stored
        tx.publish(OrderReturned(stored.id, stored.user_id, refunded.refunded))
        return moved(tx, stored, "RETURNED", ctx.clock.now())

    return await ctx.store.transact(finish)


async def confirm(ctx: Context, placed: OrderSnapshot) -> None:
    """Confirm an order whose money was taken; nothing happens the second time."""

    async def work(tx: Transaction) -> None:
        order = await tx.get(ORDERS, placed.order_id)
        if order is not None:
            confirmed(tx, order, placed, ctx.clock.now())

    await ctx.store.transact(work)


def confirmed(tx: Transaction, order: Order, placed: OrderSnapshot, now: Instant) -> bool:
    """Confirm the order in this transaction; tell whether it was for it to be confirmed."""
    if not may_become(order.state, "CONFIRMED"):
        return False
    moved(tx, replace(order, placed=placed), "CONFIRMED", now)
    tx.publish(OrderConfirmed(placed))
    return True


def cancelled(tx: Transaction, order: Order, reason: str, now: Instant) -> bool:
    """Cancel the order in this transaction; tell whether it was for it to be cancelled."""
    if not may_become(order.state, "CANCELLED"):
        return False
    after = moved(tx, order, "CANCELLED", now, order.reason or reason)
    tx.publish(OrderCancelled(after.id, after.user_id, after.reason))
    return True


def moved(tx: Transaction, order: Order, state: State, now: Instant, reason: str = "") -> Order:
    """Write the order in its new state with an entry in its history."""
    after = replace(
        order, state=state, updated_at=now, reason=reason or order.reason,
        history=(*order.history, Occurrence(state, now, reason)),
    )  # fmt: skip
    tx.put(ORDERS, after)
    return after


def customer(ctx: Context) -> str:
    """Give the id of the user who asks.

    Raises:
        Unauthenticated: when nobody is signed in.
    """
    if not ctx.caller.subject:
        raise Unauthenticated
    return ctx.caller.subject


def visible(ctx: Context, order: Order | None) -> Order:
    """Give the order if it is the asking user's own.

    Raises:
        OrderNotFound: also when it is somebody else's, so as not to tell that it exists.
    """
    if order is None or order.user_id != customer(ctx):
        raise OrderNotFound
    return order


def view(order: Order) -> OrderView:
    placed = order.placed
    return OrderView(
        order_id=order.id,
        state=order.state,
        lines=placed.lines,
        coupon=placed.coupon,
        subtotal=placed.subtotal,
        discount=placed.discount,
        shipping_fee=placed.shipping_fee,
        total=placed.total,
        reason=order.reason,
        history=order.history,
    )
