"""What the order service promises: the snapshot that travels with a checkout, operations and events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

from msa_lab.sdk import DomainError, Instant, Money, NotFound, Operation, Unauthenticated, event

DEAREST = 1_000_000_000
"""The highest price in minor units: JSON still carries the sum of the longest cart exactly."""


def _priced(amount: Money) -> Money:
    if not 0 <= amount.minor <= DEAREST:
        raise ValueError("a price is from 0 to 10,000,000.00")
    return amount


Price = Annotated[Money, AfterValidator(_priced)]
OrderId = Annotated[str, Field(min_length=1, max_length=64)]


@dataclass(frozen=True, slots=True)
class OrderLine:
    sku: Annotated[str, Field(min_length=1, max_length=64)]
    title: str
    quantity: Annotated[int, Field(ge=1, le=99)]
    unit_price: Price

    @property
    def amount(self) -> Money:
        """The line's price: quantity times unit price."""
        return self.unit_price * self.quantity


@dataclass(frozen=True, slots=True)
class OrderSnapshot:
    """An order as the services of a checkout pass it on; each fills in what it decides."""

    order_id: OrderId
    user_id: str
    lines: tuple[OrderLine, ...]
    coupon: str | None
    card: str
    country: str
    subtotal: Money
    discount: Money
    shipping_fee: Money

    @property
    def total(self) -> Money:
        """What the customer pays: subtotal - discount + shipping fee."""
        return self.subtotal - self.discount + self.shipping_fee

    @property
    def items(self) -> int:
        """How many pieces are in the parcel."""
        return sum(line.quantity for line in self.lines)


class EmptyCart(DomainError):
    """There is nothing in your cart."""


class OrderNotFound(NotFound):
    """You have no such order."""


class NotCancellable(DomainError):
    """This order can no longer be cancelled; return it instead."""


class NotReturnable(DomainError):
    """Only a confirmed order can be returned."""


@dataclass(frozen=True, slots=True)
class Checkout:
    card: Annotated[str, Field(min_length=1, max_length=64)]
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    coupon: Annotated[str, Field(min_length=1, max_length=64)] | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The order was placed; whether it is confirmed shows later."""

    order_id: str
    state: str


@dataclass(frozen=True, slots=True)
class GetOrder:
    order_id: OrderId


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One entry of an order's history."""

    state: str
    at: Instant
    reason: str


@dataclass(frozen=True, slots=True)
class OrderView:
    order_id: str
    state: str
    lines: tuple[OrderLine, ...]
    coupon: str | None
    subtotal: Money
    discount: Money
    shipping_fee: Money
    total: Money
    reason: str
    history: tuple[Occurrence, ...]


@dataclass(frozen=True, slots=True)
class OrderHistory:
    limit: Annotated[int, Field(ge=1, le=100)] = 20


@dataclass(frozen=True, slots=True)
class Orders:
    """The customer's orders, newest first."""

    orders: tuple[OrderView, ...]


@dataclass(frozen=True, slots=True)
class CancelOrder:
    order_id: OrderId


@dataclass(frozen=True, slots=True)
class ReturnOrder:
    order_id: OrderId
    reason: Annotated[str, Field(max_length=200)] = ""


CHECKOUT = Operation(
    "order.checkout", "POST", "/orders", Checkout, Accepted,
    errors=(EmptyCart, Unauthenticated), access="user", keyed=True, summary="Buy what is in the cart.",
)  # fmt: skip
GET = Operation(
    "order.get", "GET", "/orders/{order_id}", GetOrder, OrderView,
    errors=(OrderNotFound, Unauthenticated), access="user", summary="Show one of my orders.",
)  # fmt: skip
HISTORY = Operation(
    "order.history", "GET", "/orders", OrderHistory, Orders,
    errors=(Unauthenticated,), access="user", summary="List my orders, newest first.",
)  # fmt: skip
CANCEL = Operation(
    "order.cancel", "POST", "/orders/{order_id}/cancel", CancelOrder, OrderView,
    errors=(OrderNotFound, NotCancellable, Unauthenticated), access="user",
    summary="Cancel an order not yet confirmed.",
)  # fmt: skip
RETURN_ORDER = Operation(
    "order.return_order", "POST", "/orders/{order_id}/return", ReturnOrder, OrderView,
    errors=(OrderNotFound, NotReturnable, Unauthenticated), access="user",
    summary="Send an order back for a refund.",
)  # fmt: skip


@event("order.placed", key="order_id")
@dataclass(frozen=True, slots=True)
class OrderPlaced:
    order: OrderSnapshot

    @property
    def order_id(self) -> str:
        """The ordering key."""
        return self.order.order_id


@event("order.confirmed", key="order_id")
@dataclass(frozen=True, slots=True)
class OrderConfirmed:
    order: OrderSnapshot

    @property
    def order_id(self) -> str:
        """The ordering key."""
        return self.order.order_id


@event("order.cancelled", key="order_id")
@dataclass(frozen=True, slots=True)
class OrderCancelled:
    order_id: str
    user_id: str
    reason: str


@event("order.returned", key="order_id")
@dataclass(frozen=True, slots=True)
class OrderReturned:
    order_id: str
    user_id: str
    refund: Money
