from __future__ import annotations

from dataclasses import replace

from msa_lab.sdk import Context, DomainError, PortFailure, Setting, Transaction, seconds
from msa_lab.sdk.values import after
from services.carrier.api import (
    AlreadyPickedUp,
    BookLabel,
    CancelLabel,
    CountryNotServed,
    Label,
    LabelCancelled,
    LabelNotFound,
    LabelReleased,
    ListRates,
    Rate,
    Rates,
    ReferenceClosed,
    ReleaseLabel,
)
from services.carrier.domain import MAY_CANCEL, NEXT_NEWS, serves, tariffs
from services.carrier.store import LABELS, SHELVES, Shelf, StoredLabel
from services.shipping.api import CARRIER_CALLBACK, ReportParcel

PICKUP_AFTER = Setting("carrier.pickup_after", seconds(2), "From release to pick-up.", "duration")
DELIVERY_AFTER = Setting("carrier.delivery_after", seconds(4), "From pick-up to the door.", "duration")
AT_ONCE = 32
"""Callbacks under way at once."""


async def rates(ctx: Context, request: ListRates) -> Rates:  # noqa: ARG001 - it keeps nothing
    if not serves(request.country):
        raise CountryNotServed(country=request.country)
    asked = tariffs(request.country)
    return Rates(tuple([Rate(each.level, each.parcel * request.parcels, each.days) for each in asked]))


async def book_label(ctx: Context, request: BookLabel) -> Label:
    if not serves(request.country):
        raise CountryNotServed(country=request.country)
    label = StoredLabel(ctx.ids.new("label"), request.reference, request.country, request.parcels, "BOOKED")

    async def work(tx: Transaction) -> Label:
        shelf = await tx.get(SHELVES, request.reference) or Shelf(request.reference)
        if shelf.closed:
            raise ReferenceClosed(reference=request.reference)
        tx.insert(LABELS, label)
        tx.put(SHELVES, replace(shelf, labels=(*shelf.labels, label.id)))
        return Label(request.reference, label.id)

    return await ctx.store.transact(work)


async def cancel_label(ctx: Context, request: CancelLabel) -> LabelCancelled:
    async def work(tx: Transaction) -> LabelCancelled:
        shelf = await tx.get(SHELVES, request.reference) or Shelf(request.reference)
        for label in await _on(tx, shelf):
            if label.state not in MAY_CANCEL:
                raise AlreadyPickedUp(reference=request.reference)
            tx.put(LABELS, replace(label, state="CANCELLED", due=None))
        tx.put(SHELVES, replace(shelf, closed=True))
        return LabelCancelled(request.reference)

    return await ctx.store.transact(work)


async def release(ctx: Context, request: ReleaseLabel) -> LabelReleased:
    due_at = after(ctx.clock.now(), ctx.config.get(PICKUP_AFTER))

    async def work(tx: Transaction) -> LabelReleased:
        shelf = await tx.get(SHELVES, request.reference)
        if shelf is None:
            raise LabelNotFound(reference=request.reference)
        if shelf.closed:
            raise ReferenceClosed(reference=request.reference)
        for label in await _on(tx, shelf):
            if label.state == "BOOKED":
                tx.put(LABELS, replace(label, state="RELEASED", due="yes", due_at=due_at))
        return LabelReleased(request.reference)

    return await ctx.store.transact(work)


async def call_back(ctx: Context) -> None:
    """Tell all news that is due; what cannot be told stays due, and may be told twice."""
    now = ctx.clock.now()
    told = True
    while told:
        due = await ctx.store.find(LABELS, due="yes", until=("due_at", now), limit=AT_ONCE)
        told = bool(due) and all(await ctx.gather(*[_tell(ctx, label) for label in due]))


async def _tell(ctx: Context, label: StoredLabel) -> bool:
    news = NEXT_NEWS[label.state]

    async def work(tx: Transaction) -> None:
        current = await tx.get(LABELS, label.id)
        if current == label:
            due_at = after(ctx.clock.now(), ctx.config.get(DELIVERY_AFTER))
            tx.put(
                LABELS, replace(label, state=news, due="yes" if news in NEXT_NEWS else None, due_at=due_at)
            )

    try:
        await ctx.call(CARRIER_CALLBACK, ReportParcel(label.reference, news))
    except DomainError as refusal:
        ctx.log("the customer does not want the news", reference=label.reference, reason=refusal.code)
    except PortFailure:
        return False
    try:
        await ctx.store.transact(work)
    except PortFailure:
        return False
    return True


async def _on(tx: Transaction, shelf: Shelf) -> list[StoredLabel]:
    labels = []
    for label_id in shelf.labels:
        label = await tx.get(LABELS, label_id)
        if label is not None:
            labels.append(label)
    return labels
