from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msa_lab.sdk.values import CurrencyMismatch, Money

cents = st.integers(-(10**12), 10**12)
weights = st.lists(st.integers(0, 10_000), min_size=1, max_size=12).filter(any).map(tuple)


@given(cents, weights)
def test_the_parts_add_up_to_the_whole(minor: int, shares: tuple[int, ...]) -> None:
    parts = Money(minor).allocate(shares)

    assert len(parts) == len(shares)
    assert sum(part.minor for part in parts) == minor


@given(cents, weights)
def test_each_part_is_within_a_cent_of_its_exact_share(minor: int, shares: tuple[int, ...]) -> None:
    total = sum(shares)

    for part, weight in zip(Money(minor).allocate(shares), shares, strict=True):
        assert abs(part.minor - Fraction(minor * weight, total)) < 1


@given(cents, weights)
def test_who_has_no_weight_gets_nothing(minor: int, shares: tuple[int, ...]) -> None:
    parts = Money(minor).allocate(shares)

    assert [part.minor for part, weight in zip(parts, shares, strict=True) if weight == 0] == [
        0 for weight in shares if weight == 0
    ]


@given(cents, st.integers(1, 12))
def test_equal_weights_differ_by_a_cent_at_most_and_the_earlier_get_it(minor: int, count: int) -> None:
    parts = [part.minor for part in Money(minor).allocate((1,) * count)]

    assert parts == sorted(parts, reverse=True)
    assert parts[0] - parts[-1] <= 1


@given(st.lists(st.integers(-5, 5), max_size=4).filter(lambda ws: sum(ws) <= 0 or min(ws) < 0).map(tuple))
def test_senseless_weights_are_refused(shares: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="weights must be non-negative and not all zero"):
        Money(100).allocate(shares)


@given(cents, st.integers(0, 20_000))
def test_a_share_is_exact_with_half_a_cent_to_even(minor: int, basis_points: int) -> None:
    assert Money(minor).share(basis_points).minor == round(Fraction(minor * basis_points, 10_000))


@given(cents)
def test_a_whole_share_is_the_whole(minor: int) -> None:
    assert Money(minor).share(10_000) == Money(minor)
    assert Money(minor).share(0) == Money(0)


@given(cents, cents)
def test_adding_and_taking_away_undo_each_other(one: int, other: int) -> None:
    assert Money(one) + Money(other) - Money(other) == Money(one)
    assert (Money(one) < Money(other)) == (one < other)
    assert -Money(one) + Money(one) == Money(0)


@given(cents, cents)
def test_currencies_never_mix(one: int, other: int) -> None:
    with pytest.raises(CurrencyMismatch, match="USD and EUR do not mix"):
        Money(one, "USD") + Money(other, "EUR")
    with pytest.raises(CurrencyMismatch, match="EUR and USD do not mix"):
        Money(one, "EUR") < Money(other, "USD")  # noqa: B015 - it must raise
