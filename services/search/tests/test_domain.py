import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search.domain import (
    best,
    companions,
    level_of,
    levels,
    lies_in,
    remembered,
    weighted,
    words_of,
)


def test_words_are_lower_case_different_and_ordered() -> None:
    assert words_of("Steel Kettle, 2 l, steel-grey") == ("grey", "kettle", "steel")


@pytest.mark.parametrize("path", ["kitchen", "kitchen/kettles", "kitchen/kettles/steel"])
def test_a_category_is_among_its_own_levels(path: str) -> None:
    name, value = level_of(path)
    assert levels(path)[name] == value == path


def test_a_category_is_found_by_what_lies_above_it() -> None:
    assert levels("kitchen/kettles") == {"level1": "kitchen", "level2": "kitchen/kettles"}
    assert level_of(" Kitchen/ ") == ("level1", "kitchen")


def test_what_only_begins_alike_does_not_lie_below() -> None:
    assert lies_in("kitchen/kettles", "kitchen")
    assert lies_in("kitchen", "kitchen")
    assert not lies_in("kitchenware", "kitchen")


def test_many_good_ratings_beat_one_perfect_one() -> None:
    assert weighted(0, 0) == 300
    assert weighted(500, 1) == 333
    assert weighted(480, 100) == 471


@given(st.integers(100, 500), st.integers(0, 10_000))
def test_a_weighted_rating_lies_between_the_prior_and_the_average(average: int, count: int) -> None:
    assert min(300, average) <= weighted(average, count) <= max(300, average)


def test_companions_are_pairs_of_different_products_in_both_directions() -> None:
    assert companions(("A", "B", "A")) == (("A", "B"), ("B", "A"))
    assert companions(("A",)) == ()


def test_a_huge_basket_is_cut_to_twenty_products() -> None:
    assert len(companions(f"SKU-{number}" for number in range(100))) == 20 * 19


def test_what_was_bought_last_is_remembered_once_and_first() -> None:
    assert remembered(("A", "B", "C"), ("C", "D"), keep=4) == ("C", "D", "A", "B")


def test_the_best_are_ordered_by_count_then_name_and_some_left_out() -> None:
    assert best({"b": 2, "a": 2, "c": 9, "d": 1}, 2, without=("c",)) == ("a", "b")
