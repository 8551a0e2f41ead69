from __future__ import annotations

from dataclasses import dataclass

from msa_lab.sdk import Instant, Table
from services.order.api import Occurrence, OrderSnapshot
from services.order.domain import State


@dataclass(frozen=True, slots=True)
class Order:
    """`placed`: the order as it stands, prices and discount as last decided. `reason`: why it ended early."""

    id: str
    user_id: str
    state: State
    placed: OrderSnapshot
    placed_at: Instant
    updated_at: Instant
    history: tuple[Occurrence, ...]
    reason: str = ""


ORDERS = Table("orders", Order, indexes=("user_id", "state"))
