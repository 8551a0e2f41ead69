"""Rules of shipping: what a parcel costs, and what may happen to a shipment in which state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from msa_lab.sdk.values import Money

Zone = Literal["home", "near", "far"]
State = Literal["BOOKING", "BOOKED", "DISPATCHED", "DELIVERED", "REFUSED", "CANCELLING", "CANCELLED"]
Happening = Literal["label", "refuse", "cancel", "gone", "picked-up", "delivered"]

HOME = ("DE",)
NEAR = (
    "AT", "BE", "BG", "CH", "CY", "CZ", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
)  # fmt: skip
ITEMS_IN_PARCEL = 10


@dataclass(frozen=True, slots=True)
class Tariff:
    """What the first parcel costs, each further one, and how long they take."""

    first: Money
    further: Money
    days: int


TARIFFS: Mapping[Zone, Tariff] = {
    "home": Tariff(Money(490), Money(390), 2),
    "near": Tariff(Money(990), Money(790), 4),
    "far": Tariff(Money(2490), Money(1990), 10),
}

NEXT: Mapping[tuple[State, Happening], State] = {
    ("BOOKING", "label"): "BOOKED",
    ("BOOKING", "refuse"): "REFUSED",
    ("BOOKING", "cancel"): "CANCELLING",
    ("BOOKED", "cancel"): "CANCELLING",
    ("REFUSED", "cancel"): "CANCELLED",
    ("CANCELLING", "gone"): "CANCELLED",
    ("CANCELLING", "picked-up"): "DISPATCHED",
    ("BOOKED", "picked-up"): "DISPATCHED",
    ("BOOKED", "delivered"): "DELIVERED",  # the news of the pick-up was lost
    ("DISPATCHED", "delivered"): "DELIVERED",
}
"""What each happening makes of a shipment; where nothing stands, the happening changes nothing."""

LIVE: tuple[State, ...] = ("BOOKED", "DISPATCHED", "DELIVERED")
"""States in which the parcel goes to the customer."""


def zone_of(country: str) -> Zone:
    """Give the zone of an ISO 3166 country; what is not listed is far."""
    if country in HOME:
        return "home"
    return "near" if country in NEAR else "far"


def parcels_for(items: int) -> int:
    """Give the number of parcels: ten pieces fit into one."""
    return -(-items // ITEMS_IN_PARCEL)


def fee(country: str, items: int) -> Money:
    """Give the price of delivering so many pieces: by zone, the first parcel dearer than the others."""
    tariff = TARIFFS[zone_of(country)]
    return tariff.first + tariff.further * (parcels_for(items) - 1)


def moved(before: State, happening: Happening) -> State:
    """Give the state after a happening."""
    return NEXT.get((before, happening), before)
