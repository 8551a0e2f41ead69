from typing import Literal

import pytest

from msa_lab.sdk import Caller, Money
from msa_lab.sdk.failures import StoreUnavailable
from msa_lab.sdk.testing import FakeContext, run
from services.order.api import OrderConfirmed, OrderLine, OrderSnapshot
from services.product.api import ProductChanged, ProductListed
from services.review.api import ReviewRated
from services.search import handlers
from services.search.api import Recommend, SearchProducts, Suggest
from services.search.spec import SPEC
from services.search.store import ENTRIES, PAIRS, SALES

KETTLE = ProductListed("KETTLE", "Steel kettle", "Boils water", Money(2490), "kitchen/kettles", 1)
CUP = ProductListed("CUP", "Tea cup", "For tea", Money(500), "kitchen/cups", 1)
TEAPOT = ProductListed("POT", "Tea pot", "Makes tea from kettle water", Money(3900), "kitchen/kettles", 1)
LAMP = ProductListed("LAMP", "Steel lamp", "Light", Money(5900), "living", 1)


def shop() -> FakeContext:
    ctx = FakeContext(SPEC)
    for product in (KETTLE, CUP, TEAPOT, LAMP):
        run(handlers.follow_listing(ctx, product))
    return ctx


def confirmed(order_id: str, user_id: str, **quantities: int) -> OrderConfirmed:
    lines = tuple(OrderLine(sku, sku, quantity, Money(1)) for sku, quantity in quantities.items())
    zero = Money(0)
    return OrderConfirmed(OrderSnapshot(order_id, user_id, lines, None, "tok_ok", "BE", zero, zero, zero))


def sell(ctx: FakeContext, order_id: str, user_id: str, **quantities: int) -> None:
    run(handlers.note_sale(ctx, confirmed(order_id, user_id, **quantities)))
    run(handlers.fold_sales(ctx))
    ctx.cache.values.clear()


def found(ctx: FakeContext, request: SearchProducts) -> list[str]:
    return [item.sku for item in run(handlers.query(ctx, request)).items]


def test_any_of_the_words_finds_and_more_of_them_rank_higher() -> None:
    assert found(shop(), SearchProducts("steel kettle")) == ["KETTLE", "LAMP", "POT"]


def test_an_item_carries_what_the_shelf_shows() -> None:
    ctx = shop()
    run(handlers.follow_rating(ctx, ReviewRated("CUP", 450, 2, version=1)))
    sell(ctx, "ord-1", "alice", CUP=3)
    (item,) = run(handlers.query(ctx, SearchProducts("cup"))).items
    assert (item.title, item.price, item.category, item.rating, item.sold) == (
        "Tea cup", Money(500), "kitchen/cups", 450, 3,
    )  # fmt: skip


def test_filters_narrow_by_category_price_and_rating() -> None:
    ctx = shop()
    run(handlers.follow_rating(ctx, ReviewRated("KETTLE", 400, 9, version=1)))
    assert found(ctx, SearchProducts(category="kitchen")) == ["CUP", "KETTLE", "POT"]
    assert found(ctx, SearchProducts(category="Kitchen/Kettles")) == ["KETTLE", "POT"]
    assert found(ctx, SearchProducts(price_from=2490, price_to=3900)) == ["KETTLE", "POT"]
    assert found(ctx, SearchProducts(rating_from=400)) == ["KETTLE"]
    assert found(ctx, SearchProducts("steel", limit=1)) == ["KETTLE"]


@pytest.mark.parametrize(
    ("sort", "skus"),
    [
        ("price", ["CUP", "KETTLE", "POT", "LAMP"]),
        ("rating", ["LAMP", "KETTLE", "CUP", "POT"]),
        ("popularity", ["POT", "CUP", "KETTLE", "LAMP"]),
    ],
)
def test_order_as_asked(sort: Literal["price", "rating", "popularity"], skus: list[str]) -> None:
    ctx = shop()
    run(handlers.follow_rating(ctx, ReviewRated("KETTLE", 500, 1, version=1)))
    run(handlers.follow_rating(ctx, ReviewRated("LAMP", 480, 100, version=1)))
    sell(ctx, "ord-1", "alice", POT=2, CUP=1)
    assert found(ctx, SearchProducts(sort=sort)) == skus


def test_a_change_is_found_by_its_new_words_and_price_only() -> None:
    ctx = shop()
    change = ProductChanged("LAMP", "Copper lamp", "", Money(4900), "living", listed=True, version=2)
    run(handlers.follow_change(ctx, change))
    assert found(ctx, SearchProducts("steel")) == ["KETTLE"]
    assert found(ctx, SearchProducts("copper", price_to=4900)) == ["LAMP"]
    assert run(handlers.suggest(ctx, Suggest("co"))).words == ("copper",)
    assert run(handlers.suggest(ctx, Suggest("ste"))).words == ("steel",)


def test_what_is_off_the_list_is_neither_found_nor_suggested_nor_recommended() -> None:
    ctx = shop()
    sell(ctx, "ord-1", "alice", LAMP=5, CUP=1)
    gone = ProductChanged("LAMP", "Steel lamp", "", Money(5900), "living", listed=False, version=2)
    run(handlers.follow_change(ctx, gone))
    assert found(ctx, SearchProducts("lamp")) == []
    assert run(handlers.suggest(ctx, Suggest("lam"))).words == ()
    offered = run(handlers.recommend(ctx, Recommend("CUP"))).items
    assert "LAMP" not in [one.item.sku for one in offered]


def test_an_older_change_that_arrives_late_is_ignored() -> None:
    ctx = shop()
    newer = ProductChanged("CUP", "Blue cup", "", Money(600), "kitchen/cups", listed=True, version=3)
    older = ProductChanged("CUP", "Red cup", "", Money(700), "kitchen/cups", listed=True, version=2)
    run(handlers.follow_change(ctx, newer))
    run(handlers.follow_change(ctx, older))
    assert found(ctx, SearchProducts("blue")) == ["CUP"]
    assert found(ctx, SearchProducts("red")) == []


def test_a_listing_whose_commit_failed_is_found_after_redelivery() -> None:
    ctx = FakeContext(SPEC)
    ctx.store.failures.append(StoreUnavailable())
    with pytest.raises(StoreUnavailable):
        run(handlers.follow_listing(ctx, CUP))
    run(handlers.follow_listing(ctx, CUP))
    assert found(ctx, SearchProducts("cup")) == ["CUP"]


def test_a_rating_heard_before_its_product_is_kept_for_it() -> None:
    ctx = FakeContext(SPEC)
    run(handlers.follow_rating(ctx, ReviewRated("CUP", 450, 2, version=2)))
    run(handlers.follow_rating(ctx, ReviewRated("CUP", 500, 1, version=1)))
    assert found(ctx, SearchProducts()) == []
    ctx.cache.values.clear()
    run(handlers.follow_listing(ctx, CUP))
    (item,) = run(handlers.query(ctx, SearchProducts())).items
    assert item.rating == 450


def test_the_same_question_is_answered_from_the_cache() -> None:
    ctx = shop()
    assert found(ctx, SearchProducts("cup")) == ["CUP"]
    ctx.search.documents.clear()
    assert found(ctx, SearchProducts("cup")) == ["CUP"]
    assert found(ctx, SearchProducts("pot")) == []


def test_sales_are_counted_once_they_are_folded_however_often_that_runs() -> None:
    ctx = shop()
    for event in (confirmed("ord-1", "alice", CUP=2), confirmed("ord-2", "bob", CUP=3)):
        run(handlers.note_sale(ctx, event))
    run(handlers.note_sale(ctx, confirmed("ord-2", "bob", CUP=3)))
    run(handlers.fold_sales(ctx))
    run(handlers.fold_sales(ctx))
    assert {entry.sku: entry.sold for entry in ctx.store.all(ENTRIES)}["CUP"] == 5
    assert ctx.store.all(SALES) == []


def test_a_fold_that_fails_loses_no_sale() -> None:
    ctx = shop()
    run(handlers.note_sale(ctx, confirmed("ord-1", "alice", CUP=2)))
    ctx.store.failures.append(StoreUnavailable())
    with pytest.raises(StoreUnavailable):
        run(handlers.fold_sales(ctx))
    run(handlers.fold_sales(ctx))
    assert {entry.sku: entry.sold for entry in ctx.store.all(ENTRIES)}["CUP"] == 2


def test_more_sales_than_one_transaction_takes_are_all_folded() -> None:
    ctx = shop()
    for number in range(150):
        run(handlers.note_sale(ctx, confirmed(f"ord-{number}", "alice", CUP=1)))
    run(handlers.fold_sales(ctx))
    assert {entry.sku: entry.sold for entry in ctx.store.all(ENTRIES)}["CUP"] == 150


def test_suggestions_complete_the_last_word_most_products_first() -> None:
    ctx = shop()
    assert run(handlers.suggest(ctx, Suggest("green te"))).words == ("tea",)
    assert run(handlers.suggest(ctx, Suggest("s"))).words == ("steel",)
    assert run(handlers.suggest(ctx, Suggest("tea "))).words == ()


def test_bought_together_comes_first_then_what_sells_nearby_then_what_sells() -> None:
    ctx = shop()
    sell(ctx, "ord-1", "alice", KETTLE=1, CUP=6)
    sell(ctx, "ord-2", "bob", LAMP=9)
    sell(ctx, "ord-3", "bob", POT=1)
    offered = run(handlers.recommend(ctx, Recommend("KETTLE"))).items
    assert [(one.item.sku, one.why) for one in offered] == [
        ("CUP", "bought together"),
        ("POT", "popular in category"),
        ("LAMP", "popular"),
    ]


def test_more_orders_together_rank_higher() -> None:
    ctx = shop()
    sell(ctx, "ord-1", "alice", KETTLE=1, CUP=1, POT=1)
    sell(ctx, "ord-2", "bob", KETTLE=1, POT=1)
    assert {pair.id: pair.orders for pair in ctx.store.all(PAIRS)}["KETTLE|POT"] == 2
    offered = run(handlers.recommend(ctx, Recommend("KETTLE", limit=2))).items
    assert [one.item.sku for one in offered] == ["POT", "CUP"]


def test_who_is_known_gets_what_goes_with_earlier_purchases_and_not_those_again() -> None:
    ctx = shop()
    sell(ctx, "ord-1", "alice", KETTLE=1, CUP=1)
    sell(ctx, "ord-2", "bob", KETTLE=1)
    ctx.caller = Caller("gateway", "bob", ("user",))
    offered = run(handlers.recommend(ctx, Recommend(limit=2))).items
    assert [(one.item.sku, one.why) for one in offered] == [("CUP", "for you"), ("LAMP", "popular")]


def test_a_category_recommends_its_bestsellers() -> None:
    ctx = shop()
    sell(ctx, "ord-1", "alice", POT=1)
    sell(ctx, "ord-2", "bob", LAMP=5)
    offered = run(handlers.recommend(ctx, Recommend(category="kitchen/kettles", limit=2))).items
    assert [(one.item.sku, one.why) for one in offered] == [
        ("POT", "popular in category"),
        ("KETTLE", "popular in category"),
    ]
