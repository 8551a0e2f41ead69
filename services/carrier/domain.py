"""Rules of the carrier: where it goes, what it asks, and the life of a label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from msa_lab.sdk.values import Money

LabelState = Literal["BOOKED", "RELEASED", "PICKED_UP", "DELIVERED", "CANCELLED"]
Level = Literal["standard", "express"]

NOT_SERVED = ("AQ", "XX")
NEAR = ("AT", "BE", "CH", "CZ", "DE", "DK", "FR", "LU", "NL", "PL")
MAY_CANCEL: tuple[LabelState, ...] = ("BOOKED", "RELEASED", "CANCELLED")
NEXT_NEWS: dict[LabelState, Literal["PICKED_UP", "DELIVERED"]] = {
    "RELEASED": "PICKED_UP",
    "PICKED_UP": "DELIVERED",
}
"""What the carrier tells next about a label, which is also the state it then has."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """Price of each parcel and days to the door."""

    level: Level
    parcel: Money
    days: int


_NEAR = (Tariff("standard", Money(390), 2), Tariff("express", Money(890), 1))
_FAR = (Tariff("standard", Money(1490), 9), Tariff("express", Money(3990), 3))


def serves(country: str) -> bool:
    """Tell whether parcels go there."""
    return country not in NOT_SERVED


def tariffs(country: str) -> tuple[Tariff, ...]:
    """Give the tariffs for a country that is served, the cheapest first."""
    return _NEAR if country in NEAR else _FAR
