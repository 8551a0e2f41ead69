from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from msa_lab.sdk import Instant, Table
from services.inventory.domain import ClaimState, Wanted


@dataclass(frozen=True, slots=True)
class StockItem:
    """`id` is the SKU; `available` pieces are neither held nor sold."""

    id: str
    available: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What an order has of the stock; `id` is the order's id. `expires` is "yes" while it is HELD.

    RELEASED with nothing wanted is the tombstone of an order that was undone before it reserved anything.
    """

    id: str
    state: ClaimState
    wanted: Wanted
    expires_at: Instant
    expires: Literal["yes"] | None = None


@dataclass(frozen=True, slots=True)
class Reservation:
    """One SKU of a claim; `id` is order/SKU."""

    id: str
    order_id: str
    sku: str
    quantity: int
    state: ClaimState


@dataclass(frozen=True, slots=True)
class Receipt:
    """Goods that came in."""

    id: str
    sku: str
    quantity: int
    at: Instant


STOCK: Table[StockItem] = Table("stock", StockItem)
CLAIMS: Table[Claim] = Table("claims", Claim, indexes=("expires",))
RESERVATIONS: Table[Reservation] = Table("reservations", Reservation)
RECEIPTS: Table[Receipt] = Table("receipts", Receipt)
