"""What the shipping service promises: what a parcel costs, one label per order, and where the parcel is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from msa_lab.sdk import DomainError, Instant, Money, NotFound, Operation, event
from services.order.api import OrderId, OrderSnapshot

Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]
Items = Annotated[int, Field(ge=1, le=10_000)]
ShipmentState = Literal["BOOKING", "BOOKED", "DISPATCHED", "DELIVERED", "REFUSED", "CANCELLING", "CANCELLED"]


class CountryNotServed(DomainError):
    """We cannot deliver there."""


class OrderClosed(DomainError):
    """The order is over; it cannot be shipped any more."""


class AlreadyDispatched(DomainError):
    """The parcel is on its way."""


class ShipmentNotFound(NotFound):
    """You have no such shipment."""


@dataclass(frozen=True, slots=True)
class QuoteShipping:
    country: Country
    items: Items


@dataclass(frozen=True, slots=True)
class ShippingQuote:
    zone: str
    parcels: int
    fee: Money


@dataclass(frozen=True, slots=True)
class ListOptions:
    country: Country
    items: Items


@dataclass(frozen=True, slots=True)
class ShippingOption:
    level: Literal["standard", "express"]
    fee: Money
    days: int


@dataclass(frozen=True, slots=True)
class ShippingOptions:
    """`live` is False when the carrier did not answer and only our own tariff is shown."""

    options: tuple[ShippingOption, ...]
    live: bool


@dataclass(frozen=True, slots=True)
class BookShipment:
    order_id: OrderId
    user_id: str
    country: Country
    items: Items


@dataclass(frozen=True, slots=True)
class ShipmentBooked:
    order_id: str
    tracking: str


@dataclass(frozen=True, slots=True)
class CancelShipment:
    order_id: OrderId


@dataclass(frozen=True, slots=True)
class ShipmentCancelled:
    order_id: str


@dataclass(frozen=True, slots=True)
class TrackShipment:
    order_id: OrderId


@dataclass(frozen=True, slots=True)
class Sighting:
    state: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Tracking:
    order_id: str
    state: str
    tracking: str
    sightings: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True)
class ReportParcel:
    """What the carrier tells about a label of ours."""

    reference: Annotated[str, Field(min_length=1, max_length=80)]
    status: Literal["PICKED_UP", "DELIVERED"]


@dataclass(frozen=True, slots=True)
class ParcelNoted:
    """`news` is False when it was known already, or came too late to matter."""

    reference: str
    news: bool


QUOTE = Operation(
    "shipping.quote", "GET", "/shipping/quote", QuoteShipping, ShippingQuote,
    access="public", summary="Tell what a delivery costs.",
)  # fmt: skip
OPTIONS = Operation(
    "shipping.options", "GET", "/shipping/options", ListOptions, ShippingOptions,
    errors=(CountryNotServed,), access="public", summary="List the ways to deliver.",
)  # fmt: skip
BOOK = Operation(
    "shipping.book", "POST", "/shipments", BookShipment, ShipmentBooked,
    errors=(CountryNotServed, OrderClosed), keyed=True, summary="Book the delivery of an order.",
)  # fmt: skip
CANCEL = Operation(
    "shipping.cancel", "POST", "/shipments/cancel", CancelShipment, ShipmentCancelled,
    errors=(AlreadyDispatched,), keyed=True, summary="Cancel the delivery of an order.",
)  # fmt: skip
TRACK = Operation(
    "shipping.track", "GET", "/shipments/{order_id}", TrackShipment, Tracking,
    errors=(ShipmentNotFound,), access="user", summary="Tell where my parcel is.",
)  # fmt: skip
CARRIER_CALLBACK = Operation(
    "shipping.carrier_callback", "POST", "/shipments/callbacks", ReportParcel, ParcelNoted,
    errors=(ShipmentNotFound,), summary="Take the carrier's news of a parcel.",
)  # fmt: skip


@event("shipping.booked", key="order_id")
@dataclass(frozen=True, slots=True)
class ShippingBooked:
    order: OrderSnapshot

    @property
    def order_id(self) -> str:
        """The ordering key."""
        return self.order.order_id


@event("shipping.refused", key="order_id")
@dataclass(frozen=True, slots=True)
class ShippingRefused:
    order_id: str
    reason: str


@event("shipping.cancelled", key="order_id")
@dataclass(frozen=True, slots=True)
class ShippingCancelled:
    order_id: str


@event("shipping.dispatched", key="order_id")
@dataclass(frozen=True, slots=True)
class ShippingDispatched:
    order_id: str
    user_id: str
    tracking: str


@event("shipping.delivered", key="order_id")
@dataclass(frozen=True, slots=True)
class ShippingDelivered:
    order_id: str
    user_id: str
