from __future__ import annotations

from dataclasses import dataclass

from msa_lab.sdk import Instant, Money, Table
from services.order.api import OrderSnapshot
from services.payment.domain import State


@dataclass(frozen=True, slots=True)
class Payment:
    """The one payment of an order. The provider knows it by `id`.

    `order` is the order as it was when services follow one another by events; the event that passes it on
    is published by whoever learns first that the money is held or taken.
    """

    order_id: str
    id: str
    state: State
    amount: Money
    card: str
    created_at: Instant
    updated_at: Instant
    intent_id: str = ""
    refunded: int = 0
    reason: str = ""
    order: OrderSnapshot | None = None


PAYMENTS = Table("payments", Payment, key="order_id", indexes=("state",), secret=("card",))
