from msa_lab.sdk import (
    CallPolicy,
    Cost,
    Fixture,
    LogNormal,
    Observable,
    Retry,
    ServiceSpec,
    Uniform,
    ms,
    on,
    serve,
)
from services.product import handlers
from services.product.api import CATEGORIES, CREATE, GET, LIST, PAGE, UPDATE, ProductChanged, ProductListed
from services.product.store import CATEGORIES as CATEGORY_TABLE
from services.product.store import PRODUCTS
from services.review.api import ReviewRated

_READ = Cost(cpu=Uniform(ms(0.2), ms(0.6)))
_WRITE = Cost(cpu=LogNormal(ms(0.8), 0.3))

SPEC = ServiceSpec(
    name="product",
    purpose="Keeps the catalogue: products, categories, prices and what they are rated.",
    operations=(
        serve(CREATE, handlers.create, _WRITE),
        serve(UPDATE, handlers.update, _WRITE),
        serve(GET, handlers.get, _READ),
        serve(LIST, handlers.list_products, _READ),
        serve(CATEGORIES, handlers.list_categories, _READ),
        serve(PAGE, handlers.page, _READ),
    ),
    subscriptions=(on(ReviewRated, handlers.rate, _WRITE),),
    tables=(PRODUCTS, CATEGORY_TABLE),
    settings=(handlers.CACHE_FOR, handlers.LOW_AT),
    fixtures=(Fixture("products", handlers.GivenProducts, handlers.give_products),),
    observables=(
        Observable(
            "product.ratings", "sku", PRODUCTS, key=lambda product: product.sku,
            measure=lambda product: product.ratings,
            purpose="Ratings that the catalogue knows of; follows review.ratings.",
        ),
        Observable(
            "product.rating", "sku", PRODUCTS, key=lambda product: product.sku,
            measure=lambda product: product.rating,
            purpose="Average rating in hundredths of a star, as the catalogue shows it.",
        ),
    ),
    publishes=(ProductListed, ProductChanged),
    # One quick try: the page would rather show "unknown" than wait.
    depends_on={"inventory": CallPolicy(timeout=ms(300), retry=Retry(attempts=1))},
)  # fmt: skip
