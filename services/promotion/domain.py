"""The discount engine: what promotions take off, whether a coupon counts, how a discount splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from msa_lab.sdk.values import Instant, Money

Refusal = Literal["not-yet-valid", "expired", "used-up", "already-used", "below-minimum"]

WHOLE = 10_000
"""Basis points of the whole."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a promotion takes off: `basis_points` of the price or a fixed `amount`; the other is None."""

    basis_points: int | None
    amount: Money | None
    at_most: Money | None = None
    minimum: Money = Money(0)

    def off(self, amount: Money) -> Money:
        """Give what comes off `amount`: never more than it, nor than `at_most`."""
        cut = amount.share(self.basis_points) if self.basis_points is not None else self.amount or Money(0)
        return min(cut, amount) if self.at_most is None else min(cut, amount, self.at_most)


@dataclass(frozen=True, slots=True)
class Window:
    """When a promotion is valid: from `starts_at`, up to but without `ends_at` (None: for ever)."""

    starts_at: Instant = Instant(0)
    ends_at: Instant | None = None

    def over(self, now: Instant) -> bool:
        """Tell whether it has ended."""
        return self.ends_at is not None and now >= self.ends_at

    def open(self, now: Instant) -> bool:
        """Tell whether it has begun and not ended."""
        return self.starts_at <= now and not self.over(now)


@dataclass(frozen=True, slots=True)
class Offer:
    """A promotion by its name and rule."""

    name: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Limits:
    """How often a coupon may be used: in all (None: no limit), and by one user (0: no limit)."""

    max_uses: int | None = None
    per_user: int = 0


@dataclass(frozen=True, slots=True)
class Applied:
    """A promotion that counts for an order, and what it takes off."""

    name: str
    off: Money


def flaw(rule: Rule, window: Window) -> str | None:
    """Say what is wrong with a promotion's terms, or None."""
    if (rule.basis_points is None) == (rule.amount is None):
        return "Give either basis_points or amount, not both."
    if rule.basis_points is not None and not 0 < rule.basis_points <= WHOLE:
        return "basis_points run from 1 to 10000."
    if any(money is not None and money.minor <= 0 for money in (rule.amount, rule.at_most)):
        return "amount and at_most must be more than nothing."
    if rule.minimum.minor < 0:
        return "minimum cannot be negative."
    if window.ends_at is not None and window.ends_at <= window.starts_at:
        return "ends_at must be later than starts_at."
    return None


def refusal(
    rule: Rule, window: Window, limits: Limits, *, subtotal: Money, now: Instant, uses: int, uses_by_user: int
) -> Refusal | None:
    """Say why a coupon does not count, or None. `uses` are those that hold, not those given back."""
    if window.over(now):
        return "expired"
    if not window.open(now):
        return "not-yet-valid"
    if limits.max_uses is not None and uses >= limits.max_uses:
        return "used-up"
    if limits.per_user and uses_by_user >= limits.per_user:
        return "already-used"
    if subtotal < rule.minimum:
        return "below-minimum"
    return None


def apply(
    subtotal: Money, campaigns: Sequence[Offer], coupon: Offer | None = None, *, stackable: bool = True
) -> tuple[Applied, ...]:
    """Apply campaigns in the order given, then the coupon, each to what the ones before have left.

    A campaign whose minimum the subtotal does not reach is skipped. A coupon that is not stackable replaces
    the campaigns; it always comes last, even when nothing is left for it. The discounts never add up to more
    than the subtotal.
    """
    offers = [offer for offer in campaigns if subtotal >= offer.rule.minimum]
    if coupon is not None:
        offers = [*(offers if stackable else ()), coupon]
    left = subtotal
    applied = []
    for offer in offers:
        off = offer.rule.off(left)
        if off.minor or offer is coupon:
            applied.append(Applied(offer.name, off))
            left -= off
    return tuple(applied)


def discount(applied: Sequence[Applied]) -> Money:
    """Add up what promotions take off."""
    return sum((each.off for each in applied), Money(0))


def split(whole: Money, amounts: Sequence[Money]) -> tuple[Money, ...]:
    """Split a discount over lines in proportion to their amounts, exact to the cent, no line below zero.

    Raises:
        ValueError: when the discount is negative or more than the lines are worth.
    """
    total = sum(amount.minor for amount in amounts)
    if not 0 <= whole.minor <= total:
        raise ValueError("a discount lies between nothing and what the lines are worth")
    if not total:
        return tuple(Money(0, whole.currency) for _ in amounts)
    return whole.allocate(tuple(amount.minor for amount in amounts))
