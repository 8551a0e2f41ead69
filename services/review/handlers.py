import dataclasses

from msa_lab.sdk import Context, Duplicate, Setting, Transaction
from services.order.api import OrderConfirmed
from services.review.api import (
    AlreadyModerated,
    AlreadyReviewed,
    CommentReview,
    CommentView,
    ListPending,
    ModerateReview,
    NoSuchReview,
    NotPurchased,
    PendingReviews,
    PostReview,
    ReviewPosted,
    ReviewRated,
    Reviews,
    ReviewView,
    ReviewWithComments,
    ShowReviews,
    TooManyComments,
)
from services.review.domain import NO_STARS, average, counted, decided, judged, word_list
from services.review.store import (
    COMMENTS,
    PURCHASES,
    RATINGS,
    REVIEWS,
    Comment,
    Purchase,
    Rating,
    Review,
    purchase_id,
)

WORDS = Setting(
    "review.words", "scam,fraud,fake,idiot,damn", "Words, with commas, that a moderator wants to see first."
)
COMMENT_LIMIT = Setting("review.comment_limit", 10, "Comments of one person on one review.")


async def post(ctx: Context, request: PostReview) -> ReviewView:
    user_id = ctx.caller.subject
    review = Review(
        id=ctx.ids.new("rev"),
        sku=request.sku,
        user_id=user_id,
        stars=request.stars,
        title=request.title,
        text=request.text,
        state=judged(f"{request.title}\n{request.text}", word_list(ctx.config.get(WORDS))),
        posted_at=ctx.clock.now(),
    )

    async def work(tx: Transaction) -> ReviewView:
        if await tx.get(PURCHASES, purchase_id(user_id, request.sku)) is None:
            raise NotPurchased(sku=request.sku)
        tx.insert(REVIEWS, review)
        tx.publish(ReviewPosted(review.id, review.sku, user_id, review.stars, review.state))
        if review.state == "PUBLISHED":
            await _rate(tx, review)
        return _view(review)

    try:
        return await ctx.store.transact(work)
    except Duplicate:
        raise AlreadyReviewed(sku=request.sku) from None


async def comment(ctx: Context, request: CommentReview) -> CommentView:
    """Comment on a published review. A comment that a moderator would have to see is rejected at once."""
    user_id = ctx.caller.subject
    verdict = judged(request.text, word_list(ctx.config.get(WORDS)))
    limit = ctx.config.get(COMMENT_LIMIT)
    entry = Comment(
        id=ctx.ids.new("com"),
        review_id=request.review_id,
        user_id=user_id,
        text=request.text,
        state="PUBLISHED" if verdict == "PUBLISHED" else "REJECTED",
        posted_at=ctx.clock.now(),
    )

    async def work(tx: Transaction) -> CommentView:
        review = await tx.get(REVIEWS, request.review_id)
        if review is None or review.state != "PUBLISHED":
            raise NoSuchReview
        if len(await tx.find(COMMENTS, review_id=review.id, user_id=user_id)) >= limit:
            raise TooManyComments(limit=limit)
        tx.insert(COMMENTS, entry)
        return _comment_view(entry)

    return await ctx.store.transact(work)


async def of_product(ctx: Context, request: ShowReviews) -> Reviews:
    rating = await ctx.store.get(RATINGS, request.sku)
    stars = NO_STARS if rating is None else rating.stars
    published = sorted(
        await ctx.store.find(REVIEWS, sku=request.sku, state="PUBLISHED"),
        key=lambda review: (-review.posted_at, review.id),
    )
    items = []
    for review in published[: request.limit]:
        comments = await ctx.store.find(COMMENTS, review_id=review.id, state="PUBLISHED")
        ordered = sorted(comments, key=lambda entry: (entry.posted_at, entry.id))
        items.append(ReviewWithComments(_view(review), tuple(_comment_view(entry) for entry in ordered)))
    return Reviews(average(stars), sum(stars), stars, tuple(items))


async def pending(ctx: Context, request: ListPending) -> PendingReviews:
    waiting = await ctx.store.find(REVIEWS, state="PENDING")
    oldest_first = sorted(waiting, key=lambda review: (review.posted_at, review.id))
    return PendingReviews(tuple(_view(review) for review in oldest_first[: request.limit]))


async def moderate(ctx: Context, request: ModerateReview) -> ReviewView:
    """Decide about a pending review; to decide the same again changes nothing."""
    moderator = ctx.caller.subject

    async def work(tx: Transaction) -> ReviewView:
        review = await tx.get(REVIEWS, request.review_id)
        if review is None:
            raise NoSuchReview
        state = decided(request.decision)
        if review.state != "PENDING":
            if review.state == state and review.moderator == moderator:
                return _view(review)
            raise AlreadyModerated(state=review.state)
        after = dataclasses.replace(review, state=state, moderator=moderator, reason=request.reason)
        tx.put(REVIEWS, after)
        if state == "PUBLISHED":
            await _rate(tx, after)
        return _view(after)

    return await ctx.store.transact(work)


async def remember_purchase(ctx: Context, event: OrderConfirmed) -> None:
    user_id = event.order.user_id

    async def work(tx: Transaction) -> None:
        for line in event.order.lines:
            bought = Purchase(purchase_id(user_id, line.sku), user_id, line.sku)
            if await tx.get(PURCHASES, bought.id) is None:
                tx.put(PURCHASES, bought)

    await ctx.store.transact(work)


async def _rate(tx: Transaction, review: Review) -> None:
    """Count a review's stars and tell the new rating."""
    before = await tx.get(RATINGS, review.sku) or Rating(review.sku)
    after = Rating(review.sku, counted(before.stars, review.stars), before.version + 1)
    tx.put(RATINGS, after)
    tx.publish(ReviewRated(after.sku, average(after.stars), sum(after.stars), after.version))


def _view(review: Review) -> ReviewView:
    return ReviewView(
        review_id=review.id,
        sku=review.sku,
        user_id=review.user_id,
        stars=review.stars,
        title=review.title,
        text=review.text,
        state=review.state,
        posted_at=review.posted_at,
    )


def _comment_view(entry: Comment) -> CommentView:
    return CommentView(
        comment_id=entry.id,
        review_id=entry.review_id,
        user_id=entry.user_id,
        text=entry.text,
        state=entry.state,
        posted_at=entry.posted_at,
    )
