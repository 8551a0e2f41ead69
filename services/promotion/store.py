from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from msa_lab.sdk import Instant, Money, Table
from services.promotion.domain import Limits, Rule, Window


@dataclass(frozen=True, slots=True)
class Coupon:
    """`id` is the code. `uses` counts the redemptions that hold: the one counter that contention meets."""

    id: str
    rule: Rule
    window: Window
    limits: Limits
    stackable: bool
    uses: int = 0
    released: int = 0
    discounted: Money = Money(0)  # noqa: RUF009 - a frozen value


@dataclass(frozen=True, slots=True)
class Campaign:
    """A discount for everybody. An OPEN one may not have begun yet; a job turns it ENDED when it is over."""

    id: str
    title: str
    rule: Rule
    window: Window
    ends_at: Instant
    state: Literal["OPEN", "ENDED"] = "OPEN"


@dataclass(frozen=True, slots=True)
class Redemption:
    """What an order got; `id` is the order's id.

    RELEASED is also the tombstone of an order that was undone before it redeemed anything.
    """

    id: str
    user_id: str
    code: str | None
    discount: Money
    reasons: tuple[tuple[str, Money], ...]
    state: Literal["REDEEMED", "RELEASED"]


COUPONS: Table[Coupon] = Table("coupons", Coupon)
CAMPAIGNS: Table[Campaign] = Table("campaigns", Campaign, indexes=("state",))
REDEMPTIONS: Table[Redemption] = Table("redemptions", Redemption, indexes=("user_id",))
