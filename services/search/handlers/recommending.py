from collections.abc import Sequence

from msa_lab.sdk import Context
from services.search.api import Recommend, Recommendations, Recommended
from services.search.domain import best, lies_in
from services.search.handlers.finding import answered, item, listed
from services.search.store import ENTRIES, PAIRS, TASTES, Entry


async def recommend(ctx: Context, request: Recommend) -> Recommendations:
    whose = ctx.caller.subject
    return await answered(ctx, request, Recommendations, lambda: _recommend(ctx, request, whose), whose)


async def _recommend(ctx: Context, request: Recommend, user_id: str) -> Recommendations:
    """Take what others bought with it; fill up with what sells well in its category, then with what sells."""
    category = request.category.strip().lower()
    if request.sku and not category:
        about: Entry | None = await ctx.store.get(ENTRIES, request.sku)
        category = about.category if about is not None else ""
    chosen: dict[str, Recommended] = {}
    own: tuple[str, ...] = ()
    if request.sku:
        own = (request.sku,)
        for entry in await _companions(ctx, own, request.limit):
            chosen[entry.sku] = Recommended(item(entry), "bought together")
    elif user_id and not category:
        taste = await ctx.store.get(TASTES, user_id)
        own = taste.skus if taste is not None else ()
        for entry in await _companions(ctx, own, request.limit):
            chosen[entry.sku] = Recommended(item(entry), "for you")
    if category and len(chosen) < request.limit:
        root = category.partition("/")[0]
        shelf = [
            entry for entry in await ctx.store.find(ENTRIES, root=root) if lies_in(entry.category, category)
        ]
        for entry in _bestsellers(shelf, request.limit, own):
            chosen.setdefault(entry.sku, Recommended(item(entry), "popular in category"))
    if len(chosen) < request.limit:
        for entry in _bestsellers(await ctx.store.find(ENTRIES, listed=True), 2 * request.limit, own):
            chosen.setdefault(entry.sku, Recommended(item(entry), "popular"))
    return Recommendations(tuple(chosen.values())[: request.limit])


async def _companions(ctx: Context, skus: Sequence[str], limit: int) -> list[Entry]:
    orders: dict[str, int] = {}
    for sku in skus:
        for pair in await ctx.store.find(PAIRS, sku=sku):
            orders[pair.other] = orders.get(pair.other, 0) + pair.orders
    return (await listed(ctx, best(orders, 2 * limit, without=skus)))[:limit]


def _bestsellers(entries: Sequence[Entry], limit: int, without: Sequence[str]) -> list[Entry]:
    ranked = sorted(entries, key=lambda entry: (-entry.sold, entry.sku))
    return [entry for entry in ranked if entry.listed and entry.sku not in without][:limit]
