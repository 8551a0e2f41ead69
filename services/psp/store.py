"""The provider's books. The ledger of a reference is written by every change under it: one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from msa_lab.sdk import Instant, Money, Table
from services.psp.domain import IntentStatus

NoticeType = Literal[
    "intent.authorized", "intent.declined", "intent.captured", "intent.canceled", "refund.succeeded"
]
NOTHING = Money(0)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Totals of one reference. `closed`: nothing may be held or taken any more (a tombstone)."""

    reference: str
    order_id: str = ""
    captured: Money = NOTHING
    refunded: Money = NOTHING
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Intent:
    id: str
    reference: str
    order_id: str
    amount: Money
    card: str
    status: IntentStatus
    reason: str
    created_at: Instant


@dataclass(frozen=True, slots=True)
class CaptureRecord:
    id: str
    intent_id: str
    reference: str
    order_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Refund:
    id: str
    reference: str
    order_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notice to the merchant; the row goes when the merchant has answered."""

    id: str
    type: NoticeType
    reference: str
    order_id: str
    intent_id: str
    amount: Money
    due_at: Instant
    state: Literal["DUE", "FAILED"] = "DUE"
    attempts: int = 0


LEDGERS = Table("ledgers", Ledger, key="reference")
INTENTS = Table("intents", Intent, indexes=("reference",), secret=("card",))
CAPTURES = Table("captures", CaptureRecord, indexes=("reference",))
REFUNDS = Table("refunds", Refund, indexes=("reference",))
DELIVERIES = Table("deliveries", Delivery, indexes=("state",))
