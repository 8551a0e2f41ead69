"""What the cart service promises.

A cart belongs to a signed-in user, or to whoever knows the id of an anonymous cart. Checkout *freezes* the
cart: its lines move to the order and the cart is free for new things; *thawing* merges them back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from msa_lab.sdk import DomainError, Money, NotFound, Operation, Unauthenticated, event
from services.order.api import OrderId, OrderLine, OrderSnapshot
from services.product.api import Sku

Quantity = Annotated[int, Field(ge=1, le=99)]
AnonymousId = Annotated[str, Field(pattern=r"^anon-[A-Za-z0-9-]{4,59}$")]


class UnknownProduct(NotFound):
    """There is no such product, or it is no longer sold."""


class NotInCart(NotFound):
    """That is not in the cart."""


class TooManyLines(DomainError):
    """A cart holds at most 50 different things."""

    status: ClassVar[int] = 422


class CartEmpty(DomainError):
    """There is nothing in the cart."""


class OrderClosed(DomainError):
    """The order is over; its cart cannot be frozen any more."""


@dataclass(frozen=True, slots=True)
class AddItem:
    sku: Sku
    quantity: Quantity = 1


@dataclass(frozen=True, slots=True)
class RemoveItem:
    """Without a quantity the whole line goes."""

    sku: Sku
    quantity: Quantity | None = None


@dataclass(frozen=True, slots=True)
class ViewCart:
    pass


@dataclass(frozen=True, slots=True)
class AddAnonymously:
    cart_id: AnonymousId
    sku: Sku
    quantity: Quantity = 1


@dataclass(frozen=True, slots=True)
class ViewAnonymousCart:
    cart_id: AnonymousId


@dataclass(frozen=True, slots=True)
class MergeCart:
    """The anonymous cart that the user filled before signing in."""

    cart_id: AnonymousId


@dataclass(frozen=True, slots=True)
class CartView:
    cart_id: str
    lines: tuple[OrderLine, ...]
    subtotal: Money

    @property
    def items(self) -> int:
        """How many pieces are in the cart."""
        return sum(line.quantity for line in self.lines)


@dataclass(frozen=True, slots=True)
class FreezeCart:
    order_id: OrderId
    user_id: str


@dataclass(frozen=True, slots=True)
class FrozenCart:
    order_id: str
    lines: tuple[OrderLine, ...]
    subtotal: Money


@dataclass(frozen=True, slots=True)
class ThawCart:
    order_id: OrderId


@dataclass(frozen=True, slots=True)
class ThawedCart:
    order_id: str


ADD_ITEM = Operation(
    "cart.add_item", "POST", "/cart/items", AddItem, CartView,
    errors=(UnknownProduct, TooManyLines, Unauthenticated), access="user", keyed=True,
    summary="Put a product into my cart.",
)  # fmt: skip
REMOVE_ITEM = Operation(
    "cart.remove_item", "DELETE", "/cart/items/{sku}", RemoveItem, CartView,
    errors=(NotInCart, Unauthenticated), access="user", keyed=True, summary="Take a product out of my cart.",
)  # fmt: skip
VIEW = Operation(
    "cart.view", "GET", "/cart", ViewCart, CartView,
    errors=(Unauthenticated,), access="user", summary="Show my cart.",
)  # fmt: skip
ADD_ANONYMOUSLY = Operation(
    "cart.add_anonymously", "POST", "/carts/{cart_id}/items", AddAnonymously, CartView,
    errors=(UnknownProduct, TooManyLines), access="public", keyed=True,
    summary="Put a product into a cart without signing in.",
)  # fmt: skip
VIEW_ANONYMOUS = Operation(
    "cart.view_anonymous", "GET", "/carts/{cart_id}", ViewAnonymousCart, CartView,
    access="public", summary="Show a cart without signing in.",
)  # fmt: skip
MERGE = Operation(
    "cart.merge", "POST", "/cart/merge", MergeCart, CartView,
    errors=(TooManyLines, Unauthenticated), access="user", keyed=True,
    summary="Move an anonymous cart into mine.",
)  # fmt: skip
FREEZE = Operation(
    "cart.freeze", "POST", "/cart/freezes", FreezeCart, FrozenCart,
    errors=(CartEmpty, OrderClosed), keyed=True, summary="Move a user's cart to an order.",
)  # fmt: skip
THAW = Operation(
    "cart.thaw", "POST", "/cart/thaws", ThawCart, ThawedCart,
    keyed=True, summary="Give the cart of an order back to its user.",
)  # fmt: skip


@event("cart.frozen", key="order_id")
@dataclass(frozen=True, slots=True)
class CartFrozen:
    """The order's cart is frozen: lines and subtotal of the snapshot are filled."""

    order: OrderSnapshot

    @property
    def order_id(self) -> str:
        """The ordering key."""
        return self.order.order_id


@event("cart.rejected", key="order_id")
@dataclass(frozen=True, slots=True)
class CartRejected:
    order_id: str
    reason: str


@event("cart.thawed", key="order_id")
@dataclass(frozen=True, slots=True)
class CartThawed:
    order_id: str
