from dataclasses import replace

import pytest

from msa_lab.sdk import Money, Unauthenticated
from msa_lab.sdk.failures import Timeout
from msa_lab.sdk.testing import FakeContext, run
from services.cart.api import (
    AddAnonymously,
    AddItem,
    CartEmpty,
    CartFrozen,
    CartRejected,
    CartThawed,
    CartView,
    FreezeCart,
    FrozenCart,
    MergeCart,
    NotInCart,
    OrderClosed,
    RemoveItem,
    ThawCart,
    TooManyLines,
    UnknownProduct,
    ViewAnonymousCart,
    ViewCart,
)
from services.cart.domain import Line
from services.cart.handlers import (
    add_anonymously,
    add_item,
    empty_when_confirmed,
    freeze,
    freeze_when_placed,
    merge,
    remove_item,
    thaw,
    thaw_when_cancelled,
    view,
    view_anonymous,
)
from services.cart.spec import SPEC
from services.cart.store import CARTS, FREEZES, Cart, Freeze
from services.order.api import OrderCancelled, OrderConfirmed, OrderLine, OrderPlaced, OrderSnapshot
from services.product.api import GET as GET_PRODUCT
from services.product.api import GetProduct, NoSuchProduct, ProductView

KETTLE = Line("KETTLE", "Kettle", 2, Money(2490))
CUP = Line("CUP", "Cup", 1, Money(500))
OFFERED = OrderLine("KETTLE", "Kettle", 2, Money(2490))
ORDER = OrderSnapshot(
    "ord-1", "ann", (), "SPRING", "tok_ok", "DE", Money(0), Money(0), Money(490)
)  # fmt: skip


def product(sku: str, *, listed: bool = True) -> ProductView:
    return ProductView(sku, "Kettle", Money(2490), "kitchen", 900, "", (), listed, version=1)


def context(*lines: Line) -> FakeContext:
    ctx = FakeContext(SPEC, subject="ann")
    if lines:
        ctx.store.put(CARTS, Cart("ann", lines))
    return ctx


def observed(ctx: FakeContext, name: str, entity: str) -> dict[str, int]:
    (observable,) = [each for each in SPEC.observables if (each.name, each.entity) == (name, entity)]
    assert observable.measure is not None
    sums: dict[str, int] = {}
    for record in ctx.store.all(observable.table):
        key = observable.key(record)
        if key is not None:
            sums[key] = sums.get(key, 0) + observable.measure(record)
    return sums


def test_adding_asks_for_title_and_price() -> None:
    ctx = context()
    ctx.answers(GET_PRODUCT, product("KETTLE"))

    cart = run(add_item(ctx, AddItem("KETTLE", 2)))

    assert cart == CartView("ann", (OFFERED,), Money(4980))
    assert ctx.called[0].request == GetProduct("KETTLE")
    assert run(view(ctx, ViewCart())) == cart


def test_a_product_that_is_unknown_or_not_sold_any_more_is_refused() -> None:
    ctx = context()
    ctx.answers(GET_PRODUCT, NoSuchProduct(), product("OLD", listed=False))

    with pytest.raises(UnknownProduct):
        run(add_item(ctx, AddItem("NOTHING")))
    with pytest.raises(UnknownProduct):
        run(add_item(ctx, AddItem("OLD")))
    assert ctx.store.all(CARTS) == []


def test_no_answer_from_the_product_service_is_passed_on_and_leaves_the_cart_as_it_was() -> None:
    ctx = context(CUP)
    ctx.answers(GET_PRODUCT, Timeout())

    with pytest.raises(Timeout):
        run(add_item(ctx, AddItem("KETTLE")))
    assert ctx.store.all(CARTS) == [Cart("ann", (CUP,))]


def test_a_full_cart_takes_no_new_product() -> None:
    ctx = context(*[replace(CUP, sku=f"CUP-{n}") for n in range(50)])
    ctx.answers(GET_PRODUCT, product("KETTLE"))

    with pytest.raises(TooManyLines):
        run(add_item(ctx, AddItem("KETTLE")))


def test_who_is_not_signed_in_has_no_cart_of_their_own() -> None:
    with pytest.raises(Unauthenticated):
        run(view(FakeContext(SPEC), ViewCart()))


def test_removing_takes_out_pieces_then_the_line() -> None:
    ctx = context(KETTLE)

    assert run(remove_item(ctx, RemoveItem("KETTLE", 1))).items == 1
    assert run(remove_item(ctx, RemoveItem("KETTLE"))).lines == ()
    with pytest.raises(NotInCart):
        run(remove_item(ctx, RemoveItem("KETTLE")))


def test_an_anonymous_cart_moves_into_the_users_one_and_is_gone() -> None:
    ctx = context(CUP)
    ctx.answers(GET_PRODUCT, product("KETTLE"))
    run(add_anonymously(ctx, AddAnonymously("anon-1234", "KETTLE", 2)))
    assert run(view_anonymous(ctx, ViewAnonymousCart("anon-1234"))).items == 2

    both = run(merge(ctx, MergeCart("anon-1234")))

    assert [line.sku for line in both.lines] == ["CUP", "KETTLE"]
    assert run(merge(ctx, MergeCart("anon-1234"))) == both, "a second merge finds nothing to add"
    assert ctx.store.all(CARTS) == [Cart("ann", (CUP, KETTLE))]


def test_freezing_moves_the_lines_to_the_order_and_leaves_the_cart_free() -> None:
    ctx = context(KETTLE)

    frozen = run(freeze(ctx, FreezeCart("ord-1", "ann")))

    assert frozen == FrozenCart("ord-1", (OFFERED,), Money(4980))
    assert ctx.store.all(CARTS) == [Cart("ann")]
    assert ctx.store.all(FREEZES) == [Freeze("ord-1", "ann", "FROZEN", (KETTLE,))]


def test_freezing_again_for_the_same_order_gives_the_same_reply() -> None:
    ctx = context(KETTLE)

    first = run(freeze(ctx, FreezeCart("ord-1", "ann")))

    assert run(freeze(ctx, FreezeCart("ord-1", "ann"))) == first


def test_a_second_order_finds_the_cart_empty() -> None:
    ctx = context(KETTLE)
    run(freeze(ctx, FreezeCart("ord-1", "ann")))

    with pytest.raises(CartEmpty):
        run(freeze(ctx, FreezeCart("ord-2", "ann")))


def test_thawing_gives_the_lines_back_beside_what_came_in_since() -> None:
    ctx = context(KETTLE)
    run(freeze(ctx, FreezeCart("ord-1", "ann")))
    ctx.store.put(CARTS, Cart("ann", (CUP,)))

    run(thaw(ctx, ThawCart("ord-1")))
    run(thaw(ctx, ThawCart("ord-1")))

    assert ctx.store.all(CARTS) == [Cart("ann", (CUP, KETTLE))]
    assert ctx.store.all(FREEZES) == [Freeze("ord-1", "ann", "THAWED")]


def test_thawing_what_was_never_frozen_bars_a_freeze_that_comes_late() -> None:
    ctx = context(KETTLE)

    run(thaw(ctx, ThawCart("ord-1")))

    with pytest.raises(OrderClosed):
        run(freeze(ctx, FreezeCart("ord-1", "ann")))
    assert ctx.store.all(CARTS) == [Cart("ann", (KETTLE,))]


def test_a_confirmed_order_keeps_what_it_bought_for_good() -> None:
    ctx = context(KETTLE)
    run(freeze(ctx, FreezeCart("ord-1", "ann")))

    run(empty_when_confirmed(ctx, OrderConfirmed(ORDER)))
    run(thaw(ctx, ThawCart("ord-1")))

    assert ctx.store.all(FREEZES) == [Freeze("ord-1", "ann", "BOUGHT")]
    assert ctx.store.all(CARTS) == [Cart("ann")]


def test_choreographed_a_placed_order_gets_its_lines() -> None:
    ctx = context(KETTLE)

    run(freeze_when_placed(ctx, OrderPlaced(ORDER)))

    assert ctx.published == [CartFrozen(replace(ORDER, lines=(OFFERED,), subtotal=Money(4980)))]


def test_choreographed_an_empty_cart_is_said_to_be_the_reason() -> None:
    ctx = context()

    run(freeze_when_placed(ctx, OrderPlaced(ORDER)))

    assert ctx.published == [CartRejected("ord-1", "cart-empty")]


def test_choreographed_a_cancellation_is_answered_and_bars_the_order() -> None:
    ctx = context(KETTLE)

    run(thaw_when_cancelled(ctx, OrderCancelled("ord-1", "ann", "stuck")))
    run(freeze_when_placed(ctx, OrderPlaced(ORDER)))

    assert ctx.published == [CartThawed("ord-1")]
    assert ctx.store.all(CARTS) == [Cart("ann", (KETTLE,))]


def test_what_can_be_observed_of_carts() -> None:
    ctx = context(KETTLE)
    ctx.store.put(CARTS, Cart("anon-1234", (CUP,)))
    assert observed(ctx, "cart.pieces", "user") == {"ann": 2}

    run(freeze(ctx, FreezeCart("ord-1", "ann")))
    assert observed(ctx, "cart.pieces", "user") == {"ann": 0}
    assert observed(ctx, "cart.frozen", "order") == {"ord-1": 1}

    run(thaw(ctx, ThawCart("ord-1")))
    assert observed(ctx, "cart.frozen", "order") == {"ord-1": 0}


def test_carts_that_together_hold_too_much_are_not_merged() -> None:
    ctx = context(*[replace(CUP, sku=f"CUP-{n}") for n in range(50)])
    ctx.store.put(CARTS, Cart("anon-1234", (KETTLE,)))

    with pytest.raises(TooManyLines):
        run(merge(ctx, MergeCart("anon-1234")))
    assert run(view_anonymous(ctx, ViewAnonymousCart("anon-1234"))).items == 2


def test_a_confirmation_of_an_order_that_froze_nothing_changes_nothing() -> None:
    ctx = context(KETTLE)

    run(empty_when_confirmed(ctx, OrderConfirmed(ORDER)))

    assert ctx.store.all(CARTS) == [Cart("ann", (KETTLE,))]
    assert ctx.store.all(FREEZES) == []
