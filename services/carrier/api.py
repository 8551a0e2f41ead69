"""What the carrier promises. `reference` is the customer's own name of a parcel.

Without an idempotency key every booking makes a label, as with real carriers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from msa_lab.sdk import DomainError, Money, NotFound, Operation

Reference = Annotated[str, Field(min_length=1, max_length=80)]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]


class CountryNotServed(DomainError):
    """The carrier does not deliver there."""


class ReferenceClosed(DomainError):
    """The label was cancelled; the reference cannot be used again."""


class AlreadyPickedUp(DomainError):
    """The parcel is on its way."""


class LabelNotFound(NotFound):
    """There is no label of that reference."""


@dataclass(frozen=True, slots=True)
class ListRates:
    country: Country
    parcels: Annotated[int, Field(ge=1, le=1_000)]


@dataclass(frozen=True, slots=True)
class Rate:
    level: Literal["standard", "express"]
    price: Money
    days: int


@dataclass(frozen=True, slots=True)
class Rates:
    rates: tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class BookLabel:
    reference: Reference
    country: Country
    parcels: Annotated[int, Field(ge=1, le=1_000)]


@dataclass(frozen=True, slots=True)
class Label:
    reference: str
    tracking: str


@dataclass(frozen=True, slots=True)
class CancelLabel:
    reference: Reference


@dataclass(frozen=True, slots=True)
class LabelCancelled:
    reference: str


@dataclass(frozen=True, slots=True)
class ReleaseLabel:
    """The parcel stands ready to be picked up."""

    reference: Reference


@dataclass(frozen=True, slots=True)
class LabelReleased:
    reference: str


RATES = Operation(
    "carrier.rates", "GET", "/rates", ListRates, Rates,
    errors=(CountryNotServed,), summary="List what a delivery costs.",
)  # fmt: skip
BOOK_LABEL = Operation(
    "carrier.book_label", "POST", "/labels", BookLabel, Label,
    errors=(CountryNotServed, ReferenceClosed), keyed=True, summary="Buy a label.",
)  # fmt: skip
CANCEL_LABEL = Operation(
    "carrier.cancel_label", "POST", "/labels/cancel", CancelLabel, LabelCancelled,
    errors=(AlreadyPickedUp,), keyed=True, summary="Cancel all labels of a reference, and close it.",
)  # fmt: skip
RELEASE = Operation(
    "carrier.release", "POST", "/labels/release", ReleaseLabel, LabelReleased,
    errors=(LabelNotFound, ReferenceClosed), keyed=True, summary="Ask for the parcel to be picked up.",
)  # fmt: skip
