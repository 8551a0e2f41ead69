from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from msa_lab.sdk import CallFailure, Context, DomainError, PortFailure, Transaction, seconds
from msa_lab.sdk.values import Instant, after
from services.carrier import api as carrier
from services.order.api import OrderCancelled, OrderConfirmed
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
    Tracking,
    TrackShipment,
)
from services.shipping.domain import LIVE, TARIFFS, Happening, State, fee, moved, parcels_for, zone_of
from services.shipping.store import SHIPMENTS, Shipment

Said = Callable[[Transaction, str], None]
"""What a handler publishes about an order with its last commit."""

PATIENCE = seconds(3)
"""How long the carrier may be being told before the job takes it up."""
NEWS: dict[str, Happening] = {"PICKED_UP": "picked-up", "DELIVERED": "delivered"}


async def quote(ctx: Context, request: QuoteShipping) -> ShippingQuote:  # noqa: ARG001 - it asks nobody
    """Our own tariff: a checkout need not wait for the carrier to know its price."""
    zone = zone_of(request.country)
    return ShippingQuote(zone, parcels_for(request.items), fee(request.country, request.items))


async def options(ctx: Context, request: ListOptions) -> ShippingOptions:
    """Standard at our tariff; express at the carrier's price, when it answers."""
    parcels = parcels_for(request.items)
    days = TARIFFS[zone_of(request.country)].days
    standard = ShippingOption("standard", fee(request.country, request.items), days)
    try:
        live = await ctx.call(carrier.RATES, carrier.ListRates(request.country, parcels))
    except carrier.CountryNotServed:
        raise CountryNotServed(country=request.country) from None
    except CallFailure:
        return ShippingOptions((standard,), live=False)
    express = [rate for rate in live.rates if rate.level == "express"]
    dearer = [ShippingOption("express", rate.price, rate.days) for rate in express]
    return ShippingOptions((standard, *dearer), live=True)


async def book(ctx: Context, request: BookShipment) -> ShipmentBooked:
    return await _book(ctx, request, _say_nothing)


async def book_when_authorized(ctx: Context, event: PaymentAuthorized) -> None:
    order = event.order
    request = BookShipment(order.order_id, order.user_id, order.country, order.items)
    try:
        await _book(ctx, request, lambda tx, _: tx.publish(ShippingBooked(order)))
    except OrderClosed:
        return  # the cancellation overtook this event; it has been answered
    except CountryNotServed as refusal:
        reason = refusal.code

        async def refuse(tx: Transaction) -> None:
            tx.publish(ShippingRefused(order.order_id, reason))

        await ctx.store.transact(refuse)


async def _book(ctx: Context, request: BookShipment, say: Said) -> ShipmentBooked:
    """Write down the intent, ask the carrier, write down the answer; a retry mends a crash in between."""

    async def intend(tx: Transaction) -> Shipment:
        held = await tx.get(SHIPMENTS, request.order_id)
        if held is None:
            held = Shipment(request.order_id, request.user_id, request.country, request.items, "BOOKING")
            tx.put(SHIPMENTS, held)
        return held

    async def label(tx: Transaction) -> ShipmentBooked:
        held = await _held(tx, request.order_id)
        state = moved(held.state, "label")
        if state not in LIVE:
            raise OrderClosed  # cancelled meanwhile; the carrier has closed the reference
        if state != held.state:
            held = _seen(held, state, ctx.clock.now(), tracking=tracking)
            tx.put(SHIPMENTS, held)
        say(tx, held.id)
        return ShipmentBooked(held.id, held.tracking)

    shipment = await ctx.store.transact(intend, final=False)
    if shipment.state == "REFUSED":
        raise CountryNotServed(country=request.country)
    if shipment.state in ("CANCELLING", "CANCELLED"):
        raise OrderClosed
    tracking = shipment.tracking or await _buy_label(ctx, request)
    return await ctx.store.transact(label)


async def _buy_label(ctx: Context, request: BookShipment) -> str:
    wish = carrier.BookLabel(request.order_id, request.country, parcels_for(request.items))
    try:
        label = await ctx.call(carrier.BOOK_LABEL, wish, key=f"{request.order_id}:label")
    except carrier.CountryNotServed:
        await _refuse(ctx, request.order_id)
        raise CountryNotServed(country=request.country) from None
    except carrier.ReferenceClosed:
        raise OrderClosed from None
    return label.tracking


async def _refuse(ctx: Context, order_id: str) -> None:
    async def work(tx: Transaction) -> None:
        held = await _held(tx, order_id)
        tx.put(SHIPMENTS, replace(held, state=moved(held.state, "refuse")))

    await ctx.store.transact(work, final=False)


async def cancel(ctx: Context, request: CancelShipment) -> ShipmentCancelled:
    return await _cancel(ctx, request.order_id, _say_nothing)


async def cancel_when_cancelled(ctx: Context, event: OrderCancelled) -> None:
    await _cancel(ctx, event.order_id, _say_cancelled)


async def _cancel(ctx: Context, order_id: str, say: Said) -> ShipmentCancelled:
    async def intend(tx: Transaction) -> Shipment:
        held = await tx.get(SHIPMENTS, order_id)
        if held is None:
            held = Shipment(order_id, "", "", 0, "CANCELLED")
        else:
            state = moved(held.state, "cancel")
            cancelling = state == "CANCELLING"
            held = replace(held, state=state, open="cancel" if cancelling else None, open_until=patience)
        tx.put(SHIPMENTS, held)
        return held

    async def finish(tx: Transaction) -> ShipmentCancelled:
        held = await _held(tx, order_id)
        tx.put(SHIPMENTS, replace(held, state=moved(held.state, "gone"), open=None))
        say(tx, order_id)
        return ShipmentCancelled(order_id)

    patience = after(ctx.clock.now(), PATIENCE)
    shipment = await ctx.store.transact(intend, final=False)
    if shipment.state in LIVE:
        raise AlreadyDispatched
    if shipment.state == "CANCELLING":
        try:
            await ctx.call(carrier.CANCEL_LABEL, carrier.CancelLabel(order_id), key=f"{order_id}:cancel")
        except carrier.AlreadyPickedUp:
            await _note(ctx, order_id, "picked-up")
            raise AlreadyDispatched from None
    return await ctx.store.transact(finish)


async def release_when_confirmed(ctx: Context, event: OrderConfirmed) -> None:
    """The order is paid: the parcel may leave.

    That it may is committed first. However long the carrier is away, it will be told; the event is done.
    """
    patience = after(ctx.clock.now(), PATIENCE)

    async def owe(tx: Transaction) -> bool:
        held = await tx.get(SHIPMENTS, event.order_id)
        if held is None or held.state != "BOOKED":
            return False
        tx.put(SHIPMENTS, replace(held, open="release", open_until=patience))
        return True

    if not await ctx.store.transact(owe):
        ctx.log("there is no parcel to release", order=event.order_id)
        return
    try:
        await _release(ctx, event.order_id)
    except PortFailure as failure:
        ctx.log("the carrier is still to be told", order=event.order_id, reason=type(failure).__name__)


async def _release(ctx: Context, order_id: str) -> None:
    async def told(tx: Transaction) -> None:
        held = await _held(tx, order_id)
        if held.open == "release":
            tx.put(SHIPMENTS, replace(held, open=None))

    try:
        await ctx.call(carrier.RELEASE, carrier.ReleaseLabel(order_id), key=f"{order_id}:release")
    except (carrier.LabelNotFound, carrier.ReferenceClosed) as refusal:
        ctx.log("the carrier knows no such label", order=order_id, reason=refusal.code)
    await ctx.store.transact(told, final=False)


async def tell_carrier(ctx: Context) -> None:
    """Tell the carrier what a crash or an outage has kept from it."""
    await _tell_carrier(ctx, _say_nothing)


async def tell_carrier_and_announce(ctx: Context) -> None:
    """Do the same where others wait for the event of a cancellation."""
    await _tell_carrier(ctx, _say_cancelled)


async def _tell_carrier(ctx: Context, say: Said) -> None:
    now = ctx.clock.now()
    for shipment in await ctx.store.find(SHIPMENTS, open="release", until=("open_until", now), limit=20):
        try:
            await _release(ctx, shipment.id)
        except (DomainError, PortFailure) as failure:
            ctx.log("a release is still open", order=shipment.id, reason=type(failure).__name__)
    for shipment in await ctx.store.find(SHIPMENTS, open="cancel", until=("open_until", now), limit=20):
        try:
            await _cancel(ctx, shipment.id, say)
        except (DomainError, PortFailure) as failure:
            ctx.log("a cancellation is still open", order=shipment.id, reason=type(failure).__name__)


async def carrier_callback(ctx: Context, request: ReportParcel) -> ParcelNoted:
    return ParcelNoted(request.reference, await _note(ctx, request.reference, NEWS[request.status]))


async def _note(ctx: Context, order_id: str, happening: Happening) -> bool:
    now = ctx.clock.now()

    async def work(tx: Transaction) -> bool:
        held = await tx.get(SHIPMENTS, order_id)
        if held is None:
            raise ShipmentNotFound(order_id=order_id)
        state = moved(held.state, happening)
        if state == held.state:
            return False
        tx.put(SHIPMENTS, replace(_seen(held, state, now), open=None))
        if held.state in ("BOOKED", "CANCELLING"):
            tx.publish(ShippingDispatched(held.id, held.user_id, held.tracking))
        if state == "DELIVERED":
            tx.publish(ShippingDelivered(held.id, held.user_id))
        return True

    return await ctx.store.transact(work)


async def track(ctx: Context, request: TrackShipment) -> Tracking:
    held = await ctx.store.get(SHIPMENTS, request.order_id)
    if held is None or not held.user_id or held.user_id != ctx.caller.subject:
        raise ShipmentNotFound(order_id=request.order_id)
    sightings = tuple([Sighting(state, at) for state, at in held.sightings])
    return Tracking(held.id, held.state, held.tracking, sightings)


async def _held(tx: Transaction, order_id: str) -> Shipment:
    held = await tx.get(SHIPMENTS, order_id)
    if held is None:
        raise ShipmentNotFound(order_id=order_id)
    return held


def _say_nothing(tx: Transaction, order_id: str) -> None:
    """Leave the answer to the reply of the call."""


def _say_cancelled(tx: Transaction, order_id: str) -> None:
    tx.publish(ShippingCancelled(order_id))


def _seen(held: Shipment, state: State, now: Instant, *, tracking: str = "") -> Shipment:
    return replace(
        held,
        state=state,
        tracking=tracking or held.tracking,
        sightings=(*held.sightings, (state, now)),
    )
