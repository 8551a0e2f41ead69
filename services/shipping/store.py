from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from msa_lab.sdk import Instant, Table
from services.shipping.domain import State


@dataclass(frozen=True, slots=True)
class Shipment:
    """The delivery of an order; `id` is the order's id and our reference at the carrier.

    `open` names what the carrier still has to be told; after `open_until` a job sees to it.
    CANCELLED without a country is the
    tombstone of an order that was undone before anything was booked.
    """

    id: str
    user_id: str
    country: str
    items: int
    state: State
    tracking: str = ""
    open: Literal["cancel", "release"] | None = None
    open_until: Instant = Instant(0)  # noqa: RUF009 - a frozen value
    sightings: tuple[tuple[State, Instant], ...] = ()


SHIPMENTS: Table[Shipment] = Table("shipments", Shipment, indexes=("open",))
