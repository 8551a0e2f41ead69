import pytest

from msa_lab.sdk.values import Money
from services.carrier.domain import MAY_CANCEL, NEXT_NEWS, Tariff, serves, tariffs


@pytest.mark.parametrize(("country", "served"), [("DE", True), ("US", True), ("XX", False), ("AQ", False)])
def test_parcels_go_nearly_everywhere(country: str, served: bool) -> None:  # noqa: FBT001 - a table's column
    assert serves(country) is served


def test_far_away_costs_more_and_takes_longer() -> None:
    assert tariffs("FR") == (Tariff("standard", Money(390), 2), Tariff("express", Money(890), 1))
    assert tariffs("US") == (Tariff("standard", Money(1490), 9), Tariff("express", Money(3990), 3))


def test_a_released_parcel_is_picked_up_then_delivered_and_then_there_is_no_more_news() -> None:
    assert NEXT_NEWS["RELEASED"] == "PICKED_UP"
    assert NEXT_NEWS["PICKED_UP"] == "DELIVERED"
    assert "DELIVERED" not in NEXT_NEWS
    assert "BOOKED" not in NEXT_NEWS


def test_a_parcel_on_its_way_cannot_be_cancelled() -> None:
    assert "RELEASED" in MAY_CANCEL
    assert "PICKED_UP" not in MAY_CANCEL
    assert "DELIVERED" not in MAY_CANCEL
