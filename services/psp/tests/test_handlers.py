from __future__ import annotations

import json

import pytest

from msa_lab.sdk import Duration, Money
from msa_lab.sdk.failures import Timeout, Unavailable
from msa_lab.sdk.testing import FakeContext, run
from services.payment.api import RECEIVE_WEBHOOK, BadSignature, Received, ReceiveWebhook
from services.psp.api import (
    Account,
    CancelIntent,
    CaptureIntent,
    CaptureMade,
    CardRefused,
    CreateIntent,
    FindReference,
    IntentNotFound,
    IntentView,
    NotCapturable,
    ReferenceClosed,
    RefundMade,
    RefundReference,
)
from services.psp.handlers import cancel_intent, capture, create_intent, deliver_webhooks, find, refund
from services.psp.spec import SPEC
from services.psp.store import CAPTURES, DELIVERIES, INTENTS, REFUNDS

PRICE = Money(2_490)


def hold(ctx: FakeContext, card: str = "tok_ok", reference: str = "pay-1") -> IntentView:
    return run(create_intent(ctx, CreateIntent(reference, "ord-1", PRICE, card)))


def take(ctx: FakeContext, intent_id: str = "pi-1") -> CaptureMade:
    return run(capture(ctx, CaptureIntent(intent_id, PRICE)))


def observed(ctx: FakeContext, name: str) -> int:
    observable = next(candidate for candidate in SPEC.observables if candidate.name == name)
    measure = observable.measure
    assert measure is not None
    return sum(measure(row) for row in ctx.store.all(observable.table) if observable.key(row) == "ord-1")


def test_a_good_card_holds_the_amount() -> None:
    ctx = FakeContext(SPEC)

    assert hold(ctx) == IntentView("pi-1", "pay-1", "AUTHORIZED", PRICE)
    assert observed(ctx, "psp.holding") == 2_490


def test_a_refused_card_holds_nothing_and_is_refused_again() -> None:
    ctx = FakeContext(SPEC)

    for _ in range(2):
        with pytest.raises(CardRefused, match="insufficient funds"):
            hold(ctx, "tok_insufficient")
    assert observed(ctx, "psp.holding") == 0
    assert [row.type for row in ctx.store.all(DELIVERIES)] == ["intent.declined", "intent.declined"]


def test_a_capture_takes_what_was_held() -> None:
    ctx = FakeContext(SPEC)
    hold(ctx)

    assert take(ctx) == CaptureMade("ch-1", PRICE)
    assert observed(ctx, "psp.captured") == 2_490
    assert observed(ctx, "psp.holding") == 0


def test_without_a_key_every_capture_takes_the_money_again() -> None:
    ctx = FakeContext(SPEC)
    hold(ctx)
    take(ctx)
    take(ctx)

    assert observed(ctx, "psp.captures") == 2
    assert observed(ctx, "psp.captured") == 4_980


def test_an_unknown_intent_cannot_be_captured() -> None:
    with pytest.raises(IntentNotFound):
        take(FakeContext(SPEC), "pi-9")


def test_a_declined_intent_cannot_be_captured() -> None:
    ctx = FakeContext(SPEC)
    with pytest.raises(CardRefused):
        hold(ctx, "tok_declined")

    with pytest.raises(NotCapturable):
        take(ctx)


def test_cancelling_voids_what_is_held_and_stops_a_late_capture() -> None:
    ctx = FakeContext(SPEC)
    hold(ctx)

    account = run(cancel_intent(ctx, CancelIntent("pay-1")))

    assert account == Account("pay-1", "CANCELED", "pi-1", Money(0), Money(0), Money(0), closed=True)
    with pytest.raises(NotCapturable):
        take(ctx)


def test_cancelling_an_unheard_of_reference_refuses_a_late_intent() -> None:
    ctx = FakeContext(SPEC)

    assert run(cancel_intent(ctx, CancelIntent("pay-1"))).status == "NONE"
    with pytest.raises(ReferenceClosed):
        hold(ctx)
    assert ctx.store.all(INTENTS) == []


def test_cancelling_after_the_capture_tells_what_is_owed_and_stops_another() -> None:
    ctx = FakeContext(SPEC)
    hold(ctx)
    take(ctx)

    account = run(cancel_intent(ctx, CancelIntent("pay-1")))

    assert (account.status, account.owed) == ("CAPTURED", PRICE)
    with pytest.raises(NotCapturable):
        take(ctx)


def test_a_refund_gives_back_all_once() -> None:
    ctx = FakeContext(SPEC)
    hold(ctx)
    take(ctx)

    assert run(refund(ctx, RefundReference("pay-1"))) == RefundMade("re-1", PRICE)
    assert run(refund(ctx, RefundReference("pay-1"))) == RefundMade("", Money(0))
    assert len(ctx.store.all(REFUNDS)) == 1
    assert observed(ctx, "psp.refunded") == 2_490


def test_a_refund_of_nothing_gives_nothing() -> None:
    assert run(refund(FakeContext(SPEC), RefundReference("pay-1"))) == RefundMade("", Money(0))


def test_the_account_sums_up_a_reference() -> None:
    ctx = FakeContext(SPEC)
    hold(ctx)

    account = run(find(ctx, FindReference("pay-1")))

    assert account == Account("pay-1", "AUTHORIZED", "pi-1", Money(0), Money(0), PRICE, closed=False)
    assert run(find(ctx, FindReference("pay-2"))).status == "NONE"


def test_a_notice_is_sent_signed_and_then_forgotten() -> None:
    ctx = FakeContext(SPEC)
    hold(ctx)
    ctx.answers(RECEIVE_WEBHOOK, Received("evt-1"))

    run(deliver_webhooks(ctx))

    request = ctx.called[0].request
    assert isinstance(request, ReceiveWebhook)
    assert json.loads(request.payload)["type"] == "intent.authorized"
    assert request.signature.startswith("t=0,v1=")
    assert ctx.store.all(DELIVERIES) == []


def test_a_notice_that_nobody_answers_is_kept_for_ever_and_sent_less_often() -> None:
    ctx = FakeContext(SPEC)
    hold(ctx)
    ctx.answers(RECEIVE_WEBHOOK, Timeout())
    for _ in range(40):
        run(deliver_webhooks(ctx))
        run(ctx.clock.sleep(Duration(ctx.store.all(DELIVERIES)[0].due_at - ctx.clock.now())))

    (delivery,) = ctx.store.all(DELIVERIES)

    assert (delivery.state, delivery.attempts) == ("DUE", 40)
    assert ctx.clock.slept[-1] == 5_000_000


def test_a_notice_is_not_sent_before_it_is_due() -> None:
    ctx = FakeContext(SPEC)
    hold(ctx)
    ctx.answers(RECEIVE_WEBHOOK, Unavailable())
    run(deliver_webhooks(ctx))
    run(deliver_webhooks(ctx))

    assert len(ctx.called) == 1


def test_a_notice_refused_ten_times_is_given_up() -> None:
    ctx = FakeContext(SPEC)
    hold(ctx)
    ctx.answers(RECEIVE_WEBHOOK, BadSignature())
    for _ in range(12):
        run(deliver_webhooks(ctx))
        run(ctx.clock.sleep(Duration(ctx.store.all(DELIVERIES)[0].due_at)))

    assert ctx.store.all(DELIVERIES)[0].state == "FAILED"
    assert len(ctx.called) == 10


def test_a_notice_that_another_instance_has_sent_meanwhile_is_left_to_it() -> None:
    ctx = FakeContext(SPEC)
    hold(ctx)

    def sent_by_another(_request: ReceiveWebhook) -> Received:
        ctx.answers(RECEIVE_WEBHOOK, Timeout())
        run(deliver_webhooks(ctx))
        return Received("evt-1")

    ctx.answers(RECEIVE_WEBHOOK, sent_by_another)
    run(deliver_webhooks(ctx))

    assert [row.attempts for row in ctx.store.all(DELIVERIES)] == [1]


def test_one_notice_that_fails_does_not_hold_up_the_others() -> None:
    ctx = FakeContext(SPEC)
    hold(ctx)
    take(ctx)
    ctx.answers(RECEIVE_WEBHOOK, Timeout(), Received("evt-2"))

    run(deliver_webhooks(ctx))

    assert [row.type for row in ctx.store.all(DELIVERIES)] == ["intent.authorized"]
    assert len(ctx.store.all(CAPTURES)) == 1
