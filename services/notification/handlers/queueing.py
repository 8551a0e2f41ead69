"""Turns events into queued messages, one per channel, in one transaction with the inbox entry."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from msa_lab.sdk import Context, Transaction, minutes
from services.notification.domain import TEMPLATES, channels_for, reason_in_words
from services.notification.store import CONTACTS, SENT, Contact, Sent
from services.order.api import OrderCancelled, OrderConfirmed
from services.shipping.api import ShippingDelivered, ShippingDispatched
from services.user.api import UserProfileUpdated, UserRegistered

MINUTE = minutes(1)


@dataclass(frozen=True, slots=True)
class News:
    """What there is to tell: `about` is the order or user that the template tells of."""

    template: str
    about: str
    user_id: str
    values: Mapping[str, str] = field(default_factory=dict)


async def know_user(ctx: Context, event: UserRegistered) -> None:
    async def work(tx: Transaction) -> None:
        contact = await tx.get(CONTACTS, event.user_id) or Contact(event.user_id)
        if not contact.email:
            tx.put(CONTACTS, dataclasses.replace(contact, email=event.email, name=event.name))
        await _queue(tx, ctx, News("welcome", event.user_id, event.user_id))

    await ctx.store.transact(work)


async def update_user(ctx: Context, event: UserProfileUpdated) -> None:
    async def work(tx: Transaction) -> None:
        contact = await tx.get(CONTACTS, event.user_id) or Contact(event.user_id)
        after = dataclasses.replace(contact, email=event.email, name=event.name, phone=event.phone)
        if after != contact:
            tx.put(CONTACTS, after)

    await ctx.store.transact(work)


async def tell_confirmed(ctx: Context, event: OrderConfirmed) -> None:
    order = event.order
    lines = "\n".join(f"{line.quantity} x {line.title}: {line.amount}" for line in order.lines)
    values = {"lines": lines, "total": str(order.total)}
    await _tell(ctx, News("order-confirmed", order.order_id, order.user_id, values))


async def tell_cancelled(ctx: Context, event: OrderCancelled) -> None:
    values = {"reason": reason_in_words(event.reason)}
    await _tell(ctx, News("order-cancelled", event.order_id, event.user_id, values))


async def tell_dispatched(ctx: Context, event: ShippingDispatched) -> None:
    await _tell(ctx, News("shipment-dispatched", event.order_id, event.user_id))


async def tell_delivered(ctx: Context, event: ShippingDelivered) -> None:
    await _tell(ctx, News("shipment-delivered", event.order_id, event.user_id))


async def _tell(ctx: Context, news: News) -> None:
    async def work(tx: Transaction) -> None:
        await _queue(tx, ctx, news)

    await ctx.store.transact(work)


async def _queue(tx: Transaction, ctx: Context, news: News) -> None:
    """Queue a message on every channel chosen, unless it is there already: the event may come twice."""
    contact = await tx.get(CONTACTS, news.user_id) or Contact(news.user_id)
    now = ctx.clock.now()
    values = (("order_id", news.about), *news.values.items())
    for channel in channels_for(TEMPLATES[news.template].topic, contact.choices):
        message_id = f"{news.template}:{news.about}:{channel}"
        if await tx.get(SENT, message_id) is None:
            message = Sent(message_id, news.user_id, news.template, channel, values, now, now // MINUTE)
            tx.put(SENT, message)
