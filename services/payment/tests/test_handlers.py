from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from msa_lab.sdk import Money, seconds
from msa_lab.sdk.failures import CommitUnknown, Timeout
from msa_lab.sdk.testing import FakeContext, run
from services.inventory.api import InventoryReserved
from services.order.api import OrderCancelled, OrderLine, OrderSnapshot
from services.payment.api import (
    AuthorizePayment,
    BadSignature,
    CancelPayment,
    CapturePayment,
    CardDeclined,
    MalformedNotice,
    NotAuthorized,
    NothingToRefund,
    PaymentAuthorized,
    PaymentCancelled,
    PaymentCaptured,
    PaymentClosed,
    PaymentNotFound,
    PaymentRefunded,
    PaymentRefused,
    PaymentStatus,
    PaymentView,
    ReceiveWebhook,
    RefundPayment,
)
from services.payment.handlers import (
    authorize,
    cancel,
    capture,
    on_inventory_reserved,
    on_order_cancelled,
    on_shipping_booked,
    receive_webhook,
    reconcile,
    refund,
    status,
)
from services.payment.spec import SPEC
from services.payment.store import PAYMENTS
from services.psp import api as psp
from services.shipping.api import ShippingBooked

PRICE = Money(2_490)
NONE = Money(0)
HELD = psp.IntentView("pi-1", "pay-1", "AUTHORIZED", PRICE)
TAKEN = psp.CaptureMade("ch-1", PRICE)
VOIDED = psp.Account("pay-1", "CANCELED", "pi-1", NONE, NONE, NONE, closed=True)
OWED = psp.Account("pay-1", "CAPTURED", "pi-1", PRICE, NONE, NONE, closed=True)
GIVEN_BACK = psp.RefundMade("re-1", PRICE)
ORDER = OrderSnapshot(
    "ord-1", "usr-1", (OrderLine("TEA", "Tea", 1, PRICE),), None, "tok_ok", "DE", PRICE, NONE, NONE
)


def shop() -> FakeContext:
    """A provider that does what it is asked."""
    ctx = FakeContext(SPEC)
    ctx.answers(psp.CREATE_INTENT, HELD)
    ctx.answers(psp.CAPTURE, TAKEN)
    ctx.answers(psp.CANCEL_INTENT, VOIDED)
    ctx.answers(psp.REFUND, GIVEN_BACK)
    return ctx


def hold(ctx: FakeContext) -> PaymentView:
    return run(authorize(ctx, AuthorizePayment("ord-1", PRICE, "tok_ok")))


def take(ctx: FakeContext) -> PaymentView:
    return run(capture(ctx, CapturePayment("ord-1")))


def close(ctx: FakeContext) -> PaymentView:
    return run(cancel(ctx, CancelPayment("ord-1")))


def state(ctx: FakeContext) -> str:
    (payment,) = ctx.store.all(PAYMENTS)
    return payment.state


def asked(ctx: FakeContext) -> list[tuple[str, str | None]]:
    return [(call.operation, call.key) for call in ctx.called]


def webhook(kind: str, reference: str = "pay-1", order_id: str = "ord-1") -> ReceiveWebhook:
    content = {"id": "evt-1", "type": kind, "reference": reference, "order_id": order_id, "intent_id": "pi-1"}
    payload = json.dumps(content)
    digest = hmac.new(b"whsec_lab", f"0.{payload}".encode(), hashlib.sha256).hexdigest()
    return ReceiveWebhook(payload, f"t=0,v1={digest}")


def test_a_payment_is_held_taken_and_given_back() -> None:
    ctx = shop()

    assert hold(ctx) == PaymentView("ord-1", "pay-1", "AUTHORIZED", PRICE, NONE, "")
    assert take(ctx).state == "CAPTURED"
    ctx.answers(psp.CANCEL_INTENT, OWED)
    assert run(refund(ctx, RefundPayment("ord-1"))) == PaymentView(
        "ord-1", "pay-1", "REFUNDED", PRICE, PRICE, ""
    )
    assert ctx.published == [PaymentRefunded("ord-1", PRICE)]


def test_calls_to_the_provider_carry_keys_of_the_payment() -> None:
    ctx = shop()
    hold(ctx)
    take(ctx)
    ctx.answers(psp.CANCEL_INTENT, OWED)
    close(ctx)

    assert asked(ctx) == [
        ("psp.create_intent", "hold/pay-1"),
        ("psp.capture", "capture/pay-1"),
        ("psp.cancel_intent", "close/pay-1"),
        ("psp.refund", "refund/pay-1"),
    ]


def test_a_refused_card_is_refused_again_without_asking() -> None:
    ctx = shop()
    ctx.answers(psp.CREATE_INTENT, psp.CardRefused("insufficient funds"))

    for _ in range(2):
        with pytest.raises(CardDeclined, match="insufficient funds"):
            hold(ctx)
    assert len(ctx.called) == 1
    assert ctx.published == [PaymentRefused("ord-1", "card-declined")]


def test_a_lost_answer_leaves_the_payment_in_doubt_and_the_next_try_asks_under_the_same_key() -> None:
    ctx = shop()
    ctx.answers(psp.CREATE_INTENT, Timeout(), HELD)

    with pytest.raises(Timeout):
        hold(ctx)
    assert state(ctx) == "PENDING"
    assert hold(ctx).state == "AUTHORIZED"
    assert [call.key for call in ctx.called] == ["hold/pay-1", "hold/pay-1"]


def test_the_provider_is_not_asked_before_the_payment_is_written() -> None:
    ctx = shop()
    ctx.store.failures = [CommitUnknown()]

    with pytest.raises(CommitUnknown):
        hold(ctx)
    assert ctx.called == []


def test_a_payment_in_doubt_that_is_cancelled_is_closed_at_the_provider() -> None:
    ctx = shop()
    ctx.answers(psp.CREATE_INTENT, Timeout())
    with pytest.raises(Timeout):
        hold(ctx)

    assert close(ctx).state == "VOIDED"
    assert asked(ctx)[-1] == ("psp.cancel_intent", "close/pay-1")


def test_a_cancellation_stays_promised_while_the_provider_does_not_answer() -> None:
    ctx = shop()
    hold(ctx)
    ctx.answers(psp.CANCEL_INTENT, Timeout(), VOIDED)

    with pytest.raises(Timeout):
        close(ctx)
    assert state(ctx) == "CLOSING"
    with pytest.raises(PaymentClosed):
        take(ctx)
    assert close(ctx).state == "VOIDED"


def test_cancelling_what_never_was_leaves_a_tombstone_that_refuses_a_late_authorisation() -> None:
    ctx = shop()

    assert close(ctx).state == "CANCELLED"
    with pytest.raises(PaymentClosed):
        hold(ctx)
    assert ctx.called == []


def test_cancelling_again_answers_again() -> None:
    ctx = shop()
    close(ctx)
    close(ctx)

    assert ctx.published == [PaymentCancelled("ord-1"), PaymentCancelled("ord-1")]


def test_a_capture_whose_reply_was_lost_is_refunded_when_cancelled() -> None:
    ctx = shop()
    hold(ctx)
    ctx.answers(psp.CAPTURE, Timeout())
    ctx.answers(psp.CANCEL_INTENT, OWED)
    with pytest.raises(Timeout):
        take(ctx)

    assert close(ctx).state == "REFUNDED"
    assert ctx.published == [PaymentRefunded("ord-1", PRICE)]


def test_a_declined_payment_is_closed_too_for_an_earlier_try_may_hold_money() -> None:
    ctx = shop()
    ctx.answers(psp.CREATE_INTENT, psp.CardRefused())
    with pytest.raises(CardDeclined):
        hold(ctx)

    assert close(ctx).state == "VOIDED"
    assert asked(ctx)[-1] == ("psp.cancel_intent", "close/pay-1")


def test_an_authorisation_overtaken_by_its_cancellation_is_refused() -> None:
    ctx = shop()

    def cancelled_meanwhile(_request: psp.CreateIntent) -> psp.IntentView:
        close(ctx)
        return HELD

    ctx.answers(psp.CREATE_INTENT, cancelled_meanwhile)

    with pytest.raises(PaymentClosed):
        hold(ctx)
    assert state(ctx) == "VOIDED"


def test_an_authorisation_that_finds_its_reference_closed_is_refused() -> None:
    ctx = shop()

    def closed_meanwhile(_request: psp.CreateIntent) -> psp.IntentView:
        close(ctx)
        raise psp.ReferenceClosed

    ctx.answers(psp.CREATE_INTENT, closed_meanwhile)

    with pytest.raises(PaymentClosed):
        hold(ctx)
    assert state(ctx) == "VOIDED"


def test_a_capture_overtaken_by_its_cancellation_is_refused() -> None:
    ctx = shop()
    hold(ctx)
    ctx.answers(psp.CANCEL_INTENT, OWED)

    def cancelled_meanwhile(_request: psp.CaptureIntent) -> psp.CaptureMade:
        close(ctx)
        return TAKEN

    ctx.answers(psp.CAPTURE, cancelled_meanwhile)

    with pytest.raises(PaymentClosed):
        take(ctx)
    assert state(ctx) == "REFUNDED"


def test_nothing_is_taken_that_was_not_held() -> None:
    with pytest.raises(NotAuthorized):
        take(shop())


def test_the_providers_no_to_a_capture_means_the_payment_is_closed() -> None:
    ctx = shop()
    hold(ctx)
    ctx.answers(psp.CAPTURE, psp.NotCapturable())

    with pytest.raises(PaymentClosed):
        take(ctx)


def test_only_what_was_taken_can_be_refunded() -> None:
    ctx = shop()
    hold(ctx)

    with pytest.raises(NothingToRefund):
        run(refund(ctx, RefundPayment("ord-1")))


def test_the_status_of_a_payment_is_told() -> None:
    ctx = shop()
    hold(ctx)

    assert run(status(ctx, PaymentStatus("ord-1"))).state == "AUTHORIZED"
    with pytest.raises(PaymentNotFound):
        run(status(ctx, PaymentStatus("ord-2")))


def test_a_webhook_settles_a_payment_in_doubt() -> None:
    ctx = shop()
    ctx.answers(psp.CREATE_INTENT, Timeout())
    with pytest.raises(Timeout):
        hold(ctx)

    run(receive_webhook(ctx, webhook("intent.authorized")))
    assert hold(ctx).state == "AUTHORIZED"
    run(receive_webhook(ctx, webhook("intent.captured")))
    assert state(ctx) == "CAPTURED"


@pytest.mark.parametrize("kind", ["intent.authorized", "intent.captured", "intent.declined"])
def test_a_late_webhook_does_not_bring_a_closed_payment_back(kind: str) -> None:
    ctx = shop()
    hold(ctx)
    close(ctx)

    run(receive_webhook(ctx, webhook(kind)))

    assert state(ctx) == "VOIDED"


def test_money_held_for_a_declined_payment_is_voided_when_the_webhook_tells_of_it() -> None:
    ctx = shop()
    ctx.answers(psp.CREATE_INTENT, psp.CardRefused())
    with pytest.raises(CardDeclined):
        hold(ctx)

    run(receive_webhook(ctx, webhook("intent.authorized")))

    assert state(ctx) == "VOIDED"


@pytest.mark.parametrize(
    "notice",
    [
        webhook("intent.canceled"),
        webhook("refund.succeeded"),
        webhook("intent.captured", reference="pay-9"),
        webhook("intent.captured", order_id="ord-9"),
    ],
)
def test_other_notices_are_taken_in_and_change_nothing(notice: ReceiveWebhook) -> None:
    ctx = shop()
    hold(ctx)

    assert run(receive_webhook(ctx, notice)).event_id == "evt-1"
    assert state(ctx) == "AUTHORIZED"


def test_a_webhook_with_a_wrong_signature_is_refused() -> None:
    notice = webhook("intent.authorized")

    with pytest.raises(BadSignature):
        run(receive_webhook(shop(), ReceiveWebhook(notice.payload + " ", notice.signature)))


def test_a_signed_webhook_that_cannot_be_read_is_refused() -> None:
    digest = hmac.new(b"whsec_lab", b"0.[]", hashlib.sha256).hexdigest()

    with pytest.raises(MalformedNotice):
        run(receive_webhook(shop(), ReceiveWebhook("[]", f"t=0,v1={digest}")))


@pytest.mark.parametrize(
    ("told", "after"), [("AUTHORIZED", "AUTHORIZED"), ("DECLINED", "DECLINED"), ("NONE", "PENDING")]
)
def test_reconciliation_asks_about_a_payment_in_doubt(told: str, after: str) -> None:
    ctx = shop()
    ctx.answers(psp.CREATE_INTENT, Timeout())
    with pytest.raises(Timeout):
        hold(ctx)
    ctx.answers(psp.FIND, psp.Account("pay-1", told, "pi-1", NONE, NONE, NONE, closed=False))

    run(reconcile(ctx))
    assert state(ctx) == "PENDING"
    run(ctx.clock.sleep(seconds(2)))
    run(reconcile(ctx))
    assert state(ctx) == after


def test_reconciliation_finishes_a_closing_half_done_and_outlives_a_silent_provider() -> None:
    ctx = shop()
    hold(ctx)
    take(ctx)
    ctx.answers(psp.CANCEL_INTENT, OWED)
    ctx.answers(psp.REFUND, Timeout(), Timeout(), GIVEN_BACK)
    with pytest.raises(Timeout):
        close(ctx)
    run(ctx.clock.sleep(seconds(2)))

    run(reconcile(ctx))
    assert (state(ctx), ctx.notes) == ("CLOSING", ["reconciliation waits order=ord-1 why=Timeout"])
    run(reconcile(ctx))
    assert state(ctx) == "REFUNDED"


def test_events_pass_the_order_on_once() -> None:
    ctx = shop()
    for _ in range(2):
        run(on_inventory_reserved(ctx, InventoryReserved(ORDER)))
    for _ in range(2):
        run(on_shipping_booked(ctx, ShippingBooked(ORDER)))

    assert ctx.published == [PaymentAuthorized(ORDER), PaymentCaptured(ORDER)]


def test_a_webhook_passes_the_order_on_when_the_answer_was_lost() -> None:
    ctx = shop()
    ctx.answers(psp.CREATE_INTENT, Timeout(), HELD)
    with pytest.raises(Timeout):
        run(on_inventory_reserved(ctx, InventoryReserved(ORDER)))

    run(receive_webhook(ctx, webhook("intent.authorized")))
    run(on_inventory_reserved(ctx, InventoryReserved(ORDER)))

    assert ctx.published == [PaymentAuthorized(ORDER)]


def test_a_refused_card_is_told_by_an_event() -> None:
    ctx = shop()
    ctx.answers(psp.CREATE_INTENT, psp.CardRefused())

    run(on_inventory_reserved(ctx, InventoryReserved(ORDER)))

    assert ctx.published == [PaymentRefused("ord-1", "card-declined")]


def test_events_that_come_after_the_cancellation_change_nothing() -> None:
    ctx = shop()
    run(on_order_cancelled(ctx, OrderCancelled("ord-1", "usr-1", "out-of-stock")))
    run(on_inventory_reserved(ctx, InventoryReserved(ORDER)))
    run(on_shipping_booked(ctx, ShippingBooked(ORDER)))

    assert (state(ctx), ctx.called) == ("CANCELLED", [])
    assert ctx.published == [PaymentCancelled("ord-1")]
