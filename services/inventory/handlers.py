from __future__ import annotations

from collections.abc import Mapping

from msa_lab.sdk import Context, Setting, Transaction, minutes, ms
from msa_lab.sdk.values import Instant, after
from services.inventory.api import (
    Availability,
    GetAvailability,
    InventoryLow,
    InventoryRejected,
    InventoryReleased,
    InventoryReserved,
    OrderClosed,
    OutOfStock,
    ReceiveStock,
    ReleaseStock,
    ReserveStock,
    SettleStock,
    StockReleased,
    StockReserved,
    StockSettled,
)
from services.inventory.domain import Happening, Wanted, falls_low, missing, moved, wanted
from services.inventory.store import (
    CLAIMS,
    RECEIPTS,
    RESERVATIONS,
    STOCK,
    Claim,
    Receipt,
    Reservation,
    StockItem,
)
from services.order.api import OrderCancelled, OrderConfirmed, OrderLine, OrderReturned
from services.promotion.api import PromotionRedeemed

HOLD_FOR = Setting(
    "inventory.hold_for", minutes(15), "How long stock is held for an order that does not end.", "duration"
)
LOW_AT = Setting("inventory.low_at", 5, "Pieces left at which the alert for low stock goes out.")
CONTENDED = 32
"""Tries of a transaction on stock that everybody wants at once; each round one of them wins."""


async def receive(ctx: Context, request: ReceiveStock) -> Availability:
    return await _receive(ctx, request.sku, request.quantity)


MOST_GIVEN = 1_000_000
"""How many pieces of one article a scenario may begin with."""


def for_everybody(given: Mapping[str, int]) -> dict[str, int]:
    """Give as many pieces of the same articles as there may be."""
    return dict.fromkeys(given, MOST_GIVEN)


async def stock_up(ctx: Context, given: Mapping[str, int]) -> None:
    for sku, quantity in given.items():
        await _receive(ctx, sku, quantity)


async def _receive(ctx: Context, sku: str, quantity: int) -> Availability:
    receipt = Receipt(ctx.ids.new("receipt"), sku, quantity, ctx.clock.now())

    async def work(tx: Transaction) -> Availability:
        item = StockItem(sku, await _available(tx, sku) + quantity)
        tx.put(STOCK, item)
        tx.insert(RECEIPTS, receipt)
        return Availability(sku, item.available)

    return await ctx.store.transact(work, attempts=CONTENDED)


async def availability(ctx: Context, request: GetAvailability) -> Availability:
    item = await ctx.store.get(STOCK, request.sku)
    return Availability(request.sku, 0 if item is None else item.available)


async def reserve(ctx: Context, request: ReserveStock) -> StockReserved:
    async def work(tx: Transaction) -> StockReserved:
        return await _reserve(ctx, tx, request.order_id, request.lines)

    return await ctx.store.transact(work, attempts=CONTENDED)


async def reserve_when_redeemed(ctx: Context, event: PromotionRedeemed) -> None:
    order = event.order

    async def work(tx: Transaction) -> None:
        try:
            await _reserve(ctx, tx, order.order_id, order.lines)
        except OrderClosed:
            return  # the cancellation overtook this event; it has been answered
        except OutOfStock as refusal:
            tx.publish(InventoryRejected(order.order_id, refusal.code))
        else:
            tx.publish(InventoryReserved(order))

    await ctx.store.transact(work, attempts=CONTENDED)


async def _reserve(
    ctx: Context, tx: Transaction, order_id: str, lines: tuple[OrderLine, ...]
) -> StockReserved:
    claim = await tx.get(CLAIMS, order_id)
    if claim is not None:
        return _reserved(claim)
    want = wanted((line.sku, line.quantity) for line in lines)
    available = {sku: await _available(tx, sku) for sku, _ in want}
    _refuse_missing(want, available)
    level = ctx.config.get(LOW_AT)
    for sku, quantity in want:
        left = available[sku] - quantity
        tx.put(STOCK, StockItem(sku, left))
        if falls_low(available[sku], left, level):
            tx.publish(InventoryLow(sku, left))
    return _hold(ctx, tx, order_id, want)


async def reserve_unchecked(ctx: Context, request: ReserveStock) -> StockReserved:
    """Check in one step and act in the next, as if nobody came between: the way that oversells."""
    want = wanted((line.sku, line.quantity) for line in request.lines)
    available: dict[str, int] = {}
    for sku, _ in want:
        item = await ctx.store.get(STOCK, sku)
        available[sku] = 0 if item is None else item.available
    held = await ctx.store.get(CLAIMS, request.order_id)
    if held is None:
        _refuse_missing(want, available)
    await ctx.clock.sleep(ms(5))

    async def work(tx: Transaction) -> StockReserved:
        claim = await tx.get(CLAIMS, request.order_id)
        if claim is not None:
            return _reserved(claim)
        for sku, quantity in want:
            tx.put(STOCK, StockItem(sku, available[sku] - quantity))
        return _hold(ctx, tx, request.order_id, want)

    return await ctx.store.transact(work)


def _reserved(claim: Claim) -> StockReserved:
    if claim.state not in ("HELD", "SOLD"):
        raise OrderClosed
    return StockReserved(claim.id, claim.expires_at)


def _refuse_missing(want: Wanted, available: Mapping[str, int]) -> None:
    short = missing(want, available)
    if short:
        raise OutOfStock(f"There is not enough of {', '.join(short)} in stock.", sku=short[0])


def _hold(ctx: Context, tx: Transaction, order_id: str, want: Wanted) -> StockReserved:
    until = after(ctx.clock.now(), ctx.config.get(HOLD_FOR))
    tx.put(CLAIMS, Claim(order_id, "HELD", want, until, "yes"))
    for sku, quantity in want:
        tx.put(RESERVATIONS, Reservation(f"{order_id}/{sku}", order_id, sku, quantity, "HELD"))
    return StockReserved(order_id, until)


async def release(ctx: Context, request: ReleaseStock) -> StockReleased:
    async def work(tx: Transaction) -> StockReleased:
        await _release(tx, request.order_id)
        return StockReleased(request.order_id)

    return await ctx.store.transact(work, attempts=CONTENDED)


async def release_when_cancelled(ctx: Context, event: OrderCancelled) -> None:
    async def work(tx: Transaction) -> None:
        await _release(tx, event.order_id)
        tx.publish(InventoryReleased(event.order_id))

    await ctx.store.transact(work, attempts=CONTENDED)


async def restock_when_returned(ctx: Context, event: OrderReturned) -> None:
    async def work(tx: Transaction) -> None:
        await _release(tx, event.order_id)

    await ctx.store.transact(work, attempts=CONTENDED)


async def _release(tx: Transaction, order_id: str) -> None:
    claim = await tx.get(CLAIMS, order_id)
    if claim is None:
        tx.put(CLAIMS, Claim(order_id, "RELEASED", (), Instant(0)))
    else:
        await _happen(tx, claim, "release")


async def settle(ctx: Context, request: SettleStock) -> StockSettled:
    async def work(tx: Transaction) -> StockSettled:
        claim = await tx.get(CLAIMS, request.order_id)
        if claim is None or claim.state not in ("HELD", "EXPIRED", "SOLD"):
            raise OrderClosed
        return StockSettled(claim.id, await _happen(tx, claim, "settle"))

    return await ctx.store.transact(work, attempts=CONTENDED)


async def settle_when_confirmed(ctx: Context, event: OrderConfirmed) -> None:
    async def work(tx: Transaction) -> tuple[str, ...]:
        claim = await tx.get(CLAIMS, event.order_id)
        return () if claim is None else await _happen(tx, claim, "settle")

    short = await ctx.store.transact(work, attempts=CONTENDED)
    if short:
        ctx.log("sold what an expired reservation had given away", order=event.order_id, sku=short[0])


async def expire(ctx: Context) -> None:
    now = ctx.clock.now()
    for due in await ctx.store.find(CLAIMS, expires="yes", until=("expires_at", now), limit=100):
        await _expire(ctx, due.id)


async def _expire(ctx: Context, order_id: str) -> None:
    async def work(tx: Transaction) -> None:
        claim = await tx.get(CLAIMS, order_id)
        if claim is not None:
            await _happen(tx, claim, "expire")

    await ctx.store.transact(work, attempts=CONTENDED)


async def _happen(tx: Transaction, claim: Claim, happening: Happening) -> tuple[str, ...]:
    """Move a claim on and its stock with it; give the SKUs that a late settlement found no more of."""
    state, way = moved(claim.state, happening)
    if state == claim.state:
        return ()
    available = {sku: await _available(tx, sku) for sku, _ in claim.wanted} if way else {}
    short = missing(claim.wanted, available) if way < 0 else ()
    for sku, quantity in claim.wanted:
        if sku not in short:
            tx.put(RESERVATIONS, Reservation(f"{claim.id}/{sku}", claim.id, sku, quantity, state))
            if way:
                tx.put(STOCK, StockItem(sku, available[sku] + way * quantity))
    kept = tuple([(sku, quantity) for sku, quantity in claim.wanted if sku not in short])
    tx.put(CLAIMS, Claim(claim.id, state, kept, claim.expires_at))
    return short


async def _available(tx: Transaction, sku: str) -> int:
    item = await tx.get(STOCK, sku)
    return 0 if item is None else item.available
