from __future__ import annotations

from msa_lab.sdk import (
    Cost,
    Fixture,
    Job,
    LogNormal,
    Observable,
    ServiceSpec,
    Uniform,
    Variant,
    ms,
    on,
    seconds,
    serve,
)
from services.cart.api import CartFrozen
from services.order.api import OrderCancelled, OrderReturned
from services.promotion import api, handlers
from services.promotion.store import CAMPAIGNS, COUPONS, REDEMPTIONS, Coupon, Redemption

READ = Cost(cpu=Uniform(ms(0.3), ms(0.7)))
WRITE = Cost(cpu=LogNormal(ms(0.6), 0.3))
HEAR = Cost(cpu=Uniform(ms(0.3), ms(0.7)))
NO_LIMIT = 1_000_000_000


def _order_of(redemption: Redemption) -> str:
    return redemption.id


def _coupon_of(redemption: Redemption) -> str | None:
    return redemption.code


def _holds(redemption: Redemption) -> int:
    return int(redemption.state == "REDEEMED" and redemption.code is not None)


def _code(coupon: Coupon) -> str:
    return coupon.id


def _limit(coupon: Coupon) -> int:
    return NO_LIMIT if coupon.limits.max_uses is None else coupon.limits.max_uses


SPEC = ServiceSpec(
    name="promotion",
    purpose="Works out discounts and keeps coupons from being used too often.",
    operations=(
        serve(api.CREATE_COUPON, handlers.create_coupon, WRITE),
        serve(api.CREATE_CAMPAIGN, handlers.create_campaign, WRITE),
        serve(api.QUOTE, handlers.quote, READ),
        serve(api.REDEEM, handlers.redeem, WRITE),
        serve(api.RELEASE, handlers.release, WRITE),
        serve(api.REPORT, handlers.report, READ),
    ),
    subscriptions=(on(OrderReturned, handlers.release_when_returned, HEAR),),
    jobs=(Job("end_campaigns", seconds(5), handlers.end_campaigns),),
    tables=(COUPONS, CAMPAIGNS, REDEMPTIONS),
    fixtures=(
        Fixture(
            "coupons",
            tuple[handlers.CouponGiven, ...],
            handlers.give_coupons,
            plenty=handlers.for_everybody,
        ),
    ),
    observables=(
        Observable(
            "promotion.redeemed", "order", REDEMPTIONS, _order_of, measure=_holds,
            purpose="1 while the order holds a coupon that counts.",
        ),
        Observable(
            "promotion.uses", "coupon", REDEMPTIONS, _coupon_of, measure=_holds,
            purpose="Orders that hold the coupon, counted one by one (not the coupon's own counter).",
        ),
        Observable(
            "promotion.limit", "coupon", COUPONS, _code, measure=_limit,
            purpose="How many orders may hold the coupon; 1000000000 when there is no limit.",
        ),
    ),
    publishes=(api.PromotionRedeemed, api.PromotionRejected, api.PromotionReleased),
    variants=(
        Variant(
            "checkout",
            "choreographed",
            subscriptions=(
                on(CartFrozen, handlers.redeem_when_frozen, HEAR),
                on(OrderCancelled, handlers.release_when_cancelled, HEAR),
            ),
        ),
    ),
)  # fmt: skip
