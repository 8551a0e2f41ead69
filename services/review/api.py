from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from msa_lab.sdk import DomainError, Forbidden, Instant, NotFound, Operation, event

Stars = Annotated[int, Field(ge=1, le=5)]
Text = Annotated[str, Field(max_length=2000)]
ReviewState = Literal["PENDING", "PUBLISHED", "REJECTED"]


class NotPurchased(Forbidden):
    """Only those who bought the product may review it."""


class AlreadyReviewed(DomainError):
    """You have reviewed this product already."""


class NoSuchReview(NotFound):
    """There is no such review."""


class AlreadyModerated(DomainError):
    """Somebody has decided about this review already."""


class TooManyComments(DomainError):
    """You have commented on this review often enough."""


@dataclass(frozen=True, slots=True)
class PostReview:
    sku: Annotated[str, Field(min_length=1, max_length=40)]
    stars: Stars
    title: Annotated[str, Field(max_length=120)] = ""
    text: Text = ""


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A review that waits for a moderator is PENDING and counts for nothing until published."""

    review_id: str
    sku: str
    user_id: str
    stars: int
    title: str
    text: str
    state: ReviewState
    posted_at: Instant


@dataclass(frozen=True, slots=True)
class CommentReview:
    review_id: str
    text: Annotated[str, Field(min_length=1, max_length=1000)]


@dataclass(frozen=True, slots=True)
class CommentView:
    comment_id: str
    review_id: str
    user_id: str
    text: str
    state: ReviewState
    posted_at: Instant


@dataclass(frozen=True, slots=True)
class ReviewWithComments:
    review: ReviewView
    comments: tuple[CommentView, ...]


@dataclass(frozen=True, slots=True)
class ShowReviews:
    sku: Annotated[str, Field(min_length=1, max_length=40)]
    limit: Annotated[int, Field(ge=1, le=100)] = 20


@dataclass(frozen=True, slots=True)
class Reviews:
    """`average` is in hundredths of a star; `by_stars` counts the ratings of one to five stars."""

    average: int
    count: int
    by_stars: tuple[int, ...]
    items: tuple[ReviewWithComments, ...]


@dataclass(frozen=True, slots=True)
class ListPending:
    limit: Annotated[int, Field(ge=1, le=100)] = 20


@dataclass(frozen=True, slots=True)
class PendingReviews:
    items: tuple[ReviewView, ...]


@dataclass(frozen=True, slots=True)
class ModerateReview:
    review_id: str
    decision: Literal["publish", "reject"]
    reason: Annotated[str, Field(max_length=200)] = ""


@event("review.posted", key="sku")
@dataclass(frozen=True, slots=True)
class ReviewPosted:
    review_id: str
    sku: str
    user_id: str
    stars: int
    state: ReviewState


@event("review.rated", key="sku")
@dataclass(frozen=True, slots=True)
class ReviewRated:
    """The rating of a product as it is now: the average in hundredths of a star, and of how many ratings.

    `version` grows by one with each change, so that one arriving late can be told.
    """

    sku: str
    average: int
    count: int
    version: int


POST = Operation(
    "review.post", "POST", "/reviews", PostReview, ReviewView,
    errors=(NotPurchased, AlreadyReviewed), access="user", keyed=True, summary="Review a product I bought.",
)  # fmt: skip
COMMENT = Operation(
    "review.comment", "POST", "/reviews/{review_id}/comments", CommentReview, CommentView,
    errors=(NoSuchReview, TooManyComments), access="user", keyed=True, summary="Comment on a review.",
)  # fmt: skip
OF_PRODUCT = Operation(
    "review.of_product", "GET", "/products/{sku}/reviews", ShowReviews, Reviews,
    access="public", summary="Show a product's rating and published reviews.",
)  # fmt: skip
PENDING = Operation(
    "review.pending", "GET", "/reviews/pending", ListPending, PendingReviews,
    access="admin", summary="List the reviews that wait for a moderator.",
)  # fmt: skip
MODERATE = Operation(
    "review.moderate", "POST", "/reviews/{review_id}/decision", ModerateReview, ReviewView,
    errors=(NoSuchReview, AlreadyModerated), access="admin", keyed=True,
    summary="Publish or reject a review.",
)  # fmt: skip
