from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msa_lab.sdk import Context, Duration, Money, Transaction
from msa_lab.sdk.testing import FakeClock, FakeContext, FakeStore, run
from msa_lab.sdk.values import Instant, minutes, seconds
from services.inventory.api import (
    Availability,
    GetAvailability,
    InventoryLow,
    InventoryRejected,
    InventoryReleased,
    InventoryReserved,
    OrderClosed,
    OutOfStock,
    ReceiveStock,
    ReleaseStock,
    ReserveStock,
    SettleStock,
    StockReserved,
    StockSettled,
)
from services.inventory.handlers import (
    availability,
    expire,
    receive,
    release,
    release_when_cancelled,
    reserve,
    reserve_unchecked,
    reserve_when_redeemed,
    restock_when_returned,
    settle,
    settle_when_confirmed,
    stock_up,
)
from services.inventory.spec import SPEC
from services.inventory.store import RECEIPTS, RESERVATIONS, STOCK
from services.order.api import OrderCancelled, OrderConfirmed, OrderLine, OrderReturned, OrderSnapshot
from services.promotion.api import PromotionRedeemed

T = TypeVar("T")


def lines(**pieces: int) -> tuple[OrderLine, ...]:
    return tuple(OrderLine(sku, sku, quantity, Money(1000)) for sku, quantity in pieces.items())


def snapshot(order_id: str, **pieces: int) -> OrderSnapshot:
    return OrderSnapshot(
        order_id, "ann", lines(**pieces), None, "tok_ok", "DE", Money(0), Money(0), Money(0)
    )  # fmt: skip


def context(**pieces: int) -> FakeContext:
    ctx = FakeContext(SPEC)
    run(stock_up(ctx, pieces))
    return ctx


def left(ctx: FakeContext, sku: str) -> int:
    return run(availability(ctx, GetAvailability(sku))).available


def held_and_sold(ctx: FakeContext, sku: str) -> tuple[int, int]:
    rows = [row for row in ctx.store.all(RESERVATIONS) if row.sku == sku]
    held = sum(row.quantity for row in rows if row.state == "HELD")
    return held, sum(row.quantity for row in rows if row.state == "SOLD")


def observed(ctx: FakeContext, name: str, entity: str) -> dict[str, int]:
    (observable,) = [each for each in SPEC.observables if (each.name, each.entity) == (name, entity)]
    assert observable.measure is not None
    sums: dict[str, int] = {}
    for record in ctx.store.all(observable.table):
        key = observable.key(record)
        if key is not None:
            sums[key] = sums.get(key, 0) + observable.measure(record)
    return sums


def test_received_goods_can_be_sold() -> None:
    ctx = context(CUP=2)

    assert run(receive(ctx, ReceiveStock("CUP", 3))) == Availability("CUP", 5)
    assert left(ctx, "NEVER-SEEN") == 0


def test_reserving_takes_the_pieces_off_the_shelf_and_holds_them_for_a_while() -> None:
    ctx = context(CUP=9, SPOON=9)

    reserved = run(reserve(ctx, ReserveStock("ord-1", lines(SPOON=2, CUP=1))))

    assert reserved == StockReserved("ord-1", Instant(minutes(15)))
    assert (left(ctx, "CUP"), left(ctx, "SPOON")) == (8, 7)
    assert held_and_sold(ctx, "SPOON") == (2, 0)


def test_an_order_gets_all_of_its_lines_or_none() -> None:
    ctx = context(CUP=9, SPOON=1)

    with pytest.raises(OutOfStock) as refusal:
        run(reserve(ctx, ReserveStock("ord-1", lines(CUP=1, SPOON=2))))

    assert refusal.value.message == "There is not enough of SPOON in stock."
    assert (left(ctx, "CUP"), left(ctx, "SPOON")) == (9, 1)
    assert ctx.store.all(RESERVATIONS) == []


def test_reserving_again_for_the_same_order_takes_nothing_more() -> None:
    ctx = context(CUP=9)

    first = run(reserve(ctx, ReserveStock("ord-1", lines(CUP=1))))

    assert run(reserve(ctx, ReserveStock("ord-1", lines(CUP=1)))) == first
    assert left(ctx, "CUP") == 8


def test_releasing_puts_the_pieces_back_once() -> None:
    ctx = context(CUP=9)
    run(reserve(ctx, ReserveStock("ord-1", lines(CUP=4))))

    run(release(ctx, ReleaseStock("ord-1")))
    run(release(ctx, ReleaseStock("ord-1")))

    assert left(ctx, "CUP") == 9
    assert held_and_sold(ctx, "CUP") == (0, 0)


def test_a_release_before_the_reservation_bars_it() -> None:
    ctx = context(CUP=9)

    run(release(ctx, ReleaseStock("ord-1")))

    with pytest.raises(OrderClosed):
        run(reserve(ctx, ReserveStock("ord-1", lines(CUP=4))))
    assert left(ctx, "CUP") == 9


def test_settling_sells_what_was_held() -> None:
    ctx = context(CUP=9)
    run(reserve(ctx, ReserveStock("ord-1", lines(CUP=4))))

    assert run(settle(ctx, SettleStock("ord-1"))) == StockSettled("ord-1")
    run(settle_when_confirmed(ctx, OrderConfirmed(snapshot("ord-1", CUP=4))))

    assert left(ctx, "CUP") == 5
    assert held_and_sold(ctx, "CUP") == (0, 4)


def test_nothing_can_be_settled_that_was_released_or_never_held() -> None:
    ctx = context(CUP=9)
    run(release(ctx, ReleaseStock("ord-1")))

    for order_id in ("ord-1", "ord-2"):
        with pytest.raises(OrderClosed):
            run(settle(ctx, SettleStock(order_id)))


def test_a_return_puts_sold_pieces_back() -> None:
    ctx = context(CUP=9)
    run(reserve(ctx, ReserveStock("ord-1", lines(CUP=4))))
    run(settle(ctx, SettleStock("ord-1")))

    run(restock_when_returned(ctx, OrderReturned("ord-1", "ann", Money(4000))))

    assert left(ctx, "CUP") == 9
    assert held_and_sold(ctx, "CUP") == (0, 0)


def test_the_job_frees_stock_held_too_long_and_no_other() -> None:
    ctx = context(CUP=9)
    run(reserve(ctx, ReserveStock("ord-1", lines(CUP=1))))
    ctx.clock.instant = Instant(minutes(1))
    run(reserve(ctx, ReserveStock("ord-2", lines(CUP=2))))
    run(settle(ctx, SettleStock("ord-2")))
    run(reserve(ctx, ReserveStock("ord-3", lines(CUP=3))))
    ctx.clock.instant = Instant(minutes(15))

    run(expire(ctx))

    assert held_and_sold(ctx, "CUP") == (3, 2)
    assert left(ctx, "CUP") == 4


def test_a_settlement_after_the_expiry_takes_the_stock_again_as_far_as_there_is_any() -> None:
    ctx = context(CUP=4, SPOON=9)
    run(reserve(ctx, ReserveStock("ord-1", lines(CUP=4, SPOON=1))))
    ctx.clock.instant = Instant(minutes(16))
    run(expire(ctx))
    run(reserve(ctx, ReserveStock("ord-2", lines(CUP=1))))

    settled = run(settle(ctx, SettleStock("ord-1")))

    assert settled == StockSettled("ord-1", short=("CUP",))
    assert (left(ctx, "CUP"), left(ctx, "SPOON")) == (3, 8)
    assert held_and_sold(ctx, "SPOON") == (0, 1)


def test_low_stock_is_announced_when_it_falls_there() -> None:
    ctx = context(CUP=7)

    run(reserve(ctx, ReserveStock("ord-1", lines(CUP=1))))
    run(reserve(ctx, ReserveStock("ord-2", lines(CUP=2))))
    run(reserve(ctx, ReserveStock("ord-3", lines(CUP=1))))

    assert ctx.published == [InventoryLow("CUP", 4)]


class OvertakenStore(FakeStore):
    """Lets a rival commit after the first transaction has done its work and before it commits."""

    rival: Callable[[], Awaitable[object]] | None = None

    async def transact(
        self, work: Callable[[Transaction], Awaitable[T]], *, final: bool = True, attempts: int = 8
    ) -> T:
        async def overtaken(tx: Transaction) -> T:
            result = await work(tx)
            rival, self.rival = self.rival, None
            if rival is not None:
                await rival()
            return result

        return await super().transact(overtaken, final=final, attempts=attempts)


def test_of_two_orders_after_the_last_piece_at_once_only_one_gets_it() -> None:
    ctx = context()
    ctx.store = store = OvertakenStore(SPEC.tables, ctx.published)
    run(stock_up(ctx, {"CUP": 1}))
    store.rival = lambda: reserve(ctx, ReserveStock("ord-2", lines(CUP=1)))

    with pytest.raises(OutOfStock):
        run(reserve(ctx, ReserveStock("ord-1", lines(CUP=1))))
    assert held_and_sold(ctx, "CUP") == (1, 0)


class OvertakenClock(FakeClock):
    """Lets a rival act while somebody sleeps."""

    def __init__(self, rival: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self.rival: Callable[[], Awaitable[object]] | None = rival

    async def sleep(self, duration: Duration) -> None:
        await super().sleep(duration)
        rival, self.rival = self.rival, None
        if rival is not None:
            await rival()


def test_checking_first_and_acting_later_sells_the_last_piece_twice() -> None:
    ctx = context(CUP=1)
    ctx.clock = OvertakenClock(lambda: reserve_unchecked(ctx, ReserveStock("ord-2", lines(CUP=1))))

    run(reserve_unchecked(ctx, ReserveStock("ord-1", lines(CUP=1))))

    assert held_and_sold(ctx, "CUP") == (2, 0)
    assert left(ctx, "CUP") == 0


def test_checking_first_still_refuses_what_is_plainly_not_there_and_repeats_its_answer() -> None:
    ctx = context(CUP=1)

    first = run(reserve_unchecked(ctx, ReserveStock("ord-1", lines(CUP=1))))

    assert run(reserve_unchecked(ctx, ReserveStock("ord-1", lines(CUP=1)))) == first
    with pytest.raises(OutOfStock):
        run(reserve_unchecked(ctx, ReserveStock("ord-2", lines(CUP=1))))


def test_the_stock_switch_chooses_the_way_that_oversells() -> None:
    unsafe = SPEC.under({"stock": "check-then-act"})

    chosen = {part.operation.name: part.handler for part in unsafe.operations}
    assert chosen["inventory.reserve"] is reserve_unchecked


def test_choreographed_a_redeemed_order_gets_its_stock() -> None:
    ctx = context(CUP=9)
    order = snapshot("ord-1", CUP=1)

    run(reserve_when_redeemed(ctx, PromotionRedeemed(order)))

    assert ctx.published == [InventoryReserved(order)]


def test_choreographed_missing_stock_is_said_to_be_the_reason() -> None:
    ctx = context(CUP=9)

    run(reserve_when_redeemed(ctx, PromotionRedeemed(snapshot("ord-1", SPOON=1))))

    assert ctx.published == [InventoryRejected("ord-1", "out-of-stock")]


def test_choreographed_a_cancellation_is_answered_and_bars_the_order() -> None:
    ctx = context(CUP=9)

    run(release_when_cancelled(ctx, OrderCancelled("ord-1", "ann", "stuck")))
    run(reserve_when_redeemed(ctx, PromotionRedeemed(snapshot("ord-1", CUP=1))))

    assert ctx.published == [InventoryReleased("ord-1")]
    assert left(ctx, "CUP") == 9


async def reserve_or_not(ctx: Context, order_id: str, pieces: dict[str, int]) -> None:
    try:
        await reserve(ctx, ReserveStock(order_id, lines(**pieces)))
    except (OutOfStock, OrderClosed):
        return


async def settle_or_not(ctx: Context, order_id: str) -> None:
    try:
        await settle(ctx, SettleStock(order_id))
    except OrderClosed:
        return


orders = st.sampled_from(["ord-1", "ord-2", "ord-3", "ord-4"])
baskets = st.dictionaries(st.sampled_from(["CUP", "SPOON"]), st.integers(1, 6), min_size=1)
acts: st.SearchStrategy[tuple[str, str, dict[str, int]]] = st.one_of(
    st.tuples(st.just("reserve"), orders, baskets),
    st.tuples(st.sampled_from(["release", "settle", "return"]), orders, st.just({})),
    st.tuples(st.sampled_from(["wait", "receive"]), st.just(""), st.just({})),
)


@given(st.lists(acts, max_size=25))
def test_no_sequence_of_acts_loses_or_invents_a_piece(
    sequence: list[tuple[str, str, dict[str, int]]],
) -> None:
    ctx = context(CUP=8, SPOON=5)
    for act, order_id, pieces in sequence:
        if act == "reserve":
            run(reserve_or_not(ctx, order_id, pieces))
        elif act == "release":
            run(release(ctx, ReleaseStock(order_id)))
        elif act == "settle":
            run(settle_or_not(ctx, order_id))
        elif act == "return":
            run(restock_when_returned(ctx, OrderReturned(order_id, "ann", Money(0))))
        elif act == "receive":
            run(receive(ctx, ReceiveStock("CUP", 1)))
        else:
            ctx.clock.instant = Instant(ctx.clock.instant + minutes(15) + seconds(1))
            run(expire(ctx))

        for item in ctx.store.all(STOCK):
            held, sold = held_and_sold(ctx, item.id)
            received = sum(receipt.quantity for receipt in ctx.store.all(RECEIPTS) if receipt.sku == item.id)
            assert item.available >= 0
            assert item.available + held + sold == received


def test_what_can_be_observed_of_stock() -> None:
    ctx = context(CUP=9, SPOON=4)
    run(reserve(ctx, ReserveStock("ord-1", lines(CUP=2, SPOON=1))))
    run(reserve(ctx, ReserveStock("ord-2", lines(CUP=3))))
    run(settle(ctx, SettleStock("ord-2")))

    assert observed(ctx, "inventory.received", "sku") == {"CUP": 9, "SPOON": 4}
    assert observed(ctx, "inventory.available", "sku") == {"CUP": 4, "SPOON": 3}
    assert observed(ctx, "inventory.reserved", "sku") == {"CUP": 2, "SPOON": 1}
    assert observed(ctx, "inventory.sold", "sku") == {"CUP": 3, "SPOON": 0}
    assert observed(ctx, "inventory.reserved", "order") == {"ord-1": 3, "ord-2": 0}
    assert observed(ctx, "inventory.sold", "order") == {"ord-1": 0, "ord-2": 3}


def test_an_order_confirmed_after_its_stock_was_given_away_is_noted() -> None:
    ctx = context(CUP=1)
    run(reserve(ctx, ReserveStock("ord-1", lines(CUP=1))))
    ctx.clock.instant = Instant(minutes(15))
    run(expire(ctx))
    run(reserve(ctx, ReserveStock("ord-2", lines(CUP=1))))

    run(settle_when_confirmed(ctx, OrderConfirmed(snapshot("ord-1", CUP=1))))

    assert ctx.notes == ["sold what an expired reservation had given away order=ord-1 sku=CUP"]
    assert left(ctx, "CUP") == 0
