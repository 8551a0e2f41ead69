from msa_lab.sdk import Cost, LogNormal, Observable, ServiceSpec, Uniform, ms, on, serve
from services.order.api import OrderConfirmed
from services.review import handlers
from services.review.api import COMMENT, MODERATE, OF_PRODUCT, PENDING, POST, ReviewPosted, ReviewRated
from services.review.store import COMMENTS, PURCHASES, RATINGS, REVIEWS

_READ = Cost(cpu=Uniform(ms(0.2), ms(0.6)))
_WRITE = Cost(cpu=LogNormal(ms(0.8), 0.3))

SPEC = ServiceSpec(
    name="review",
    purpose="Keeps ratings and reviews of what people bought, and lets moderators decide.",
    operations=(
        serve(POST, handlers.post, _WRITE),
        serve(COMMENT, handlers.comment, _WRITE),
        serve(OF_PRODUCT, handlers.of_product, _READ),
        serve(PENDING, handlers.pending, _READ),
        serve(MODERATE, handlers.moderate, _WRITE),
    ),
    subscriptions=(on(OrderConfirmed, handlers.remember_purchase, _WRITE),),
    tables=(PURCHASES, REVIEWS, COMMENTS, RATINGS),
    settings=(handlers.WORDS, handlers.COMMENT_LIMIT),
    observables=(
        Observable(
            "review.published", "sku", REVIEWS, key=lambda review: review.sku,
            measure=lambda review: int(review.state == "PUBLISHED"),
            purpose="Published reviews.",
        ),
        Observable(
            "review.pending", "sku", REVIEWS, key=lambda review: review.sku,
            measure=lambda review: int(review.state == "PENDING"),
            purpose="Reviews that wait for a moderator.",
        ),
        Observable(
            "review.ratings", "sku", RATINGS, key=lambda rating: rating.sku,
            measure=lambda rating: sum(rating.stars),
            purpose="Ratings that count; equals review.published.",
        ),
    ),
    publishes=(ReviewPosted, ReviewRated),
)  # fmt: skip
