import pytest

from msa_lab.sdk import Caller, Instant, Money
from msa_lab.sdk.testing import FakeContext, run
from services.order.api import OrderConfirmed, OrderLine, OrderSnapshot
from services.review import handlers
from services.review.api import (
    AlreadyModerated,
    AlreadyReviewed,
    CommentReview,
    ListPending,
    ModerateReview,
    NoSuchReview,
    NotPurchased,
    PostReview,
    ReviewPosted,
    ReviewRated,
    ShowReviews,
    TooManyComments,
)
from services.review.spec import SPEC
from services.review.store import PURCHASES, REVIEWS


def confirmed(user_id: str, *skus: str) -> OrderConfirmed:
    lines = tuple(OrderLine(sku, sku.title(), 1, Money(2490)) for sku in skus)
    zero = Money(0)
    return OrderConfirmed(OrderSnapshot("ord-1", user_id, lines, None, "tok_ok", "BE", zero, zero, zero))


def shop(*buyers: str) -> FakeContext:
    ctx = FakeContext(SPEC, subject=buyers[0] if buyers else "alice")
    for buyer in buyers:
        run(handlers.remember_purchase(ctx, confirmed(buyer, "KETTLE")))
    return ctx


def as_user(ctx: FakeContext, user_id: str) -> None:
    ctx.caller = Caller("gateway", user_id, ("user",))


def test_who_bought_may_review_and_the_rating_follows() -> None:
    ctx = shop("alice")
    view = run(handlers.post(ctx, PostReview("KETTLE", 4, "Good", "Boils fast.")))
    assert (view.state, view.user_id, view.stars) == ("PUBLISHED", "alice", 4)
    assert ctx.published == [
        ReviewPosted("rev-1", "KETTLE", "alice", 4, "PUBLISHED"),
        ReviewRated("KETTLE", average=400, count=1, version=1),
    ]


def test_who_did_not_buy_may_not_review() -> None:
    ctx = shop("alice")
    as_user(ctx, "bob")
    with pytest.raises(NotPurchased):
        run(handlers.post(ctx, PostReview("KETTLE", 1)))
    assert (ctx.store.all(REVIEWS), ctx.published) == ([], [])


def test_a_product_is_reviewed_once_by_each() -> None:
    ctx = shop("alice")
    run(handlers.post(ctx, PostReview("KETTLE", 4)))
    with pytest.raises(AlreadyReviewed):
        run(handlers.post(ctx, PostReview("KETTLE", 5)))
    assert run(handlers.of_product(ctx, ShowReviews("KETTLE"))).by_stars == (0, 0, 0, 1, 0)


def test_the_rating_is_the_average_of_all_buyers() -> None:
    ctx = shop("alice", "bob", "carol")
    for user_id, stars in (("alice", 5), ("bob", 5), ("carol", 1)):
        as_user(ctx, user_id)
        run(handlers.post(ctx, PostReview("KETTLE", stars)))
    shown = run(handlers.of_product(ctx, ShowReviews("KETTLE")))
    assert (shown.average, shown.count, shown.by_stars) == (367, 3, (1, 0, 0, 0, 2))
    assert ctx.published[-1] == ReviewRated("KETTLE", 367, 3, version=3)


def test_a_purchase_heard_of_twice_is_one_purchase() -> None:
    ctx = shop("alice", "alice")
    assert [purchase.id for purchase in ctx.store.all(PURCHASES)] == ["alice:KETTLE"]


def test_a_doubtful_review_waits_and_counts_for_nothing() -> None:
    ctx = shop("alice")
    view = run(handlers.post(ctx, PostReview("KETTLE", 1, text="A scam!")))
    assert view.state == "PENDING"
    assert ctx.published == [ReviewPosted("rev-1", "KETTLE", "alice", 1, "PENDING")]
    shown = run(handlers.of_product(ctx, ShowReviews("KETTLE")))
    assert (shown.count, shown.items) == (0, ())
    assert run(handlers.pending(ctx, ListPending())).items == (view,)


def test_the_moderator_decides_once_and_then_it_counts() -> None:
    ctx = shop("alice")
    run(handlers.post(ctx, PostReview("KETTLE", 1, text="A scam!")))
    as_user(ctx, "root")
    decision = ModerateReview("rev-1", "publish")
    assert run(handlers.moderate(ctx, decision)).state == "PUBLISHED"
    assert run(handlers.moderate(ctx, decision)).state == "PUBLISHED"
    assert [event for event in ctx.published if isinstance(event, ReviewRated)] == [
        ReviewRated("KETTLE", 100, 1, version=1)
    ]
    with pytest.raises(AlreadyModerated):
        run(handlers.moderate(ctx, ModerateReview("rev-1", "reject")))
    as_user(ctx, "other-root")
    with pytest.raises(AlreadyModerated):
        run(handlers.moderate(ctx, decision))


def test_a_rejected_review_never_shows() -> None:
    ctx = shop("alice")
    run(handlers.post(ctx, PostReview("KETTLE", 1, text="A scam!")))
    run(handlers.moderate(ctx, ModerateReview("rev-1", "reject", "insult")))
    assert run(handlers.of_product(ctx, ShowReviews("KETTLE"))).items == ()
    assert run(handlers.pending(ctx, ListPending())).items == ()


def test_what_does_not_exist_cannot_be_moderated() -> None:
    with pytest.raises(NoSuchReview):
        run(handlers.moderate(shop(), ModerateReview("rev-9", "publish")))


def test_reviews_show_newest_first_with_their_comments_oldest_first() -> None:
    ctx = shop("alice", "bob")
    run(handlers.post(ctx, PostReview("KETTLE", 4)))
    ctx.clock.instant = Instant(5)
    as_user(ctx, "bob")
    run(handlers.post(ctx, PostReview("KETTLE", 2)))
    run(handlers.comment(ctx, CommentReview("rev-1", "Agreed.")))
    ctx.clock.instant = Instant(6)
    run(handlers.comment(ctx, CommentReview("rev-1", "Still agreed.")))
    shown = run(handlers.of_product(ctx, ShowReviews("KETTLE")))
    assert [entry.review.review_id for entry in shown.items] == ["rev-2", "rev-1"]
    assert [comment.text for comment in shown.items[1].comments] == ["Agreed.", "Still agreed."]
    assert [
        entry.review.review_id for entry in run(handlers.of_product(ctx, ShowReviews("KETTLE", 1))).items
    ] == ["rev-2"]


def test_a_doubtful_comment_is_rejected_at_once() -> None:
    ctx = shop("alice")
    run(handlers.post(ctx, PostReview("KETTLE", 4)))
    assert run(handlers.comment(ctx, CommentReview("rev-1", "see www.example.org"))).state == "REJECTED"
    assert run(handlers.of_product(ctx, ShowReviews("KETTLE"))).items[0].comments == ()


def test_only_published_reviews_are_commented_and_not_without_end() -> None:
    ctx = shop("alice")
    ctx.config.values["review.comment_limit"] = 1
    run(handlers.post(ctx, PostReview("KETTLE", 1, text="A scam!")))
    with pytest.raises(NoSuchReview):
        run(handlers.comment(ctx, CommentReview("rev-1", "No!")))
    run(handlers.moderate(ctx, ModerateReview("rev-1", "publish")))
    run(handlers.comment(ctx, CommentReview("rev-1", "No!")))
    with pytest.raises(TooManyComments):
        run(handlers.comment(ctx, CommentReview("rev-1", "No, again!")))
