"""Sends what is queued. A crash between sending and noting it sends again; the message's id tells."""

import dataclasses

from msa_lab.sdk import Context, Setting, Transaction, minutes, seconds
from msa_lab.sdk.failures import LockUnavailable
from services.notification.domain import TEMPLATES, address_for, render
from services.notification.handlers.queueing import MINUTE
from services.notification.store import CONTACTS, SENT, Contact, Sent, SentState

WAIT_FOR_ADDRESS = Setting(
    "notification.wait_for_address", seconds(30), "How long a message waits for an unknown address.",
    unit="duration",
)  # fmt: skip
KEEP_FOR = Setting(
    "notification.keep_for", minutes(2), "How long it is remembered what was sent.", unit="duration"
)
MESSAGES = "messages"
_BATCH = 100
_LEASE = seconds(5)


async def send_queued(ctx: Context) -> None:
    """Send what is queued, one instance at a time."""
    if not await ctx.store.find(SENT, state="QUEUED", limit=1):
        return
    try:
        lease = await ctx.lock.acquire("notification.send", _LEASE)
    except LockUnavailable:
        return
    await _send_all(ctx)
    # Not in a `finally`: a lease left behind ends by itself.
    await ctx.lock.release("notification.send", lease)


async def forget(ctx: Context) -> None:
    """Drop the notes of messages too old to be told again; looks a few minutes further back."""
    horizon = (ctx.clock.now() - ctx.config.get(KEEP_FOR)) // MINUTE

    async def work(tx: Transaction) -> None:
        for message in await tx.find(SENT, minute=minute):
            if message.state != "QUEUED":
                tx.delete(SENT, message.id)

    for minute in range(horizon - 3, horizon):
        if await ctx.store.find(SENT, minute=minute, limit=1):
            await ctx.store.transact(work)


async def _send_all(ctx: Context) -> None:
    queued = await ctx.store.find(SENT, state="QUEUED")
    settled: list[tuple[str, SentState]] = []
    for message in queued:
        state = await _send(ctx, message)
        if state != "QUEUED":
            settled.append((message.id, state))
        if len(settled) == _BATCH:
            await _settle(ctx, settled)
            settled = []
    await _settle(ctx, settled)


async def _settle(ctx: Context, settled: list[tuple[str, SentState]]) -> None:
    async def work(tx: Transaction) -> None:
        for message_id, state in settled:
            message = await tx.get(SENT, message_id)
            if message is not None and message.state == "QUEUED":
                tx.put(SENT, dataclasses.replace(message, state=state, values=()))

    if settled:
        await ctx.store.transact(work)


async def _send(ctx: Context, message: Sent) -> SentState:
    """Hand a message over, if its address is known; give up on it when it waited too long for one."""
    contact = await ctx.store.get(CONTACTS, message.user_id) or Contact(message.user_id)
    address = address_for(message.channel, user_id=message.user_id, email=contact.email, phone=contact.phone)
    now = ctx.clock.now()
    if not address:
        late = now - message.queued_at > ctx.config.get(WAIT_FOR_ADDRESS)
        return "UNDELIVERABLE" if late else "QUEUED"
    values = {"name": contact.name or "customer", "email": contact.email, **dict(message.values)}
    text = render(TEMPLATES[message.template], message.channel, values)
    await ctx.documents.add(
        MESSAGES,
        {
            "message_id": message.id,
            "user_id": message.user_id,
            "channel": message.channel,
            "address": address,
            "template": message.template,
            "subject": text.subject,
            "body": text.body,
            "sent_at": now,
        },
    )
    return "SENT"
