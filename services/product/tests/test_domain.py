import pytest
from hypothesis import given
from hypothesis import strategies as st

from msa_lab.sdk.values import Money
from services.product.domain import (
    availability,
    category_path,
    lineage,
    parent,
    price_from,
    sellable,
    valid_category,
)


@pytest.mark.parametrize(
    ("written", "minor"), [(2490, 2490), ("24.90 EUR", 2490), (" 7 EUR ", 700), ("0.05 EUR", 5)]
)
def test_a_price_is_cents_or_text(written: object, minor: int) -> None:
    assert price_from(written) == Money(minor, "EUR")


@pytest.mark.parametrize("written", ["24.9 EUR", "24,90 EUR", "24.90", "24.90 USD", "-1.00 EUR", "", True])
def test_what_is_no_price_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="price"):
        price_from(written)


def test_other_values_are_left_to_the_validation_behind() -> None:
    assert price_from({"minor": 5}) == {"minor": 5}


@given(st.integers(0, 10**9))
def test_a_price_reads_back_from_its_own_text(minor: int) -> None:
    assert price_from(str(Money(minor))) == Money(minor)


def test_only_a_positive_price_in_euros_can_be_asked_for() -> None:
    assert sellable(Money(1))
    assert not sellable(Money(0))
    assert not sellable(Money(-1))
    assert not sellable(Money(1, "USD"))


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("Kitchen", "kitchen"),
        ("Kitchen / Tea Kettles", "kitchen/tea-kettles"),
        ("/kitchen//kettles/", "kitchen/kettles"),
        ("!!", ""),
    ],
)
def test_spellings_of_one_category_are_one_path(written: str, path: str) -> None:
    assert category_path(written) == path


def test_a_category_has_one_to_four_levels() -> None:
    assert valid_category("a/b/c/d")
    assert not valid_category("a/b/c/d/e")
    assert not valid_category("")


def test_a_category_lies_below_all_of_its_lineage() -> None:
    assert lineage("a/b/c") == ("a", "a/b", "a/b/c")
    assert [parent(path) for path in lineage("a/b/c")] == ["", "a", "a/b"]


@pytest.mark.parametrize(
    ("pieces", "words"), [(-1, "out of stock"), (0, "out of stock"), (1, "low"), (5, "low"), (6, "in stock")]
)
def test_a_number_of_pieces_in_a_customers_words(pieces: int, words: str) -> None:
    assert availability(pieces, low_at=5) == words
