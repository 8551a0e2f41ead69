"""What the inventory service promises: stock is reserved for all lines of an order, or for none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from msa_lab.sdk import DomainError, Instant, Operation, event
from services.order.api import OrderId, OrderLine, OrderSnapshot

Sku = Annotated[str, Field(min_length=1, max_length=64)]


class OutOfStock(DomainError):
    """There is not enough of it in stock."""


class OrderClosed(DomainError):
    """The order is over; nothing can be reserved for it any more."""


@dataclass(frozen=True, slots=True)
class ReceiveStock:
    sku: Sku
    quantity: Annotated[int, Field(ge=1, le=1_000_000)]


@dataclass(frozen=True, slots=True)
class GetAvailability:
    sku: Sku


@dataclass(frozen=True, slots=True)
class Availability:
    """How many pieces may be sold now; 0 also for what was never received."""

    sku: str
    available: int


@dataclass(frozen=True, slots=True)
class ReserveStock:
    order_id: OrderId
    lines: Annotated[tuple[OrderLine, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class StockReserved:
    order_id: str
    held_until: Instant


@dataclass(frozen=True, slots=True)
class ReleaseStock:
    order_id: OrderId


@dataclass(frozen=True, slots=True)
class StockReleased:
    order_id: str


@dataclass(frozen=True, slots=True)
class SettleStock:
    order_id: OrderId


@dataclass(frozen=True, slots=True)
class StockSettled:
    """`short` names what had to be sold although an expired reservation left nothing of it."""

    order_id: str
    short: tuple[str, ...] = ()


RECEIVE = Operation(
    "inventory.receive", "POST", "/stock/receipts", ReceiveStock, Availability,
    access="admin", keyed=True, summary="Book goods in.",
)  # fmt: skip
AVAILABILITY = Operation(
    "inventory.availability", "GET", "/stock/{sku}", GetAvailability, Availability,
    access="public", summary="Tell how many may be sold.",
)  # fmt: skip
RESERVE = Operation(
    "inventory.reserve", "POST", "/stock/reservations", ReserveStock, StockReserved,
    errors=(OutOfStock, OrderClosed), keyed=True, summary="Hold stock for an order: all lines or none.",
)  # fmt: skip
RELEASE = Operation(
    "inventory.release", "POST", "/stock/reservations/release", ReleaseStock, StockReleased,
    keyed=True, summary="Put an order's stock back.",
)  # fmt: skip
SETTLE = Operation(
    "inventory.settle", "POST", "/stock/reservations/settle", SettleStock, StockSettled,
    errors=(OrderClosed,), keyed=True, summary="Turn an order's held stock into sold stock.",
)  # fmt: skip


@event("inventory.reserved", key="order_id")
@dataclass(frozen=True, slots=True)
class InventoryReserved:
    order: OrderSnapshot

    @property
    def order_id(self) -> str:
        """The ordering key."""
        return self.order.order_id


@event("inventory.rejected", key="order_id")
@dataclass(frozen=True, slots=True)
class InventoryRejected:
    order_id: str
    reason: str


@event("inventory.released", key="order_id")
@dataclass(frozen=True, slots=True)
class InventoryReleased:
    order_id: str


@event("inventory.low", key="sku")
@dataclass(frozen=True, slots=True)
class InventoryLow:
    """Stock fell to the alert level or below it; published once each time it falls there."""

    sku: str
    available: int
