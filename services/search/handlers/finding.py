import hashlib
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import msgspec

from msa_lab.sdk import Context, Setting, seconds
from services.search.api import Item, Results, SearchProducts, Suggest, Suggestions
from services.search.domain import best, level_of, weighted
from services.search.store import ENTRIES, WORDS, Entry

CACHE_FOR = Setting("search.cache_for", seconds(2), "How long an answer stays cached.", unit="duration")

_CLOSEST = 60
_ALL = 1_000
_CHEAPEST_AND_DEAREST = (0, 10**12)

T = TypeVar("T")


async def query(ctx: Context, request: SearchProducts) -> Results:
    return await answered(ctx, request, Results, lambda: _find(ctx, request))


async def suggest(ctx: Context, request: Suggest) -> Suggestions:
    return await answered(ctx, request, Suggestions, lambda: _complete(ctx, request))


async def answered(
    ctx: Context, request: object, reply: type[T], compute: Callable[[], Awaitable[T]], whose: str = ""
) -> T:
    """Give the cached answer to the same question (of `whose`), or compute and keep it."""
    asked = msgspec.json.encode((type(request).__name__, whose, request))
    key = "search:" + hashlib.sha256(asked).hexdigest()[:32]
    kept = await ctx.cache.get(key)
    if kept is not None:
        return msgspec.json.decode(kept, type=reply)
    answer = await compute()
    await ctx.cache.set(key, msgspec.json.encode(answer).decode(), ctx.config.get(CACHE_FOR))
    return answer


async def listed(ctx: Context, skus: Iterable[str]) -> list[Entry]:
    """Give the entries of those products that may be sold, in the order asked for."""
    found = []
    for sku in skus:
        entry = await ctx.store.get(ENTRIES, sku)
        if entry is not None and entry.listed:
            found.append(entry)
    return found


def item(entry: Entry) -> Item:
    return Item(entry.sku, entry.title, entry.price, entry.category, entry.rating, entry.sold)


async def _find(ctx: Context, request: SearchProducts) -> Results:
    cheapest, dearest = _CHEAPEST_AND_DEAREST
    low = cheapest if request.price_from is None else request.price_from
    high = dearest if request.price_to is None else request.price_to
    by_relevance = request.sort == "relevance"
    hits = await ctx.search.query(
        request.text,
        where=dict([level_of(request.category)]) if request.category else None,
        between={"price": (low, high)},
        limit=_CLOSEST if by_relevance else _ALL,
    )
    scores = {hit.id: hit.score for hit in hits}
    entries = await listed(ctx, scores)
    if request.rating_from is not None:
        entries = [entry for entry in entries if entry.rating >= request.rating_from]
    if by_relevance:
        entries.sort(key=lambda entry: (-scores[entry.sku], -entry.sold, entry.sku))
    else:
        entries.sort(key=_ORDERS[request.sort])
    return Results(tuple(item(entry) for entry in entries[: request.limit]))


_ORDERS: dict[str, Callable[[Entry], tuple[int, str]]] = {
    "price": lambda entry: (entry.price.minor, entry.sku),
    "rating": lambda entry: (-weighted(entry.rating, entry.ratings), entry.sku),
    "popularity": lambda entry: (-entry.sold, entry.sku),
}


async def _complete(ctx: Context, request: Suggest) -> Suggestions:
    *_, prefix = request.prefix.casefold().split(" ")
    if not prefix:
        return Suggestions(())
    products: dict[str, int] = {}
    for word in await ctx.store.find(WORDS, letter=prefix[0]):
        if word.word.startswith(prefix):
            products[word.word] = products.get(word.word, 0) + 1
    return Suggestions(best(products, request.limit))
