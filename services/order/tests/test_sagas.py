from __future__ import annotations

from typing import Any

import pytest

from msa_lab.sdk import SAGAS, Duration, Money, Operation, Orchestrator, Retry, ms
from msa_lab.sdk.failures import CommitUnknown, Timeout, Unavailable
from msa_lab.sdk.testing import FakeContext, run
from services.cart import api as cart
from services.inventory import api as inventory
from services.order.api import (
    CancelOrder,
    Checkout,
    OrderCancelled,
    OrderConfirmed,
    OrderLine,
    OrderSnapshot,
)
from services.order.domain import PIVOT, STEPS
from services.order.sagas import CHECKOUT_SAGA, cancel, checkout
from services.order.spec import SPEC
from services.order.store import ORDERS
from services.payment import api as payment
from services.promotion import api as promotion
from services.shipping import api as shipping

LINE = OrderLine("TEA", "Tea", 2, Money(1_000))
DEARER = OrderLine("TEA", "Tea", 2, Money(1_100))
VIEW = payment.PaymentView("ord-1", "pay-1", "AUTHORIZED", Money(2_490), Money(0), "")
FORWARD = [
    "cart.freeze", "promotion.redeem", "inventory.reserve",
    "payment.authorize", "shipping.book", "payment.capture",
]  # fmt: skip
BACK = {
    "cart.freeze": "cart.thaw",
    "promotion.redeem": "promotion.release",
    "inventory.reserve": "inventory.release",
    "payment.authorize": "payment.cancel",
    "shipping.book": "shipping.cancel",
    "payment.capture": "payment.cancel",
}
OPERATIONS: dict[str, Operation[Any, Any]] = {
    operation.name: operation
    for operation in (
        cart.FREEZE, promotion.REDEEM, inventory.RESERVE, payment.AUTHORIZE, shipping.BOOK, payment.CAPTURE,
        cart.THAW, promotion.RELEASE, inventory.RELEASE, payment.CANCEL, shipping.CANCEL,
    )
}  # fmt: skip


def pause(_retry: Retry, attempt: int) -> Duration:
    return ms(100 * attempt)


DRIVER = Orchestrator(CHECKOUT_SAGA, pause)


def placed() -> FakeContext:
    ctx = FakeContext(SPEC, subject="usr-1")
    ctx.answers(cart.VIEW, cart.CartView("usr-1", (LINE,), Money(2_000)))
    ctx.answers(shipping.QUOTE, shipping.ShippingQuote("EU", 1, Money(490)))
    ctx.answers(cart.FREEZE, cart.FrozenCart("ord-1", (DEARER,), Money(2_200)))
    ctx.answers(cart.THAW, cart.ThawedCart("ord-1"))
    ctx.answers(promotion.REDEEM, promotion.CouponRedeemed("ord-1", Money(220)))
    ctx.answers(promotion.RELEASE, promotion.CouponReleased("ord-1"))
    ctx.answers(inventory.RESERVE, inventory.StockReserved("ord-1", ctx.clock.now()))
    ctx.answers(inventory.RELEASE, inventory.StockReleased("ord-1"))
    ctx.answers(payment.AUTHORIZE, VIEW)
    ctx.answers(payment.CAPTURE, VIEW)
    ctx.answers(payment.CANCEL, VIEW)
    ctx.answers(shipping.BOOK, shipping.ShipmentBooked("ord-1", "trk-1"))
    ctx.answers(shipping.CANCEL, shipping.ShipmentCancelled("ord-1"))
    run(checkout(ctx, Checkout("tok_ok", "DE", "SPRING")))
    ctx.called.clear()
    ctx.published.clear()
    return ctx


def called(ctx: FakeContext) -> list[str]:
    return [call.operation for call in ctx.called]


def state(ctx: FakeContext) -> tuple[str, str]:
    (order,) = ctx.store.all(ORDERS)
    (record,) = ctx.store.all(SAGAS)
    return order.state, record.state


def test_the_steps_are_those_of_the_domain() -> None:
    assert tuple(step.name for step in CHECKOUT_SAGA.steps) == STEPS
    assert CHECKOUT_SAGA.pivot == PIVOT


def test_a_checkout_goes_through_and_confirms_what_was_decided_on_the_way() -> None:
    ctx = placed()

    run(DRIVER.drive(ctx, "ord-1"))

    assert state(ctx) == ("CONFIRMED", "COMPLETED")
    assert called(ctx) == FORWARD
    (confirmed,) = ctx.published
    assert confirmed == OrderConfirmed(
        OrderSnapshot(
            "ord-1", "usr-1", (DEARER,), "SPRING", "tok_ok", "DE", Money(2_200), Money(220), Money(490)
        )
    )
    assert ctx.called[3].request == payment.AuthorizePayment("ord-1", Money(2_470), "tok_ok")


def test_every_call_of_the_saga_has_its_own_key() -> None:
    ctx = placed()
    ctx.answers(payment.CAPTURE, payment.PaymentClosed())

    run(DRIVER.drive(ctx, "ord-1"))

    keys = {(call.operation, call.key) for call in ctx.called}
    assert len({key for _, key in keys}) == len(keys) == 11
    assert all(key is not None and key.startswith("ord-1/") for _, key in keys)


@pytest.mark.parametrize("position", range(6))
def test_a_refused_step_is_undone_and_then_all_before_it_in_reverse(position: int) -> None:
    ctx = placed()
    refused = OPERATIONS[FORWARD[position]]
    ctx.answers(refused, refused.errors[0]())

    run(DRIVER.drive(ctx, "ord-1"))

    begun = FORWARD[: position + 1]
    assert called(ctx) == [*begun, *(BACK[name] for name in reversed(begun))]
    assert state(ctx) == ("CANCELLED", "COMPENSATED")
    assert ctx.published == [OrderCancelled("ord-1", "usr-1", refused.errors[0].code)]


@pytest.mark.parametrize("position", range(6))
def test_a_step_that_never_answers_is_tried_three_times_and_then_undone(position: int) -> None:
    ctx = placed()
    silent = OPERATIONS[FORWARD[position]]
    ctx.answers(silent, Timeout())

    run(DRIVER.drive(ctx, "ord-1"))

    begun = [*FORWARD[:position], *[FORWARD[position]] * 3]
    back = [BACK[name] for name in reversed(FORWARD[: position + 1])]
    assert called(ctx) == [*begun, *back]
    assert ctx.published == [OrderCancelled("ord-1", "usr-1", "Timeout")]


def test_without_retries_the_first_failure_turns_the_saga() -> None:
    ctx = placed()
    ctx.answers(cart.FREEZE, Unavailable(), cart.FrozenCart("ord-1", (LINE,), Money(2_000)))

    run(Orchestrator(CHECKOUT_SAGA, pause, retrying=False).drive(ctx, "ord-1"))

    assert called(ctx) == ["cart.freeze", "cart.thaw"]


@pytest.mark.parametrize("operation", [BACK[name] for name in FORWARD])
def test_a_compensation_is_tried_until_it_succeeds(operation: str) -> None:
    ctx = placed()
    ctx.answers(payment.CAPTURE, payment.PaymentClosed())
    undo = OPERATIONS[operation]
    ctx.answers(undo, *[Timeout()] * 20, VIEW)

    run(DRIVER.drive(ctx, "ord-1"))

    assert state(ctx) == ("CANCELLED", "COMPENSATED")
    assert called(ctx).count(operation) >= 21


def test_once_the_money_is_taken_the_order_is_confirmed_whatever_it_takes() -> None:
    ctx = placed()

    def store_troubles(_request: payment.CapturePayment) -> payment.PaymentView:
        ctx.store.failures = [CommitUnknown() for _ in range(10)]
        return VIEW

    ctx.answers(payment.CAPTURE, store_troubles)
    run(DRIVER.drive(ctx, "ord-1"))

    assert state(ctx) == ("CONFIRMED", "COMPLETED")
    assert called(ctx) == FORWARD
    assert len(ctx.published) == 1


@pytest.mark.parametrize("position", range(6))
def test_another_instance_resumes_where_the_first_one_crashed(position: int) -> None:
    class Crashed(BaseException):
        """Not an exception that anybody handles."""

    ctx = placed()
    step = OPERATIONS[FORWARD[position]]
    healthy = ctx._answers[step.name][0]  # noqa: SLF001 - put back after the crash
    ctx.answers(step, Crashed())
    with pytest.raises(Crashed):
        run(DRIVER.drive(ctx, "ord-1"))
    ctx.answers(step, healthy)
    ctx.instance = "order-2"

    run(DRIVER.drive(ctx, "ord-1"))
    assert state(ctx) == ("PLACED", "RUNNING")  # the lease is not up yet
    run(ctx.clock.sleep(CHECKOUT_SAGA.lease))
    run(DRIVER.drive(ctx, "ord-1"))

    assert state(ctx) == ("CONFIRMED", "COMPLETED")
    assert called(ctx) == [*FORWARD[: position + 1], *FORWARD[position:]]


def test_a_cancellation_in_the_middle_undoes_the_step_under_way_and_all_before_it() -> None:
    ctx = placed()

    def meanwhile(_request: payment.AuthorizePayment) -> payment.PaymentView:
        run(cancel(ctx, CancelOrder("ord-1")))
        return VIEW

    ctx.answers(payment.AUTHORIZE, meanwhile)
    run(DRIVER.drive(ctx, "ord-1"))
    assert state(ctx) == ("CANCELLING", "COMPENSATING")

    run(DRIVER.drive(ctx, "ord-1"))

    assert called(ctx) == [
        *FORWARD[:4], "payment.cancel", "inventory.release", "promotion.release", "cart.thaw",
    ]  # fmt: skip
    assert ctx.published == [OrderCancelled("ord-1", "usr-1", "cancelled-by-customer")]
