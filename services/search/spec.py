from msa_lab.sdk import Cost, Job, LogNormal, Observable, ServiceSpec, Uniform, ms, on, serve
from services.order.api import OrderConfirmed
from services.product.api import ProductChanged, ProductListed
from services.review.api import ReviewRated
from services.search import handlers
from services.search.api import QUERY, RECOMMEND, SUGGEST
from services.search.store import ENTRIES, PAIRS, SALES, TASTES, WORDS

_READ = Cost(cpu=LogNormal(ms(1.2), 0.4))
_LIGHT = Cost(cpu=Uniform(ms(0.2), ms(0.6)))
_WRITE = Cost(cpu=LogNormal(ms(0.6), 0.3))

SPEC = ServiceSpec(
    name="search",
    purpose="Finds products, completes words, recommends. Keeps only what events told it.",
    operations=(
        serve(QUERY, handlers.query, _READ),
        serve(SUGGEST, handlers.suggest, _LIGHT),
        serve(RECOMMEND, handlers.recommend, _READ),
    ),
    subscriptions=(
        on(ProductListed, handlers.follow_listing, _WRITE),
        on(ProductChanged, handlers.follow_change, _WRITE),
        on(ReviewRated, handlers.follow_rating, _WRITE),
        on(OrderConfirmed, handlers.note_sale, _WRITE),
    ),
    jobs=(Job("fold-sales", handlers.POPULARITY_EVERY, handlers.fold_sales),),
    tables=(ENTRIES, WORDS, SALES, PAIRS, TASTES),
    settings=(handlers.CACHE_FOR,),
    observables=(
        Observable(
            "search.listed", "sku", ENTRIES, key=lambda entry: entry.sku,
            measure=lambda entry: int(entry.listed),
            purpose="1 for a product that can be found.",
        ),
        Observable(
            "search.sold", "sku", ENTRIES, key=lambda entry: entry.sku, measure=lambda entry: entry.sold,
            purpose="Pieces sold, as the read model knows; follows inventory.sold.",
        ),
        Observable(
            "search.ratings", "sku", ENTRIES, key=lambda entry: entry.sku,
            measure=lambda entry: entry.ratings,
            purpose="Ratings, as the read model knows; follows review.ratings.",
        ),
        Observable(
            "search.uncounted", "order", SALES, key=lambda sale: sale.id, measure=lambda _sale: 1,
            purpose="1 for a confirmed order that popularity does not count yet.",
        ),
    ),
)  # fmt: skip
