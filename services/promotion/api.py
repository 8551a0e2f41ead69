"""What the promotion service promises: quotes of discounts, and redemptions that hold under contention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from msa_lab.sdk import DomainError, NotFound, Operation, event
from msa_lab.sdk.values import Duration, Instant, Money
from services.order.api import OrderId, OrderLine, OrderSnapshot

Code = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
BasisPoints = Annotated[int, Field(ge=1, le=10_000)]


class CouponUnknown(NotFound):
    """There is no such coupon."""


class CouponNotYetValid(DomainError):
    """The coupon is not valid yet."""


class CouponExpired(DomainError):
    """The coupon is no longer valid."""


class CouponUsedUp(DomainError):
    """The coupon has been used as often as it may be."""


class CouponAlreadyUsed(DomainError):
    """You have used this coupon as often as you may."""


class BelowMinimum(DomainError):
    """The cart is not worth enough for this coupon."""


class OrderClosed(DomainError):
    """The order is over; it cannot redeem a coupon any more."""


class CodeTaken(DomainError):
    """Another promotion has that code."""


class InvalidRule(DomainError):
    """Give either a percentage or an amount, and a window that ends after it starts."""

    status: ClassVar[int] = 422


@dataclass(frozen=True, slots=True)
class CreateCoupon:
    """A coupon takes off `basis_points` (hundredths of a percent) or a fixed `amount`: exactly one of them.

    `at_most` caps a percentage. `max_uses` None: no limit; `per_user` 0: no limit. The window runs from
    `starts_at` to `ends_at` (None: for ever). A coupon that is not `stackable` takes the place of the
    campaigns that run instead of adding to them.
    """

    code: Code
    basis_points: BasisPoints | None = None
    amount: Money | None = None
    at_most: Money | None = None
    minimum: Money = Money(0)
    max_uses: Annotated[int, Field(ge=0)] | None = None
    per_user: Annotated[int, Field(ge=0)] = 0
    starts_at: Instant = Instant(0)
    ends_at: Instant | None = None
    stackable: bool = True


@dataclass(frozen=True, slots=True)
class CouponView:
    code: str
    max_uses: int | None
    uses: int


@dataclass(frozen=True, slots=True)
class CreateCampaign:
    """A discount for everybody while it runs, without a code; starts now and lasts `lasting`."""

    id: Code
    title: Annotated[str, Field(min_length=1, max_length=200)]
    lasting: Annotated[Duration, Field(gt=0)]
    basis_points: BasisPoints | None = None
    amount: Money | None = None
    at_most: Money | None = None
    minimum: Money = Money(0)


@dataclass(frozen=True, slots=True)
class CampaignView:
    id: str
    title: str
    starts_at: Instant
    ends_at: Instant


@dataclass(frozen=True, slots=True)
class QuoteDiscount:
    lines: tuple[OrderLine, ...]
    coupon: Code | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One promotion that applied, and what it takes off."""

    promotion: str
    off: Money


@dataclass(frozen=True, slots=True)
class DiscountQuote:
    """`parts` splits the discount over the lines to the cent."""

    subtotal: Money
    discount: Money
    reasons: tuple[Reason, ...]
    parts: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class RedeemCoupon:
    """Without a coupon only the campaigns that run apply."""

    order_id: OrderId
    user_id: str
    subtotal: Money
    coupon: Code | None = None


@dataclass(frozen=True, slots=True)
class CouponRedeemed:
    order_id: str
    discount: Money
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class ReleaseCoupon:
    order_id: OrderId


@dataclass(frozen=True, slots=True)
class CouponReleased:
    order_id: str


@dataclass(frozen=True, slots=True)
class ReportUse:
    code: Code


@dataclass(frozen=True, slots=True)
class UseReport:
    """What a coupon brought about: orders that hold it, orders that gave it back, money taken off."""

    code: str
    redeemed: int
    released: int
    discount: Money


REFUSALS: tuple[type[DomainError], ...] = (
    CouponUnknown,
    CouponNotYetValid,
    CouponExpired,
    CouponUsedUp,
    CouponAlreadyUsed,
    BelowMinimum,
)
"""Why a coupon does not count."""

CREATE_COUPON = Operation(
    "promotion.create_coupon", "POST", "/coupons", CreateCoupon, CouponView,
    errors=(CodeTaken, InvalidRule), access="admin", keyed=True, summary="Make a coupon.",
)  # fmt: skip
CREATE_CAMPAIGN = Operation(
    "promotion.create_campaign", "POST", "/campaigns", CreateCampaign, CampaignView,
    errors=(CodeTaken, InvalidRule), access="admin", keyed=True, summary="Start a campaign.",
)  # fmt: skip
QUOTE = Operation(
    "promotion.quote", "POST", "/coupons/quote", QuoteDiscount, DiscountQuote,
    errors=REFUSALS, access="public", summary="Tell what a coupon would take off.",
)  # fmt: skip
REDEEM = Operation(
    "promotion.redeem", "POST", "/redemptions", RedeemCoupon, CouponRedeemed,
    errors=(*REFUSALS, OrderClosed), keyed=True, summary="Use a coupon for an order.",
)  # fmt: skip
RELEASE = Operation(
    "promotion.release", "POST", "/redemptions/release", ReleaseCoupon, CouponReleased,
    keyed=True, summary="Give an order's coupon back.",
)  # fmt: skip
REPORT = Operation(
    "promotion.report", "GET", "/coupons/{code}/report", ReportUse, UseReport,
    errors=(CouponUnknown,), access="admin", summary="Tell how a coupon was used.",
)  # fmt: skip


@event("promotion.redeemed", key="order_id")
@dataclass(frozen=True, slots=True)
class PromotionRedeemed:
    """The discount of the snapshot is filled."""

    order: OrderSnapshot

    @property
    def order_id(self) -> str:
        """The ordering key."""
        return self.order.order_id


@event("promotion.rejected", key="order_id")
@dataclass(frozen=True, slots=True)
class PromotionRejected:
    order_id: str
    reason: str


@event("promotion.released", key="order_id")
@dataclass(frozen=True, slots=True)
class PromotionReleased:
    order_id: str
