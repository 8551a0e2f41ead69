from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from msa_lab.sdk import CallFailure, Context, DomainError, Instant, Money, Setting, Transaction
from services.payment.api import RECEIVE_WEBHOOK, ReceiveWebhook
from services.psp.api import (
    Account,
    CancelIntent,
    CaptureIntent,
    CaptureMade,
    CardRefused,
    CreateIntent,
    FindReference,
    IntentNotFound,
    IntentView,
    NotCapturable,
    ReferenceClosed,
    RefundMade,
    RefundReference,
)
from services.psp.domain import ATTEMPTS_REFUSED, leading, next_try, refusal, signature
from services.psp.store import (
    CAPTURES,
    DELIVERIES,
    INTENTS,
    LEDGERS,
    REFUNDS,
    CaptureRecord,
    Delivery,
    Intent,
    Ledger,
    NoticeType,
    Refund,
)

WEBHOOK_SECRET = Setting("psp.webhook_secret", "whsec_lab", "the secret that notices are signed with")
BATCH = 32


async def create_intent(ctx: Context, request: CreateIntent) -> IntentView:
    reason = refusal(request.card)
    intent = Intent(
        id=ctx.ids.new("pi"), reference=request.reference, order_id=request.order_id, amount=request.amount,
        card=request.card, status="AUTHORIZED" if reason is None else "DECLINED", reason=reason or "",
        created_at=ctx.clock.now(),
    )  # fmt: skip
    notice = _notice(ctx, intent, "intent.authorized" if reason is None else "intent.declined", intent.amount)

    async def hold(tx: Transaction) -> IntentView:
        ledger = await tx.get(LEDGERS, request.reference)
        if ledger is None:
            nothing = Money(0, request.amount.currency)
            ledger = Ledger(request.reference, request.order_id, captured=nothing, refunded=nothing)
        if ledger.closed:
            raise ReferenceClosed
        tx.put(LEDGERS, ledger)
        tx.insert(INTENTS, intent)
        tx.insert(DELIVERIES, notice)
        return IntentView(intent.id, intent.reference, intent.status, intent.amount)

    # A refusal must not be kept as the key's reply: a retry is to be refused again.
    view = await ctx.store.transact(hold, final=reason is None)
    if reason is not None:
        raise CardRefused(reason)
    return view


async def capture(ctx: Context, request: CaptureIntent) -> CaptureMade:
    capture_id, notice_id, now = ctx.ids.new("ch"), ctx.ids.new("evt"), ctx.clock.now()

    async def take(tx: Transaction) -> CaptureMade:
        intent = await tx.get(INTENTS, request.intent_id)
        if intent is None:
            raise IntentNotFound
        ledger = await tx.get(LEDGERS, intent.reference)
        if ledger is None or ledger.closed or intent.status not in ("AUTHORIZED", "CAPTURED"):
            raise NotCapturable
        tx.put(LEDGERS, replace(ledger, captured=ledger.captured + request.amount))
        tx.put(INTENTS, replace(intent, status="CAPTURED"))
        tx.insert(
            CAPTURES,
            CaptureRecord(capture_id, intent.id, intent.reference, intent.order_id, request.amount),
        )
        tx.insert(
            DELIVERIES,
            Delivery(
                notice_id,
                "intent.captured",
                intent.reference,
                intent.order_id,
                intent.id,
                request.amount,
                now,
            ),
        )
        return CaptureMade(capture_id, request.amount)

    return await ctx.store.transact(take)


async def cancel_intent(ctx: Context, request: CancelIntent) -> Account:
    async def close(tx: Transaction) -> Account:
        ledger = await tx.get(LEDGERS, request.reference) or Ledger(request.reference)
        ledger = replace(ledger, closed=True)
        tx.put(LEDGERS, ledger)
        intents = []
        for intent in await tx.find(INTENTS, reference=request.reference):
            if intent.status != "AUTHORIZED":
                intents.append(intent)
                continue
            voided = replace(intent, status="CANCELED")
            tx.put(INTENTS, voided)
            tx.insert(DELIVERIES, _notice(ctx, voided, "intent.canceled", voided.amount))
            intents.append(voided)
        return account(ledger, intents)

    return await ctx.store.transact(close)


async def refund(ctx: Context, request: RefundReference) -> RefundMade:
    refund_id, notice_id, now = ctx.ids.new("re"), ctx.ids.new("evt"), ctx.clock.now()

    async def give_back(tx: Transaction) -> RefundMade:
        ledger = await tx.get(LEDGERS, request.reference)
        if ledger is None or ledger.captured <= ledger.refunded:
            return RefundMade("", Money(0) if ledger is None else Money(0, ledger.captured.currency))
        owed = ledger.captured - ledger.refunded
        tx.put(LEDGERS, replace(ledger, refunded=ledger.captured))
        tx.insert(REFUNDS, Refund(refund_id, ledger.reference, ledger.order_id, owed))
        tx.insert(
            DELIVERIES,
            Delivery(notice_id, "refund.succeeded", ledger.reference, ledger.order_id, "", owed, now),
        )
        return RefundMade(refund_id, owed)

    return await ctx.store.transact(give_back)


async def find(ctx: Context, request: FindReference) -> Account:
    ledger = await ctx.store.get(LEDGERS, request.reference) or Ledger(request.reference)
    return account(ledger, await ctx.store.find(INTENTS, reference=request.reference))


async def deliver_webhooks(ctx: Context) -> None:
    """Send the notices that are due, side by side; at least once each, in no promised order."""
    due = await ctx.store.find(DELIVERIES, state="DUE", until=("due_at", ctx.clock.now()), limit=BATCH)
    if not due:
        return
    outcomes = await ctx.gather(*[_deliver(ctx, delivery) for delivery in due])

    async def settle(tx: Transaction) -> None:
        for delivery, after in zip(due, outcomes, strict=True):
            if await tx.get(DELIVERIES, delivery.id) != delivery:
                continue  # another instance was faster
            if after is None:
                tx.delete(DELIVERIES, delivery.id)
            else:
                tx.put(DELIVERIES, after)

    await ctx.store.transact(settle)


async def _deliver(ctx: Context, delivery: Delivery) -> Delivery | None:
    """Send one notice; give the row as it is to stay, None when the merchant took it."""
    payload = json.dumps(
        {
            "id": delivery.id,
            "type": delivery.type,
            "reference": delivery.reference,
            "order_id": delivery.order_id,
            "intent_id": delivery.intent_id,
            "amount": delivery.amount.minor,
            "currency": delivery.amount.currency,
        }
    )
    signed = signature(payload, ctx.config.get(WEBHOOK_SECRET), ctx.clock.now())
    try:
        await ctx.call(RECEIVE_WEBHOOK, ReceiveWebhook(payload, signed))
    except (CallFailure, DomainError) as failure:
        attempts = delivery.attempts + 1
        given_up = isinstance(failure, DomainError) and attempts >= ATTEMPTS_REFUSED
        due_at = Instant(ctx.clock.now() + next_try(attempts))
        return replace(delivery, attempts=attempts, due_at=due_at, state="FAILED" if given_up else "DUE")
    return None


def account(ledger: Ledger, intents: Sequence[Intent]) -> Account:
    """Sum up what happened under a reference."""
    held = Money(0, ledger.captured.currency)
    for intent in intents:
        if intent.status == "AUTHORIZED":
            held = held + intent.amount
    position = leading([intent.status for intent in intents])
    return Account(
        reference=ledger.reference,
        status="NONE" if position is None else intents[position].status,
        intent_id="" if position is None else intents[position].id,
        captured=ledger.captured,
        refunded=ledger.refunded,
        held=held,
        closed=ledger.closed,
    )


def _notice(ctx: Context, intent: Intent, notice: NoticeType, amount: Money) -> Delivery:
    return Delivery(
        ctx.ids.new("evt"), notice, intent.reference, intent.order_id, intent.id, amount, ctx.clock.now()
    )
