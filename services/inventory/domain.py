"""Rules of stock: what an order wants, what is missing, and what may become of a claim on stock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

ClaimState = Literal["HELD", "SOLD", "RELEASED", "EXPIRED", "RETURNED"]
Happening = Literal["settle", "release", "expire"]
Wanted = tuple[tuple[str, int], ...]
"""Pieces by SKU, each SKU once, sorted."""

NEXT: Mapping[tuple[ClaimState, Happening], ClaimState] = {
    ("HELD", "settle"): "SOLD",
    ("HELD", "release"): "RELEASED",
    ("HELD", "expire"): "EXPIRED",
    ("EXPIRED", "settle"): "SOLD",  # takes the stock a second time
    ("EXPIRED", "release"): "RELEASED",
    ("SOLD", "release"): "RETURNED",
}
"""What each happening makes of a claim; where nothing stands, the happening changes nothing."""

IN_STOCK_AFTER: Mapping[ClaimState, bool] = {
    "HELD": False,
    "SOLD": False,
    "RELEASED": True,
    "EXPIRED": True,
    "RETURNED": True,
}
"""Whether the pieces of a claim in that state may be sold to somebody else."""


def wanted(lines: Iterable[tuple[str, int]]) -> Wanted:
    """Add up lines of (SKU, pieces) per SKU, sorted by SKU so that all orders take stock in one sequence."""
    pieces: dict[str, int] = {}
    for sku, quantity in lines:
        pieces[sku] = pieces.get(sku, 0) + quantity
    return tuple(sorted(pieces.items()))


def missing(want: Wanted, available: Mapping[str, int]) -> tuple[str, ...]:
    """Name the SKUs of which less is available than wanted; an order gets all of its lines or none."""
    return tuple([sku for sku, quantity in want if available.get(sku, 0) < quantity])


def moved(before: ClaimState, happening: Happening) -> tuple[ClaimState, int]:
    """Give the next state and which way stock goes: 1 back on the shelf, -1 off it, 0 neither."""
    state = NEXT.get((before, happening), before)
    return state, IN_STOCK_AFTER[state] - IN_STOCK_AFTER[before]


def falls_low(before: int, now: int, level: int) -> bool:
    """Tell whether stock has just fallen to the alert level or below it."""
    return now <= level < before
