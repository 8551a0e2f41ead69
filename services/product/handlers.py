import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import msgspec
from pydantic import AfterValidator, BeforeValidator, ConfigDict

from msa_lab.sdk import CallFailure, Context, Duplicate, Money, Setting, Transaction, seconds
from services.inventory.api import AVAILABILITY, GetAvailability
from services.product import domain
from services.product.api import (
    Availability,
    CategoryList,
    CategoryView,
    CreateProduct,
    GetProduct,
    Grams,
    InvalidCategory,
    InvalidPrice,
    ListCategories,
    ListProducts,
    NoSuchCategory,
    NoSuchProduct,
    ProductChanged,
    ProductList,
    ProductListed,
    ProductPage,
    ProductView,
    ShowPage,
    Sku,
    SkuTaken,
    Title,
    UpdateProduct,
    VersionMismatch,
)
from services.product.api import (
    Category as CategoryText,
)
from services.product.store import CATEGORIES, PRODUCTS, Category, Product
from services.review.api import ReviewRated

CACHE_FOR = Setting("product.cache_for", seconds(10), "How long a product stays cached.", unit="duration")
LOW_AT = Setting("product.low_at", 5, "At most so many pieces are shown as low stock.")


def _sellable(price: Money) -> Money:
    if not domain.sellable(price):
        raise ValueError(f"a price is positive and in {domain.CURRENCY}")
    return price


def _category(text: str) -> str:
    path = domain.category_path(text)
    if not domain.valid_category(path):
        raise ValueError("a category is written like kitchen/tea-kettles, at most four levels deep")
    return path


Price = Annotated[
    Money, BeforeValidator(domain.price_from, json_schema_input_type=int | str), AfterValidator(_sellable)
]


@dataclass(frozen=True, slots=True)
class GivenProduct:
    """A product under `given: products:`; a price is `2490` (cents) or `24.90 EUR`."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    sku: Sku
    title: Title
    price: Price
    category: Annotated[CategoryText, AfterValidator(_category)] = "general"
    weight_grams: Grams = 500
    description: str = ""


def _apart(given: list[GivenProduct]) -> list[GivenProduct]:
    seen: dict[str, None] = {}
    for product in given:
        if product.sku in seen:
            raise ValueError(f"two products share {product.sku}")
        seen[product.sku] = None
    return given


GivenProducts = Annotated[list[GivenProduct], AfterValidator(_apart)]


async def create(ctx: Context, request: CreateProduct) -> ProductView:
    path = domain.category_path(request.category)
    if not domain.sellable(request.price):
        raise InvalidPrice
    if not domain.valid_category(path):
        raise InvalidCategory
    product = Product(
        request.sku, request.title, request.price, path, request.weight_grams, request.description,
        request.images,
    )  # fmt: skip

    async def work(tx: Transaction) -> ProductView:
        await _open_category(tx, path)
        tx.insert(PRODUCTS, product)
        tx.publish(
            ProductListed(
                product.sku, product.title, product.description, product.price, path, product.version
            )
        )
        return _view(product)

    try:
        return await ctx.store.transact(work)
    except Duplicate:
        raise SkuTaken(sku=request.sku) from None


async def update(ctx: Context, request: UpdateProduct) -> ProductView:
    async def work(tx: Transaction) -> ProductView:
        before = await tx.get(PRODUCTS, request.sku)
        if before is None:
            raise NoSuchProduct(sku=request.sku)
        if request.version not in (None, before.version):
            raise VersionMismatch(version=before.version)
        after = _changed(before, request)
        if after == before:
            return _view(before)
        await _open_category(tx, after.category)
        tx.put(PRODUCTS, after)
        tx.publish(
            ProductChanged(
                sku=after.sku,
                title=after.title,
                description=after.description,
                price=after.price,
                category=after.category,
                listed=after.listed,
                version=after.version,
            )
        )
        return _view(after)

    view = await ctx.store.transact(work)
    await ctx.cache.delete(_cache_key(request.sku))
    return view


async def get(ctx: Context, request: GetProduct) -> ProductView:
    return await _cached(ctx, request.sku)


async def page(ctx: Context, request: ShowPage) -> ProductPage:
    """Show what is known: a shop that cannot count its stock can still show its goods."""
    product = await _cached(ctx, request.sku)
    availability: Availability
    try:
        stock = await ctx.call(AVAILABILITY, GetAvailability(request.sku))
    except CallFailure as failure:
        ctx.log("availability unknown", sku=request.sku, failure=type(failure).__name__)
        availability = "unknown"
    else:
        availability = domain.availability(stock.available, ctx.config.get(LOW_AT))
    return ProductPage(product, availability)


async def list_products(ctx: Context, request: ListProducts) -> ProductList:
    path = domain.category_path(request.category)
    if await ctx.store.get(CATEGORIES, path) is None:
        raise NoSuchCategory(category=path)
    found: list[Product] = []
    for category in await _below(ctx, path):
        here = await ctx.store.find(PRODUCTS, category=category)
        found += [product for product in here if product.listed and product.sku > request.after]
    found.sort(key=lambda product: product.sku)
    return ProductList(
        tuple(_view(product) for product in found[: request.limit]), more=len(found) > request.limit
    )


async def list_categories(ctx: Context, request: ListCategories) -> CategoryList:  # noqa: ARG001 - no fields
    counts = []
    for path in await _below(ctx, ""):
        products = await ctx.store.find(PRODUCTS, category=path)
        counts.append(CategoryView(path, sum(product.listed for product in products)))
    return CategoryList(tuple(sorted(counts, key=lambda view: view.path)))


async def rate(ctx: Context, event: ReviewRated) -> None:
    """Keep the newest rating; one that arrives late is older than what is kept, and changes nothing."""

    async def work(tx: Transaction) -> None:
        product = await tx.get(PRODUCTS, event.sku)
        if product is None or product.rating_version >= event.version:
            return
        rated = dataclasses.replace(
            product, rating=event.average, ratings=event.count, rating_version=event.version
        )
        tx.put(PRODUCTS, rated)

    await ctx.store.transact(work)
    await ctx.cache.delete(_cache_key(event.sku))


async def give_products(ctx: Context, given: Sequence[GivenProduct]) -> None:
    for wanted in given:
        await create(
            ctx,
            CreateProduct(
                sku=wanted.sku,
                title=wanted.title,
                price=wanted.price,
                category=wanted.category,
                weight_grams=wanted.weight_grams,
                description=wanted.description,
            ),
        )


async def _cached(ctx: Context, sku: str) -> ProductView:
    """Read through the cache (cache-aside); what is stale for a moment is bounded by `product.cache_for`."""
    kept = await ctx.cache.get(_cache_key(sku))
    if kept is not None:
        return msgspec.json.decode(kept, type=ProductView)
    product = await ctx.store.get(PRODUCTS, sku)
    if product is None or not product.listed:
        raise NoSuchProduct(sku=sku)
    view = _view(product)
    await ctx.cache.set(_cache_key(sku), msgspec.json.encode(view).decode(), ctx.config.get(CACHE_FOR))
    return view


async def _open_category(tx: Transaction, path: str) -> None:
    for name in domain.lineage(path):
        if await tx.get(CATEGORIES, name) is None:
            tx.put(CATEGORIES, Category(name, domain.parent(name)))


async def _below(ctx: Context, path: str) -> list[str]:
    """Give a category ('' is the root, itself no category) and all below it."""
    paths = [path] if path else []
    for child in await ctx.store.find(CATEGORIES, parent=path):
        paths += await _below(ctx, child.path)
    return paths


def _changed(product: Product, request: UpdateProduct) -> Product:
    wanted = {
        name: value
        for name in ("title", "price", "category", "weight_grams", "description", "images", "listed")
        if (value := getattr(request, name)) is not None
    }
    if "category" in wanted:
        wanted["category"] = domain.category_path(wanted["category"])
        if not domain.valid_category(wanted["category"]):
            raise InvalidCategory
    if not domain.sellable(wanted.get("price", product.price)):
        raise InvalidPrice
    after = dataclasses.replace(product, **wanted)
    return after if after == product else dataclasses.replace(after, version=product.version + 1)


def _cache_key(sku: str) -> str:
    return f"product:{sku}"


def _view(product: Product) -> ProductView:
    return ProductView(
        sku=product.sku,
        title=product.title,
        price=product.price,
        category=product.category,
        weight_grams=product.weight_grams,
        description=product.description,
        images=product.images,
        listed=product.listed,
        version=product.version,
        rating=product.rating,
        ratings=product.ratings,
    )
