"""Builds the read model from events alone. Every event may come twice or late: versions tell."""

import dataclasses

from msa_lab.sdk import Context, Transaction, seconds
from services.order.api import OrderConfirmed
from services.product.api import ProductChanged, ProductListed
from services.review.api import ReviewRated
from services.search.domain import companions, levels, remembered, words_of
from services.search.store import ENTRIES, PAIRS, SALES, TASTES, WORDS, Entry, Pair, Sale, Taste, Word

POPULARITY_EVERY = seconds(1)
_BATCH = 100


async def follow_listing(ctx: Context, event: ProductListed) -> None:
    change = ProductChanged(
        event.sku, event.title, event.description, event.price, event.category,
        listed=True, version=event.version,
    )  # fmt: skip
    await follow_change(ctx, change)


async def follow_change(ctx: Context, event: ProductChanged) -> None:
    """Index first, commit second: a crash between the two brings the event again, and no harm is done."""
    known = await ctx.store.get(ENTRIES, event.sku)
    if known is not None and known.version > event.version:
        return
    await _index(ctx, event)

    async def work(tx: Transaction) -> None:
        entry = await tx.get(ENTRIES, event.sku) or Entry(event.sku)
        if entry.version >= event.version:
            return
        tx.put(
            ENTRIES,
            dataclasses.replace(
                entry,
                title=event.title,
                price=event.price,
                category=event.category,
                root=event.category.partition("/")[0],
                listed=event.listed,
                version=event.version,
            ),
        )
        await _spell(tx, event)

    await ctx.store.transact(work)


async def follow_rating(ctx: Context, event: ReviewRated) -> None:
    async def work(tx: Transaction) -> None:
        entry = await tx.get(ENTRIES, event.sku) or Entry(event.sku)
        if entry.rating_version >= event.version:
            return
        rated = dataclasses.replace(
            entry, rating=event.average, ratings=event.count, rating_version=event.version
        )
        tx.put(ENTRIES, rated)

    await ctx.store.transact(work)


async def note_sale(ctx: Context, event: OrderConfirmed) -> None:
    """Only note the order: in a rush, counting here would make every order wait for the same record."""
    lines = tuple((line.sku, line.quantity) for line in event.order.lines)
    sale = Sale(event.order.order_id, event.order.user_id, lines)

    async def work(tx: Transaction) -> None:
        tx.put(SALES, sale)

    await ctx.store.transact(work)


async def fold_sales(ctx: Context) -> None:
    """Add noted orders to the counts: of pieces sold, of products bought together, of what people like."""
    while await ctx.store.find(SALES, state="NEW", limit=1):
        await ctx.store.transact(_fold)


async def _fold(tx: Transaction) -> None:
    sold: dict[str, int] = {}
    together: dict[tuple[str, str], int] = {}
    bought: dict[str, tuple[str, ...]] = {}
    for sale in await tx.find(SALES, state="NEW", limit=_BATCH):
        skus = [sku for sku, _ in sale.lines]
        for sku, quantity in sale.lines:
            sold[sku] = sold.get(sku, 0) + quantity
        for pair in companions(skus):
            together[pair] = together.get(pair, 0) + 1
        bought[sale.user_id] = remembered(bought.get(sale.user_id, ()), skus)
        tx.delete(SALES, sale.id)
    for sku, pieces in sold.items():
        entry = await tx.get(ENTRIES, sku) or Entry(sku)
        tx.put(ENTRIES, dataclasses.replace(entry, sold=entry.sold + pieces))
    for (sku, other), orders in together.items():
        key = f"{sku}|{other}"
        pair_known = await tx.get(PAIRS, key) or Pair(key, sku, other)
        tx.put(PAIRS, dataclasses.replace(pair_known, orders=pair_known.orders + orders))
    for user_id, skus_bought in bought.items():
        taste = await tx.get(TASTES, user_id) or Taste(user_id)
        tx.put(TASTES, Taste(user_id, remembered(taste.skus, skus_bought)))


async def _index(ctx: Context, event: ProductChanged) -> None:
    """Put into the index what only product events tell; ratings and sales stay in the store."""
    if not event.listed:
        await ctx.search.remove(event.sku)
        return
    fields: dict[str, str | int] = {
        "title": event.title,
        "description": event.description,
        "price": event.price.minor,
        **levels(event.category),
    }
    await ctx.search.index(event.sku, fields)


async def _spell(tx: Transaction, event: ProductChanged) -> None:
    """Keep the words of the title for suggestions."""
    wanted = words_of(event.title) if event.listed else ()
    for old in await tx.find(WORDS, sku=event.sku):
        if old.word not in wanted:
            tx.delete(WORDS, old.id)
    for word in wanted:
        key = f"{word}|{event.sku}"
        if await tx.get(WORDS, key) is None:
            tx.put(WORDS, Word(key, word, word[0], event.sku))
