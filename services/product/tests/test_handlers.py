import dataclasses

import pytest
from pydantic import TypeAdapter, ValidationError

from msa_lab.sdk import Money
from msa_lab.sdk.failures import StoreUnavailable, Timeout
from msa_lab.sdk.testing import FakeContext, run
from services.inventory.api import AVAILABILITY, Availability
from services.product import handlers
from services.product.api import (
    CategoryView,
    CreateProduct,
    GetProduct,
    InvalidCategory,
    InvalidPrice,
    ListCategories,
    ListProducts,
    NoSuchCategory,
    NoSuchProduct,
    ProductChanged,
    ProductListed,
    ShowPage,
    SkuTaken,
    UpdateProduct,
    VersionMismatch,
)
from services.product.handlers import GivenProducts
from services.product.spec import SPEC
from services.product.store import PRODUCTS
from services.review.api import ReviewRated

KETTLE = CreateProduct("KETTLE", "Steel kettle", Money(2490), "Kitchen/Kettles")


def shop(*more: CreateProduct) -> FakeContext:
    ctx = FakeContext(SPEC)
    for product in (KETTLE, *more):
        run(handlers.create(ctx, product))
    return ctx


def test_a_new_product_is_listed_and_everybody_hears_of_it() -> None:
    ctx = shop()
    view = run(handlers.get(ctx, GetProduct("KETTLE")))
    assert (view.title, view.price, view.category, view.version) == (
        "Steel kettle", Money(2490), "kitchen/kettles", 1,
    )  # fmt: skip
    assert ctx.published == [ProductListed("KETTLE", "Steel kettle", "", Money(2490), "kitchen/kettles", 1)]


def test_a_sku_is_taken_once() -> None:
    ctx = shop()
    with pytest.raises(SkuTaken):
        run(handlers.create(ctx, dataclasses.replace(KETTLE, title="Another")))
    assert len(ctx.published) == 1


def test_odd_prices_and_categories_are_refused() -> None:
    ctx = FakeContext(SPEC)
    with pytest.raises(InvalidPrice):
        run(handlers.create(ctx, dataclasses.replace(KETTLE, price=Money(0))))
    with pytest.raises(InvalidCategory):
        run(handlers.create(ctx, dataclasses.replace(KETTLE, category="a/b/c/d/e")))
    assert ctx.store.all(PRODUCTS) == []


def test_a_change_is_seen_at_once_although_the_old_was_cached() -> None:
    ctx = shop()
    run(handlers.get(ctx, GetProduct("KETTLE")))
    run(handlers.update(ctx, UpdateProduct("KETTLE", price=Money(1990))))
    view = run(handlers.get(ctx, GetProduct("KETTLE")))
    assert (view.price, view.version, view.title) == (Money(1990), 2, "Steel kettle")
    assert ctx.published[1:] == [
        ProductChanged("KETTLE", "Steel kettle", "", Money(1990), "kitchen/kettles", listed=True, version=2)
    ]


def test_a_cached_product_needs_no_store() -> None:
    ctx = shop()
    first = run(handlers.get(ctx, GetProduct("KETTLE")))
    changed = dataclasses.replace(ctx.store.all(PRODUCTS)[0], title="Behind the cache's back")
    ctx.store.put(PRODUCTS, changed)
    assert run(handlers.get(ctx, GetProduct("KETTLE"))) == first
    ctx.cache.values.clear()
    assert run(handlers.get(ctx, GetProduct("KETTLE"))).title == "Behind the cache's back"


def test_who_read_an_older_version_is_refused() -> None:
    ctx = shop()
    run(handlers.update(ctx, UpdateProduct("KETTLE", version=1, title="Kettle")))
    with pytest.raises(VersionMismatch) as refusal:
        run(handlers.update(ctx, UpdateProduct("KETTLE", version=1, title="Pot")))
    assert refusal.value.data == {"version": 2}


def test_changing_nothing_makes_no_new_version() -> None:
    ctx = shop()
    assert run(handlers.update(ctx, UpdateProduct("KETTLE", title="Steel kettle"))).version == 1
    assert len(ctx.published) == 1


def test_a_change_that_is_refused_leaves_everything_as_it_was() -> None:
    ctx = shop()
    for change, refusal in (
        (UpdateProduct("KETTLE", price=Money(-5)), InvalidPrice),
        (UpdateProduct("KETTLE", category="!!"), InvalidCategory),
        (UpdateProduct("POT", title="Pot"), NoSuchProduct),
    ):
        with pytest.raises(refusal):
            run(handlers.update(ctx, change))
    assert [product.version for product in ctx.store.all(PRODUCTS)] == [1]


def test_what_was_taken_off_the_list_is_not_found() -> None:
    ctx = shop()
    run(handlers.update(ctx, UpdateProduct("KETTLE", listed=False)))
    with pytest.raises(NoSuchProduct):
        run(handlers.get(ctx, GetProduct("KETTLE")))
    assert run(handlers.list_products(ctx, ListProducts("kitchen"))).items == ()


@pytest.mark.parametrize(("pieces", "words"), [(40, "in stock"), (3, "low"), (0, "out of stock")])
def test_a_page_says_in_words_what_is_in_stock(pieces: int, words: str) -> None:
    ctx = shop()
    ctx.answers(AVAILABILITY, Availability("KETTLE", pieces))
    assert run(handlers.page(ctx, ShowPage("KETTLE"))).availability == words


def test_a_page_shows_without_stock_when_nobody_can_count_it() -> None:
    ctx = shop()
    ctx.answers(AVAILABILITY, Timeout())
    page = run(handlers.page(ctx, ShowPage("KETTLE")))
    assert (page.availability, page.product.title) == ("unknown", "Steel kettle")
    assert ctx.notes == ["availability unknown failure=Timeout sku=KETTLE"]


def test_a_category_lists_what_lies_below_it_page_by_page() -> None:
    ctx = shop(
        CreateProduct("CUP", "Cup", Money(500), "kitchen/cups"),
        CreateProduct("APRON", "Apron", Money(900), "kitchen"),
        CreateProduct("LAMP", "Lamp", Money(3900), "living"),
    )
    first = run(handlers.list_products(ctx, ListProducts("Kitchen", limit=2)))
    assert ([product.sku for product in first.items], first.more) == (["APRON", "CUP"], True)
    rest = run(handlers.list_products(ctx, ListProducts("kitchen", after="CUP", limit=2)))
    assert ([product.sku for product in rest.items], rest.more) == (["KETTLE"], False)


def test_an_unknown_category_is_not_an_empty_one() -> None:
    with pytest.raises(NoSuchCategory):
        run(handlers.list_products(shop(), ListProducts("garden")))


def test_categories_are_counted_with_their_own_products() -> None:
    ctx = shop(CreateProduct("CUP", "Cup", Money(500), "kitchen"))
    assert run(handlers.list_categories(ctx, ListCategories())).items == (
        CategoryView("kitchen", 1),
        CategoryView("kitchen/kettles", 1),
    )


def test_a_rating_shows_at_once_and_makes_no_new_version() -> None:
    ctx = shop()
    run(handlers.get(ctx, GetProduct("KETTLE")))
    run(handlers.rate(ctx, ReviewRated("KETTLE", 450, 2, version=2)))
    view = run(handlers.get(ctx, GetProduct("KETTLE")))
    assert (view.rating, view.ratings, view.version) == (450, 2, 1)


def test_a_rating_that_arrives_twice_late_or_for_nothing_changes_nothing() -> None:
    ctx = shop()
    run(handlers.rate(ctx, ReviewRated("KETTLE", 450, 2, version=2)))
    run(handlers.rate(ctx, ReviewRated("KETTLE", 450, 2, version=2)))
    run(handlers.rate(ctx, ReviewRated("KETTLE", 500, 1, version=1)))
    run(handlers.rate(ctx, ReviewRated("POT", 500, 1, version=1)))
    assert [(product.sku, product.rating) for product in ctx.store.all(PRODUCTS)] == [("KETTLE", 450)]


def test_a_store_that_is_down_is_not_mistaken_for_a_taken_sku() -> None:
    ctx = FakeContext(SPEC)
    ctx.store.failures.append(StoreUnavailable())
    with pytest.raises(StoreUnavailable):
        run(handlers.create(ctx, KETTLE))


def test_given_products_are_listed() -> None:
    given = TypeAdapter(GivenProducts).validate_python(
        [{"sku": "CUP", "title": "Cup", "price": "5.00 EUR"}, {"sku": "POT", "title": "Pot", "price": 3900}]
    )
    ctx = FakeContext(SPEC)
    run(handlers.give_products(ctx, given))
    assert run(handlers.get(ctx, GetProduct("CUP"))).price == Money(500)
    assert run(handlers.get(ctx, GetProduct("POT"))).category == "general"


@pytest.mark.parametrize(
    ("odd", "complaint"),
    [
        ({"price": "5"}, "a price is written like 24.90 EUR"),
        ({"price": 0}, "a price is positive"),
        ({"category": "a/b/c/d/e"}, "at most four levels"),
        ({"sku": "POT"}, "two products share POT"),
        ({"colour": "red"}, "Unexpected keyword argument"),
    ],
)
def test_given_products_that_cannot_be_are_refused_before_the_run(
    odd: dict[str, object], complaint: str
) -> None:
    cup: dict[str, object] = {"sku": "CUP", "title": "Cup", "price": 500}
    pot: dict[str, object] = {"sku": "POT", "title": "Pot", "price": 3900}
    with pytest.raises(ValidationError, match=complaint):
        TypeAdapter(GivenProducts).validate_python([pot, cup | odd])
