from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from msa_lab.sdk import Context, DomainError, Money, Transaction
from msa_lab.sdk.ports import Reader
from msa_lab.sdk.values import Instant, after
from services.cart.api import CartFrozen
from services.order.api import OrderCancelled, OrderReturned
from services.promotion.api import (
    BelowMinimum,
    CampaignView,
    Code,
    CodeTaken,
    CouponAlreadyUsed,
    CouponExpired,
    CouponNotYetValid,
    CouponRedeemed,
    CouponReleased,
    CouponUnknown,
    CouponUsedUp,
    CouponView,
    CreateCampaign,
    CreateCoupon,
    DiscountQuote,
    InvalidRule,
    OrderClosed,
    PromotionRedeemed,
    PromotionRejected,
    PromotionReleased,
    QuoteDiscount,
    Reason,
    RedeemCoupon,
    ReleaseCoupon,
    ReportUse,
    UseReport,
)
from services.promotion.domain import (
    Applied,
    Limits,
    Offer,
    Refusal,
    Rule,
    Window,
    apply,
    discount,
    flaw,
    refusal,
    split,
)
from services.promotion.store import CAMPAIGNS, COUPONS, REDEMPTIONS, Campaign, Coupon, Redemption

REFUSED: dict[Refusal, type[DomainError]] = {
    "not-yet-valid": CouponNotYetValid,
    "expired": CouponExpired,
    "used-up": CouponUsedUp,
    "already-used": CouponAlreadyUsed,
    "below-minimum": BelowMinimum,
}
CONTENDED = 32
"""Tries of a transaction on a coupon that everybody wants at once; each round one of them wins."""


async def create_coupon(ctx: Context, request: CreateCoupon) -> CouponView:
    rule = Rule(request.basis_points, request.amount, request.at_most, request.minimum)
    window = Window(request.starts_at, request.ends_at)
    _check(rule, window)

    async def work(tx: Transaction) -> CouponView:
        await _check_free(tx, request.code)
        limits = Limits(request.max_uses, request.per_user)
        tx.insert(COUPONS, Coupon(request.code, rule, window, limits, request.stackable))
        return CouponView(request.code, request.max_uses, 0)

    return await ctx.store.transact(work)


async def create_campaign(ctx: Context, request: CreateCampaign) -> CampaignView:
    now = ctx.clock.now()
    rule = Rule(request.basis_points, request.amount, request.at_most, request.minimum)
    ends_at = after(now, request.lasting)
    window = Window(now, ends_at)
    _check(rule, window)

    async def work(tx: Transaction) -> CampaignView:
        await _check_free(tx, request.id)
        tx.insert(CAMPAIGNS, Campaign(request.id, request.title, rule, window, ends_at))
        return CampaignView(request.id, request.title, now, ends_at)

    return await ctx.store.transact(work)


async def quote(ctx: Context, request: QuoteDiscount) -> DiscountQuote:
    amounts = [line.amount for line in request.lines]
    subtotal = sum(amounts, Money(0))
    now = ctx.clock.now()
    _coupon, applied = await _applied(ctx.store, request.coupon, ctx.caller.subject, subtotal, now)
    off = discount(applied)
    return DiscountQuote(subtotal, off, _reasons(applied), split(off, amounts))


async def redeem(ctx: Context, request: RedeemCoupon) -> CouponRedeemed:
    now = ctx.clock.now()

    async def work(tx: Transaction) -> CouponRedeemed:
        return await _redeem(tx, request, now)

    return await ctx.store.transact(work, attempts=CONTENDED)


async def redeem_when_frozen(ctx: Context, event: CartFrozen) -> None:
    order = event.order
    now = ctx.clock.now()
    request = RedeemCoupon(order.order_id, order.user_id, order.subtotal, order.coupon)

    async def work(tx: Transaction) -> None:
        try:
            redeemed = await _redeem(tx, request, now)
        except OrderClosed:
            return  # the cancellation overtook this event; it has been answered
        except DomainError as refused:
            tx.publish(PromotionRejected(order.order_id, refused.code))
        else:
            tx.publish(PromotionRedeemed(replace(order, discount=redeemed.discount)))

    await ctx.store.transact(work, attempts=CONTENDED)


async def _redeem(tx: Transaction, request: RedeemCoupon, now: Instant) -> CouponRedeemed:
    held = await tx.get(REDEMPTIONS, request.order_id)
    if held is None:
        coupon, applied = await _applied(tx, request.coupon, request.user_id, request.subtotal, now)
        off = discount(applied)
        if coupon is not None:
            own = applied[-1].off
            tx.put(COUPONS, replace(coupon, uses=coupon.uses + 1, discounted=coupon.discounted + own))
        reasons = tuple([(each.name, each.off) for each in applied])
        held = Redemption(request.order_id, request.user_id, request.coupon, off, reasons, "REDEEMED")
        tx.put(REDEMPTIONS, held)
    elif held.state == "RELEASED":
        raise OrderClosed
    return CouponRedeemed(held.id, held.discount, tuple([Reason(*each) for each in held.reasons]))


async def release(ctx: Context, request: ReleaseCoupon) -> CouponReleased:
    async def work(tx: Transaction) -> CouponReleased:
        await _release(tx, request.order_id)
        return CouponReleased(request.order_id)

    return await ctx.store.transact(work, attempts=CONTENDED)


async def release_when_cancelled(ctx: Context, event: OrderCancelled) -> None:
    async def work(tx: Transaction) -> None:
        await _release(tx, event.order_id)
        tx.publish(PromotionReleased(event.order_id))

    await ctx.store.transact(work, attempts=CONTENDED)


async def release_when_returned(ctx: Context, event: OrderReturned) -> None:
    async def work(tx: Transaction) -> None:
        await _release(tx, event.order_id)

    await ctx.store.transact(work, attempts=CONTENDED)


async def _release(tx: Transaction, order_id: str) -> None:
    held = await tx.get(REDEMPTIONS, order_id)
    if held is None:
        tx.put(REDEMPTIONS, Redemption(order_id, "", None, Money(0), (), "RELEASED"))
        return
    if held.state == "RELEASED":
        return
    tx.put(REDEMPTIONS, replace(held, state="RELEASED"))
    if held.code is None:
        return
    coupon = await tx.get(COUPONS, held.code)
    if coupon is not None:
        _name, own = held.reasons[-1]
        tx.put(
            COUPONS,
            replace(
                coupon,
                uses=coupon.uses - 1,
                released=coupon.released + 1,
                discounted=coupon.discounted - own,
            ),
        )


async def report(ctx: Context, request: ReportUse) -> UseReport:
    coupon = await ctx.store.get(COUPONS, request.code)
    if coupon is None:
        raise CouponUnknown(code=request.code)
    return UseReport(coupon.id, coupon.uses, coupon.released, coupon.discounted)


async def end_campaigns(ctx: Context) -> None:
    now = ctx.clock.now()

    async def work(tx: Transaction) -> None:
        for campaign in await tx.find(CAMPAIGNS, state="OPEN", until=("ends_at", now)):
            tx.put(CAMPAIGNS, replace(campaign, state="ENDED"))

    if await ctx.store.find(CAMPAIGNS, state="OPEN", until=("ends_at", now), limit=1):
        await ctx.store.transact(work)


@dataclass(frozen=True, slots=True)
class CouponGiven:
    """A coupon of a scenario: `percent` or `amount` off; `amount` and `minimum` in minor units."""

    code: Code
    percent: Annotated[int, Field(ge=1, le=100)] | None = None
    amount: Annotated[int, Field(ge=1)] | None = None
    max_uses: Annotated[int, Field(ge=0)] | None = None
    per_user: Annotated[int, Field(ge=0)] = 0
    minimum: Annotated[int, Field(ge=0)] = 0
    stackable: bool = True


def for_everybody(given: Sequence[CouponGiven]) -> tuple[CouponGiven, ...]:
    """Give coupons that anybody may use as often as they like."""
    return tuple(replace(each, max_uses=None, per_user=0) for each in given)


async def give_coupons(ctx: Context, given: Sequence[CouponGiven]) -> None:
    for each in given:
        await create_coupon(
            ctx,
            CreateCoupon(
                each.code,
                basis_points=None if each.percent is None else each.percent * 100,
                amount=None if each.amount is None else Money(each.amount),
                minimum=Money(each.minimum),
                max_uses=each.max_uses,
                per_user=each.per_user,
                stackable=each.stackable,
            ),
        )


async def _applied(
    reader: Reader, code: str | None, user_id: str, subtotal: Money, now: Instant
) -> tuple[Coupon | None, tuple[Applied, ...]]:
    """Find what counts for a cart of that worth; raises the refusal of the coupon."""
    campaigns = [
        Offer(campaign.id, campaign.rule)
        for campaign in await reader.find(CAMPAIGNS, state="OPEN")
        if campaign.window.open(now)
    ]
    if code is None:
        return None, apply(subtotal, campaigns)
    coupon = await reader.get(COUPONS, code)
    if coupon is None:
        raise CouponUnknown(code=code)
    by_user = 0
    if coupon.limits.per_user and user_id:
        held = await reader.find(REDEMPTIONS, user_id=user_id, code=code, state="REDEEMED")
        by_user = len(held)
    refused = refusal(
        coupon.rule, coupon.window, coupon.limits,
        subtotal=subtotal, now=now, uses=coupon.uses, uses_by_user=by_user,
    )  # fmt: skip
    if refused is not None:
        raise REFUSED[refused](code=code)
    offer = Offer(coupon.id, coupon.rule)
    return coupon, apply(subtotal, campaigns, offer, stackable=coupon.stackable)


def _reasons(applied: Sequence[Applied]) -> tuple[Reason, ...]:
    return tuple([Reason(each.name, each.off) for each in applied])


async def _check_free(tx: Transaction, code: str) -> None:
    if await tx.get(COUPONS, code) is not None or await tx.get(CAMPAIGNS, code) is not None:
        raise CodeTaken(code=code)


def _check(rule: Rule, window: Window) -> None:
    wrong = flaw(rule, window)
    if wrong is not None:
        raise InvalidRule(wrong)
