from dataclasses import dataclass

from msa_lab.sdk import Instant, Table
from services.review.api import ReviewState
from services.review.domain import NO_STARS, Stars


@dataclass(frozen=True, slots=True)
class Purchase:
    """Somebody bought a product; `id` is user and SKU."""

    id: str
    user_id: str
    sku: str


@dataclass(frozen=True, slots=True)
class Review:
    id: str
    sku: str
    user_id: str
    stars: int
    title: str
    text: str
    state: ReviewState
    posted_at: Instant
    moderator: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Comment:
    id: str
    review_id: str
    user_id: str
    text: str
    state: ReviewState
    posted_at: Instant


@dataclass(frozen=True, slots=True)
class Rating:
    """The published ratings of a product; `version` counts its changes."""

    sku: str
    stars: Stars = NO_STARS
    version: int = 0


PURCHASES: Table[Purchase] = Table("purchases", Purchase)
REVIEWS: Table[Review] = Table("reviews", Review, indexes=("sku", "state"), unique=(("user_id", "sku"),))
COMMENTS: Table[Comment] = Table("comments", Comment, indexes=("review_id",))
RATINGS: Table[Rating] = Table("ratings", Rating, key="sku")


def purchase_id(user_id: str, sku: str) -> str:
    """Give the key under which a purchase is kept."""
    return f"{user_id}:{sku}"
