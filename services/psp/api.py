"""What the payment provider promises: intents in the manner of Stripe, named by the merchant's reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from msa_lab.sdk import DomainError, Money, NotFound, Operation

Reference = Annotated[str, Field(min_length=1, max_length=64)]


class CardRefused(DomainError):
    """The issuer refused the card."""

    status = 402


class ReferenceClosed(DomainError):
    """This reference was cancelled; no money can be held or taken under it any more."""


class IntentNotFound(NotFound):
    """There is no such intent."""


class NotCapturable(DomainError):
    """This intent holds no money that could be captured."""


@dataclass(frozen=True, slots=True)
class CreateIntent:
    """Hold `amount` on `card`. `reference` is the merchant's own name for the payment."""

    reference: Reference
    order_id: str
    amount: Money
    card: Annotated[str, Field(min_length=1, max_length=64)]


@dataclass(frozen=True, slots=True)
class IntentView:
    """An intent: AUTHORIZED, CAPTURED, CANCELED or DECLINED."""

    intent_id: str
    reference: str
    status: str
    amount: Money


@dataclass(frozen=True, slots=True)
class CaptureIntent:
    """Take `amount`. The provider allows several captures of one intent: only the key makes them one."""

    intent_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class CaptureMade:
    capture_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class CancelIntent:
    reference: Reference


@dataclass(frozen=True, slots=True)
class Account:
    """What happened under one reference: captured and refunded so far, and what is still held.

    `status` is that of the intent that counts: CAPTURED before AUTHORIZED before CANCELED before DECLINED;
    NONE when no intent was ever made. `closed` tells that nothing more can happen but a refund.
    """

    reference: str
    status: str
    intent_id: str
    captured: Money
    refunded: Money
    held: Money
    closed: bool

    @property
    def owed(self) -> Money:
        """What was captured and not given back."""
        return self.captured - self.refunded


@dataclass(frozen=True, slots=True)
class RefundReference:
    """Give back all that was captured under the reference and not refunded yet."""

    reference: Reference


@dataclass(frozen=True, slots=True)
class RefundMade:
    """`refund_id` is empty when there was nothing to give back."""

    refund_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class FindReference:
    reference: Reference


CREATE_INTENT = Operation(
    "psp.create_intent", "POST", "/v1/intents", CreateIntent, IntentView,
    errors=(CardRefused, ReferenceClosed), keyed=True, summary="Hold an amount on a card.",
)  # fmt: skip
CAPTURE = Operation(
    "psp.capture", "POST", "/v1/intents/{intent_id}/capture", CaptureIntent, CaptureMade,
    errors=(IntentNotFound, NotCapturable), keyed=True, summary="Take money that is held.",
)  # fmt: skip
CANCEL_INTENT = Operation(
    "psp.cancel_intent", "POST", "/v1/references/{reference}/cancel", CancelIntent, Account,
    keyed=True, summary="Void what is held under a reference and close it.",
)  # fmt: skip
REFUND = Operation(
    "psp.refund", "POST", "/v1/references/{reference}/refund", RefundReference, RefundMade,
    keyed=True, summary="Give back what was captured under a reference.",
)  # fmt: skip
FIND = Operation(
    "psp.find", "GET", "/v1/references/{reference}", FindReference, Account,
    summary="Tell what happened under a reference.",
)  # fmt: skip
