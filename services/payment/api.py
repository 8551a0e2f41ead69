"""What the payment service promises: holding, taking and giving back the money of an order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from msa_lab.sdk import DomainError, Money, NotFound, Operation, Unauthenticated, event
from services.order.api import OrderId, OrderSnapshot


class CardDeclined(DomainError):
    """The card was declined."""

    status = 402


class PaymentClosed(DomainError):
    """This payment was cancelled; it can hold or take no money any more."""


class NotAuthorized(DomainError):
    """No money is held for this order."""


class NothingToRefund(DomainError):
    """No money was taken for this order."""


class PaymentNotFound(NotFound):
    """There is no payment for this order."""


class BadSignature(Unauthenticated):
    """The notice was not signed by the payment provider, or too long ago."""


class MalformedNotice(DomainError):
    """The provider's notice cannot be read."""

    status = 400


@dataclass(frozen=True, slots=True)
class AuthorizePayment:
    order_id: OrderId
    amount: Money
    card: Annotated[str, Field(min_length=1, max_length=64)]


@dataclass(frozen=True, slots=True)
class CapturePayment:
    order_id: OrderId


@dataclass(frozen=True, slots=True)
class CancelPayment:
    order_id: OrderId


@dataclass(frozen=True, slots=True)
class RefundPayment:
    order_id: OrderId


@dataclass(frozen=True, slots=True)
class PaymentStatus:
    order_id: OrderId


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment as others see it; `refunded` is what was given back."""

    order_id: str
    payment_id: str
    state: str
    amount: Money
    refunded: Money
    reason: str


@dataclass(frozen=True, slots=True)
class ReceiveWebhook:
    """A notice of the provider: JSON text and `t=<microseconds>,v1=<hex HMAC-SHA256 of "t.payload">`."""

    payload: Annotated[str, Field(max_length=16_384)]
    signature: Annotated[str, Field(max_length=256)]


@dataclass(frozen=True, slots=True)
class Received:
    """The notice was taken in; `event_id` is the provider's."""

    event_id: str


AUTHORIZE = Operation(
    "payment.authorize", "POST", "/payments", AuthorizePayment, PaymentView,
    errors=(CardDeclined, PaymentClosed), keyed=True, summary="Hold an amount on a card.",
)  # fmt: skip
CAPTURE = Operation(
    "payment.capture", "POST", "/payments/{order_id}/capture", CapturePayment, PaymentView,
    errors=(NotAuthorized, PaymentClosed), keyed=True, summary="Take the amount held.",
)  # fmt: skip
CANCEL = Operation(
    "payment.cancel", "POST", "/payments/{order_id}/cancel", CancelPayment, PaymentView,
    keyed=True, summary="Void what is held, refund what was taken, accept nothing more.",
)  # fmt: skip
REFUND = Operation(
    "payment.refund", "POST", "/payments/{order_id}/refund", RefundPayment, PaymentView,
    errors=(NothingToRefund,), keyed=True, summary="Give back what was taken.",
)  # fmt: skip
STATUS = Operation(
    "payment.status", "GET", "/payments/{order_id}", PaymentStatus, PaymentView,
    errors=(PaymentNotFound,), summary="Show the payment of an order.",
)  # fmt: skip
RECEIVE_WEBHOOK = Operation(
    "payment.receive_webhook", "POST", "/webhooks/psp", ReceiveWebhook, Received,
    errors=(BadSignature, MalformedNotice), summary="Take in a signed notice of the provider.",
)  # fmt: skip


@event("payment.authorized", key="order_id")
@dataclass(frozen=True, slots=True)
class PaymentAuthorized:
    order: OrderSnapshot

    @property
    def order_id(self) -> str:
        """The ordering key."""
        return self.order.order_id


@event("payment.captured", key="order_id")
@dataclass(frozen=True, slots=True)
class PaymentCaptured:
    order: OrderSnapshot

    @property
    def order_id(self) -> str:
        """The ordering key."""
        return self.order.order_id


@event("payment.refused", key="order_id")
@dataclass(frozen=True, slots=True)
class PaymentRefused:
    order_id: str
    reason: str


@event("payment.cancelled", key="order_id")
@dataclass(frozen=True, slots=True)
class PaymentCancelled:
    """Nothing is held, nothing was taken, and nothing will be."""

    order_id: str


@event("payment.refunded", key="order_id")
@dataclass(frozen=True, slots=True)
class PaymentRefunded:
    """What was taken has been given back, and nothing more will be taken."""

    order_id: str
    amount: Money
