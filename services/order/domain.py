"""The states of an order and what may follow what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

State = Literal["PLACED", "CONFIRMED", "CANCELLING", "CANCELLED", "RETURNING", "RETURNED"]

TRANSITIONS: Mapping[State, tuple[State, ...]] = {
    "PLACED": ("CONFIRMED", "CANCELLING", "CANCELLED"),
    "CANCELLING": ("CANCELLED",),
    "CONFIRMED": ("RETURNING",),
    "RETURNING": ("RETURNED",),
    "CANCELLED": (),
    "RETURNED": (),
}
"""CANCELLING and RETURNING are promises: what was done is being undone, what was paid given back."""

STEPS = (
    "freeze_cart",
    "redeem_coupon",
    "reserve_stock",
    "authorize_payment",
    "book_shipment",
    "capture_payment",
    "confirm",
)
"""The steps of a checkout, in order."""

PIVOT = "capture_payment"
"""Once the money is taken, the checkout goes forward to its end."""


def may_become(state: State, following: State) -> bool:
    """Tell whether an order may go from one state to another."""
    return following in TRANSITIONS[state]
