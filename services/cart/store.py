from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from msa_lab.sdk import Table
from services.cart.domain import Line


@dataclass(frozen=True, slots=True)
class Cart:
    """`id` is the user's id, or the anonymous cart's."""

    id: str
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Freeze:
    """What an order took out of a user's cart; `id` is the order's id.

    THAWED is also the tombstone of an order that was undone before it froze anything.
    """

    id: str
    user_id: str
    state: Literal["FROZEN", "THAWED", "BOUGHT"]
    lines: tuple[Line, ...] = ()


CARTS: Table[Cart] = Table("carts", Cart)
FREEZES: Table[Freeze] = Table("freezes", Freeze)
