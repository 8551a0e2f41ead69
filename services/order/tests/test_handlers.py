from __future__ import annotations

from dataclasses import replace

import pytest

from msa_lab.sdk import SAGAS, Instant, Money, SagaRecord, Unauthenticated, seconds
from msa_lab.sdk.failures import StoreUnavailable, Timeout
from msa_lab.sdk.testing import FakeContext, run
from services.cart.api import VIEW, CartFrozen, CartRejected, CartThawed, CartView
from services.inventory.api import InventoryRejected, InventoryReleased, InventoryReserved
from services.order.api import (
    Accepted,
    CancelOrder,
    Checkout,
    EmptyCart,
    GetOrder,
    NotCancellable,
    NotReturnable,
    OrderCancelled,
    OrderConfirmed,
    OrderHistory,
    OrderLine,
    OrderNotFound,
    OrderPlaced,
    OrderReturned,
    OrderSnapshot,
    OrderView,
    ReturnOrder,
)
from services.order.handlers import finish_returns, get, history, return_order
from services.order.sagas import (
    cancel,
    cancel_by_event,
    checkout,
    expire_stuck,
    on_payment_captured,
    on_progress,
    on_refused,
    on_undone,
)
from services.order.spec import SPEC
from services.order.store import ORDERS
from services.payment.api import (
    REFUND,
    PaymentAuthorized,
    PaymentCancelled,
    PaymentCaptured,
    PaymentRefunded,
    PaymentView,
)
from services.promotion.api import PromotionRedeemed, PromotionReleased
from services.shipping.api import QUOTE, ShippingBooked, ShippingCancelled, ShippingQuote

LINE = OrderLine("TEA", "Tea", 2, Money(1_000))
PLACED = OrderSnapshot(
    "ord-1", "usr-1", (LINE,), "SPRING", "tok_ok", "DE", Money(2_000), Money(0), Money(490)
)
ORDER = replace(PLACED, discount=Money(200))
REFUNDED = PaymentView("ord-1", "pay-1", "REFUNDED", Money(2_290), Money(2_290), "")


def shop(subject: str = "usr-1") -> FakeContext:
    ctx = FakeContext(SPEC, subject=subject)
    ctx.answers(VIEW, CartView("usr-1", (LINE,), Money(2_000)))
    ctx.answers(QUOTE, ShippingQuote("EU", 1, Money(490)))
    ctx.answers(REFUND, REFUNDED)
    return ctx


def place(ctx: FakeContext) -> Accepted:
    return run(checkout(ctx, Checkout("tok_ok", "DE", "SPRING")))


def placed() -> FakeContext:
    ctx = shop()
    place(ctx)
    ctx.published.clear()
    return ctx


def bought() -> FakeContext:
    ctx = placed()
    run(on_payment_captured(ctx, PaymentCaptured(ORDER)))
    ctx.published.clear()
    return ctx


def state(ctx: FakeContext) -> str:
    (order,) = ctx.store.all(ORDERS)
    return order.state


def saga(ctx: FakeContext) -> SagaRecord:
    (record,) = ctx.store.all(SAGAS)
    return record


def give_up(ctx: FakeContext) -> OrderView:
    return run(cancel(ctx, CancelOrder("ord-1")))


def send_back(ctx: FakeContext) -> OrderView:
    return run(return_order(ctx, ReturnOrder("ord-1", "too small")))


def test_a_checkout_places_the_order_and_starts_its_saga_in_one_commit() -> None:
    ctx = shop()

    assert place(ctx) == Accepted("ord-1", "PLACED")
    assert (saga(ctx).id, saga(ctx).state, saga(ctx).step) == ("ord-1", "RUNNING", "freeze_cart")
    assert ctx.published == [OrderPlaced(PLACED)]


def test_a_checkout_that_cannot_be_written_leaves_nothing() -> None:
    ctx = shop()
    ctx.store.failures = [StoreUnavailable()]

    with pytest.raises(StoreUnavailable):
        place(ctx)
    assert (ctx.store.all(ORDERS), ctx.store.all(SAGAS), ctx.published) == ([], [], [])


def test_an_empty_cart_is_not_ordered() -> None:
    ctx = shop()
    ctx.answers(VIEW, CartView("usr-1", (), Money(0)))

    with pytest.raises(EmptyCart):
        place(ctx)


def test_nobody_orders_without_signing_in() -> None:
    with pytest.raises(Unauthenticated):
        place(shop(subject=""))


def test_customers_see_their_own_orders_only() -> None:
    ctx = placed()

    assert run(get(ctx, GetOrder("ord-1"))).total == Money(2_490)
    ctx.caller = replace(ctx.caller, subject="usr-2")
    assert run(history(ctx, OrderHistory())).orders == ()
    with pytest.raises(OrderNotFound):
        run(get(ctx, GetOrder("ord-1")))
    with pytest.raises(OrderNotFound):
        give_up(ctx)


def test_the_history_begins_with_the_newest() -> None:
    ctx = placed()
    run(ctx.clock.sleep(seconds(1)))
    place(ctx)

    assert [order.order_id for order in run(history(ctx, OrderHistory())).orders] == ["ord-2", "ord-1"]
    assert [order.order_id for order in run(history(ctx, OrderHistory(limit=1))).orders] == ["ord-2"]


def test_a_return_is_refunded_and_told() -> None:
    ctx = bought()

    view = send_back(ctx)

    assert (view.state, view.reason) == ("RETURNED", "too small")
    assert [entry.state for entry in view.history] == ["PLACED", "CONFIRMED", "RETURNING", "RETURNED"]
    assert ctx.called[-1].key == "ord-1/return"
    assert ctx.published == [OrderReturned("ord-1", "usr-1", Money(2_290))]


def test_a_return_twice_is_one_return() -> None:
    ctx = bought()
    send_back(ctx)

    assert send_back(ctx).state == "RETURNED"
    assert len(ctx.published) == 1


def test_a_return_whose_refund_is_interrupted_is_finished_later() -> None:
    ctx = bought()
    ctx.answers(REFUND, Timeout(), Timeout(), REFUNDED)
    with pytest.raises(Timeout):
        send_back(ctx)
    assert state(ctx) == "RETURNING"

    run(finish_returns(ctx))
    assert len([call for call in ctx.called if call.operation == "payment.refund"]) == 1
    run(ctx.clock.sleep(seconds(2)))
    run(finish_returns(ctx))
    assert state(ctx) == "RETURNING"
    run(finish_returns(ctx))
    assert state(ctx) == "RETURNED"


def test_only_a_confirmed_order_can_be_returned() -> None:
    with pytest.raises(NotReturnable):
        send_back(placed())


def test_cancelling_turns_the_saga_and_leaves_it_to_the_next_driver() -> None:
    ctx = placed()

    assert give_up(ctx).state == "CANCELLING"
    record = saga(ctx)
    assert (record.state, record.failure, record.owner) == ("COMPENSATING", "cancelled-by-customer", "")
    assert record.lease_until == Instant(0)
    assert give_up(ctx).state == "CANCELLING"


def test_cancelling_what_is_on_its_way_back_keeps_the_reason() -> None:
    ctx = placed()
    ctx.store.put(SAGAS, replace(saga(ctx), state="COMPENSATING", failure="out-of-stock"))

    assert give_up(ctx).reason == ""
    assert saga(ctx).failure == "out-of-stock"


def test_nothing_is_cancelled_once_the_money_was_taken() -> None:
    ctx = placed()
    ctx.store.put(SAGAS, replace(saga(ctx), done=("capture_payment",), step="confirm"))

    with pytest.raises(NotCancellable):
        give_up(ctx)
    with pytest.raises(NotCancellable):
        give_up(bought())
    with pytest.raises(NotCancellable):
        run(cancel_by_event(bought(), CancelOrder("ord-1")))


def test_events_advance_the_record_in_whatever_order_they_come() -> None:
    ctx = placed()
    run(on_progress(ctx, PromotionRedeemed(ORDER)))
    run(on_progress(ctx, CartFrozen(PLACED)))

    assert (saga(ctx).done, saga(ctx).step) == (("freeze_cart", "redeem_coupon"), "reserve_stock")
    assert saga(ctx).data == ORDER


def test_the_last_event_confirms_the_order_once() -> None:
    ctx = placed()
    for event in (
        CartFrozen(PLACED), PromotionRedeemed(ORDER), InventoryReserved(ORDER), PaymentAuthorized(ORDER),
        ShippingBooked(ORDER),
    ):  # fmt: skip
        run(on_progress(ctx, event))
    for _ in range(2):
        run(on_payment_captured(ctx, PaymentCaptured(ORDER)))

    assert (state(ctx), saga(ctx).state, saga(ctx).done[-1]) == ("CONFIRMED", "COMPLETED", "confirm")
    assert ctx.published == [OrderConfirmed(ORDER)]
    assert run(get(ctx, GetOrder("ord-1"))).total == Money(2_290)


def test_a_refusal_cancels_the_order_once_and_for_its_reason() -> None:
    ctx = placed()
    run(on_refused(ctx, InventoryRejected("ord-1", "out-of-stock")))
    run(on_refused(ctx, CartRejected("ord-1", "cart-empty")))

    assert (state(ctx), saga(ctx).state, saga(ctx).failure) == ("CANCELLED", "COMPENSATING", "out-of-stock")
    assert ctx.published == [OrderCancelled("ord-1", "usr-1", "out-of-stock")]


def test_a_capture_that_comes_after_the_cancellation_does_not_confirm() -> None:
    ctx = placed()
    run(cancel_by_event(ctx, CancelOrder("ord-1")))
    run(on_payment_captured(ctx, PaymentCaptured(ORDER)))
    run(on_progress(ctx, ShippingBooked(ORDER)))

    assert (state(ctx), saga(ctx).state) == ("CANCELLED", "COMPENSATING")


@pytest.mark.parametrize("payment", [PaymentCancelled("ord-1"), PaymentRefunded("ord-1", Money(2_290))])
def test_the_saga_is_compensated_when_all_have_answered_in_whatever_order(
    payment: PaymentCancelled | PaymentRefunded,
) -> None:
    ctx = placed()
    run(cancel_by_event(ctx, CancelOrder("ord-1")))
    for event in (ShippingCancelled("ord-1"), CartThawed("ord-1"), payment, CartThawed("ord-1")):
        run(on_undone(ctx, event))
    run(on_undone(ctx, InventoryReleased("ord-1")))
    assert (saga(ctx).state, saga(ctx).step) == ("COMPENSATING", "redeem_coupon")

    run(on_undone(ctx, PromotionReleased("ord-1")))

    assert saga(ctx).state == "COMPENSATED"
    assert saga(ctx).undone == (
        "book_shipment", "freeze_cart", "authorize_payment", "reserve_stock", "redeem_coupon",
    )  # fmt: skip


def test_answers_before_the_cancellation_count_for_nothing() -> None:
    ctx = placed()
    run(on_undone(ctx, PaymentCancelled("ord-1")))

    assert (saga(ctx).state, saga(ctx).undone) == ("RUNNING", ())


def test_an_order_that_waits_too_long_is_cancelled() -> None:
    ctx = placed()
    run(ctx.clock.sleep(seconds(7.9)))
    run(expire_stuck(ctx))
    assert state(ctx) == "PLACED"

    run(ctx.clock.sleep(seconds(0.1)))
    run(expire_stuck(ctx))
    assert ctx.published == [OrderCancelled("ord-1", "usr-1", "took-too-long")]


def test_a_cancellation_not_answered_by_all_is_repeated_until_it_is() -> None:
    ctx = placed()
    run(on_refused(ctx, CartRejected("ord-1", "cart-empty")))
    for _ in range(3):
        run(expire_stuck(ctx))
        run(ctx.clock.sleep(seconds(4)))
    assert len(ctx.published) == 2

    for event in (
        ShippingCancelled("ord-1"), CartThawed("ord-1"), PaymentCancelled("ord-1"),
        InventoryReleased("ord-1"), PromotionReleased("ord-1"),
    ):  # fmt: skip
        run(on_undone(ctx, event))
    run(ctx.clock.sleep(seconds(9)))
    run(expire_stuck(ctx))
    assert len(ctx.published) == 2


def observed(ctx: FakeContext, name: str) -> int:
    (measure,) = [observable.measure for observable in SPEC.observables if observable.name == name]
    assert measure is not None
    return sum(measure(order) for order in ctx.store.all(ORDERS))


def test_money_is_due_and_a_coupon_used_only_while_the_order_is_confirmed() -> None:
    ctx = placed()
    seen = [(observed(ctx, "order.due"), observed(ctx, "order.coupons"))]
    run(on_payment_captured(ctx, PaymentCaptured(ORDER)))
    seen.append((observed(ctx, "order.due"), observed(ctx, "order.coupons")))
    send_back(ctx)
    seen.append((observed(ctx, "order.due"), observed(ctx, "order.coupons")))

    assert seen == [(0, 0), (2_290, 1), (0, 0)]
