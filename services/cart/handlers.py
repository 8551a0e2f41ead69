from __future__ import annotations

from dataclasses import replace

from msa_lab.sdk import Context, DomainError, Transaction, Unauthenticated
from services.cart.api import (
    AddAnonymously,
    AddItem,
    CartEmpty,
    CartFrozen,
    CartRejected,
    CartThawed,
    CartView,
    FreezeCart,
    FrozenCart,
    MergeCart,
    NotInCart,
    OrderClosed,
    RemoveItem,
    ThawCart,
    ThawedCart,
    TooManyLines,
    UnknownProduct,
    ViewAnonymousCart,
    ViewCart,
)
from services.cart.domain import Line, Lines, added, merged, quantity_of, removed, subtotal, too_many
from services.cart.store import CARTS, FREEZES, Cart, Freeze
from services.order.api import OrderCancelled, OrderConfirmed, OrderLine, OrderPlaced
from services.product.api import GET as GET_PRODUCT
from services.product.api import GetProduct, NoSuchProduct


async def add_item(ctx: Context, request: AddItem) -> CartView:
    return await _add(ctx, _owner(ctx), request.sku, request.quantity)


async def add_anonymously(ctx: Context, request: AddAnonymously) -> CartView:
    return await _add(ctx, request.cart_id, request.sku, request.quantity)


async def _add(ctx: Context, cart_id: str, sku: str, quantity: int) -> CartView:
    try:
        product = await ctx.call(GET_PRODUCT, GetProduct(sku))
    except NoSuchProduct:
        raise UnknownProduct(sku=sku) from None
    if not product.listed:
        raise UnknownProduct(sku=sku)
    line = Line(sku, product.title, quantity, product.price)

    async def work(tx: Transaction) -> CartView:
        lines = added(await _lines(tx, cart_id), line)
        if too_many(lines):
            raise TooManyLines
        return _keep(tx, cart_id, lines)

    return await ctx.store.transact(work)


async def remove_item(ctx: Context, request: RemoveItem) -> CartView:
    cart_id = _owner(ctx)

    async def work(tx: Transaction) -> CartView:
        lines = await _lines(tx, cart_id)
        if not quantity_of(lines, request.sku):
            raise NotInCart(sku=request.sku)
        return _keep(tx, cart_id, removed(lines, request.sku, request.quantity))

    return await ctx.store.transact(work)


async def view(ctx: Context, request: ViewCart) -> CartView:  # noqa: ARG001 - it has no fields
    return await _show(ctx, _owner(ctx))


async def view_anonymous(ctx: Context, request: ViewAnonymousCart) -> CartView:
    return await _show(ctx, request.cart_id)


async def merge(ctx: Context, request: MergeCart) -> CartView:
    cart_id = _owner(ctx)

    async def work(tx: Transaction) -> CartView:
        guest = await tx.get(CARTS, request.cart_id)
        mine = await _lines(tx, cart_id)
        if guest is None:
            return _shown(cart_id, mine)
        lines = merged(mine, guest.lines)
        if too_many(lines):
            raise TooManyLines
        tx.delete(CARTS, guest.id)
        return _keep(tx, cart_id, lines)

    return await ctx.store.transact(work)


async def freeze(ctx: Context, request: FreezeCart) -> FrozenCart:
    async def work(tx: Transaction) -> FrozenCart:
        return await _freeze(tx, request)

    return await ctx.store.transact(work)


async def freeze_when_placed(ctx: Context, event: OrderPlaced) -> None:
    order = event.order

    async def work(tx: Transaction) -> None:
        try:
            frozen = await _freeze(tx, FreezeCart(order.order_id, order.user_id))
        except OrderClosed:
            return  # the cancellation overtook this event; it has been answered
        except DomainError as refusal:
            tx.publish(CartRejected(order.order_id, refusal.code))
        else:
            tx.publish(CartFrozen(replace(order, lines=frozen.lines, subtotal=frozen.subtotal)))

    await ctx.store.transact(work)


async def _freeze(tx: Transaction, request: FreezeCart) -> FrozenCart:
    held = await tx.get(FREEZES, request.order_id)
    if held is None:
        lines = await _lines(tx, request.user_id)
        if not lines:
            raise CartEmpty
        held = Freeze(request.order_id, request.user_id, "FROZEN", lines)
        tx.put(FREEZES, held)
        tx.put(CARTS, Cart(request.user_id))
    elif held.state != "FROZEN":
        raise OrderClosed
    return FrozenCart(held.id, _offered(held.lines), subtotal(held.lines))


async def thaw(ctx: Context, request: ThawCart) -> ThawedCart:
    async def work(tx: Transaction) -> ThawedCart:
        await _thaw(tx, request.order_id)
        return ThawedCart(request.order_id)

    return await ctx.store.transact(work)


async def thaw_when_cancelled(ctx: Context, event: OrderCancelled) -> None:
    async def work(tx: Transaction) -> None:
        await _thaw(tx, event.order_id)
        tx.publish(CartThawed(event.order_id))

    await ctx.store.transact(work)


async def _thaw(tx: Transaction, order_id: str) -> None:
    held = await tx.get(FREEZES, order_id)
    if held is None:
        tx.put(FREEZES, Freeze(order_id, "", "THAWED"))
    elif held.state == "FROZEN":
        # What was put in meanwhile stays; undoing must not fail, so the limit on lines does not count here.
        tx.put(CARTS, Cart(held.user_id, merged(await _lines(tx, held.user_id), held.lines)))
        tx.put(FREEZES, replace(held, state="THAWED", lines=()))


async def empty_when_confirmed(ctx: Context, event: OrderConfirmed) -> None:
    async def work(tx: Transaction) -> None:
        held = await tx.get(FREEZES, event.order_id)
        if held is not None and held.state == "FROZEN":
            tx.put(FREEZES, replace(held, state="BOUGHT", lines=()))

    await ctx.store.transact(work)


def _owner(ctx: Context) -> str:
    if not ctx.caller.subject:
        raise Unauthenticated
    return ctx.caller.subject


async def _lines(tx: Transaction, cart_id: str) -> Lines:
    cart = await tx.get(CARTS, cart_id)
    return () if cart is None else cart.lines


async def _show(ctx: Context, cart_id: str) -> CartView:
    cart = await ctx.store.get(CARTS, cart_id)
    return _shown(cart_id, () if cart is None else cart.lines)


def _keep(tx: Transaction, cart_id: str, lines: Lines) -> CartView:
    tx.put(CARTS, Cart(cart_id, lines))
    return _shown(cart_id, lines)


def _shown(cart_id: str, lines: Lines) -> CartView:
    return CartView(cart_id, _offered(lines), subtotal(lines))


def _offered(lines: Lines) -> tuple[OrderLine, ...]:
    return tuple([OrderLine(line.sku, line.title, line.quantity, line.unit_price) for line in lines])
