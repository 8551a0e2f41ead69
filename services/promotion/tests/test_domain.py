import pytest
from hypothesis import given
from hypothesis import strategies as st

from msa_lab.sdk.values import Instant, Money, seconds
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

TENTH = Rule(1_000, None)
FIVE_EUROS = Rule(None, Money(500))
ALWAYS = Window()
MARCH = Window(Instant(seconds(10)), Instant(seconds(20)))


@pytest.mark.parametrize(
    ("rule", "price", "off"),
    [
        (TENTH, 4980, 498),
        (TENTH, 25, 2),  # half a cent goes to the even one
        (TENTH, 35, 4),
        (FIVE_EUROS, 4980, 500),
        (FIVE_EUROS, 300, 300),
        (Rule(10_000, None), 4980, 4980),
        (Rule(5_000, None, at_most=Money(1000)), 4980, 1000),
    ],
)
def test_a_rule_takes_off_its_share_and_never_more_than_there_is(rule: Rule, price: int, off: int) -> None:
    assert rule.off(Money(price)) == Money(off)


@pytest.mark.parametrize(
    ("now", "open_now", "over"), [(9, False, False), (10, True, False), (19, True, False), (20, False, True)]
)
def test_a_window_holds_its_first_instant_and_not_its_last(now: int, open_now: bool, over: bool) -> None:  # noqa: FBT001 - a table's columns
    assert MARCH.open(Instant(seconds(now))) is open_now
    assert MARCH.over(Instant(seconds(now))) is over


@pytest.mark.parametrize(
    ("rule", "window", "wrong"),
    [
        (TENTH, MARCH, None),
        (Rule(None, None), ALWAYS, "Give either basis_points or amount, not both."),
        (Rule(100, Money(1)), ALWAYS, "Give either basis_points or amount, not both."),
        (Rule(10_001, None), ALWAYS, "basis_points run from 1 to 10000."),
        (Rule(None, Money(0)), ALWAYS, "amount and at_most must be more than nothing."),
        (Rule(100, None, at_most=Money(-1)), ALWAYS, "amount and at_most must be more than nothing."),
        (Rule(100, None, minimum=Money(-1)), ALWAYS, "minimum cannot be negative."),
        (TENTH, Window(Instant(5), Instant(5)), "ends_at must be later than starts_at."),
    ],
)
def test_terms_that_make_no_sense_are_named(rule: Rule, window: Window, wrong: str | None) -> None:
    assert flaw(rule, window) == wrong


@pytest.mark.parametrize(
    ("now", "uses", "uses_by_user", "subtotal", "reason"),
    [
        (15, 0, 0, 2000, None),
        (15, 4, 0, 2000, None),
        (15, 5, 0, 2000, "used-up"),
        (15, 0, 1, 2000, "already-used"),
        (15, 0, 0, 1999, "below-minimum"),
        (9, 0, 0, 2000, "not-yet-valid"),
        (20, 5, 1, 1, "expired"),
    ],
)
def test_a_coupon_counts_within_its_terms_only(
    now: int, uses: int, uses_by_user: int, subtotal: int, reason: Refusal | None
) -> None:
    rule = Rule(1_000, None, minimum=Money(2000))
    limits = Limits(max_uses=5, per_user=1)

    assert (
        refusal(
            rule, MARCH, limits,
            subtotal=Money(subtotal), now=Instant(seconds(now)), uses=uses, uses_by_user=uses_by_user,
        )
        == reason
    )  # fmt: skip


def test_a_coupon_without_limits_never_runs_out() -> None:
    assert (
        refusal(
            TENTH, ALWAYS, Limits(), subtotal=Money(1), now=Instant(0), uses=10**6, uses_by_user=10**6
        )
        is None
    )  # fmt: skip


def test_each_promotion_takes_from_what_the_ones_before_left() -> None:
    applied = apply(Money(10_000), [Offer("SALE", Rule(5_000, None))], Offer("TENTH", TENTH))

    assert applied == (Applied("SALE", Money(5000)), Applied("TENTH", Money(500)))
    assert discount(applied) == Money(5500)


def test_a_coupon_that_does_not_stack_replaces_the_campaigns() -> None:
    applied = apply(Money(10_000), [Offer("SALE", Rule(5_000, None))], Offer("TENTH", TENTH), stackable=False)

    assert applied == (Applied("TENTH", Money(1000)),)


def test_a_campaign_below_its_minimum_is_skipped() -> None:
    assert apply(Money(999), [Offer("SALE", Rule(5_000, None, minimum=Money(1000)))]) == ()


def test_a_coupon_is_counted_even_when_nothing_is_left_for_it() -> None:
    applied = apply(Money(300), [Offer("ALL", Rule(10_000, None))], Offer("FIVE", FIVE_EUROS))

    assert applied == (Applied("ALL", Money(300)), Applied("FIVE", Money(0)))


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    if draw(st.booleans()):
        return Rule(draw(st.integers(1, 10_000)), None)
    return Rule(None, Money(draw(st.integers(1, 10_000))))


@given(st.integers(0, 10**7), st.lists(rules(), max_size=4), rules(), st.booleans())
def test_promotions_never_take_more_than_the_cart_is_worth(
    subtotal: int,
    campaigns: list[Rule],
    coupon: Rule,
    stackable: bool,  # noqa: FBT001 - drawn
) -> None:
    offers = [Offer(f"C{n}", rule) for n, rule in enumerate(campaigns)]

    applied = apply(Money(subtotal), offers, Offer("COUPON", coupon), stackable=stackable)

    assert applied[-1].name == "COUPON"
    assert all(each.off >= Money(0) for each in applied)
    assert discount(applied) <= Money(subtotal)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20), st.data())
def test_a_split_adds_up_to_the_cent_and_leaves_no_line_below_zero(
    amounts: list[int], data: st.DataObject
) -> None:
    whole = data.draw(st.integers(0, sum(amounts)))

    parts = split(Money(whole), [Money(amount) for amount in amounts])

    assert sum(part.minor for part in parts) == whole
    assert all(Money(0) <= part <= Money(amount) for part, amount in zip(parts, amounts, strict=True))


def test_a_discount_above_the_worth_of_the_lines_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="what the lines are worth"):
        split(Money(11), [Money(4), Money(6)])
