import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.inventory.domain import (
    IN_STOCK_AFTER,
    ClaimState,
    Happening,
    falls_low,
    missing,
    moved,
    wanted,
)


def test_lines_of_the_same_sku_add_up_in_the_order_of_skus() -> None:
    assert wanted([("SPOON", 1), ("CUP", 2), ("SPOON", 3)]) == (("CUP", 2), ("SPOON", 4))


def test_missing_names_every_sku_of_which_there_is_too_little() -> None:
    want = (("CUP", 2), ("KETTLE", 1), ("SPOON", 4))

    assert missing(want, {"CUP": 2, "SPOON": 3}) == ("KETTLE", "SPOON")
    assert missing(want, {"CUP": 2, "KETTLE": 1, "SPOON": 4}) == ()


@pytest.mark.parametrize(
    ("before", "happening", "after", "way"),
    [
        ("HELD", "settle", "SOLD", 0),
        ("HELD", "release", "RELEASED", 1),
        ("HELD", "expire", "EXPIRED", 1),
        ("EXPIRED", "settle", "SOLD", -1),
        ("EXPIRED", "release", "RELEASED", 0),
        ("EXPIRED", "expire", "EXPIRED", 0),
        ("SOLD", "settle", "SOLD", 0),
        ("SOLD", "release", "RETURNED", 1),
        ("SOLD", "expire", "SOLD", 0),
        ("RELEASED", "settle", "RELEASED", 0),
        ("RELEASED", "release", "RELEASED", 0),
        ("RETURNED", "settle", "RETURNED", 0),
    ],
)
def test_what_becomes_of_a_claim(
    before: ClaimState, happening: Happening, after: ClaimState, way: int
) -> None:
    assert moved(before, happening) == (after, way)


@given(st.lists(st.sampled_from(["settle", "release", "expire"])))
def test_the_shelf_gains_and_loses_exactly_what_the_claim_says(happenings: list[Happening]) -> None:
    state: ClaimState = "HELD"
    shelf = 0
    for happening in happenings:
        state, way = moved(state, happening)
        shelf += way

    assert shelf == int(IN_STOCK_AFTER[state])


@pytest.mark.parametrize(
    ("before", "now", "alert"), [(6, 5, True), (9, 0, True), (5, 4, False), (6, 6, False), (4, 9, False)]
)
def test_the_alert_goes_out_once_when_stock_falls_to_the_level(before: int, now: int, alert: bool) -> None:  # noqa: FBT001 - a table's column
    assert falls_low(before, now, level=5) is alert
