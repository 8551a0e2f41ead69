from __future__ import annotations

import pytest

from services.order.domain import PIVOT, STEPS, TRANSITIONS, State, may_become


@pytest.mark.parametrize(
    ("state", "following"),
    [
        ("PLACED", "CONFIRMED"),
        ("PLACED", "CANCELLED"),
        ("PLACED", "CANCELLING"),
        ("CANCELLING", "CANCELLED"),
        ("CONFIRMED", "RETURNING"),
        ("RETURNING", "RETURNED"),
    ],
)
def test_an_order_goes_forward(state: State, following: State) -> None:
    assert may_become(state, following)


@pytest.mark.parametrize(
    ("state", "following"),
    [
        ("CANCELLED", "CONFIRMED"),
        ("CANCELLING", "CONFIRMED"),
        ("CONFIRMED", "CANCELLED"),
        ("CONFIRMED", "RETURNED"),
        ("RETURNED", "CONFIRMED"),
        ("PLACED", "RETURNING"),
        ("PLACED", "PLACED"),
    ],
)
def test_an_order_never_goes_back_or_skips(state: State, following: State) -> None:
    assert not may_become(state, following)


def test_ended_orders_stay_as_they_are() -> None:
    assert [state for state, following in TRANSITIONS.items() if not following] == ["CANCELLED", "RETURNED"]


def test_only_the_confirmation_comes_after_the_money() -> None:
    assert STEPS[STEPS.index(PIVOT) + 1 :] == ("confirm",)
