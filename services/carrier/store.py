from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from msa_lab.sdk import Instant, Table
from services.carrier.domain import LabelState


@dataclass(frozen=True, slots=True)
class StoredLabel:
    """`id` is the tracking number. While the carrier has news to tell, `due` is "yes" and `due_at` when."""

    id: str
    reference: str
    country: str
    parcels: int
    state: LabelState
    due: Literal["yes"] | None = None
    due_at: Instant = Instant(0)  # noqa: RUF009 - a frozen value


@dataclass(frozen=True, slots=True)
class Shelf:
    """All labels of one reference; a closed one takes no more of them."""

    id: str
    labels: tuple[str, ...] = ()
    closed: bool = False


LABELS: Table[StoredLabel] = Table("labels", StoredLabel, indexes=("due",))
SHELVES: Table[Shelf] = Table("shelves", Shelf)
