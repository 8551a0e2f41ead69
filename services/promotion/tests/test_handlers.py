from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from msa_lab.sdk import DomainError, Money, Transaction
from msa_lab.sdk.failures import StoreUnavailable
from msa_lab.sdk.testing import FakeContext, FakeStore, run
from msa_lab.sdk.values import Instant, seconds
from services.cart.api import CartFrozen
from services.order.api import OrderCancelled, OrderLine, OrderReturned, OrderSnapshot
from services.promotion.api import (
    BelowMinimum,
    CodeTaken,
    CouponAlreadyUsed,
    CouponExpired,
    CouponRedeemed,
    CouponUnknown,
    CouponUsedUp,
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
from services.promotion.handlers import (
    CouponGiven,
    create_campaign,
    create_coupon,
    end_campaigns,
    give_coupons,
    quote,
    redeem,
    redeem_when_frozen,
    release,
    release_when_cancelled,
    release_when_returned,
    report,
)
from services.promotion.spec import SPEC
from services.promotion.store import CAMPAIGNS, COUPONS

T = TypeVar("T")
CUP = OrderLine("CUP", "Cup", 3, Money(1000))
SPOON = OrderLine("SPOON", "Spoon", 1, Money(1000))
ORDER = OrderSnapshot(
    "ord-1", "ann", (CUP, SPOON), "SPRING", "tok_ok", "DE", Money(4000), Money(0), Money(490)
)  # fmt: skip


def context(**terms: Any) -> FakeContext:  # noqa: ANN401 - the terms of a coupon
    ctx = FakeContext(SPEC, subject="ann")
    run(create_coupon(ctx, CreateCoupon("SPRING", **({"basis_points": 1_000} | terms))))
    return ctx


def asked(order_id: str, user_id: str = "ann") -> RedeemCoupon:
    return RedeemCoupon(order_id, user_id, Money(4000), "SPRING")


def observed(ctx: FakeContext, name: str, entity: str) -> dict[str, int]:
    (observable,) = [each for each in SPEC.observables if (each.name, each.entity) == (name, entity)]
    assert observable.measure is not None
    sums: dict[str, int] = {}
    for record in ctx.store.all(observable.table):
        key = observable.key(record)
        if key is not None:
            sums[key] = sums.get(key, 0) + observable.measure(record)
    return sums


def test_redeeming_gives_the_discount_and_counts_the_use() -> None:
    ctx = context(max_uses=2)

    redeemed = run(redeem(ctx, asked("ord-1")))

    assert redeemed == CouponRedeemed("ord-1", Money(400), (Reason("SPRING", Money(400)),))
    assert run(report(ctx, ReportUse("SPRING"))) == UseReport("SPRING", 1, 0, Money(400))


def test_redeeming_again_for_the_same_order_uses_the_coupon_once() -> None:
    ctx = context(max_uses=1)

    first = run(redeem(ctx, asked("ord-1")))

    assert run(redeem(ctx, asked("ord-1"))) == first
    assert run(report(ctx, ReportUse("SPRING"))).redeemed == 1


def test_a_coupon_is_used_up_at_its_limit_and_free_again_once_given_back() -> None:
    ctx = context(max_uses=1)
    run(redeem(ctx, asked("ord-1")))
    with pytest.raises(CouponUsedUp):
        run(redeem(ctx, asked("ord-2", "bob")))

    run(release(ctx, ReleaseCoupon("ord-1")))
    run(release(ctx, ReleaseCoupon("ord-1")))

    assert run(redeem(ctx, asked("ord-3", "bob"))).discount == Money(400)
    assert run(report(ctx, ReportUse("SPRING"))) == UseReport("SPRING", 1, 1, Money(400))


def test_a_user_may_use_a_coupon_only_as_often_as_it_says() -> None:
    ctx = context(per_user=1)
    run(redeem(ctx, asked("ord-1", "ann")))

    with pytest.raises(CouponAlreadyUsed):
        run(redeem(ctx, asked("ord-2", "ann")))
    assert run(redeem(ctx, asked("ord-3", "bob"))).discount == Money(400)


class OvertakenStore(FakeStore):
    """Lets a rival commit after the first transaction has done its work and before it commits."""

    rival: Callable[[], Awaitable[object]] | None = None

    async def transact(
        self, work: Callable[[Transaction], Awaitable[T]], *, final: bool = True, attempts: int = 8
    ) -> T:
        async def overtaken(tx: Transaction) -> T:
            result = await work(tx)
            rival, self.rival = self.rival, None
            if rival is not None:
                await rival()
            return result

        return await super().transact(overtaken, final=final, attempts=attempts)


@pytest.mark.parametrize(
    ("terms", "rival", "refused"),
    [({"max_uses": 1}, "bob", CouponUsedUp), ({"per_user": 1}, "ann", CouponAlreadyUsed)],
)
def test_of_two_orders_after_the_last_use_at_once_only_one_gets_it(
    terms: dict[str, int], rival: str, refused: type[DomainError]
) -> None:
    ctx = FakeContext(SPEC)
    ctx.store = store = OvertakenStore(SPEC.tables, ctx.published)
    run(create_coupon(ctx, CreateCoupon("SPRING", basis_points=1_000, **terms)))  # type: ignore[arg-type] # limits only
    store.rival = lambda: redeem(ctx, asked("ord-2", rival))

    with pytest.raises(refused):
        run(redeem(ctx, asked("ord-1", "ann")))
    assert [coupon.uses for coupon in store.all(COUPONS)] == [1]


def test_a_release_before_the_redemption_bars_it() -> None:
    ctx = context()

    run(release(ctx, ReleaseCoupon("ord-1")))

    with pytest.raises(OrderClosed):
        run(redeem(ctx, asked("ord-1")))
    assert run(report(ctx, ReportUse("SPRING"))) == UseReport("SPRING", 0, 0, Money(0))


@pytest.mark.parametrize(
    ("terms", "refused"),
    [({"minimum": Money(4001)}, BelowMinimum), ({"ends_at": Instant(seconds(1))}, CouponExpired)],
)
def test_a_coupon_outside_its_terms_is_refused_and_not_counted(
    terms: dict[str, Any], refused: type[DomainError]
) -> None:
    ctx = context(**terms)
    ctx.clock.instant = Instant(seconds(1))

    with pytest.raises(refused):
        run(redeem(ctx, asked("ord-1")))
    assert run(report(ctx, ReportUse("SPRING"))).redeemed == 0


def test_an_unknown_coupon_is_refused() -> None:
    with pytest.raises(CouponUnknown):
        run(redeem(FakeContext(SPEC), asked("ord-1")))


def test_terms_must_make_sense_and_codes_be_free() -> None:
    ctx = context()

    with pytest.raises(InvalidRule, match="either basis_points or amount"):
        run(create_coupon(ctx, CreateCoupon("BOTH", basis_points=1, amount=Money(1))))
    with pytest.raises(CodeTaken):
        run(create_coupon(ctx, CreateCoupon("SPRING", basis_points=1)))
    with pytest.raises(CodeTaken):
        run(create_campaign(ctx, CreateCampaign("SPRING", "Sale", seconds(1), basis_points=1)))


def test_a_campaign_applies_to_everybody_while_it_runs() -> None:
    ctx = context()
    run(create_campaign(ctx, CreateCampaign("SALE", "Half price", seconds(10), basis_points=5_000)))

    both = run(redeem(ctx, asked("ord-1")))
    assert both.reasons == (Reason("SALE", Money(2000)), Reason("SPRING", Money(200)))
    assert run(redeem(ctx, RedeemCoupon("ord-2", "bob", Money(4000)))).discount == Money(2000)

    ctx.clock.instant = Instant(seconds(10))
    assert run(redeem(ctx, RedeemCoupon("ord-3", "bob", Money(4000)))).discount == Money(0)


def test_the_job_ends_campaigns_that_are_over_and_no_others() -> None:
    ctx = context()
    run(create_campaign(ctx, CreateCampaign("SHORT", "Flash", seconds(1), basis_points=1)))
    run(create_campaign(ctx, CreateCampaign("LONG", "Sale", seconds(9), basis_points=1)))
    ctx.clock.instant = Instant(seconds(2))

    run(end_campaigns(ctx))

    states = {campaign.id: campaign.state for campaign in ctx.store.all(CAMPAIGNS)}
    assert states == {"LONG": "OPEN", "SHORT": "ENDED"}


def test_a_quote_splits_the_discount_over_the_lines_and_uses_nothing() -> None:
    ctx = context(max_uses=1)

    quoted = run(quote(ctx, QuoteDiscount((CUP, SPOON), "SPRING")))

    assert quoted == DiscountQuote(
        Money(4000), Money(400), (Reason("SPRING", Money(400)),), (Money(300), Money(100))
    )
    assert run(report(ctx, ReportUse("SPRING"))).redeemed == 0


def test_a_scenario_gives_coupons_in_percent_or_cents() -> None:
    ctx = FakeContext(SPEC)

    run(give_coupons(ctx, (CouponGiven("TENTH", percent=10), CouponGiven("FIVE", amount=500, max_uses=3))))

    assert run(redeem(ctx, RedeemCoupon("ord-1", "ann", Money(4000), "TENTH"))).discount == Money(400)
    assert run(redeem(ctx, RedeemCoupon("ord-2", "ann", Money(4000), "FIVE"))).discount == Money(500)


def test_a_returned_order_gives_its_coupon_back() -> None:
    ctx = context(max_uses=1)
    run(redeem(ctx, asked("ord-1")))

    run(release_when_returned(ctx, OrderReturned("ord-1", "ann", Money(4000))))

    assert run(report(ctx, ReportUse("SPRING"))).redeemed == 0
    assert ctx.published == []


def test_choreographed_a_frozen_cart_gets_its_discount() -> None:
    ctx = context()

    run(redeem_when_frozen(ctx, CartFrozen(ORDER)))

    (published,) = ctx.published
    assert isinstance(published, PromotionRedeemed)
    assert published.order.discount == Money(400)
    assert published.order.total == Money(4090)


def test_choreographed_a_refused_coupon_is_said_to_be_the_reason() -> None:
    ctx = context(max_uses=0)

    run(redeem_when_frozen(ctx, CartFrozen(ORDER)))

    assert ctx.published == [PromotionRejected("ord-1", "coupon-used-up")]


def test_choreographed_a_cancellation_is_answered_and_bars_the_order() -> None:
    ctx = context()

    run(release_when_cancelled(ctx, OrderCancelled("ord-1", "ann", "stuck")))
    run(redeem_when_frozen(ctx, CartFrozen(ORDER)))

    assert ctx.published == [PromotionReleased("ord-1")]


def test_what_can_be_observed_of_coupons() -> None:
    ctx = context(max_uses=7)
    run(create_coupon(ctx, CreateCoupon("FREE", basis_points=1)))
    run(redeem(ctx, asked("ord-1")))
    run(redeem(ctx, asked("ord-2")))
    run(redeem(ctx, RedeemCoupon("ord-3", "bob", Money(4000))))
    run(release(ctx, ReleaseCoupon("ord-2")))

    assert observed(ctx, "promotion.redeemed", "order") == {"ord-1": 1, "ord-2": 0, "ord-3": 0}
    assert observed(ctx, "promotion.uses", "coupon") == {"SPRING": 1}
    assert observed(ctx, "promotion.limit", "coupon") == {"FREE": 1_000_000_000, "SPRING": 7}


def test_an_order_without_a_coupon_has_none_to_give_back() -> None:
    ctx = context()
    run(redeem(ctx, RedeemCoupon("ord-1", "ann", Money(4000))))

    run(release(ctx, ReleaseCoupon("ord-1")))

    with pytest.raises(OrderClosed):
        run(redeem(ctx, RedeemCoupon("ord-1", "ann", Money(4000))))
    assert run(report(ctx, ReportUse("SPRING"))) == UseReport("SPRING", 0, 0, Money(0))


def test_nothing_can_be_told_of_a_coupon_that_is_unknown() -> None:
    with pytest.raises(CouponUnknown):
        run(report(FakeContext(SPEC), ReportUse("WINTER")))


def test_the_job_has_nothing_to_do_while_no_campaign_is_over() -> None:
    ctx = context()
    ctx.store.failures = [StoreUnavailable()]

    run(end_campaigns(ctx))

    assert len(ctx.store.failures) == 1, "it committed nothing"
