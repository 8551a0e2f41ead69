import pytest
from hypothesis import given
from hypothesis import strategies as st

from msa_lab.sdk.values import Money
from services.shipping.domain import LIVE, Happening, State, fee, moved, parcels_for, zone_of


@pytest.mark.parametrize(("country", "zone"), [("DE", "home"), ("FR", "near"), ("US", "far"), ("XX", "far")])
def test_zones(country: str, zone: str) -> None:
    assert zone_of(country) == zone


@pytest.mark.parametrize(("items", "parcels"), [(1, 1), (10, 1), (11, 2), (100, 10)])
def test_ten_pieces_fit_into_a_parcel(items: int, parcels: int) -> None:
    assert parcels_for(items) == parcels


@pytest.mark.parametrize(
    ("country", "items", "price"), [("DE", 1, 490), ("DE", 11, 880), ("FR", 21, 2570), ("JP", 1, 2490)]
)
def test_the_fee_goes_by_zone_and_parcels(country: str, items: int, price: int) -> None:
    assert fee(country, items) == Money(price)


@given(st.sampled_from(["DE", "FR", "US"]), st.integers(1, 500), st.integers(1, 500))
def test_one_delivery_never_costs_more_than_two(country: str, some: int, more: int) -> None:
    assert fee(country, some) <= fee(country, some + more) <= fee(country, some) + fee(country, more)


@pytest.mark.parametrize(
    ("before", "happening", "after"),
    [
        ("BOOKING", "label", "BOOKED"),
        ("BOOKING", "refuse", "REFUSED"),
        ("BOOKING", "cancel", "CANCELLING"),
        ("BOOKED", "cancel", "CANCELLING"),
        ("CANCELLING", "gone", "CANCELLED"),
        ("BOOKED", "picked-up", "DISPATCHED"),
        ("DISPATCHED", "delivered", "DELIVERED"),
        ("BOOKED", "delivered", "DELIVERED"),
        ("CANCELLING", "label", "CANCELLING"),
        ("CANCELLED", "picked-up", "CANCELLED"),
        ("DELIVERED", "picked-up", "DELIVERED"),
        ("DISPATCHED", "cancel", "DISPATCHED"),
    ],
)
def test_what_becomes_of_a_shipment(before: State, happening: Happening, after: State) -> None:
    assert moved(before, happening) == after


@given(st.lists(st.sampled_from(["label", "refuse", "cancel", "gone", "picked-up", "delivered"])))
def test_a_cancelled_shipment_never_comes_alive_again(happenings: list[Happening]) -> None:
    state: State = "CANCELLED"
    for happening in happenings:
        state = moved(state, happening)

    assert state not in LIVE
